import pytest

from museum import create_app


@pytest.fixture
def client():
    return create_app({"TESTING": True}).test_client()


def test_exhibits_open(client):
    assert client.get("/api/v1/exhibits/").status_code == 200


def test_loans_closed(client):
    assert client.get("/api/v1/loans").status_code == 401
    assert client.delete("/api/v1/loans/9").status_code == 405
