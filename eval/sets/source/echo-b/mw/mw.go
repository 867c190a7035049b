// Package mw has the middleware of the festival API.
package mw

import (
	"net/http"
	"os"

	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

// Token refuses requests without a valid JWT.
func Token() echo.MiddlewareFunc {
	return echojwt.WithConfig(echojwt.Config{
		SigningKey: []byte(os.Getenv("JWT_KEY")),
	})
}

// Wristband checks the wristband header the gates send.
func Wristband(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !known(c.Request().Header.Get("X-Wristband")) {
			return echo.NewHTTPError(http.StatusForbidden, "no wristband")
		}
		return next(c)
	}
}

// Crew needs a crew wristband.
func Crew(team string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().Header.Get("X-Crew") != team+os.Getenv("CREW_SUFFIX") {
				return c.NoContent(http.StatusUnauthorized)
			}
			return next(c)
		}
	}
}

// AuthorStats counts artists by name, for the dashboard.
func AuthorStats(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set("artist", c.Param("artist"))
		return next(c)
	}
}

func known(w string) bool { return len(w) == 12 }
