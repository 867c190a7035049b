# A PostgreSQL server of the tests' own: server.sh DIRECTORY PROGRAMS. It listens on a Unix socket in
# DIRECTORY only. Reads commands from standard input (crash, stop, start) and answers each with a
# line, `ready` or `failed`. When standard input ends, however the tests ended, the server ends and
# DIRECTORY is removed.
directory=$1 programs=$2 user=
trap '' INT TERM HUP
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$directory"
fi
as() {
    [ -z "$user" ] || exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
    exec "$@"
}
cd "$directory" || exit 1
pid=
start() {
    # Processes of a server that was killed go within moments; until then the next is refused.
    for _ in $(seq 20); do
        (as "$programs/postgres" -D "$directory/data" -k "$directory" -c listen_addresses= \
            -c max_connections=200 -c max_prepared_transactions=0) </dev/null >>"$directory/log" 2>&1 &
        pid=$!
        for _ in $(seq 150); do
            kill -0 "$pid" 2>/dev/null || break
            "$programs/pg_isready" -q -h "$directory" -d postgres && { echo ready; return; }
            sleep 0.1
        done
        kill -0 "$pid" 2>/dev/null && break
        sleep 0.2
    done
    tail -n 5 "$directory/log" >&2
    echo failed
}
end() { kill "-$1" "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; }

printf 'a test\n' >"$directory/password"
[ -z "$user" ] || chown "$user" "$directory/password"
(as "$programs/initdb" -D "$directory/data" -U admin -A scram-sha-256 --pwfile="$directory/password" \
    -E UTF8 --locale=C.UTF-8 --no-sync) </dev/null >"$directory/log" 2>&1 && start || echo failed
while read -r command; do
    case $command in
        crash) end KILL; start ;;
        stop) end INT; echo ready ;;
        start) start ;;
    esac
done
end QUIT
rm -rf "$directory"
