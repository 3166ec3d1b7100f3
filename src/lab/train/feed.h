/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/feed - batches of augmented samples, made by worker threads ahead of the step that eats them.
 *
 *     TRY(feed_start(&plan, set, &(struct feed_config){ .batch = 64, .workers = 1, .ahead = 3 }, &feed, err));
 *     TRY(feed_ask(feed, &(struct feed_ask){ .first = step * 64, .w = 128, .h = 128 }, err));       // up to `ahead` asked for
 *     TRY(feed_take(feed, &batch, err));                    // in the order asked; good until the next take
 *     feed_stop(feed);
 *
 * A bounded queue: feed_ask refuses (FULL) over `ahead`. Samples do not depend on the number of workers; with 0 there are no
 * threads and feed_take does the work. Threads: ask and take from one thread.
 */
#pragma once

#include "lab/train/augment.h"

struct feed;
struct feed_config { int batch, workers, ahead; int side_most; };
/* Sample k of the batch is number (first + k) of the endless run: epoch (first + k) / n, position % n of that epoch's order. */
struct feed_ask { uint64_t first; int n, w, h; };
struct feed_batch { int n, w, h; uint64_t first; float *x; struct augment_truth *truth; };     /* x[n][h][w][3] */

TRUNDLE_MUST_USE enum trundle_status feed_start(const struct augment_plan *plan, const struct data_set *set, const struct feed_config *config,
                                                struct feed **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status feed_ask(struct feed *f, const struct feed_ask *ask, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status feed_take(struct feed *f, struct feed_batch *out, struct trundle_error *err);
int feed_asked(const struct feed *f);
void feed_stop(struct feed *f);                    /* takes NULL */
