package main

import (
	"log/slog"
	"net/http"
	"os"

	"example.com/laundry/internal/legacy"
	"example.com/laundry/internal/server"
)

func main() {
	srv := server.New(os.Getenv("SESSION_KEY"))

	root := http.NewServeMux()
	root.Handle("/api/v1/", http.StripPrefix("/api/v1", srv.API()))
	root.Handle("/manage/", srv.Sessions.SignedIn(srv.Manage()))
	legacy.Register(root)

	if err := http.ListenAndServe(":8080", root); err != nil {
		slog.Error("stopped", "err", err)
		os.Exit(1)
	}
}
