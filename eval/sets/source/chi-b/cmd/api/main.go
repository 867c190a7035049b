package main

import (
	"log"
	"net/http"
	"os"

	"example.com/theatre/internal/access"
	"example.com/theatre/internal/mail"
	"example.com/theatre/internal/web"
)

func main() {
	keys := access.New([]byte(os.Getenv("JWT_KEY")))
	h := web.NewRouter(keys, mail.New("https://mail.example.com"))
	log.Fatal(http.ListenAndServe(":8080", h))
}
