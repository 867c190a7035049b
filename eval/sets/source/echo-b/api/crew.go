package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/festival/mw"
)

func noContent(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

func mountCrew(g *echo.Group) {
	g.GET("/shifts", noContent)
	g.POST("/shifts", noContent)
	g.POST("/shifts/:id/swap", noContent)

	sec := g.Group("/security")
	sec.Use(mw.Crew("security"))
	sec.GET("/incidents", noContent)
	sec.POST("/incidents", noContent)
}

func mountGates(g *echo.Group) {
	g.Use(mw.Wristband)
	g.POST("/enter", noContent)
	g.POST("/leave", noContent)
	g.Add(http.MethodGet, "/count", noContent)
}
