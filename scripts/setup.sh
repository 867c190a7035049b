#!/usr/bin/env bash
# Installs what is missing. `setup.sh run` needs a compiler; `setup.sh test` a browser, nginx,
# PostgreSQL and clients too.
source "$(dirname "$0")/env.sh"
purpose=${1:-run}

command -v cargo >/dev/null || fail "Rust is missing: install it with rustup (https://rustup.rs), then call make again"
wanted=1.95
have=$(rustc --version | awk '{print $2}')
if [ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n1)" != "$wanted" ]; then
    fail "Rust $have is too old: $wanted or later is needed (rustup update)"
fi

packages=()
command -v cc >/dev/null || packages+=(gcc libc6-dev)
command -v git >/dev/null || packages+=(git)
# The dashboard needs Node 20.19. Without it scripts/dashboard.sh fetches one, and needs this to do so.
node=$(node --version 2>/dev/null | tr -d v || true)
if [ "$(printf '20.19\n%s\n' "${node:-0}" | sort -V | head -n1)" != 20.19 ] &&
    ! python3 -c 'import ensurepip' 2>/dev/null; then
    packages+=(python3-venv)
fi
if [ "$purpose" = test ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || packages+=(chromium)
    # The server and the clients that the gateway is tested between.
    command -v nginx >/dev/null || packages+=(nginx-light)
    # The database server that the store is tested on; its programs are not on the path.
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null ||
        packages+=(postgresql)
    command -v curl >/dev/null || packages+=(curl)
    command -v wrk >/dev/null || packages+=(wrk)
    command -v h2load >/dev/null || packages+=(nghttp2-client)
    # Schemathesis lives in an environment of its own.
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
    /usr/bin/python3 -c 'import grpc' 2>/dev/null || packages+=(python3-grpcio)
    /usr/bin/python3 -c 'import websockets' 2>/dev/null || packages+=(python3-websockets)
fi
[ ${#packages[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    printf 'please install what these Debian packages hold: %s\n' "${packages[*]}" >&2
    # Without a compiler nothing works; without the others the tests that need them say so.
    command -v cc >/dev/null && exit 0
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
say "installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive

# The tests start servers of their own; the packages would start others, now and at each boot. A policy that denies (man 8 invoke-rc.d) keeps packages from starting anything while we
# install. One that is there already is somebody's decision and stays as it is; ours is made only where
# there is none, says what it is, and goes when we are done, also when we are interrupted.
policy=/usr/sbin/policy-rc.d
mark="made by scripts/setup.sh while it installs packages; may be deleted"
allow_services() { $sudo rm -f "$policy"; }
deny_services() {
    # Left behind by a run that was killed.
    ! grep -qsF "$mark" "$policy" || allow_services
    # noclobber: never over one that somebody makes at the same time.
    if $sudo sh -c 'set -C; printf "#!/bin/sh\n# %s\nexit 101\n" "$2" >"$1" && chmod 755 "$1"' \
        sh "$policy" "$mark" 2>/dev/null; then
        trap allow_services EXIT
        trap 'exit 130' INT TERM HUP
    else
        [ -e "$policy" ] || fail "$policy cannot be written, so servers would be started: please install ${packages[*]} by hand"
    fi
}

$sudo apt-get update -qq
servers=()
case " ${packages[*]} " in *" nginx-light "*) servers+=(nginx) ;; esac
case " ${packages[*]} " in *" postgresql "*) servers+=(postgresql) ;; esac
if [ ${#servers[@]} -gt 0 ]; then
    deny_services
    # No cluster of the system's: the tests make theirs. A configuration that is there stays.
    if [ "${servers[-1]}" = postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        $sudo mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
fi
$sudo apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
# They were not there before, so nobody has them start at boot on purpose.
for server in "${servers[@]}"; do
    $sudo update-rc.d "$server" disable >/dev/null
done
