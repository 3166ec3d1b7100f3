#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# bench/v1.sh [OPTION...] - every system on the same trips, as Markdown tables; docs/benchmark.md. Trips are made once, below $TMPDIR, and removed.
#   --suite NAME    v1, or any other (v1)
#   --seed S        first seed; below 1,000,000 is development (1000)
#   --trips N       trips with pictures (20); 0: none
#   --blind N       trips without pictures, which cells and codes are enough for (0)
#   --systems LIST  "scan-only weight-only shelf-rule vision-only frame-by-frame trundle"
#   --jobs N        processes (one per processor)
#   --quality FILE  also append the figures to this CSV (bench/quality.csv)
#   --fit yes       instead fit the baselines to --trips trips with pictures, and print what models/baselines.json should hold
#   --dir DIR       make the trips there and leave them; those that are there are taken as they are
set -eu
cd "$(dirname "$0")/.."
build=${TRUNDLE_BUILD:-build}
suite=v1 seed=1000 trips=20 blind=0 jobs=$(nproc) quality='' dir='' fit=''
systems='scan-only weight-only shelf-rule vision-only frame-by-frame trundle'
while [ $# -gt 0 ]; do
    case $1 in
    --suite | --seed | --trips | --blind | --systems | --jobs | --quality | --dir | --fit)
        [ $# -gt 1 ] || { echo "bench/v1.sh: $1 takes a value" >&2; exit 2; }
        eval "${1#--}=\$2"
        shift 2
        ;;
    --help)
        sed -n 's/^#   //p' "$0"
        exit 0
        ;;
    *)
        echo "bench/v1.sh: unknown option '$1'; --help lists them" >&2
        exit 2
        ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
[ -n "$dir" ] || dir=$work

# figure MODE KEY FILE: "value [lo, hi]" of the whole; slice NAME KEY FILE: of a slice, unaided.
print_figure() { sed -n 's/.*"value":\([^,}]*\),"lo":\([^,}]*\),"hi":\([^,}]*\),.*/\1 \2 \3/p' | awk '{ if ($1 == "null") print "-"; else if ($2 == "null") printf "%.3g\n", $1; else printf "%.3f [%.3f, %.3f]\n", $1, $2, $3 }'; }
figure() { sed 's/"slices":.*//; s/.*"'"$1"'":{\(.*\)/\1/' "$3" | grep -o "\"$2\":{[^}]*}" | head -n 1 | print_figure; }
slice() { sed 's/.*"slices"://; s/.*"'"$1"'":{"unaided":\(.*\)/\1/' "$3" | grep -o "\"$2\":{[^}]*}" | head -n 1 | print_figure; }
count() { sed 's/.*"slices"://; s/.*"'"$1"'":{"unaided":\(.*\)/\1/' "$2" | grep -o '"event_recall":{[^}]*}' | head -n 1 | sed 's/.*"n":\([0-9]*\)}/\1/'; }

# table FOLDER TITLE SYSTEM...
table() {
    folder=$1
    title=$2
    shift 2
    printf '\n%s\n\n' "$title"
    echo '| system | event F1 | detection F1 | event F1, unscanned | event recall, scanned | errors per 100 items | baskets all right | of 10-15 items |'
    echo '|---|---|---|---|---|---|---|---|'
    for system in "$@"; do
        json=$work/$(basename "$folder")-$system.json
        "$build/trundle" eval "$folder" --system "$system" --jobs "$jobs" --json ${quality:+--quality "$quality"} >"$json"
        echo "| $system | $(figure unaided event_f1 "$json") | $(figure unaided detection_f1 "$json") | $(slice unscanned event_f1 "$json") | $(slice scanned event_recall "$json") | $(figure unaided errors_per_100 "$json") | $(figure unaided basket_accuracy "$json") | $(figure unaided basket_accuracy_10_15 "$json") |"
        case $system in
        trundle) echo "| trundle, aided | $(figure aided event_f1 "$json") | $(figure aided detection_f1 "$json") | | | $(figure aided errors_per_100 "$json") | $(figure aided basket_accuracy "$json") | $(figure aided basket_accuracy_10_15 "$json") |" ;;
        esac
    done
}

# band FOLDER SYSTEM WHAT VALUE LOW HIGH
band() {
    [ -n "$4" ] || return 0
    awk -v what="$2: $3" -v v="${4%% *}" -v lo="$5" -v hi="$6" 'BEGIN { printf "- %s %.3f, band %.2f to %.2f: %s\n", what, v, lo, hi, (v >= lo && v <= hi) ? "in" : "OUT" }'
}

bands() {
    json() { echo "$work/$(basename "$1")-$2.json"; }
    printf '\nWhere life puts them (docs/benchmark.md):\n'
    f=$(json "$1" weight-only) && [ -f "$f" ] && band "$1" weight-only 'event F1' "$(figure unaided event_f1 "$f")" .3 .6
    f=$(json "$1" shelf-rule) && [ -f "$f" ] && {
        band "$1" shelf-rule 'detection F1 (its event F1 if it never mistook a product)' "$(figure unaided detection_f1 "$f")" .75 .9
        band "$1" shelf-rule 'event F1, with hand-made sight' "$(figure unaided event_f1 "$f")" .5 .75
    }
    f=$(json "$1" scan-only) && [ -f "$f" ] && {
        share=$(awk -v s="$(count scanned "$f")" -v u="$(count unscanned "$f")" 'BEGIN { printf "%.3f", s / (s + u) }')
        band "$1" scan-only "event recall against a scanned share of $share," "$(figure unaided event_recall "$f")" "$(awk -v s="$share" 'BEGIN { print s - .15 }')" "$share"
    }
    f=$(json "$1" frame-by-frame) && [ -f "$f" ] && band "$1" frame-by-frame 'baskets of 10-15 items all right (a band for trained nets)' "$(figure unaided basket_accuracy_10_15 "$f")" .45 .75
    return 0
}

make_trips() { # FOLDER N OPTION...
    folder=$1
    n=$2
    shift 2
    [ -f "$folder/$((seed + n - 1)).mcap" ] || "$build/trundle" sim --suite "$suite" --seed "$seed" --trips "$n" --jobs "$jobs" --out "$folder" "$@" >&2
}

if [ -n "$fit" ]; then
    make_trips "$dir/seen" "$trips"
    printf '{\n  "_about": "The numbers of the baselines of lab/judge (trundle eval --system NAME), fitted by bench/run v1 --fit yes --suite %s --seed %s --trips %s."' "$suite" "$seed" "$trips"
    for system in scan-only weight-only shelf-rule vision-only frame-by-frame; do
        line=$("$build/trundle" eval "$dir/seen" --fit "$system")
        printf ',\n  %s' "$line"
    done
    printf '\n}\n'
    exit 0
fi
if [ "$trips" -gt 0 ]; then
    make_trips "$dir/seen" "$trips"
    table "$dir/seen" "Suite $suite, $trips trips with pictures, seeds $seed to $((seed + trips - 1)); 95 % intervals over stores. Simulated." $systems
    bands "$dir/seen"
    [ "$dir" != "$work" ] || rm -rf "$dir/seen"
fi
if [ "$blind" -gt 0 ]; then
    make_trips "$dir/blind" "$blind" --no-pictures
    eyeless=$(for s in $systems; do case $s in vision-only | frame-by-frame) ;; *) echo "$s" ;; esac; done)
    table "$dir/blind" "Suite $suite, $blind trips without pictures, seeds $seed to $((seed + blind - 1)); cells and codes only, 95 % intervals over stores. Simulated." $eyeless
    [ "$dir" != "$work" ] || rm -rf "$dir/blind"
fi
