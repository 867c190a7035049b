//! Examples for `net/http`, which has many styles.

use crate::frameworks::Example;

/// Examples for `net/http`.
pub(super) const NETHTTP: &[Example] = &[
    Example {
        title: "patterns of methods, hosts and parameters",
        files: &[(
            "main.go",
            r#"package main

import "net/http"

func requireAuth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", getUser)
	mux.HandleFunc("/files/{path...}", files)
	mux.HandleFunc("POST api.example.com/x/{$}", exact)
	mux.Handle("/tree/", http.HandlerFunc(tree))
	mux.Handle("DELETE /users/{id}", requireAuth(http.HandlerFunc(deleteUser)))
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir("static"))))
	http.HandleFunc("/default", home)
	http.ListenAndServe(":80", mux)
}
"#,
        )],
        routes: &[
            "GET /users/{id} none",
            "ANY /files/{path} none",
            "POST /x/ none",
            "ANY /tree/ none",
            "DELETE /users/{id} required",
            "ANY /default none",
        ],
    },
    Example {
        title: "a mux in a mux, chains and a whole mux behind a guard",
        files: &[
            (
                "main.go",
                r#"package main

import (
	"log"
	"net/http"

	"example.com/app/web"
)

func main() {
	srv := &http.Server{Addr: ":80", Handler: web.Handler()}
	log.Fatal(srv.ListenAndServe())
}
"#,
            ),
            (
                "web/web.go",
                r#"package web

import "net/http"

type Middleware func(http.HandlerFunc) http.HandlerFunc

func chain(h http.HandlerFunc, all ...Middleware) http.HandlerFunc {
	for _, m := range all {
		h = m(h)
	}
	return h
}

func logging(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		next(w, r)
	}
}

func gate(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") == "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func wall(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("s"); err != nil {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func Handler() http.Handler {
	root := http.NewServeMux()
	api := http.NewServeMux()
	api.HandleFunc("GET /things", chain(things, logging, gate))
	api.HandleFunc("POST /things", chain(add, logging))
	root.Handle("/api/", http.StripPrefix("/api", api))
	account := http.NewServeMux()
	account.HandleFunc("/account/me", me)
	root.Handle("/account/", wall(account))
	return securityHeaders(root)
}

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Frame-Options", "deny")
		next.ServeHTTP(w, r)
	})
}
"#,
            ),
        ],
        routes: &["GET /api/things required", "POST /api/things none", "ANY /account/me required"],
    },
    Example {
        title: "handlers that tell methods apart",
        files: &[(
            "main.go",
            r#"package main

import "net/http"

type server struct{ mux *http.ServeMux }

func (s *server) users(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		s.list(w, r)
	case http.MethodPost:
		s.auth(s.create)(w, r)
	default:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func (s *server) auth(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.known(r) {
			w.WriteHeader(401)
			return
		}
		next(w, r)
	}
}

func only(method string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.WriteHeader(405)
			return
		}
		h(w, r)
	}
}

type orders struct{}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodDelete {
		http.Error(w, "", http.StatusMethodNotAllowed)
		return
	}
}

func main() {
	s := &server{mux: http.NewServeMux()}
	s.mux.HandleFunc("/users", s.users)
	s.mux.HandleFunc("/put", only("PUT", s.auth(s.put)))
	s.mux.Handle("/orders", &orders{})
	s.mux.HandleFunc("/free", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			return
		}
	})
	http.ListenAndServe("", s.mux)
}
"#,
        )],
        routes: &[
            "GET /users none",
            "POST /users required",
            "PUT /put required",
            "DELETE /orders none",
            "ANY /free none",
        ],
    },
    Example {
        title: "chains of alice",
        files: &[(
            "cmd/web/routes.go",
            r#"package main

import (
	"net/http"

	"github.com/justinas/alice"
)

type application struct{}

func (app *application) requireAuthentication(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !app.isAuthenticated(r) {
			http.Redirect(w, r, "/user/login", http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (app *application) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := app.session.GetInt(r.Context(), "id")
		if id == 0 {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(with(r, id)))
	})
}

func (app *application) routes() http.Handler {
	mux := http.NewServeMux()
	dynamic := alice.New(app.session.LoadAndSave, app.authenticate)
	mux.Handle("GET /{$}", dynamic.ThenFunc(app.home))
	protected := dynamic.Append(app.requireAuthentication)
	mux.Handle("POST /user/logout", protected.ThenFunc(app.logout))
	return alice.New(app.recoverPanic, app.logRequest).Then(mux)
}

func main() {
	app := &application{}
	http.ListenAndServe(":4000", app.routes())
}
"#,
        )],
        routes: &["GET / none", "POST /user/logout required"],
    },
    Example {
        title: "gorilla/mux",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"
)

func check(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("T") == "" {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func main() {
	r := mux.NewRouter().StrictSlash(true)
	r.HandleFunc("/", home).Methods("GET")
	r.HandleFunc("/any", any)
	api := r.PathPrefix("/api").Subrouter()
	api.HandleFunc("/items/{id:[0-9]+}", item).Methods(http.MethodGet, "PUT").Name("item")
	api.Use(check)
	r.Methods("POST").Path("/x").HandlerFunc(x)
	r.PathPrefix("/static/").Handler(http.FileServer(http.Dir(".")))
	http.ListenAndServe(":80", handlers.CORS()(handlers.LoggingHandler(out, r)))
}
"#,
        )],
        routes: &[
            "GET / none",
            "ANY /any none",
            "GET /api/items/{id} required",
            "PUT /api/items/{id} required",
            "POST /x none",
        ],
    },
    Example {
        title: "closures that wrap, and lists of handlers",
        files: &[(
            "main.go",
            r#"package main

import (
	"fmt"
	"net/http"
)

const v = "v1"

type Mw func(http.Handler) http.Handler

func Chain(ms ...Mw) Mw {
	return func(h http.Handler) http.Handler {
		for i := len(ms) - 1; i >= 0; i-- {
			h = ms[i](h)
		}
		return h
	}
}

func token(secret string) Mw {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+secret {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func trace(next http.Handler) http.Handler { return next }

func main() {
	mux := http.NewServeMux()
	protected := func(h http.HandlerFunc) http.Handler { return Chain(trace, token("x"))(h) }
	mux.Handle(fmt.Sprintf("GET /%s/a", v), protected(a))
	mux.Handle("GET /"+v+"/b", trace(http.HandlerFunc(b)))
	for path, h := range map[string]http.HandlerFunc{"/c": c, "/d": d} {
		mux.HandleFunc("POST "+path, h)
	}
	handler := trace(mux)
	http.ListenAndServe("", handler)
}
"#,
        )],
        routes: &["GET /v1/a required", "GET /v1/b none", "POST /c none", "POST /d none"],
    },
    Example {
        title: "what is put around a handler is told by its name where neither is in the folder",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	"example.com/platform/auth"
	"example.com/platform/shop"
)

func main() {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", requireAuth(orders))
	mux.Handle("GET /carts", auth.Protect(shop.Carts))
	mux.Handle("GET /refunds", auth.RequireRole("desk", shop.Refunds(db)))
	mux.Handle("POST /login", auth.Login(db))
	mux.Handle("GET /prices", withMetrics(prices))
	http.ListenAndServe("", mux)
}
"#,
        )],
        routes: &[
            "GET /orders required",
            "GET /carts required",
            "GET /refunds required",
            "POST /login none",
            "GET /prices none",
        ],
    },
    Example {
        title: "what is no route",
        files: &[(
            "main.go",
            r#"package main

import "net/http"

func main() {
	http.Get("/users")
	client := &http.Client{}
	client.Head("/x")
	req, _ := http.NewRequest("GET", "/y", nil)
	client.Do(req)
	events.Handle("/topic", handler)
	bus.HandleFunc("order.created", handler)
}
"#,
        )],
        routes: &[],
    },
];
