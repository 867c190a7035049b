"""Open positions, shown on the public site."""
from uuid import UUID

from fastapi import APIRouter, Depends, UploadFile

from app.core.deps import Db, NeedsScope

router = APIRouter()


@router.get("/")
async def openings(db: Db):
    return []


@router.get("/{opening_id}")
async def opening(opening_id: UUID, db: Db):
    return {"id": opening_id}


@router.post("/{opening_id}/applications", status_code=201)
async def apply(opening_id: UUID, cv: UploadFile):
    return {"name": cv.filename}


@router.get("/{opening_id}/applications", dependencies=[Depends(NeedsScope("recruiting"))])
async def applications(opening_id: UUID):
    return []
