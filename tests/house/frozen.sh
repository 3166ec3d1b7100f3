#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# The benchmark is frozen, as TAP: its suites and trips are those of bench/v1.freeze, and since then no commit changed the world and
# the cart together.
set -u
cd "${TRUNDLE_SOURCE:-$(dirname "$0")/../..}" || exit 4
n=0
report() { # STATUS NAME [REASON]
    n=$((n + 1))
    case $1 in
    0) echo "ok $n - $2" ;;
    skip) echo "ok $n - $2 # SKIP $3" ;;
    *) echo "not ok $n - $2"; [ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /' | head -n 20 ;;
    esac
}
frozen=bench/v1.freeze

[ -s "$frozen" ]
report $? 'the benchmark is frozen' "no $frozen: tools/freeze.sh prints it"

now=$(sh tools/freeze.sh 2>/dev/null)
differs=$(printf '%s\n' "$now" | grep '^suite ' | grep -vxF -f "$frozen" 2>&1)
[ -z "$differs" ] && [ "$(printf '%s\n' "$now" | grep -c '^suite ')" = 2 ]
report $? 'suites v1 and v1-other are as they were frozen' "$differs"

if [ "$(uname -m)" != x86_64 ] || ! grep -qw fma /proc/cpuinfo; then
    report skip 'their trips have the same bytes' 'not an amd64 with FMA, for which the bytes were noted'
else
    differs=$(printf '%s\n' "$now" | grep '^trips ' | grep -vxF -f "$frozen" 2>&1)
    [ -z "$differs" ] && [ "$(printf '%s\n' "$now" | grep -c '^trips ')" = 2 ]
    report $? 'their trips have the same bytes' "$differs"
fi

# both LIST: commits of a `git log --name-only --format='commit %h'` on standard input that touch the world and the cart
both() {
    awk '/^commit / { if (world && cart) print id; id = $2; world = cart = 0; next }
         /^(src\/lab\/sim|suites)\// { world = 1 } /^src\/cart\// { cart = 1 }
         END { if (world && cart) print id }'
}
found=$(printf 'commit aaa\nsrc/lab/sim/plan.c\nsrc/cart/fuse/fuse.c\ncommit bbb\nsuites/v1.json\ncommit ccc\nsrc/cart/see/see.c\n' | both)
[ "$found" = aaa ]
report $? 'a commit that changes the world and the cart is found' "$found"

start=$(git log --diff-filter=A --format=%H -- "$frozen" 2>/dev/null | tail -n 1)
if [ -z "$start" ]; then
    report skip 'no commit since then changed both' 'no history here'
else
    found=$(git log --no-merges --name-only --format='commit %h' "$start..HEAD" | both)
    [ -z "$found" ]
    report $? 'no commit since then changed both' "$found"
fi
echo "1..$n"
