#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# bench/compress.sh [--train] - what quantization and pruning cost in accuracy, on models/generated-small (--train: trained again from its recipe).
# JSON lines on standard output; 10,000 pictures that no net has seen: seed 2, and training had seed 1.
set -eu
cd "$(dirname "$0")/.."
lab=${TRUNDLE_BUILD:-build}/trundle-lab
out=${TRUNDLE_BUILD:-build}/bench/compress
model=models/generated-small/generated-small.net
mkdir -p "$out"
if [ "${1:-}" = --train ] || [ ! -e "$model" ]; then
    rm -rf "$out/generated-small"
    "$lab" train recipes/generated-small.json --out "$out" --json
    cp "$out/generated-small/generated-small.net" "$out/base.net"
    model=$out/base.net
fi
for how in '--observer min-max' '--observer percentile' '--observer mse' '--observer mse --no-bias-correction' '--observer mse --equalize 10' '--observer mse --weight-bits 7' \
    '--observer min-max --per-tensor'; do
    # shellcheck disable=SC2086    # options are words
    printf '{"quantize": "%s", "result": %s}\n' "$how" "$("$lab" net quantize $how --generated 1 --check 10000 --json --out "$out/int8.net" "$model")"
done
"$lab" net prune --keep 0.5 --int8 --generated 1 --rounds 3 --steps 1500 --rate 0.02 --check 10000 --json --out "$out/pruned.net" --curve "$out/curve.svg" "$model" |
    sed 's/^/{"prune": /; s/$/}/'
