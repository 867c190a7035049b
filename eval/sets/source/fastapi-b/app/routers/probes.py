from fastapi import APIRouter

router = APIRouter(include_in_schema=False)


@router.get("/livez")
async def livez():
    return "ok"


@router.get("/readyz")
async def readyz():
    return "ok"
