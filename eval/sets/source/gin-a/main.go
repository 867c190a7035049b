package main

import (
	"crypto/subtle"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
)

type spot struct {
	ID     int    `json:"id"`
	Street string `json:"street"`
	Free   bool   `json:"free"`
}

var spots = map[int]*spot{}

// wardenOnly lets requests with the warden key through.
func wardenOnly() gin.HandlerFunc {
	key := []byte(os.Getenv("WARDEN_KEY"))
	return func(c *gin.Context) {
		given := []byte(c.GetHeader("X-Warden-Key"))
		if len(key) == 0 || subtle.ConstantTimeCompare(key, given) != 1 {
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "wardens only"})
			return
		}
		c.Next()
	}
}

func timing() gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		log.Printf("%s %s %d %s", c.Request.Method, c.FullPath(), c.Writer.Status(), time.Since(start))
	}
}

func noIndex(c *gin.Context) {
	c.Header("X-Robots-Tag", "noindex")
}

func setupRouter() *gin.Engine {
	r := gin.New()
	r.Use(gin.Recovery(), timing())
	r.Use(cors.Default())

	r.GET("/", func(c *gin.Context) {
		c.String(http.StatusOK, "parking")
	})
	r.GET("/healthz", func(c *gin.Context) { c.Status(http.StatusNoContent) })

	r.GET("/spots", listSpots)
	r.GET("/spots/:id", getSpot)
	r.POST("/spots", wardenOnly(), addSpot)
	r.DELETE("/spots/:id", wardenOnly(), deleteSpot)

	r.POST("/spots/:id/claim", noIndex, claim)
	r.Any("/echo", func(c *gin.Context) { c.String(http.StatusOK, c.Request.Method) })
	r.GET("/maps/*tile", noIndex, tile)

	// r.GET("/spots/:id/history", history)

	tickets := r.Group("/tickets", wardenOnly())
	{
		tickets.GET("", listTickets)
		tickets.POST("", writeTicket)
		tickets.GET("/:number", showTicket)
		tickets.Handle(http.MethodPatch, "/:number", cancelTicket)
	}

	// drivers pay with the number on the ticket
	r.POST("/payments/:number", pay)

	authorized := r.Group("/office", gin.BasicAuth(gin.Accounts{
		"office": os.Getenv("OFFICE_PASSWORD"),
	}))
	authorized.GET("/income", income)
	authorized.GET("/income/:year", income)

	return r
}

func listSpots(c *gin.Context) {
	out := make([]*spot, 0, len(spots))
	for _, s := range spots {
		out = append(out, s)
	}
	c.JSON(http.StatusOK, out)
}

func getSpot(c *gin.Context) {
	id, err := strconv.Atoi(c.Param("id"))
	if err != nil {
		c.AbortWithStatus(http.StatusBadRequest)
		return
	}
	s, ok := spots[id]
	if !ok {
		c.AbortWithStatus(http.StatusNotFound)
		return
	}
	c.JSON(http.StatusOK, s)
}

func addSpot(c *gin.Context) {
	var s spot
	if err := c.ShouldBindJSON(&s); err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	spots[s.ID] = &s
	c.JSON(http.StatusCreated, s)
}

func deleteSpot(c *gin.Context) {
	id, _ := strconv.Atoi(c.Param("id"))
	delete(spots, id)
	c.Status(http.StatusNoContent)
}

func claim(c *gin.Context)        { c.JSON(http.StatusOK, gin.H{"claimed": c.Param("id")}) }
func tile(c *gin.Context)         { c.String(http.StatusOK, c.Param("tile")) }
func listTickets(c *gin.Context)  { c.JSON(http.StatusOK, []string{}) }
func writeTicket(c *gin.Context)  { c.Status(http.StatusCreated) }
func showTicket(c *gin.Context)   { c.JSON(http.StatusOK, gin.H{"number": c.Param("number")}) }
func cancelTicket(c *gin.Context) { c.Status(http.StatusNoContent) }
func income(c *gin.Context)       { c.JSON(http.StatusOK, gin.H{"year": c.Param("year")}) }

func pay(c *gin.Context) {
	resp, err := http.Post("https://pay.example.com/charges", "application/json", c.Request.Body)
	if err != nil {
		c.AbortWithStatus(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	c.Status(resp.StatusCode)
}

func main() {
	if err := setupRouter().Run(":8080"); err != nil {
		log.Fatal(err)
	}
}
