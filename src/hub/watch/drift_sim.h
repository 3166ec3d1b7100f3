/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * watch/drift_sim - plays streams of trips through the drift test and counts: false alarms while nothing changes, trips until a change is seen.
 * For the bench and the tests; the hub does not run it.
 */
#pragma once

#include "base/std/status.h"
#include "hub/watch/drift.h"

#include <stdint.h>

/* What the numbers of a stream are like. The test must not care. */
enum drift_sim_law { DRIFT_SIM_NORMAL, DRIFT_SIM_SKEWED /* exponential */, DRIFT_SIM_HEAVY /* Student, 3 degrees */, DRIFT_SIM_COARSE /* counts 0..3: many ties */,
                     DRIFT_SIM_LAWS };

struct drift_sim {
    enum drift_sim_law law;
    double limit;
    uint64_t seed;
    /* false alarms: so many streams, each so many numbers long */
    uint64_t streams, length;
    /* delay: a shift of so many standard deviations after `before` numbers; 0: none */
    double shift;
    uint64_t before;
};
struct drift_sim_result {
    uint64_t numbers, alarms;              /* an alarm resets its stream */
    uint64_t seen, runs;                   /* shifts that were seen within `length` numbers */
    double delay_median, delay_p90;        /* of all runs that counted; INFINITY: not within `length` */
};
/* Without shift: `alarms` in `numbers`. With: delays over `streams` runs; runs with an alarm before the shift are not counted. */
TRUNDLE_MUST_USE enum trundle_status drift_simulate(const struct drift_sim *sim, struct drift_sim_result *out);
