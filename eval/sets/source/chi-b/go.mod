module example.com/theatre

go 1.22

require (
	github.com/go-chi/chi/v5 v5.0.14
	github.com/go-chi/jwtauth/v5 v5.3.1
)
