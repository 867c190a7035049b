package main

import (
	"log"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"example.com/festival/api"
)

func main() {
	e := echo.New()
	e.Use(middleware.RequestID(), middleware.Gzip(), middleware.CORS())
	api.Register(e)
	log.Fatal(e.Start(":8000"))
}
