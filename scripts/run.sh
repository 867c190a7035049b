#!/usr/bin/env bash
# make run: builds Bartizan and analyzes a sample capture into an HTML report.
source "$(dirname "$0")/env.sh"
scripts/setup.sh run
scripts/dashboard.sh build
say "building (the first time takes a few minutes)"
# With the features of the whole workspace, as the tests use them: one build serves both.
cargo build --workspace --bin bartizan
say "analyzing samples/shop.jsonl"
"$CARGO_TARGET_DIR/debug/bartizan" analyze samples/shop.jsonl --spec samples/shop.openapi.yaml \
    --report bartizan-report.html
