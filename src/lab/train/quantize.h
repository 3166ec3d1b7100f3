/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/quantize - an f32 graph to the u8 and i8 graph that base/net runs.
 *
 *     struct quantize_config c = QUANTIZE_CONFIG_DEFAULT;
 *     struct quantize_report report;
 *     TRY(quantize_graph(g, &c, &source, &q, &report, err));
 *     ... net_file_save(q, ...); quantize_report_done(&report); net_graph_free(q);
 *
 * What happens, in order: the graph is copied and simplified (passes.h: norms folded, biases, residuals and activations fused); equalised
 * across layers when asked; run over samples, to see what values each tensor takes (observe.h); then rewritten. Convolutions and
 * matrix products with constant weights become int8, and so does what lies between them: additions, products, pooling, concatenation, resizing, moving,
 * functions of one value. Everything else (softmax, norms, attention, transposed convolutions, and what `keep` names) stays f32, with QUANTIZE
 * and DEQUANTIZE nodes at the borders; the report lists it. Graph inputs and outputs stay f32 (the last layer's sums become f32 without
 * rounding), unless u8_input.
 *
 * Weights: i8, a scale for each output channel. Activations: u8, one scale and zero point a tensor. Biases: f32.
 * Threads: none inside but the plan's.
 */
#pragma once

#include "base/net/graph.h"
#include "lab/train/observe.h"
#include "lab/train/source.h"

struct quantize_config {
    enum observe_kind observer;
    double   percent;              /* for OBSERVE_PERCENTILE */
    int      weight_bits;          /* 8; 7 where AVX2 adds pairs in 16 bits (no VNNI); 2..8 */
    bool     weight_mse;           /* shrink a channel's range where that lowers the squared error */
    bool     per_tensor;           /* one scale for a weight instead of one a channel: only to compare with */
    int      equalize;             /* rounds of cross-layer equalisation, 0: none */
    bool     correct_bias;
    bool     u8_input;             /* the graph's input becomes u8 with the observed scale: no QUANTIZE node */
    uint64_t samples;              /* for calibration; at most the source's */
    int      batch, threads;
    const char *const *keep;       /* names of nodes that stay f32 */
    int      keep_n;
    void   (*progress)(void *user, size_t done, size_t total);     /* calibration batches; may be NULL */
    void    *user;
};
#define QUANTIZE_CONFIG_DEFAULT \
    { .observer = OBSERVE_MSE, .percent = 99.99, .weight_bits = 8, .weight_mse = true, .correct_bias = true, .samples = 512, .batch = 32, .threads = 1 }

struct quantize_choice { char node[NET_NAME_MAX]; enum net_op op; bool int8; const char *why; };
struct quantize_report {
    struct quantize_choice *choice;        /* each node of the simplified graph */
    int    choices_n, int8_n;
    size_t bytes_before, bytes_after;      /* of constants */
};
void quantize_report_done(struct quantize_report *r);

/* BAD_ARG: a config out of range, or `keep` names a node that is not there; UNSUPPORTED: not exactly one f32 input, or nothing to quantise;
 * BAD_INPUT: a tensor that is never finite, named. `report` may be NULL. The graph given is left alone. */
TRUNDLE_MUST_USE enum trundle_status quantize_graph(const struct net_graph *g, const struct quantize_config *config, const struct source *source, struct net_graph **out,
                                                    struct quantize_report *report, struct trundle_error *err);

/* ---- the steps, for fine-tuning and tests. `g` is a simplified graph whose shapes are inferred ---- */

struct quantize_range { bool known; float lo, hi; double *mean; };    /* mean: of each element of the last axis, owned */
struct quantize_ranges { struct quantize_range *tensor; int n; };     /* one for each tensor of the graph */
void quantize_ranges_done(struct quantize_ranges *r);

TRUNDLE_MUST_USE enum trundle_status quantize_check(const struct net_graph *g, const struct quantize_config *config, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status quantize_calibrate(const struct net_graph *g, const struct quantize_config *config, const struct source *source,
                                                        struct quantize_ranges *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status quantize_build(const struct net_graph *g, const struct quantize_config *config, const struct quantize_ranges *ranges,
                                                    struct net_graph **out, struct quantize_report *report, struct trundle_error *err);
/* Which nodes become int8 (nodes_n flags), why others do not (nodes_n texts, static), and which tensors become u8 (tensors_n flags: not those of moves, which
 * share their input's numbers). Any may be NULL. */
TRUNDLE_MUST_USE enum trundle_status quantize_choose(const struct net_graph *g, const struct quantize_config *config, bool *out_int8, const char **out_why,
                                                     bool *out_u8, struct trundle_error *err);

/* Cross-layer equalisation (Nagel et al. 2019): scales channels between two layers with nothing but ReLU, leaky ReLU or pooling between them, so that both
 * weights use their range alike. The function stays the same, to rounding. Returns how many pairs were scaled. */
TRUNDLE_MUST_USE enum trundle_status quantize_equalize(struct net_graph *g, int rounds, int *out_pairs, struct trundle_error *err);

/* Weights as they will be after rounding: used[n] from master[n], shape as the node `op`'s weight. For fake quantization. */
void quantize_fake_weights(enum net_op op, bool flip_b, const struct net_shape *shape, const struct quantize_config *config, const float *master, float *used);
