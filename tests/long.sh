#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# tests/long.sh [STAGE...] - what takes longer than ./dev test may; without arguments all of it. A line per stage with date, result
# and seconds; its log is build/long/STAGE.log. Exit 1 when a stage failed. Started by ./dev test-long, which installs what it needs.
#   test      ./dev test
#   clang     everything built by clang with -Werror, its tests under address and undefined sanitizers
#   fuzz      every fuzz target as a libFuzzer program, TRUNDLE_FUZZ_S (60) seconds each, starting from its corpus
#   thread    what has threads, under the thread sanitizer
#   kills     a cart killed at TRUNDLE_TEST_KILLS (300) random points
#   replays   replays A and B over TRUNDLE_TEST_TRIPS (100) trips with 1, 2 and 4 threads
#   arm64     the arm64 kernels of nets under qemu, with the dot product and without (tests/net/neon.sh)
#   valgrind  one trip through the cart under valgrind; left out when that is not installed
# shellcheck disable=SC2317    # stages are called by name
set -u
cd "$(dirname "$0")/.." || exit 4
jobs=${TRUNDLE_JOBS:-$(nproc)}
logs=build/long
mkdir -p "$logs/tmp"
export TMPDIR="$PWD/$logs/tmp"       # nobody tidies up here in the middle of a run
failed=0

setup() { # FOLDER OPTION...
    folder=$1
    shift
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" || return 1
    ninja -C "$folder" -j "$jobs"
}

plain() { setup build; }

stage_test() { ./dev test; }

clang_build() { CC=clang CXX=clang++ setup build-clang -Dwerror=true -Dfuzzing=true -Db_sanitize=address,undefined -Db_lundef=false; }

stage_clang() {
    clang_build && meson test -C build-clang --suite quick --no-rebuild --print-errorlogs --num-processes "$jobs" --timeout-multiplier 3
}

stage_fuzz() {
    clang_build || return 1
    bad=0
    for program in build-clang/tests/fuzz_*; do
        [ -f "$program" ] && [ -x "$program" ] || continue
        name=${program##*/fuzz_}
        work=$logs/fuzz_$name
        mkdir -p "$work"
        if ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 "$program" -max_total_time="${TRUNDLE_FUZZ_S:-60}" -timeout=20 -rss_limit_mb=4096 \
            -print_final_stats=1 -artifact_prefix="$work/" "$work" "tests/fuzz/$name" >"$logs/fuzz_$name.log" 2>&1; then
            echo "ok $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/fuzz_$name.log") runs"
        else
            echo "not ok $name: $logs/fuzz_$name.log"
            tail -n 40 "$logs/fuzz_$name.log"
            bad=1
        fi
    done
    return $bad
}

# Libraries are not built for the thread sanitizer: GLib locks by futex, which it cannot see. What our own code does, it sees.
stage_thread() {
    setup build-thread -Db_sanitize=thread -Db_lundef=false -Dwerror=true || return 1
    TRUNDLE_TEST_TRIPS=2 TSAN_OPTIONS="suppressions=$PWD/tests/support/tsan.txt:ignore_noninstrumented_modules=1:exitcode=66:second_deadlock_stack=1" \
        meson test -C build-thread --no-rebuild --print-errorlogs --num-processes "$jobs" --timeout-multiplier 6 \
        session http screen device_camera device_scale device_scanner sim net_plan net_face train_data
}

stage_kills() {
    plain && TRUNDLE_TEST_KILLS=${TRUNDLE_TEST_KILLS:-300} meson test -C build --no-rebuild --print-errorlogs --timeout-multiplier 0 kill
}

stage_replays() {
    plain && TRUNDLE_TEST_TRIPS=${TRUNDLE_TEST_TRIPS:-100} meson test -C build --no-rebuild --print-errorlogs --timeout-multiplier 0 session
}

stage_arm64() { TRUNDLE_JOBS=$jobs tests/net/neon.sh 100; }

stage_valgrind() {
    plain && rm -rf "$logs/valgrind" && build/trundle sim --suite smoke --seed 77 --trips 1 --out "$logs/valgrind" &&
        valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite build/trundle-cart run "$logs/valgrind/77.mcap" --speed max
}

one() {
    case $1 in
    test | clang | fuzz | thread | kills | replays | arm64) ;;
    valgrind)
        command -v valgrind >/dev/null || { echo "$(date -u +%FT%RZ) SKIP valgrind: not installed"; return; }
        ;;
    *)
        echo "long.sh: no stage '$1'; its first lines list them" >&2
        exit 2
        ;;
    esac
    begin=$(date +%s)
    if "stage_$1" >"$logs/$1.log" 2>&1; then
        result=PASS
    else
        result=FAIL
        failed=1
        tail -n 60 "$logs/$1.log" >&2
    fi
    echo "$(date -u +%FT%RZ) $result $1 $(($(date +%s) - begin)) s"
}

[ $# -gt 0 ] || set -- test clang fuzz thread kills replays arm64 valgrind
for stage in "$@"; do one "$stage"; done
exit "$failed"
