/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The composed layers of the network language: residual and bottleneck (He et al. 2016), inverted (Sandler et al. 2018; with squeeze and
 * excite, Howard et al. 2019), attention (Vaswani et al. 2017, norms in front as in ViT).
 */
#include "lab/train/network_part.h"

#include <math.h>
#include <stdio.h>

static const struct network_act none = { NET_ACT_IDENTITY, 0, 0 };

/* The other way around a block: nothing, or a 1x1 convolution where size or channels change. n->now is left alone. */
static enum trundle_status shortcut(struct network *n, const struct network_value *in, const struct network_conv *c, struct network_value *out, const char *where,
                                    struct trundle_error *err)
{
    struct network_value kept = n->now;
    struct network_conv skip = *c;

    *out = *in;
    if (c->stride[0] == 1 && c->stride[1] == 1 && in->d[2] == c->out)
        return TRUNDLE_OK;
    n->now = *in;
    skip.kernel[0] = skip.kernel[1] = skip.dilation[0] = skip.dilation[1] = skip.groups = 1;
    skip.pad = -1;
    skip.act = none;
    TRY(network_conv(n, &skip, "skip", where, err));
    *out = n->now;
    n->now = kept;
    return TRUNDLE_OK;
}

enum trundle_status network_residual(struct network *n, const struct network_conv *c, const char *where, struct trundle_error *err)
{
    struct network_value in = n->now, skip;
    struct network_conv one = *c, two = *c;

    two.stride[0] = two.stride[1] = 1;
    two.act = none;
    TRY(network_conv(n, &one, "conv1", where, err));
    TRY(network_conv(n, &two, "conv2", where, err));
    TRY(shortcut(n, &in, c, &skip, where, err));
    return network_binary(n, NET_ADD, &(struct network_value){ n->now.tensor, 3, { n->now.d[0], n->now.d[1], n->now.d[2] } }, &skip, &c->act, "add", err);
}

enum trundle_status network_bottleneck(struct network *n, const struct network_conv *c, int32_t width, const char *where, struct trundle_error *err)
{
    struct network_value in = n->now, skip, now;
    struct network_conv one = *c, two = *c, three = *c;

    one.kernel[0] = one.kernel[1] = one.stride[0] = one.stride[1] = one.dilation[0] = one.dilation[1] = one.groups = 1;
    one.pad = -1;
    one.out = two.out = width;
    three = one;
    three.out = c->out;
    three.act = none;
    TRY(network_conv(n, &one, "conv1", where, err));
    TRY(network_conv(n, &two, "conv2", where, err));
    TRY(network_conv(n, &three, "conv3", where, err));
    TRY(shortcut(n, &in, c, &skip, where, err));
    now = n->now;
    return network_binary(n, NET_ADD, &now, &skip, &c->act, "add", err);
}

enum trundle_status network_squeeze(struct network *n, int32_t width, const char *part, const char *where, struct trundle_error *err)
{
    const struct network_act relu = { NET_ACT_RELU, 0, 0 }, gate = { NET_ACT_HARD_SIGMOID, 1 / 6.0F, 0.5F };
    struct network_value in = n->now, out;
    struct network_conv c = { .out = width, .kernel = { 1, 1 }, .stride = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1, .pad = -1, .bias = true, .act = relu };
    struct net_node pool = net_node_of(NET_POOL, "", &n->now.tensor, 1);
    char name[48];

    if (in.rank != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "needs an image, but what comes in has %d axes", in.rank);
    pool.attr.kind = NET_POOL_AVERAGE;
    (void)snprintf(name, sizeof name, "%s.pool", part);
    TRY(network_put(n, &pool, name, err));
    n->now = (struct network_value){ n->now.tensor, 3, { 1, 1, in.d[2] } };
    (void)snprintf(name, sizeof name, "%s.reduce", part);
    TRY(network_conv(n, &c, name, where, err));
    c.out = in.d[2];
    c.act = gate;
    (void)snprintf(name, sizeof name, "%s.expand", part);
    TRY(network_conv(n, &c, name, where, err));
    out = n->now;
    (void)snprintf(name, sizeof name, "%s.scale", part);
    return network_binary(n, NET_MUL, &in, &out, NULL, name, err);
}

/* Channels times a ratio, in eights as vector units like them. */
static int32_t eights(double channels)
{
    int32_t n = (int32_t)(channels / 8 + 0.5) * 8;

    return n < 8 ? 8 : n;
}

enum trundle_status network_inverted(struct network *n, const struct network_conv *c, double expand, double squeeze, const char *where, struct trundle_error *err)
{
    struct network_value in = n->now, now;
    struct network_conv one = *c, deep = *c, last = *c;
    int32_t width;

    if (in.rank != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "needs an image, but what comes in has %d axes", in.rank);
    width = (int32_t)lrint(in.d[2] * expand);
    one.kernel[0] = one.kernel[1] = one.stride[0] = one.stride[1] = one.dilation[0] = one.dilation[1] = one.groups = 1;
    one.pad = -1;
    last = one;
    one.out = deep.out = deep.groups = width;
    last.act = none;
    if (width != in.d[2])
        TRY(network_conv(n, &one, "expand", where, err));
    TRY(network_conv(n, &deep, "depthwise", where, err));
    if (squeeze > 0)
        TRY(network_squeeze(n, eights(width * squeeze), "squeeze", where, err));
    TRY(network_conv(n, &last, "project", where, err));
    if (c->stride[0] != 1 || c->stride[1] != 1 || in.d[2] != c->out)
        return TRUNDLE_OK;
    now = n->now;
    return network_binary(n, NET_ADD, &now, &in, NULL, "add", err);
}

enum trundle_status network_attention(struct network *n, int32_t heads, double mlp, const char *where, struct trundle_error *err)
{
    const struct network_act gelu = { NET_ACT_GELU, 0, 0 };
    struct network_value in = n->now, normal, part[3], now;
    int32_t d = in.d[1];
    struct net_node node;

    if (in.rank != 2)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "{\"tokens\": true} makes them of an image", "needs tokens, but what comes in has %d axes", in.rank);
    if (d % heads)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "%d heads do not divide %d channels", heads, d);
    TRY(network_layer_norm(n, "norm1", err));
    normal = n->now;
    for (int i = 0; i < 3; i++) {
        static const char *const names[3] = { "query", "key", "value" };

        n->now = normal;
        TRY(network_linear(n, d, true, 0, 1, NULL, names[i], where, err));
        part[i] = n->now;
    }
    node = net_node_of(NET_ATTENTION, "", (int[]){ part[0].tensor, part[1].tensor, part[2].tensor }, 3);
    node.attr.heads = heads;
    TRY(network_put(n, &node, "attention", err));
    TRY(network_linear(n, d, true, 0, 1, NULL, "project", where, err));
    now = n->now;
    TRY(network_binary(n, NET_ADD, &in, &now, NULL, "add1", err));
    in = n->now;
    TRY(network_layer_norm(n, "norm2", err));
    TRY(network_linear(n, (int32_t)lrint(d * mlp), true, 0, 1, &gelu, "mlp1", where, err));
    TRY(network_linear(n, d, true, 0, 1, NULL, "mlp2", where, err));
    now = n->now;
    return network_binary(n, NET_ADD, &in, &now, NULL, "add2", err);
}
