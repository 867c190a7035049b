package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"example.com/theatre/internal/access"
	"example.com/theatre/internal/mail"
)

// ReservationsResource takes reservations.
type ReservationsResource struct{ Mail *mail.Client }

// Routes returns the routes below /reservations.
func (rs ReservationsResource) Routes() chi.Router {
	r := chi.NewRouter()
	r.Post("/", rs.Create)

	r.Group(func(r chi.Router) {
		r.Use(access.NeedRole("box-office"))
		r.Get("/", rs.List)
		r.Get("/{number}", rs.Get)
		r.Delete("/{number}", rs.Delete)
	})
	return r
}

// Create makes a reservation and sends a mail.
func (rs ReservationsResource) Create(w http.ResponseWriter, r *http.Request) {
	if err := rs.Mail.Confirm(r.FormValue("email")); err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (rs ReservationsResource) List(w http.ResponseWriter, r *http.Request)   { w.WriteHeader(200) }
func (rs ReservationsResource) Get(w http.ResponseWriter, r *http.Request)    { w.WriteHeader(200) }
func (rs ReservationsResource) Delete(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }
