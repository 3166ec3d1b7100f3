#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# The verbs catalog and scan from outside: exit codes, skipped rows counted, --strict refuses. Speaks TAP.
set -u
trundle=$TRUNDLE_BUILD/trundle-cart
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
n=0
check() {
    n=$((n + 1))
    if [ "$2" = "$3" ]; then echo "ok $n - $1"; else echo "not ok $n - $1: '$2', expected '$3'"; fi
}
printf 'product,name,mass_g,mass_sd_g\n4011,Banana,180,30\n4012,Apple,x,\n' >"$folder/products.csv"
printf 'product,price\n4011,1.99\n' >"$folder/prices.csv"
check 'strict refuses' "$("$trundle" catalog import "$folder" --strict 2>/dev/null; echo $?)" 3
check 'nothing is written then' "$(ls "$folder" | tr '\n' ' ')" 'prices.csv products.csv '
check 'import skips and counts' "$("$trundle" catalog import "$folder" 2>/dev/null | sed 's/.*sqlite: //'; echo $?)" "1 products, 0 promotions, 3 rows read, 1 skipped
0"
check 'the row is named' "$("$trundle" catalog import "$folder" 2>&1 >/dev/null | sed 's/:.*//')" 'products.csv, line 3, column 12 (mass_g)'
check 'check is content with the file' "$("$trundle" catalog check "$folder/catalog.sqlite" >/dev/null 2>&1; echo $?)" 0
check 'no folder' "$("$trundle" catalog import "$folder/none" 2>/dev/null; echo $?)" 3
check 'usage' "$("$trundle" catalog 2>/dev/null; echo $?)" 2
check 'scan without a picture' "$("$trundle" scan 2>/dev/null; echo $?)" 2
check 'scan of no picture' "$("$trundle" scan "$folder/prices.csv" 2>/dev/null; echo $?)" 3
echo "1..$n"
