// Package access says who may do what.
package access

import (
	"net/http"

	"github.com/go-chi/jwtauth/v5"
)

// Keys verifies tokens.
type Keys struct{ JWT *jwtauth.JWTAuth }

// New makes keys from a secret.
func New(secret []byte) *Keys {
	return &Keys{JWT: jwtauth.New("HS256", secret, nil)}
}

// NeedRole lets only people with the role pass.
func NeedRole(role string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		fn := func(w http.ResponseWriter, r *http.Request) {
			_, claims, err := jwtauth.FromContext(r.Context())
			if err != nil || claims["role"] != role {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		}
		return http.HandlerFunc(fn)
	}
}
