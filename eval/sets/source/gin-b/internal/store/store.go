package store

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Store wraps the connection pool.
type Store struct{ pool *pgxpool.Pool }

// Open connects to the database.
func Open(url string) (*Store, error) {
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		return nil, err
	}
	return &Store{pool: pool}, nil
}

// Get returns a setting; the key looks like "/shows/limit".
func (s *Store) Get(ctx context.Context, key string) (string, error) {
	var v string
	err := s.pool.QueryRow(ctx, "select value from settings where key = $1", key).Scan(&v)
	return v, err
}
