/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/make - the pieces behind sim.h that share a store. */
#pragma once

#include "lab/sim/render.h"
#include "lab/sim/store.h"

/* One trip of a store; CONFLICT when `path` exists. */
TRUNDLE_MUST_USE enum trundle_status sim_trip_write(const struct sim_store *store, int64_t seed, const char *path, bool pictures,
                                                    struct sim_trip_report *out_report, struct trundle_error *err);

/* Enrolment pictures: picture k of product p, side x side; RGB lives in the studio until the next call. */
struct studio;
TRUNDLE_MUST_USE enum trundle_status studio_new(const struct sim_store *store, int side_px, struct studio **out);
TRUNDLE_MUST_USE enum trundle_status studio_take(struct studio *s, size_t product, int k, const unsigned char **out_jpeg, size_t *out_n,
                                                 const uint8_t **out_rgb);
void studio_free(struct studio *s);
