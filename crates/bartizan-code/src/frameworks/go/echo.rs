//! Echo.

use super::{
    METHODS,
    evaluate::Evaluator,
    gin::texts,
    value::{Call, Dialect, Handler, Router, Value},
};
use crate::{
    frameworks::{Example, Framework},
    graph::Reach,
    limits::Limits,
    project::Project,
    route::{Level, Route},
    syntax::Language,
};

/// Echo.
pub(in crate::frameworks) static FRAMEWORK: Framework = Framework {
    name: "echo",
    title: "Echo",
    languages: &[Language::Go],
    documentation: "\
Instances and groups are followed through functions, methods, struct fields and packages. Read are \
`GET` and its siblings, `Add`, `Any`, `Match`, `Group`, `Host`, `Use` and `Pre`; middleware of the \
instance stands before everything, that of a group before what is declared after it. Middleware is \
a guard when its function answers 401 or 403 before it hands on, or comes from a package and is \
called like one (`middleware.KeyAuth`, `echojwt.JWT`); paths that its `Skipper` names are let \
through. Static files are left out.",
    examples: EXAMPLES,
    read,
};

fn read(project: &Project<'_>, limits: &Limits) -> Vec<Route> {
    super::read(project, limits, "echo")
}

pub(super) static DIALECT: Dialect = Dialect {
    framework: "echo",
    packages: &["github.com/labstack/echo"],
    makers: &["New"],
    types: &["Echo", "Group"],
    whole: &["Echo"],
    globals: &[],
    call,
};

fn call<'f>(e: &mut Evaluator<'_, 'f>, router: Router, call: &Call<'_, 'f>) -> Value<'f> {
    match call.name {
        "Use" | "Pre" => {
            let (level, reach) = match router.is_whole {
                true => (Level::Application, Reach::All),
                false => (Level::Group, Reach::Later),
            };
            for guard in e.guards(call.args, level) {
                e.graph.guard(router.id, "", guard, reach);
            }
        }
        "Group" | "Host" => {
            let guards = e.guards(call.from(1), Level::Group);
            let prefix = match call.name {
                "Group" => Evaluator::colons(call.text(0).unwrap_or_default()),
                _ => String::new(),
            };
            let prefix = if prefix == "/" { String::new() } else { prefix };
            return Value::Router(e.group(router, &prefix, guards));
        }
        "Add" => {
            if let Some(method) = call.text(0) {
                route(e, router, &[method], call, 1);
            }
        }
        "Match" => {
            let methods = texts(&call.arg(0));
            let methods: Vec<_> = methods.iter().map(String::as_str).collect();
            if !methods.is_empty() {
                route(e, router, &methods, call, 1);
            }
        }
        "Any" => route(e, router, &["ANY"], call, 0),
        name if METHODS.contains(&name) => route(e, router, &[name], call, 0),
        _ => {}
    }
    Value::Unknown
}

/// A route with its path at `at`, the handler behind it, and middleware last.
fn route<'f>(
    e: &mut Evaluator<'_, 'f>,
    router: Router,
    methods: &[&str],
    call: &Call<'_, 'f>,
    at: usize,
) {
    let Some(path) = call.text(at) else { return };
    let path = Evaluator::colons(path);
    let Some(handler) = call.args.get(at + 1) else { return };
    let mut guards = e.guards(call.from(at + 2), Level::Route);
    let inner = Handler::around(handler.value.clone());
    if methods == ["ANY"]
        && let Value::Router(mounted) = inner.inner
    {
        guards.extend(inner.guards);
        e.graph.mount(router.id, &inner.strip.unwrap_or_default(), mounted.id, guards);
        return;
    }
    let written = handler.piece.text();
    e.declare(router, methods, &path, handler.value.clone(), written, guards, call.piece);
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "groups and middleware behind handlers",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

func onlyStaff(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Get("user") == nil {
			return echo.NewHTTPError(http.StatusForbidden, "no")
		}
		return next(c)
	}
}

func main() {
	e := echo.New()
	e.Use(middleware.Logger(), middleware.CORS(), middleware.CSRF())
	e.GET("/", home)
	e.POST("/login", login)
	api := e.Group("/api", echojwt.JWT([]byte("secret")))
	api.GET("/me", me)
	api.Add(http.MethodPut, "/me", change)
	e.DELETE("/users/:id", remove, onlyStaff)
	g := e.Group("/admin")
	g.GET("/open", open)
	g.Use(middleware.BasicAuth(func(u, p string, c echo.Context) (bool, error) { return u == p, nil }))
	g.Match([]string{http.MethodGet, http.MethodPost}, "/form", form)
	g.Any("/files/*", files)
	e.Static("/static", "public")
	e.Logger.Fatal(e.Start(":1323"))
}
"#,
        )],
        routes: &[
            "GET / none",
            "POST /login none",
            "GET /api/me required",
            "PUT /api/me required",
            "DELETE /users/{id} required",
            "GET /admin/open none",
            "GET /admin/form required",
            "POST /admin/form required",
            "ANY /admin/files/{rest} required",
        ],
    },
    Example {
        title: "a guard of the instance that skips paths",
        files: &[(
            "main.go",
            r#"package main

import (
	"strings"

	"github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

func main() {
	e := echo.New()
	e.GET("/users", users)
	e.POST("/auth/login", login)
	e.GET("/health", health)
	e.GET("/healthy", healthy)
	config := echojwt.Config{
		SigningKey: []byte("x"),
		Skipper: func(c echo.Context) bool {
			return strings.HasPrefix(c.Path(), "/auth") || c.Path() == "/health"
		},
	}
	e.Use(echojwt.WithConfig(config))
	e.Start(":80")
}
"#,
        )],
        routes: &[
            "GET /users required",
            "POST /auth/login none",
            "GET /health none",
            "GET /healthy required",
        ],
    },
    Example {
        title: "handlers in packages",
        files: &[
            (
                "main.go",
                r#"package main

import (
	"github.com/labstack/echo/v4"

	"example.com/notes/handler"
	"example.com/notes/router"
)

func main() {
	r := router.New()
	v1 := r.Group("/api")
	h := handler.NewHandler(nil, nil)
	h.Register(v1)
	r.Logger.Fatal(r.Start("127.0.0.1:8585"))
}
"#,
            ),
            (
                "router/router.go",
                r#"package router

import (
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

func New() *echo.Echo {
	e := echo.New()
	e.Pre(middleware.RemoveTrailingSlash())
	e.Use(middleware.Logger())
	return e
}
"#,
            ),
            (
                "router/middleware/jwt.go",
                r#"package middleware

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

type (
	Config struct {
		Skipper Skipper
		Key     interface{}
	}
	Skipper func(c echo.Context) bool
)

var ErrMissing = echo.NewHTTPError(http.StatusUnauthorized, "missing")

func Token(key interface{}) echo.MiddlewareFunc {
	c := Config{}
	c.Key = key
	return TokenWithConfig(c)
}

func TokenWithConfig(config Config) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			auth, err := extract(c)
			if err != nil {
				if config.Skipper != nil {
					if config.Skipper(c) {
						return next(c)
					}
				}
				return c.JSON(http.StatusUnauthorized, err)
			}
			c.Set("user", auth)
			return next(c)
		}
	}
}
"#,
            ),
            (
                "handler/routes.go",
                r#"package handler

import (
	"github.com/labstack/echo/v4"

	"example.com/notes/router/middleware"
)

type Handler struct{ store Store }

func NewHandler(s Store, t Other) *Handler {
	return &Handler{store: s}
}

func (h *Handler) Register(v1 *echo.Group) {
	token := middleware.Token(secret)
	guests := v1.Group("/users")
	guests.POST("", h.SignUp)
	guests.POST("/login", h.Login)
	user := v1.Group("/user", token)
	user.GET("", h.Current)
	notes := v1.Group("/notes", middleware.TokenWithConfig(
		middleware.Config{
			Skipper: func(c echo.Context) bool {
				if c.Request().Method == "GET" && c.Path() != "/api/notes/feed" {
					return true
				}
				return false
			},
			Key: secret,
		},
	))
	notes.POST("", h.Create)
}
"#,
            ),
        ],
        routes: &[
            "POST /api/users none",
            "POST /api/users/login none",
            "GET /api/user required",
            "POST /api/notes required",
        ],
    },
    Example {
        title: "a struct with the instance in it",
        files: &[(
            "server.go",
            r#"package server

import "github.com/labstack/echo/v4"

type Server struct {
	*echo.Echo
	auth *Auth
}

type Auth struct{}

func (a *Auth) Check(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Header.Get("X-Token") == "" {
			return echo.ErrUnauthorized
		}
		return next(c)
	}
}

func NewServer() *Server {
	s := &Server{Echo: echo.New(), auth: &Auth{}}
	s.routes()
	return s
}

func (s *Server) routes() {
	s.GET("/ping", s.ping)
	orders := s.Group("/orders")
	orders.Use(s.auth.Check)
	orders.GET("", s.list)
	s.addItems(orders, "/:order")
}

func (s *Server) addItems(g *echo.Group, at string) {
	g.GET(at+"/items", s.items)
}
"#,
        )],
        routes: &["GET /ping none", "GET /orders required", "GET /orders/{order}/items required"],
    },
    Example {
        title: "a handler wrapped in a guard",
        files: &[(
            "main.go",
            r#"package main

import (
	"fmt"
	"github.com/labstack/echo/v4"
)

const version = 2

func signedIn(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Get("uid") == nil {
			return c.NoContent(401)
		}
		return h(c)
	}
}

func main() {
	e := echo.New()
	prefix := fmt.Sprintf("/v%d", version)
	e.GET(prefix+"/a", signedIn(a))
	e.GET(prefix+"/b", b)
	e.Start("")
}
"#,
        )],
        routes: &["GET /v2/a required", "GET /v2/b none"],
    },
    Example {
        title: "what is no route",
        files: &[(
            "main.go",
            r#"package main

import (
	"github.com/labstack/echo/v4"
	"github.com/go-resty/resty/v2"
)

func handler(c echo.Context) error {
	client := resty.New()
	client.R().Get("/users")
	client.GET("/x", nil)
	return c.String(200, "e.GET(\"/y\", h)")
}
"#,
        )],
        routes: &[],
    },
];
