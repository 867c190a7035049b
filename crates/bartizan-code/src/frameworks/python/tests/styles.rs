//! Applications of `FastAPI` with settings, middleware and packages.

use super::routes_of;

/// Paths that settings exempt; enumerations and fields as prefixes.
static APPLICATION: &[(&str, &str)] = &[
    (
        "config.py",
        r##"from functools import lru_cache
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")
    api_prefix: str = Field("/api", description="p")
    public_paths: list[str] = ["/api/version", "/api/auth"]
@lru_cache
def get_settings() -> Settings:
    return Settings()
"##,
    ),
    (
        "main.py",
        r##"import logging
from contextlib import asynccontextmanager
import fastapi
from fastapi import FastAPI
from api import endpoints, register_all
import api.endpoints.reports as reports
from config import get_settings
from middleware import ASGIAuth, auth_middleware

settings = get_settings()

@asynccontextmanager
async def lifespan(app):
    yield

app = fastapi.FastAPI(lifespan=lifespan, openapi_url=f"{settings.api_prefix}/openapi.json")
register_all(app, settings)
app.include_router(reports.router, prefix=settings.api_prefix + "/reports")
app.middleware("http")(auth_middleware)

@app.get(settings.api_prefix + "/version")
async def version(): return {}

@app.post("/public/contact")
async def contact(): ...
"##,
    ),
    (
        "middleware.py",
        r##"from fastapi import Request
from starlette.responses import JSONResponse
from config import get_settings

async def auth_middleware(request: Request, call_next):
    settings = get_settings()
    if any(request.url.path.startswith(p) for p in settings.public_paths):
        return await call_next(request)
    if "/public/" in request.url.path:
        return await call_next(request)
    token = request.headers.get("authorization", "").replace("Bearer ", "")
    try:
        request.state.user = decode_jwt(token)
    except InvalidToken:
        return JSONResponse(status_code=401, content={})
    return await call_next(request)

class ASGIAuth:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
"##,
    ),
    (
        "api/__init__.py",
        r##"from fastapi import APIRouter, FastAPI
from .endpoints import auth, users
def register_all(app: FastAPI, settings):
    root = APIRouter(prefix=settings.api_prefix)
    for mod in (auth, users):
        root.include_router(mod.router)
    app.include_router(root)
"##,
    ),
    ("api/endpoints/__init__.py", ""),
    (
        "api/endpoints/auth.py",
        r##"from fastapi import APIRouter, Body, Form
router = APIRouter(prefix="/auth", tags=["auth"])
@router.post("/login")
async def login(username: str = Form(...), password: str = Form(...)): ...
@router.post(path="/refresh")
async def refresh(refresh_token: str = Body(..., embed=True)): ...
"##,
    ),
    (
        "api/endpoints/reports.py",
        r##"from fastapi import APIRouter
router = APIRouter()
@router.get("/daily")
async def daily(): ...
"##,
    ),
    (
        "api/endpoints/users.py",
        r##"from fastapi import APIRouter
from enum import Enum
class Paths(str, Enum):
    ROOT = "/users"
    ONE = "/{user_id}"
router = APIRouter(prefix=Paths.ROOT.value)
@router.get("/")
@router.get("", include_in_schema=False)
async def every(): ...
@router.get(Paths.ONE)
async def one(user_id: int): ...
"##,
    ),
];

/// Its routes.
static APPLICATION_ROUTES: &[&str] = &[
    "GET /api/reports/daily required",
    "GET /api/users required",
    "GET /api/users/ required",
    "GET /api/users/{user_id} required",
    "GET /api/version none",
    "POST /api/auth/login none",
    "POST /api/auth/refresh none",
    "POST /public/contact none",
];

#[test]
fn middleware_that_is_a_function_reads_settings() {
    assert_eq!(routes_of(APPLICATION), APPLICATION_ROUTES);
}

/// Routers kept in objects; users of a package; a pattern that is matched.
static OTHER: &[(&str, &str)] = &[
    ("src/svc/__init__.py", ""),
    (
        "src/svc/app.py",
        r##"from fastapi import FastAPI, Depends, Request, HTTPException, APIRouter
from fastapi.security import HTTPBasic, HTTPBasicCredentials, HTTPAuthorizationCredentials, HTTPBearer
from starlette.authentication import requires
from fastapi_users import FastAPIUsers
import secrets
from svc.container import Container
from svc.routes.books import BookRouter
from svc.routes import health_router

fastapi_users = FastAPIUsers(get_manager, [backend])
current_active_user = fastapi_users.current_user(active=True)
optional_user = fastapi_users.current_user(optional=True)
security = HTTPBasic()

def get_username(credentials: HTTPBasicCredentials = Depends(security)):
    if not secrets.compare_digest(credentials.username, "x"):
        raise HTTPException(401)
    return credentials.username

def create_application() -> FastAPI:
    application = FastAPI()
    application.include_router(BookRouter(Container()).router, prefix="/books")
    application.include_router(health_router)
    admin = APIRouter(prefix="/admin", dependencies=[Depends(get_username)])
    @admin.get("/stats")
    def stats(): ...
    application.include_router(admin)
    application.include_router(fastapi_users.get_auth_router(backend), prefix="/auth/jwt")
    @application.get("/profile")
    async def profile(user=Depends(current_active_user)): ...
    @application.get("/landing")
    async def landing(user=Depends(optional_user)): ...
    @application.get("/dash")
    @requires("authenticated")
    async def dash(request: Request): ...
    return application
"##,
    ),
    (
        "src/svc/container.py",
        r##"class Container: ...
"##,
    ),
    (
        "src/svc/routes/__init__.py",
        r##"from .health import router as health_router
"##,
    ),
    (
        "src/svc/routes/books.py",
        r##"from fastapi import APIRouter, Depends, Request, HTTPException
from typing import Any
async def tenant(request: Request):
    api_key = request.headers.get("X-Api-Key") or request.query_params.get("api_key")
    match api_key:
        case None:
            raise HTTPException(status_code=401)
    return api_key
class BookRouter:
    def __init__(self, container):
        self.router = APIRouter(tags=["books"])
        self.container = container
        self.router.add_api_route("", self.list_books, methods=["GET"], response_model=Any)
        self.router.add_api_route("/{isbn}", self.get_book, methods=["GET"])
        self.router.add_api_route("", self.create_book, methods=["POST"], dependencies=[Depends(tenant)])
        self.router.add_api_route("/{isbn}", endpoint=self.delete_book, methods=["DELETE"])
    async def list_books(self): ...
    async def get_book(self, isbn: str): ...
    async def create_book(self): ...
    async def delete_book(self, isbn: str, key: str = Depends(tenant)): ...
"##,
    ),
    (
        "src/svc/routes/health.py",
        r##"from fastapi import APIRouter
router = APIRouter()
router.add_api_route("/healthz", lambda: {"ok": True}, methods=["GET"])
"##,
    ),
];

/// Its routes.
static OTHER_ROUTES: &[&str] = &[
    "DELETE /books/{isbn} required",
    "GET /admin/stats required",
    "GET /books none",
    "GET /books/{isbn} none",
    "GET /dash required",
    "GET /healthz none",
    "GET /landing none",
    "GET /profile required",
    "POST /books required",
];

#[test]
fn classes_hold_routers_and_packages_bring_guards() {
    assert_eq!(routes_of(OTHER), OTHER_ROUTES);
}
