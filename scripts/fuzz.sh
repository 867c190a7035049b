#!/usr/bin/env bash
# Coverage-guided fuzzing of one decoder. Needs cargo-fuzz and, for sanitizers, a nightly toolchain;
# with a stable one the compiler is told to accept the flags.
source "$(dirname "$0")/env.sh"
target=${1:-}
seconds=${2:-60}
if [ -z "$target" ]; then
    printf 'usage: make fuzz TARGET=name SECONDS=60\ntargets:\n' >&2
    (cd fuzz && sed -n 's/^name = "\(.*\)"/  \1/p' Cargo.toml | tail -n +2) >&2
    exit 2
fi
command -v cargo-fuzz >/dev/null || fail "cargo-fuzz is missing: cargo install cargo-fuzz"
cd fuzz
RUSTC_BOOTSTRAP=1 exec cargo fuzz run "$target" -- -max_total_time="$seconds"
