from fastapi import APIRouter

router = APIRouter()


@router.get("/{year:int}")
async def reviews(year: int):
    return {"year": year}


@router.post("/{year:int}/close")
async def close(year: int):
    return {"year": year, "closed": True}
