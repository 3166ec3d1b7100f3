#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# npm.sh TRIP_MAKE - the official reader (@mcap/core, from npm) reads our trips, CRC checks on. Skipped without npm or registry.
set -u
make=$1
from=$TRUNDLE_SOURCE/tests/trip/npm
to=$TRUNDLE_BUILD/npm-mcap
skip() { echo "1..1"; echo "ok 1 - the official reader # SKIP $1"; exit 0; }
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || skip "npm is not installed"
if [ ! -f "$to/node_modules/.package-lock.json" ] || ! cmp -s "$from/package-lock.json" "$to/package-lock.json"; then
    mkdir -p "$to"
    cp "$from/package.json" "$from/package-lock.json" "$to/"
    (cd "$to" && timeout 120 npm ci --ignore-scripts --no-audit --no-fund >"$to/npm.log" 2>&1) || { rm -rf "$to/node_modules" "$to/package-lock.json"; skip "npm cannot reach its registry"; }
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "1..4"
n=0
status=0
report() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; status=1; fi; }
for how in lz4 zstd none; do
    "$make" "$work/$how.mcap" 600 "$how" whole >/dev/null 2>&1 && (cd "$to" && node "$from/check.mjs" "$work/$how.mcap" 600 >&2)
    report $? "the official reader reads a trip of 600 messages, $how"
done
# One changed byte inside the data must be noticed, or the check above checks nothing.
cp "$work/none.mcap" "$work/bad.mcap"
printf '\377' | dd of="$work/bad.mcap" bs=1 seek=20000 conv=notrunc 2>/dev/null
! (cd "$to" && node "$from/check.mjs" "$work/bad.mcap" 600 >/dev/null 2>&1)
report $? "and refuses it with one byte changed"
exit $status
