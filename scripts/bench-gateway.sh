#!/usr/bin/env bash
# CPU per request of the gateway beside nginx, HAProxy and Envoy: interleaved rounds, same upstream,
# same load.
#   bench-gateway.sh [ROUNDS] [SECONDS] [CONNECTIONS] [RATE]
# CPU time is what the scheduler says all threads of a process ran (/proc/PID/task/*/schedstat),
# divided by the requests that were answered. Twice: as fast as each server can (wrk), and at RATE
# requests per second. At the fixed rate there is also `bartizan serve` as it is by default, with
# judgement, learning and store on the same core; what is still queued is waited for and counted in,
# and when anything of it was dropped, its figure is marked as not valid.
# SECONDS should be above 10, the time between two steps of the store.
source "$(dirname "$0")/bench-servers.sh"
rounds=${1:-5} seconds=${2:-12} connections=${3:-32} rate=${4:-2000}

# Microseconds of CPU for each request, as fast as it goes: saturated NAME KIND
saturated() {
    local name=$1 script=() before requests
    [ "$2" = get ] || script=(-s "$work/post.lua")
    before=$(cpu "$name")
    requests=$(taskset -c 1 wrk -t1 -c"$connections" -d4s "${script[@]}" \
        "http://127.0.0.1:${port[$name]}/v1/orders/1" | tee "$work/last" | awk '/requests in/ {print $1}')
    if grep -q 'Non-2xx\|Socket errors' "$work/last"; then
        cat "$work/last" >&2
        exit 1
    fi
    awk -v a="$before" -v b="$(cpu "$name")" -v n="$requests" 'BEGIN {printf "%.2f\n", (b - a) / n / 1000}'
}
# The same at the fixed rate: paced NAME KIND
paced() {
    local name=$1 body=() before answered
    [ "$2" = get ] || body=("$work/body")
    before=$(cpu "$name")
    answered=$(load "$name" "$connections" "$seconds" "$rate" "${body[@]}" | cut -d' ' -f1)
    [ "$name" != bartizan ] || settle
    awk -v a="$before" -v b="$(cpu "$name")" -v n="$answered" 'BEGIN {printf "%.2f\n", (b - a) / n / 1000}'
}
# table HOW KIND NAME...
table() {
    local how=$1 kind=$2 name
    shift 2
    for name in "$@"; do
        seconds=2 "$how" "$name" "$kind" >/dev/null # warm
    done
    for _ in $(seq "$rounds"); do
        for name in "$@"; do
            "$how" "$name" "$kind" >>"$work/$how.$kind.$name"
        done
    done
    for name in "$@"; do
        paste -d' ' "$work/$how.$kind.$name" "$work/$how.$kind.nginx" | awk '{print $1 / $2}' >"$work/ratios"
        printf '%-9s %-4s %-8s %8.2f us  ratio %5.2f  (%s)\n' "$how" "$kind" "$name" \
            "$(median "$work/$how.$kind.$name")" "$(median "$work/ratios")" \
            "$(paste -sd' ' "$work/$how.$kind.$name")"
    done
}

others=()
for name in haproxy envoy; do
    [ -z "${pid[$name]:-}" ] || others+=("$name")
done
say "$rounds rounds, $connections connections; ratios to nginx are medians within rounds"
for kind in get post; do
    table saturated "$kind" nginx plain "${others[@]}"
done
say "at $rate requests per second, $seconds seconds each"
for kind in get post; do
    table paced "$kind" nginx plain bartizan "${others[@]}"
done
judged=$(figure judged) dropped=$(figure not_judged) lost=$(figure exchange_facts_lost)
say "bartizan: $judged exchanges judged, $dropped dropped, facts of $lost lost"
[ "$dropped" = 0 ] && [ "$lost" = 0 ] || say "NOT VALID for bartizan: give a lower rate"
