#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# Bad input as a person meets it: what run, eval and info say, their exit codes, and what they leave behind. TAP.
set -u
trundle=${TRUNDLE_BUILD:-build}/trundle
cd "${TRUNDLE_SOURCE:-$(dirname "$0")/../..}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
report() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; sed 's/^/# /' "$work/out" "$work/err" | head -n 20; fi
}
is() { # WANTED VERB ARGUMENT...
    wanted=$1
    shift
    timeout 60 "$trundle" "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ $code = "$wanted" ] || { echo "exit $code, not $wanted: $*" >>"$work/err"; false; }
}
says() { grep -q -- "$1" "$work/err"; }
flip() { # FROM TO BYTE: the byte at that place gets another value
    cp "$1" "$2"
    byte=$(od -An -tu1 -j "$3" -N 1 "$1" | tr -d ' ')
    printf "\\$(printf %03o $(((byte + 1) % 256)))" | dd of="$2" bs=1 seek="$3" conv=notrunc 2>/dev/null
}

"$trundle" sim --suite smoke --seed 521 --trips 1 --no-pictures --out "$work/t" >"$work/out" 2>"$work/err"
trip=$work/t/521.mcap
store=$(echo "$work"/t/stores/*)
size=$(wc -c <"$trip")

head -c $((size / 2)) "$trip" >"$work/t/cut.mcap"
is 3 run "$work/t/cut.mcap" && says 'cut.mcap.*no end.*trundle recover' && is 3 info "$work/t/cut.mcap" && says recover && is 3 eval "$work/t/cut.mcap" && says cut.mcap
report $? 'a trip that was cut off: exit 3, and recover is named'
is 0 recover "$work/t/cut.mcap" -o "$work/t/mended.mcap" && is 0 run "$work/t/mended.mcap"
report $? 'what recover keeps of it runs'
refused=0                                                    # some bytes are of indexes that nobody needs
status=0
for tenth in 3 4 5 6 7; do
    flip "$trip" "$work/t/flip.mcap" $((size * tenth / 10))
    if is 3 run "$work/t/flip.mcap"; then
        refused=$((refused + 1))
        says flip.mcap && is 3 eval "$work/t/flip.mcap" && says flip.mcap && is 3 info "$work/t/flip.mcap" && says flip.mcap || status=1
    else
        is 0 run "$work/t/flip.mcap" || status=1
    fi
done
[ $refused -gt 0 ] && [ $status = 0 ]
report $? 'a flipped byte: exit 3 and the file is named, or it changes nothing'
printf 'no trip' >"$work/t/text.mcap"
is 3 run "$work/t/text.mcap" && says text.mcap && is 3 info "$work/t/text.mcap" && is 3 eval "$work/t/text.mcap" && is 3 run "$work/t/none.mcap" && says none.mcap &&
    is 3 run "$work" && is 3 info "$work"
report $? 'what is no trip, not there, or a folder: exit 3'

cp "$trip" "$work/alone.mcap"
is 3 run "$work/alone.mcap" && says 'catalog DIR' && is 3 run "$trip" --catalog "$work" && says 'catalog'
report $? 'a trip without its catalog says what is missing'
mkdir "$work/other" && sed '2s/,.*,/,Another thing,/' "$store/products.csv" >"$work/other/products.csv"
is 3 run "$trip" --catalog "$work/other"
report $? 'another catalog is refused'

is 0 run "$trip" --record "$work/r.mcap" && is 3 run "$trip" --record "$work/r.mcap" && says 'r.mcap: is a whole trip already' && is 0 info "$work/r.mcap"
report $? '--record on a whole trip: exit 3, and it stays'
echo 'a letter' >"$work/letter" && is 3 run "$trip" --record "$work/letter" && says 'no trip that was killed' && [ "$(cat "$work/letter")" = 'a letter' ]
report $? '--record on somebody'"'"'s file: exit 3, and it stays'
is 4 run "$trip" --record "$work/nowhere/r.mcap" && says 'nowhere/r.mcap'
report $? '--record where nothing can be written: exit 4'

"$trundle" run "$trip" --speed 20 --record "$work/int.mcap" >"$work/out" 2>"$work/err" &
pid=$!
i=0
while [ $i -lt 50 ] && [ ! -s "$work/int.mcap" ]; do sleep 0.1; i=$((i + 1)); done
sleep 1
kill -INT $pid
wait $pid
code=$?
[ $code = 0 ] && is 0 recover "$work/int.mcap" -o "$work/int2.mcap" && is 0 info "$work/int2.mcap" && is 0 run "$trip" --record "$work/int.mcap" && is 0 info "$work/int.mcap" &&
    "$trundle" run "$trip" | head -n 3 >"$work/a" && "$trundle" run "$work/int.mcap" --catalog "$store" | head -n 3 | cmp - "$work/a"
report $? 'SIGINT: a clean exit, a trip that recover reads and that the same command finishes'

"$trundle" run "$trip" --serve 127.0.0.1:0 --speed 0.2 >"$work/serve" 2>&1 &
pid=$!
i=0
while [ $i -lt 50 ] && ! grep -q 'http://' "$work/serve"; do sleep 0.1; i=$((i + 1)); done
port=$(sed -n 's|.*http://127.0.0.1:\([0-9]*\).*|\1|p' "$work/serve" | head -n 1)
is 4 run "$trip" --serve "127.0.0.1:$port" && says "$port"
status=$?
kill -INT $pid
wait $pid
report $status 'a port in use: exit 4, the port is named'

tr -d '\n' <tests/fuzz/cart_file/example.json | sed 's/"T_basket_cam": *\[[^]]*\]/"T_basket_cam": [1,0,0,0.3, 0,1,0,0.3, 0,0,1,0.9]/' >"$work/inside_out.json"
is 3 run --cart "$work/inside_out.json" --catalog "$store" && says 'inside_out.json.*T_basket_cam'
report $? 'a camera inside out: exit 3, the field is named'
sed 's/"gain_g": *0.01,/"gain_g": 0,/' tests/fuzz/cart_file/example.json >"$work/gain.json"
is 3 run --cart "$work/gain.json" --catalog "$store" && says gain_g && is 3 run --cart "$work/none.json" --catalog "$store" && says none.json
report $? 'a gain of 0, a cart file that is not there: exit 3'

mkdir "$work/double" && cp "$store"/*.csv "$store"/*.json "$work/double/" && rm -f "$work/double/cart.json" && sed -n 2p "$store/products.csv" >>"$work/double/products.csv"
lines=$(wc -l <"$work/double/products.csv" | tr -d ' ')
is 3 catalog import "$work/double" --strict && says "products.csv, line $lines" && is 0 catalog import "$work/double" && says "products.csv, line $lines" && is 0 run "$trip" --catalog "$work/double"
report $? 'a GTIN twice: the row is named, strict refuses, else the first holds'
is 2 run && is 2 run "$trip" --threads 0 && is 2 run "$trip" --threads 4294967297 && is 2 run "$trip" --speed fast
report $? 'usage errors exit 2'
echo "1..$n"
