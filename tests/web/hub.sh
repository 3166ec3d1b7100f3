#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# hub.sh CONSOLE_SERVER - the console in Chromium; TAP. Screenshots land in BUILD/screens. Skipped where there is no browser or no npm packages, or
# where the console was built without its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${TRUNDLE_BUILD:-$here/../../build}
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
command -v node >/dev/null || skip 'no node'
command -v npm >/dev/null || skip 'no npm'
chromium=$(command -v chromium || command -v chromium-browser) || skip 'no chromium'
packages=$build/web-hub-tests
mkdir -p "$packages" "$build/screens"
if ! cmp -s "$here/package-lock.json" "$packages/package-lock.json" || [ ! -d "$packages/node_modules/playwright-core" ]; then
    cp "$here/package.json" "$here/package-lock.json" "$packages"
    (cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || {
        rm -f "$packages/package-lock.json"
        skip 'npm packages (playwright-core, axe-core) not to be had'
    }
fi
# A simulated trip with its pictures and its truth, and what a cart decided about it.
trips=$(mktemp -d "${TMPDIR:-/tmp}/trundle-console-XXXXXX")
trap 'rm -rf "$trips"' EXIT
(cd "$trips" && "$build/trundle" sim --suite smoke --seed 8 --trips 1 --out . && "$build/trundle" run 8.mcap --record trip.mcap) >"$trips/log" 2>&1 || {
    sed 's/^/# /' "$trips/log"
    echo '1..1'
    echo 'not ok 1 - a trip to look at'
    exit 1
}
node "$here/hub.mjs" "$1" "$trips/trip.mcap" "$packages/node_modules" "$chromium" "$build/screens"
