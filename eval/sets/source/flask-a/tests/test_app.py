from app import app


def test_status():
    client = app.test_client()
    assert client.get("/status").status_code == 200
    assert client.get("/missing/page").status_code == 404
    assert client.put("/books/123").status_code == 403
