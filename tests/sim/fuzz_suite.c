/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a suite file: refused with a place and a reason, or a suite from which a store and a plan can be made. */
#include "lab/sim/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct sim_store *store = NULL;
    struct plan *plan = NULL;
    enum trundle_status status = sim_suite_parse(data, size, "fuzz", &suite, &err);

    if (status != TRUNDLE_OK) {
        if (suite || !err.where[0] || !err.what[0] || err.status != status)
            abort();
        return 0;
    }
    if (sim_store_new(suite, 1, &store, &err) == TRUNDLE_OK && plan_new(store, 5, &plan, &err) == TRUNDLE_OK && plan->items_n > PLAN_ITEMS)
        abort();
    plan_free(plan);
    sim_store_free(store);
    sim_suite_free(suite);
    return 0;
}
