package config

import "os"

// Config holds what the server needs to start.
type Config struct {
	Addr        string
	DatabaseURL string
	JWTKey      []byte
}

const (
	defaultDSN = "postgres://radio:made-up-Rad10-pass@db.example.com:5432/radio?sslmode=require"
	defaultKey = "made-up-radio-hs256-key-aa11bb22cc33dd44ee55ff66"
)

func env(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

// Load reads the environment.
func Load() Config {
	return Config{
		Addr:        env("ADDR", ":8080"),
		DatabaseURL: env("DATABASE_URL", defaultDSN),
		JWTKey:      []byte(env("JWT_KEY", defaultKey)),
	}
}
