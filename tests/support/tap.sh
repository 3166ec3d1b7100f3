#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# tap.sh PROGRAM... - runs a cmocka program; cmocka writes a skip as `not ok N # SKIP`, TAP wants `ok N # SKIP`.
set -u
status=$(mktemp)
{ "$@"; echo $? >"$status"; } | sed -u 's/^not ok \([0-9]*\) # SKIP \(.*\)/ok \1 - \2 # SKIP/'
code=$(cat "$status")
rm -f "$status"
exit "$code"
