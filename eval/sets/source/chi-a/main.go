package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"
	"github.com/go-chi/httprate"
)

type ctxKey string

const crossingKey ctxKey = "crossing"

func main() {
	srv := &http.Server{Addr: ":3333", Handler: routes(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(srv.ListenAndServe())
}

func routes() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID)
	r.Use(middleware.Logger)
	r.Use(middleware.Recoverer)
	r.Use(cors.Handler(cors.Options{AllowedOrigins: []string{"https://ferry.example.com"}}))
	r.Use(httprate.LimitByIP(100, time.Minute))

	r.Get("/", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("ferry"))
	})
	r.Get("/healthz", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})

	r.Route("/crossings", func(r chi.Router) {
		r.Get("/", listCrossings)
		r.With(captainOnly).Post("/", createCrossing)
		r.Get("/{date:\\d{4}-\\d\\d-\\d\\d}", crossingsOn)

		r.Route("/{crossingID}", func(r chi.Router) {
			r.Use(crossingCtx)
			r.Get("/seats", getSeats)
			r.Post("/bookings", book)
			r.With(captainOnly).Delete("/", cancelCrossing)
		})
	})

	// Bookings can be changed with the code from the mail.
	r.Group(func(r chi.Router) {
		r.Use(bookingCode)
		r.Get("/bookings/{bookingID}", showBooking)
		r.Put("/bookings/{bookingID}", changeBooking)
		r.Delete("/bookings/{bookingID}", dropBooking)
	})

	r.Handle("/echo", http.HandlerFunc(echo))
	r.HandleFunc("/files/*", files)
	// r.Get("/tides", tides)

	r.Mount("/bridge", bridgeRouter())

	return r
}

func bridgeRouter() chi.Router {
	r := chi.NewRouter()
	r.Use(captainOnly)
	r.Get("/passengers", listCrossings)
	r.Post("/announcements", book)
	r.Method(http.MethodPatch, "/speed", http.HandlerFunc(echo))
	return r
}

func captainOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, ok := r.BasicAuth()
		if !ok || user != "captain" || subtle.ConstantTimeCompare([]byte(pass), []byte(os.Getenv("CAPTAIN_PASSWORD"))) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="bridge"`)
			http.Error(w, "captain only", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func bookingCode(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := r.URL.Query().Get("code")
		if code == "" || code != codes[chi.URLParam(r, "bookingID")] {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func crossingCtx(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := chi.URLParam(r, "crossingID")
		if id == "" {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), crossingKey, id)))
	})
}

var codes = map[string]string{}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func listCrossings(w http.ResponseWriter, r *http.Request)  { writeJSON(w, []string{}) }
func createCrossing(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusCreated) }
func crossingsOn(w http.ResponseWriter, r *http.Request)    { writeJSON(w, chi.URLParam(r, "date")) }
func getSeats(w http.ResponseWriter, r *http.Request)       { writeJSON(w, r.Context().Value(crossingKey)) }
func book(w http.ResponseWriter, r *http.Request)           { w.WriteHeader(http.StatusCreated) }
func cancelCrossing(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }
func showBooking(w http.ResponseWriter, r *http.Request)    { writeJSON(w, chi.URLParam(r, "bookingID")) }
func changeBooking(w http.ResponseWriter, r *http.Request)  { w.WriteHeader(http.StatusNoContent) }
func dropBooking(w http.ResponseWriter, r *http.Request)    { w.WriteHeader(http.StatusNoContent) }
func echo(w http.ResponseWriter, r *http.Request)           { writeJSON(w, r.Method) }
func files(w http.ResponseWriter, r *http.Request)          { writeJSON(w, chi.URLParam(r, "*")) }
