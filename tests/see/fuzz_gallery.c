/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Gallery blobs from outside: as they come, and with their hash made right, so that what lies behind it is reached too. */
#include "cart/see/gallery.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void parse(const uint8_t *data, size_t n)
{
    struct see_gallery *g = NULL;
    static float e[SEE_EMBEDDING];
    float *scores;

    if (see_gallery_parse(data, n, "fuzz", &g, NULL) != TRUNDLE_OK)
        return;
    scores = calloc(see_gallery_n(g) + 1, sizeof *scores);
    if (scores)
        see_gallery_scores(g, e, scores);
    free(scores);
    see_gallery_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t *copy;

    parse(data, n);
    if (n < crypto_hash_sha256_BYTES || !(copy = malloc(n)))
        return 0;
    memcpy(copy, data, n);
    (void)crypto_hash_sha256(copy + n - crypto_hash_sha256_BYTES, copy, n - crypto_hash_sha256_BYTES);
    parse(copy, n);
    free(copy);
    return 0;
}
