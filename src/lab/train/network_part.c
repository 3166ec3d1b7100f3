/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The nodes that layers are made of, with their weights drawn. Sizes are followed here, so that errors can name the layer. */
#include "lab/train/network_part.h"

#include "base/std/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum trundle_status network_act_named(const char *name, struct network_act *out, const char *where, struct trundle_error *err)
{
    *out = (struct network_act){ NET_ACT_IDENTITY, 0, 0 };
    if (strcmp(name, "none") == 0)
        return TRUNDLE_OK;
    if (strcmp(name, "relu6") == 0) {
        *out = (struct network_act){ NET_ACT_CLIP, 0, 6 };
        return TRUNDLE_OK;
    }
    for (int a = 0; a < NET_ACT_COUNT; a++)
        if (strcmp(name, net_act_name((enum net_act)a)) == 0 && a != NET_ACT_CLIP) {
            out->act = (enum net_act)a;
            out->alpha = a == NET_ACT_LEAKY_RELU ? 0.1F : a == NET_ACT_HARD_SIGMOID ? 1 / 6.0F : 1;
            out->beta = a == NET_ACT_HARD_SIGMOID ? 0.5F : 0;
            return TRUNDLE_OK;
        }
    return error_set(err, TRUNDLE_BAD_INPUT, where, "none, relu, relu6, leaky_relu, hard_swish, hard_sigmoid, silu, sigmoid, tanh, gelu ...", "no function \"%.40s\"", name);
}

static void name_of(const struct network *n, const char *part, char out[NET_NAME_MAX])
{
    (void)snprintf(out, NET_NAME_MAX, "%s%s%s", n->prefix, n->prefix[0] && part[0] ? "." : "", part);
}

enum trundle_status network_put(struct network *n, struct net_node *node, const char *part, struct trundle_error *err)
{
    name_of(n, part, node->name);
    return net_graph_node(n->graph, node, &n->now.tensor, err);
}

enum trundle_status network_constant(struct network *n, const char *part, const struct net_shape *shape, double mean, double sd, int *out,
                                     struct trundle_error *err)
{
    char name[NET_NAME_MAX], stream[NET_NAME_MAX + 8];
    int64_t count = net_shape_elements(shape);
    struct rng r;
    float *data;
    enum trundle_status status;

    name_of(n, part, name);
    (void)snprintf(stream, sizeof stream, "net/%s", name);
    if (count > NET_ELEMENTS_MAX / 8)
        return error_set(err, TRUNDLE_TOO_LARGE, name, NULL, "%lld weights in one layer", (long long)count);
    data = malloc((size_t)count * sizeof *data);
    if (!data)
        return error_set(err, TRUNDLE_NO_MEMORY, name, NULL, "no memory for %lld weights", (long long)count);
    r = rng_seed(n->config.seed, stream);
    for (int64_t i = 0; i < count; i++)
        data[i] = (float)(sd > 0 ? mean + sd * rng_normal(&r) : mean);
    status = net_graph_constant(n->graph, name, NET_F32, shape, data, out, err);
    free(data);
    return status;
}

static void set_act(struct net_node *node, const struct network_act *act)
{
    node->attr.act = act->act;
    node->attr.alpha = act->alpha;
    node->attr.beta = act->beta;
}

/* Of a window along one axis; 0: it does not fit. */
static int32_t out_size(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t pad)
{
    int32_t span = (kernel - 1) * dilation + 1, room = in + 2 * pad - span;

    return room < 0 ? 0 : room / stride + 1;
}

static enum trundle_status image(const struct network *n, const char *where, struct trundle_error *err)
{
    if (n->now.rank != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "put it before global_pool, flatten and tokens", "needs an image, but what comes in has %d axes",
                         n->now.rank);
    return TRUNDLE_OK;
}

enum trundle_status network_conv(struct network *n, const struct network_conv *c, const char *part, const char *where, struct trundle_error *err)
{
    int32_t in = n->now.rank == 3 ? n->now.d[2] : 0, size[2];
    char name[NET_NAME_MAX];
    struct net_node node;
    int tensors[3] = { n->now.tensor, -1, -1 };
    double fan;

    TRY(image(n, where, err));
    if (in % c->groups || c->out % c->groups)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "%d groups do not divide %d and %d channels", c->groups, in, c->out);
    fan = (double)c->kernel[0] * c->kernel[1] * (in / c->groups);
    (void)snprintf(name, sizeof name, "%s%sweight", part, part[0] ? "." : "");
    TRY(network_constant(n, name, &NET_SHAPE(c->out, c->kernel[0], c->kernel[1], in / c->groups), 0, sqrt(2 / fan), &tensors[1], err));
    if (c->bias) {
        (void)snprintf(name, sizeof name, "%s%sbias", part, part[0] ? "." : "");
        TRY(network_constant(n, name, &NET_SHAPE(c->out), c->bias_value, 0, &tensors[2], err));
    }
    node = net_node_of(NET_CONV, "", tensors, c->bias ? 3 : 2);
    node.attr.groups = c->groups;
    for (int a = 0; a < 2; a++) {
        int32_t pad = c->pad >= 0 ? c->pad : (c->kernel[a] - 1) * c->dilation[a] / 2;

        node.attr.stride[a] = c->stride[a];
        node.attr.dilation[a] = c->dilation[a];
        node.attr.pad[a] = node.attr.pad[a + 2] = pad;
        size[a] = out_size(n->now.d[a], c->kernel[a], c->stride[a], c->dilation[a], pad);
        if (size[a] <= 0)
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "a kernel of %dx%d does not fit into %dx%d", c->kernel[0], c->kernel[1], n->now.d[0], n->now.d[1]);
    }
    if (!c->norm)
        set_act(&node, &c->act);
    TRY(network_put(n, &node, part, err));
    n->now = (struct network_value){ n->now.tensor, 3, { size[0], size[1], c->out } };
    if (!c->norm)
        return TRUNDLE_OK;
    (void)snprintf(name, sizeof name, "%s%snorm", part, part[0] ? "." : "");
    return network_batch_norm(n, &c->act, name, err);
}

enum trundle_status network_batch_norm(struct network *n, const struct network_act *act, const char *part, struct trundle_error *err)
{
    static const char *const names[4] = { "gamma", "beta", "mean", "var" };
    int tensors[5] = { n->now.tensor };
    char name[NET_NAME_MAX];
    struct net_node node;

    for (int i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof name, "%s.%s", part, names[i]);
        TRY(network_constant(n, name, &NET_SHAPE(n->now.d[n->now.rank - 1]), i == 0 || i == 3 ? 1 : 0, 0, &tensors[i + 1], err));
    }
    node = net_node_of(NET_BATCH_NORM, "", tensors, 5);
    node.attr.eps = 1e-5F;
    set_act(&node, act);
    return network_put(n, &node, part, err);
}

enum trundle_status network_layer_norm(struct network *n, const char *part, struct trundle_error *err)
{
    int tensors[3] = { n->now.tensor };
    char name[NET_NAME_MAX];
    struct net_node node;

    for (int i = 0; i < 2; i++) {
        (void)snprintf(name, sizeof name, "%s.%s", part, i ? "beta" : "gamma");
        TRY(network_constant(n, name, &NET_SHAPE(n->now.d[n->now.rank - 1]), i ? 0 : 1, 0, &tensors[i + 1], err));
    }
    node = net_node_of(NET_LAYER_NORM, "", tensors, 3);
    node.attr.axes_n = 1;
    node.attr.axes[0] = n->now.rank;
    node.attr.eps = 1e-5F;
    return network_put(n, &node, part, err);
}

enum trundle_status network_unary(struct network *n, const struct network_act *act, const char *part, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_UNARY, "", &n->now.tensor, 1);

    set_act(&node, act);
    return network_put(n, &node, part, err);
}

enum trundle_status network_binary(struct network *n, enum net_binary kind, const struct network_value *a, const struct network_value *b,
                                   const struct network_act *act, const char *part, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_BINARY, "", (int[]){ a->tensor, b->tensor }, 2);

    node.attr.kind = (int32_t)kind;
    if (act)
        set_act(&node, act);
    n->now = *a;
    return network_put(n, &node, part, err);
}

enum trundle_status network_linear(struct network *n, int32_t out, bool bias, double bias_value, double sd_scale, const struct network_act *act, const char *part,
                                   const char *where, struct trundle_error *err)
{
    int32_t in = n->now.d[n->now.rank - 1];
    int tensors[3] = { n->now.tensor, -1, -1 };
    char name[NET_NAME_MAX];
    struct net_node node;

    if (n->now.rank == 3)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "a conv of kernel 1 works on images; flatten or global_pool make a vector", "needs a vector or tokens, but an image comes in");
    (void)snprintf(name, sizeof name, "%s%sweight", part, part[0] ? "." : "");
    TRY(network_constant(n, name, &NET_SHAPE(out, in), 0, sd_scale / sqrt(in), &tensors[1], err));
    if (bias) {
        (void)snprintf(name, sizeof name, "%s%sbias", part, part[0] ? "." : "");
        TRY(network_constant(n, name, &NET_SHAPE(out), bias_value, 0, &tensors[2], err));
    }
    node = net_node_of(NET_MATMUL, "", tensors, bias ? 3 : 2);
    node.attr.flip_b = true;
    if (act)
        set_act(&node, act);
    TRY(network_put(n, &node, part, err));
    n->now.d[n->now.rank - 1] = out;
    return TRUNDLE_OK;
}

enum trundle_status network_pool(struct network *n, enum net_pool kind, const int32_t kernel[2], const int32_t stride[2], int32_t pad, const char *part,
                                 const char *where, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_POOL, "", &n->now.tensor, 1);

    TRY(image(n, where, err));
    node.attr.kind = (int32_t)kind;
    for (int a = 0; a < 2; a++) {
        int32_t p = pad >= 0 ? pad : (kernel[a] - 1) / 2;

        node.attr.kernel[a] = kernel[a];
        node.attr.stride[a] = stride[a];
        node.attr.pad[a] = node.attr.pad[a + 2] = p;
        if (p >= kernel[a])
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "a padding of %d leaves windows of %d empty", p, kernel[a]);
        n->now.d[a] = out_size(n->now.d[a], kernel[a], stride[a], 1, p);
        if (n->now.d[a] <= 0)
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "a window of %dx%d does not fit", kernel[0], kernel[1]);
    }
    return network_put(n, &node, part, err);
}

enum trundle_status network_reshape(struct network *n, int rank, const int32_t *d, const char *part, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_RESHAPE, "", &n->now.tensor, 1);

    node.attr.dims_n = rank + 1;
    for (int a = 0; a < rank; a++)
        node.attr.dims[a + 1] = d[a];
    TRY(network_put(n, &node, part, err));
    n->now.rank = rank;
    memcpy(n->now.d, d, (size_t)rank * sizeof *d);
    return TRUNDLE_OK;
}

enum trundle_status network_global(struct network *n, enum net_pool kind, const char *part, const char *where, struct trundle_error *err)
{
    char name[NET_NAME_MAX];

    if (n->now.rank == 2) {
        struct net_node node = net_node_of(NET_REDUCE, "", &n->now.tensor, 1);

        node.attr.kind = kind == NET_POOL_MAX ? NET_REDUCE_MAX : NET_MEAN;
        node.attr.axes_n = 1;
        node.attr.axes[0] = 1;
        node.attr.keep = false;
        TRY(network_put(n, &node, part, err));
        n->now.rank = 1;
        n->now.d[0] = n->now.d[1];
        return TRUNDLE_OK;
    }
    TRY(image(n, where, err));
    {
        struct net_node node = net_node_of(NET_POOL, "", &n->now.tensor, 1);
        int32_t channels = n->now.d[2];

        node.attr.kind = (int32_t)kind;
        (void)snprintf(name, sizeof name, "%s%spool", part, part[0] ? "." : "");
        TRY(network_put(n, &node, name, err));
        return network_reshape(n, 1, &channels, part, err);
    }
}
