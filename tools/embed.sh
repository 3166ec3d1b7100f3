#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# embed.sh NAME OUT.c FILE - a file as `const unsigned char embed_NAME[]` and `const size_t embed_NAME_n`.
set -eu
{
    echo '#include <stddef.h>'
    echo "extern const unsigned char embed_$1[]; extern const size_t embed_$1_n;"
    echo "const unsigned char embed_$1[] = {"
    od -An -v -tu1 "$3" | sed 's/\([0-9][0-9]*\)/\1,/g'
    echo "0};"
    echo "const size_t embed_$1_n = sizeof embed_$1 - 1;"
} >"$2"
