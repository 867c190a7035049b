#!/usr/bin/env bash
# make run: builds Bartizan and starts the demo: the lab, the gateway in front of it, the dashboard, and a
# story with an attack in it. Arguments go to `bartizan demo`.
source "$(dirname "$0")/env.sh"
scripts/setup.sh run
scripts/dashboard.sh build
say "building (the first time takes 5 to 30 minutes)"
# With the features of the whole workspace, as the tests use them: one build serves both.
cargo build --workspace --bin bartizan
exec "$CARGO_TARGET_DIR/debug/bartizan" demo "$@"
