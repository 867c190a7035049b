#!/usr/bin/env bash
# Has the gateway take the tokens of a real OpenID provider (npm oidc-provider, pinned): discovery, rotation,
# introspection and revocation, DPoP, logout. Needs Node.js; what is installed stays in scripts/oidc.
#   oidc.sh            installs the provider and runs the tests that ask it
#   oidc.sh install    only installs it: all tests find it then
source "$(dirname "$0")/env.sh"
command -v npm >/dev/null || fail "npm is missing (Debian: nodejs npm)"
wanted=$(sed -n 's/.*"oidc-provider": "\(.*\)".*/\1/p' scripts/oidc/package.json)
if ! grep -q "\"version\": \"$wanted\"" scripts/oidc/node_modules/oidc-provider/package.json 2>/dev/null; then
    say "installing oidc-provider $wanted"
    npm ci --prefix scripts/oidc --no-audit --no-fund --ignore-scripts
fi
[ "${1:-}" = install ] || cargo test --workspace --test it -- oidc::
