#!/usr/bin/env bash
# Added latency of the gateway beside nginx's: interleaved rounds, same upstream, same load.
#   bench-latency.sh [ROUNDS] [SECONDS] [CONNECTIONS]
# For each of `plain` (the proxy alone) and `bartizan serve` (with judgement and store on the same
# core): the rate is half of what saturates the core; nginx gets the same rate. Added latency is a
# percentile through the server minus the one straight to the upstream in the same round; the medians of
# all rounds are shown, and their ratio to nginx's. Each round has processes of its own, with a second to get
# warm: two of one program can differ by half for as long as they live, by where their memory lies.
source "$(dirname "$0")/bench-servers.sh"
rounds=${1:-9} seconds=${2:-5} connections=${3:-32}

# Requests per second at half of saturation: half NAME. Saturation is what the server answers for each
# second of its core in a closed loop that leaves it no pause. There the judgement of `bartizan` gets what
# traffic leaves; for each that is judged its cost counts in, as if every request were.
half() {
    local all behind judged=0 answered
    all=$(cpu "$1")
    [ "$1" != bartizan ] || { behind=$(cpu_behind) judged=$(figure judged); }
    answered=$(taskset -c 1 wrk -t1 -c"$connections" -d6s -s "$work/post.lua" \
        "http://127.0.0.1:${port[$1]}/v1/orders/1" | awk '/requests in/ {print $1}')
    if [ "$1" = bartizan ]; then
        settle
        behind=$(($(cpu_behind) - behind)) judged=$(($(figure judged) - judged))
    fi
    awk -v all=$(($(cpu "$1") - all)) -v behind="${behind:-0}" -v judged="$judged" -v n="$answered" \
        'BEGIN {each = (all - behind) / n; if (judged) each += behind / judged; printf "%.0f\n", 1e9 / each / 2}'
}

# Adds up what a process of `bartizan` says of its exchanges before it ends.
judged=0 dropped=0 lost=0
reckon() {
    settle
    judged=$((judged + $(figure judged))) dropped=$((dropped + $(figure not_judged)))
    lost=$((lost + $(figure exchange_facts_lost)))
}

say "$rounds rounds of $seconds seconds, $connections connections; microseconds; POST of 1 KiB"
for ours in plain bartizan; do
    rate=$(half "$ours")
    again "$ours" # without what it dropped there
    names=(nginx "$ours")
    for _ in $(seq "$rounds"); do
        declare -A seen=()
        for name in "${names[@]}"; do
            [ "$name" != bartizan ] || reckon
            again "$name"
            load "$name" "$connections" 1 "$rate" "$work/body" >/dev/null
        done
        for name in direct "${names[@]}"; do
            seen[$name]=$(load "$name" "$connections" "$seconds" "$rate" "$work/body")
        done
        for name in "${names[@]}"; do
            echo "${seen[direct]} ${seen[$name]}" >>"$work/$ours.$name"
        done
    done
    for name in "${names[@]}"; do
        awk '{print $7 - $2}' "$work/$ours.$name" >"$work/$ours.$name.p50"
        awk '{print $8 - $3}' "$work/$ours.$name" >"$work/$ours.$name.p99"
        printf '%6s/s  %-8s  added p50 %8.1f  added p99 %8.1f  (p99: %s)\n' "$rate" "$name" \
            "$(median "$work/$ours.$name.p50")" "$(median "$work/$ours.$name.p99")" \
            "$(paste -sd' ' "$work/$ours.$name.p99")"
    done
    awk -v a="$(median "$work/$ours.$ours.p99")" -v b="$(median "$work/$ours.nginx.p99")" -v n="$ours" \
        'BEGIN {printf "          %s: added p99 is %.2f of that of nginx\n", n, a / b}'
done
reckon
say "bartizan: $judged judged, $dropped dropped, facts of $lost lost"
