/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train - one step of learning on a graph: forward in training mode, backward, new weights.
 *
 *     struct train *t;
 *     TRY(train_new(graph, &(struct train_config){ .batch = 64, .threads = 2, .optimizer = OPTIMIZER_SGD_DEFAULT }, &t, err));
 *     for (int64_t step = 0; step < steps; step++) {
 *         fill(train_input(t, 0));                                                  // float [64, 224, 224, 3]
 *         TRY(train_forward(t, TRAIN_LEARN, err));
 *         loss = loss_cross_entropy(train_output(t, 0), NULL, labels, 64, 81, 0.1, 1.0 / 64, train_output_gradient(t, 0));
 *         TRY(train_backward(t, err));
 *         TRY(train_apply(t, schedule_rate(&schedule, step), &norm, err));
 *     }
 *     TRY(train_export(t, TRAIN_AVERAGED, true, &folded, err));                     // for net_file_save
 *
 * Every constant f32 of the graph is a parameter, except a BATCH_NORM's mean and var, which are running statistics. Weight layouts are the
 * graph's, in one flat buffer; so are the gradients (one MPI all-reduce) and the statistics. How the step works (stages, chunks, what
 * is stored and what is computed again) is in docs/training.md.
 *
 * Determinism: the same inputs, build and `threads` give the same bits; another thread count differs by rounding.
 * Lifetime: train owns all its buffers; the graph is copied. Threads: one caller at a time per value; it runs `threads` threads inside,
 * the caller's among them. No heap call after train_new, but for train_state_* and train_export.
 */
#pragma once

#include "base/net/graph.h"
#include "lab/train/optimizer.h"

enum train_mode {
    TRAIN_LEARN,                   /* batch statistics; what backward needs is kept */
    TRAIN_EVALUATE,                /* running statistics, the weights as they are */
    TRAIN_AVERAGED,                /* running statistics, the weights' EMA (= TRAIN_EVALUATE without one) */
};

enum train_role { TRAIN_WEIGHT, TRAIN_BIAS, TRAIN_NORM, TRAIN_ROLE_COUNT };

struct train_parameter {
    const char      *name;         /* of its tensor */
    int              tensor;       /* in the graph given */
    struct net_shape shape;
    enum train_role  role;         /* decay applies to TRAIN_WEIGHT */
    size_t           offset, n;    /* in the flat buffers, floats */
    bool             frozen;       /* may be set by the caller; its gradient is still made */
};

struct train_config {
    int    batch;                  /* samples a step, of this rank */
    int    threads;                /* 0: 1 */
    struct optimizer_config optimizer;
    double statistics;             /* share of the new batch in running statistics; 0: 0.1 */
    /* Several ranks: sums n doubles over all of them in place (batch norms then work over the whole batch). NULL: alone. Called by one thread. */
    int    ranks;                  /* 0: 1 */
    void (*sum)(void *user, double *value, size_t n);
    /* Weights as the forward pass sees them (fake quantization): used[n] from master[n]. The gradient goes to the master unchanged.
     * NULL: the master's. Called by one thread, for every parameter, at the start of each forward. */
    void (*shape)(void *user, const struct train_parameter *p, const float *master, float *used);
    void  *user;
};

struct train;

/* UNSUPPORTED names a node that has no backward or mixes the samples of a batch. A pair QUANTIZE, DEQUANTIZE is fake quantization with a straight-through
 * gradient inside the range. BAD_ARG, NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status train_new(const struct net_graph *graph, const struct train_config *config, struct train **out, struct trundle_error *err);
void train_free(struct train *t);                            /* takes NULL */

/* The graph with shapes for the batch: borrowed. Parameters there are stale until train_export. */
const struct net_graph *train_graph(const struct train *t);
float *train_input(struct train *t, int i);                  /* [batch, ...], the caller fills it; f32 */
const float *train_output(const struct train *t, int i);     /* valid until the next forward */
float *train_output_gradient(struct train *t, int i);        /* zeroed by train_forward(TRAIN_LEARN) */

TRUNDLE_MUST_USE enum trundle_status train_forward(struct train *t, enum train_mode mode, struct trundle_error *err);
/* After train_forward(TRAIN_LEARN) only (else BAD_ARG). Overwrites the gradients. */
TRUNDLE_MUST_USE enum trundle_status train_backward(struct train *t, struct trundle_error *err);
/* Clips, steps the optimiser, moves EMA. *out_norm: the gradient's global norm before clipping, may be NULL. A norm that is not finite
 * is refused with BAD_INPUT that names the parameter, and nothing changes. */
TRUNDLE_MUST_USE enum trundle_status train_apply(struct train *t, double rate, double *out_norm, struct trundle_error *err);

/* Where did it stop being finite: after a loss that is not. Looks at weights, inputs and what the last forward left, in order, and fills
 * `err` with BAD_INPUT: "step 17, layer3.conv, sample 5". OK: all is finite. */
TRUNDLE_MUST_USE enum trundle_status train_blame(struct train *t, struct trundle_error *err);

struct train_parameter *train_parameters(struct train *t, int *out_n);
float *train_weights(struct train *t, size_t *out_n);        /* may be changed between steps */
float *train_gradients(struct train *t, size_t *out_n);
float *train_statistics(struct train *t, size_t *out_n);     /* running means and variances */
const float *train_average(const struct train *t, size_t *out_n);   /* the EMA of weights, or NULL */
int64_t train_step(const struct train *t);                   /* steps applied */

/* Everything that another process needs to go on to the same bits: weights, statistics, EMA, moments, step. `bytes` as many as
 * train_state_bytes. Load: CORRUPT or CONFLICT (another graph or optimiser) leave the state as it was. */
size_t train_state_bytes(const struct train *t);
void train_state_save(const struct train *t, void *bytes);
TRUNDLE_MUST_USE enum trundle_status train_state_load(struct train *t, const void *bytes, size_t n, struct trundle_error *err);

/* The graph with the present weights (mode: whose) and statistics, batch free again. `fold`: batch norms are folded into the convolutions
 * and linear layers before them, where that can be done. The caller owns it. */
TRUNDLE_MUST_USE enum trundle_status train_export(const struct train *t, enum train_mode mode, bool fold, struct net_graph **out, struct trundle_error *err);

/* One line for the log: stages, chunks, kernels by name, bytes. */
const char *train_describe(const struct train *t);
