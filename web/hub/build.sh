#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# build.sh WORK INDEX SCRIPT STYLE - the console's three files, from the sources beside this script and the npm packages of package-lock.json. The same
# sources give the same bytes. Where npm or esbuild is missing, or the packages are not to be had, the page says so instead; a build never fails for that.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
plain() {
    echo "the console is left out: $1" >&2
    cp "$here/plain.html" "$index"
    : >"$script"
    : >"$style"
    exit 0
}
index=$2 script=$3 style=$4
command -v npm >/dev/null || plain 'no npm'
esbuild=$(command -v esbuild) || plain 'no esbuild'
if ! cmp -s "$here/package-lock.json" "$work/package-lock.json" || [ ! -d "$work/node_modules/preact" ]; then
    cp "$here/package.json" "$here/package-lock.json" "$work"
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || {
        rm -f "$work/package-lock.json"
        plain 'npm packages (preact, htm, uplot) not to be had'
    }
fi
cp "$here"/*.js "$here"/*.css "$work"
cd "$work"
"$esbuild" main.js --bundle --format=esm --target=es2022 --minify --legal-comments=eof --log-level=warning --outfile=script.js
"$esbuild" style.css --bundle --minify --legal-comments=eof --log-level=warning --outfile=style.out.css
cd - >/dev/null
cp "$work/script.js" "$script"
cp "$work/style.out.css" "$style"
cp "$here/index.html" "$index"
