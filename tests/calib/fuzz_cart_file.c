/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as cart.json: refused, or a cart that prints and reads back as itself. */
#include "cart/calib/cart_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct cart_file cart, again;
    struct bytes one = { 0 }, two = { 0 };
    double origin[3], direction[3];

    if (cart_file_parse(data, n, "fuzz", &cart, NULL) != TRUNDLE_OK)
        return 0;
    if (cart_file_print(&cart, &one) != TRUNDLE_OK || cart_file_parse(one.data, one.n, "again", &again, NULL) != TRUNDLE_OK ||
        cart_file_print(&again, &two) != TRUNDLE_OK || one.n != two.n || memcmp(one.data, two.data, one.n) != 0)
        abort();
    for (int i = 0; i < cart.cameras_n; i++) {
        cart_camera_ray(&cart.camera[i], 0, 0, origin, direction);
        if (!isfinite(direction[0]) || !isfinite(direction[1]) || !isfinite(direction[2]))
            abort();
    }
    bytes_done(&one);
    bytes_done(&two);
    return 0;
}
