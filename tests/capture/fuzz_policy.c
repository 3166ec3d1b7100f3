/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a policy of the hub: refused with a place, or one that prints and reads back the same. */
#include "cart/capture/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct capture_policy policy, again;
    struct bytes a = { 0 }, b = { 0 };
    struct trundle_error err;

    if (policy_parse(data, n, "policy", &policy, &err) != TRUNDLE_OK) {
        if (!err.what[0] || !err.where[0])
            abort();
        return 0;
    }
    if (policy.triggers_n > POLICY_TRIGGERS || policy_share_bps(&policy) < 0 || policy_print(&policy, &a) != TRUNDLE_OK ||
        policy_parse(a.data, a.n, "again", &again, &err) != TRUNDLE_OK || policy_print(&again, &b) != TRUNDLE_OK || a.n != b.n || memcmp(a.data, b.data, a.n) != 0)
        abort();
    bytes_done(&a);
    bytes_done(&b);
    return 0;
}
