/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * What a layer costs at fewer channels: one node alone, planned and run with random numbers, at a grid of counts. Kernels work in tiles of channels, so the
 * cost has steps, and a channel more or less may cost nothing: that is why it is measured.
 */
#include "lab/train/prune.h"

#include "base/net/plan.h"
#include "base/std/rng.h"
#include "base/std/time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 8, FASTEST_NS = 50000 };

struct grid { int in_n, out_n; int in[POINTS], out[POINTS]; double ns[POINTS][POINTS]; };
struct prune_table { int nodes_n; struct grid *node; };

static int32_t channels(const struct net_graph *g, int t)
{
    const struct net_shape *s = &g->tensor[t].shape;

    return t >= 0 && s->rank ? s->d[s->rank - 1] : 1;
}

static bool multiplies(const struct net_graph *g, const struct net_node *n)
{
    return (n->op == NET_CONV || n->op == NET_CONV_TRANSPOSE || n->op == NET_MATMUL) && g->tensor[n->in[1]].data && (n->op != NET_MATMUL || g->tensor[n->in[1]].shape.rank == 2);
}

static bool depthwise(const struct net_graph *g, const struct net_node *n)
{
    return n->op == NET_CONV && n->attr.groups > 1 && n->attr.groups == channels(g, n->in[0]);
}

/* Eighths of all, in eights where there are enough. */
static int points(int all, int out[POINTS])
{
    int n = 0;

    for (int k = 1; k <= POINTS; k++) {
        int c = (all * k + POINTS - 1) / POINTS;

        if (all >= 32 && k < POINTS)
            c = (c + 7) / 8 * 8;
        if (c >= 1 && c <= all && (n == 0 || c > out[n - 1]))
            out[n++] = c;
    }
    return n;
}

static void noise(struct rng *r, float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)rng_unit(r) - 0.5F;
}

/* A graph of one layer with so many channels in and out. */
static enum trundle_status alone(const struct net_graph *g, const struct net_node *from, int in, int out, bool int8, struct net_graph **out_graph, struct trundle_error *err)
{
    struct net_graph *a = net_graph_new();
    struct net_node n = *from;
    struct net_shape x = g->tensor[from->in[0]].shape, w = g->tensor[from->in[1]].shape, bias = NET_SHAPE(out);
    struct rng r = rng_seed(1, "prune/time");
    const float scale = 0.02F;
    enum trundle_status status = a ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
    int y;

    if (status != TRUNDLE_OK)
        return status;
    int8 = int8 && from->op != NET_CONV_TRANSPOSE;
    x.d[x.rank - 1] = in;
    if (from->op == NET_CONV) {
        w.d[0] = out;
        w.d[3] = n.attr.groups == 1 ? in : w.d[3];
        if (depthwise(g, from))
            n.attr.groups = in;
    } else if (from->op == NET_CONV_TRANSPOSE) {
        w.d[0] = in;
        w.d[3] = out / n.attr.groups;
    } else {
        w.d[0] = n.attr.flip_b ? out : in;
        w.d[1] = n.attr.flip_b ? in : out;
    }
    TRY_GOTO(status, net_graph_input(a, "x", int8 ? NET_U8 : NET_F32, &x, &n.in[0], err), out);
    TRY_GOTO(status, net_graph_constant(a, "w", int8 ? NET_I8 : NET_F32, &w, NULL, &n.in[1], err), out);
    if (int8) {
        int8_t *q = net_graph_writable(a, n.in[1]);

        for (int64_t i = 0; i < net_shape_elements(&w); i++)
            q[i] = (int8_t)((int)rng_below(&r, 255) - 127);
        TRY_GOTO(status, net_graph_quant(a, n.in[0], 1, 0, &scale, 128, err), out);
        TRY_GOTO(status, net_graph_quant(a, n.in[1], 1, 0, &scale, 0, err), out);
        n.attr.out_type = NET_U8;
        n.attr.out_scale = scale;
        n.attr.out_zero = 0;
    } else {
        noise(&r, net_graph_writable(a, n.in[1]), net_shape_elements(&w));
    }
    TRY_GOTO(status, net_graph_constant(a, "bias", NET_F32, &bias, NULL, &n.in[2], err), out);
    n.in_n = 3;
    TRY_GOTO(status, net_graph_node(a, &n, &y, err), out);
    TRY_GOTO(status, net_graph_output(a, y, err), out);
    *out_graph = a;
    a = NULL;
out:
    net_graph_free(a);
    return status;
}

/* The least of some runs; short ones are repeated inside a run, so that the clock can tell. */
static enum trundle_status time_graph(const struct net_graph *a, const struct prune_measure *how, double *out_ns, struct trundle_error *err)
{
    struct net_plan *plan = NULL;
    int rounds = how->rounds > 0 ? how->rounds : 8, repeat = 1;
    struct rng r = rng_seed(2, "prune/time");
    const struct net_tensor *x;
    double least = HUGE_VAL;
    enum trundle_status status;

    TRY(net_plan_new(a, &(struct net_plan_options){ .batch = 1, .threads = how->threads > 0 ? how->threads : 1 }, &plan, err));
    x = &net_plan_graph(plan)->tensor[a->input[0]];
    if (x->type == NET_F32)
        noise(&r, net_plan_input(plan, 0), net_shape_elements(&x->shape));
    else
        for (int64_t i = 0; i < net_shape_elements(&x->shape); i++)
            ((uint8_t *)net_plan_input(plan, 0))[i] = (uint8_t)rng_below(&r, 256);
    TRY_GOTO(status, net_plan_run(plan, err), out);
    for (int k = 0; k < rounds; k++) {
        int64_t begin = clock_mono_ns(), took;

        for (int i = 0; i < repeat; i++)
            TRY_GOTO(status, net_plan_run(plan, err), out);
        took = clock_mono_ns() - begin;
        if (took < FASTEST_NS && repeat < 1024) {
            repeat *= 2;
            k = -1;
            continue;
        }
        least = fmin(least, (double)took / repeat);
    }
    *out_ns = least;
out:
    net_plan_free(plan);
    return status;
}

static enum trundle_status fill(const struct net_graph *g, const struct net_node *n, const struct prune_measure *how, struct grid *grid, struct trundle_error *err)
{
    bool deep = depthwise(g, n), grouped = n->op != NET_MATMUL && n->attr.groups > 1;
    int each = deep ? channels(g, n->out) / channels(g, n->in[0]) : 1;

    grid->in_n = points(channels(g, n->in[0]), grid->in);
    grid->out_n = points(channels(g, n->out), grid->out);
    if (grouped) {
        grid->out_n = 1;
        grid->out[0] = channels(g, n->out);
        if (!deep) {
            grid->in_n = 1;
            grid->in[0] = channels(g, n->in[0]);
        }
    }
    for (int i = 0; i < grid->in_n; i++)
        for (int o = 0; o < grid->out_n; o++) {
            struct net_graph *a = NULL;
            enum trundle_status status;

            TRY(alone(g, n, grid->in[i], deep ? grid->in[i] * each : grid->out[o], how->int8, &a, err));
            status = time_graph(a, how, &grid->ns[i][o], err);
            net_graph_free(a);
            TRY(status);
        }
    return TRUNDLE_OK;
}

/* Everything else: as long as it takes in the whole net, in proportion to its channels. */
static enum trundle_status rest(const struct net_graph *g, const struct prune_measure *how, struct prune_table *t, struct trundle_error *err)
{
    struct net_plan *plan = NULL;
    struct rng r = rng_seed(3, "prune/time");
    enum trundle_status status;

    TRY(net_plan_new(g, &(struct net_plan_options){ .batch = 1, .threads = how->threads > 0 ? how->threads : 1, .clock = clock_mono_ns }, &plan, err));
    for (int i = 0; i < g->inputs_n; i++) {
        const struct net_tensor *x = &net_plan_graph(plan)->tensor[g->input[i]];

        if (x->type == NET_F32)
            noise(&r, net_plan_input(plan, i), net_shape_elements(&x->shape));
    }
    for (int k = 0; k < 5; k++) {
        TRY_GOTO(status, net_plan_run(plan, err), out);
        for (int i = 0; i < g->nodes_n; i++) {
            struct grid *grid = &t->node[i];
            double ns = (double)net_plan_node_ns(plan, i);

            if (multiplies(g, &g->node[i]))
                continue;
            grid->in_n = grid->out_n = 1;
            grid->in[0] = channels(g, g->node[i].in[0]);
            grid->out[0] = channels(g, g->node[i].out);
            grid->ns[0][0] = k == 0 || ns < grid->ns[0][0] ? ns : grid->ns[0][0];
        }
    }
out:
    net_plan_free(plan);
    return status;
}

enum trundle_status prune_measure(const struct net_graph *g, const struct prune_measure *how, struct prune_table **out, struct trundle_error *err)
{
    struct prune_table *t = calloc(1, sizeof *t);
    enum trundle_status status = TRUNDLE_OK;

    if (t)
        t->node = calloc((size_t)g->nodes_n + 1, sizeof *t->node);
    if (!t || !t->node) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
        goto out;
    }
    t->nodes_n = g->nodes_n;
    TRY_GOTO(status, rest(g, how, t, err), out);
    for (int i = 0; i < g->nodes_n; i++) {
        if (multiplies(g, &g->node[i]))
            TRY_GOTO(status, fill(g, &g->node[i], how, &t->node[i], err), out);
        if (how->progress)
            how->progress(how->user, (size_t)i + 1, (size_t)g->nodes_n);
    }
    *out = t;
    t = NULL;
out:
    prune_table_free(t);
    return status;
}

void prune_table_free(struct prune_table *t)
{
    if (t)
        free(t->node);
    free(t);
}

/* Where v lies among the points: below the first, the first's cost in proportion. */
static int between(const int *point, int n, int v, double *share)
{
    int i = 0;

    while (i + 1 < n && point[i + 1] <= v)
        i++;
    *share = i + 1 < n && v > point[i] ? (double)(v - point[i]) / (point[i + 1] - point[i]) : 0;
    return i;
}

double prune_node_ns(const struct prune_table *t, int node, int in, int out)
{
    const struct grid *g = &t->node[node];
    double a, b, low, high;
    int i = between(g->in, g->in_n, in, &a), o = between(g->out, g->out_n, out, &b), i2 = i + 1 < g->in_n ? i + 1 : i, o2 = o + 1 < g->out_n ? o + 1 : o;

    if (g->in_n == 0)
        return 0;
    low = g->ns[i][o] + (g->ns[i][o2] - g->ns[i][o]) * b;
    high = g->ns[i2][o] + (g->ns[i2][o2] - g->ns[i2][o]) * b;
    low += (high - low) * a;
    if (in < g->in[0])
        low *= (double)in / g->in[0];
    if (out < g->out[0] && !(g->in_n > 1 && g->out_n == 1))
        low *= (double)out / g->out[0];
    return low;
}

double prune_net_ns(const struct prune_table *t, const struct net_graph *g, const struct prune_groups *p, const bool *gone)
{
    double ns = 0;

    for (int i = 0; i < t->nodes_n; i++) {
        const struct net_node *n = &g->node[i];
        int in = prune_kept(g, p, gone, n->in[0]), out = prune_kept(g, p, gone, n->out);

        if (!multiplies(g, n))
            in = channels(g, n->in[0]);
        ns += prune_node_ns(t, i, in, out);
    }
    return ns;
}
