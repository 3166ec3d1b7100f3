/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/loss - losses, each a value and its gradient.
 *
 *     const float *logits = train_output(t, 0);
 *     float *grad = train_output_gradient(t, 0);                    // zero after train_forward
 *     double loss = loss_cross_entropy(logits, NULL, labels, batch, classes, 0.1, 1.0 / batch, grad);
 *
 * All of them: the value is scale times the sum over rows, and scale times its gradient is *added* to `grad` (NULL: no gradient), so
 * that losses can be summed. With a mean over all ranks, scale is 1 / the total count. Arrays are dense, row-major, borrowed. Sums run in
 * double, in a fixed order. A value that is not finite is returned as it is: the caller stops (train_blame).
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Softmax cross-entropy. Targets: `soft`[n, k], rows that sum to 1 (mix-up); or `label`[n], < 0: the row is left out. With smoothing e the
 * target is (1 - e) target + e / k (Szegedy et al. 2016). */
double loss_cross_entropy(const float *logits, const float *soft, const int32_t *label, int64_t n, int k, double smoothing, double scale, float *grad);

/* Sigmoid cross-entropy per element; target[n] in [0, 1]; `weight`[n] or NULL. */
double loss_binary(const float *logits, const float *target, const float *weight, int64_t n, double scale, float *grad);

/* Focal loss of a sigmoid (Lin et al. 2017): -alpha_t (1 - p_t)^gamma log p_t, target[n] 0 or 1; < 0: left out. alpha < 0: no alpha. */
double loss_focal(const float *logits, const float *target, int64_t n, double alpha, double gamma, double scale, float *grad);
/* Its form for heat maps (Zhou et al. 2019): target 1 at centres, a Gaussian below 1 around: (1 - t)^4 p^2 log(1 - p) there, (1 - p)^2 log p at centres. */
double loss_heatmap(const float *logits, const float *target, int64_t n, double scale, float *grad);

/* Boxes x0 y0 x1 y1; 1 - (IoU less the kind's penalty). GIoU: Rezatofighi et al. 2019; DIoU, CIoU: Zheng et al. 2020 (CIoU's alpha is a constant
 * for the gradient, as there). A prediction with x1 <= x0 counts as empty. `weight`[n] or NULL. */
enum loss_box { LOSS_IOU, LOSS_GIOU, LOSS_DIOU, LOSS_CIOU, LOSS_BOX_COUNT };
double loss_box(enum loss_box kind, const float *box, const float *target, const float *weight, int64_t n, double scale, float *grad);

/* |d| < beta: d^2 / (2 beta), else |d| - beta / 2. beta 0: L1. Elements; `weight`[n] or NULL. */
double loss_smooth_l1(const float *value, const float *target, const float *weight, int64_t n, double beta, double scale, float *grad);
double loss_squared(const float *value, const float *target, const float *weight, int64_t n, double scale, float *grad);

/* Supervised contrastive (Khosla et al. 2020, L_out): embedding[n, d] of unit length; label[n], < 0: left out; rows without a partner
 * count 0. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status loss_contrastive(const float *embedding, const int32_t *label, int64_t n, int d, double temperature, double scale,
                                                      float *grad, double *out_value);

/* Softmax with a margin over cosines[n, k] (a net whose last layer is {"cosine": "classes"}): the label's cosine becomes cos(theta + margin)
 * (ArcFace, Deng et al. 2019; past pi it goes on as cos theta - margin sin margin) or cos theta - margin (CosFace, Wang et al. 2018); all are
 * multiplied by `sharp` (30..64). */
enum loss_margin { LOSS_ARC, LOSS_COS };
double loss_margin(enum loss_margin kind, const float *cosines, const int32_t *label, int64_t n, int k, double margin, double sharp, double scale, float *grad);

/* Connectionist temporal classification (Graves et al. 2006) on logits[n, t, k] (softmax is inside). length[n] frames used, or NULL: t;
 * label: target[n, s], target_length[n]. A target that does not fit into its frames counts 0 with no gradient, *out_skipped says how many.
 * BAD_ARG: a label that is blank or not below k. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status loss_ctc(const float *logits, const int32_t *length, const int32_t *target, const int32_t *target_length, int64_t n, int t,
                                              int k, int s, int32_t blank, double scale, float *grad, double *out_value, int *out_skipped);

/* Distillation (Hinton et al. 2015): T^2 KL(softmax(teacher / T) || softmax(student / T)). */
double loss_distill(const float *student, const float *teacher, int64_t n, int k, double temperature, double scale, float *grad);
