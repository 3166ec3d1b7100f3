#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# protoc-c writes into the package's folders; the build wants the pair flat, including its own header by base name.
set -eu
protoc_c=$1 root=$2 out=$3 name=$4 work=$5
mkdir -p "$work"
"$protoc_c" -I"$root" -I/usr/include --c_out="$work" "$root/$name.proto"
base=$(basename "$name")
# Timestamp comes with libprotobuf; generate its C beside the message that uses it.
if grep -q 'google/protobuf/timestamp.proto' "$root/$name.proto"; then
    "$protoc_c" -I/usr/include --c_out="$work" /usr/include/google/protobuf/timestamp.proto
    {
        cat "$work/google/protobuf/timestamp.pb-c.h"
        sed '/#include "google\/protobuf\/timestamp.pb-c.h"/d' "$work/$name.pb-c.h"
    } >"$out/$base.pb-c.h"
    {
        sed '/#include "google\/protobuf\/timestamp.pb-c.h"/s|.*|#include "'"$base"'.pb-c.h"|' "$work/google/protobuf/timestamp.pb-c.c"
        sed "s|#include \"$name.pb-c.h\"|#include \"$base.pb-c.h\"|" "$work/$name.pb-c.c"
    } >"$out/$base.pb-c.c"
else
    cp "$work/$name.pb-c.h" "$out/$base.pb-c.h"
    sed "s|#include \"$name.pb-c.h\"|#include \"$base.pb-c.h\"|" "$work/$name.pb-c.c" >"$out/$base.pb-c.c"
fi
# Generated code is not held to our warnings.
{ echo '#pragma GCC system_header'; cat "$out/$base.pb-c.h"; } >"$work/header"
mv "$work/header" "$out/$base.pb-c.h"
{ echo '#pragma GCC diagnostic ignored "-Wcast-qual"'; cat "$out/$base.pb-c.c"; } >"$work/source"
mv "$work/source" "$out/$base.pb-c.c"
