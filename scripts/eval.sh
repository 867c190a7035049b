#!/usr/bin/env bash
# make eval: accuracy on the judging sets in eval/sets, what is seen of the lab's player, and accuracy on
# further data when DATA names a folder that holds logs, specs, sensitive, paths/requests.jsonl.gz,
# pcap/tshark-http.tsv or traffic/retail.jsonl.gz.
source "$(dirname "$0")/env.sh"
command -v python3 >/dev/null || fail "python3 is missing"
export PYTHONDONTWRITEBYTECODE=1
cargo build --quiet --workspace --bin bartizan
bartizan=$CARGO_TARGET_DIR/debug/bartizan
out=$(mktemp -d)
finish() {
    kill $(jobs -p) 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$out"
}
trap finish EXIT
analyze() { "$bartizan" analyze "$1" --annotate "$2.ann" --format json --out "$2.json" --quiet; }

for stream in clinic ledger; do
    say "behaviour: $stream"
    analyze "eval/sets/behaviour/$stream/events.jsonl.gz" "$out/$stream"
    python3 eval/behaviour_set.py "eval/sets/behaviour/$stream" "$out/$stream.json" "$out/$stream.ann"
done

say "data classes"
leaves=eval/sets/classes/leaves.jsonl.gz
python3 eval/classes_set.py exchanges "$leaves" >"$out/leaves.jsonl"
analyze "$out/leaves.jsonl" "$out/leaves"
python3 eval/classes_set.py score "$leaves" "$out/leaves.ann"

say "injection"
gzip -dc eval/sets/injection/exchanges.jsonl.gz >"$out/injection.jsonl"
cargo run --quiet --package bartizan-analysis --example injection_eval -- \
    "$out/injection.jsonl" eval/sets/injection/truth.jsonl

say "routes in source code"
python3 eval/source.py "$bartizan"

say "lab, three plays of seven hours"
plays=()
for seed in 11 12 13; do
    play=$out/play-$seed
    plays+=("$play")
    # A lab of its own for each: what was bought and changed stays until it is reset.
    "$bartizan" lab --seed "$seed" --listen 127.0.0.1:0 --quiet >"$play.url" &
    for _ in $(seq 100); do [ ! -s "$play.url" ] || break; sleep 0.1; done
    "$bartizan" lab play --target "$(cat "$play.url")" --seed "$seed" --minutes 420 --quiet \
        --truth "$play.truth" --capture "$play.jsonl"
    analyze "$play.jsonl" "$play"
done
python3 eval/lab.py "${plays[@]}"

say "ownership, a day of the lab's users"
play=$out/day
"$bartizan" lab --secure --seed 21 --listen 127.0.0.1:0 --quiet >"$play.url" &
for _ in $(seq 100); do [ ! -s "$play.url" ] || break; sleep 0.1; done
"$bartizan" lab play --target "$(cat "$play.url")" --seed 21 --minutes 1440 --cast benign --quiet \
    --capture "$play.jsonl"
analyze "$play.jsonl" "$play"
python3 eval/ownership.py "$play"

if [ -f "${DATA:-}/logs/truth.jsonl" ]; then
    say "access logs: every format tells the same requests"
    BARTIZAN_LOGS=$(cd "$DATA/logs" && pwd) cargo test --quiet --package bartizan-pipeline --test it -- \
        --ignored --exact logs::every_whole_log_tells_the_same_requests
fi
if [ -d "${DATA:-}/specs" ]; then
    say "specifications: operations beside an independent count"
    cargo build --quiet --package bartizan-protocols --example spec_operations
    find "$DATA"/{specs,graphql,proto,wsdl,asyncapi} -type f ! -name index.json \
        -regex '.*\.\(json\|ya?ml\|graphql\|proto\|wsdl\|xsd\)' 2>/dev/null | sort |
        xargs -d '\n' "$CARGO_TARGET_DIR/debug/examples/spec_operations" --truncate 16 >"$out/specs.jsonl"
    python3 eval/specs.py "$out/specs.jsonl"
fi
if [ -f "${DATA:-}/sensitive/identifier-numbers.jsonl" ]; then
    say "numbers with check digits, secrets"
    python3 eval/sensitive.py exchanges "$DATA/sensitive" >"$out/sensitive.jsonl"
    analyze "$out/sensitive.jsonl" "$out/sensitive"
    python3 eval/sensitive.py score "$DATA/sensitive" "$out/sensitive.ann"
fi
if [ -f "${DATA:-}/paths/requests.jsonl.gz" ]; then
    say "path templates"
    python3 eval/requests.py "$DATA/paths/requests.jsonl.gz" >"$out/paths.jsonl"
    analyze "$out/paths.jsonl" "$out/paths"
    python3 eval/paths.py "$DATA/paths/requests.jsonl.gz" "$out/paths.ann"
fi
if [ -f "${DATA:-}/paths/requests.jsonl.gz" ] && python3 -c 'import yaml' 2>/dev/null; then
    say "states of endpoints when a third of each specification is gone"
    python3 eval/drift.py "$DATA" "$bartizan"
fi
if [ -f "${DATA:-}/pcap/tshark-http.tsv" ]; then
    say "captures beside tshark"
    cargo build --quiet --workspace --example read_source
    python3 eval/captures.py "$DATA/pcap" "$CARGO_TARGET_DIR/debug/examples/read_source"
fi
if [ -f "${DATA:-}/traffic/retail.jsonl.gz" ]; then
    say "behaviour: retail"
    python3 eval/behaviour.py "$DATA/traffic/retail.jsonl.gz" --out "$out/retail.jsonl"
    analyze "$out/retail.jsonl" "$out/retail"
    python3 eval/behaviour_score.py "$DATA/traffic/retail.jsonl.gz" "$out/retail.ann" \
        --truth "$DATA/traffic/retail.truth.json"
fi
