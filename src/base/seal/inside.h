/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the files of base/seal share; not for other rooms. */
#pragma once

#include "base/seal/seal.h"

#include <sodium.h>

enum {
    SEAL_MAGIC_N = 8,
    SEAL_KEY_N = crypto_box_SEALBYTES + crypto_secretstream_xchacha20poly1305_KEYBYTES,
    SEAL_STREAM_N = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    SEAL_TAIL_N = SEAL_KEY_N + SEAL_STREAM_N,                                   /* between header and first chunk */
    SEAL_EXTRA_N = crypto_secretstream_xchacha20poly1305_ABYTES,
    SEAL_SEALED_CHUNK = SEAL_CHUNK + SEAL_EXTRA_N,
    SEAL_FRONT_MAX = SEAL_MAGIC_N + 4 + SEAL_HEADER_MAX + SEAL_TAIL_N
};
#define SEAL_MAGIC "TRSEAL1\n"

/* Appends the header as JSON. BAD_ARG. */
TRUNDLE_MUST_USE enum trundle_status seal_header_print(const struct seal_header *header, struct bytes *out, struct trundle_error *err);
/* *out_extra: owned text or NULL; a NULL pointer drops it. */
TRUNDLE_MUST_USE enum trundle_status seal_header_parse(const void *text, size_t n, const char *where, struct seal_header *out, char **out_extra,
                                                       struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status seal_init(struct trundle_error *err);
