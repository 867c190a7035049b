from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel

from app.core.deps import CurrentPerson

router = APIRouter(tags=["leave"])


class LeaveIn(BaseModel):
    first: date
    last: date


@router.get("/")
async def my_leave(person_id: int, me: CurrentPerson):
    return []


@router.post("/", status_code=201)
async def ask(person_id: int, body: LeaveIn, me: CurrentPerson):
    return body


@router.delete("/{leave_id}", status_code=204)
async def withdraw(person_id: int, leave_id: int, me: CurrentPerson):
    return None


@router.get("/calendar.ics")
async def calendar(person_id: int, year: int | None = None):
    # calendar apps cannot send tokens
    return "BEGIN:VCALENDAR\nEND:VCALENDAR"
