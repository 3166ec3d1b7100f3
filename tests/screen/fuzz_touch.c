/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bytes of a POST /touch and of an address' key: refused with a reason, or a touch within its limits. */
#include "cart/screen/screen.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct trundle_touch untouched = { .ref = 0xdead };
    struct trundle_touch touch = untouched;
    struct trundle_error err = { 0 };
    struct trundle_product product;
    char key[64];
    size_t key_n = n < sizeof key - 1 ? n : sizeof key - 1;

    if (screen_touch_parse(data, n, &touch, &err) == TRUNDLE_OK) {
        if (touch.kind < TRUNDLE_TOUCH_ANSWER || touch.kind > TRUNDLE_TOUCH_MEMBER || touch.count < 0 || touch.count > SCREEN_COUNT_MAX ||
            (unsigned)touch.option > TRUNDLE_OPTION_ELSE)
            abort();
    } else if (memcmp(&touch, &untouched, sizeof touch) != 0 || !err.what[0] || err.status == TRUNDLE_OK) {
        abort();
    }
    if (n)
        memcpy(key, data, key_n);
    key[key_n] = '\0';
    if (screen_key_parse(key, &product, &err) == TRUNDLE_OK && !product.key)
        abort();
    return 0;
}
