"""Weather stations: one file, one process.

    uvicorn main:app --reload

Example: ``GET /stations/abc/summary`` is NOT implemented yet.
"""
import os
import secrets
import time
from typing import Annotated, Optional

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request, Security, status
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel

app = FastAPI(title="Weather stations")
app.add_middleware(CORSMiddleware, allow_origins=["https://maps.example.com"])

api_key = APIKeyHeader(name="X-Station-Key", auto_error=False)
basic = HTTPBasic()


class Reading(BaseModel):
    temperature: float
    humidity: float
    at: Optional[float] = None


class Station(BaseModel):
    code: str
    name: str


STATIONS: dict[str, Station] = {}
READINGS: dict[str, list[Reading]] = {}


@app.middleware("http")
async def add_timing(request: Request, call_next):
    start = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Took"] = f"{time.perf_counter() - start:.4f}"
    return response


def station_key(key: Annotated[Optional[str], Security(api_key)]) -> str:
    if key is None or not secrets.compare_digest(key, os.environ["STATION_KEY"]):
        raise HTTPException(status_code=status.HTTP_401_UNAUTHORIZED, detail="bad key")
    return key


def operator(cred: HTTPBasicCredentials = Depends(basic)) -> str:
    good = secrets.compare_digest(cred.password, os.environ["OPERATOR_PASSWORD"])
    if not good:
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    return cred.username


def maybe_key(key: Optional[str] = Security(api_key)) -> bool:
    """Known devices get a higher page size, anyone may read."""
    return key is not None


def paging(limit: int = 50, offset: int = 0) -> dict:
    return {"limit": min(limit, 200), "offset": offset}


@app.get("/")
def root():
    return {"service": "weather"}


@app.get("/health", include_in_schema=False)
def health():
    return {"ok": True}


@app.get("/stations")
def list_stations(page: dict = Depends(paging), known: bool = Depends(maybe_key)):
    return list(STATIONS.values())[page["offset"] :]


@app.post("/stations", status_code=201)
def add_station(station: Station, user: str = Depends(operator)):
    STATIONS[station.code] = station
    return station


@app.get("/stations/{code}")
def get_station(code: Annotated[str, Path(min_length=3)]):
    if code not in STATIONS:
        raise HTTPException(404)
    return STATIONS[code]


@app.delete("/stations/{code}", status_code=204, dependencies=[Depends(operator)])
def drop_station(code: str):
    STATIONS.pop(code, None)


@app.post("/stations/{code}/readings", status_code=202)
async def push_reading(code: str, reading: Reading, _: Annotated[str, Depends(station_key)]):
    READINGS.setdefault(code, []).append(reading)
    return {"queued": 1}


@app.get("/stations/{code}/readings")
async def readings(code: str, page: Annotated[dict, Depends(paging)]):
    return READINGS.get(code, [])[: page["limit"]]


@app.put("/stations/{code}/calibration", dependencies=[Security(operator)])
@app.patch("/stations/{code}/calibration", dependencies=[Security(operator)])
def calibrate(code: str, offset: float = 0.0):
    return {"code": code, "offset": offset}


@app.get("/forecast/{lat}/{lon}")
async def forecast(lat: float, lon: float):
    async with httpx.AsyncClient(base_url="https://forecast.example.com") as client:
        res = await client.get("/v3/point", params={"lat": lat, "lon": lon})
    return res.json()


@app.get("/maps/{tile_path:path}")
def tile(tile_path: str):
    return {"tile": tile_path}


@app.api_route("/exports", methods=["GET", "POST"])
def exports(user: str = Depends(operator)):
    return {"by": user}


# @app.get("/debug/dump")
# def dump():
#     return READINGS


@app.post("/hooks/satellite")
async def satellite(request: Request, x_sign: str = Header()):
    body = await request.body()
    if not secrets.compare_digest(x_sign, str(len(body)) + os.environ["SAT_SALT"]):
        raise HTTPException(403, "signature")
    return {"ok": True}
