from typing import Annotated

import jwt
from fastapi import APIRouter, Depends
from fastapi.security import OAuth2PasswordRequestForm

from app.core.deps import CurrentPerson
from app.core.settings import settings

router = APIRouter()


@router.post("/login")
async def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    token = jwt.encode({"id": 1, "email": form.username}, settings.jwt_key, algorithm="HS256")
    return {"access_token": token, "token_type": "bearer"}


@router.post("/password/forgot", status_code=202)
async def forgot(email: str):
    return {"sent": True}


@router.get("/me")
async def me(person: CurrentPerson):
    return person
