#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# verbs.sh TRIP_MAKE - trundle info and trundle recover as a person uses them.
set -u
make=$1
trundle=$TRUNDLE_BUILD/trundle
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0
check() { n=$((n + 1)); if [ "$1" = "$2" ]; then echo "ok $n - $3"; else echo "not ok $n - $3: '$1', not '$2'"; failed=1; fi; }
"$make" "$work/a.mcap" 240 zstd whole >/dev/null 2>&1
"$make" "$work/b.mcap" 240 lz4 killed >/dev/null 2>&1
size=$(wc -c <"$work/b.mcap")
head -c $((size - 100)) "$work/b.mcap" >"$work/c.mcap"
out=$("$trundle" info "$work/a.mcap" --json); check $? 0 "info exits 0"
check "$(echo "$out" | wc -l | tr -d ' ')" 1 "one line"
check "$(echo "$out" | grep -o '"messages":240,"duration_s":2.3[0-9]*,' | wc -l | tr -d ' ')" 1 "messages and duration"
check "$(echo "$out" | grep -o '"topic":"/cam/[0-2]"' | sort -u | wc -l | tr -d ' ')" 3 "the cameras"
check "$(echo "$out" | grep -c '"whole":true.*"seed":17.*"name":"cart.json"')" 1 "head and attachment"
"$trundle" info "$work/a.mcap" | grep -q '^240 messages in 2.380 s'; check $? 0 "info for people"
"$trundle" info "$work/c.mcap" >"$work/out" 2>"$work/err"; check $? 3 "info of a killed trip exits 3"
grep -q 'trundle recover' "$work/err"; check $? 0 "and says what helps"
grep -q DAMAGED "$work/out"; check $? 0 "and shows what is there"
"$trundle" info "$work/none.mcap" >/dev/null 2>&1; check $? 3 "info of nothing exits 3"
"$trundle" info >/dev/null 2>&1; check $? 2 "info without a file exits 2"
"$trundle" recover "$work/c.mcap" -o "$work/d.mcap" >"$work/out"; check $? 0 "recover exits 0"
grep -q 'kept [0-9]* messages in [0-9]* chunks, up to t = .*lost the last [0-9]* bytes' "$work/out"; check $? 0 "and says what was kept and lost"
"$trundle" info "$work/d.mcap" >/dev/null; check $? 0 "what it wrote is whole"
"$trundle" recover "$work/c.mcap" --out "$work/d.mcap" >/dev/null 2>&1; check $? 3 "recover never overwrites"
"$trundle" recover "$work/c.mcap" --json | grep -q '"out":".*c.recovered.mcap"'; check $? 0 "the name it takes by itself"
echo hello >"$work/text"
"$trundle" recover "$work/text" >/dev/null 2>"$work/err"; check $? 3 "recover of something else exits 3"
[ ! -e "$work/text.recovered.mcap" ]; check $? 0 "and leaves nothing"
echo "1..$n"
exit $failed
