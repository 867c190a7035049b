package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func (s *Server) registerShows(g *gin.RouterGroup) {
	g.Use(s.guard.Maybe())

	g.GET("/", s.listShows)
	g.GET("/:slug", s.showShow)
	g.GET("/:slug/episodes", s.listEpisodes)
	g.GET("/:slug/episodes/:number", s.showEpisode)
	g.POST("/:slug/follow", s.guard.Member(), s.follow)
}

func (s *Server) listShows(c *gin.Context) {
	limit, err := s.store.Get(c, "/shows/limit")
	if err != nil {
		limit = "20"
	}
	c.JSON(http.StatusOK, gin.H{"limit": limit, "shows": []string{}})
}

func (s *Server) showShow(c *gin.Context)     { c.JSON(http.StatusOK, gin.H{"slug": c.Param("slug")}) }
func (s *Server) listEpisodes(c *gin.Context) { c.JSON(http.StatusOK, []string{}) }
func (s *Server) showEpisode(c *gin.Context)  { c.JSON(http.StatusOK, c.Param("number")) }
func (s *Server) follow(c *gin.Context)       { c.Status(http.StatusNoContent) }
