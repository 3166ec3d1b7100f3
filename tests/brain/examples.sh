#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# The examples, as TAP: built against the public headers and libtrundle alone, run, and their receipts looked at.
set -u
build=${TRUNDLE_BUILD:-build}
cd "${TRUNDLE_SOURCE:-$(dirname "$0")/../..}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
report() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; sed 's/^/# /' "$work/out" "$work/err" | head -n 30; fi
}
skip() { n=$((n + 1)); echo "# skipped: $2"; echo "ok $n - $1 # SKIP $2"; }
sanitize=
nm -D "$build/libtrundle.so" | grep -q __asan && sanitize=-fsanitize=address,undefined
cat >"$work/wanted" <<'EOF'
Milk 1 l                              1.19
Beans 400 g                           0.89
Beans 400 g                           0.89
------------------------------------------
TOTAL EUR, 3 items                    2.97
  tax in it                           0.19
EOF
: >"$work/err"

cc -std=c11 -Wall -Wextra -Werror $sanitize -Iinclude examples/cart.c -L"$build" -ltrundle -Wl,-rpath,"$build" -o "$work/cart" >"$work/out" 2>&1
report $? 'cart.c builds with the public headers and libtrundle'
"$work/cart" examples >"$work/out" 2>"$work/err" && tail -n 6 "$work/out" | cmp - "$work/wanted" >>"$work/err" 2>&1 && [ ! -s "$work/err" ] &&
    [ "$(grep -c 'decision 1: ' "$work/out")" = 4 ] && [ "$(grep -c 'decision 3: gtin:04006381331029, total 297$' "$work/out")" = 1 ]
report $? 'cart.c: four lines come, one goes, the receipt is right'
mkdir "$work/heavy" && cp examples/*.json "$work/heavy" && sed 's/rest 3 10300/rest 3 4100/' examples/messages.txt >"$work/heavy/messages.txt"
"$work/cart" "$work/heavy" >"$work/out" 2>"$work/err" && ! tail -n 6 "$work/out" | cmp - "$work/wanted" >/dev/null
report $? 'the mutant: another mass gives another receipt'
! "$work/cart" "$work/none" >"$work/out" 2>"$work/err" && grep -q '^cart.json: is empty' "$work/err"
report $? 'cart.c: no cart file is an error that names it'

javac=$(command -v javac)
java_home=${JAVA_HOME:-$([ -n "$javac" ] && dirname "$(dirname "$(readlink -f "$javac")")")}
if [ -z "$javac" ]; then
    skip 'Cart.java gives the same receipt' 'javac is not installed (default-jdk-headless)'
elif [ ! -f "$java_home/include/jni.h" ]; then
    skip 'Cart.java gives the same receipt' "no jni.h under $java_home"
elif [ -n "$sanitize" ]; then
    skip 'Cart.java gives the same receipt' 'a Java VM does not load a library with sanitizers'
else
    "$javac" -d "$work" examples/Cart.java >"$work/out" 2>"$work/err" &&
        cc -std=c11 -Wall -Wextra -Werror -shared -fPIC -I"$java_home/include" -I"$java_home/include/linux" -Iinclude examples/trundle_jni.c -L"$build" \
            -ltrundle -Wl,-rpath,"$build" -o "$work/libtrundle_jni.so" >>"$work/out" 2>&1 &&
        "$java_home/bin/java" -Xcheck:jni -Djava.library.path="$work" -cp "$work" Cart examples >"$work/out" 2>"$work/err" && cmp "$work/out" "$work/wanted" >>"$work/err"
    report $? 'Cart.java gives the same receipt'
fi
echo "1..$n"
