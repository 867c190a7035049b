package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestSwapsNeedKey(t *testing.T) {
	e := newApp()
	for _, path := range []string{"/swaps", "/bank/inventory"} {
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code == http.StatusOK {
			t.Fatalf("%s: got %d", path, rec.Code)
		}
	}
}
