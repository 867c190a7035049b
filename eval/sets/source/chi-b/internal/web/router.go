package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"

	"example.com/theatre/internal/access"
	"example.com/theatre/internal/mail"
)

// NewRouter builds the public handler.
func NewRouter(keys *access.Keys, m *mail.Client) http.Handler {
	r := chi.NewRouter()

	r.Use(middleware.RealIP, middleware.Compress(5))
	r.Use(jwtauth.Verifier(keys.JWT)) // only reads the token

	r.Get("/version", version)

	r.Route("/api", func(r chi.Router) {
		r.Route("/v1", func(r chi.Router) {
			r.Post("/login", login(keys))
			r.Mount("/plays", PlaysResource{}.Routes())
			r.Mount("/reservations", ReservationsResource{Mail: m}.Routes())

			r.Group(func(r chi.Router) {
				r.Use(jwtauth.Authenticator(keys.JWT))
				r.Get("/profile", profile)
				r.Patch("/profile", profile)

				r.Route("/backstage", backstage)
			})
		})
	})

	return r
}

func version(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("1.0.0")) }

func login(keys *access.Keys) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, tok, err := keys.JWT.Encode(map[string]any{"sub": r.FormValue("user")})
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(tok))
	}
}

func profile(w http.ResponseWriter, r *http.Request) {
	_, claims, _ := jwtauth.FromContext(r.Context())
	if r.Method == http.MethodPatch {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_, _ = w.Write([]byte(claims["sub"].(string)))
}
