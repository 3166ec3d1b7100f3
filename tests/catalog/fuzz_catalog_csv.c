/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as the files of a catalog directory, parted by form feeds: each row is taken or counted. */
#include "base/catalog/import.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct { const uint8_t *at; size_t n; } part[5] = { { 0, 0 } };
    struct catalog_import import = { .strict = false };
    struct catalog_texts texts;
    struct trundle_error err;
    struct catalog *c;

    for (int i = 0; i < 5; i++) {
        const uint8_t *end = n ? memchr(data, '\f', n) : NULL;
        size_t length = end && i < 4 ? (size_t)(end - data) : n;

        part[i].at = data;
        part[i].n = length;
        n -= length;
        data += length;
        if (n) {
            data++;
            n--;
        }
    }
    texts.products.bytes = part[0].at, texts.products.n = part[0].n;
    texts.prices.bytes = part[1].at, texts.prices.n = part[1].n;
    texts.promotions.bytes = part[2].at, texts.promotions.n = part[2].n;
    texts.planogram.bytes = part[3].at, texts.planogram.n = part[3].n;
    texts.retailer.bytes = part[4].at, texts.retailer.n = part[4].n;
    if (catalog_import_texts(&texts, &import, &c, &err) == TRUNDLE_OK)
        catalog_free(c);
    return 0;
}
