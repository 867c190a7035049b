package main

import (
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOrdersAreForTheKitchen(t *testing.T) {
	a := &app{jars: map[string]jar{}, apiKey: "test", log: log.Default()}
	rec := httptest.NewRecorder()
	a.routes().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/orders", nil))
	if rec.Code != http.StatusUnauthorized {
		t.Fatal(rec.Code)
	}
}

func TestLogged(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/fake", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) })
	rec := httptest.NewRecorder()
	logged(mux).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/fake", nil))
	if rec.Code != 299 {
		t.Fatal(rec.Code)
	}
}
