package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/festival/mw"
)

const (
	base = "/api"
	v1   = base + "/v1"
)

// Register adds all routes.
func Register(e *echo.Echo) {
	e.GET("/status", func(c echo.Context) error {
		return c.JSON(http.StatusOK, echo.Map{"ok": true})
	})

	g := e.Group(v1)
	NewLineup().Mount(g.Group("/lineup"))
	NewTickets().Mount(g)
	mountCrew(g.Group("/crew", mw.Token()))
	mountGates(g.Group("/gates/:gate"))
}
