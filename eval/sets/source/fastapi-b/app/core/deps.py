from typing import Annotated

import jwt
from fastapi import Depends, HTTPException, Request, status
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel

from app.core.settings import settings

oauth2 = OAuth2PasswordBearer(tokenUrl="/api/v1/login")


class Person(BaseModel):
    id: int
    email: str
    scopes: list[str] = []


def get_current_person(token: Annotated[str, Depends(oauth2)]) -> Person:
    try:
        claims = jwt.decode(token, settings.jwt_key, algorithms=["HS256"])
    except jwt.PyJWTError as exc:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "invalid token") from exc
    return Person(**claims)


CurrentPerson = Annotated[Person, Depends(get_current_person)]


class NeedsScope:
    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes

    def __call__(self, person: CurrentPerson) -> Person:
        if not set(self.scopes) <= set(person.scopes):
            raise HTTPException(status.HTTP_403_FORBIDDEN, "missing scope")
        return person


async def get_db(request: Request):
    async with request.app.state.sessions() as session:
        yield session


Db = Annotated[object, Depends(get_db)]
