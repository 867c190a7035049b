from fastapi import APIRouter

from .contracts import router as contracts
from .reviews import router as reviews

router = APIRouter()
router.include_router(contracts, prefix="/contracts")
router.include_router(reviews, prefix="/reviews")
