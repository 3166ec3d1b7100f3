/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/layout_order - orders of axes: making the one that is wanted, moving constants, and how a reshape follows. */
#include "base/net/layout_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct order layout_plain(int rank)
{
    struct order o = { .rank = rank };
    for (int i = 0; i < rank; i++)
        o.at[i] = (int8_t)i;
    return o;
}

bool layout_same(const struct order *a, const struct order *b)
{
    return a->rank == b->rank && memcmp(a->at, b->at, (size_t)a->rank) == 0;
}

int layout_axis(int32_t axis, int rank)
{
    return axis < 0 ? axis + rank : axis;
}

struct net_shape layout_shape(const struct net_shape *old, const struct order *order)
{
    struct net_shape s = { .rank = old->rank };
    for (int i = 0; i < old->rank; i++)
        s.d[order->at[i]] = old->d[i];
    return s;
}

enum trundle_status layout_quant(struct layout *l, int old, int made)
{
    const struct net_tensor *from = &l->from->tensor[old];
    l->to->tensor[made].type = from->type;
    return from->quant.n ? net_graph_quant(l->to, made, from->quant.n, from->quant.axis, from->quant.scale, from->quant.zero, l->err) : TRUNDLE_OK;
}

enum trundle_status layout_node(struct layout *l, const struct net_node *node, const struct net_tensor *old, const struct order *order, int *out)
{
    TRY(net_graph_node(l->to, node, out, l->err));
    l->to->tensor[*out].shape = layout_shape(&old->shape, order);
    return layout_quant(l, (int)(old - l->from->tensor), *out);
}

/* Axes that hold more than one element stand in the same sequence before and after: no data moves. */
static bool moves_nothing(const struct net_shape *old, const struct net_shape *other, const struct order *from, const struct order *to)
{
    for (int i = 0; i < old->rank; i++)
        for (int k = 0; k < old->rank; k++)
            if ((old->d[i] != 1 || other->d[i] != 1) && (old->d[k] != 1 || other->d[k] != 1) && (from->at[i] < from->at[k]) != (to->at[i] < to->at[k]))
                return false;
    return true;
}

static const struct net_shape *other_of(const struct layout *l, int old)
{
    return l->options->other ? &l->options->other[old] : &l->from->tensor[old].shape;
}

/* Reshape attributes for this shape: what depends on the batch is copied from its place or is the rest. False: two axes do. */
static bool reshape_to(struct net_attr *attr, const struct net_shape *shape, const struct net_shape *other, const struct net_shape *in, const struct net_shape *in_other)
{
    bool rest = false;
    attr->dims_n = shape->rank;
    for (int i = 0; i < shape->rank; i++) {
        attr->dims[i] = shape->d[i];
        if (shape->d[i] == other->d[i])
            continue;
        if (i < in->rank && in->d[i] == shape->d[i] && in_other->d[i] == other->d[i]) {
            attr->dims[i] = 0;
        } else if (rest) {
            return false;
        } else {
            attr->dims[i] = -1;
            rest = true;
        }
    }
    return true;
}

static enum trundle_status transposed_constant(struct layout *l, int old, const struct net_shape *shape, const struct order *order, int *out)
{
    const struct net_tensor *t = &l->from->tensor[old];
    struct net_shape s = layout_shape(shape, order);
    int64_t stride[NET_RANK_MAX], dense[NET_RANK_MAX] = { 0 }, at[NET_RANK_MAX] = { 0 }, place = 0, step = 1, n = net_shape_elements(&s);
    size_t size = net_type_bytes(t->type);
    const uint8_t *from = l->now[old] >= 0 ? l->to->tensor[l->now[old]].data : t->data;
    uint8_t *to;
    for (int i = shape->rank - 1; i >= 0; i--) {
        dense[i] = step;
        step *= shape->d[i];
    }
    for (int i = 0; i < shape->rank; i++)
        stride[order->at[i]] = dense[i];
    TRY(net_graph_constant(l->to, net_graph_find(l->to, t->name) < 0 ? t->name : NULL, t->type, &s, NULL, out, l->err));
    TRY(layout_quant(l, old, *out));
    if (t->quant.n > 1)
        l->to->tensor[*out].quant.axis = order->at[t->quant.axis + shape->rank - t->shape.rank];
    to = net_graph_writable(l->to, *out);
    if (!to)
        return error_set(l->err, TRUNDLE_NO_MEMORY, t->name, NULL, "no memory to move its axes");
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + (size_t)i * size, from + (size_t)place * size, size);
        for (int k = s.rank - 1; k >= 0; k--) {
            place += stride[k];
            if (++at[k] < s.d[k])
                break;
            place -= stride[k] * s.d[k];
            at[k] = 0;
        }
    }
    return TRUNDLE_OK;
}

enum trundle_status layout_constant(struct layout *l, int old, const struct order *order, int *out)
{
    const struct net_tensor *t = &l->from->tensor[old];
    struct order plain = layout_plain(order->rank);
    struct net_shape padded = { .rank = order->rank };
    if (layout_same(order, &plain) || t->shape.rank == 0) {
        *out = l->now[old];
        return TRUNDLE_OK;
    }
    for (int i = 0; i < order->rank; i++) {
        int k = i - (order->rank - t->shape.rank);
        padded.d[i] = k < 0 ? 1 : t->shape.d[k];
    }
    return transposed_constant(l, old, &padded, order, out);
}

enum trundle_status layout_bring(struct layout *l, int old)
{
    struct net_tensor *t = &l->from->tensor[old];
    const void *data = t->data;
    if (!data || l->now[old] >= 0)
        return TRUNDLE_OK;
    TRY(net_graph_constant_borrow(l->to, net_graph_find(l->to, t->name) < 0 ? t->name : NULL, t->type, &t->shape, data, &l->now[old], l->err));
    l->to->tensor[l->now[old]].owned = t->owned;
    t->owned = false;
    l->plain[old] = l->now[old];
    return layout_quant(l, old, l->now[old]);
}

enum trundle_status layout_want(struct layout *l, int old, const struct order *want, int *out)
{
    const struct net_tensor *t = &l->from->tensor[old];
    const struct order *is = &l->order[old];
    struct order plain = layout_plain(t->shape.rank);
    bool wants_plain = layout_same(want, &plain);
    struct net_node node;
    TRY(layout_bring(l, old));
    if (layout_same(is, want)) {
        *out = l->now[old];
        return TRUNDLE_OK;
    }
    if (t->data)
        return transposed_constant(l, old, &t->shape, want, out);
    if (wants_plain && l->plain[old] >= 0) {
        *out = l->plain[old];
        return TRUNDLE_OK;
    }
    node = net_node_of(NET_TRANSPOSE, "", &l->now[old], 1);
    (void)snprintf(node.name, sizeof node.name, "%.*s.turned", NET_NAME_MAX - 12, t->name);
    node.attr.axes_n = want->rank;
    for (int i = 0; i < want->rank; i++)
        node.attr.axes[want->at[i]] = is->at[i];
    if (moves_nothing(&t->shape, other_of(l, old), is, want)) {
        struct net_shape to = layout_shape(&t->shape, want), to_other = layout_shape(other_of(l, old), want);
        struct net_shape in = layout_shape(&t->shape, is), in_other = layout_shape(other_of(l, old), is);
        struct net_attr attr = node.attr;
        attr.axes_n = 0;
        if (reshape_to(&attr, &to, &to_other, &in, &in_other)) {
            node.op = NET_RESHAPE;
            node.attr = attr;
        }
    }
    TRY(layout_node(l, &node, t, want, out));
    if (wants_plain)
        l->plain[old] = *out;
    return TRUNDLE_OK;
}

enum trundle_status layout_copy(struct layout *l, int made, int *out)
{
    const struct net_tensor *t = &l->to->tensor[made];
    struct net_node node = net_node_of(NET_RESHAPE, "copy", &made, 1);
    struct net_shape shape = t->shape;
    enum net_type type = t->type;
    bool image = t->type == NET_F32;
    if (image)
        node.op = NET_UNARY;                     /* identity: a reshape that changes nothing may be taken for nothing */
    node.attr.dims_n = shape.rank;               /* all 0: every axis as it is */
    TRY(net_graph_node(l->to, &node, out, l->err));
    l->to->tensor[*out].shape = shape;
    l->to->tensor[*out].type = type;
    return TRUNDLE_OK;
}

/* --- reshape --- */

struct group { int in, in_n, out, out_n, key; };

/* Cuts both shapes into the smallest runs of axes with as many elements. 0: they do not match. */
static int group_axes(const struct net_shape *x, const struct net_shape *y, struct group *group)
{
    int i = 0, j = 0, n = 0;
    while (i < x->rank && j < y->rank) {
        int64_t a = x->d[i], b = y->d[j];
        struct group g = { i++, 1, j++, 1, 0 };
        while (a != b) {
            if (a < b && i < x->rank)
                a *= x->d[i++], g.in_n++;
            else if (b < a && j < y->rank)
                b *= y->d[j++], g.out_n++;
            else
                return 0;
        }
        group[n++] = g;
    }
    if (n == 0)
        return 0;
    for (; i < x->rank; i++, group[n - 1].in_n++)
        if (x->d[i] != 1)
            return 0;
    for (; j < y->rank; j++, group[n - 1].out_n++)
        if (y->d[j] != 1)
            return 0;
    return n;
}

static int64_t product(const struct net_shape *s, int from, int n)
{
    int64_t p = 1;
    for (int i = from; i < from + n; i++)
        p *= s->d[i];
    return p;
}

/* Where the group's first axis of more than one element is now; its axes of more than one element must follow each other. */
static bool group_place(const struct net_shape *x, const struct net_shape *x2, const struct order *order, struct group *g)
{
    int last = -1;
    g->key = -1;
    for (int i = g->in; i < g->in + g->in_n; i++) {
        if (x->d[i] == 1 && x2->d[i] == 1)
            continue;
        if (last >= 0) {
            if (order->at[i] < last)
                return false;
            for (int k = 0; k < x->rank; k++)       /* nobody of more than one element between */
                if (order->at[k] > last && order->at[k] < order->at[i] && (x->d[k] != 1 || x2->d[k] != 1))
                    return false;
        }
        last = order->at[i];
        if (g->key < 0)
            g->key = last;
    }
    if (g->key < 0)
        g->key = order->at[g->in];
    return true;
}

/* The last group joins axes into one, in another order than they have, and only linear layers read it: they take the order. */
static bool group_mix(const struct layout *l, const struct net_node *old, const struct group *g, struct mix *mix)
{
    const struct net_shape *x = &l->from->tensor[old->in[0]].shape, *y = &l->from->tensor[old->out].shape;
    const struct order *order = &l->order[old->in[0]];
    if (!l->linear[old->out] || g->out_n != 1 || g->out != y->rank - 1 || y->rank < 2 || other_of(l, old->out)->d[g->out] != y->d[g->out])
        return false;
    for (int i = 0; i < g->in; i++)                  /* they must be the last axes now, too, in whatever order */
        for (int k = g->in; k < x->rank; k++)
            if (order->at[i] > order->at[k] && x->d[i] != 1)
                return false;
    mix->n = g->in_n;
    for (int i = 0; i < g->in_n; i++) {
        int before = 0;
        for (int k = 0; k < g->in_n; k++)
            before += order->at[g->in + k] < order->at[g->in + i];
        mix->d[i] = x->d[g->in + i];
        mix->was[before] = (int8_t)i;
    }
    return true;
}

enum trundle_status layout_reshape(struct layout *l, const struct net_node *old)
{
    const struct net_tensor *in = &l->from->tensor[old->in[0]], *made = &l->from->tensor[old->out];
    const struct net_shape *x = &in->shape, *x2 = other_of(l, old->in[0]), *y = &made->shape, *y2 = other_of(l, old->out);
    struct order order = l->order[old->in[0]], out = { .rank = y->rank };
    struct group group[2 * NET_RANK_MAX];
    struct net_node node = *old;
    struct mix mix = { .n = 0 };
    struct net_shape now, now2, want, want2;
    int n = group_axes(x, y, group), next = 0, made_now;
    bool follows = n > 0;
    for (int i = 0; i < n; i++)
        follows = follows && product(x2, group[i].in, group[i].in_n) == product(y2, group[i].out, group[i].out_n) &&
                  (group_place(x, x2, &order, &group[i]) || (i == n - 1 && group_mix(l, old, &group[i], &mix)));
    if (mix.n) {
        for (int i = 0; i + 1 < n; i++)              /* the rest must stand in order */
            follows = follows && group[i].key == i && group[i].in_n == 1;
        group[n - 1].key = NET_RANK_MAX;
    }
    if (!follows) {
        struct order plain = layout_plain(x->rank);
        mix.n = 0;
        TRY(layout_want(l, old->in[0], &plain, &node.in[0]));
        order = plain;
        out = layout_plain(y->rank);
    } else {
        node.in[0] = l->now[old->in[0]];
        for (int key = -1; key <= NET_RANK_MAX; key++)
            for (int i = 0; i < n; i++)
                if (group[i].key == key)
                    for (int k = 0; k < group[i].out_n; k++)
                        out.at[group[i].out + k] = (int8_t)next++;
    }
    now = layout_shape(x, &order);
    now2 = layout_shape(x2, &order);
    want = layout_shape(y, &out);
    want2 = layout_shape(y2, &out);
    if (net_shape_equal(&now, &want) && net_shape_equal(&now2, &want2)) {
        made_now = node.in[0];
    } else {
        if (!reshape_to(&node.attr, &want, &want2, &now, &now2))
            return error_set(l->err, TRUNDLE_UNSUPPORTED, old->name, "fix the batch: --shape INPUT=1x...", "a reshape in which two axes depend on the batch");
        TRY(layout_node(l, &node, made, &out, &made_now));
    }
    l->now[old->out] = made_now;
    l->order[old->out] = out;
    l->mix[old->out] = mix.n ? mix : l->mix[old->in[0]];
    return TRUNDLE_OK;
}

/* --- linear layers behind a flatten --- */

int layout_weights(const struct layout *l, const struct net_node *matmul)
{
    int w = matmul->in[1], maker = l->maker[w];
    if (maker >= 0 && l->from->node[maker].op == NET_DEQUANTIZE)
        w = l->from->node[maker].in[0];
    return l->from->tensor[w].data && l->from->tensor[w].shape.rank == 2 ? w : -1;
}

enum trundle_status layout_mixed(struct layout *l, const struct mix *mix, const struct net_node *matmul, int *out)
{
    int w = layout_weights(l, matmul), made;
    const struct net_tensor *t = &l->from->tensor[w];
    int64_t rows = t->shape.d[0], columns = t->shape.d[1], k_n = matmul->attr.flip_b ? columns : rows;
    int64_t at[NET_RANK_MAX] = { 0 }, stride[NET_RANK_MAX], step = 1;
    size_t size = net_type_bytes(t->type);
    const uint8_t *from;
    uint8_t *to;
    TRY(layout_bring(l, w));
    from = l->to->tensor[l->now[w]].data;
    TRY(net_graph_constant(l->to, NULL, t->type, &t->shape, NULL, &made, l->err));
    TRY(layout_quant(l, w, made));
    to = net_graph_writable(l->to, made);
    if (!to)
        return error_set(l->err, TRUNDLE_NO_MEMORY, t->name, NULL, "no memory to move its columns");
    for (int i = mix->n - 1; i >= 0; i--) {
        stride[i] = step;
        step *= mix->d[i];
    }
    if (step != k_n)
        return error_set(l->err, TRUNDLE_BAD_INPUT, matmul->name, NULL, "%lld columns for %lld features", (long long)k_n, (long long)step);
    for (int64_t k = 0; k < k_n; k++) {
        int64_t was = 0;
        for (int i = 0; i < mix->n; i++)
            was += at[i] * stride[mix->was[i]];
        if (matmul->attr.flip_b)
            for (int64_t r = 0; r < rows; r++)
                memcpy(to + (size_t)(r * columns + k) * size, from + (size_t)(r * columns + was) * size, size);
        else
            memcpy(to + (size_t)(k * columns) * size, from + (size_t)(was * columns) * size, (size_t)columns * size);
        for (int i = mix->n - 1; i >= 0 && ++at[i] >= mix->d[mix->was[i]]; i--)
            at[i] = 0;
    }
    *out = made;
    if (w != matmul->in[1]) {
        struct net_node node = l->from->node[l->maker[matmul->in[1]]];
        struct order plain = layout_plain(2);
        node.in[0] = made;
        TRY(layout_node(l, &node, &l->from->tensor[matmul->in[1]], &plain, out));
    }
    return TRUNDLE_OK;
}
