/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The reader of sealed files, as bytes from outside. The key is that of the corpus (secret half: 32 times 0x07), so some get past the front. */
#include "base/seal/seal.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char secret[] = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    struct seal_reader *r = NULL;
    struct trundle_error err;
    struct seal_key key;
    const void *piece;
    size_t piece_n;
    int64_t sum = 0;

    if (seal_key_from_secret(secret, "fuzz", &key, &err) != TRUNDLE_OK)
        abort();
    if (seal_open_memory(&key, data, n, &r, &err) != TRUNDLE_OK)
        return 0;
    while (seal_open_next(r, &piece, &piece_n, &err) == TRUNDLE_OK)
        sum += (int64_t)piece_n;
    if (sum != seal_open_size(r) || !seal_open_header(r)->cart[0])
        abort();
    seal_open_free(r);
    return 0;
}
