// Package legacy keeps the URLs of the coin boxes, which cannot be updated.
package legacy

import (
	"fmt"
	"net/http"
	"os"
)

// Register adds the old handlers.
func Register(mux *http.ServeMux) {
	mux.HandleFunc("/", index)
	mux.HandleFunc("/box/hello", hello)
	mux.HandleFunc("/box/coins", boxKey(coins))
	mux.HandleFunc("/box/programs/", programs)
}

func boxKey(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("k") != os.Getenv("BOX_KEY") {
			w.WriteHeader(403)
			return
		}
		h(w, r)
	}
}

func index(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintln(w, "laundry")
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "HELLO") }

func coins(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "OK", r.FormValue("n"))
}

func programs(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, r.URL.Path[len("/box/programs/"):])
}
