/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/guard/guard.h"

struct guard_verdict guard_judge(const struct guard_view *view)
{
    struct guard_verdict g = { .expected_cents = view->expected_missing * (double)view->mean_item_cents };

    g.gain_cents = g.expected_cents - view->audit_cents;
    g.audit = g.gain_cents > 0;
    return g;
}
