# Sourced by the other scripts: where the build goes, and small functions.
# One target folder, outside the checkout where there is a home, so that a fresh clone builds quickly and a
# checkout stays small. Whether there was a cache folder before does not matter: another program may make one
# at any time, and then everything would be built again.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export ROOT

if [ -z "${CARGO_TARGET_DIR:-}" ]; then
    cache=${BARTIZAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/bartizan}
    if [ -n "${BARTIZAN_CACHE:-}${XDG_CACHE_HOME:-}${HOME:-}" ] && mkdir -p "$cache/target" 2>/dev/null; then
        export CARGO_TARGET_DIR="$cache/target"
    else
        export CARGO_TARGET_DIR="$ROOT/target"
    fi
fi

# rustup puts cargo where a login shell finds it; a plain one may not.
if ! command -v cargo >/dev/null && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
    export PATH="$HOME/.cargo/bin:$PATH"
fi

# Debian has servers where the PATH of an ordinary user does not look.
export PATH="$PATH:/usr/sbin"

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
is_ci() { [ "${CI:-}" = true ]; }
