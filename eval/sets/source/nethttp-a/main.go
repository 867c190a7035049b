// Command jam runs the shop of a small jam kitchen.
//
// The API is plain net/http: see GET /jars and POST /orders. A future version
// may add "GET /jars/{id}/label".
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

type jar struct {
	ID    string `json:"id"`
	Fruit string `json:"fruit"`
	Left  int    `json:"left"`
}

type app struct {
	jars   map[string]jar
	apiKey string
	log    *log.Logger
}

func (a *app) json(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		a.log.Print(err)
	}
}

// kitchen wraps handlers which only the kitchen may call.
func (a *app) kitchen(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") != a.apiKey {
			http.Error(w, "kitchen only", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next.ServeHTTP(w, r)
		log.Printf("%s %s %s", r.Method, r.URL.Path, time.Since(start))
	})
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()

	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })

	mux.HandleFunc("GET /jars", a.listJars)
	mux.HandleFunc("GET /jars/{id}", a.getJar)
	mux.HandleFunc("POST /jars", a.kitchen(a.addJar))
	mux.HandleFunc("PUT /jars/{id}", a.kitchen(a.putJar))
	mux.Handle("DELETE /jars/{id}", a.kitchen(a.deleteJar))

	mux.HandleFunc("POST /orders", a.order)
	mux.HandleFunc("GET /orders", a.kitchen(a.listOrders))
	mux.HandleFunc("GET /orders/{number}", a.showOrder)
	mux.HandleFunc("POST /orders/{number}/packed", a.kitchen(func(w http.ResponseWriter, r *http.Request) {
		a.json(w, http.StatusOK, r.PathValue("number"))
	}))
	// mux.HandleFunc("DELETE /orders/{number}", a.cancel)

	mux.HandleFunc("GET /recipes/{path...}", a.recipe)
	mux.HandleFunc("/echo", a.echo)
	mux.Handle("GET /feed.xml", logged(http.HandlerFunc(a.feed)))

	return logged(mux)
}

func (a *app) home(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("jam")) }

func (a *app) listJars(w http.ResponseWriter, _ *http.Request) {
	out := make([]jar, 0, len(a.jars))
	for _, j := range a.jars {
		out = append(out, j)
	}
	a.json(w, http.StatusOK, out)
}

func (a *app) getJar(w http.ResponseWriter, r *http.Request) {
	j, ok := a.jars[r.PathValue("id")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	a.json(w, http.StatusOK, j)
}

func (a *app) addJar(w http.ResponseWriter, r *http.Request) {
	var j jar
	if err := json.NewDecoder(r.Body).Decode(&j); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.jars[j.ID] = j
	a.json(w, http.StatusCreated, j)
}

func (a *app) putJar(w http.ResponseWriter, r *http.Request) {
	var j jar
	if err := json.NewDecoder(r.Body).Decode(&j); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	j.ID = r.PathValue("id")
	a.jars[j.ID] = j
	a.json(w, http.StatusOK, j)
}

func (a *app) deleteJar(w http.ResponseWriter, r *http.Request) {
	delete(a.jars, r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

func (a *app) order(w http.ResponseWriter, r *http.Request) {
	resp, err := http.Get("https://postcodes.example.com/check?code=" + r.FormValue("postcode"))
	if err != nil {
		http.Error(w, "postcode service", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	a.json(w, http.StatusCreated, map[string]string{"number": "1"})
}

func (a *app) listOrders(w http.ResponseWriter, _ *http.Request) { a.json(w, 200, []string{}) }
func (a *app) showOrder(w http.ResponseWriter, r *http.Request)  { a.json(w, 200, r.PathValue("number")) }
func (a *app) recipe(w http.ResponseWriter, r *http.Request)     { a.json(w, 200, r.PathValue("path")) }
func (a *app) echo(w http.ResponseWriter, r *http.Request)       { a.json(w, 200, r.Method) }
func (a *app) feed(w http.ResponseWriter, _ *http.Request)       { _, _ = w.Write([]byte("<feed/>")) }

func main() {
	a := &app{jars: map[string]jar{}, apiKey: os.Getenv("KITCHEN_KEY"), log: log.Default()}
	log.Fatal(http.ListenAndServe(":8080", a.routes()))
}
