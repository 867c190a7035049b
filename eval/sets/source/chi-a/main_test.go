package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestBridgeIsClosed(t *testing.T) {
	ts := httptest.NewServer(routes())
	defer ts.Close()

	res, err := http.Get(ts.URL + "/bridge/passengers")
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %d", res.StatusCode)
	}
}
