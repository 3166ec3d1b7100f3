/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes from a scanner: refused, or a product whose text form parses. */
#include "cart/scan/gs1.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct trundle_code code = { 0 };
    struct trundle_product again;
    char text[TRUNDLE_PRODUCT_TEXT];
    struct scan_item item;
    struct trundle_error err;

    if (n < 1 || n > TRUNDLE_CODE_TEXT)
        return 0;
    code.symbology = (enum trundle_symbology)(data[0] % (TRUNDLE_SYM_OTHER + 1));
    code.text_bytes = (uint16_t)(n - 1);
    memcpy(code.text, data + 1, n - 1);
    if (scan_parse(&code, NULL, &item, &err) == TRUNDLE_OK &&
        (trundle_product_parse(trundle_product_text(item.product, text), &again) != TRUNDLE_OK || again.key != item.product.key || item.count < 1))
        abort();
    return 0;
}
