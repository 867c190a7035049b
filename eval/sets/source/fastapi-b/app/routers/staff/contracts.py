from fastapi import APIRouter

router = APIRouter()


@router.get("")
async def contracts():
    return []


@router.post("", status_code=201)
async def sign(body: dict):
    return body


@router.get("/{contract_no}")
async def contract(contract_no: str):
    return {"no": contract_no}
