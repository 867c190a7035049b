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
source scripts/bench-rounds.sh
rounds=${1:-5} seconds=${2:-12} connections=${3:-32} rate=${4:-2000}

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
