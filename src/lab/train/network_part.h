/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/network_part - inside of the network language: a value on its way through the layers, and the nodes that layers are made of.
 * Only network*.c use it.
 */
#pragma once

#include "lab/train/network.h"

enum { NETWORK_NAMES = 256, NETWORK_NAME = 40 };

/* What flows: an image [H, W, C] (rank 3), tokens [T, D] (rank 2) or a vector [C] (rank 1); the batch is not counted. */
struct network_value {
    int     tensor;
    int     rank;
    int32_t d[3];
};

struct network {
    struct net_graph *graph;                /* owned while it is built */
    struct network_config config;
    struct network_value now;
    struct { char name[NETWORK_NAME]; struct network_value value; } named[NETWORK_NAMES];
    int     named_n;
    char    norm[16], act[24];              /* what convolutions have unless they say else */
    char    prefix[64];                     /* of the tensors of this layer */
    bool    first;                          /* of its repeats: the stride holds */
};

/* A function of one value and its numbers, by name ("none", "relu6", and those of graph.h). */
struct network_act { enum net_act act; float alpha, beta; };

struct network_conv {
    int32_t out, kernel[2], stride[2], dilation[2], groups;
    int32_t pad;                            /* -1: keeps the size at stride 1 */
    bool    norm, bias;
    double  bias_value;
    struct network_act act;
};

TRUNDLE_MUST_USE enum trundle_status network_act_named(const char *name, struct network_act *out, const char *where, struct trundle_error *err);
/* Each appends nodes behind n->now; `part` goes behind the layer's prefix in names. */
TRUNDLE_MUST_USE enum trundle_status network_put(struct network *n, struct net_node *node, const char *part, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_constant(struct network *n, const char *part, const struct net_shape *shape, double mean, double sd, int *out,
                                                      struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_conv(struct network *n, const struct network_conv *c, const char *part, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_batch_norm(struct network *n, const struct network_act *act, const char *part, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_layer_norm(struct network *n, const char *part, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_unary(struct network *n, const struct network_act *act, const char *part, struct trundle_error *err);
/* n->now = act(a kind b), equal shapes or b a vector of channels. */
TRUNDLE_MUST_USE enum trundle_status network_binary(struct network *n, enum net_binary kind, const struct network_value *a, const struct network_value *b,
                                                    const struct network_act *act, const char *part, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_linear(struct network *n, int32_t out, bool bias, double bias_value, double sd_scale, const struct network_act *act,
                                                    const char *part, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_pool(struct network *n, enum net_pool kind, const int32_t kernel[2], const int32_t stride[2], int32_t pad, const char *part,
                                                  const char *where, struct trundle_error *err);
/* The whole image, or all tokens, to a vector. */
TRUNDLE_MUST_USE enum trundle_status network_global(struct network *n, enum net_pool kind, const char *part, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_reshape(struct network *n, int rank, const int32_t *d, const char *part, struct trundle_error *err);

/* The composed layers (network_block.c); c holds what their fields say. */
TRUNDLE_MUST_USE enum trundle_status network_residual(struct network *n, const struct network_conv *c, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_bottleneck(struct network *n, const struct network_conv *c, int32_t width, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_inverted(struct network *n, const struct network_conv *c, double expand, double squeeze, const char *where,
                                                      struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_squeeze(struct network *n, int32_t width, const char *part, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status network_attention(struct network *n, int32_t heads, double mlp, const char *where, struct trundle_error *err);
