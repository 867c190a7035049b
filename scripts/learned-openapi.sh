#!/usr/bin/env bash
# Has a validator of others read the OpenAPI documents that are learned from captures, one for each host, and
# Bartizan itself: what it learned from a capture describes that capture.
#   learned-openapi.sh [CAPTURE...]     the sample unless told
# BARTIZAN_BIN names the program.
source "$(dirname "$0")/env.sh"
bartizan=${BARTIZAN_BIN:-$CARGO_TARGET_DIR/debug/bartizan}
tools=$CARGO_TARGET_DIR/openapi-validator
wanted=0.9.0
if [ "$("$tools/bin/pip" show openapi-spec-validator 2>/dev/null | sed -n 's/^Version: //p')" != "$wanted" ]; then
    say "installing openapi-spec-validator"
    python3 -m venv "$tools" || fail "Python with venv is missing (Debian: python3-venv)"
    "$tools/bin/pip" install --quiet "openapi-spec-validator==$wanted"
fi
[ $# -gt 0 ] || set -- samples/shop.jsonl
exec "$tools/bin/python" scripts/learned_openapi.py "$bartizan" "$@"
