package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
)

func (s *Server) registerSessions(g *gin.RouterGroup) {
	g.POST("/sessions", s.login)
	g.GET("/sessions/current", s.guard.Member(), func(c *gin.Context) {
		claims, _ := c.Get("claims")
		c.JSON(http.StatusOK, claims)
	})
}

func (s *Server) login(c *gin.Context) {
	var in struct {
		User string `json:"user" binding:"required"`
	}
	if err := c.BindJSON(&in); err != nil {
		return
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": in.User,
		"exp": time.Now().Add(time.Hour).Unix(),
	})
	signed, err := tok.SignedString(s.cfg.JWTKey)
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"token": signed})
}
