/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Cross-layer equalisation: after Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction", section 4.1. */
#include "lab/train/quantize.h"

#include "base/net/passes.h"

#include <math.h>
#include <stdlib.h>

struct pair { int first, second; int64_t channels, repeat; };      /* input k of the second is channel k % channels of the first */

/* f(s x) = s f(x) for s > 0. */
static bool scales_through(const struct net_attr *a)
{
    return a->act == NET_ACT_IDENTITY || a->act == NET_ACT_RELU || a->act == NET_ACT_LEAKY_RELU;
}

static bool constant_f32(const struct net_graph *g, int t)
{
    return t >= 0 && g->tensor[t].data && g->tensor[t].type == NET_F32 && net_readers(g, t) == 1;
}

static bool layer(const struct net_graph *g, const struct net_node *n)
{
    if ((n->op != NET_CONV && !(n->op == NET_MATMUL && n->attr.flip_b)) || !constant_f32(g, n->in[1]))
        return false;
    if (n->op == NET_MATMUL && g->tensor[n->in[1]].shape.rank != 2)
        return false;
    return n->in_n < 3 || n->in[2] < 0 || constant_f32(g, n->in[2]);
}

/* The layer that alone feeds the second, through pooling and flattening only. */
static bool find(const struct net_graph *g, int second, struct pair *out)
{
    const struct net_node *n = &g->node[second];
    int t = n->in[0], i;

    if (!layer(g, n))
        return false;
    for (;;) {
        i = net_maker(g, t);
        if (i < 0 || net_readers(g, t) != 1)
            return false;
        if (g->node[i].op != NET_POOL && g->node[i].op != NET_RESHAPE)
            break;
        t = g->node[i].in[0];
    }
    if (!layer(g, &g->node[i]) || !scales_through(&g->node[i].attr) || (g->node[i].in_n > 3 && g->node[i].in[3] >= 0))
        return false;
    out->first = i;
    out->second = second;
    out->channels = g->tensor[g->node[i].in[1]].shape.d[0];
    out->repeat = n->op == NET_MATMUL ? g->tensor[n->in[1]].shape.d[1] : (int64_t)g->tensor[n->in[1]].shape.d[3] * n->attr.groups;
    return out->repeat % out->channels == 0;
}

/* Visits each weight of the second that reads channel c. */
static double second_extent(const struct net_graph *g, const struct pair *p, int64_t c, double factor)
{
    const struct net_node *n = &g->node[p->second];
    const struct net_shape *s = &g->tensor[n->in[1]].shape;
    float *w = (float *)(uintptr_t)g->tensor[n->in[1]].data;
    int64_t inner = s->d[s->rank - 1], rows = net_shape_elements(s) / inner, per_output = rows / s->d[0];
    double largest = 0;

    for (int64_t row = 0; row < rows; row++) {
        int64_t group = n->op == NET_CONV ? row / per_output / (s->d[0] / n->attr.groups) : 0;

        for (int64_t k = 0; k < inner; k++)
            if ((group * inner + k) % p->channels == c) {
                w[row * inner + k] = (float)((double)w[row * inner + k] * factor);
                largest = fmax(largest, fabs((double)w[row * inner + k]));
            }
    }
    return largest;
}

static double first_extent(const struct net_graph *g, const struct pair *p, int64_t c, double factor)
{
    const struct net_node *n = &g->node[p->first];
    float *w = (float *)(uintptr_t)g->tensor[n->in[1]].data;
    int64_t each = net_shape_elements(&g->tensor[n->in[1]].shape) / p->channels;
    double largest = 0;

    for (int64_t k = 0; k < each; k++) {
        w[c * each + k] = (float)((double)w[c * each + k] * factor);
        largest = fmax(largest, fabs((double)w[c * each + k]));
    }
    if (n->in_n > 2 && n->in[2] >= 0) {
        float *b = (float *)(uintptr_t)g->tensor[n->in[2]].data;

        b[c] = (float)((double)b[c] * factor);
    }
    return largest;
}

/* Constants of their own, so that scaling them changes nobody else's. */
static enum trundle_status own(struct net_graph *g, int node, int k, struct trundle_error *err)
{
    int old = g->node[node].in_n > k ? g->node[node].in[k] : -1;
    struct net_shape shape;

    if (old < 0 || g->tensor[old].owned)
        return TRUNDLE_OK;
    shape = g->tensor[old].shape;
    return net_graph_constant(g, NULL, NET_F32, &shape, g->tensor[old].data, &g->node[node].in[k], err);
}

enum trundle_status quantize_equalize(struct net_graph *g, int rounds, int *out_pairs, struct trundle_error *err)
{
    int pairs = 0;

    for (int round = 0; round < rounds; round++) {
        double moved = 0;

        pairs = 0;
        for (int i = 0; i < g->nodes_n; i++) {
            struct pair p;

            if (!find(g, i, &p))
                continue;
            for (int k = 1; k <= 2; k++) {
                TRY(own(g, p.first, k, err));
                TRY(own(g, p.second, k, err));
            }
            pairs++;
            for (int64_t c = 0; c < p.channels; c++) {
                double one = first_extent(g, &p, c, 1), two = second_extent(g, &p, c, 1), factor;

                if (!(one > 1e-12) || !(two > 1e-12))
                    continue;
                factor = fmin(1e4, fmax(1e-4, sqrt(two / one)));
                (void)first_extent(g, &p, c, factor);
                (void)second_extent(g, &p, c, 1 / factor);
                moved = fmax(moved, fabs(log(factor)));
            }
        }
        if (moved < 1e-3)
            break;
    }
    TRY(net_drop_unused(g, err));
    TRY(net_graph_infer(g, 1, err));
    if (out_pairs)
        *out_pairs = pairs;
    return TRUNDLE_OK;
}
