package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestTicketsNeedWarden(t *testing.T) {
	gin.SetMode(gin.TestMode)
	r := setupRouter()
	w := httptest.NewRecorder()
	req, _ := http.NewRequest("GET", "/tickets", nil)
	r.ServeHTTP(w, req)
	if w.Code != http.StatusUnauthorized {
		t.Fatalf("got %d", w.Code)
	}
}

func TestTimingKeepsStatus(t *testing.T) {
	r := gin.New()
	r.Use(timing())
	r.GET("/teapot", func(c *gin.Context) { c.Status(http.StatusTeapot) })
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/teapot", nil))
	if w.Code != http.StatusTeapot {
		t.Fatal(w.Code)
	}
}
