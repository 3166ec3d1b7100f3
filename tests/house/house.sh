#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# The rules of the house, as TAP: who includes whom, who calls what, what is exported, headers that stand alone, licences.
set -u
cd "${TRUNDLE_SOURCE:-$(dirname "$0")/../..}" || exit 4
build=${TRUNDLE_BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
report() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; sed 's/^/# /' "$work/out" | head -n 40; fi
}

sh tests/house/includes.sh >"$work/out" 2>&1
report $? 'rooms use only rooms before them'

# The mutant: an include that goes up must be found.
mkdir -p "$work/tree/src/base/std" "$work/tree/tests/house"
echo '#include "cart/fuse/fuse.h"' >"$work/tree/src/base/std/bad.c"
! sh tests/house/includes.sh "$work/tree" >"$work/out" 2>&1
report $? 'an include that goes up is found'

# Brain and senses call no file, socket, thread or clock.
forbidden='open|open64|openat|fopen|fopen64|creat|read|write|socket|connect|bind|listen|accept|send|recv|pthread_create|thrd_create|fork|execve?|system|popen|clock_gettime|clock_nanosleep|gettimeofday|time|nanosleep|sleep|usleep|rand|random|getenv|printf|puts|fprintf|exit'
pure() { # names of object files of the rooms that do no I/O
    ar t "$build/libcore.a" 2>/dev/null | grep -E 'src_cart_(calib|scan|weigh|see|fuse|basket|guard|brain)_'
}
calls() { nm -u "$1" 2>/dev/null | awk '{ print $2 }' | sed 's/@.*//; s/^__\(.*\)_chk$/\1/' | grep -xE "$forbidden"; }
: >"$work/out"
count=0
for object in $(pure); do
    path=$(find "$build" -path '*libcore.a.p*' -name "$(basename "$object")" | head -n 1)
    [ -n "$path" ] || continue
    count=$((count + 1))
    calls "$path" | sed "s|^|$object calls |" >>"$work/out"
done
[ "$count" -ge 10 ] || echo "only $count objects looked at" >>"$work/out"
[ ! -s "$work/out" ]
report $? "brain and senses call no file, socket, thread or clock ($count objects)"

printf '#include <time.h>\nlong now(void);\nlong now(void) { return (long)time(0); }\n' >"$work/clock.c"
cc -c -o "$work/clock.o" "$work/clock.c" 2>"$work/out" && calls "$work/clock.o" >"$work/out"
report $? 'an object that asks for the time is found'

nm -D --defined-only "$build/libtrundle.so" 2>"$work/err" | awk '{ print $3 }' | grep -v '^trundle_' >"$work/out"
cat "$work/err" >>"$work/out"
[ ! -s "$work/out" ] && nm -D --defined-only "$build/libtrundle.so" | grep -q ' trundle_push$'
report $? 'libtrundle exports trundle_* and nothing else'

: >"$work/out"
for header in include/trundle/*.h; do
    for language in 'cc -std=c11 -x c' 'c++ -std=c++17 -x c++'; do
        $language -Wall -Wextra -Werror -fsyntax-only -Iinclude "$header" -Wno-pragma-once-outside-header >>"$work/out" 2>&1 || echo "$header: $language" >>"$work/out"
    done
done
! grep -q . "$work/out"
report $? 'every public header compiles alone, in C and C++'

if command -v reuse >/dev/null && [ -e .git ]; then
    reuse lint >"$work/out" 2>&1
    report $? 'every file says its licence (REUSE)'
else
    n=$((n + 1))
    echo "# skipped: reuse is not installed, or this is no git checkout"
    echo "ok $n - every file says its licence (REUSE) # SKIP"
fi

: >"$work/out"
for script in dev .ci/run bench/run tools/*.sh tests/*.sh tests/*/*.sh examples/*.sh; do
    [ ! -f "$script" ] || sh -n "$script" >>"$work/out" 2>&1 || echo "$script" >>"$work/out"
done
[ ! -s "$work/out" ]
report $? 'shell scripts parse'
echo "1..$n"
