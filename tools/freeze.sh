#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# What the benchmark is made of, as hashes: tools/freeze.sh prints bench/v1.freeze. The suites by their text; their trips by the
# bytes that this machine makes (amd64 with FMA, the packages of Debian 12: libm's and zstd's choices are in them).
set -eu
cd "$(dirname "$0")/.."
build=${TRUNDLE_BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for suite in v1 v1-other; do
    echo "suite $suite $(sha256sum <"suites/$suite.json" | cut -c1-64)"
    "$build/trundle" sim --suite $suite --seed 1 --trips 3 --no-pictures --out "$work/$suite" >&2
    echo "trips $suite seeds 1-3 cells,codes $(cat "$work/$suite"/1.mcap "$work/$suite"/2.mcap "$work/$suite"/3.mcap | sha256sum | cut -c1-64)"
done
