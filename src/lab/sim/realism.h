/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/realism - how well simulated crops can be told from photos.
 *
 *     struct sim_realism r;
 *     TRY(sim_realism_run(suite, 1, "grocery/dataset", 1200, &r, err));
 *     printf("%.3f\n", r.auroc);                // 1: always told apart, 0.5: never
 *
 * A logistic regression on see/describe learns crops of things in simulated frames from the middles of photos, on train.txt's
 * photos and some stores, and is judged on val.txt's and on other stores. All crops have the same size; cameras, grounds and
 * goods differ between the two kinds, and that is told apart too: the figure bounds what looks alike, it does not say why.
 * A few seconds per thousand crops. Threads: no state.
 */
#pragma once

#include "lab/sim/sim.h"

enum { SIM_REALISM_SIDE = 48 };            /* pixels of a crop */

struct sim_realism {
    size_t trained[2], judged[2];          /* crops: simulated, real */
    double auroc, lo, hi;                  /* 95 % by bootstrap over crops */
};

/* `folder` has train.txt and val.txt, lines of "PATH, ..." below it, as the Grocery Store Dataset has. `most` crops of each kind to train on. */
TRUNDLE_MUST_USE enum trundle_status sim_realism_run(const struct sim_suite *suite, int64_t seed, const char *folder, size_t most,
                                                     struct sim_realism *out, struct trundle_error *err);
