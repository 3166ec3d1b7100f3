/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Whatever a hub answers when asked for orders: a name is a name, a hash is one, since they become paths and requests; or nothing is ordered. */
#include "cart/runtime/orders_inner.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_sha(const char *text)
{
    if (*text && (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct orders_order o;
    struct trundle_error err;

    if (orders_parse(data, n, &o, &err) != TRUNDLE_OK)
        return 0;
    check_sha(o.sha256);
    check_sha(o.leave);
    if (o.trust < 0 || (o.sha256[0] && (!bundle_name_ok(o.name) || o.bytes < 1 || o.serial < 1)))
        abort();
    return 0;
}
