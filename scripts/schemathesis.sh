#!/usr/bin/env bash
# Has Schemathesis ask the administration API of a server of our own everything that its document allows
# and much that it does not: no answer may be a failure of the server (5xx) or differ from the document.
#   schemathesis.sh [CASES]     cases for each operation, 20 unless told
# BARTIZAN_BIN names the program. What was drawn can be drawn again: the seed is fixed. One worker: two
# threads that parse Python at once break each other's count of depth in CPython 3.11 (python/cpython#106905).
source "$(dirname "$0")/bench-processes.sh"
source scripts/console.sh
bartizan=${BARTIZAN_BIN:-$CARGO_TARGET_DIR/debug/bartizan}
tools=$CARGO_TARGET_DIR/schemathesis
wanted=4.32.5
if [ "$("$tools/bin/st" --version 2>/dev/null | grep -oE '[0-9.]+$')" != "$wanted" ]; then
    say "installing Schemathesis"
    python3 -m venv "$tools" || fail "Python with venv is missing (Debian: python3-venv)"
    "$tools/bin/pip" install --quiet "schemathesis==$wanted"
fi

"$bartizan" analyze samples/shop.jsonl --no-report --data "$work/kept" >/dev/null 2>"$work/analyze.log" ||
    [ $? = 1 ] || fail "$(cat "$work/analyze.log")"
console "$bartizan" "$work/kept"
# Left out: the stream of events, which does not end, and log-ins, which are throttled for guessing.
cd "$work"
"$tools/bin/st" run "http://$admin/api/v1/openapi.json" --header "Authorization: Bearer $token" \
    --exclude-path /api/v1/events --exclude-path-regex '^/api/v1/session' \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --phases examples,coverage,fuzzing --max-examples "${1:-20}" --seed 7 --request-timeout 20 --workers 1 --warnings off --no-color
