#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# count.sh testlog.json... - prints every skip with its reason, then `N passed, N failed, N skipped`, counting single cases.
# A program that died without a failed case counts as one failure. Exit 1 when anything failed or nothing passed.
set -eu
awk '
function flush_test() {
    if (name == "") return
    n = split(text, line, "\\\\n"); bad = 0
    for (i = 1; i <= n; i++) {
        if (line[i] ~ /^# skipped: /) reason = substr(line[i], 12)
        else if (line[i] ~ /^ok .*# SKIP/) { skipped++; print "skipped: " name ": " substr(line[i], 4) (reason != "" ? " (" reason ")" : ""); reason = "" }
        else if (line[i] ~ /^ok /) passed++
        else if (line[i] ~ /^not ok /) { failed++; bad = 1; print "FAILED: " name ": " substr(line[i], 8) }
    }
    if (result != "OK" && result != "SKIP" && !bad) { failed++; print "FAILED: " name ": " result }
}
{
    name = text = result = ""
    if (match($0, /"name": "[^"]*"/)) name = substr($0, RSTART + 9, RLENGTH - 10)
    if (match($0, /"result": "[^"]*"/)) result = substr($0, RSTART + 11, RLENGTH - 12)
    if (match($0, /"stdout": "([^"\\]|\\.)*"/)) text = substr($0, RSTART + 11, RLENGTH - 12)
    flush_test()
}
END {
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed || !passed
}' "$@"
