package main

import (
	"log/slog"
	"os"

	"example.com/radio/internal/config"
	"example.com/radio/internal/httpapi"
	"example.com/radio/internal/store"
)

func main() {
	cfg := config.Load()
	st, err := store.Open(cfg.DatabaseURL)
	if err != nil {
		slog.Error("database", "err", err)
		os.Exit(1)
	}
	srv := httpapi.New(cfg, st)
	if err := srv.Engine().Run(cfg.Addr); err != nil {
		slog.Error("server", "err", err)
		os.Exit(1)
	}
}
