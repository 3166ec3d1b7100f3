/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as catalog JSON: refused, or a catalog whose own text reads back to the same bytes. */
#include "base/catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct catalog *c, *again;
    struct bytes b = { 0 };
    struct trundle_error err;

    if (catalog_from_json(data, n, "fuzz", &c, &err) != TRUNDLE_OK)
        return 0;
    if (catalog_to_json(c, NULL, 0, &b) != TRUNDLE_OK || catalog_from_json(b.data, b.n, "again", &again, &err) != TRUNDLE_OK ||
        strcmp(catalog_hash(c), catalog_hash(again)) != 0)
        abort();
    catalog_free(again);
    catalog_free(c);
    bytes_done(&b);
    return 0;
}
