//! Examples for Gin.

use crate::frameworks::Example;

/// Examples for Gin.
pub(super) const GIN: &[Example] = &[
    Example {
        title: "groups, middleware before and after",
        files: &[(
            "main.go",
            r#"package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

const base = "/api"

func gate(c *gin.Context) {
	if c.GetHeader("X-Key") != "k" {
		c.AbortWithStatus(http.StatusUnauthorized)
		return
	}
	c.Next()
}

func main() {
	r := gin.Default()
	r.GET("/health", func(c *gin.Context) { c.String(200, "ok") })
	v1 := r.Group(base + "/v1")
	{
		v1.POST("/login", login)
		v1.Use(gate)
		v1.GET("/users/:id", getUser)
		items := v1.Group("/items")
		items.Any("/any", any)
		items.Match([]string{"PUT", http.MethodPatch}, "", change)
	}
	admin := r.Group("/admin", gin.BasicAuth(gin.Accounts{"a": "b"}))
	admin.DELETE("/files/*path", gate, remove)
	r.GET("/me", gate, me)
	r.Run()
}
"#,
        )],
        routes: &[
            "GET /health none",
            "POST /api/v1/login none",
            "GET /api/v1/users/{id} required",
            "ANY /api/v1/items/any required",
            "PUT /api/v1/items required",
            "PATCH /api/v1/items required",
            "DELETE /admin/files/{path} required",
            "GET /me required",
        ],
    },
    Example {
        title: "handlers in other packages, structs with a router",
        files: &[
            (
                "cmd/server/main.go",
                r#"package main

import "example.com/shop/internal/server"

func main() {
	s := server.New(nil)
	if err := s.Run(":8080"); err != nil {
		panic(err)
	}
}
"#,
            ),
            (
                "internal/server/server.go",
                r#"package server

import (
	"github.com/gin-gonic/gin"

	"example.com/shop/internal/middleware"
	"example.com/shop/internal/orders"
	"example.com/shop/internal/users"
)

type Server struct {
	engine *gin.Engine
	users  *users.Handler
	orders *orders.Handler
}

func New(db *DB) *Server {
	s := &Server{engine: gin.New(), users: users.NewHandler(db), orders: orders.NewHandler(db)}
	s.engine.Use(gin.Logger(), gin.Recovery(), middleware.CORS())
	s.routes()
	return s
}

func (s *Server) routes() {
	api := s.engine.Group("/api/v1")
	s.users.Register(api)
	private := api.Group("")
	private.Use(middleware.Auth("secret"))
	s.orders.Register(private.Group("/orders"))
}

func (s *Server) Run(addr string) error { return s.engine.Run(addr) }
"#,
            ),
            (
                "internal/middleware/middleware.go",
                r#"package middleware

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

func CORS() gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Access-Control-Allow-Headers", "Authorization")
		if c.Request.Method == http.MethodOptions {
			c.AbortWithStatus(204)
			return
		}
		c.Next()
	}
}

func Auth(secret string) gin.HandlerFunc {
	return func(c *gin.Context) {
		token := strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
		if token == "" {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "no token"})
			return
		}
		c.Next()
	}
}
"#,
            ),
            (
                "internal/users/handler.go",
                r#"package users

import "github.com/gin-gonic/gin"

type Handler struct{ db *DB }

func NewHandler(db *DB) *Handler { return &Handler{db: db} }

func (h *Handler) Register(rg *gin.RouterGroup) {
	g := rg.Group("/users")
	g.POST("", h.create)
	g.GET("/:id", h.get)
}
"#,
            ),
            (
                "internal/orders/handler.go",
                r#"package orders

import "github.com/gin-gonic/gin"

type Handler struct{ db *DB }

func NewHandler(db *DB) *Handler { return &Handler{db: db} }

func (h *Handler) Register(rg *gin.RouterGroup) {
	rg.GET("/", h.list)
	rg.GET("/:id", h.get)
}
"#,
            ),
        ],
        routes: &[
            "POST /api/v1/users none",
            "GET /api/v1/users/{id} none",
            "GET /api/v1/orders/ required",
            "GET /api/v1/orders/{id} required",
        ],
    },
    Example {
        title: "lists of routes, optional users and a package for tokens",
        files: &[(
            "main.go",
            r#"package main

import (
	jwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"
)

type route struct {
	Method  string
	Path    string
	Handler gin.HandlerFunc
}

var routes = []route{
	{"GET", "/a", a},
	{Method: "POST", Path: "/b/:id", Handler: b},
}

func withUser() gin.HandlerFunc {
	return func(c *gin.Context) {
		header := c.GetHeader("Authorization")
		if header == "" {
			c.Next()
			return
		}
		user, err := parse(header)
		if err != nil {
			c.AbortWithStatus(401)
			return
		}
		c.Set("user", user)
		c.Next()
	}
}

func setup() (*gin.Engine, error) {
	r := gin.New()
	for _, route := range routes {
		r.Handle(route.Method, route.Path, route.Handler)
	}
	mw, err := jwt.New(&jwt.GinJWTMiddleware{Realm: "x"})
	if err != nil {
		return nil, err
	}
	r.GET("/maybe", withUser(), maybe)
	r.POST("/login", mw.LoginHandler)
	private := r.Group("/private").Use(mw.MiddlewareFunc())
	private.GET("/x", x).PUT("/y", y)
	return r, nil
}

func main() {
	r, _ := setup()
	r.Run()
}
"#,
        )],
        routes: &[
            "GET /a none",
            "POST /b/{id} none",
            "GET /maybe none",
            "POST /login none",
            "GET /private/x required",
            "PUT /private/y required",
        ],
    },
    Example {
        title: "routes given by functions through an interface",
        files: &[
            (
                "main.go",
                r#"package main

import (
	"github.com/gin-gonic/gin"
	"blog/api"
)

func main() {
	router := gin.Default()
	controllers := []api.Controller{api.NewPosts(), api.NewTags()}
	group := router.Group("/api")
	for _, c := range controllers {
		c.Routes(group, api.Authorize)
	}
	router.NoRoute(func(c *gin.Context) { c.JSON(404, nil) })
	router.Static("/assets", "./assets")
	router.Run()
}
"#,
            ),
            (
                "api/api.go",
                r#"package api

import "github.com/gin-gonic/gin"

type Controller interface {
	Routes(group *gin.RouterGroup, auth gin.HandlerFunc)
}

func Authorize(c *gin.Context) {
	if !valid(c) {
		deny(c)
		return
	}
	c.Next()
}

func deny(c *gin.Context) { c.AbortWithStatusJSON(401, gin.H{}) }

type posts struct{}

func NewPosts() Controller { return &posts{} }

func (p *posts) Routes(group *gin.RouterGroup, auth gin.HandlerFunc) {
	posts := group.Group("/posts")
	posts.GET("", p.list)
	posts.POST("", auth, p.create)
}

type tags struct{}

func NewTags() Controller { return tags{} }

func (t tags) Routes(group *gin.RouterGroup, auth gin.HandlerFunc) {
	group.GET("/tags", t.list)
}
"#,
            ),
        ],
        routes: &["GET /api/posts none", "POST /api/posts required", "GET /api/tags none"],
    },
    Example {
        title: "routers that a library gives to functions",
        files: &[
            (
                "main.go",
                r#"package main

import (
	"go.uber.org/fx"
	"example.com/app/web"
)

func main() {
	fx.New(fx.Provide(web.NewEngine), fx.Invoke(web.Register)).Run()
}
"#,
            ),
            (
                "web/web.go",
                r#"package web

import "github.com/gin-gonic/gin"

func NewEngine() *gin.Engine {
	r := gin.New()
	r.Use(RequireToken())
	return r
}

func RequireToken() gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Query("token") == "" {
			c.AbortWithStatus(403)
		}
	}
}

func Register(r *gin.Engine) { r.GET("/x", x) }

func Forgotten(r *gin.Engine) { r.GET("/forgotten", x) }
"#,
            ),
        ],
        routes: &["GET /x required"],
    },
    Example {
        title: "factories of handlers that refuse, and guards that are optional by their name",
        files: &[(
            "main.go",
            r#"package main

import "github.com/gin-gonic/gin"

type guard struct{}

func (g *guard) Required() gin.HandlerFunc { return g.handle(true) }
func (g *guard) Optional() gin.HandlerFunc { return g.handle(false) }
func (g *guard) handle(must bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if must && !known(c) {
			c.AbortWithStatus(401)
			return
		}
		c.Next()
	}
}

func login(users Users) gin.HandlerFunc {
	return func(c *gin.Context) { c.JSON(401, nil) }
}

func main() {
	r := gin.New()
	g := &guard{}
	r.POST("/login", login(users))
	api := r.Group("/api").Use(g.Optional())
	api.GET("/books", list)
	api.POST("/books", g.Required(), create)
	for _, add := range []func(gin.IRouter){extra} {
		add(r)
	}
}

func extra(r gin.IRouter) {
	r.GET("/extra", list)
}
"#,
        )],
        routes: &[
            "POST /login none",
            "GET /api/books none",
            "POST /api/books required",
            "GET /extra none",
        ],
    },
    Example {
        title: "clients, caches and handlers are no routes",
        files: &[(
            "main.go",
            r#"package main

import (
	"github.com/gin-gonic/gin"
	"example.com/client"
)

func fetch(c *gin.Context) {
	api := client.New()
	api.GET("/users", nil)
	c.GetHeader("/x")
	cache := map[string]string{}
	_ = cache["/y"]
	// r.GET("/commented", h)
}
"#,
        )],
        routes: &[],
    },
];
