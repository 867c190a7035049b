package server

import (
	"encoding/json"
	"net/http"

	"example.com/laundry/internal/middleware"
)

// Server has the handlers.
type Server struct {
	Sessions *middleware.Sessions
}

// New builds a server.
func New(key string) *Server {
	return &Server{Sessions: middleware.NewSessions(key)}
}

// API is mounted below /api/v1.
func (s *Server) API() http.Handler {
	mux := http.NewServeMux()
	signedIn := s.Sessions.SignedIn

	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("GET /machines", s.machines)
	mux.HandleFunc("GET /machines/{machine}", s.machine)
	mux.Handle("POST /machines/{machine}/start", signedIn(http.HandlerFunc(s.start)))
	mux.Handle("POST /machines/{machine}/stop", signedIn(http.HandlerFunc(s.stop)))
	mux.Handle("GET /wallet", middleware.Chain(http.HandlerFunc(s.wallet), middleware.Trace, signedIn))
	mux.Handle("POST /wallet/topups", middleware.Chain(http.HandlerFunc(s.topUp), signedIn))
	mux.Handle("GET /prices", middleware.Chain(http.HandlerFunc(s.prices), middleware.Trace))

	return middleware.Trace(mux)
}

// Manage is the area of the owners; the caller wraps it.
func (s *Server) Manage() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /manage/income", s.income)
	mux.HandleFunc("PUT /manage/prices/{program}", s.setPrice)
	mux.HandleFunc("DELETE /manage/machines/{machine}", s.removeMachine)
	return mux
}

func (s *Server) reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) login(w http.ResponseWriter, r *http.Request)         { w.WriteHeader(http.StatusNoContent) }
func (s *Server) machines(w http.ResponseWriter, r *http.Request)      { s.reply(w, []string{}) }
func (s *Server) machine(w http.ResponseWriter, r *http.Request)       { s.reply(w, r.PathValue("machine")) }
func (s *Server) start(w http.ResponseWriter, r *http.Request)         { w.WriteHeader(http.StatusAccepted) }
func (s *Server) stop(w http.ResponseWriter, r *http.Request)          { w.WriteHeader(http.StatusAccepted) }
func (s *Server) wallet(w http.ResponseWriter, r *http.Request)        { s.reply(w, 0) }
func (s *Server) topUp(w http.ResponseWriter, r *http.Request)         { w.WriteHeader(http.StatusCreated) }
func (s *Server) prices(w http.ResponseWriter, r *http.Request)        { s.reply(w, map[string]int{"40": 3}) }
func (s *Server) income(w http.ResponseWriter, r *http.Request)        { s.reply(w, 0) }
func (s *Server) setPrice(w http.ResponseWriter, r *http.Request)      { w.WriteHeader(http.StatusNoContent) }
func (s *Server) removeMachine(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }
