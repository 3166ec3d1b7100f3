/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/import_shape - operators that move elements: reshape, transpose, concat, split, slice, gather, pad, expand, tile ... */
#include "base/net/onnx/inside.h"

#include <string.h>

static int32_t clamp32(int64_t v)
{
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* Dimension i of a shape given as a fixed value, under both batches. */
static void dim_of(const struct fixed *f, int64_t i, int64_t *a, int64_t *b)
{
    int64_t base = fixed_integer(f, i), each = f->per_batch ? f->per_batch[i] : 0;
    *a = base + ONNX_BATCH_A * each;
    *b = base + ONNX_BATCH_B * each;
}

static enum trundle_status reshape(struct op *o)
{
    struct net_shape a, b;
    const OnnxFile__Attribute *attribute = attr_find(o, "shape");
    const struct fixed *f = op_fixed(o, 1) ? &o->in[1]->fixed : NULL;
    int64_t n = attribute ? (int64_t)attribute->n_ints : f ? f->t.n : -1, known_a = 1, known_b = 1;
    int x, y, rest = -1;
    TRY(op_tensor(o, 0, &x));
    if (n < 0)
        return op_refuse(o, "export it with constant shapes, or simplify the model (onnxsim)", "its shape is computed when the net runs");
    if (n > NET_RANK_MAX)
        return op_refuse(o, "reshape to fewer axes", "%lld axes, at most %d", (long long)n, NET_RANK_MAX);
    a.rank = b.rank = (int)n;
    for (int i = 0; i < n; i++) {
        int64_t da, db;
        if (attribute)
            da = db = attribute->ints[i];
        else
            dim_of(f, i, &da, &db);
        if (da == 0 && db == 0 && attr_i(o, "allowzero", 0) == 0) {
            if (i >= op_rank(o, x))
                return op_bad(o, "copies axis %d of %d", i, op_rank(o, x));
            da = op_shape(o, x)->d[i];
            db = op_shape_b(o, x)->d[i];
        }
        if (da == -1 && db == -1) {
            if (rest >= 0)
                return op_bad(o, "two axes are -1");
            rest = i;
            da = db = 1;
        }
        if (da <= 0 || db <= 0 || da > INT32_MAX || db > INT32_MAX)
            return da == 0 ? op_refuse(o, NULL, "axis %d would have no elements", i) : op_bad(o, "axis %d would have %lld elements", i, (long long)da);
        a.d[i] = (int32_t)da;
        b.d[i] = (int32_t)db;
        known_a *= da;
        known_b *= db;
        if (known_a > NET_ELEMENTS_MAX || known_b > NET_ELEMENTS_MAX)
            return op_bad(o, "more than 2^31 elements");
    }
    int64_t have_a = net_shape_elements(op_shape(o, x)), have_b = net_shape_elements(op_shape_b(o, x));
    if (rest >= 0) {
        if (have_a % known_a || have_b % known_b)
            return op_bad(o, "%lld elements do not divide by %lld", (long long)have_a, (long long)known_a);
        a.d[rest] = clamp32(have_a / known_a);
        b.d[rest] = clamp32(have_b / known_b);
    } else if (known_a != have_a || known_b != have_b) {
        if (have_a != have_b && known_a == known_b)
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "its shape is fixed where the batch is free");
        return op_bad(o, "%lld elements become %lld", (long long)have_a, (long long)known_a);
    }
    TRY(put_reshape(o, x, &a, &b, &y));
    return op_out(o, 0, y);
}

static enum trundle_status flatten(struct op *o)
{
    struct net_shape a = { 2, { 1, 1 } }, b = a;
    int x, y, axis;
    int64_t given = attr_i(o, "axis", 1);
    TRY(op_tensor(o, 0, &x));
    if (given == op_rank(o, x))
        axis = (int)given;
    else
        TRY(op_axis(o, given, op_rank(o, x), &axis));
    for (int i = 0; i < op_rank(o, x); i++) {
        a.d[i >= axis] = clamp32((int64_t)a.d[i >= axis] * op_shape(o, x)->d[i]);
        b.d[i >= axis] = clamp32((int64_t)b.d[i >= axis] * op_shape_b(o, x)->d[i]);
    }
    TRY(put_reshape(o, x, &a, &b, &y));
    return op_out(o, 0, y);
}

static enum trundle_status squeeze(struct op *o, bool un)
{
    int64_t axes[NET_RANK_MAX];
    bool marked[2 * NET_RANK_MAX] = { false };
    struct net_shape a = { 0 }, b = { 0 };
    int x, y, n, rank, from = 0;
    TRY(op_tensor(o, 0, &x));
    TRY(op_integers(o, "axes", 1, axes, NET_RANK_MAX, &n));
    if (un && n < 0)
        return op_bad(o, "no axes");
    rank = op_rank(o, x) + (un ? n : 0);
    if (rank > NET_RANK_MAX)
        return op_refuse(o, "reshape to fewer axes", "%d axes, at most %d", rank, NET_RANK_MAX);
    for (int i = 0; i < n; i++) {
        int axis;
        TRY(op_axis(o, axes[i], rank, &axis));
        if (marked[axis])
            return op_bad(o, "axis %d twice", axis);
        marked[axis] = true;
    }
    for (int i = 0; i < rank; i++) {
        bool one = un ? marked[i] : n < 0 ? op_shape(o, x)->d[i] == 1 && !op_varies(o, x, i) : marked[i];
        if (un && !one) {
            a.d[a.rank++] = op_shape(o, x)->d[from];
            b.d[b.rank++] = op_shape_b(o, x)->d[from++];
        } else if (un) {
            a.d[a.rank++] = b.d[b.rank++] = 1;
        } else if (!one) {
            a.d[a.rank++] = op_shape(o, x)->d[i];
            b.d[b.rank++] = op_shape_b(o, x)->d[i];
        } else if (op_shape(o, x)->d[i] != 1 || op_varies(o, x, i)) {
            return op_bad(o, "squeezes axis %d of %d elements", i, (int)op_shape(o, x)->d[i]);
        }
    }
    TRY(put_reshape(o, x, &a, &b, &y));
    return op_out(o, 0, y);
}

static enum trundle_status transpose(struct op *o)
{
    int64_t given[NET_RANK_MAX];
    int axes[NET_RANK_MAX], x, y, n, rank;
    TRY(op_tensor(o, 0, &x));
    rank = op_rank(o, x);
    TRY(op_integers(o, "perm", -1, given, NET_RANK_MAX, &n));
    if (n >= 0 && n != rank)
        return op_bad(o, "a permutation of %d axes for %d", n, rank);
    for (int i = 0; i < rank; i++) {
        axes[i] = rank - 1 - i;
        if (n >= 0)
            TRY(op_axis(o, given[i], rank, &axes[i]));
    }
    TRY(put_transpose(o, x, axes, &y));
    return op_out(o, 0, y);
}

static enum trundle_status concat(struct op *o)
{
    int x[ONNX_IN_MAX], n = 0, axis, y;
    for (int i = 0; i < o->in_n; i++)
        TRY(op_tensor(o, i, &x[n++]));
    if (n == 0)
        return op_bad(o, "no inputs");
    if (!attr_find(o, "axis") && o->m->opset >= 4)
        return op_bad(o, "no axis");
    TRY(op_axis(o, attr_i(o, "axis", 1), op_rank(o, x[0]), &axis));
    TRY(put_concat(o, x, n, axis, &y));
    return op_out(o, 0, y);
}

static enum trundle_status split(struct op *o)
{
    int64_t size[ONNX_IN_MAX], at = 0, whole, each;
    int x, axis, n, parts = o->out_n, y;
    TRY(op_tensor(o, 0, &x));
    TRY(op_axis(o, attr_i(o, "axis", 0), op_rank(o, x), &axis));
    if (op_varies(o, x, axis))
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "splits the batch");
    TRY(op_integers(o, "split", 1, size, ONNX_IN_MAX, &n));
    whole = op_shape(o, x)->d[axis];
    if (n >= 0 && n != parts)
        return op_bad(o, "%d sizes for %d outputs", n, parts);
    if (attr_i(o, "num_outputs", parts) != parts)
        return op_bad(o, "%lld outputs wanted, %d named", (long long)attr_i(o, "num_outputs", parts), parts);
    each = (whole + parts - 1) / parts;
    for (int i = 0; i < parts; i++) {
        int64_t part = n >= 0 ? size[i] : i == parts - 1 ? whole - at : each;
        if (part <= 0 || at + part > whole)
            return part == 0 ? op_refuse(o, NULL, "output %d would be empty", i) : op_bad(o, "output %d: %lld of %lld elements", i, (long long)part, (long long)whole);
        TRY(put_slice(o, x, axis, at, at + part, &y));
        at += part;
        if (o->node->output[i][0])
            TRY(op_out(o, i, y));
    }
    return at == whole ? TRUNDLE_OK : op_bad(o, "%lld of %lld elements are left over", (long long)(whole - at), (long long)whole);
}

static enum trundle_status slice(struct op *o)
{
    int64_t begin[NET_RANK_MAX], end[NET_RANK_MAX], axes[NET_RANK_MAX], step[NET_RANK_MAX];
    int x, y, n, m, axes_n, steps_n;
    struct net_node node;
    TRY(op_tensor(o, 0, &x));
    TRY(op_integers(o, "starts", 1, begin, NET_RANK_MAX, &n));
    TRY(op_integers(o, "ends", 2, end, NET_RANK_MAX, &m));
    TRY(op_integers(o, "axes", 3, axes, NET_RANK_MAX, &axes_n));
    TRY(op_integers(o, "", 4, step, NET_RANK_MAX, &steps_n));
    if (n < 0 || m != n || (axes_n >= 0 && axes_n != n) || (steps_n >= 0 && steps_n != n) || n > op_rank(o, x))
        return op_bad(o, "starts, ends, axes and steps differ in length");
    node = op_node(o, NET_SLICE, &x, 1);
    node.attr.dims_n = op_rank(o, x);
    for (int i = 0; i < node.attr.dims_n; i++) {
        node.attr.end[i] = INT32_MAX;
        node.attr.step[i] = 1;
    }
    for (int i = 0; i < n; i++) {
        int axis;
        int64_t s = steps_n >= 0 ? step[i] : 1, most;
        TRY(op_axis(o, axes_n >= 0 ? axes[i] : i, op_rank(o, x), &axis));
        most = op_shape(o, x)->d[axis];
        if (op_varies(o, x, axis) && !(begin[i] == 0 && end[i] >= INT32_MAX && s == 1))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "takes a part of the batch");
        if (s == 0)
            return op_bad(o, "a step of 0");
        begin[i] += begin[i] < 0 ? most : 0;
        end[i] += end[i] < 0 && end[i] > INT64_MIN / 2 ? most : 0;
        begin[i] = begin[i] < 0 ? 0 : begin[i] > most ? most : begin[i];
        if (s < 0 && begin[i] == most)
            begin[i] = most - 1;
        node.attr.begin[axis] = clamp32(begin[i]);
        node.attr.step[axis] = clamp32(s);
        if (s > 0)
            node.attr.end[axis] = end[i] >= most ? INT32_MAX : end[i] < 0 ? 0 : (int32_t)end[i];
        else
            node.attr.end[axis] = end[i] < 0 ? INT32_MIN : clamp32(end[i]);
    }
    TRY(op_emit(o, &node, &y));
    return op_out(o, 0, y);
}

/* Indices known at import: runs of neighbours are slices, joined again. */
static enum trundle_status gather(struct op *o)
{
    const struct fixed *index;
    struct net_shape a = { 0 }, b = { 0 };
    int part[ONNX_IN_MAX], parts = 0, x, y, axis;
    int64_t most;
    TRY(op_tensor(o, 0, &x));
    if (!op_fixed(o, 1) || o->in[1]->fixed.per_batch || o->in[1]->fixed.t.type == NET_F32)
        return op_refuse(o, "indices that are constants work", "its indices are computed when the net runs");
    index = &o->in[1]->fixed;
    TRY(op_axis(o, attr_i(o, "axis", 0), op_rank(o, x), &axis));
    most = op_shape(o, x)->d[axis];
    if (op_varies(o, x, axis))
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "picks from the batch");
    for (int64_t i = 0; i < index->t.n;) {
        int64_t first = fixed_integer(index, i), n = 1;
        first += first < 0 ? most : 0;
        if (first < 0 || first >= most)
            return op_bad(o, "index %lld of %lld", (long long)fixed_integer(index, i), (long long)most);
        for (; i + n < index->t.n; n++) {
            int64_t k = fixed_integer(index, i + n);
            if ((k < 0 ? k + most : k) != first + n || first + n >= most)
                break;
        }
        if (parts == ONNX_IN_MAX)
            return op_refuse(o, "fewer runs of neighbours", "more than %d pieces", ONNX_IN_MAX);
        TRY(put_slice(o, x, axis, first, first + n, &part[parts++]));
        i += n;
    }
    if (parts == 0)
        return op_refuse(o, NULL, "picks nothing");
    TRY(put_concat(o, part, parts, axis, &y));
    if (op_rank(o, x) - 1 + index->t.rank > NET_RANK_MAX)
        return op_refuse(o, "reshape to fewer axes", "%d axes, at most %d", op_rank(o, x) - 1 + index->t.rank, NET_RANK_MAX);
    for (int i = 0; i < op_rank(o, x); i++)
        for (int k = 0; k < (i == axis ? index->t.rank : 1); k++) {
            a.d[a.rank++] = i == axis ? (int32_t)index->t.d[k] : op_shape(o, x)->d[i];
            b.d[b.rank++] = i == axis ? (int32_t)index->t.d[k] : op_shape_b(o, x)->d[i];
        }
    TRY(put_reshape(o, y, &a, &b, &y));
    return op_out(o, 0, y);
}

static enum trundle_status pad(struct op *o)
{
    int64_t pads[2 * NET_RANK_MAX], axes[NET_RANK_MAX];
    struct net_node node;
    int x, y, n, axes_n;
    TRY(op_tensor(o, 0, &x));
    TRY(op_integers(o, o->m->opset < 2 ? "paddings" : "pads", 1, pads, 2 * NET_RANK_MAX, &n));
    TRY(op_integers(o, "", 3, axes, NET_RANK_MAX, &axes_n));
    node = op_node(o, NET_PAD, &x, 1);
    if (attr_is(o, "mode", "constant", "constant"))
        node.attr.mode = NET_PAD_CONSTANT;
    else if (attr_is(o, "mode", "edge", "constant"))
        node.attr.mode = NET_PAD_EDGE;
    else if (attr_is(o, "mode", "reflect", "constant"))
        node.attr.mode = NET_PAD_REFLECT;
    else
        return op_refuse(o, "constant, edge and reflect work", "an unknown mode");
    node.attr.value = attr_f(o, "value", 0);
    if (op_has(o, 2)) {
        if (!op_fixed(o, 2) || o->in[2]->fixed.t.n != 1)
            return op_refuse(o, "a constant works", "its value is computed when the net runs");
        node.attr.value = (float)fixed_number(&o->in[2]->fixed, 0);
    }
    if (n < 0 || n % 2 || n / 2 != (axes_n >= 0 ? axes_n : op_rank(o, x)))
        return op_bad(o, "%d pads for %d axes", n, axes_n >= 0 ? axes_n : op_rank(o, x));
    node.attr.dims_n = op_rank(o, x);
    for (int i = 0; i < n / 2; i++) {
        int axis = i;
        if (axes_n >= 0)
            TRY(op_axis(o, axes[i], op_rank(o, x), &axis));
        if (pads[i] < -INT32_MAX || pads[i] > INT32_MAX || pads[i + n / 2] < -INT32_MAX || pads[i + n / 2] > INT32_MAX)
            return op_bad(o, "pads of %lld and %lld", (long long)pads[i], (long long)pads[i + n / 2]);
        node.attr.begin[axis] = (int32_t)pads[i];
        node.attr.end[axis] = (int32_t)pads[i + n / 2];
        if (op_varies(o, x, axis) && (pads[i] || pads[i + n / 2]))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "pads the batch");
    }
    TRY(op_emit(o, &node, &y));
    return op_out(o, 0, y);
}

/* [N, 1, ..., 1] zeros made of a computed tensor that has the batch as its first axis. */
static enum trundle_status batch_zeros(struct op *o, int rank, int *out)
{
    struct net_graph *g = o->m->g;
    for (int t = 0; t < g->tensors_n; t++) {
        struct net_shape a = { .rank = rank }, b = { .rank = rank };
        int x = t;
        if (g->tensor[t].data || g->tensor[t].type != NET_F32 || op_rank(o, t) < 1 || !op_varies(o, t, 0) || op_shape(o, t)->d[0] != ONNX_BATCH_A)
            continue;
        for (int i = 1; i < op_rank(o, t); i++)
            TRY(put_slice(o, x, i, 0, 1, &x));
        for (int i = 0; i < rank; i++)
            a.d[i] = b.d[i] = 1;
        a.d[0] = ONNX_BATCH_A;
        b.d[0] = ONNX_BATCH_B;
        TRY(put_reshape(o, x, &a, &b, &x));
        return put_scaled(o, NET_MUL, x, 0, out);
    }
    return op_refuse(o, "fix the batch: --shape INPUT=1x...", "spreads a constant over the batch");
}

static enum trundle_status expand(struct op *o)
{
    const struct fixed *f;
    struct net_node node;
    int x, y, zeros, spread = -1;
    TRY(op_tensor(o, 0, &x));
    if (!op_fixed(o, 1))
        return op_refuse(o, "a shape that is a constant works", "its shape is computed when the net runs");
    f = &o->in[1]->fixed;
    if (f->t.n > NET_RANK_MAX || f->t.n < 1)
        return op_refuse(o, "reshape to fewer axes", "%lld axes, at most %d", (long long)f->t.n, NET_RANK_MAX);
    node = op_node(o, NET_EXPAND, &x, 1);
    node.attr.dims_n = (int)f->t.n;
    for (int i = 0; i < f->t.n; i++) {
        int64_t a, b;
        int k = i - ((int)f->t.n - op_rank(o, x));
        dim_of(f, i, &a, &b);
        if (a <= 0 || b <= 0 || a > INT32_MAX)
            return a == 0 ? op_refuse(o, NULL, "axis %d would have no elements", i) : op_bad(o, "axis %d would have %lld elements", i, (long long)a);
        node.attr.dims[i] = (int32_t)a;
        if (k >= 0 && op_varies(o, x, k))
            node.attr.dims[i] = 0;
        else if (a != b) {
            node.attr.dims[i] = 1;
            spread = i;
        }
    }
    if (spread > 0)
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "spreads axis %d over the batch", spread);
    TRY(op_emit(o, &node, &y));
    if (spread == 0) {
        if (op_shape(o, y)->d[0] != 1 || o->m->g->tensor[y].type != NET_F32)
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "spreads over the batch");
        TRY(batch_zeros(o, op_rank(o, y), &zeros));
        TRY(put_binary(o, NET_ADD, zeros, y, &y));
    }
    return op_out(o, 0, y);
}

static enum trundle_status tile(struct op *o)
{
    int64_t times[NET_RANK_MAX];
    int x, n, part[ONNX_IN_MAX];
    TRY(op_tensor(o, 0, &x));
    if (o->m->opset < 6)
        return op_refuse(o, "convert it to a newer opset", "an old tile");
    TRY(op_integers(o, "", 1, times, NET_RANK_MAX, &n));
    if (n != op_rank(o, x))
        return op_refuse(o, NULL, "%d repeats for %d axes", n, op_rank(o, x));
    for (int i = 0; i < n; i++) {
        if (times[i] < 1 || times[i] > ONNX_IN_MAX)
            return op_refuse(o, "1 to 256 repeats", "%lld repeats", (long long)times[i]);
        if (times[i] > 1 && op_varies(o, x, i))
            return op_refuse(o, "fix the batch: --shape INPUT=1x...", "repeats the batch");
        for (int64_t k = 0; k < times[i]; k++)
            part[k] = x;
        TRY(put_concat(o, part, (int)times[i], i, &x));
    }
    return op_out(o, 0, x);
}

/* Channels to blocks of pixels, or back; on [N, C, H, W]. */
static enum trundle_status depth_space(struct op *o, bool to_space)
{
    int64_t block = attr_i(o, "blocksize", 0);
    bool dcr = attr_is(o, "mode", "DCR", "DCR");
    const struct net_shape *s, *t;
    struct net_shape a = { 6, { 0 } }, b = { 6, { 0 } }, a2 = { 4, { 0 } }, b2 = { 4, { 0 } };
    static const int dcr_axes[] = { 0, 3, 4, 1, 5, 2 }, crd_axes[] = { 0, 1, 4, 2, 5, 3 }, back_axes[] = { 0, 3, 5, 1, 2, 4 }, back_crd_axes[] = { 0, 1, 3, 5, 2, 4 };
    int x, y, bs;
    TRY(op_tensor(o, 0, &x));
    s = op_shape(o, x);
    t = op_shape_b(o, x);
    if (s->rank != 4 || block < 1 || block > 4096)
        return op_bad(o, "needs [N, C, H, W] and a block size");
    bs = (int)block;
    if (to_space ? s->d[1] % (bs * bs) : s->d[2] % bs || s->d[3] % bs)
        return op_bad(o, "its blocks do not fit");
    for (int k = 0; k < 2; k++) {
        const struct net_shape *in = k ? t : s;
        int32_t n = in->d[0], c = in->d[1], h = in->d[2], w = in->d[3];
        struct net_shape *one = k ? &b : &a, *two = k ? &b2 : &a2;
        if (to_space) {
            int32_t each = c / (bs * bs);
            *one = dcr ? NET_SHAPE(n, bs, bs, each, h, w) : NET_SHAPE(n, each, bs, bs, h, w);
            *two = NET_SHAPE(n, each, h * bs, w * bs);
        } else {
            *one = NET_SHAPE(n, c, h / bs, bs, w / bs, bs);
            *two = NET_SHAPE(n, c * bs * bs, h / bs, w / bs);
        }
    }
    TRY(put_reshape(o, x, &a, &b, &y));
    TRY(put_transpose(o, y, to_space ? (dcr ? dcr_axes : crd_axes) : dcr ? back_axes : back_crd_axes, &y));
    TRY(put_reshape(o, y, &a2, &b2, &y));
    return op_out(o, 0, y);
}

static enum trundle_status dropout(struct op *o)
{
    int x;
    TRY(op_tensor(o, 0, &x));
    if (o->out_n > 1 && o->node->output[1][0])
        return op_refuse(o, "export it for inference", "asks for the mask");
    if (o->m->opset < 7 && attr_i(o, "is_test", 0) == 0)
        return op_refuse(o, "export it for inference", "is in training mode");
    if (op_has(o, 2) && (!op_fixed(o, 2) || fixed_integer(&o->in[2]->fixed, 0) != 0))
        return op_refuse(o, "export it for inference", "is in training mode");
    return op_out(o, 0, x);
}

static enum trundle_status cast(struct op *o, int to)
{
    int x;
    enum net_type type;
    TRY(op_tensor(o, 0, &x));
    type = o->m->g->tensor[x].type;
    if (!((to == ONNX_FLOAT && type == NET_F32) || (to == ONNX_INT32 && type == NET_I32) || (to == ONNX_INT64 && type == NET_I64)))
        return op_refuse(o, "float stays float; QuantizeLinear makes uint8", "a cast from %s to %s when the net runs", net_type_name(type), onnx_type_name(to));
    return op_out(o, 0, x);
}

/* A condition known at import, the same everywhere, chooses. */
static enum trundle_status where(struct op *o)
{
    const struct fixed *c = op_fixed(o, 0) ? &o->in[0]->fixed : NULL;
    int x, y;
    if (!c || c->t.n < 1)
        return op_refuse(o, "a condition that is a constant works", "its condition is computed when the net runs");
    for (int64_t i = 1; i < c->t.n; i++)
        if (fixed_integer(c, i) != fixed_integer(c, 0))
            return op_refuse(o, "add a mask instead", "it chooses element by element");
    TRY(op_tensor(o, fixed_integer(c, 0) ? 1 : 2, &x));
    TRY(op_tensor(o, fixed_integer(c, 0) ? 2 : 1, &y));
    for (int i = 0; i < op_rank(o, y); i++) {
        int k = i - (op_rank(o, y) - op_rank(o, x));
        if ((k < 0 || op_shape(o, x)->d[k] != op_shape(o, y)->d[i]) && op_shape(o, y)->d[i] != 1)
            return op_refuse(o, NULL, "it broadcasts");
    }
    for (int i = 0; i < c->t.rank; i++) {
        int k = i - (c->t.rank - op_rank(o, x));
        if ((k < 0 || op_shape(o, x)->d[k] != c->t.d[i]) && c->t.d[i] != 1)
            return op_refuse(o, NULL, "it broadcasts");
    }
    return op_out(o, 0, x);
}

enum trundle_status import_shape(struct op *o)
{
    const char *t = o->type;
    if (strcmp(t, "Reshape") == 0)
        return reshape(o);
    if (strcmp(t, "Flatten") == 0)
        return flatten(o);
    if (strcmp(t, "Squeeze") == 0 || strcmp(t, "Unsqueeze") == 0)
        return squeeze(o, t[0] == 'U');
    if (strcmp(t, "Transpose") == 0)
        return transpose(o);
    if (strcmp(t, "Concat") == 0)
        return concat(o);
    if (strcmp(t, "Split") == 0)
        return split(o);
    if (strcmp(t, "Slice") == 0)
        return slice(o);
    if (strcmp(t, "Gather") == 0)
        return gather(o);
    if (strcmp(t, "Pad") == 0)
        return pad(o);
    if (strcmp(t, "Expand") == 0)
        return expand(o);
    if (strcmp(t, "Tile") == 0)
        return tile(o);
    if (strcmp(t, "DepthToSpace") == 0 || strcmp(t, "SpaceToDepth") == 0)
        return depth_space(o, t[0] == 'D');
    if (strcmp(t, "Dropout") == 0)
        return dropout(o);
    if (strcmp(t, "Cast") == 0)
        return cast(o, (int)attr_i(o, "to", 0));
    if (strcmp(t, "Where") == 0)
        return where(o);
    return TRUNDLE_AGAIN;
}
