import pytest
from httpx import ASGITransport, AsyncClient

from app.main import app


@pytest.mark.anyio
async def test_people_need_token():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        assert (await client.get("/api/v1/people")).status_code == 401
        assert (await client.get("/api/v1/departments/x/rooms")).status_code == 404
