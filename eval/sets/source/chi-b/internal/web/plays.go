package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"example.com/theatre/internal/access"
)

// PlaysResource is the list of plays.
type PlaysResource struct{}

// Routes returns the routes below /plays.
func (rs PlaysResource) Routes() chi.Router {
	r := chi.NewRouter()

	r.Get("/", rs.List)

	r.Route("/{slug:[a-z-]+}", func(r chi.Router) {
		r.Get("/", rs.Get)
		r.Get("/dates", rs.Dates)

		manager := r.With(access.NeedRole("manager"))
		manager.Put("/", rs.Update)
		manager.Post("/dates", rs.AddDate)
	})

	return r
}

func (rs PlaysResource) List(w http.ResponseWriter, r *http.Request)    { w.WriteHeader(200) }
func (rs PlaysResource) Get(w http.ResponseWriter, r *http.Request)     { w.WriteHeader(200) }
func (rs PlaysResource) Dates(w http.ResponseWriter, r *http.Request)   { w.WriteHeader(200) }
func (rs PlaysResource) Update(w http.ResponseWriter, r *http.Request)  { w.WriteHeader(204) }
func (rs PlaysResource) AddDate(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) }
