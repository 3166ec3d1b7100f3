/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/move - kernels that only move elements: slice, transpose and expand are one thing, a dense output read from a strided view of the
 * input. Axes that go on in step are one axis; rows are then copied, filled, or, where another axis is the contiguous one, turned in tiles.
 * Pad is rows with ends. Plain C: memcpy knows the machine.
 */
#include "base/net/op/ref.h"

enum { TILE = 16 };

struct view { int rank; int64_t d[NET_RANK_MAX], from[NET_RANK_MAX], to[NET_RANK_MAX]; };       /* strides in elements */

static struct view view_of(const struct net_shape *y, const int64_t stride[NET_RANK_MAX])
{
    struct view v = { 1, { 1 }, { 0 }, { 0 } };
    int64_t to = 1;

    for (int i = 0; i < y->rank; i++) {
        if (y->d[i] == 1)
            continue;
        int at = v.rank - 1;
        if (v.d[at] > 1 && v.from[at] != stride[i] * y->d[i])
            at = v.rank++;
        v.d[at] = (v.d[at] > 1 ? v.d[at] : 1) * y->d[i];
        v.from[at] = stride[i];
    }
    for (int i = v.rank - 1; i >= 0; i--) {
        v.to[i] = to;
        to *= v.d[i];
    }
    return v;
}

/* n elements, `step` elements apart. */
static void row(char *to, const char *from, int64_t n, int64_t step, size_t bytes)
{
    if (step == 1) {
        memcpy(to, from, (size_t)n * bytes);
    } else if (bytes == 1) {
        for (int64_t i = 0; i < n; i++)
            to[i] = from[i * step];
    } else if (bytes == 4) {
        for (int64_t i = 0; i < n; i++)
            memcpy(to + 4 * i, from + 4 * i * step, 4);
    } else {
        for (int64_t i = 0; i < n; i++)
            memcpy(to + 8 * i, from + 8 * i * step, 8);
    }
}

/* to[j][i] = from[i][j], rows `to_step` and `from_step` elements apart. */
static void turn(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t j_n, int64_t i_n, size_t bytes)
{
#define TURN(size)                                                                                                              \
    for (int64_t i = 0; i < i_n; i++)                                                                                           \
        for (int64_t j = 0; j < j_n; j++)                                                                                       \
            memcpy(to + (size) * (j * to_step + i), from + (size) * (i * from_step + j), size);
    if (bytes == 1) {
        TURN(1)
    } else if (bytes == 4) {
        TURN(4)
    } else {
        TURN(8)
    }
#undef TURN
}

static void move(const struct net_call *c, int64_t first, const int64_t stride[NET_RANK_MAX])
{
    const struct net_shape *y = &c->site->out->shape;
    size_t bytes = net_type_bytes(c->site->out->type);
    struct view v = view_of(y, stride);
    int inner = v.rank - 1, along = -1;
    int64_t n = v.d[inner], rows = net_shape_elements(y) / n;
    char *out = c->out;
    const char *in = (const char *)c->in[0] + first * (int64_t)bytes;

    if (v.from[inner] != 1 && n > 1)
        for (int k = 0; k < inner; k++)
            if (v.from[k] == 1)
                along = k;
    int64_t blocks = along < 0 ? 1 : (v.d[along] + TILE - 1) / TILE;
    if (along >= 0)
        rows = rows / v.d[along] * blocks;
    NET_FOR_SHARE(at, rows) {
        int64_t from = 0, to = 0, rest = at, j = 0;
        if (along >= 0) {
            j = rest % blocks * TILE;
            rest /= blocks;
        }
        for (int k = inner - 1; k >= 0; k--) {
            if (k == along)
                continue;
            from += rest % v.d[k] * v.from[k];
            to += rest % v.d[k] * v.to[k];
            rest /= v.d[k];
        }
        if (along < 0) {
            row(out + to * (int64_t)bytes, in + from * (int64_t)bytes, n, v.from[inner], bytes);
            continue;
        }
        int64_t j_n = v.d[along] - j < TILE ? v.d[along] - j : TILE;
        for (int64_t i = 0; i < n; i += TILE)
            turn(out + (to + j * v.to[along] + i) * (int64_t)bytes, v.to[along], in + (from + j + i * v.from[inner]) * (int64_t)bytes, v.from[inner], j_n,
                 n - i < TILE ? n - i : TILE, bytes);
    }
}

static void run_slice(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *x = &c->site->in[0]->shape;
    int64_t stride[NET_RANK_MAX], first = 0;

    net_strides(x, stride);
    for (int k = 0; k < x->rank; k++) {
        int64_t begin;
        (void)net_slice_axis(a->begin[k], a->end[k], a->step[k], x->d[k], &begin);
        first += begin * stride[k];
        stride[k] *= a->step[k];
    }
    move(c, first, stride);
}

static void run_transpose(const struct net_call *c)
{
    int64_t own[NET_RANK_MAX], stride[NET_RANK_MAX];

    net_strides(&c->site->in[0]->shape, own);
    for (int k = 0; k < c->site->out->shape.rank; k++)
        stride[k] = own[c->site->node->attr.axes[k]];
    move(c, 0, stride);
}

static void run_expand(const struct net_call *c)
{
    int64_t stride[NET_RANK_MAX];

    net_broadcast_strides(&c->site->in[0]->shape, &c->site->out->shape, stride);
    move(c, 0, stride);
}

/* Where index i of the padded axis comes from; -1: from outside. */
static int64_t inside(const struct net_attr *a, int axis, int64_t i, int64_t n)
{
    i -= a->begin[axis];
    if (i >= 0 && i < n)
        return i;
    if (a->mode == NET_PAD_CONSTANT)
        return -1;
    if (a->mode == NET_PAD_EDGE)
        return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * (n - 1) - i;
}

/* Elements [first, past) of a row that lie outside of it; all are, where `line` is NULL. */
static void ends(const struct net_attr *a, int axis, char *to, const char *line, int64_t first, int64_t past, int64_t n, const void *fill, size_t bytes)
{
    for (int64_t i = first; i < past; i++) {
        int64_t k = line ? inside(a, axis, i, n) : -1;
        const void *from = k < 0 ? fill : line + k * (int64_t)bytes;
        if (bytes == 4)
            memcpy(to + i * 4, from, 4);
        else if (bytes == 1)
            memcpy(to + i, from, 1);
        else
            memcpy(to + i * 8, from, 8);
    }
}

static void run_pad(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *out = c->site->out;
    const struct net_shape *x = &c->site->in[0]->shape, *y = &out->shape;
    int64_t stride[NET_RANK_MAX], whole = out->type == NET_I64 ? (int64_t)a->value : 0;
    size_t bytes = net_type_bytes(out->type);
    int last = x->rank - 1;
    int32_t small = out->type == NET_I32 ? (int32_t)a->value : 0;
    uint8_t byte = out->type == NET_U8 ? net_requant(a->value, 1.0f / net_scale_of(out), out->quant.zero) : 0;
    const void *fill = out->type == NET_F32 ? (const void *)&a->value : out->type == NET_U8 ? (const void *)&byte : out->type == NET_I32 ? (const void *)&small : (const void *)&whole;
    int64_t n = y->d[last], begin = a->begin[last] > 0 ? a->begin[last] : 0, end = a->end[last] > 0 ? n - a->end[last] : n;

    end = end < begin ? begin : end;       /* one end crops more than there is */
    net_strides(x, stride);
    NET_FOR_SHARE(at, net_shape_elements(y) / n) {
        int64_t rest = at, from = 0;
        char *to = (char *)c->out + at * n * (int64_t)bytes;
        for (int k = last - 1; k >= 0 && from >= 0; k--) {
            int64_t i = inside(a, k, rest % y->d[k], x->d[k]);
            from = i < 0 ? -1 : from + i * stride[k];
            rest /= y->d[k];
        }
        const char *line = (const char *)c->in[0] + (from < 0 ? 0 : from) * (int64_t)bytes;
        if (from >= 0)
            memcpy(to + begin * (int64_t)bytes, line + (begin - a->begin[last]) * (int64_t)bytes, (size_t)(end - begin) * bytes);
        ends(a, last, to, from < 0 ? NULL : line, 0, from < 0 ? n : begin, x->d[last], fill, bytes);
        if (from >= 0)
            ends(a, last, to, line, end, n, x->d[last], fill, bytes);
    }
}

static bool fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static bool fits_pad(const struct net_site *s) { return s->out->shape.rank > 0; }

const struct net_kernel net_moves[] = {
    { .name = "slice.move", .op = NET_SLICE, .exact = true, .fits = fits, .run = run_slice },
    { .name = "transpose.move", .op = NET_TRANSPOSE, .exact = true, .fits = fits, .run = run_transpose },
    { .name = "expand.move", .op = NET_EXPAND, .exact = true, .fits = fits, .run = run_expand },
    { .name = "pad.move", .op = NET_PAD, .exact = true, .fits = fits_pad, .run = run_pad },
    { .name = NULL },
};
