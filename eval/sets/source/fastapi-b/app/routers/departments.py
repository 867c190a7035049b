from fastapi import APIRouter

from app.core.deps import Db

router = APIRouter()


@router.get("/")
async def departments(db: Db):
    return []


@router.get("/{slug}/members")
async def members(slug: str, db: Db):
    return []


@router.put("/{slug}")
async def save(slug: str, body: dict):
    return body
