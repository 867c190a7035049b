# Sourced by the benchmarks: a folder for the run ($work), and processes that end with it.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
source scripts/envoy.sh

work=$(mktemp -d)
declare -A pid=()
finish() {
    kill $(jobs -p) 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
start() { # NAME COMMAND...: in the background; what it says goes to $work/NAME.log
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 &
    pid[$name]=$!
}
