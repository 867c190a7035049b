// Package guard keeps strangers out.
package guard

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
)

// Guard checks tokens.
type Guard struct{ key []byte }

// New returns a guard for HS256 tokens.
func New(key []byte) *Guard { return &Guard{key: key} }

// Member refuses requests without a valid token.
func (g *Guard) Member() gin.HandlerFunc {
	return func(c *gin.Context) {
		raw, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
		if !ok {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "token required"})
			return
		}
		claims := jwt.MapClaims{}
		if _, err := jwt.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return g.key, nil }); err != nil {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "bad token"})
			return
		}
		c.Set("claims", claims)
		c.Next()
	}
}

// Maybe stores the claims when a token is sent; it never refuses.
func (g *Guard) Maybe() gin.HandlerFunc {
	return func(c *gin.Context) {
		if raw, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer "); ok {
			claims := jwt.MapClaims{}
			if _, err := jwt.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return g.key, nil }); err == nil {
				c.Set("claims", claims)
			}
		}
		c.Next()
	}
}

// Producer needs the producer flag in the claims.
func Producer(c *gin.Context) {
	v, _ := c.Get("claims")
	claims, ok := v.(jwt.MapClaims)
	if !ok || claims["producer"] != true {
		c.AbortWithStatus(http.StatusForbidden)
		return
	}
	c.Next()
}
