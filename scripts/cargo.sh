#!/usr/bin/env bash
# cargo with the repository's target folder.
source "$(dirname "$0")/env.sh"
exec cargo "$@"
