/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a keyring: refused, or one that its own root signed and that says itself again. */
#include "base/bundle/trust.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct trust *t = NULL;
    struct trust_plan plan;
    struct trundle_error err;

    if (trust_parse(data, n, "fuzz", &t, &err) != TRUNDLE_OK)
        return 0;
    trust_plan_of(t, &plan);
    if (plan.serial < 1 || plan.root_n < 1 || plan.signing_n < 1 || trust_follows(t, t, &err) != TRUNDLE_OK || trust_text(t)->n != n)
        abort();
    trust_free(t);
    return 0;
}
