#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# run.sh SCREEN_SERVER - the touchscreen in Chromium; TAP. Screenshots land in BUILD/screens. Skipped where there is no browser or no
# npm packages to drive it with.
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
packages=$build/web
mkdir -p "$packages"
if ! cmp -s "$here/package-lock.json" "$packages/package-lock.json" || [ ! -d "$packages/node_modules/playwright-core" ]; then
    cp "$here/package.json" "$here/package-lock.json" "$packages"
    (cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || {
        rm -f "$packages/package-lock.json"
        skip 'npm packages (playwright-core, axe-core, jsqr) not to be had'
    }
fi
mkdir -p "$build/screens"
exec node "$here/cart.mjs" "$1" "$packages/node_modules" "$chromium" "$build/screens"
