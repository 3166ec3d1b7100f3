/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trip_check - does a simulated trip agree with itself? Counts what does not: events that take what is not inside, a final
 * basket that is not puts less takes, times out of order, a scale that reads another mass, boxes outside of pictures.
 */
#pragma once

#include "base/std/status.h"

#include <stdint.h>

enum trip_mutant { MUTANT_NONE, MUTANT_DROP_EVENT, MUTANT_SWAP_PRODUCT, MUTANT_SHIFT_TIME, MUTANT_HEAVY_ITEM, MUTANT_MUTANTS };

struct trip_check {
    unsigned problems;
    char     first[200];                   /* the first one in words */
    unsigned events, frames, boxes, codes;
    double   basket_g, scale_g;
};

/* Reads the trip; `mutant` changes the truth in passing, to prove that the check can fail. */
TRUNDLE_MUST_USE enum trundle_status trip_check(const char *path, enum trip_mutant mutant, struct trip_check *out, struct trundle_error *err);
