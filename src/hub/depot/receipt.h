/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* depot/receipt - signing what deletion says of itself; not for other rooms (depot_receipt_verify is in lineage.h). */
#pragma once

#include "hub/depot/inside.h"
#include "hub/depot/lineage.h"

/* `receipt` is a JSON object without fractions. *out: owned text, the whole document. */
TRUNDLE_MUST_USE enum trundle_status depot_receipt_sign(const struct depot *d, const char *receipt, char **out, struct trundle_error *err);
