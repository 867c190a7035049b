from fastapi.testclient import TestClient

from main import app

client = TestClient(app)


def test_public():
    assert client.get("/stations").status_code == 200


def test_needs_operator():
    assert client.post("/stations", json={"code": "abc", "name": "x"}).status_code == 401
    assert client.get("/no/such/route").status_code == 404
