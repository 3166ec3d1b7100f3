/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/layout - moves transposes through a graph until they meet, or stand where they must.
 *
 * A channels-first model becomes a graph of ours by putting a transpose before and behind everything that works on images.
 * Here every tensor is remembered as "this new tensor, with its axes in that order": transposes cost nothing until somebody
 * needs the real order. Elementwise operators, concat, slice, pad, reduce, softmax and constants follow the order; a reshape
 * follows when it splits and joins whole runs of axes; a linear layer behind a flatten takes the order into its weights.
 *
 * The other way round (`first`), images are wanted as [N, C, H, W] by convolutions, pools, resizes and batch norms. The result
 * is then no graph that could run: attributes speak of [N, H, W, C], shapes of [N, C, H, W]. It is what the ONNX exporter writes out.
 *
 * Nodes and constants that no output needs are dropped. Threads: functions of their arguments.
 */
#pragma once

#include "base/net/graph.h"

struct net_layout_options {
    bool first;                        /* see above */
    bool turn_images;                  /* images at inputs and outputs change their order too: import to [N,H,W,C], export to [N,C,H,W] */
    /* Shapes of all tensors under another batch than the graph's own, so that what depends on the batch is known; NULL: nothing does. */
    const struct net_shape *other;
};

/* Replaces *g, whose shapes must be final, by a new graph (constants move into it). On failure *g is as it was, or emptied of
 * constants: free it. */
TRUNDLE_MUST_USE enum trundle_status net_layout(struct net_graph **g, const struct net_layout_options *options, struct trundle_error *err);
