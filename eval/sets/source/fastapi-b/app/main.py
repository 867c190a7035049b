from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.core.settings import settings
from app.routers import api_router
from app.routers.probes import router as probes


@asynccontextmanager
async def lifespan(app: FastAPI):
    engine = create_async_engine(settings.database_url)
    app.state.sessions = async_sessionmaker(engine)
    yield
    await engine.dispose()


def create_app() -> FastAPI:
    app = FastAPI(title="People desk", lifespan=lifespan, docs_url="/docs", redoc_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.include_router(probes)
    app.include_router(api_router, prefix="/api/v1")
    return app


app = create_app()
