#!/usr/bin/env bash
# make test: everything that CI checks. Prints the time of each step; in CI nothing is skipped, more
# than 45 minutes are said loudly and more than 85 fail.
source "$(dirname "$0")/env.sh"
limit=${BARTIZAN_TEST_MINUTES:-85}
begin=$SECONDS
names=() times=()

step() {
    local name=$1 from=$SECONDS
    shift
    say "$name"
    "$@" || fail "$name failed"
    names+=("$name") times+=($((SECONDS - from)))
}

tests() {
    local log
    log=$(mktemp)
    local status=0
    cargo test --workspace --exclude xtask --lib --bins --tests --examples --no-fail-fast -- --show-output 2>&1 | tee "$log" || status=1
    # A browser beside hundreds of tests would wait longer than it has patience, and the demo would be late.
    local browser
    for browser in an_analyst_works_in_a_browser the_demo_shows_an_incident_in_two_minutes_and_is_a_picture; do
        cargo test --workspace --exclude xtask --test it -- --ignored --exact --show-output "dashboard::$browser" 2>&1 |
            tee -a "$log" || status=1
        # A name that fits nothing would succeed.
        if ! grep -q "^test dashboard::$browser " "$log"; then
            printf 'error: there is no test %s\n' "$browser" >&2
            status=1
        fi
    done
    cargo test --package xtask 2>&1 | tee -a "$log" || status=1
    cargo test --workspace --doc 2>&1 | tee -a "$log" || status=1
    passed=$(awk '/^test result:/ {s += $4} END {print s + 0}' "$log")
    failed=$(awk '/^test result:/ {s += $6} END {print s + 0}' "$log")
    skipped=$(grep -c '^SKIPPED: ' "$log" || true)
    grep '^SKIPPED: ' "$log" >&2 || true
    rm -f "$log"
    if is_ci && [ "$skipped" -gt 0 ]; then
        printf 'error: %s tests were skipped; in CI none may be\n' "$skipped" >&2
        status=1
    fi
    return $status
}

fuzz_check() { (cd fuzz && cargo check --locked --quiet --target-dir "$CARGO_TARGET_DIR/fuzz"); }

step "set-up" scripts/setup.sh test
step "dashboard" scripts/dashboard.sh check
step "an OpenID provider to test with" scripts/oidc.sh install
step "tidy" cargo xtask tidy
step "format" cargo fmt --all --check
# Everything is built with the features of the whole workspace, so that nothing is built twice.
step "build" cargo build --workspace --bins
export BARTIZAN_BIN="$CARGO_TARGET_DIR/debug/bartizan"
step "generated files" cargo xtask generate --check
step "lints" cargo clippy --workspace --all-targets --quiet -- -D warnings
step "tests" tests
step "the administration API does what its document says" scripts/schemathesis.sh
step "learned OpenAPI documents are valid, and describe what they were learned from" scripts/learned-openapi.sh
step "learned GraphQL schemas and .proto files are valid" scripts/learned-sketches.sh
step "fuzz targets compile" fuzz_check
step "fuzz smoke, 60 s over all decoders" "$CARGO_TARGET_DIR/debug/fuzz-smoke" --seconds 60

say "time per step"
for i in "${!names[@]}"; do printf '%6d s  %s\n' "${times[$i]}" "${names[$i]}"; done
total=$((SECONDS - begin))
printf '%6d s  in all\n' "$total"
if [ "$total" -gt 2700 ]; then
    printf 'warning: more than the 45 minutes that this should take\n' >&2
fi
if is_ci && [ "$total" -gt $((limit * 60)) ]; then
    fail "$total s are more than $limit minutes"
fi
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
