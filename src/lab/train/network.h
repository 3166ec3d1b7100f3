/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/network - the network language of recipes: a short JSON list of layers to a graph with seeded weights.
 *
 *     { "input": [224, 224, 3], "layers": [
 *         { "conv": 64, "kernel": 7, "stride": 2, "norm": "batch", "act": "relu" },
 *         { "pool": "max", "kernel": 3, "stride": 2 },
 *         { "residual": 64, "repeat": 2 }, { "residual": 128, "stride": 2, "repeat": 2 },
 *         { "global_pool": "average" }, { "linear": "classes" } ] }
 *
 *     struct net_graph *g;
 *     TRY(network_build(&at, &(struct network_config){ .classes = 81, .seed = 7 }, &g, err));
 *
 * The vocabulary is in docs/networks.md. Batch norms stay nodes of their own, so that they can be trained; train_export() folds them.
 * Weights are drawn per layer from the seed and the layer's name (He normal: sd sqrt(2 / fan in); linear layers sqrt(1 / fan in)),
 * so that a named layer keeps its start when others are added.
 *
 * Lifetime: the graph is the caller's. Threads: plain functions.
 */
#pragma once

#include "base/net/graph.h"
#include "base/std/json.h"

struct network_config {
    int      classes;              /* what "classes" stands for; 0: the word is refused */
    uint64_t seed;
    int32_t  input[3];             /* height, width, channels instead of the file's; 0: the file's */
};

/* `at` is the network's object. Shapes are inferred for a batch of one. BAD_INPUT names the field:
 * "recipe.json: network.layers[3].stride". */
TRUNDLE_MUST_USE enum trundle_status network_build(const struct json_at *at, const struct network_config *config, struct net_graph **out_graph,
                                                   struct trundle_error *err);
/* A file that holds one network. */
TRUNDLE_MUST_USE enum trundle_status network_file(const char *path, const struct network_config *config, struct net_graph **out_graph,
                                                  struct trundle_error *err);
