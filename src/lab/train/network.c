/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The layers of the network language: what fields each has, read strictly, and the calls that make its nodes. */
#include "lab/train/network_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 1024, CHANNELS = 65536, SIDE = 16384 };

struct layer {
    const struct json_at *at;
    struct json_at what;                   /* the field that names the kind */
    struct network_conv conv;              /* of kinds with convolutions: their fields, the defaults filled in */
};

struct kind {
    const char *name, *fields;             /* fields besides name, from, repeat and output, between blanks */
    enum trundle_status (*build)(struct network *n, struct layer *l, struct trundle_error *err);
};
#define CONV_FIELDS " kernel stride dilation pad norm act bias "

static enum trundle_status pair(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int32_t out[2], struct trundle_error *err)
{
    struct json_at list;
    int64_t v;

    if (!json_has(at, key))
        return TRUNDLE_OK;
    if (!json_is_array(json_object_get(at->value, key))) {
        TRY(json_take_integer(at, key, lo, hi, &v, err));
        out[0] = out[1] = (int32_t)v;
        return TRUNDLE_OK;
    }
    TRY(json_take_array(at, key, 2, 2, &list, err));
    for (size_t i = 0; i < 2; i++) {
        json_t *e = json_array_get(list.value, i);

        if (!json_is_integer(e) || json_integer_value(e) < lo || json_integer_value(e) > hi)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "element %zu must be a whole number from %lld to %lld", i, (long long)lo, (long long)hi);
        out[i] = (int32_t)json_integer_value(e);
    }
    return TRUNDLE_OK;
}

/* A number of channels, or "classes". */
static enum trundle_status channels(const struct network *n, const struct json_at *at, const char *key, int32_t *out, struct trundle_error *err)
{
    json_t *value = json_object_get(at->value, key);
    struct json_at found;
    int64_t v;

    if (json_is_string(value) && strcmp(json_string_value(value), "classes") == 0) {
        TRY(json_take(at, key, &found, err));
        if (n->config.classes <= 0)
            return error_set(err, TRUNDLE_BAD_INPUT, found.where, "say a number, or give the recipe data that has classes", "how many classes there are is not known");
        *out = n->config.classes;
        return TRUNDLE_OK;
    }
    TRY(json_take_integer(at, key, 1, CHANNELS, &v, err));
    *out = (int32_t)v;
    return TRUNDLE_OK;
}

static enum trundle_status act_field(const struct json_at *at, const char *key, const char *standard, struct network_act *out, struct trundle_error *err)
{
    char name[24];
    struct json_at found = *at;

    (void)snprintf(name, sizeof name, "%s", standard);
    if (json_has(at, key)) {
        TRY(json_take_text(at, key, name, sizeof name, err));
        TRY(json_take(at, key, &found, err));
    }
    return network_act_named(name, out, found.where, err);
}

static enum trundle_status norm_field(const struct json_at *at, const char *standard, bool *out, struct trundle_error *err)
{
    char name[16];
    struct json_at found;

    (void)snprintf(name, sizeof name, "%s", standard);
    if (json_has(at, "norm"))
        TRY(json_take_text(at, "norm", name, sizeof name, err));
    *out = strcmp(name, "batch") == 0;
    if (*out || strcmp(name, "none") == 0)
        return TRUNDLE_OK;
    TRY(json_take(at, "norm", &found, err));
    return error_set(err, TRUNDLE_BAD_INPUT, found.where, "batch or none", "no norm \"%s\" here", name);
}

/* bias: true, false, or the value that it starts from. */
static enum trundle_status bias_field(const struct json_at *at, bool standard, bool *out, double *out_value, struct trundle_error *err)
{
    *out = standard;
    *out_value = 0;
    if (!json_has(at, "bias"))
        return TRUNDLE_OK;
    if (json_is_boolean(json_object_get(at->value, "bias")))
        return json_take_bool(at, "bias", out, err);
    *out = true;
    return json_take_number(at, "bias", -100, 100, out_value, err);
}

static enum trundle_status conv_fields(const struct network *n, struct layer *l, struct trundle_error *err)
{
    struct network_conv *c = &l->conv;
    int64_t v;

    *c = (struct network_conv){ .kernel = { 3, 3 }, .stride = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1, .pad = -1 };
    TRY(pair(l->at, "kernel", 1, 31, c->kernel, err));
    TRY(pair(l->at, "stride", 1, 32, c->stride, err));
    TRY(pair(l->at, "dilation", 1, 32, c->dilation, err));
    if (json_has(l->at, "pad")) {
        TRY(json_take_integer(l->at, "pad", 0, 64, &v, err));
        c->pad = (int32_t)v;
    }
    if (!n->first)
        c->stride[0] = c->stride[1] = 1;
    TRY(norm_field(l->at, n->norm, &c->norm, err));
    TRY(act_field(l->at, "act", n->act, &c->act, err));
    return bias_field(l->at, !c->norm, &c->bias, &c->bias_value, err);
}

static enum trundle_status layer_conv(struct network *n, struct layer *l, struct trundle_error *err)
{
    int64_t groups = 1;

    TRY(conv_fields(n, l, err));
    TRY(channels(n, l->at, "conv", &l->conv.out, err));
    if (json_has(l->at, "groups"))
        TRY(json_take_integer(l->at, "groups", 1, CHANNELS, &groups, err));
    l->conv.groups = (int32_t)groups;
    return network_conv(n, &l->conv, "", l->at->where, err);
}

static enum trundle_status depthwise(struct network *n, struct layer *l, int64_t each, const char *part, struct trundle_error *err)
{
    struct network_conv c = l->conv;

    if (n->now.rank != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, l->at->where, NULL, "needs an image, but what comes in has %d axes", n->now.rank);
    c.groups = n->now.d[2];
    c.out = (int32_t)(each * n->now.d[2]);
    return network_conv(n, &c, part, l->at->where, err);
}

static enum trundle_status layer_depthwise(struct network *n, struct layer *l, struct trundle_error *err)
{
    int64_t each;

    TRY(conv_fields(n, l, err));
    TRY(json_take_integer(l->at, "depthwise", 1, 16, &each, err));
    return depthwise(n, l, each, "", err);
}

static enum trundle_status layer_separable(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct network_conv point;

    TRY(conv_fields(n, l, err));
    TRY(depthwise(n, l, 1, "depthwise", err));
    point = l->conv;
    TRY(channels(n, l->at, "separable", &point.out, err));
    point.kernel[0] = point.kernel[1] = point.stride[0] = point.stride[1] = point.dilation[0] = point.dilation[1] = 1;
    point.pad = -1;
    return network_conv(n, &point, "point", l->at->where, err);
}

static enum trundle_status layer_residual(struct network *n, struct layer *l, struct trundle_error *err)
{
    TRY(conv_fields(n, l, err));
    TRY(channels(n, l->at, "residual", &l->conv.out, err));
    return network_residual(n, &l->conv, l->at->where, err);
}

static enum trundle_status layer_bottleneck(struct network *n, struct layer *l, struct trundle_error *err)
{
    int32_t width;

    TRY(conv_fields(n, l, err));
    TRY(channels(n, l->at, "bottleneck", &l->conv.out, err));
    width = l->conv.out / 4 > 0 ? l->conv.out / 4 : 1;
    if (json_has(l->at, "width"))
        TRY(channels(n, l->at, "width", &width, err));
    return network_bottleneck(n, &l->conv, width, l->at->where, err);
}

static enum trundle_status layer_inverted(struct network *n, struct layer *l, struct trundle_error *err)
{
    double expand = 6, squeeze = 0;

    TRY(conv_fields(n, l, err));
    TRY(channels(n, l->at, "inverted", &l->conv.out, err));
    if (json_has(l->at, "expand"))
        TRY(json_take_number(l->at, "expand", 1, 32, &expand, err));
    if (json_has(l->at, "squeeze"))
        TRY(json_take_number(l->at, "squeeze", 0, 1, &squeeze, err));
    return network_inverted(n, &l->conv, expand, squeeze, l->at->where, err);
}

static enum trundle_status layer_squeeze(struct network *n, struct layer *l, struct trundle_error *err)
{
    int32_t width;

    TRY(channels(n, l->at, "squeeze", &width, err));
    return network_squeeze(n, width, "squeeze", l->at->where, err);
}

static enum trundle_status pool_kind(const struct json_at *at, const char *key, enum net_pool *out, struct trundle_error *err)
{
    char name[16];
    struct json_at found;

    TRY(json_take_text(at, key, name, sizeof name, err));
    *out = strcmp(name, "max") == 0 ? NET_POOL_MAX : NET_POOL_AVERAGE;
    if (*out == NET_POOL_MAX || strcmp(name, "average") == 0)
        return TRUNDLE_OK;
    TRY(json_take(at, key, &found, err));
    return error_set(err, TRUNDLE_BAD_INPUT, found.where, "max or average", "no pool \"%s\"", name);
}

static enum trundle_status layer_pool(struct network *n, struct layer *l, struct trundle_error *err)
{
    int32_t kernel[2] = { 2, 2 }, stride[2];
    enum net_pool kind;
    int64_t pad = -1;

    TRY(pool_kind(l->at, "pool", &kind, err));
    TRY(pair(l->at, "kernel", 1, 64, kernel, err));
    stride[0] = stride[1] = 2;
    TRY(pair(l->at, "stride", 1, 64, stride, err));
    if (json_has(l->at, "pad"))
        TRY(json_take_integer(l->at, "pad", 0, 63, &pad, err));
    return network_pool(n, kind, kernel, stride, (int32_t)pad, "", l->at->where, err);
}

static enum trundle_status layer_global(struct network *n, struct layer *l, struct trundle_error *err)
{
    enum net_pool kind;

    TRY(pool_kind(l->at, "global_pool", &kind, err));
    return network_global(n, kind, "", l->at->where, err);
}

static enum trundle_status layer_linear(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct network_act act;
    int32_t out;
    bool bias, norm;
    double value;

    TRY(channels(n, l->at, "linear", &out, err));
    TRY(act_field(l->at, "act", "none", &act, err));
    TRY(norm_field(l->at, "none", &norm, err));
    TRY(bias_field(l->at, !norm, &bias, &value, err));
    TRY(network_linear(n, out, bias, value, act.act == NET_ACT_IDENTITY ? 1 : 1.41421356, norm ? NULL : &act, "", l->at->where, err));
    return norm ? network_batch_norm(n, &act, "norm", err) : TRUNDLE_OK;
}

static enum trundle_status l2_normalise(struct network *n, int tensor, int axis, const char *part, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_L2_NORM, "", &tensor, 1);

    node.attr.axes_n = 1;
    node.attr.axes[0] = axis;
    node.attr.eps = 1e-12F;
    return network_put(n, &node, part, err);
}

/* Cosines between the value and a direction per class: what a margin softmax is taught on. */
static enum trundle_status layer_cosine(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct network_value x;
    struct net_node node;
    int32_t out;
    int weight;

    TRY(channels(n, l->at, "cosine", &out, err));
    if (n->now.rank != 1)
        return error_set(err, TRUNDLE_BAD_INPUT, l->at->where, NULL, "needs a vector, but what comes in has %d axes", n->now.rank);
    TRY(network_constant(n, "weight", &NET_SHAPE(out, n->now.d[0]), 0, 1, &weight, err));
    TRY(l2_normalise(n, n->now.tensor, 1, "unit", err));
    x = n->now;
    TRY(l2_normalise(n, weight, 1, "directions", err));
    node = net_node_of(NET_MATMUL, "", (int[]){ x.tensor, n->now.tensor }, 2);
    node.attr.flip_b = true;
    TRY(network_put(n, &node, "", err));
    n->now.d[0] = out;
    return TRUNDLE_OK;
}

static enum trundle_status layer_l2(struct network *n, struct layer *l, struct trundle_error *err)
{
    (void)l;
    return l2_normalise(n, n->now.tensor, n->now.rank, "", err);
}

static enum trundle_status layer_upsample(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_RESIZE, "", &n->now.tensor, 1);
    char mode[16] = "nearest";
    int64_t factor;
    struct json_at found;

    TRY(json_take_integer(l->at, "upsample", 2, 16, &factor, err));
    if (json_has(l->at, "mode"))
        TRY(json_take_text(l->at, "mode", mode, sizeof mode, err));
    if (n->now.rank != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, l->at->where, NULL, "needs an image, but what comes in has %d axes", n->now.rank);
    if (strcmp(mode, "nearest") != 0 && strcmp(mode, "bilinear") != 0) {
        TRY(json_take(l->at, "mode", &found, err));
        return error_set(err, TRUNDLE_BAD_INPUT, found.where, "nearest or bilinear", "no mode \"%s\"", mode);
    }
    node.attr.mode = strcmp(mode, "nearest") == 0 ? NET_NEAREST : NET_BILINEAR;
    node.attr.coords = node.attr.mode == NET_NEAREST ? NET_ASYMMETRIC : NET_HALF_PIXEL;
    node.attr.nearest = NET_FLOOR;
    node.attr.dims_n = 2;
    for (int a = 0; a < 2; a++) {
        if (n->now.d[a] > SIDE / factor)
            return error_set(err, TRUNDLE_TOO_LARGE, l->at->where, NULL, "a side of more than %d", SIDE);
        node.attr.dims[a] = n->now.d[a] *= (int32_t)factor;
    }
    return network_put(n, &node, "", err);
}

static enum trundle_status named(const struct network *n, const char *name, const char *where, struct network_value *out, struct trundle_error *err)
{
    for (int i = 0; i < n->named_n; i++)
        if (strcmp(n->named[i].name, name) == 0) {
            *out = n->named[i].value;
            return TRUNDLE_OK;
        }
    return error_set(err, TRUNDLE_BAD_INPUT, where, "give an earlier layer this \"name\"", "no earlier layer is called \"%.40s\"", name);
}

/* The value with the named ones: concatenated, added or multiplied. */
static enum trundle_status join(struct network *n, struct layer *l, const char *key, int binary, struct trundle_error *err)
{
    struct network_value all[NET_IN_MAX] = { n->now };
    struct json_at list;
    size_t count;
    int tensors[NET_IN_MAX];
    struct network_act act;

    TRY(json_take_array(l->at, key, 1, NET_IN_MAX - 1, &list, err));
    TRY(act_field(l->at, "act", "none", &act, err));
    count = json_length(&list);
    for (size_t i = 0; i <= count; i++) {
        struct network_value *v = &all[i];

        if (i > 0) {
            json_t *e = json_array_get(list.value, i - 1);

            if (!json_is_string(e))
                return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "element %zu must be a layer's name", i - 1);
            TRY(named(n, json_string_value(e), list.where, v, err));
        }
        tensors[i] = v->tensor;
        if (v->rank != all[0].rank || memcmp(v->d, all[0].d, (size_t)(all[0].rank - 1) * sizeof *v->d) != 0 || (binary >= 0 && v->d[v->rank - 1] != all[0].d[v->rank - 1]))
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "element %zu has another size: %dx%dx%d beside %dx%dx%d", i - 1, v->d[0], v->rank > 1 ? v->d[1] : 1,
                             v->rank > 2 ? v->d[2] : 1, all[0].d[0], v->rank > 1 ? all[0].d[1] : 1, v->rank > 2 ? all[0].d[2] : 1);
    }
    if (binary >= 0) {
        const struct network_act none = { NET_ACT_IDENTITY, 0, 0 };

        for (size_t i = 1; i <= count; i++) {
            struct network_value now = n->now;
            char part[16] = "";

            if (i < count)
                (void)snprintf(part, sizeof part, "part%zu", i);
            TRY(network_binary(n, (enum net_binary)binary, &now, &all[i], i == count ? &act : &none, part, err));
        }
        return TRUNDLE_OK;
    }
    {
        struct net_node node = net_node_of(NET_CONCAT, "", tensors, (int)count + 1);

        node.attr.axes_n = 1;
        node.attr.axes[0] = n->now.rank;
        for (size_t i = 1; i <= count; i++)
            n->now.d[n->now.rank - 1] += all[i].d[n->now.rank - 1];
        return network_put(n, &node, "", err);
    }
}

static enum trundle_status layer_concat(struct network *n, struct layer *l, struct trundle_error *err)
{
    return join(n, l, "concat", -1, err);
}

static enum trundle_status layer_add(struct network *n, struct layer *l, struct trundle_error *err)
{
    return join(n, l, "add", NET_ADD, err);
}

static enum trundle_status layer_multiply(struct network *n, struct layer *l, struct trundle_error *err)
{
    return join(n, l, "multiply", NET_MUL, err);
}

static enum trundle_status layer_flatten(struct network *n, struct layer *l, struct trundle_error *err)
{
    int64_t all = 1;
    int32_t d;

    for (int a = 0; a < n->now.rank; a++)
        all *= n->now.d[a];
    if (all > (1 << 24))
        return error_set(err, TRUNDLE_TOO_LARGE, l->at->where, NULL, "a vector of %lld", (long long)all);
    d = (int32_t)all;
    return network_reshape(n, 1, &d, "", err);
}

static enum trundle_status layer_tokens(struct network *n, struct layer *l, struct trundle_error *err)
{
    int32_t d[2];

    if (n->now.rank != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, l->at->where, NULL, "needs an image, but what comes in has %d axes", n->now.rank);
    d[0] = n->now.d[0] * n->now.d[1];
    d[1] = n->now.d[2];
    return network_reshape(n, 2, d, "", err);
}

/* Learned positions, added to tokens. */
static enum trundle_status layer_position(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct network_value now = n->now, p;

    if (now.rank != 2)
        return error_set(err, TRUNDLE_BAD_INPUT, l->at->where, NULL, "needs tokens, but what comes in has %d axes", now.rank);
    p = now;
    TRY(network_constant(n, "table", &NET_SHAPE(1, now.d[0], now.d[1]), 0, 0.02, &p.tensor, err));
    return network_binary(n, NET_ADD, &now, &p, NULL, "", err);
}

static enum trundle_status layer_attention(struct network *n, struct layer *l, struct trundle_error *err)
{
    int64_t heads;
    double mlp = 4;

    TRY(json_take_integer(l->at, "attention", 1, 64, &heads, err));
    if (json_has(l->at, "mlp"))
        TRY(json_take_number(l->at, "mlp", 0.25, 16, &mlp, err));
    return network_attention(n, (int32_t)heads, mlp, l->at->where, err);
}

static enum trundle_status layer_norm(struct network *n, struct layer *l, struct trundle_error *err)
{
    char name[16];
    struct network_act act;

    TRY(json_take_text(l->at, "norm", name, sizeof name, err));
    TRY(act_field(l->at, "act", "none", &act, err));
    if (strcmp(name, "batch") == 0)
        return network_batch_norm(n, &act, "norm", err);
    if (strcmp(name, "layer") != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, l->what.where, "batch or layer", "no norm \"%s\"", name);
    TRY(network_layer_norm(n, "norm", err));
    return act.act == NET_ACT_IDENTITY ? TRUNDLE_OK : network_unary(n, &act, "act", err);
}

static enum trundle_status layer_act(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct network_act act;

    TRY(act_field(l->at, "act", "none", &act, err));
    return network_unary(n, &act, "", err);
}

static enum trundle_status layer_softmax(struct network *n, struct layer *l, struct trundle_error *err)
{
    struct net_node node = net_node_of(NET_SOFTMAX, "", &n->now.tensor, 1);

    (void)l;
    node.attr.axes_n = 1;
    node.attr.axes[0] = n->now.rank;
    return network_put(n, &node, "", err);
}

static enum trundle_status layer_tap(struct network *n, struct layer *l, struct trundle_error *err)
{
    (void)n;
    (void)l;
    (void)err;
    return TRUNDLE_OK;                     /* the name is given where all layers' names are */
}

/* The first of these that a layer has says its kind; "norm" and "act" are fields of others, so they come last. */
static const struct kind kinds[] = {
    { "conv", CONV_FIELDS "groups ", layer_conv },
    { "depthwise", CONV_FIELDS, layer_depthwise },
    { "separable", CONV_FIELDS, layer_separable },
    { "residual", CONV_FIELDS, layer_residual },
    { "bottleneck", CONV_FIELDS "width ", layer_bottleneck },
    { "inverted", CONV_FIELDS "expand squeeze ", layer_inverted },
    { "squeeze", " ", layer_squeeze },
    { "pool", " kernel stride pad ", layer_pool },
    { "global_pool", " ", layer_global },
    { "linear", " act norm bias ", layer_linear },
    { "cosine", " ", layer_cosine },
    { "l2_normalise", " ", layer_l2 },
    { "upsample", " mode ", layer_upsample },
    { "concat", " ", layer_concat },
    { "add", " act ", layer_add },
    { "multiply", " act ", layer_multiply },
    { "flatten", " ", layer_flatten },
    { "tokens", " ", layer_tokens },
    { "position", " ", layer_position },
    { "attention", " mlp ", layer_attention },
    { "softmax", " ", layer_softmax },
    { "norm", " act ", layer_norm },
    { "act", " ", layer_act },
    { "name", " ", layer_tap },
    { "from", " ", layer_tap },
};

static const struct kind *kind_of(const struct json_at *at)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (json_has(at, kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* Every field is one that the kind has. */
static enum trundle_status only_fields(const struct json_at *at, const char *fields, const char *more, struct trundle_error *err)
{
    const char *key;
    json_t *value;
    char word[48], where[240];

    json_object_foreach(at->value, key, value) {
        (void)snprintf(word, sizeof word, " %.40s ", key);
        if (strstr(fields, word) || strstr(more, word))
            continue;
        (void)snprintf(where, sizeof where, "%s%s%.40s", at->where, at->where[0] && at->where[strlen(at->where) - 1] == ':' ? " " : ".", key);
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "there is no such field; there are%s%s", fields, more + 1);
    }
    return TRUNDLE_OK;
}

static enum trundle_status one_layer(struct network *n, const struct json_at *at, size_t index, bool *out_marked, struct trundle_error *err)
{
    const struct kind *kind;
    struct layer l = { .at = at };
    char text[NETWORK_NAME], fields[160];
    int64_t repeat = 1;
    struct json_at found;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object {...}");
    kind = kind_of(at);
    if (!kind)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "docs/networks.md lists them", "no field says which layer this is: conv, residual, pool, linear ...");
    (void)snprintf(fields, sizeof fields, " %s%s", kind->name, kind->fields);
    TRY(only_fields(at, fields, " name from repeat output ", err));
    TRY(json_take(at, kind->name, &l.what, err));
    if (json_has(at, "from")) {
        TRY(json_take_text(at, "from", text, sizeof text, err));
        TRY(json_take(at, "from", &found, err));
        TRY(named(n, text, found.where, &n->now, err));
    }
    if (json_has(at, "repeat"))
        TRY(json_take_integer(at, "repeat", 1, 64, &repeat, err));
    text[0] = '\0';
    if (json_has(at, "name"))
        TRY(json_take_text(at, "name", text, sizeof text, err));
    if (text[0] && (strcmp(text, "input") == 0 || named(n, text, at->where, &(struct network_value){ 0 }, NULL) == TRUNDLE_OK))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "an earlier layer is called \"%s\" too", text);
    for (int64_t r = 0; r < repeat; r++) {
        n->first = r == 0;
        if (text[0])
            (void)snprintf(n->prefix, sizeof n->prefix, repeat > 1 ? "%s.%lld" : "%s", text, (long long)r);
        else
            (void)snprintf(n->prefix, sizeof n->prefix, repeat > 1 ? "layer%zu.%s.%lld" : "layer%zu.%s", index, kind->name, (long long)r);
        TRY(kind->build(n, &l, err));
    }
    if (text[0]) {
        if (n->named_n == NETWORK_NAMES)
            return error_set(err, TRUNDLE_TOO_LARGE, at->where, NULL, "more than %d named layers", NETWORK_NAMES);
        memcpy(n->named[n->named_n].name, text, sizeof text);
        n->named[n->named_n++].value = n->now;
    }
    if (json_has(at, "output")) {
        bool output;

        TRY(json_take_bool(at, "output", &output, err));
        if (output) {
            TRY(net_graph_output(n->graph, n->now.tensor, err));
            *out_marked = true;
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status layers(struct network *n, const struct json_at *at, struct trundle_error *err)
{
    struct json_at list, layer;
    bool marked = false;
    double d[3];
    struct network_act unused;

    TRY(only_fields(at, " input layers norm act ", " about ", err));
    TRY(json_take_numbers(at, "input", d, 3, err));
    TRY(json_take(at, "input", &list, err));
    n->now.rank = 3;
    for (int a = 0; a < 3; a++) {
        double side = n->config.input[a] > 0 ? n->config.input[a] : d[a];

        if (side < 1 || side > (a == 2 ? 1024 : SIDE) || side != (double)(int32_t)side)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, "[height, width, channels]", "element %d is %g", a, side);
        n->now.d[a] = (int32_t)side;
    }
    (void)snprintf(n->norm, sizeof n->norm, "batch");
    (void)snprintf(n->act, sizeof n->act, "relu");
    if (json_has(at, "norm"))
        TRY(json_take_text(at, "norm", n->norm, sizeof n->norm, err));
    if (strcmp(n->norm, "batch") != 0 && strcmp(n->norm, "none") != 0) {
        TRY(json_take(at, "norm", &list, err));
        return error_set(err, TRUNDLE_BAD_INPUT, list.where, "batch or none", "no norm \"%s\"", n->norm);
    }
    if (json_has(at, "act"))
        TRY(json_take_text(at, "act", n->act, sizeof n->act, err));
    TRY(act_field(at, "act", "relu", &unused, err));
    TRY(net_graph_input(n->graph, "input", NET_F32, &NET_SHAPE(0, n->now.d[0], n->now.d[1], n->now.d[2]), &n->now.tensor, err));
    TRY(json_take_array(at, "layers", 1, LAYERS, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &layer, err));
        TRY(one_layer(n, &layer, i, &marked, err));
    }
    if (!marked)
        TRY(net_graph_output(n->graph, n->now.tensor, err));
    return net_graph_infer(n->graph, 1, err);
}

enum trundle_status network_build(const struct json_at *at, const struct network_config *config, struct net_graph **out_graph, struct trundle_error *err)
{
    struct network *n;
    enum trundle_status status;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object {...}");
    n = calloc(1, sizeof *n);
    if (n)
        n->graph = net_graph_new();
    if (!n || !n->graph) {
        free(n);
        return error_set(err, TRUNDLE_NO_MEMORY, at->where, NULL, "no memory for a network");
    }
    n->config = *config;
    status = layers(n, at, err);
    if (status == TRUNDLE_OK)
        *out_graph = n->graph;
    else
        net_graph_free(n->graph);
    free(n);
    return status;
}

enum trundle_status network_file(const char *path, const struct network_config *config, struct net_graph **out_graph, struct trundle_error *err)
{
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;

    TRY(json_parse_file(path, &root, err));
    at = json_at_root(root, path);
    status = network_build(&at, config, out_graph, err);
    json_decref(root);
    return status;
}
