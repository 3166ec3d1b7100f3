#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# The room table holds: a file includes only rooms before its own (floors base < cart < lab < hub, rooms in the order of
# docs/architecture.md). Prints every include that does not. With --order prints the rooms in order.
set -eu
cd "$(dirname "$0")/../.."
rooms='base/std base/db base/http base/evidence base/trip base/catalog base/net base/seal base/bundle
cart/calib cart/scan cart/weigh cart/see cart/fuse cart/basket cart/guard cart/brain cart/capture cart/runtime cart/screen
lab/train lab/sim lab/judge lab/mine hub/depot hub/label hub/watch hub/ship hub/server'
root=${1:-.}
find "$root/src" -name '*.[ch]' | sort | xargs grep -Hn '^#include "' | awk -v rooms="$rooms" '
BEGIN { n = split(rooms, list, /[ \n]+/); for (i = 1; i <= n; i++) place[list[i]] = i }
{
    file = $0; sub(/:.*/, "", file); where = file; sub(/.*src\//, "", where); split(where, part, "/"); room = part[1] "/" part[2]
    target = $0; sub(/[^"]*"/, "", target); sub(/".*/, "", target)
    if (target !~ /^(base|cart|lab|hub)\//) next          # generated code and libraries
    split(target, to, "/"); other = to[1] "/" to[2]
    if (!(room in place)) { print file ": " room " is not in the room table"; bad = 1 }
    else if (!(other in place)) { print file ": includes " target ", which is not in the room table"; bad = 1 }
    else if (place[other] > place[room]) { print file ": " room " may not use " other " (" target ")"; bad = 1 }
}
END { exit bad }'
