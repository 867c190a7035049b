#!/usr/bin/env bash
# Installs what is missing. `setup.sh run` needs a compiler; `setup.sh test` a browser, nginx and
# clients too.
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
if [ "$purpose" = test ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
        command -v google-chrome >/dev/null || packages+=(chromium)
    # The server and the clients that the gateway is tested between.
    command -v nginx >/dev/null || packages+=(nginx-light)
    command -v curl >/dev/null || packages+=(curl)
    command -v wrk >/dev/null || packages+=(wrk)
    command -v h2load >/dev/null || packages+=(nghttp2-client)
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
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
