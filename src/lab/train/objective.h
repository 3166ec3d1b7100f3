/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/objective - what a recipe's "losses" ask of a net, and how well a net does it: the bridge between a batch's truth and loss.h.
 *
 *     TRY(objective_new(&recipe->losses, set, &objective, err));
 *     TRY(objective_fits(objective, train_graph(t), 64, err));
 *     TRY(objective_loss(objective, t, truth, 64, 1.0 / 64, &value, err));       // after train_forward(TRAIN_LEARN): adds gradients
 *
 * Figures: classes give top-1 (and of coarse classes, by the sum of their fine probabilities), embeddings recall at 1 (the nearest other
 * picture is of the same class), boxes AP at IoU 0.5.
 * Lifetime: borrows the data set. Threads: one at a time per value.
 */
#pragma once

#include "lab/train/augment.h"
#include "lab/train/train.h"

enum { OBJECTIVE_LOSSES = 16 };
enum objective_kind { OBJECTIVE_CROSS_ENTROPY, OBJECTIVE_MARGIN, OBJECTIVE_CONTRASTIVE, OBJECTIVE_BOXES, OBJECTIVE_KINDS };

struct objective_loss {
    enum objective_kind kind;
    int    output;                 /* of the net */
    double weight;
    double smoothing;              /* cross_entropy */
    int    margin_kind;            /* enum loss_margin */
    double margin, sharp;
    double temperature;            /* contrastive */
    int    box_kind;               /* enum loss_box */
    double box_weight;
    double least_px, most_px;      /* boxes whose longer side lies there are this output's; default all */
};

struct objective;

TRUNDLE_MUST_USE enum trundle_status objective_new(const struct json_at *losses, const struct data_set *set, struct objective **out, struct trundle_error *err);
void objective_free(struct objective *o);          /* takes NULL */
const struct objective_loss *objective_losses(const struct objective *o, int *out_n);
/* Do the net's outputs have the shapes that the losses need? BAD_INPUT says what is wanted. */
TRUNDLE_MUST_USE enum trundle_status objective_fits(const struct objective *o, const struct net_graph *g, int batch, struct trundle_error *err);
/* Sum over the rows times `scale`. A value that is not finite is no error here. */
TRUNDLE_MUST_USE enum trundle_status objective_loss(struct objective *o, struct train *t, const struct augment_truth *truth, int n, double scale, double *out,
                                                    struct trundle_error *err);

struct objective_score {
    size_t n;
    double loss;                   /* mean per picture, without smoothing and mixing; NAN for embeddings and boxes */
    double top1, coarse_top1;      /* percent; NAN: not asked */
    double recall1, ap50;
};

/* Runs the net (its averaged weights) over a part. Works on batches of the train value's size; `mirror`: the mean of both. */
TRUNDLE_MUST_USE enum trundle_status objective_judge(struct objective *o, struct train *t, const struct augment_plan *plan, const struct data_set *set,
                                                     enum data_part part, bool mirror, struct objective_score *out, struct trundle_error *err);
/* "top1 71.2 coarse 80.1 loss 0.93"; returns out. */
const char *objective_text(const struct objective_score *s, char out[160]);
/* The one figure by which runs are compared, in percent. */
double objective_figure(const struct objective_score *s);
