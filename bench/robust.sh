#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# bench/robust.sh [OPTION...] - what the cart loses when the world is another one than it was developed in: suites that extend v1 and change
# one thing, on the same seeds as v1, compared trip by trip. Prints a Markdown table; more than 3 points lost are a defect.
#   --seed S        first seed; below 1,000,000 is development (1000)
#   --trips N       trips with pictures, for what cameras see (20)
#   --blind N       trips without, for what cells feel (200)
#   --system NAME   trundle, or a baseline (trundle)
#   --jobs N        processes (one per processor)
set -eu
cd "$(dirname "$0")/.."
build=${TRUNDLE_BUILD:-build}
seed=1000 trips=20 blind=200 system=trundle jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
    --seed | --trips | --blind | --system | --jobs)
        [ $# -gt 1 ] || { echo "bench/robust.sh: $1 takes a value" >&2; exit 2; }
        eval "${1#--}=\$2"
        shift 2
        ;;
    --help) sed -n 's/^#   //p' "$0"; exit 0 ;;
    *) echo "bench/robust.sh: unknown option '$1'; --help lists them" >&2; exit 2 ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# score SUITE N OPTION...: results of the system on trips that are made for it
score() {
    world=$1 many=$2
    shift 2
    "$build/trundle" eval --suite "$world" --seed "$seed" --trips "$many" --system "$system" --jobs "$jobs" "$@" --results "$work/$world$*.jsonl" >/dev/null
}

# difference KEY FILE: "points [lo, hi]" of what B has less than A
difference() {
    sed 's/"slices":.*//; s/.*"unaided":{\(.*\)/\1/' "$2" | grep -o "\"$1\":{[^}]*}" | head -n 1 |
        sed 's/.*"a":\([^,]*\),.*"difference":\([^,]*\),"lo":\([^,]*\),"hi":\([^,]*\),.*/\1 \2 \3 \4/' |
        awk '{ printf "%.3f | %.1f [%.1f, %.1f]", $1, 0 - 100 * $2, 0 - 100 * $4, 0 - 100 * $3 }'
}

row() { # SUITE N SENSES OPTION...
    suite=$1 n=$2 senses=$3
    shift 3
    [ -f "$work/v1$*.jsonl" ] || score v1 "$n" "$@"
    score "$suite" "$n" "$@"
    "$build/trundle" eval --compare "$work/v1$*.jsonl" "$work/$suite$*.jsonl" --json >"$work/json"
    echo "| $suite | $senses, $n trips | $(difference event_f1 "$work/json") | $(difference basket_accuracy "$work/json") |"
}

echo "What \`$system\` loses, unaided, seeds from $seed; points, 95 % intervals over stores. Simulated."
echo
echo '| suite | with | event F1 on v1 | points lost | baskets all right on v1 | points lost |'
echo '|---|---|---|---|---|---|'
if [ "$blind" -gt 0 ]; then
    for suite in v1-drift v1-noise v1-slow; do row $suite "$blind" 'cells and codes' --senses cells,codes; done
fi
if [ "$trips" -gt 0 ]; then
    for suite in v1-slow v1-moved v1-three; do row $suite "$trips" 'all senses'; done
fi
