/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/train/nets.h"

#include "base/net/plan.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct make { struct net_graph *g; struct rng rng; bool norms; int n; };

static int weights(struct make *m, const struct net_shape *s, double mean, double sd)
{
    struct trundle_error err;
    float *w;
    int t;

    support_ok(net_graph_constant(m->g, NULL, NET_F32, s, NULL, &t, &err), &err);
    w = net_graph_writable(m->g, t);
    for (int64_t i = 0; i < net_shape_elements(s); i++)
        w[i] = (float)(mean + sd * rng_normal(&m->rng));
    return t;
}

static int add(struct make *m, struct net_node *n)
{
    struct trundle_error err;
    int t;

    (void)snprintf(n->name, sizeof n->name, "n%d", m->n++);
    support_ok(net_graph_node(m->g, n, &t, &err), &err);
    return t;
}

static int conv(struct make *m, int x, int in, int out, int kernel, int stride, int groups, enum net_act act)
{
    struct net_shape w = NET_SHAPE(out, kernel, kernel, in / groups), b = NET_SHAPE(out);
    struct net_node n = net_node_of(NET_CONV, "", (int[]){ x, weights(m, &w, 0, sqrt(2.0 * groups / (in * kernel * kernel))), weights(m, &b, 0, 0.2) }, m->norms ? 2 : 3);

    n.attr.stride[0] = n.attr.stride[1] = stride;
    n.attr.groups = groups;
    for (int i = 0; i < 4; i++)
        n.attr.pad[i] = kernel / 2;
    if (!m->norms) {
        n.attr.act = act;
        return add(m, &n);
    }
    x = add(m, &n);
    n = net_node_of(NET_BATCH_NORM, "", (int[]){ x, weights(m, &b, 1, 0.2), weights(m, &b, 0, 0.2), weights(m, &b, 0, 0.2), weights(m, &b, 1, 0.05) }, 5);
    n.attr.eps = 1e-5F;
    n.attr.act = act;
    return add(m, &n);
}

static int binary(struct make *m, enum net_binary kind, int a, int b, enum net_act act)
{
    struct net_node n = net_node_of(NET_BINARY, "", (int[]){ a, b }, 2);

    n.attr.kind = (int32_t)kind;
    n.attr.act = act;
    return add(m, &n);
}

static int pool(struct make *m, int x, enum net_pool kind, int kernel)
{
    struct net_node n = net_node_of(NET_POOL, "", &x, 1);

    n.attr.kind = (int32_t)kind;
    n.attr.kernel[0] = n.attr.kernel[1] = kernel;
    n.attr.stride[0] = n.attr.stride[1] = kernel ? kernel : 1;
    return add(m, &n);
}

struct net_graph *nets_make(enum nets_kind kind, int classes, bool norms, uint64_t seed)
{
    return nets_make_sized(kind, 12, classes, norms, seed);
}

struct net_graph *nets_make_sized(enum nets_kind kind, int side, int classes, bool norms, uint64_t seed)
{
    struct make m = { .g = net_graph_new(), .rng = rng_seed(seed, "nets"), .norms = norms };
    struct net_shape image = NET_SHAPE(0, side, side, 3), w, b = NET_SHAPE(classes);
    struct trundle_error err;
    struct net_node n;
    int x, y, z, last = 32, flat;

    assert_non_null(m.g);
    support_ok(net_graph_input(m.g, "x", NET_F32, &image, &x, &err), &err);
    x = conv(&m, x, 3, 16, 3, 1, 1, NET_ACT_RELU);
    switch (kind) {
    case NETS_RESIDUAL:
        y = conv(&m, x, 16, 24, 3, 1, 1, NET_ACT_RELU);
        y = conv(&m, y, 24, 16, 3, 1, 1, NET_ACT_IDENTITY);
        x = binary(&m, NET_ADD, y, x, NET_ACT_RELU);
        x = pool(&m, x, NET_POOL_MAX, 2);
        x = conv(&m, x, 16, 32, 3, 1, 1, NET_ACT_HARD_SWISH);
        break;
    case NETS_DEPTHWISE:
        x = conv(&m, x, 16, 32, 1, 1, 1, NET_ACT_RELU);
        x = conv(&m, x, 32, 32, 3, 2, 32, NET_ACT_RELU);
        x = conv(&m, x, 32, 24, 1, 1, 1, NET_ACT_IDENTITY);
        x = conv(&m, x, 24, 48, 3, 1, 24, NET_ACT_RELU);           /* two of each channel */
        x = conv(&m, x, 48, 32, 1, 1, 1, NET_ACT_RELU);
        break;
    case NETS_SQUEEZE:
        x = conv(&m, x, 16, 32, 3, 2, 1, NET_ACT_HARD_SWISH);
        y = pool(&m, x, NET_POOL_AVERAGE, 0);
        y = conv(&m, y, 32, 8, 1, 1, 1, NET_ACT_RELU);
        y = conv(&m, y, 8, 32, 1, 1, 1, NET_ACT_SIGMOID);
        x = binary(&m, NET_MUL, x, y, NET_ACT_IDENTITY);
        x = conv(&m, x, 32, 32, 3, 1, 1, NET_ACT_RELU);
        break;
    case NETS_CONCAT:
        y = conv(&m, x, 16, 8, 1, 1, 1, NET_ACT_RELU);
        z = conv(&m, x, 16, 16, 3, 1, 1, NET_ACT_LEAKY_RELU);
        n = net_node_of(NET_CONCAT, "", (int[]){ y, z, x }, 3);
        n.attr.axes_n = 1;
        n.attr.axes[0] = 3;
        x = add(&m, &n);
        w = NET_SHAPE(1, 1, 1, 40);
        x = binary(&m, NET_MUL, x, weights(&m, &w, 1, 0.1), NET_ACT_IDENTITY);
        x = conv(&m, x, 40, 32, 3, 2, 1, NET_ACT_RELU);
        break;
    default:
        x = conv(&m, x, 16, 24, 3, 2, 1, NET_ACT_RELU);
        x = conv(&m, x, 24, 32, 3, 1, 1, NET_ACT_RELU);
        break;
    }
    x = pool(&m, x, kind == NETS_FLATTEN ? NET_POOL_MAX : NET_POOL_AVERAGE, kind == NETS_FLATTEN ? 3 : 0);
    flat = kind == NETS_FLATTEN ? 4 * last : last;
    n = net_node_of(NET_RESHAPE, "", &x, 1);
    n.attr.dims_n = 2;
    n.attr.dims[0] = 0;
    n.attr.dims[1] = flat;
    x = add(&m, &n);
    w = NET_SHAPE(classes, flat);
    n = net_node_of(NET_MATMUL, "logits", (int[]){ x, weights(&m, &w, 0, sqrt(1.0 / flat)), weights(&m, &b, 0, 0.1) }, 3);
    n.attr.flip_b = true;
    support_ok(net_graph_node(m.g, &n, &y, &err), &err);
    support_ok(net_graph_output(m.g, y, &err), &err);
    support_ok(net_graph_infer(m.g, 1, &err), &err);
    return m.g;
}

const char *nets_name(enum nets_kind kind)
{
    static const char *const name[NETS_KINDS] = { "plain", "residual", "depthwise", "squeeze", "concat", "flatten" };

    return name[kind];
}

float *nets_run(const struct net_graph *g, int batch, uint64_t seed, size_t *out_n)
{
    struct rng r = rng_seed(seed, "nets/input");
    struct net_plan *plan = NULL;
    const struct net_graph *planned;
    struct trundle_error err;
    float *x, *out;

    support_ok(net_plan_new(g, &(struct net_plan_options){ .batch = batch }, &plan, &err), &err);
    planned = net_plan_graph(plan);
    x = net_plan_input(plan, 0);
    for (int64_t i = 0; i < net_shape_elements(&planned->tensor[planned->input[0]].shape); i++)
        x[i] = (float)rng_normal(&r);
    support_ok(net_plan_run(plan, &err), &err);
    *out_n = (size_t)net_shape_elements(&planned->tensor[planned->output[0]].shape);
    out = malloc(*out_n * sizeof *out);
    assert_non_null(out);
    memcpy(out, net_plan_output(plan, 0), *out_n * sizeof *out);
    net_plan_free(plan);
    return out;
}
