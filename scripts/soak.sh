#!/usr/bin/env bash
# make soak: what takes too long for every change. Prints figures to put into docs/measurements.
# MINUTES is the length of the soak of `serve` (default 60) and of fuzzing (default 10).
source "$(dirname "$0")/env.sh"
minutes=${MINUTES:-10}
say "building for release"
cargo build --release --package bartizan --package bartizan-testkit --bins
bartizan=$CARGO_TARGET_DIR/release/bartizan
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

say "serving while everything goes wrong, ${MINUTES:-60} minutes"
{
    printf '# %s: soak\n\n%s, %s cores, commit %s.\n' "$(date -u +%F)" "$(uname -srm)" "$(nproc)" \
        "$(git rev-parse --short HEAD)"
    "$CARGO_TARGET_DIR/release/soak" "$bartizan" "${MINUTES:-60}"
} | tee "$out/serving.md" || fail "the soak of serving failed: $(tail -n 1 "$out/serving.md")"

say "receivers beside a real Envoy"
BARTIZAN_BIN=$bartizan scripts/soak-envoy.sh | tee "$out/envoy.md"

say "2 GiB of exchanges"
size=$(stat -c %s samples/shop.jsonl)
for _ in $(seq 1 $((2 * 1024 * 1024 * 1024 / size + 1))); do cat samples/shop.jsonl; done >"$out/large.jsonl"
command -v /usr/bin/time >/dev/null || fail "GNU time is missing: apt-get install time"
/usr/bin/time -f '%e s, %M KiB at most' "$bartizan" analyze "$out/large.jsonl" --no-report \
    --format json --out "$out/large.json" --quiet
rm -f "$out/large.jsonl"

say "fuzz smoke, $minutes minutes"
"$CARGO_TARGET_DIR/release/fuzz-smoke" --seconds $((minutes * 60))
