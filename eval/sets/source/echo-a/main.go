package main

import (
	"crypto/subtle"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

func main() {
	e := newApp()
	e.Logger.Fatal(e.Start(":1323"))
}

func newApp() *echo.Echo {
	e := echo.New()
	e.HideBanner = true

	e.Pre(middleware.RemoveTrailingSlash())
	e.Use(middleware.Logger())
	e.Use(middleware.Recover())
	e.Use(middleware.BodyLimit("2M"))

	keyAuth := middleware.KeyAuth(func(key string, c echo.Context) (bool, error) {
		want := os.Getenv("SEEDS_KEY")
		return want != "" && subtle.ConstantTimeCompare([]byte(key), []byte(want)) == 1, nil
	})

	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, "seed exchange")
	})
	e.GET("/health", health)

	e.GET("/seeds", listSeeds)
	e.GET("/seeds/:id", getSeed)
	e.POST("/seeds", createSeed, keyAuth)
	e.PUT("/seeds/:id", updateSeed, keyAuth)
	e.DELETE("/seeds/:id", deleteSeed, keyAuth)

	e.Match([]string{"GET", "POST"}, "/seeds/search", searchSeeds)
	e.Any("/ping", health)
	e.GET("/pictures/*", picture)

	// e.GET("/seeds/:id/parents", parents)

	swaps := e.Group("/swaps", keyAuth)
	swaps.GET("", listSwaps)
	swaps.POST("", createSwap)
	swaps.PATCH("/:swapID", updateSwap)
	swaps.POST("/:swapID/accept", acceptSwap)

	basic := middleware.BasicAuth(func(user, pass string, c echo.Context) (bool, error) {
		return user == "bank" && pass == os.Getenv("BANK_PASSWORD"), nil
	})
	bank := e.Group("/bank")
	bank.GET("/hours", hours)
	bank.Use(basic)
	bank.GET("/inventory", inventory)
	bank.POST("/inventory/:id/count", inventory)

	return e
}

type seed struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func health(c echo.Context) error      { return c.NoContent(http.StatusNoContent) }
func listSeeds(c echo.Context) error   { return c.JSON(http.StatusOK, []seed{}) }
func getSeed(c echo.Context) error     { return c.JSON(http.StatusOK, seed{ID: c.Param("id")}) }
func deleteSeed(c echo.Context) error  { return c.NoContent(http.StatusNoContent) }
func searchSeeds(c echo.Context) error { return c.JSON(http.StatusOK, []seed{}) }
func picture(c echo.Context) error     { return c.File("pictures/" + c.Param("*")) }
func listSwaps(c echo.Context) error   { return c.JSON(http.StatusOK, []string{}) }
func createSwap(c echo.Context) error  { return c.NoContent(http.StatusCreated) }
func updateSwap(c echo.Context) error  { return c.NoContent(http.StatusOK) }
func acceptSwap(c echo.Context) error  { return c.NoContent(http.StatusOK) }
func hours(c echo.Context) error       { return c.String(http.StatusOK, "Sat 10-12") }
func inventory(c echo.Context) error   { return c.JSON(http.StatusOK, map[string]int{}) }

func createSeed(c echo.Context) error {
	var s seed
	if err := c.Bind(&s); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, s)
}

func updateSeed(c echo.Context) error {
	var s seed
	if err := c.Bind(&s); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, err.Error())
	}
	s.ID = c.Param("id")
	return c.JSON(http.StatusOK, s)
}
