# Sourced by bench-gateway.sh and bench-policies.sh: interleaved rounds over servers of bench-servers.sh. The caller
# sets rounds, seconds, connections and rate; `fields` are further options of wrk.
fields=()

# Nanoseconds of CPU of a server so far: of all its threads, or with `only_traffic` without those of `bartizan` that
# step back for traffic.
only_traffic=
spent() {
    local behind=0
    [ "$1" != bartizan ] || [ -z "$only_traffic" ] || behind=$(cpu_behind)
    echo $(($(cpu "$1") - behind))
}
# Microseconds of CPU for each request, as fast as it goes: saturated NAME KIND
saturated() {
    local name=$1 script=() before requests
    [ "$2" = get ] || script=(-s "$work/$2.lua") # post, or what the caller has written
    before=$(spent "$name")
    requests=$(taskset -c 1 wrk -t1 -c"$connections" -d4s "${script[@]}" "${fields[@]}" \
        "http://127.0.0.1:${port[$name]}/v1/orders/1" | tee "$work/last" | awk '/requests in/ {print $1}')
    if grep -q 'Non-2xx\|Socket errors' "$work/last"; then
        cat "$work/last" >&2
        exit 1
    fi
    awk -v a="$before" -v b="$(spent "$name")" -v n="$requests" 'BEGIN {printf "%.2f\n", (b - a) / n / 1000}'
}
# The same at the fixed rate: paced NAME KIND
paced() {
    local name=$1 body=() before answered
    [ "$2" = get ] || body=("$work/body")
    before=$(spent "$name")
    answered=$(load "$name" "$connections" "$seconds" "$rate" "${body[@]}" | cut -d' ' -f1)
    [ "$name" != bartizan ] || settle
    awk -v a="$before" -v b="$(spent "$name")" -v n="$answered" 'BEGIN {printf "%.2f\n", (b - a) / n / 1000}'
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

