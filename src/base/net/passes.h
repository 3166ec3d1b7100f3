/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/passes - rewriting a graph so that it computes the same with less: what an importer and a trainer call before a graph is
 * saved, quantised or run.
 *
 *     TRY(net_simplify(graph, err));        // all of the below, in order, until nothing changes
 *
 * Each pass works on f32 graphs and leaves quantised nodes as they are. The results differ from before by rounding only
 * (tests/net/test_passes.c). Names of graph inputs and outputs stay.
 */
#pragma once

#include "base/net/graph.h"

/* Nodes whose inputs are all constant become constants (computed by the reference kernels), up to `bytes_max` of result each. */
TRUNDLE_MUST_USE enum trundle_status net_fold_constants(struct net_graph *g, size_t bytes_max, struct trundle_error *err);
/* A batch norm behind a convolution, transposed convolution or linear layer goes into its weights. */
TRUNDLE_MUST_USE enum trundle_status net_fold_batch_norm(struct net_graph *g, struct trundle_error *err);
/* bias, residual addition and activation go into the node before them, where nobody else reads what lies between. */
TRUNDLE_MUST_USE enum trundle_status net_fuse(struct net_graph *g, struct trundle_error *err);
/* Drops nodes, constants and tensors that no output needs, and renumbers. Graph inputs stay. */
TRUNDLE_MUST_USE enum trundle_status net_drop_unused(struct net_graph *g, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status net_simplify(struct net_graph *g, struct trundle_error *err);

/* For other passes: how many inputs read the tensor (a graph output counts as one), who makes it (-1: nobody), and: let all who read
 * `from` read `to` (outputs included). */
int  net_readers(const struct net_graph *g, int tensor);
int  net_maker(const struct net_graph *g, int tensor);
void net_redirect(struct net_graph *g, int from, int to);
