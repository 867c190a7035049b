#!/usr/bin/env bash
# Has tools of others read the GraphQL schema and the .proto file that are learned from a capture: a port of the
# reference implementation of GraphQL, and the compiler of protocol buffers.
# BARTIZAN_BIN names the program.
source "$(dirname "$0")/env.sh"
bartizan=${BARTIZAN_BIN:-$CARGO_TARGET_DIR/debug/bartizan}
tools=$CARGO_TARGET_DIR/sketch-validators
wanted="graphql-core==3.2.6 grpcio-tools==1.71.0"
if [ "$(cat "$tools/wanted" 2>/dev/null)" != "$wanted" ]; then
    say "installing $wanted"
    python3 -m venv "$tools" || fail "Python with venv is missing (Debian: python3-venv)"
    # shellcheck disable=SC2086 # two packages
    "$tools/bin/pip" install --quiet $wanted
    echo "$wanted" >"$tools/wanted"
fi
exec "$tools/bin/python" scripts/learned_sketches.py "$bartizan"
