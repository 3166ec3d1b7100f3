/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/augment - a picture and its boxes to one sample of a batch: crop, flip, rotate, colour, blur, noise, JPEG, cut-out, mix.
 *
 *     struct augment_scratch *s = augment_scratch_new();
 *     TRY(augment_sample(&plan, set, DATA_TRAIN, epoch, index, 128, 128, s, x, &truth, err));
 *     augment_scratch_free(s);
 *
 * Everything random about a sample comes from (seed, epoch, item): not from the thread, the batch or the rank that makes it. Mixing
 * draws its partner from the same part of the data, so it needs no neighbour. Boxes go through the same geometry.
 * Threads: one scratch each; plan and data are read.
 */
#pragma once

#include "lab/train/data.h"

/* What a sample is: mixed of two classes, or boxes in pixels of the sample. */
struct augment_truth {
    int32_t label, label2;         /* label2 has weight 1 - lambda; equal labels when nothing was mixed */
    int32_t coarse, coarse2;
    float   lambda;
    uint32_t item;                 /* of the data set */
    int     boxes_n;
    struct data_box box[DATA_BOXES_MAX];
};

struct augment_plan {
    struct augment_config config;
    uint64_t seed;
    bool     boxes;                /* the whole picture is stretched to w x h and boxes are kept; else crops keep their shape */
    double   crop;                 /* augment_plain: share of the side that is looked at */
};

struct augment_scratch;
struct augment_scratch *augment_scratch_new(void);             /* NULL: no memory */
void augment_scratch_free(struct augment_scratch *s);          /* takes NULL */

/* Sample number `i` of the part, to x[h][w][3]. */
TRUNDLE_MUST_USE enum trundle_status augment_sample(const struct augment_plan *plan, const struct data_set *set, enum data_part part, uint32_t epoch,
                                                    size_t i, int w, int h, struct augment_scratch *s, float *x, struct augment_truth *out_truth,
                                                    struct trundle_error *err);
/* The same item without anything random: the middle, scaled; `mirror` flips it. For evaluation. */
TRUNDLE_MUST_USE enum trundle_status augment_plain(const struct augment_plan *plan, const struct data_set *set, enum data_part part, size_t i, int w, int h,
                                                   bool mirror, struct augment_scratch *s, float *x, struct augment_truth *out_truth,
                                                   struct trundle_error *err);

/* --- the steps, for tests --- */
/* Source pixel of an output pixel's middle: x = m[0] u + m[1] v + m[2], y = m[3] u + m[4] v + m[5]; pixel i covers [i, i + 1). */
struct augment_warp { double m[6]; };
struct rng;
struct augment_warp augment_warp_draw(const struct augment_config *c, bool boxes, int sw, int sh, int w, int h, struct rng *r);
struct augment_warp augment_warp_plain(bool boxes, double crop, bool mirror, int sw, int sh, int w, int h);
/* Bilinear, of the picture halved as often as the warp shrinks it; outside it is mirrored. out[h][w][3], 0..255. */
TRUNDLE_MUST_USE enum trundle_status augment_warp_run(const struct augment_warp *warp, const struct data_picture *p, int w, int h, struct augment_scratch *s,
                                                      float *out);
/* Boxes as shares of the source picture to pixels of the sample; those with less than a third of their area left inside go. Returns how many stay. */
int augment_warp_boxes(const struct augment_warp *warp, const struct data_box *box, int n, int sw, int sh, int w, int h, struct data_box *out);
void augment_colour(float *x, int n, double brightness, double contrast, double saturation, double hue_deg);
TRUNDLE_MUST_USE enum trundle_status augment_blur(float *x, int w, int h, double sd_px, struct augment_scratch *s);
