/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * watch/accuracy - how many of a cart's lines were right, estimated from what it believed; nobody labels anything.
 *
 *     accuracy_fit(pairs, trips_n, &map);                          // once, on trips with truth
 *     accuracy_estimate(&map, trips, trips_n, &value);             // then on trips without
 *
 * Method. A trip's record counts its lines by the probability p that the cart gave them, in ten bins. On trips with truth the share of right lines
 * is measured in every bin and made rising with p (pool adjacent violators; Zadrozny, Elkan, KDD 2002); the estimate is the mean of these shares
 * over the lines seen (average calibrated confidence; Guillory et al., ICCV 2021). The interval is for the share of these very lines, 95 %: chance of
 * each line, uncertainty of the bins, and the error beyond both that the fit measured on stores that it left out (`error_sd`).
 * Valid while the cart errs as it did on the trips of the fit: a new kind of error with high p is not seen. `mean_abs_error` says how far off it was.
 *
 * Pure values; any thread.
 */
#pragma once

#include "base/std/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { ACCURACY_BINS = 10, ACCURACY_FOLDS = 5, ACCURACY_GROUP = 20 };

/* Lines of one trip by p: bin i holds p in [i / 10, (i + 1) / 10), the last one closed. */
struct accuracy_trip {
    uint32_t n[ACCURACY_BINS];
    uint32_t right[ACCURACY_BINS];         /* only where there is truth */
    uint32_t store;                        /* trips of one store are left out together */
};

struct accuracy_map {
    double   right[ACCURACY_BINS];         /* share, rising */
    double   sd[ACCURACY_BINS];            /* of it */
    uint64_t lines, trips, stores;         /* fitted on */
    double   error_sd, mean_abs_error;     /* of estimates for ACCURACY_GROUP trips of stores left out: beyond chance (sd), and in all */
};

struct accuracy_value { double value, lo, hi; uint64_t n, trips; };     /* NAN without lines */

/* How estimates compare with the truth, group by group. `plain` is the mean of the bins' middles: what one says without calibration. */
struct accuracy_error {
    uint64_t lines, groups, covered;       /* groups whose truth lay in the interval */
    double truth, estimated, plain;        /* over all lines */
    double mean_abs, mean_abs_plain, worst;    /* of estimated (plain) less truth over groups */
    double square, chance;                 /* mean square of that, and what of it chance and the bins' sd explain */
};

/* NO_MEMORY; BAD_INPUT: fewer than 100 lines or 2 stores, or more right than there are. */
TRUNDLE_MUST_USE enum trundle_status accuracy_fit(const struct accuracy_trip *trip, size_t n, struct accuracy_map *out, struct trundle_error *err);
void accuracy_estimate(const struct accuracy_map *map, const struct accuracy_trip *trip, size_t n, struct accuracy_value *out);
/* Groups of `size` trips in order (what is left over is a smaller one), each estimated by the map. Adds to `out`, zeroed at first; the means in it
 * are right after accuracy_error_end. */
void accuracy_measure(const struct accuracy_map *map, const struct accuracy_trip *trip, size_t n, size_t size, struct accuracy_error *out);
void accuracy_error_end(struct accuracy_error *e);

/* {"trundle_accuracy":1,"right":[10],"sd":[10],"lines","trips","stores","error_sd","mean_abs_error"} */
TRUNDLE_MUST_USE enum trundle_status accuracy_parse(const void *bytes, size_t n, const char *where, struct accuracy_map *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status accuracy_print(const struct accuracy_map *map, struct bytes *out);
