/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/detect - boxes as a net's output, and back: a map of [h, w, 4 + classes], four distances and a logit per class in each cell.
 *
 * Cell (i, j) of stride s has its middle at ((j + 1/2) s, (i + 1/2) s). Its first four channels are the logarithms of the distances from there to
 * the box's left, top, right and bottom, in units of s (limited to +-6); the others are logits: is the middle of a box of this class here?
 * Learned as CenterNet does (Zhou, Wang, Kraehenbuehl: "Objects as points", 2019; heat maps with Gaussians around middles) with an IoU loss
 * on the distances in the cells around the middle (as FCOS: Tian et al. 2019).
 */
#pragma once

#include "lab/train/data.h"

struct detect_found { float x0, y0, x1, y1, score; int32_t label; };

struct detect_map { int h, w, classes; double stride_x, stride_y; };

/* Heat targets [h, w, classes] in 0..1; and for each cell which box it stands for, -1 none: index into `box`. */
void detect_targets(const struct detect_map *m, const struct data_box *box, int n, float *out_heat, int32_t *out_cell);
/* Value of one picture, times scale; gradients are added to grad[h, w, 4 + classes] (NULL: none). scratch: h * w * classes
 * floats, scratch_cell: h * w. */
double detect_loss(const struct detect_map *m, int box_kind, double box_weight, const float *out, const struct data_box *box, int n, double scale, float *grad,
                   float *scratch, int32_t *scratch_cell);
/* Peaks of the heat map above `least`, best first, at most `most`; returns how many. */
int detect_read(const struct detect_map *m, const float *out, double least, struct detect_found *found, int most);
/* Of boxes of one class that overlap by more than `iou`, the best stays. Sorts best first; returns how many are left. */
int detect_thin(struct detect_found *found, int n, double iou);

/* Average precision at IoU `iou` over any number of pictures, mean over classes that occur; all-point interpolation. */
struct detect_score;
struct detect_score *detect_score_new(int classes);            /* NULL: no memory */
bool detect_score_add(struct detect_score *s, const struct detect_found *found, int found_n, const struct data_box *box, int n, double iou);   /* false: no memory */
double detect_score_ap(const struct detect_score *s);          /* 0..1; NAN: there was no box */
void detect_score_free(struct detect_score *s);
