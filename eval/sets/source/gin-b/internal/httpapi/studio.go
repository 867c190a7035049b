package httpapi

import "github.com/gin-gonic/gin"

func (s *Server) registerStudio(g *gin.RouterGroup) {
	episodes := g.Group("/episodes")
	episodes.POST("/", created)
	episodes.PATCH("/:id", empty)
	episodes.DELETE("/:id", gone)
	episodes.PUT("/:id/audio", created)

	g.GET("/on-air", empty)
	g.Match([]string{"POST", "DELETE"}, "/on-air", gone)
}
