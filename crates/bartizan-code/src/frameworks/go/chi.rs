//! chi.

use super::{
    METHODS,
    evaluate::Evaluator,
    nethttp,
    value::{Arg, Call, Dialect, Handler, Router, Value},
};
use crate::{
    frameworks::{Example, Framework},
    graph::Reach,
    limits::Limits,
    project::Project,
    route::{Level, Route},
    syntax::Language,
};

/// chi.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "chi",
    title: "chi",
    languages: &[Language::Go],
    documentation: "\
Routers are followed through functions, methods, struct fields, closures and packages. Read are \
`Get` and its siblings, `Method`, `MethodFunc`, `Handle`, `HandleFunc`, `Route`, `Group`, `With`, \
`Mount` and `Use`. Middleware is a guard when its function answers 401 or 403 before it hands on, \
or comes from a package and is called like one; `jwtauth.Verifier` only reads a token and is none, \
`jwtauth.Authenticator` refuses. A `/` at the root of a mounted router is written without the \
slash, as both are answered. File servers are left out.",
    examples: EXAMPLES,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    super::read(project, limits, "chi")
}

pub(super) static DIALECT: Dialect = Dialect {
    framework: "chi",
    packages: &["github.com/go-chi/chi"],
    makers: &["NewRouter", "NewMux"],
    types: &["Router", "Mux"],
    whole: &["Mux"],
    globals: &[],
    call,
};

fn call<'f>(e: &mut Evaluator<'_, 'f>, router: Router, call: &Call<'_, 'f>) -> Value<'f> {
    let path = |at: usize| call.text(at).map(path);
    match call.name {
        "Use" => {
            let level = if router.is_whole { Level::Application } else { Level::Group };
            for guard in e.guards(call.args, level) {
                e.graph.guard(router.id, "", guard, Reach::All);
            }
        }
        "With" => {
            let guards = e.guards(call.args, Level::Route);
            return Value::Router(e.group(router, "", guards));
        }
        "Group" => return within(e, router, "", call, 0),
        "Route" => return within(e, router, &path(0).unwrap_or_default(), call, 1),
        "Mount" => mount(e, router, &path(0).unwrap_or_default(), call),
        "Method" | "MethodFunc" => {
            if let (Some(method), Some(path)) = (call.text(0), path(1)) {
                route(e, router, &[method], &path, call.args.get(2), call);
            }
        }
        "Handle" | "HandleFunc" => {
            if let Some(written) = call.text(0) {
                let (method, written) = nethttp::pattern(written);
                let methods: Vec<_> = method.into_iter().collect();
                route(e, router, &methods, &self::path(written), call.args.get(1), call);
            }
        }
        name => {
            let method = name.to_ascii_uppercase();
            if name != method
                && METHODS.contains(&method.as_str())
                && let Some(path) = path(0)
            {
                route(e, router, &[&method], &path, call.args.get(1), call);
            }
        }
    }
    Value::Unknown
}

/// A path below a router; its root alone has no slash of its own.
fn path(written: &str) -> String {
    let path = Evaluator::braces(written);
    if path == "/" { String::new() } else { path }
}

/// A router below a prefix, given to a function.
fn within<'f>(
    e: &mut Evaluator<'_, 'f>,
    router: Router,
    prefix: &str,
    call: &Call<'_, 'f>,
    at: usize,
) -> Value<'f> {
    let inner = e.group(router, prefix.trim_end_matches('/'), Vec::new());
    if let Some(Value::Function(function)) = call.args.get(at).map(|arg| &arg.value) {
        let arg = Arg { piece: call.piece, value: Value::Router(inner) };
        e.run(*function, &[arg]);
    }
    Value::Router(inner)
}

fn mount<'f>(e: &mut Evaluator<'_, 'f>, router: Router, prefix: &str, call: &Call<'_, 'f>) {
    let handler = Handler::around(call.arg(1));
    let Value::Router(inner) = handler.inner else { return };
    // Only its own routers know that a part of the path is done; others see all of it.
    let prefix = match (&handler.strip, inner.dialect.framework) {
        (Some(strip), _) => strip.as_str(),
        (None, "chi") => prefix.trim_end_matches('/'),
        _ => "",
    };
    e.graph.mount(router.id, prefix, inner.id, handler.guards);
}

fn route<'f>(
    e: &mut Evaluator<'_, 'f>,
    router: Router,
    methods: &[&str],
    path: &str,
    handler: Option<&Arg<'f>>,
    call: &Call<'_, 'f>,
) {
    let Some(handler) = handler else { return };
    let inner = Handler::around(handler.value.clone());
    if let Value::Router(mounted) = inner.inner {
        e.graph.mount(router.id, &inner.strip.unwrap_or_default(), mounted.id, inner.guards);
        return;
    }
    let written = handler.piece.text();
    e.declare(router, methods, path, handler.value.clone(), written, Vec::new(), call.piece);
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "routes, groups and middleware",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"
)

var tokenAuth *jwtauth.JWTAuth

func memberOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Member") == "" {
			http.Error(w, http.StatusText(403), 403)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func main() {
	r := chi.NewRouter()
	r.Use(middleware.RequestID)
	r.Use(middleware.Logger, middleware.Recoverer)
	r.Get("/", home)
	r.Route("/articles", func(r chi.Router) {
		r.With(paginate).Get("/", list)
		r.With(memberOnly).Post("/", create)
		r.Route("/{articleID:[0-9]+}", func(r chi.Router) {
			r.Use(articleCtx)
			r.Get("/", get)
			r.Put("/", update)
		})
	})
	r.Mount("/admin", adminRouter())
	r.Group(func(r chi.Router) {
		r.Use(jwtauth.Verifier(tokenAuth))
		r.Get("/verified-only", verified)
		r.Group(func(r chi.Router) {
			r.Use(jwtauth.Authenticator(tokenAuth))
			r.Method(http.MethodPatch, "/me", http.HandlerFunc(me))
			r.HandleFunc("/ws/*", ws)
		})
	})
	http.ListenAndServe(":3333", r)
}

func adminRouter() http.Handler {
	r := chi.NewRouter()
	r.Use(memberOnly)
	r.Get("/", index)
	r.Get("/accounts/", accounts)
	return r
}
"#,
        )],
        routes: &[
            "GET / none",
            "GET /articles none",
            "POST /articles required",
            "GET /articles/{articleID} none",
            "PUT /articles/{articleID} none",
            "GET /admin required",
            "GET /admin/accounts/ required",
            "GET /verified-only none",
            "PATCH /me required",
            "ANY /ws/{rest} required",
        ],
    },
    Example {
        title: "resources with methods that give routers",
        files: &[
            (
                "cmd/api/main.go",
                r#"package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/acme/todo/internal/todos"
	"github.com/acme/todo/internal/users"
)

func main() {
	r := chi.NewRouter()
	r.Mount("/users", users.Resource{}.Routes())
	r.Route("/api", func(api chi.Router) {
		api.Mount("/todos", todos.New(nil).Routes())
	})
	http.ListenAndServe(":3333", r)
}
"#,
            ),
            (
                "internal/users/users.go",
                r#"package users

import "github.com/go-chi/chi/v5"

type Resource struct{}

func (rs Resource) Routes() chi.Router {
	r := chi.NewRouter()
	r.Get("/", rs.List)
	r.Route("/{id}", func(r chi.Router) {
		r.Get("/", rs.Get)
		r.Delete("/", rs.Delete)
	})
	return r
}
"#,
            ),
            (
                "internal/todos/todos.go",
                r#"package todos

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

type Handler struct{ store Store }

func New(store Store) *Handler { return &Handler{store: store} }

func (h *Handler) Routes() http.Handler {
	r := chi.NewRouter()
	r.Use(h.requireSession)
	r.Post("/", h.create)
	r.Handle("GET /{id}/sync", http.HandlerFunc(h.sync))
	return r
}

func (h *Handler) requireSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := h.store.Session(r); err != nil {
			writeError(w, http.StatusUnauthorized, "session")
			return
		}
		next.ServeHTTP(w, r)
	})
}
"#,
            ),
        ],
        routes: &[
            "GET /users none",
            "GET /users/{id} none",
            "DELETE /users/{id} none",
            "POST /api/todos required",
            "GET /api/todos/{id}/sync required",
        ],
    },
    Example {
        title: "a server struct and functions for parts",
        files: &[(
            "server.go",
            r#"package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

type app struct {
	router chi.Router
	tokens []string
}

func main() {
	a := &app{}
	a.router = chi.NewRouter()
	a.mount()
	srv := &http.Server{Addr: ":80", Handler: a.router}
	srv.ListenAndServe()
}

func (a *app) mount() {
	a.router.Route("/v1", a.v1)
	a.router.Get("/status", a.status)
	a.router.NotFound(a.missing)
}

func (a *app) v1(r chi.Router) {
	r.Get("/public", a.public)
	r.Group(a.private)
}

func (a *app) private(r chi.Router) {
	r.Use(a.check)
	r.Get("/secret", a.secret)
	r.Get("/files/*", http.FileServer(http.Dir(".")).ServeHTTP)
}

func (a *app) check(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.known(r) {
			a.unauthenticated(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *app) unauthenticated(w http.ResponseWriter) {
	w.WriteHeader(http.StatusUnauthorized)
}
"#,
        )],
        routes: &["GET /status none", "GET /v1/public none", "GET /v1/secret required"],
    },
    Example {
        title: "a whole router behind a function, and paths that it lets through",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

var open = map[string]bool{"/login": true, "/register": true}

func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open[r.URL.Path] || strings.HasPrefix(r.URL.Path, "/public/") {
			next.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(401)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func main() {
	r := chi.NewRouter()
	r.Post("/login", login)
	r.Post("/register", register)
	r.Get("/public/{file}", file)
	r.Get("/orders", orders)
	http.ListenAndServe(":80", guarded(r))
}
"#,
        )],
        routes: &[
            "POST /login none",
            "POST /register none",
            "GET /public/{file} none",
            "GET /orders required",
        ],
    },
    Example {
        title: "interfaces that register",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	"github.com/go-chi/chi"
)

type registrar interface{ Register(chi.Router) }

type users struct{}

func (users) Register(r chi.Router) { r.Get("/users", nil) }

type orders struct{ prefix string }

func (o *orders) Register(r chi.Router) {
	r.Route(o.prefix, func(r chi.Router) { r.Post("/", nil) })
}

func build(parts ...registrar) *chi.Mux {
	mux := chi.NewMux()
	for _, part := range parts {
		part.Register(mux)
	}
	return mux
}

func main() {
	http.ListenAndServe(":80", build(users{}, &orders{prefix: "/orders"}))
}
"#,
        )],
        routes: &["GET /users none", "POST /orders none"],
    },
    Example {
        title: "what is no route",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

type cache struct{}

func (c *cache) Get(key string, v any) {}

func handler(w http.ResponseWriter, r *http.Request) {
	c := &cache{}
	c.Get("/users", nil)
	http.Get("http://localhost/x")
	id := chi.URLParam(r, "id")
	_ = id
}
"#,
        )],
        routes: &[],
    },
];
