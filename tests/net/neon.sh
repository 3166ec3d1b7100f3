#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# tests/net/neon.sh [SITES [NAME]] - the arm64 kernels against their references, cross-compiled and run by qemu: once on a processor with the
# dot product, once on one without. TAP; skipped where the compiler or qemu is missing. Part of ./dev test-long (a minute or two).
set -eu
cd "$(dirname "$0")/../.."
sites=${1:-30}
name=${2:-}
cc=${TRUNDLE_ARM64_CC:-aarch64-linux-gnu-gcc}
for tool in "$cc" qemu-aarch64; do
    command -v "$tool" >/dev/null || {
        echo "1..0 # SKIP $tool is missing (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)"
        exit 0
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What needs other libraries (hash.c: SHA-256, CRC) is not called and falls away.
flags='-std=c11 -O2 -ffunction-sections -g -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fno-math-errno -Wall -Wextra -Wshadow -Wconversion -Werror -Iinclude -Isrc -I.'
list="src/base/net/graph.c src/base/net/isa.c src/base/std/status.c src/base/std/rng.c src/base/std/hash.c src/base/std/bytes.c
    tests/net/kernels.c tests/net/kernels_main.c tests/net/kernels_site.c"
for source in $list $(find src/base/net -maxdepth 1 -name 'infer*.c' | sort) $(find src/base/net/op -name '*.c' | sort); do
    case $source in
        *_avx2.c | *_avx512.c | *_vnni.c) continue ;;
        *_neon.c) more='-O3 -fno-trapping-math' ;;
        *_dot.c) more='-O3 -fno-trapping-math -march=armv8.2-a+dotprod' ;;
        *) more= ;;
    esac
    # shellcheck disable=SC2086
    echo "$cc $flags $more -c $source -o $work/$(echo "$source" | tr / _).o"
done >"$work/commands"
xargs -P "${TRUNDLE_JOBS:-2}" -I '{}' sh -c '{}' <"$work/commands"
"$cc" -static -Wl,--gc-sections "$work"/*.o -lm -lpthread -o "$work/net_kernels"
status=0
for cpu in max cortex-a72; do
    qemu-aarch64 -cpu "$cpu" "$work/net_kernels" "$sites" ${name:+"$name"} >"$work/$cpu.tap" || status=1
    sed -e 's/^1\.\.[0-9]*$//' -e '/^$/d' -e "s/^\(not \)\{0,1\}ok [0-9]* - /&$cpu: /" "$work/$cpu.tap"
done | awk '/ok [0-9]+ -/ { n++; sub(/ok [0-9]+ -/, "ok " n " -") } { print } END { print "1.." n }' >"$work/all.tap"
cat "$work/all.tap"
if grep -q '^not ok' "$work/all.tap" || ! grep -q '^ok' "$work/all.tap"; then
    exit 1
fi
