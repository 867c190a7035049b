#!/usr/bin/env bash
# CPU per request of the gateway beside nginx: interleaved rounds, same upstream, same load.
#   bench-gateway.sh [ROUNDS] [SECONDS] [CONNECTIONS]
# The proxy runs alone on the first core; load and upstream share the second. CPU time is what the
# scheduler says the processes ran (/proc/PID/schedstat), divided by the requests that were answered.
# Both hold request and response bodies whole (nginx: proxy_request_buffering, proxy_buffering).
source "$(dirname "$0")/env.sh"
rounds=${1:-5} seconds=${2:-4} connections=${3:-32}
for tool in nginx wrk taskset; do
    command -v "$tool" >/dev/null || fail "$tool is missing (Debian: nginx-light, wrk, util-linux)"
done
scripts/cargo.sh build --release --package bartizan-gateway --example plain
plain=$CARGO_TARGET_DIR/release/examples/plain

work=$(mktemp -d)
started=()
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

head -c 1024 /dev/zero | tr '\0' x >"$work/body"
cat >"$work/post.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"v":"' .. string.rep("x", 1016) .. '"}'
LUA

# The upstream: answers 1 KiB to everything, reads bodies.
cat >"$work/upstream.conf" <<CONF
daemon off; worker_processes 1; pid $work/upstream.pid; error_log $work/upstream.err;
events { worker_connections 4096; }
http {
    access_log off; keepalive_requests 100000000; keepalive_timeout 1h; client_body_temp_path $work/u1;
    proxy_temp_path $work/u2; fastcgi_temp_path $work/u3; uwsgi_temp_path $work/u4; scgi_temp_path $work/u5;
    server { listen 127.0.0.1:19000 backlog=4096;
        location / { default_type application/json; return 200 "$(cat "$work/body")"; } }
}
CONF
cat >"$work/proxy.conf" <<CONF
daemon off; worker_processes 1; pid $work/proxy.pid; error_log $work/proxy.err;
events { worker_connections 4096; }
http {
    access_log off; keepalive_requests 100000000; keepalive_timeout 1h; tcp_nodelay on;
    client_body_temp_path $work/p1; proxy_temp_path $work/p2; fastcgi_temp_path $work/p3;
    uwsgi_temp_path $work/p4; scgi_temp_path $work/p5;
    upstream up { server 127.0.0.1:19000; keepalive 256; keepalive_requests 100000000; }
    server { listen 127.0.0.1:19001 backlog=4096;
        location / {
            proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host \$host; proxy_set_header X-Forwarded-For \$remote_addr;
            proxy_set_header X-Forwarded-Proto \$scheme; proxy_set_header X-Forwarded-Host \$host;
            proxy_set_header X-Request-Id \$request_id;
            proxy_request_buffering on; proxy_buffering on; client_body_buffer_size 64k;
        } }
}
CONF
taskset -c 1 nginx -c "$work/upstream.conf" -e "$work/upstream.err" & started+=($!)
taskset -c 0 nginx -c "$work/proxy.conf" -e "$work/proxy.err" & started+=($!)
taskset -c 0 "$plain" 127.0.0.1:19002 127.0.0.1:19000 1 2>"$work/plain.err" & started+=($!)
plain_pid=$!
sleep 1
nginx_pid=$(pgrep -P "$(cat "$work/proxy.pid")" | head -n1)

# Microseconds of CPU for each request: measure PID PORT SCRIPT...
measure() {
    local pid=$1 port=$2 before after requests
    shift 2
    before=$(cat /proc/"$pid"/task/*/schedstat | awk '{s += $1} END {print s}')
    requests=$(taskset -c 1 wrk -t1 -c"$connections" -d"${seconds}s" "$@" "http://127.0.0.1:$port/" |
        tee "$work/last" | awk '/requests in/ {print $1}')
    after=$(cat /proc/"$pid"/task/*/schedstat | awk '{s += $1} END {print s}')
    grep -q 'Non-2xx\|Socket errors' "$work/last" && { cat "$work/last" >&2; exit 1; }
    awk -v a="$before" -v b="$after" -v n="$requests" 'BEGIN {printf "%.2f\n", (b - a) / n / 1000}'
}
median() { sort -n "$1" | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

for kind in get post; do
    script=()
    [ "$kind" = post ] && script=(-s "$work/post.lua")
    measure "$nginx_pid" 19001 "${script[@]}" >/dev/null
    measure "$plain_pid" 19002 "${script[@]}" >/dev/null
    for _ in $(seq "$rounds"); do
        measure "$nginx_pid" 19001 "${script[@]}" >>"$work/nginx.$kind"
        measure "$plain_pid" 19002 "${script[@]}" >>"$work/plain.$kind"
    done
    a=$(median "$work/nginx.$kind") b=$(median "$work/plain.$kind")
    awk -v k="$kind" -v a="$a" -v b="$b" 'BEGIN {
        printf "%-4s  nginx %6.2f us  gateway %6.2f us  ratio %.2f\n", k, a, b, b / a }'
    paste -sd' ' "$work/nginx.$kind" | sed "s/^/      nginx   /"
    paste -sd' ' "$work/plain.$kind" | sed "s/^/      gateway /"
done
