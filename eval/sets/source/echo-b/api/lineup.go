package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/festival/mw"
)

// Lineup serves stages and artists.
type Lineup struct{}

// NewLineup returns the handler set.
func NewLineup() *Lineup { return &Lineup{} }

// Mount adds the routes to g.
func (l *Lineup) Mount(g *echo.Group) {
	g.GET("", l.all)
	g.GET("/stages/:stage", l.stage)
	g.GET("/artists/:artist", l.artist, mw.AuthorStats)
	g.POST("/artists", l.addArtist, mw.Token(), mw.Crew("booking"))
	g.PUT("/artists/:artist", l.artist, mw.Crew("booking"))
}

func (l *Lineup) all(c echo.Context) error       { return c.JSON(http.StatusOK, []string{}) }
func (l *Lineup) stage(c echo.Context) error     { return c.JSON(http.StatusOK, c.Param("stage")) }
func (l *Lineup) artist(c echo.Context) error    { return c.JSON(http.StatusOK, c.Get("artist")) }
func (l *Lineup) addArtist(c echo.Context) error { return c.NoContent(http.StatusCreated) }
