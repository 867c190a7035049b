# Sourced by what asks the administration API: starts `bartizan serve` for it, and logs in.
#   source bench-processes.sh first: it gives $work and ends what is started.

# Free ports: `free_port`.
free_port() {
    local port
    for _ in $(seq 100); do
        port=$(shuf -i 20000-31999 -n 1)
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
    fail "no free port"
}

# console PROGRAM DATA: serves what is kept in the folder DATA; sets $admin, its address, and $token, that of
# somebody who may do everything.
console() {
    local listen
    admin=127.0.0.1:$(free_port) listen=127.0.0.1:$(free_port)
    start serve "$1" serve --upstream http://127.0.0.1:1 --listen "$listen" --admin "$admin" --data "$2"
    for _ in $(seq 300); do
        curl -sf -o /dev/null "http://$admin/healthz" && break
        kill -0 "${pid[serve]}" 2>/dev/null || fail "bartizan did not start: $(tail -5 "$work/serve.log")"
        sleep 0.1
    done
    token=$(log_in "$2/first-password")
}

# The first log-in, with a password of our own from then on; prints a token.
log_in() {
    local first csrf token
    first=$(cat "$1")
    session() { # METHOD PATH JSON
        curl -sS -b "$work/cookies" -c "$work/cookies" -X "$1" -H 'content-type: application/json' \
            -H "x-csrf-token: ${csrf:-}" -d "$3" "http://$admin/api/v1$2"
    }
    csrf() { sed -n 's/.*"csrf_token":"\([^"]*\)".*/\1/p'; }
    csrf=$(session POST /session "{\"user\":\"admin\",\"password\":\"$first\"}" | csrf)
    csrf=$(session PUT /session/password "{\"current\":\"$first\",\"new\":\"a password of some length\"}" | csrf)
    token=$(session POST /tokens '{"name":"script","role":"admin","days":1}' | sed -n 's/.*"\(bta_[^"]*\)".*/\1/p')
    [ -n "$token" ] || fail "the console gave no token"
    printf '%s' "$token"
}
