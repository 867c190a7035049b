package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"example.com/theatre/internal/access"
)

func backstage(r chi.Router) {
	r.Use(access.NeedRole("crew"))

	r.Get("/props", done)
	r.Post("/props", done)
	r.Delete("/props/{propID}", done)
	r.Get("/callsheet/{day}", done)
}

func done(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
