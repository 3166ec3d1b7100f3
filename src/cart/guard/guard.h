/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * guard - which trips deserve a look. The shopper never hears of it: the result is a mark for staff, not a message.
 *
 *     struct guard_view v = { .expected_missing = 1.4, .mean_item_cents = 250, .audit_cents = 200 };
 *     struct guard_verdict g = guard_judge(&v);
 *
 * An audit is worth it when the value that is expected to leave unpaid is more than the look costs. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct guard_view {
    double  expected_missing;        /* items inside that are not on the list, expectation */
    int64_t mean_item_cents;         /* of the lines of this basket; 0: no lines */
    double  audit_cents;             /* what a look costs */
};

struct guard_verdict {
    bool   audit;
    double expected_cents;           /* value expected to leave unpaid */
    double gain_cents;               /* expected_cents - audit_cents */
};

struct guard_verdict guard_judge(const struct guard_view *view);
