//! Examples of `FastAPI` applications.

use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "decorators on an application",
        files: &[(
            "main.py",
            r#"from typing import Annotated
from fastapi import FastAPI, Depends, HTTPException, Security
from fastapi.security import HTTPBearer, OAuth2PasswordBearer, OAuth2PasswordRequestForm

app = FastAPI(title="Shop")
bearer = HTTPBearer(auto_error=False)
oauth2 = OAuth2PasswordBearer(tokenUrl="/token")

def get_db():
    yield Session()

def current_user(credentials=Depends(bearer)):
    if credentials is None:
        raise HTTPException(status_code=401)
    return decode(credentials.credentials)

def maybe_user(credentials=Depends(bearer)):
    if not credentials:
        return None
    try:
        return decode(credentials.credentials)
    except JWTError:
        raise HTTPException(status_code=401)

@app.get("/")
async def index(db=Depends(get_db)):
    return {}

@app.post("/token")
def login(form: OAuth2PasswordRequestForm = Depends()):
    if not check(form):
        raise HTTPException(status_code=401)
    return {}

@app.get("/items/{item_id:int}")
def read(item_id: int, user=Depends(maybe_user)):
    return {}

@app.put("/items/{item_id}")
def update(item_id: int, user: Annotated[dict, Depends(current_user)]):
    return {}

@app.delete("/items/{item_id}", dependencies=[Depends(oauth2)])
def remove(item_id: int):
    return {}

@app.api_route("/hook/", methods=["GET", "POST"])
async def hook():
    return {}
"#,
        )],
        routes: &[
            "GET / none",
            "POST /token none",
            "GET /items/{item_id} none",
            "PUT /items/{item_id} required",
            "DELETE /items/{item_id} required",
            "GET /hook/ none",
            "POST /hook/ none",
        ],
    },
    Example {
        title: "routers of several files below prefixes from settings",
        files: &[
            (
                "backend/app/core/config.py",
                r#"from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    API_V1_STR: str = "/api/v1"

settings = Settings()
"#,
            ),
            (
                "backend/app/api/deps.py",
                r#"from typing import Annotated
from fastapi import Depends, HTTPException, status
from fastapi.security import OAuth2PasswordBearer
from app.core.config import settings
from app.models import User

reusable_oauth2 = OAuth2PasswordBearer(tokenUrl=f"{settings.API_V1_STR}/login/access-token")
TokenDep = Annotated[str, Depends(reusable_oauth2)]

def get_current_user(token: TokenDep) -> User:
    return load(token)

CurrentUser = Annotated[User, Depends(get_current_user)]

def get_current_active_superuser(current_user: CurrentUser) -> User:
    if not current_user.is_superuser:
        raise HTTPException(status_code=403, detail="no")
    return current_user
"#,
            ),
            (
                "backend/app/api/routes/__init__.py",
                "from . import items, users\nfrom .login import router as login_router\n",
            ),
            (
                "backend/app/api/routes/login.py",
                r#"from fastapi import APIRouter

router = APIRouter(tags=["login"])

@router.post("/login/access-token")
def token():
    pass
"#,
            ),
            (
                "backend/app/api/routes/items.py",
                r#"from fastapi import APIRouter
from app.api.deps import CurrentUser

router = APIRouter(prefix="/items")

@router.get("")
def every(user: CurrentUser):
    pass

@router.get("/public")
def free(limit: int = 10):
    pass
"#,
            ),
            (
                "backend/app/api/routes/users.py",
                r#"from fastapi import APIRouter, Depends
from app.api.deps import get_current_active_superuser

router = APIRouter()

@router.get("/", dependencies=[Depends(get_current_active_superuser)])
def every():
    pass

@router.post("/signup")
def signup():
    pass
"#,
            ),
            (
                "backend/app/api/main.py",
                r#"from fastapi import APIRouter
from app.api.routes import items, login_router, users

api_router = APIRouter()
api_router.include_router(login_router)
for module, prefix in ((users, "/users"),):
    api_router.include_router(module.router, prefix=prefix)
api_router.include_router(items.router)
"#,
            ),
            (
                "backend/app/main.py",
                r#"from fastapi import FastAPI
from app.api.main import api_router
from app.core.config import settings

def create_app() -> FastAPI:
    app = FastAPI()
    app.include_router(api_router, prefix=settings.API_V1_STR)
    return app

app = create_app()
"#,
            ),
        ],
        routes: &[
            "POST /api/v1/login/access-token none",
            "GET /api/v1/items required",
            "GET /api/v1/items/public none",
            "GET /api/v1/users/ required",
            "POST /api/v1/users/signup none",
        ],
    },
    Example {
        title: "middleware that exempts paths, and an application within another",
        files: &[
            (
                "service/security.py",
                r#"from fastapi.responses import JSONResponse
from starlette.middleware.base import BaseHTTPMiddleware

OPEN = {"/health", "/docs"}

class Gate(BaseHTTPMiddleware):
    def __init__(self, app, prefixes=()):
        super().__init__(app)
        self.prefixes = prefixes

    async def dispatch(self, request, call_next):
        path = request.url.path
        if path in OPEN or any(path.startswith(p) for p in self.prefixes):
            return await call_next(request)
        header = request.headers.get("Authorization")
        if not header or not header.startswith("Bearer "):
            return JSONResponse({"detail": "no"}, status_code=401)
        response = await call_next(request)
        return response
"#,
            ),
            (
                "service/main.py",
                r#"from fastapi import FastAPI
from .security import Gate

app = FastAPI()
sub = FastAPI()
app.add_middleware(Gate, prefixes=["/open"])

@app.middleware("http")
async def timing(request, call_next):
    response = await call_next(request)
    if response.status_code == 401:
        print("refused")
    return response

@app.get("/health")
def health():
    return {}

@app.get("/orders/{order}")
def order(order: str):
    return {}

@app.get("/open/files/{path:path}")
def files(path: str):
    return {}

@sub.post("/jobs")
def jobs():
    return {}

app.mount("/admin", sub)
"#,
            ),
        ],
        routes: &[
            "GET /health none",
            "GET /orders/{order} required",
            "GET /open/files/{path} none",
            "POST /admin/jobs required",
        ],
    },
    Example {
        title: "guards that are objects, made by calls, or say nothing by their names",
        files: &[
            (
                "app/gates.py",
                r#"from fastapi import Depends, Header, HTTPException, Request
from fastapi.security import HTTPBearer

class Refused(HTTPException):
    def __init__(self):
        super().__init__(status_code=403)

class Bearer(HTTPBearer):
    def __init__(self, auto_error: bool = True):
        super().__init__(auto_error=auto_error)

    async def __call__(self, request: Request):
        credentials = await super().__call__(request)
        return credentials

class Role:
    def __init__(self, role):
        self.role = role

    def __call__(self, user=Depends(Bearer())):
        if user.role != self.role:
            raise Refused()

def key(x_api_key: str = Header(None)):
    if x_api_key != "secret":
        raise HTTPException(403)

def needs(scope):
    def inner(who=Depends(key)):
        return who
    return inner

def get_token_service():
    return TokenService()

class Paging:
    def __init__(self, page: int = 0):
        self.page = page
"#,
            ),
            (
                "app/routes.py",
                r#"from fastapi import APIRouter, Depends
from .gates import Bearer, Paging, Role, get_token_service, key, needs

router = APIRouter(prefix="/things", dependencies=[Depends(key)])
free = APIRouter(prefix="/free")

@router.get("/a")
def a():
    pass

@free.get("/b")
def b(page: Paging = Depends(), tokens=Depends(get_token_service)):
    pass

@free.get("/c")
def c(user=Depends(Role("admin"))):
    pass

@free.get("/d", dependencies=[Depends(needs("x"))])
def d():
    pass

@free.get("/e")
def e(user=Depends(Bearer(auto_error=False))):
    pass

@free.get("/f")
def f(user=Depends(Bearer())):
    pass
"#,
            ),
            (
                "app/main.py",
                r#"from fastapi import FastAPI
from . import routes

app = FastAPI()

def register(target: FastAPI):
    target.include_router(routes.router)
    target.include_router(routes.free, prefix="/v2")

register(app)
"#,
            ),
        ],
        routes: &[
            "GET /things/a required",
            "GET /v2/free/b none",
            "GET /v2/free/c required",
            "GET /v2/free/d required",
            "GET /v2/free/e none",
            "GET /v2/free/f required",
        ],
    },
    Example {
        title: "handlers that are added by calls, and views that are classes",
        files: &[(
            "main.py",
            r#"from fastapi import APIRouter, Depends, FastAPI
from fastapi_utils.cbv import cbv
from auth import verify_token

PREFIX = "/" + "api"
app = FastAPI(dependencies=[])
router = APIRouter()

@cbv(router)
class Things:
    user: str = Depends(verify_token)

    @router.get("/things")
    def every(self):
        pass

class Server:
    def __init__(self):
        self.router = APIRouter(prefix="/server")
        self.router.add_api_route("/state", self.state, methods=["GET", "PUT"])

    def state(self):
        pass

async def late():
    pass

app.add_api_route("/late", late, methods=["DELETE"])
app.include_router(router, prefix=PREFIX)
app.include_router(Server().router, dependencies=[Depends(verify_token)])
"#,
        )],
        routes: &[
            "GET /api/things required",
            "GET /server/state required",
            "PUT /server/state required",
            "DELETE /late none",
        ],
    },
    Example {
        title: "`Security` asks, and a dependency that a setting chooses is unclear",
        files: &[(
            "main.py",
            r#"from typing import Annotated
from fastapi import Depends, FastAPI, Header, HTTPException, Security
from platform_auth import current, optional_current, checker, users
from conf import settings

app = FastAPI()
CurrentUser = Annotated[dict, Security(current, scopes=["me"])]

def no_auth():
    return None

def with_token(authorization: str = Header(None)):
    if authorization is None:
        raise HTTPException(status_code=401)

def provider():
    if settings.AUTH == "none":
        return no_auth
    elif settings.AUTH == "token":
        return with_token
    raise ValueError

chosen = provider()

@app.get("/admin")
def admin(user=Security(current, scopes=["admin"])): ...

@app.get("/me")
def me(user: CurrentUser): ...

@app.get("/made")
def made(user=Security(checker("x"))): ...

@app.get("/greeting")
def greeting(user=Security(optional_current)): ...

@app.get("/either")
def either(user=Security(users.current(optional=True))): ...

@app.get("/open")
def open_to_all(user=Security(no_auth)): ...

@app.get("/stock", dependencies=[Depends(chosen)])
def stock(): ...

@app.get("/orders")
def orders(auth=Security(chosen)): ...
"#,
        )],
        routes: &[
            "GET /admin required",
            "GET /me required",
            "GET /made required",
            "GET /greeting none",
            "GET /either none",
            "GET /open none",
            "GET /stock unclear",
            "GET /orders unclear",
        ],
    },
    Example {
        title: "clients, caches and routers that nobody serves are no routes",
        files: &[(
            "client.py",
            r##"import httpx
from fastapi import APIRouter, FastAPI

app = FastAPI()
forgotten = APIRouter()
client = httpx.Client()
# @app.get("/commented")
TEXT = '''
@app.get("/text")
'''

def load(cache):
    cache.get("/key")
    return client.get("/remote")

@forgotten.get("/forgotten")
def lost():
    pass
"##,
        )],
        routes: &[],
    },
];
