#!/usr/bin/env bash
# How long the console waits for its lists when much is kept.
#   bench-console.sh sqlite|postgres [ENDPOINTS] [FINDINGS] [EVENTS]
# The results of the sample capture are multiplied inside the database: the same rows with other ids,
# hosts, times and actors. `bartizan serve` opens it; each list is asked for page after page in each of its
# orders and under a few filters. Shown are medians and 95th percentiles in milliseconds, as a client on
# the same machine sees them, first byte to last; the first request of each row is counted too.
# Needs sqlite3 and curl, for PostgreSQL also its server.
source "$(dirname "$0")/bench-processes.sh"
source scripts/console.sh
database=${1:-sqlite} endpoints=${2:-10000} findings=${3:-100000} events=${4:-10000000}
[ "$database" = sqlite ] || [ "$database" = postgres ] || fail "sqlite or postgres?"
bartizan=${BARTIZAN_BIN:-}
if [ -z "$bartizan" ]; then
    scripts/cargo.sh build --release --package bartizan --bin bartizan
    bartizan=$CARGO_TARGET_DIR/release/bartizan
fi
pages=${PAGES:-40}
cd "$work"

# A PostgreSQL server of our own, on a Unix socket. It refuses to run as root.
postgres() {
    local user=
    programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
    [ -n "$programs" ] || programs=$(dirname "$(command -v initdb)")
    [ "$(id -u)" != 0 ] || user="setpriv --reuid=postgres --regid=postgres --clear-groups"
    mkdir pg && chmod 755 "$work"
    [ -z "$user" ] || chown postgres pg
    $user "$programs/initdb" -D pg/data -U admin -A trust -E UTF8 --locale=C.UTF-8 --no-sync >initdb.log
    start postgres $user "$programs/postgres" -D pg/data -k "$work/pg" -c listen_addresses= \
        -c max_wal_size=4GB -c shared_buffers=512MB
    for _ in $(seq 100); do
        "$programs/pg_isready" -q -h "$work/pg" -d postgres && break
        sleep 0.1
    done
    light() { :; }
    export BENCH_STORE="postgres://admin@localhost/postgres?host=$work/pg"
    sql() { "$programs/psql" -q -t -v ON_ERROR_STOP=1 -h "$work/pg" -U admin -d postgres; }
    series() { echo "generate_series($1::bigint, $2::bigint) AS g(value)"; }
    hex() { echo "lpad(to_hex($1), $2, '0')"; }
    # Indexes that come back when the rows are there.
    indexes() { # TABLE
        echo "SELECT indexdef || ';' FROM pg_indexes WHERE tablename = '$1' AND indexname NOT LIKE '%_pkey'" |
            sql
    }
    drop() { echo "DROP INDEX $1;" | sql; }
    printf 'store:\n  data: kept\n  url: env:BENCH_STORE\n' >bartizan.yaml
}
sqlite() {
    sql() { sqlite3 -bail kept/bartizan.db; }
    series() { echo "generate_series($1, $2)"; }
    hex() { echo "printf('%0$2x', $1)"; }
    indexes() {
        echo "SELECT sql || ';' FROM sqlite_master WHERE tbl_name = '$1' AND type = 'index' AND sql IS NOT NULL;" | sql
    }
    drop() { echo "DROP INDEX $1;" | sql; }
    printf 'store:\n  data: kept\n' >bartizan.yaml
    # A write-ahead log would hold all of it a second time. `serve` goes back to one.
    light() { echo "PRAGMA journal_mode = DELETE;" | sql >/dev/null; }
}

# Multiplies the rows of a table: TABLE MANY PREFIX COLUMNS EXPRESSIONS [BODY]. In the expressions `value` is
# the number of the new row, `r` one of the rows that were there. BODY is what else becomes of `r.body`.
multiply() {
    local table=$1 many=$2 prefix=$3 columns=$4 expressions=$5 body=${6:-r.body} later
    later=$(indexes "$table")
    sed -nE 's/^ *CREATE INDEX ([a-z_]+).*/\1/p' <<<"$later" | while read -r index; do drop "$index"; done
    sql <<SQL
CREATE TABLE model AS SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM $table;
DELETE FROM $table;
INSERT INTO $table (organisation, environment, id, body, recorded_at, $columns)
SELECT r.organisation, r.environment, '${prefix}_' || $(hex value 16),
    replace($body, r.id, '${prefix}_' || $(hex value 16)), r.recorded_at, $expressions
FROM $(series 1 "$many") CROSS JOIN model r WHERE r.place = value % (SELECT count(*) FROM model);
DROP TABLE model;
$later
SQL
}
# Scattered, but the same in each run.
scatter="(value * 2654435761) % 4294967296"
day=86400000000

fill() {
    local now
    now=$(($(date +%s) * 1000000))
    light
    multiply endpoints "$endpoints" ep \
        "host, method, path, protocol, service, access, inventory_state, confirmed, risk, data_classes, requests, first_seen, last_seen" \
        "'h' || (value % 40) || '.' || r.host, r.method, r.path || '/' || value, r.protocol, r.service,
         CASE value % 3 WHEN 0 THEN 'public' WHEN 1 THEN 'private' ELSE r.access END,
         CASE value % 5 WHEN 0 THEN 'shadow' ELSE r.inventory_state END, r.confirmed,
         $scatter % 101, r.data_classes, $scatter % 100000, r.first_seen, $now - $scatter % (30 * $day)"
    # Each endpoint was called in each bucket that is kept: SECONDS:BUCKETS.
    local length
    for length in 300:24 3600:48 21600:56 86400:60; do
        sql <<SQL
INSERT INTO endpoint_calls (organisation, environment, seconds, endpoint_id, first_time, last_time, buckets)
SELECT e.organisation, e.environment, ${length%:*}, e.id,
    ($now / ${length%:*}000000 - ${length#*:} + 1) * ${length%:*}000000, $now / ${length%:*}000000 * ${length%:*}000000,
    '[$(seq -s , 1 "${length#*:}")]'
FROM endpoints e;
SQL
    done
    multiply actors 100000 act "kind, label, requests, detections, first_seen, last_seen, seen_at" \
        "r.kind, r.label || value, $scatter % 100000, $scatter % 1000, r.first_seen, r.last_seen, $now - $scatter % (30 * $day)"
    multiply findings "$findings" fnd \
        "code, severity, confidence, host, endpoint_id, state, state_expiry, failed, first_seen, last_seen, seen_at" \
        "r.code, $scatter % 5, r.confidence, 'h' || (value % 40) || '.' || r.host,
         'ep_' || $(hex "(1 + value % $endpoints)" 16),
         CASE value % 7 WHEN 0 THEN 'fixed' WHEN 1 THEN 'confirmed' ELSE 'open' END, NULL, r.failed,
         $now - 31 * $day, $now - $scatter % (30 * $day), $now - $scatter % (30 * $day)" \
        "replace(r.body, r.host, 'h' || (value % 40) || '.' || r.host)"
    multiply incidents 10000 inc "severity, score, actor, seen_at" \
        "$scatter % 5, $scatter % 100, 'act_' || $(hex "(1 + value % 100000)" 16), $now - $scatter % (30 * $day)"
    multiply detections "$events" det "code, class, severity, actor, endpoint_id, seen_at" \
        "r.code, r.class, $scatter % 5, 'act_' || $(hex "(1 + value % 100000)" 16),
         'ep_' || $(hex "(1 + value % $endpoints)" 16), $now - $scatter % (30 * $day)"
    echo "INSERT INTO row_counts (organisation, environment, kind, amount)
        SELECT organisation, environment, 'detections', COUNT(*) FROM detections GROUP BY organisation, environment
        ON CONFLICT (organisation, environment, kind) DO UPDATE SET amount = excluded.amount; ANALYZE;" | sql
}

ask() { # PATH: the time in milliseconds; the answer goes to $work/answer
    curl -sS -o answer -w '%{time_total} %{http_code}\n' -H "authorization: Bearer $token" "http://$admin/api/v1$1" |
        awk -v path="$1" '$2 != 200 {print path " answered " $2 >"/dev/stderr"; exit 1} {print $1 * 1000}'
}
percentiles() { sort -g | awk '{t[NR] = $1} END {printf "%8.1f %8.1f", t[int((NR + 1) / 2)], t[int(NR * 0.95 + 0.999)]}'; }
row() { # PATH: walks its pages
    local path=$1 after= sep='?'
    case $path in *\?*) sep='&' ;; esac
    for _ in $(seq "$pages"); do
        ask "$path${after:+${sep}after=$after}" || return
        after=$(tail -c 1200 answer | sed -n 's/.*"next":"\([0-9a-f]*\)".*/\1/p')
    done >times
    printf '%s  %s\n' "$(percentiles <times)" "$path"
}

"$database"
sample=$OLDPWD/samples/shop.jsonl
"$bartizan" analyze "$sample" --no-report --data kept >/dev/null 2>analyze.log || [ $? = 1 ] || fail "$(cat analyze.log)"
say "multiplying to $endpoints endpoints, $findings findings, $events events in $database"
begin=$SECONDS
fill
say "made in $((SECONDS - begin)) s; $(du -sh "$([ "$database" = sqlite ] && echo kept || echo pg)" | cut -f1)"
console "$bartizan" kept
echo "    p50      p95  milliseconds; $pages requests each"
while read -r path; do row "$path"; done <<'PATHS'
/overview
/overview?since=2026-01-01T00:00:00Z
/endpoints
/endpoints?limit=500
/endpoints?sort=-risk
/endpoints?sort=-last_seen
/endpoints?sort=-requests
/endpoints?host=h7.shop.example.com
/endpoints?path=orders
/endpoints?path=nowhere
/endpoints?min_risk=80&sort=-risk
/endpoints?data_class=email
/endpoints/facets
/endpoints/calls?period=hour
/endpoints/calls?period=day
/endpoints/calls?period=week
/endpoints/calls?period=month
/endpoints/calls?period=month&endpoint=ep_0000000000000007&endpoint=ep_0000000000000008
/findings
/findings?limit=500
/findings?sort=-last_seen
/findings?sort=first_seen
/findings?state=open&min_severity=high
/findings?host=h7.shop.example.com
/findings?host=nowhere
/findings?code=BZ-C999
/findings?endpoint=ep_0000000000000007
/findings/facets
/findings/facets?state=open
/detections
/detections?limit=500
/detections?sort=-severity
/detections?min_severity=critical
/detections?code=BZ-D003
/detections?code=BZ-D999
/detections?class=none
/detections?actor=act_0000000000000007
/detections?endpoint=ep_0000000000000007
/incidents
/incidents?sort=-last_seen
/incidents?min_severity=high
/incidents/facets
/actors
/actors?sort=-last_seen
/actors?label=shop
/actors?label=nobody
/actors/facets
/exchanges
/audit
/services
/health
PATHS
