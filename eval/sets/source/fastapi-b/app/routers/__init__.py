from fastapi import APIRouter, Depends

from app.core.deps import NeedsScope, get_current_person

from . import careers, departments, leave, login, people, staff

api_router = APIRouter()
api_router.include_router(login.router, tags=["login"])
api_router.include_router(careers.router, prefix="/careers", tags=["careers"])
api_router.include_router(people.router)
api_router.include_router(
    departments.router,
    prefix="/departments",
    tags=["departments"],
    dependencies=[Depends(get_current_person)],
)
api_router.include_router(leave.router, prefix="/people/{person_id}/leave")
api_router.include_router(staff.router, prefix="/staff", dependencies=[Depends(NeedsScope("hr"))])
