#!/usr/bin/env bash
# make soak: what takes too long for every change. Prints figures to put into docs/measurements.
source "$(dirname "$0")/env.sh"
minutes=${MINUTES:-10}
say "building for release"
cargo build --release --package bartizan
bartizan=$CARGO_TARGET_DIR/release/bartizan
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

say "2 GiB of exchanges"
size=$(stat -c %s samples/shop.jsonl)
for _ in $(seq 1 $((2 * 1024 * 1024 * 1024 / size + 1))); do cat samples/shop.jsonl; done >"$out/large.jsonl"
command -v /usr/bin/time >/dev/null || fail "GNU time is missing: apt-get install time"
/usr/bin/time -f '%e s, %M KiB at most' "$bartizan" analyze "$out/large.jsonl" --no-report \
    --format json --out "$out/large.json" --quiet
rm -f "$out/large.jsonl"

say "fuzz smoke, $minutes minutes"
cargo run --release --package bartizan-testkit --bin fuzz-smoke -- --seconds $((minutes * 60))
