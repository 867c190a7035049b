package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"example.com/radio/internal/config"
	"example.com/radio/internal/guard"
	"example.com/radio/internal/store"
)

const apiPrefix = "/api/v3"

// Server owns the routes.
type Server struct {
	cfg   config.Config
	store *store.Store
	guard *guard.Guard
}

// New builds a server.
func New(cfg config.Config, st *store.Store) *Server {
	return &Server{cfg: cfg, store: st, guard: guard.New(cfg.JWTKey)}
}

// Engine wires everything together.
func (s *Server) Engine() *gin.Engine {
	e := gin.New()
	e.Use(gin.Logger(), gin.Recovery())

	e.GET("/livez", ok)
	e.GET("/readyz", ok)

	api := e.Group(apiPrefix)
	s.registerSessions(api)
	s.registerShows(api.Group("/shows"))

	private := api.Group("")
	private.Use(s.guard.Member())
	s.registerPlaylists(private)

	studio := private.Group("/studio")
	studio.Use(guard.Producer)
	s.registerStudio(studio)

	return e
}

func ok(c *gin.Context) { c.Status(http.StatusOK) }
