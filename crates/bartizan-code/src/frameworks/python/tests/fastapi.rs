//! An application of `FastAPI` with guards of all kinds.

use super::routes_of;

/// Routers in loops, made by functions and in classes; aliases, factories and objects as guards.
static APPLICATION: &[(&str, &str)] = &[
    ("app/__init__.py", ""),
    (
        "app/main.py",
        r##"import uvicorn
from fastapi import FastAPI, Request, Depends
from fastapi.middleware.cors import CORSMiddleware
from .routers import api
from .core.auth import verify_api_key

class Application:
    def __init__(self, debug=False):
        self.app = FastAPI(debug=debug)
        self._setup()

    def _setup(self):
        self.app.add_middleware(CORSMiddleware, allow_origins=["*"])
        self.app.include_router(api)
        self.app.get("/health")(self.health)
        internal = FastAPI(dependencies=[Depends(verify_api_key)])

        @internal.get("/metrics")
        def metrics(): ...
        self.app.mount("/internal", internal)

        @self.app.exception_handler(Exception)
        async def oops(request: Request, exc): ...

    async def health(self): ...

app = Application().app
if __name__ == "__main__":
    uvicorn.run(app)
"##,
    ),
    ("app/core/__init__.py", ""),
    (
        "app/core/auth.py",
        r##"from __future__ import annotations
from typing import Annotated, Optional
from fastapi import Depends, Request, Cookie, Security, status, Header
from fastapi.exceptions import HTTPException
from fastapi.security import OAuth2PasswordBearer, SecurityScopes, APIKeyHeader

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="auth/token", scopes={"me": "x"})
optional_oauth2 = OAuth2PasswordBearer(tokenUrl="auth/token", auto_error=False)
api_key_header = APIKeyHeader(name="X-API-Key", auto_error=False)

class AuthService:
    async def verify(self, token): 
        return await self.repo.find(token)

def get_auth_service() -> AuthService:
    return AuthService()

async def get_session_user(request: Request, sid: Optional[str] = Cookie(default=None)):
    if sid is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)
    return await load(sid)

async def get_current_user(scopes: SecurityScopes, token: Annotated[str, Depends(oauth2_scheme)], svc: AuthService = Depends(get_auth_service)):
    return await svc.verify(token)

async def get_user_or_none(token: Annotated[Optional[str], Depends(optional_oauth2)], svc: AuthService = Depends(get_auth_service)):
    if token:
        try:
            user = await svc.verify(token)
        except Exception:
            raise HTTPException(status_code=401)
        return user
    return None

def verify_api_key(key: str = Security(api_key_header)):
    if key not in settings.keys:
        raise HTTPException(403, "bad")
    return key

CurrentUser = Annotated["User", Depends(get_current_user)]
MaybeUser = Annotated[Optional["User"], Depends(get_user_or_none)]
SessionUser = Annotated[dict, Depends(get_session_user)]
PROTECTED = [Depends(verify_api_key)]

def require_roles(*roles):
    async def dep(user: CurrentUser):
        if user.role not in roles:
            raise HTTPException(status_code=403)
        return user
    return dep

RequireAdmin = Depends(require_roles("admin"))

class PermissionChecker:
    def __init__(self, *perms): self.perms = perms
    async def __call__(self, user: CurrentUser):
        return user

async def member_only(request: Request):
    user = getattr(request.state, "user", None)
    if user is None:
        raise NotSignedIn()

class NotSignedIn(Exception):
    status_code = 401
"##,
    ),
    (
        "app/routers/__init__.py",
        r##"from fastapi import APIRouter
from .users import router as users_router
from .orders import build_router
from . import items as items_module
from .misc import *

api = APIRouter(prefix="/api")
v1 = APIRouter()
routers = [(users_router, "/users"), (build_router("svc"), "/orders")]
for r, p in routers:
    v1.include_router(router=r, prefix=p)
v1.include_router(items_module.items, prefix="/items", tags=["x"])
api.include_router(v1, prefix="/v1")
api.include_router(misc)
__all__ = ["api"]
"##,
    ),
    (
        "app/routers/items.py",
        r##"from fastapi import APIRouter, Request
from functools import wraps
from fastapi import HTTPException
items = APIRouter()

def with_login(fn):
    @wraps(fn)
    async def wrapper(request: Request, *args, **kwargs):
        if not request.session.get("user"):
            raise HTTPException(status_code=401)
        return await fn(request, *args, **kwargs)
    return wrapper

@items.get("/{item_id}")
@with_login
async def get_item(request: Request, item_id: int): ...

@items.head("/{item_id}")
async def head_item(item_id: int): ...

class ItemViews:
    @staticmethod
    @items.get("/static/list")
    def lst(): ...
"##,
    ),
    (
        "app/routers/misc.py",
        r##"from fastapi import APIRouter
misc = APIRouter(tags=["misc"])
@misc.get("/ping", include_in_schema=False)
def ping(): ...
"##,
    ),
    (
        "app/routers/orders.py",
        r##"from fastapi import APIRouter, Depends, WebSocket
from app.core.auth import require_roles

def build_router(service) -> APIRouter:
    router = APIRouter(dependencies=[Depends(require_roles("user"))])

    @router.get("/")
    def list_orders(): ...

    @router.websocket("/ws")
    async def ws(websocket: WebSocket): ...

    @router.post("/{order_id}/pay")
    def pay(order_id: str): ...
    return router
"##,
    ),
    (
        "app/routers/users.py",
        r##"from fastapi import APIRouter, Security, Response, Query
from app.core.auth import CurrentUser, MaybeUser, SessionUser, RequireAdmin, get_current_user, PROTECTED, PermissionChecker, require_roles
from app.core import auth
router = APIRouter(responses={404: {}})

@router.get("/me", response_model=dict)
async def me(user: CurrentUser): ...

@router.get("/feed")
async def feed(user: MaybeUser, q: str | None = Query(None)): ...

@router.get("/s")
async def s(user: SessionUser): ...

@router.post("", status_code=201)
async def create(response: Response): ...

@router.delete("/{user_id}", dependencies=[RequireAdmin])
async def delete(user_id: int): ...

@router.get("/scoped")
async def scoped(u = Security(get_current_user, scopes=["me"])): ...

@router.patch("/{user_id}", dependencies=PROTECTED)
async def patch(user_id: int): ...

@router.put("/{user_id}", dependencies=[*PROTECTED, Depends(auth.require_roles("a"))])
async def put(user_id: int): ...

@router.get("/perm", dependencies=[Depends(PermissionChecker("x"))])
async def perm(): ...

@router.get("/member", dependencies=[Depends(auth.member_only)])
async def member(): ...
from fastapi import Depends
"##,
    ),
];

/// Its routes.
static APPLICATION_ROUTES: &[&str] = &[
    "DELETE /api/v1/users/{user_id} required",
    "GET /api/ping none",
    "GET /api/v1/items/static/list none",
    "GET /api/v1/items/{item_id} required",
    "GET /api/v1/orders/ required",
    "GET /api/v1/orders/ws required",
    "GET /api/v1/users/feed none",
    "GET /api/v1/users/me required",
    "GET /api/v1/users/member required",
    "GET /api/v1/users/perm required",
    "GET /api/v1/users/s required",
    "GET /api/v1/users/scoped required",
    "GET /health none",
    "GET /internal/metrics required",
    "HEAD /api/v1/items/{item_id} none",
    "PATCH /api/v1/users/{user_id} required",
    "POST /api/v1/orders/{order_id}/pay required",
    "POST /api/v1/users none",
    "PUT /api/v1/users/{user_id} required",
];

#[test]
fn routers_made_by_functions_and_guards_of_all_kinds() {
    assert_eq!(routes_of(APPLICATION), APPLICATION_ROUTES);
}

#[test]
fn sockets_and_dependencies_of_other_packages() {
    let files: &[(&str, &str)] = &[(
        "main.py",
        r##"from fastapi import FastAPI, APIRouter, Depends, Request, WebSocket
from starlette.responses import JSONResponse
from .deps import get_current_user, current, limiter, maybe_user, pool
app = FastAPI()
OPEN = {"/free", "/i/a", "/late", "/limited", "/maybe", "/value"}

@app.middleware("http")
async def keys(request: Request, call_next):
    if request.url.path in OPEN:
        return await call_next(request)
    header = request.headers.get("Authorization")
    if not header:
        return JSONResponse({"detail": "no"}, status_code=401)
    return await call_next(request)

r = APIRouter(prefix="/i", dependencies=[Depends(current)])
@r.get("/a")
def a(): ...
@r.websocket("/ws")
async def inner(s: WebSocket): ...
@app.websocket("/ws/{room}")
async def ws(s: WebSocket, room: str, u=Depends(get_current_user)): ...
@app.websocket("/keyed")
async def keyed(s: WebSocket): ...
@app.websocket("/free")
async def free(s: WebSocket): ...
@app.get("/limited", dependencies=[Depends(limiter)])
def limited(): ...
@app.get("/maybe", dependencies=[Depends(maybe_user)])
def maybe(): ...
@app.get("/value")
def value(db=Depends(pool)): ...
app.include_router(r)
app.add_api_websocket_route("/late", free)
"##,
    )];
    assert_eq!(
        routes_of(files),
        [
            "GET /free none",
            "GET /i/a unclear",
            "GET /i/ws unclear",
            "GET /keyed unclear",
            "GET /late none",
            "GET /limited none",
            "GET /maybe none",
            "GET /value none",
            "GET /ws/{room} required",
        ]
    );
}
