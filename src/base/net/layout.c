/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/layout - the walk: what each operator does with the order of its inputs' axes. Orders themselves are in layout_order.c. */
#include "base/net/layout_inside.h"

#include <stdlib.h>
#include <string.h>

static bool is_constant(const struct net_tensor *t)
{
    return t->data != NULL;
}

static int rank_of(const struct layout *l, int old)
{
    return l->from->tensor[old].shape.rank;
}

/* The order that convolutions want: as the graph says, or turned to channels-first. */
static struct order image_order(const struct layout *l, int rank)
{
    struct order o = layout_plain(rank);
    if (l->options->first && rank >= 3) {
        o.at[rank - 1] = 1;
        for (int i = 1; i < rank - 1; i++)
            o.at[i] = (int8_t)(i + 1);
    }
    return o;
}

static enum trundle_status emit(struct layout *l, const struct net_node *old, struct net_node *node, const struct order *order)
{
    int made;
    TRY(layout_node(l, node, &l->from->tensor[old->out], order, &made));
    l->now[old->out] = made;
    l->order[old->out] = *order;
    return TRUNDLE_OK;
}

/* Every input in plain order, the output too. */
static enum trundle_status plainly(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order order = layout_plain(rank_of(l, old->out));
    for (int i = 0; i < old->in_n; i++)
        if (old->in[i] >= 0) {
            struct order plain = layout_plain(rank_of(l, old->in[i]));
            TRY(layout_want(l, old->in[i], &plain, &node->in[i]));
        }
    return emit(l, old, node, &order);
}

/* What images go through: input 0 and a residual (input 3) in image order. */
static enum trundle_status on_images(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order order = image_order(l, rank_of(l, old->out));
    for (int i = 0; i < old->in_n; i++)
        if (old->in[i] >= 0) {
            struct order want = i == 0 || i == 3 ? order : layout_plain(rank_of(l, old->in[i]));
            TRY(layout_want(l, old->in[i], &want, &node->in[i]));
        }
    return emit(l, old, node, &order);
}

static enum trundle_status on_channels(struct layout *l, const struct net_node *old, struct net_node *node)
{
    int rank = rank_of(l, old->out);
    struct order order = l->order[old->in[0]];
    if (l->options->first || l->now[old->in[0]] < 0 || order.at[rank - 1] != rank - 1)
        order = image_order(l, rank);
    TRY(layout_want(l, old->in[0], &order, &node->in[0]));
    for (int i = 1; i < old->in_n; i++) {
        struct order plain = layout_plain(rank_of(l, old->in[i]));
        TRY(layout_want(l, old->in[i], &plain, &node->in[i]));
    }
    return emit(l, old, node, &order);
}

/* The order that a node of several inputs works in: that of its first computed input of full rank that is not plain, else plain. */
static struct order common_order(const struct layout *l, const struct net_node *old, int rank)
{
    struct order plain = layout_plain(rank);
    for (int i = 0; i < old->in_n; i++)
        if (old->in[i] >= 0 && !is_constant(&l->from->tensor[old->in[i]]) && rank_of(l, old->in[i]) == rank && !layout_same(&l->order[old->in[i]], &plain))
            return l->order[old->in[i]];
    return plain;
}

static enum trundle_status elementwise(struct layout *l, const struct net_node *old, struct net_node *node)
{
    int rank = rank_of(l, old->out);
    struct order order = common_order(l, old, rank);
    for (int i = 0; i < old->in_n; i++)
        if (rank_of(l, old->in[i]) < rank && !is_constant(&l->from->tensor[old->in[i]]) && rank_of(l, old->in[i]) > 0)
            order = layout_plain(rank);              /* its axes are aligned right: leave them */
    for (int i = 0; i < old->in_n; i++) {
        if (rank_of(l, old->in[i]) == rank) {
            TRY(layout_want(l, old->in[i], &order, &node->in[i]));
        } else if (is_constant(&l->from->tensor[old->in[i]])) {
            TRY(layout_constant(l, old->in[i], &order, &node->in[i]));
        } else {
            struct order plain = layout_plain(rank_of(l, old->in[i]));
            TRY(layout_want(l, old->in[i], &plain, &node->in[i]));
        }
    }
    return emit(l, old, node, &order);
}

static enum trundle_status concat(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order order = common_order(l, old, rank_of(l, old->out));
    for (int i = 0; i < old->in_n; i++)
        TRY(layout_want(l, old->in[i], &order, &node->in[i]));
    node->attr.axes[0] = order.at[layout_axis(old->attr.axes[0], order.rank)];
    return emit(l, old, node, &order);
}

/* One input, whose order is kept; attributes that speak of axes follow. */
static enum trundle_status follow(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order order = l->order[old->in[0]];
    const struct net_attr *a = &old->attr;
    node->in[0] = l->now[old->in[0]];
    for (int i = 0; i < order.rank; i++)
        if (old->op == NET_SLICE || old->op == NET_PAD) {
            node->attr.begin[order.at[i]] = a->begin[i];
            node->attr.end[order.at[i]] = a->end[i];
            node->attr.step[order.at[i]] = a->step[i];
        }
    if (old->op == NET_SOFTMAX || old->op == NET_L2_NORM)
        node->attr.axes[0] = order.at[layout_axis(a->axes[0], order.rank)];
    return emit(l, old, node, &order);
}

static enum trundle_status reduce(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order in = l->order[old->in[0]], out = { .rank = 0 };
    bool gone[NET_RANK_MAX] = { false };
    node->in[0] = l->now[old->in[0]];
    for (int i = 0; i < old->attr.axes_n; i++) {
        int axis = layout_axis(old->attr.axes[i], in.rank);
        node->attr.axes[i] = in.at[axis];
        gone[axis] = true;
    }
    if (old->attr.keep)
        return emit(l, old, node, &in);
    if (old->attr.axes_n == 0)
        return plainly(l, old, node);
    for (int i = 0; i < in.rank; i++) {
        int before = 0;
        for (int k = 0; k < in.rank; k++)
            before += !gone[k] && in.at[k] < in.at[i];
        if (!gone[i])
            out.at[out.rank++] = (int8_t)before;
    }
    return emit(l, old, node, &out);
}

static enum trundle_status expand(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order order = l->order[old->in[0]];
    if (old->attr.dims_n != order.rank || rank_of(l, old->out) != order.rank)
        return plainly(l, old, node);
    node->in[0] = l->now[old->in[0]];
    for (int i = 0; i < order.rank; i++)
        node->attr.dims[order.at[i]] = old->attr.dims[i];
    return emit(l, old, node, &order);
}

static enum trundle_status transpose(struct layout *l, const struct net_node *old)
{
    struct order in = l->order[old->in[0]], out = { .rank = in.rank };
    for (int i = 0; i < in.rank; i++)
        out.at[i] = in.at[layout_axis(old->attr.axes[i], in.rank)];
    l->now[old->out] = l->now[old->in[0]];
    l->order[old->out] = out;
    memcpy(&l->mix[old->out], &l->mix[old->in[0]], sizeof l->mix[0]);
    return TRUNDLE_OK;
}

static enum trundle_status matmul(struct layout *l, const struct net_node *old, struct net_node *node)
{
    struct order order = layout_plain(rank_of(l, old->out));
    for (int i = 0; i < old->in_n; i++) {
        struct order plain;
        if (old->in[i] < 0)
            continue;
        plain = layout_plain(rank_of(l, old->in[i]));
        if (i == 0 && l->mix[old->in[0]].n) {
            node->in[0] = l->now[old->in[0]];
            continue;
        }
        if (i == 1 && l->mix[old->in[0]].n) {
            TRY(layout_mixed(l, &l->mix[old->in[0]], old, &node->in[1]));
            continue;
        }
        if (i == 1 && plain.rank >= 2 && !is_constant(&l->from->tensor[old->in[1]])) {       /* its last two axes swapped: flip_b */
            struct order flipped = plain;
            flipped.at[plain.rank - 1] = (int8_t)(plain.rank - 2);
            flipped.at[plain.rank - 2] = (int8_t)(plain.rank - 1);
            if (layout_same(&l->order[old->in[1]], &flipped)) {
                node->in[1] = l->now[old->in[1]];
                node->attr.flip_b = !old->attr.flip_b;
                continue;
            }
        }
        TRY(layout_want(l, old->in[i], &plain, &node->in[i]));
    }
    return emit(l, old, node, &order);
}

static enum trundle_status walk_node(struct layout *l, const struct net_node *old)
{
    struct net_node node = *old;
    switch (old->op) {
    case NET_CONV: case NET_CONV_TRANSPOSE: case NET_POOL: case NET_RESIZE:
        return on_images(l, old, &node);
    case NET_BATCH_NORM:
        return on_channels(l, old, &node);
    case NET_UNARY: case NET_QUANTIZE: case NET_DEQUANTIZE:
        if (l->from->tensor[old->in[0]].quant.n > 1)
            return plainly(l, old, &node);
        memcpy(&l->mix[old->out], &l->mix[old->in[0]], sizeof l->mix[0]);
        return follow(l, old, &node);
    case NET_SLICE: case NET_PAD: case NET_SOFTMAX: case NET_L2_NORM:
        return follow(l, old, &node);
    case NET_BINARY:
        return elementwise(l, old, &node);
    case NET_CONCAT:
        return concat(l, old, &node);
    case NET_REDUCE:
        return reduce(l, old, &node);
    case NET_EXPAND:
        return expand(l, old, &node);
    case NET_TRANSPOSE:
        return transpose(l, old);
    case NET_RESHAPE:
        return layout_reshape(l, old);
    case NET_MATMUL:
        return matmul(l, old, &node);
    default:
        return plainly(l, old, &node);
    }
}

/* Which tensors some output needs, and which flattened ones only feed linear layers with constant weights. */
static void look_ahead(struct layout *l)
{
    const struct net_graph *g = l->from;
    for (int i = 0; i < g->tensors_n; i++)
        l->linear[i] = true;
    for (int i = 0; i < g->outputs_n; i++) {
        l->live[g->output[i]] = true;
        l->linear[g->output[i]] = false;
    }
    for (int i = g->nodes_n - 1; i >= 0; i--) {
        const struct net_node *node = &g->node[i];
        if (!l->live[node->out])
            continue;
        for (int k = 0; k < node->in_n; k++) {
            bool passes = node->op == NET_UNARY || node->op == NET_QUANTIZE || node->op == NET_DEQUANTIZE;
            if (node->in[k] < 0)
                continue;
            l->live[node->in[k]] = true;
            if (!(passes && l->linear[node->out]) && !(node->op == NET_MATMUL && k == 0 && layout_weights(l, node) >= 0))
                l->linear[node->in[k]] = false;
        }
    }
}

/* Does this input reach something that works on images, through what follows any order? */
static bool is_image(struct layout *l, int input)
{
    const struct net_graph *g = l->from;
    bool *reached = calloc((size_t)g->tensors_n + 1, sizeof *reached), found = false;
    if (!reached || rank_of(l, input) != 4) {
        free(reached);
        return false;
    }
    reached[input] = true;
    for (int i = 0; i < g->nodes_n && !found; i++) {
        const struct net_node *node = &g->node[i];
        bool any = false;
        for (int k = 0; k < node->in_n; k++)
            any = any || (node->in[k] >= 0 && reached[node->in[k]]);
        if (!any || !l->live[node->out])
            continue;
        switch (node->op) {
        case NET_UNARY: case NET_QUANTIZE: case NET_DEQUANTIZE: case NET_BINARY: case NET_CONCAT: case NET_SLICE: case NET_PAD:
            reached[node->out] = rank_of(l, node->out) == 4;
            break;
        case NET_TRANSPOSE:
            found = !l->options->first && node->attr.axes[0] == 0 && node->attr.axes[1] == 2 && node->attr.axes[2] == 3 && node->attr.axes[3] == 1;
            break;
        case NET_CONV: case NET_CONV_TRANSPOSE: case NET_POOL: case NET_RESIZE: case NET_BATCH_NORM:
            found = l->options->first && reached[node->in[0]];
            break;
        default:
            break;
        }
    }
    free(reached);
    return found;
}

static enum trundle_status inputs(struct layout *l)
{
    static const struct order last = { 4, { 0, 3, 1, 2 } }, first = { 4, { 0, 2, 3, 1 } };
    struct net_graph *g = l->from;
    for (int i = 0; i < g->inputs_n; i++) {
        int old = g->input[i];
        struct net_shape shape;
        l->order[old] = l->options->turn_images && is_image(l, old) ? (l->options->first ? first : last) : layout_plain(rank_of(l, old));
        shape = layout_shape(&g->tensor[old].shape, &l->order[old]);
        TRY(net_graph_input(l->to, g->tensor[old].name, g->tensor[old].type, &shape, &l->now[old], l->err));
        TRY(layout_quant(l, old, l->now[old]));
    }
    return TRUNDLE_OK;
}

static enum trundle_status outputs(struct layout *l)
{
    const struct net_graph *g = l->from;
    struct order image = { 4, { 0, 3, 1, 2 } };
    if (l->options->first)
        image = image_order(l, 4);
    for (int i = 0; i < g->outputs_n; i++) {
        int old = g->output[i], made;
        bool keep = l->options->turn_images && rank_of(l, old) == 4 && !is_constant(&g->tensor[old]) && layout_same(&l->order[old], &image);
        struct order want = keep ? image : layout_plain(rank_of(l, old));
        TRY(layout_want(l, old, &want, &made));
        bool taken = is_constant(&l->to->tensor[made]);
        for (int k = 0; k < l->to->inputs_n; k++)
            taken = taken || l->to->input[k] == made;
        for (int k = 0; k < l->to->outputs_n; k++)
            taken = taken || l->to->output[k] == made;
        if (taken)                               /* an output is a tensor of its own, computed */
            TRY(layout_copy(l, made, &made));
        TRY(net_graph_output(l->to, made, l->err));
    }
    return TRUNDLE_OK;
}

enum trundle_status net_layout(struct net_graph **g, const struct net_layout_options *options, struct trundle_error *err)
{
    size_t n = (size_t)(*g)->tensors_n + 1;
    struct layout l = { .options = options, .from = *g, .to = net_graph_new(), .err = err, .now = malloc(n * sizeof(int)), .plain = malloc(n * sizeof(int)),
                        .maker = malloc(n * sizeof(int)), .order = calloc(n, sizeof *l.order), .mix = calloc(n, sizeof *l.mix),
                        .live = calloc(n, sizeof(bool)), .linear = calloc(n, sizeof(bool)) };
    enum trundle_status status = TRUNDLE_OK;
    if (!l.to || !l.now || !l.plain || !l.maker || !l.order || !l.mix || !l.live || !l.linear) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "graph", NULL, "no memory left");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        l.now[i] = l.plain[i] = l.maker[i] = -1;
    for (int i = 0; i < (*g)->nodes_n; i++)
        l.maker[(*g)->node[i].out] = i;
    for (int i = 0; i < (*g)->tensors_n; i++)
        l.order[i] = layout_plain((*g)->tensor[i].shape.rank);
    look_ahead(&l);
    TRY_GOTO(status, inputs(&l), out);
    for (int i = 0; i < (*g)->nodes_n; i++) {
        const struct net_node *node = &(*g)->node[i];
        if (!l.live[node->out])
            continue;
        for (int k = 0; k < node->in_n; k++)
            if (node->in[k] >= 0)
                TRY_GOTO(status, layout_bring(&l, node->in[k]), out);
        TRY_GOTO(status, walk_node(&l, node), out);
    }
    TRY_GOTO(status, outputs(&l), out);
    net_graph_free(*g);
    *g = l.to;
    l.to = NULL;
out:
    net_graph_free(l.to);
    free(l.now);
    free(l.plain);
    free(l.maker);
    free(l.order);
    free(l.mix);
    free(l.live);
    free(l.linear);
    return status;
}
