package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

type route struct {
	method  string
	path    string
	handler gin.HandlerFunc
}

func (s *Server) registerPlaylists(g *gin.RouterGroup) {
	routes := []route{
		{http.MethodGet, "/playlists", empty},
		{http.MethodPost, "/playlists", created},
		{http.MethodGet, "/playlists/:id", empty},
		{http.MethodPut, "/playlists/:id", empty},
		{http.MethodDelete, "/playlists/:id", gone},
	}
	for _, r := range routes {
		g.Handle(r.method, r.path, r.handler)
	}
}

func empty(c *gin.Context)   { c.JSON(http.StatusOK, gin.H{}) }
func created(c *gin.Context) { c.Status(http.StatusCreated) }
func gone(c *gin.Context)    { c.Status(http.StatusNoContent) }
