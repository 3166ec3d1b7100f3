/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/finetune - a net that was changed learns again: after pruning, or with rounding in the loop (quantization-aware training). Also channel
 * importance, which needs gradients.
 *
 *     struct finetune_config c = FINETUNE_CONFIG_DEFAULT;
 *     c.steps = 1000; c.teacher = original;
 *     TRY(finetune_run(pruned, &source, &c, &better, err));
 *
 * The loss is cross-entropy of the first output [N, classes]; with a teacher, `distill` of it is distillation (Hinton et al. 2015) from that net's logits on
 * the same samples. A source without labels needs a teacher and distill 1.
 * Graphs given are left alone. Batch norms stay as they are in the graph: nodes learn, folded ones do not come back.
 */
#pragma once

#include "lab/train/prune.h"
#include "lab/train/quantize.h"

struct finetune_config {
    int64_t  steps;
    int      batch, threads;
    double   rate;                 /* at the start, after a warm-up of 2 %; falls to 1 % of it by a half cosine */
    double   weight_decay, smoothing, clip;
    const struct net_graph *teacher;       /* f32; NULL: none */
    double   distill, temperature;
    uint64_t first;                /* sample of the source to begin with */
    void   (*progress)(void *user, size_t done, size_t total);
    void    *user;
};
#define FINETUNE_CONFIG_DEFAULT \
    { .steps = 500, .batch = 64, .threads = 1, .rate = 1e-3, .weight_decay = 1e-4, .clip = 5, .distill = 0.5, .temperature = 2 }

/* BAD_INPUT: numbers that stopped being numbers, named (train_blame). */
TRUNDLE_MUST_USE enum trundle_status finetune_run(const struct net_graph *g, const struct source *source, const struct finetune_config *config, struct net_graph **out,
                                                  struct trundle_error *err);
/* Quantization-aware: the graph is simplified; then `rounds` times the ranges are observed (and averaged with those before), QUANTIZE and DEQUANTIZE pairs put
 * where tensors will be u8, weights rounded as they will be in each forward pass, and steps / rounds steps trained straight through the rounding.
 * *out: the u8 graph; *out_f32 (may be NULL): the f32 graph with the same weights. */
TRUNDLE_MUST_USE enum trundle_status finetune_quantized(const struct net_graph *g, const struct source *source, const struct quantize_config *quantize,
                                                        const struct finetune_config *config, int rounds, struct net_graph **out, struct net_graph **out_f32,
                                                        struct quantize_report *report, struct trundle_error *err);
/* The graph that finetune_quantized trains: `g` simplified, pairs where quantize_choose says u8. */
TRUNDLE_MUST_USE enum trundle_status finetune_fake(const struct net_graph *g, const struct quantize_config *quantize, const struct quantize_ranges *ranges,
                                                   struct net_graph **out, struct trundle_error *err);
/* Taylor importance (Molchanov et al. 2019): how much the loss would change, to first order, if a unit's gates were closed: (sum of gradient times
 * weight)^2, mean over `batches` batches. */
TRUNDLE_MUST_USE enum trundle_status finetune_importance(const struct net_graph *g, const struct prune_groups *groups, const struct source *source, int batch, int batches,
                                                         double *out_importance, struct trundle_error *err);
