package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/festival/mw"
)

// Tickets sells and shows tickets.
type Tickets struct {
	client *http.Client
}

// NewTickets returns the handler set.
func NewTickets() *Tickets { return &Tickets{client: http.DefaultClient} }

// Mount adds the routes to g.
func (t *Tickets) Mount(g *echo.Group) {
	g.POST("/tickets", t.buy)
	g.GET("/tickets/:code", t.show)

	mine := g.Group("/my", mw.Token())
	mine.GET("/tickets", t.mine)
	mine.POST("/tickets/:code/transfer", t.transfer)
	mine.DELETE("/account", t.forget)
}

func (t *Tickets) buy(c echo.Context) error {
	res, err := t.client.Get("https://pay.example.com/methods")
	if err != nil {
		return echo.ErrBadGateway
	}
	defer res.Body.Close()
	return c.NoContent(http.StatusCreated)
}

func (t *Tickets) show(c echo.Context) error     { return c.JSON(http.StatusOK, c.Param("code")) }
func (t *Tickets) mine(c echo.Context) error     { return c.JSON(http.StatusOK, []string{}) }
func (t *Tickets) transfer(c echo.Context) error { return c.NoContent(http.StatusAccepted) }
func (t *Tickets) forget(c echo.Context) error   { return c.NoContent(http.StatusNoContent) }
