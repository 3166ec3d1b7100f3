/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* train/nets - small nets with seeded random weights, for tests of what changes nets. */
#pragma once

#include "base/net/graph.h"
#include "base/std/rng.h"

enum nets_kind { NETS_PLAIN, NETS_RESIDUAL, NETS_DEPTHWISE, NETS_SQUEEZE, NETS_CONCAT, NETS_FLATTEN, NETS_KINDS };

/* Input [N, 12, 12, 3], output [N, classes] logits named "logits". With norms: batch norms stay nodes of their own. */
struct net_graph *nets_make(enum nets_kind kind, int classes, bool norms, uint64_t seed);
/* The same for [N, side, side, 3]; not NETS_FLATTEN. */
struct net_graph *nets_make_sized(enum nets_kind kind, int side, int classes, bool norms, uint64_t seed);
const char *nets_name(enum nets_kind kind);
/* Runs once on seeded noise; gives the first output's values (malloc'd). */
float *nets_run(const struct net_graph *g, int batch, uint64_t seed, size_t *out_n);
