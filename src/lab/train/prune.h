/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/prune - whole channels out of an f32 graph: which belong together, what they cost, which go, and the smaller graph.
 *
 *     struct prune_groups groups = { 0 };
 *     struct prune_table *table = NULL;
 *     TRY(prune_find(g, &groups, err));                                       // g: shapes inferred
 *     TRY(prune_measure(g, &(struct prune_measure){ .threads = 1 }, &table, err));
 *     prune_magnitude(g, &groups, importance);                                // or finetune_importance: Taylor
 *     TRY(prune_choose(g, &groups, table, importance, &(struct prune_goal){ .keep = 0.5 }, gone, err));
 *     TRY(prune_cut(g, &groups, gone, &smaller, err));
 *
 * A unit is a set of channels that can only go together: what a residual addition adds, what a depthwise convolution makes of a channel, a channel on
 * its way through a concatenation, what squeeze-and-excite multiplies. Channels of graph inputs and outputs stay, and so do those that an operator
 * mixes in a way that cutting would change (slices and norms over channels, attention, grouped but not depthwise convolutions).
 * A space is the units of one set of tensors, of which a part may go.
 *
 * Cutting is exact: the smaller graph has the bits of the larger one in which the weights from and to the channels are zero (prune_mask).
 * Threads: none inside but the plans'.
 */
#pragma once

#include "base/net/graph.h"

struct prune_groups {
    int   n, spaces_n;
    int  *space;                   /* [n] of each unit */
    int  *spaces_units;            /* [spaces_n] units in each */
    int **unit;                    /* [tensors_n][last axis] unit of a channel, -1: it stays; NULL: the tensor has no channels */
    int   tensors_n;
};
TRUNDLE_MUST_USE enum trundle_status prune_find(const struct net_graph *g, struct prune_groups *out, struct trundle_error *err);
void prune_groups_done(struct prune_groups *p);

/* gone[groups->n]. The graph without those units, inferred for a batch of one. BAD_ARG: a space would be empty. */
TRUNDLE_MUST_USE enum trundle_status prune_cut(const struct net_graph *g, const struct prune_groups *groups, const bool *gone, struct net_graph **out,
                                               struct trundle_error *err);
/* Zeroes all weights that make or read those units, in place (constants must be owned). */
TRUNDLE_MUST_USE enum trundle_status prune_mask(struct net_graph *g, const struct prune_groups *groups, const bool *gone, struct trundle_error *err);

/* Importance of each unit: the sum of squares of the weights that make it, times those of its norm. */
void prune_magnitude(const struct net_graph *g, const struct prune_groups *groups, double *out_importance);
/* The parameters whose product with their gradients is a channel's gate: of a batch norm, or of the layer itself when no norm follows. Calls `visit` for each
 * constant (axis: which one is the channels', outermost or last) and the tensor whose channels they are. */
typedef void prune_visit(void *user, int constant, bool outermost, int tensor);
void prune_gates(const struct net_graph *g, prune_visit *visit, void *user);

/* ---- what it costs here ---- */

struct prune_table;                /* ns of each layer at several counts of channels in and out, measured */
struct prune_measure {
    int  threads, rounds;          /* rounds: runs of each point, of which the least counts; default 8 */
    bool int8;                     /* measure the int8 kernels of convolutions and matrix products */
    void (*progress)(void *user, size_t done, size_t total);
    void *user;
};
TRUNDLE_MUST_USE enum trundle_status prune_measure(const struct net_graph *g, const struct prune_measure *how, struct prune_table **out, struct trundle_error *err);
void prune_table_free(struct prune_table *t);          /* takes NULL */
/* ns of node i with so many channels in and out, between the points linearly; of all nodes with the units that are not gone (NULL: all). */
double prune_node_ns(const struct prune_table *t, int node, int in, int out);
double prune_net_ns(const struct prune_table *t, const struct net_graph *g, const struct prune_groups *groups, const bool *gone);

/* ---- which ones ---- */

struct prune_goal {
    double keep;                   /* share of the units that stay, 0..1; 0: not asked */
    double target_ns;              /* stop at or below this; 0: not asked */
    double least;                  /* share of a space that always stays; default 0.125 */
};
/* Takes units away, a few of one space at a time, where the importance lost per ns saved is least. `gone` in: already gone; out: with the new ones.
 * BAD_INPUT: the goal cannot be reached; says how far it goes. */
TRUNDLE_MUST_USE enum trundle_status prune_choose(const struct net_graph *g, const struct prune_groups *groups, const struct prune_table *table,
                                                  const double *importance, const struct prune_goal *goal, bool *gone, struct trundle_error *err);
/* Channels that stay, of a tensor. */
int prune_kept(const struct net_graph *g, const struct prune_groups *groups, const bool *gone, int tensor);
