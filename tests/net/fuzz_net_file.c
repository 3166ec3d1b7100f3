/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a .net file, with the hash put right, so that what lies behind it is reached; small graphs are inferred and run. */
#include "base/net/file.h"
#include "base/net/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int64_t work(const struct net_graph *g)
{
    int64_t n = 0;
    for (int i = 0; i < g->nodes_n && n < 1 << 24; i++)
        n += net_shape_elements(&g->tensor[g->node[i].out].shape) + net_node_macs(g, &g->node[i]);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t *copy = aligned_alloc(64, (n + 127) / 64 * 64);
    struct net_file *f = NULL;
    struct net_graph *g = NULL;
    struct net_plan *plan = NULL;
    char hash[HASH_SHA256_TEXT];
    if (!copy)
        return 0;
    memcpy(copy, data, n);
    if (n >= 80) {
        hash_sha256(copy + 80, n - 80, hash);
        memcpy(copy + 16, hash, 64);
    }
    if (net_file_parse(copy, n, "fuzz", &f, NULL) == TRUNDLE_OK && net_graph_copy(net_file_graph(f), true, &g, NULL) == TRUNDLE_OK &&
        net_graph_infer(g, 1, NULL) == TRUNDLE_OK && work(g) < 1 << 22 && net_plan_new(g, &(struct net_plan_options){ .batch = 1 }, &plan, NULL) == TRUNDLE_OK)
        if (net_plan_run(plan, NULL) != TRUNDLE_OK)
            abort();
    net_plan_free(plan);
    net_graph_free(g);
    net_file_close(f);
    free(copy);
    return 0;
}
