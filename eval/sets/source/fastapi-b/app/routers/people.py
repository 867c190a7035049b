from fastapi import APIRouter, Depends

from app.core.deps import CurrentPerson, Db, NeedsScope, get_current_person

router = APIRouter(prefix="/people", tags=["people"], dependencies=[Depends(get_current_person)])


@router.get("")
async def list_people(db: Db, q: str | None = None):
    return []


@router.get("/{person_id}")
async def get_person(person_id: int, db: Db):
    return {"id": person_id}


@router.patch("/{person_id}")
async def change_person(person_id: int, body: dict, me: CurrentPerson):
    return {"id": person_id, "by": me.id, **body}


@router.get("/{person_id}/salary", dependencies=[Depends(NeedsScope("payroll"))])
async def salary(person_id: int):
    return {"id": person_id, "amount": 0}
