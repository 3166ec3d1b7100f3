/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/fold - nodes whose inputs are all known at import. It is there for the shape arithmetic of exporters (Shape, Gather,
 * Concat, Reshape ...), where an integer may be a + b * batch, and for weights that are moved, cast or scaled. It is not fast.
 */
#include "base/net/onnx/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dual { int64_t a, b; };             /* a + b * batch */

static struct dual dual_of(const struct fixed *f, int64_t i)
{
    return (struct dual){ fixed_integer(f, i), f->per_batch ? f->per_batch[i] : 0 };
}

static bool is_float(const struct fixed *f)
{
    return f->t.type == NET_F32;
}

static enum trundle_status put_dual(const struct op *o, struct fixed *f, int64_t i, struct dual v)
{
    switch (f->t.type) {
    case NET_F32: ((float *)f->t.data)[i] = (float)v.a; break;
    case NET_U8: ((uint8_t *)f->t.data)[i] = (uint8_t)v.a; break;
    case NET_I8: ((int8_t *)f->t.data)[i] = (int8_t)v.a; break;
    case NET_I32: ((int32_t *)f->t.data)[i] = (int32_t)v.a; break;
    default: ((int64_t *)f->t.data)[i] = v.a; break;
    }
    if (v.b == 0 && !f->per_batch)
        return TRUNDLE_OK;
    if (f->t.type == NET_F32 || f->t.type == NET_U8 || f->t.type == NET_I8)
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "a number that depends on the batch becomes %s", net_type_name(f->t.type));
    if (!f->per_batch && !(f->per_batch = calloc((size_t)f->t.n, sizeof *f->per_batch)))
        return error_set(o->err, TRUNDLE_NO_MEMORY, o->name, NULL, "no memory");
    f->per_batch[i] = v.b;
    return TRUNDLE_OK;
}

/* Element j of `from` becomes element i of `to`; both have one type. */
static enum trundle_status copy_one(const struct op *o, struct fixed *to, int64_t i, const struct fixed *from, int64_t j)
{
    if (to->t.type == NET_F32 && from->t.type == NET_F32) {
        ((float *)to->t.data)[i] = ((const float *)from->t.data)[j];
        return TRUNDLE_OK;
    }
    return put_dual(o, to, i, dual_of(from, j));
}

static void strides_of(const struct fixed *f, int64_t *stride)
{
    int64_t s = 1;
    for (int i = f->t.rank - 1; i >= 0; i--) {
        stride[i] = s;
        s *= f->t.d[i];
    }
}

/* A strided view of `from`, densely. */
static enum trundle_status view(const struct op *o, const struct fixed *from, int rank, const int64_t *d, int64_t place, const int64_t *stride, struct fixed *out)
{
    int64_t at[NET_ONNX_RANK_MAX] = { 0 };
    TRY(fixed_new(out, from->t.onnx_type, from->t.type, rank, d, o->err));
    for (int64_t i = 0; i < out->t.n; i++) {
        TRY(copy_one(o, out, i, from, place));
        for (int k = rank - 1; k >= 0; k--) {
            place += stride[k];
            if (++at[k] < d[k])
                break;
            place -= stride[k] * d[k];
            at[k] = 0;
        }
    }
    return TRUNDLE_OK;
}

/* The same elements under another shape. */
static enum trundle_status reshaped(const struct op *o, const struct fixed *x, int rank, const int64_t *d, struct fixed *out)
{
    int64_t n = 1;
    for (int i = 0; i < rank; i++)
        n = d[i] > 0 && n > ONNX_FOLD_MAX / d[i] ? -1 : n * d[i];
    if (n != x->t.n || rank > NET_ONNX_RANK_MAX)
        return op_bad(o, "reshapes %lld elements into another number", (long long)x->t.n);
    TRY(fixed_copy(x, out, o->err));
    out->t.rank = rank;
    for (int i = 0; i < rank; i++)
        out->t.d[i] = d[i];
    return TRUNDLE_OK;
}

static enum trundle_status broadcast_shape(const struct op *o, const struct fixed *a, const struct fixed *b, int *rank, int64_t *d)
{
    *rank = a->t.rank > b->t.rank ? a->t.rank : b->t.rank;
    for (int i = 0; i < *rank; i++) {
        int ia = i - (*rank - a->t.rank), ib = i - (*rank - b->t.rank);
        int64_t da = ia < 0 ? 1 : a->t.d[ia], db = ib < 0 ? 1 : b->t.d[ib];
        if (da != db && da != 1 && db != 1)
            return op_bad(o, "axis %d has %lld and %lld elements", i, (long long)da, (long long)db);
        d[i] = da == 1 ? db : da;
    }
    return TRUNDLE_OK;
}

/* `x` as if it had this larger shape. */
static enum trundle_status broadcast(const struct op *o, const struct fixed *x, int rank, const int64_t *d, struct fixed *out)
{
    int64_t dense[NET_ONNX_RANK_MAX], stride[NET_ONNX_RANK_MAX];
    strides_of(x, dense);
    for (int i = 0; i < rank; i++) {
        int k = i - (rank - x->t.rank);
        stride[i] = k < 0 || x->t.d[k] == 1 ? 0 : dense[k];
    }
    return view(o, x, rank, d, 0, stride, out);
}

enum binary { B_ADD, B_SUB, B_MUL, B_DIV, B_MOD, B_POW, B_MIN, B_MAX, B_AND, B_OR, B_EQUAL, B_LESS, B_GREATER, B_LESS_EQUAL, B_GREATER_EQUAL, B_NONE };
static const char *const binary_names[] = { "Add", "Sub", "Mul", "Div", "Mod", "Pow", "Min", "Max", "And", "Or", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual" };

static double binary_f(enum binary kind, double x, double y)
{
    switch (kind) {
    case B_ADD: return (double)((float)x + (float)y);
    case B_SUB: return (double)((float)x - (float)y);
    case B_MUL: return (double)((float)x * (float)y);
    case B_DIV: return (double)((float)x / (float)y);
    case B_MOD: return fmod(x, y);
    case B_POW: return pow(x, y);
    case B_MIN: return x < y ? x : y;
    case B_MAX: return x > y ? x : y;
    case B_EQUAL: return x == y;
    case B_LESS: return x < y;
    case B_GREATER: return x > y;
    case B_LESS_EQUAL: return x <= y;
    case B_GREATER_EQUAL: return x >= y;
    default: return 0;
    }
}

static int64_t wrap(uint64_t v)
{
    int64_t r;
    memcpy(&r, &v, sizeof r);
    return r;
}

static int64_t power(int64_t x, int64_t y)
{
    uint64_t r = 1, base = (uint64_t)x;
    for (; y > 0; y >>= 1, base *= base)
        if (y & 1)
            r *= base;
    return wrap(r);
}

/* Integers; the batch is taken to be larger than any number it is compared with only where that number is <= 0. */
static enum trundle_status binary_i(const struct op *o, enum binary kind, struct dual x, struct dual y, struct dual *out)
{
    bool varies = x.b != 0 || y.b != 0;
    *out = (struct dual){ 0, 0 };
    switch (kind) {
    case B_ADD: *out = (struct dual){ wrap((uint64_t)x.a + (uint64_t)y.a), wrap((uint64_t)x.b + (uint64_t)y.b) }; return TRUNDLE_OK;
    case B_SUB: *out = (struct dual){ wrap((uint64_t)x.a - (uint64_t)y.a), wrap((uint64_t)x.b - (uint64_t)y.b) }; return TRUNDLE_OK;
    case B_MUL:
        if (x.b && y.b)
            break;
        *out = (struct dual){ wrap((uint64_t)x.a * (uint64_t)y.a), wrap((uint64_t)x.a * (uint64_t)y.b + (uint64_t)x.b * (uint64_t)y.a) };
        return TRUNDLE_OK;
    case B_DIV: case B_MOD:
        if (y.b || y.a == 0)
            return y.b ? op_refuse(o, "fix the batch: --shape INPUT=1x...", "divides by a number that depends on the batch") : op_bad(o, "divides by zero");
        if (y.a == -1) {
            *out = kind == B_DIV ? (struct dual){ wrap(-(uint64_t)x.a), wrap(-(uint64_t)x.b) } : (struct dual){ 0, 0 };
            return TRUNDLE_OK;
        }
        if (x.b % y.a || (x.b && x.a % y.a))
            break;
        if (kind == B_DIV) {
            *out = (struct dual){ x.a / y.a, x.b / y.a };
        } else {
            out->a = x.a % y.a;
            if (attr_i(o, "fmod", 0) == 0 && out->a != 0 && (out->a < 0) != (y.a < 0))
                out->a += y.a;
        }
        return TRUNDLE_OK;
    case B_EQUAL:
        if (x.a == y.a && x.b == y.b) {
            out->a = 1;
            return TRUNDLE_OK;
        }
        if (!varies || x.b == y.b || (x.b > 0 && x.a >= 0 && y.b == 0 && y.a <= 0) || (y.b > 0 && y.a >= 0 && x.b == 0 && x.a <= 0))
            return TRUNDLE_OK;
        break;
    default:
        if (varies)
            break;
        switch (kind) {
        case B_POW: out->a = y.a < 0 ? (x.a == 1 ? 1 : 0) : power(x.a, y.a); break;
        case B_MIN: out->a = x.a < y.a ? x.a : y.a; break;
        case B_MAX: out->a = x.a > y.a ? x.a : y.a; break;
        case B_AND: out->a = x.a && y.a; break;
        case B_OR: out->a = x.a || y.a; break;
        case B_LESS: out->a = x.a < y.a; break;
        case B_GREATER: out->a = x.a > y.a; break;
        case B_LESS_EQUAL: out->a = x.a <= y.a; break;
        default: out->a = x.a >= y.a; break;
        }
        return TRUNDLE_OK;
    }
    return op_refuse(o, "fix the batch: --shape INPUT=1x...", "%s of numbers that depend on the batch", o->type);
}

static enum trundle_status fold_two(struct op *o, enum binary kind, const struct fixed *a, const struct fixed *b, struct fixed *out)
{
    struct fixed x = { 0 }, y = { 0 }, made = { 0 };
    int64_t d[NET_ONNX_RANK_MAX];
    int rank;
    bool real = is_float(a) || is_float(b), logic = kind >= B_AND;
    enum trundle_status status;
    TRY(broadcast_shape(o, a, b, &rank, d));
    TRY_GOTO(status, broadcast(o, a, rank, d, &x), out);
    TRY_GOTO(status, broadcast(o, b, rank, d, &y), out);
    TRY_GOTO(status, fixed_new(&made, logic ? ONNX_BOOL : a->t.onnx_type, logic ? NET_U8 : a->t.type, rank, d, o->err), out);
    for (int64_t i = 0; i < made.t.n; i++) {
        struct dual v = { 0, 0 };
        if (!real) {
            TRY_GOTO(status, binary_i(o, kind, dual_of(&x, i), dual_of(&y, i), &v), out);
        } else {
            double r = binary_f(kind, fixed_number(&x, i), fixed_number(&y, i));
            if (!logic && is_float(&made)) {
                ((float *)made.t.data)[i] = (float)r;
                continue;
            }
            v.a = r >= 9e18 ? INT64_MAX : r <= -9e18 || r != r ? INT64_MIN : (int64_t)r;
        }
        TRY_GOTO(status, put_dual(o, &made, i, v), out);
    }
    *out = made;
    made = (struct fixed){ 0 };
out:
    fixed_done(&x);
    fixed_done(&y);
    fixed_done(&made);
    return status;
}

static enum trundle_status fold_unary(struct op *o, const struct fixed *x, struct fixed *out, bool *known)
{
    static const char *const names[] = { "Neg", "Abs", "Sqrt", "Floor", "Ceil", "Round", "Exp", "Log", "Reciprocal", "Not", "Sign", "Relu", "Erf", "Sin", "Cos" };
    size_t k = 0;
    while (k < COUNT_OF(names) && strcmp(names[k], o->type) != 0)
        k++;
    *known = k < COUNT_OF(names);
    if (!*known)
        return TRUNDLE_OK;
    if (x->per_batch && k != 0)
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "%s of a number that depends on the batch", o->type);
    TRY(fixed_copy(x, out, o->err));
    for (int64_t i = 0; i < x->t.n; i++) {
        if (!is_float(x)) {
            struct dual v = dual_of(x, i);
            switch (k) {
            case 0: v = (struct dual){ wrap(-(uint64_t)v.a), wrap(-(uint64_t)v.b) }; break;
            case 1: v.a = v.a < 0 ? wrap(-(uint64_t)v.a) : v.a; break;
            case 9: v.a = !v.a; break;
            case 10: v.a = (v.a > 0) - (v.a < 0); break;
            case 11: v.a = v.a < 0 ? 0 : v.a; break;
            default: *known = false; return TRUNDLE_OK;
            }
            enum trundle_status status = put_dual(o, out, i, v);
            if (status != TRUNDLE_OK)
                return status;
            continue;
        }
        float v = ((const float *)x->t.data)[i];
        switch (k) {
        case 0: v = -v; break;
        case 1: v = fabsf(v); break;
        case 2: v = sqrtf(v); break;
        case 3: v = floorf(v); break;
        case 4: v = ceilf(v); break;
        case 5: v = rintf(v); break;
        case 6: v = expf(v); break;
        case 7: v = logf(v); break;
        case 8: v = 1 / v; break;
        case 10: v = (float)((v > 0) - (v < 0)); break;
        case 11: v = v < 0 ? 0 : v; break;
        case 12: v = erff(v); break;
        case 13: v = sinf(v); break;
        case 14: v = cosf(v); break;
        default: *known = false; return TRUNDLE_OK;
        }
        ((float *)out->t.data)[i] = v;
    }
    return TRUNDLE_OK;
}

static int64_t clamp_i(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static enum trundle_status fold_slice(struct op *o, const struct fixed *x, struct fixed *out)
{
    int64_t begin[NET_ONNX_RANK_MAX], end[NET_ONNX_RANK_MAX], axes[NET_ONNX_RANK_MAX], step[NET_ONNX_RANK_MAX], d[NET_ONNX_RANK_MAX], stride[NET_ONNX_RANK_MAX], place = 0;
    int n = 0, m = 0, axes_n = 0, steps_n = 0;
    TRY(op_integers(o, "starts", 1, begin, NET_ONNX_RANK_MAX, &n));
    TRY(op_integers(o, "ends", 2, end, NET_ONNX_RANK_MAX, &m));
    TRY(op_integers(o, "axes", 3, axes, NET_ONNX_RANK_MAX, &axes_n));
    TRY(op_integers(o, "", 4, step, NET_ONNX_RANK_MAX, &steps_n));
    if (n < 0 || m != n || (axes_n >= 0 && axes_n != n) || (steps_n >= 0 && steps_n != n) || n > x->t.rank)
        return op_bad(o, "starts, ends, axes and steps differ in length");
    strides_of(x, stride);
    memcpy(d, x->t.d, sizeof d);
    for (int i = 0; i < n; i++) {
        int axis;
        int64_t s = steps_n >= 0 ? step[i] : 1, most;
        TRY(op_axis(o, axes_n >= 0 ? axes[i] : i, x->t.rank, &axis));
        most = x->t.d[axis];
        if (s == 0 || s == INT64_MIN)
            return op_bad(o, "a step of %lld", (long long)s);
        if (begin[i] < 0)
            begin[i] += most;
        if (end[i] < 0 && end[i] > INT64_MIN + most)
            end[i] += most;
        begin[i] = clamp_i(begin[i], 0, s > 0 ? most : most - 1);
        end[i] = clamp_i(end[i], s > 0 ? 0 : -1, most);
        d[axis] = s > 0 ? (end[i] > begin[i] ? 1 + (end[i] - begin[i] - 1) / s : 0) : begin[i] > end[i] ? 1 + (begin[i] - end[i] - 1) / -s : 0;
        if (d[axis] == 0) {
            for (int k = 0; k < x->t.rank; k++)
                stride[k] = 0;
            continue;
        }
        place += begin[i] * stride[axis];
        stride[axis] *= d[axis] > 1 ? s : 0;
    }
    for (int i = 0; i < x->t.rank; i++)
        if (d[i] == 0)
            place = 0;
    return view(o, x, x->t.rank, d, place, stride, out);
}

static enum trundle_status fold_gather(struct op *o, const struct fixed *x, const struct fixed *index, struct fixed *out)
{
    int64_t d[2 * NET_ONNX_RANK_MAX], inner = 1;
    int axis, rank = 0;
    TRY(op_axis(o, attr_i(o, "axis", 0), x->t.rank, &axis));
    if (index->per_batch || is_float(index))
        return op_refuse(o, NULL, "its indices are no plain integers");
    for (int i = 0; i < axis; i++)
        d[rank++] = x->t.d[i];
    for (int i = 0; i < index->t.rank; i++)
        d[rank++] = index->t.d[i];
    for (int i = axis + 1; i < x->t.rank; i++) {
        d[rank++] = x->t.d[i];
        inner *= x->t.d[i];
    }
    TRY(fixed_new(out, x->t.onnx_type, x->t.type, rank, d, o->err));
    for (int64_t i = 0; i < out->t.n; i++) {
        int64_t outer = i / inner / index->t.n, k = fixed_integer(index, i / inner % index->t.n), most = x->t.d[axis];
        k += k < 0 ? most : 0;
        if (k < 0 || k >= most)
            return op_bad(o, "index %lld of %lld", (long long)k, (long long)most);
        TRY(copy_one(o, out, i, x, (outer * most + k) * inner + i % inner));
    }
    return TRUNDLE_OK;
}

static enum trundle_status fold_concat(struct op *o, struct fixed *out)
{
    const struct fixed *first = &o->in[0]->fixed;
    int64_t d[NET_ONNX_RANK_MAX], inner = 1, outer = 1, done = 0;
    int axis;
    TRY(op_axis(o, attr_i(o, "axis", 0), first->t.rank, &axis));
    memcpy(d, first->t.d, sizeof d);
    d[axis] = 0;
    for (int i = 0; i < o->in_n; i++) {
        if (!op_has(o, i))
            return op_bad(o, "input %d is missing", i);
        const struct fixed *x = &o->in[i]->fixed;
        bool same = x->t.rank == first->t.rank && is_float(x) == is_float(first);
        for (int k = 0; same && k < x->t.rank; k++)
            same = k == axis || x->t.d[k] == d[k];
        if (!same)
            return op_bad(o, "input %d differs in shape or type", i);
        d[axis] += x->t.d[axis];
    }
    TRY(fixed_new(out, first->t.onnx_type, first->t.type, first->t.rank, d, o->err));
    for (int i = 0; i < first->t.rank; i++)
        *(i < axis ? &outer : &inner) *= i == axis ? 1 : d[i];
    for (int i = 0; i < o->in_n; i++) {
        const struct fixed *x = &o->in[i]->fixed;
        int64_t run = x->t.d[axis] * inner;
        for (int64_t p = 0; p < outer; p++)
            for (int64_t k = 0; k < run; k++)
                TRY(copy_one(o, out, p * d[axis] * inner + done + k, x, p * run + k));
        done += run;
    }
    return TRUNDLE_OK;
}

static enum trundle_status fold_reshape(struct op *o, const struct fixed *x, struct fixed *out)
{
    int64_t d[NET_ONNX_RANK_MAX], known = 1;
    int n = 0, free_axis = -1;
    TRY(op_integers(o, "shape", 1, d, NET_ONNX_RANK_MAX, &n));
    if (n < 0)
        return op_bad(o, "no shape");
    for (int i = 0; i < n; i++) {
        if (d[i] == 0 && attr_i(o, "allowzero", 0) == 0) {
            if (i >= x->t.rank)
                return op_bad(o, "copies axis %d of %d", i, x->t.rank);
            d[i] = x->t.d[i];
        }
        if (d[i] < -1 || d[i] > ONNX_FOLD_MAX || (d[i] == -1 && free_axis >= 0))
            return op_bad(o, "axis %d is %lld", i, (long long)d[i]);
        if (d[i] == -1)
            free_axis = i;
        else if (d[i] && known > ONNX_FOLD_MAX / d[i])
            return op_bad(o, "too many elements");
        else
            known *= d[i];
    }
    if (free_axis >= 0) {
        if (known == 0 || x->t.n % known)
            return op_bad(o, "%lld elements do not divide by %lld", (long long)x->t.n, (long long)known);
        d[free_axis] = x->t.n / known;
    }
    return reshaped(o, x, n, d, out);
}

static enum trundle_status fold_squeeze(struct op *o, const struct fixed *x, bool un, struct fixed *out)
{
    int64_t axes[NET_ONNX_RANK_MAX], d[2 * NET_ONNX_RANK_MAX];
    bool marked[2 * NET_ONNX_RANK_MAX] = { false };
    int n = 0, rank = 0, whole, from = 0;
    TRY(op_integers(o, "axes", 1, axes, NET_ONNX_RANK_MAX, &n));
    if (un && n < 0)
        return op_bad(o, "no axes");
    whole = un ? x->t.rank + n : x->t.rank;
    for (int i = 0; i < n; i++) {
        int axis;
        TRY(op_axis(o, axes[i], whole, &axis));
        marked[axis] = true;
    }
    for (int i = 0; i < whole; i++) {
        if (un)
            d[rank++] = marked[i] ? 1 : from < x->t.rank ? x->t.d[from++] : 1;
        else if (!(n < 0 ? x->t.d[i] == 1 : marked[i]))
            d[rank++] = x->t.d[i];
    }
    return reshaped(o, x, rank, d, out);
}

static enum trundle_status fold_reduce(struct op *o, const struct fixed *x, char kind, struct fixed *out)
{
    int64_t axes[NET_ONNX_RANK_MAX], d[NET_ONNX_RANK_MAX], stride[NET_ONNX_RANK_MAX], at[NET_ONNX_RANK_MAX] = { 0 }, place = 0, s = 1, count;
    bool over[NET_ONNX_RANK_MAX] = { false };
    struct fixed kept = { 0 };
    int n = 0, rank = 0;
    if (x->per_batch)
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "%s over numbers that depend on the batch", o->type);
    TRY(op_integers(o, "axes", 1, axes, NET_ONNX_RANK_MAX, &n));
    for (int i = 0; i < n; i++) {
        int axis;
        TRY(op_axis(o, axes[i], x->t.rank, &axis));
        over[axis] = true;
    }
    if (n <= 0 && attr_i(o, "noop_with_empty_axes", 0))
        return fixed_copy(x, out, o->err);
    for (int i = 0; i < x->t.rank; i++) {
        over[i] = over[i] || n <= 0;
        d[i] = over[i] ? 1 : x->t.d[i];
    }
    TRY(fixed_new(&kept, x->t.onnx_type, x->t.type, x->t.rank, d, o->err));
    for (int i = x->t.rank - 1; i >= 0; i--) {
        stride[i] = over[i] ? 0 : s;
        s *= d[i];
    }
    count = kept.t.n ? x->t.n / kept.t.n : 0;
    for (int64_t i = 0; i < x->t.n; i++) {
        bool first = true;
        for (int k = 0; k < x->t.rank; k++)
            first = first && (!over[k] || at[k] == 0);
        if (is_float(x)) {
            float v = ((const float *)x->t.data)[i], *to = (float *)kept.t.data + place;
            *to = first ? v : kind == '*' ? *to * v : kind == '>' ? fmaxf(*to, v) : kind == '<' ? fminf(*to, v) : *to + v;
        } else {
            int64_t v = fixed_integer(x, i), old = fixed_integer(&kept, place);
            struct dual r = { first ? v : kind == '*' ? wrap((uint64_t)old * (uint64_t)v) : kind == '>' ? (v > old ? v : old) : kind == '<' ? (v < old ? v : old)
                                                                                            : wrap((uint64_t)old + (uint64_t)v), 0 };
            enum trundle_status status = put_dual(o, &kept, place, r);
            if (status != TRUNDLE_OK) {
                fixed_done(&kept);
                return status;
            }
        }
        for (int k = x->t.rank - 1; k >= 0; k--) {
            place += stride[k];
            if (++at[k] < x->t.d[k])
                break;
            place -= stride[k] * x->t.d[k];
            at[k] = 0;
        }
    }
    for (int64_t i = 0; kind == 'm' && is_float(x) && i < kept.t.n; i++)
        ((float *)kept.t.data)[i] /= (float)count;
    if (!attr_i(o, "keepdims", 1)) {
        for (int i = 0; i < x->t.rank; i++)
            if (!over[i])
                kept.t.d[rank++] = d[i];
        kept.t.rank = rank;
    }
    *out = kept;
    return TRUNDLE_OK;
}

static enum trundle_status fold_cast(struct op *o, const struct fixed *x, int to, struct fixed *out)
{
    static const struct { int onnx; enum net_type type; } kinds[] = { { ONNX_FLOAT, NET_F32 }, { ONNX_DOUBLE, NET_F32 }, { ONNX_FLOAT16, NET_F32 }, { ONNX_BFLOAT16, NET_F32 },
        { ONNX_INT64, NET_I64 }, { ONNX_INT32, NET_I32 }, { ONNX_UINT8, NET_U8 }, { ONNX_INT8, NET_I8 }, { ONNX_BOOL, NET_U8 } };
    size_t k = 0;
    while (k < COUNT_OF(kinds) && kinds[k].onnx != to)
        k++;
    if (k == COUNT_OF(kinds) || (is_float(x) && to != ONNX_BOOL && kinds[k].type != NET_F32 && kinds[k].type != NET_I64 && kinds[k].type != NET_I32) ||
        ((to == ONNX_FLOAT16 || to == ONNX_BFLOAT16) && x->t.onnx_type != to))
        return op_refuse(o, NULL, "a cast from %s to %s", onnx_type_name(x->t.onnx_type), onnx_type_name(to));
    TRY(fixed_new(out, to, kinds[k].type, x->t.rank, x->t.d, o->err));
    for (int64_t i = 0; i < x->t.n; i++) {
        if (to == ONNX_BOOL) {
            if (x->per_batch && x->per_batch[i])
                return op_refuse(o, "fix the batch: --shape INPUT=1x...", "a number that depends on the batch becomes bool");
            ((uint8_t *)out->t.data)[i] = is_float(x) ? fixed_number(x, i) != 0 : fixed_integer(x, i) != 0;
        } else {
            TRY(copy_one(o, out, i, x, i));
        }
    }
    return TRUNDLE_OK;
}

/* Every dimension of the second input is a plain number in range. */
static enum trundle_status sizes_of(struct op *o, int input, int64_t *d, int *n)
{
    *n = 0;
    TRY(op_integers(o, "", input, d, NET_ONNX_RANK_MAX, n));
    for (int i = 0; i < *n; i++)
        if (d[i] < 0 || d[i] > ONNX_FOLD_MAX)
            return op_bad(o, "axis %d has %lld elements", i, (long long)d[i]);
    return *n < 0 ? op_bad(o, "no shape") : TRUNDLE_OK;
}

static enum trundle_status fold_fill(struct op *o, struct fixed *out)
{
    const OnnxFile__Attribute *value = attr_find(o, "value");
    struct net_onnx_tensor t = { 0 };
    struct fixed one = { 0 };
    int64_t d[NET_ONNX_RANK_MAX];
    int n;
    enum trundle_status status;
    TRY(sizes_of(o, 0, d, &n));
    if (value && value->t) {
        TRY(onnx_tensor_from(value->t, &t, o->err));
        one.t = t;
    } else {
        TRY(fixed_new(&one, ONNX_FLOAT, NET_F32, 1, (int64_t[]){ 1 }, o->err));
    }
    status = one.t.n == 1 ? TRUNDLE_OK : op_bad(o, "its value is no single number");
    if (status == TRUNDLE_OK)
        status = fixed_new(out, one.t.onnx_type, one.t.type, n, d, o->err);
    for (int64_t i = 0; status == TRUNDLE_OK && i < out->t.n; i++)
        status = copy_one(o, out, i, &one, 0);
    fixed_done(&one);
    return status;
}

static enum trundle_status fold_range(struct op *o, struct fixed *out)
{
    const struct fixed *a = &o->in[0]->fixed, *b = &o->in[1]->fixed, *c = &o->in[2]->fixed;
    double count;
    int64_t n;
    if (a->t.n != 1 || b->t.n != 1 || c->t.n != 1 || a->per_batch || b->per_batch || c->per_batch)
        return op_refuse(o, "fix the batch: --shape INPUT=1x...", "a range whose ends depend on the batch");
    count = ceil((fixed_number(b, 0) - fixed_number(a, 0)) / fixed_number(c, 0));
    if (!(count <= (double)ONNX_FOLD_MAX))
        return op_bad(o, "a range of %g numbers", count);
    n = count > 0 ? (int64_t)count : 0;
    TRY(fixed_new(out, a->t.onnx_type, a->t.type, 1, &n, o->err));
    for (int64_t i = 0; i < n; i++) {
        if (is_float(a))
            ((float *)out->t.data)[i] = ((const float *)a->t.data)[0] + (float)i * (float)fixed_number(c, 0);
        else
            TRY(put_dual(o, out, i, (struct dual){ wrap((uint64_t)fixed_integer(a, 0) + (uint64_t)i * (uint64_t)fixed_integer(c, 0)), 0 }));
    }
    return TRUNDLE_OK;
}

static enum trundle_status fold_where(struct op *o, struct fixed *out)
{
    const struct fixed *c = &o->in[0]->fixed, *a = &o->in[1]->fixed, *b = &o->in[2]->fixed;
    struct fixed x = { 0 }, y = { 0 }, z = { 0 }, shape = { 0 };
    int64_t d[NET_ONNX_RANK_MAX];
    int rank;
    enum trundle_status status;
    if (is_float(a) != is_float(b))
        return op_bad(o, "its two values differ in type");
    TRY(broadcast_shape(o, a, b, &rank, d));
    shape.t.rank = rank;
    memcpy(shape.t.d, d, sizeof d);
    TRY(broadcast_shape(o, c, &shape, &rank, d));
    TRY_GOTO(status, broadcast(o, c, rank, d, &x), out);
    TRY_GOTO(status, broadcast(o, a, rank, d, &y), out);
    TRY_GOTO(status, broadcast(o, b, rank, d, &z), out);
    TRY_GOTO(status, fixed_new(&shape, a->t.onnx_type, a->t.type, rank, d, o->err), out);
    for (int64_t i = 0; i < shape.t.n; i++)
        TRY_GOTO(status, copy_one(o, &shape, i, fixed_integer(&x, i) ? &y : &z, i), out);
    *out = shape;
    shape = (struct fixed){ 0 };
out:
    fixed_done(&x);
    fixed_done(&y);
    fixed_done(&z);
    if (status != TRUNDLE_OK)
        fixed_done(&shape);
    return status;
}

static enum trundle_status fold_shape(struct op *o, const struct fixed *x, struct fixed *out)
{
    int64_t begin = attr_i(o, "start", 0), end = attr_i(o, "end", x->t.rank), n;
    begin = clamp_i(begin < 0 ? begin + x->t.rank : begin, 0, x->t.rank);
    end = clamp_i(end < 0 ? end + x->t.rank : end, 0, x->t.rank);
    n = end > begin ? end - begin : 0;
    TRY(fixed_new(out, ONNX_INT64, NET_I64, 1, &n, o->err));
    for (int64_t i = 0; i < n; i++)
        ((int64_t *)out->t.data)[i] = x->t.d[begin + i];
    return TRUNDLE_OK;
}

static enum trundle_status fold_expand(struct op *o, const struct fixed *x, struct fixed *out)
{
    struct fixed want = { 0 };
    int64_t d[NET_ONNX_RANK_MAX];
    int rank;
    TRY(sizes_of(o, 1, d, &rank));
    want.t.rank = rank;
    memcpy(want.t.d, d, sizeof d);
    TRY(broadcast_shape(o, x, &want, &rank, d));
    return broadcast(o, x, rank, d, out);
}

static enum trundle_status fold_tile(struct op *o, const struct fixed *x, struct fixed *out)
{
    int64_t times[NET_ONNX_RANK_MAX], d[NET_ONNX_RANK_MAX], dense[NET_ONNX_RANK_MAX], at[NET_ONNX_RANK_MAX] = { 0 };
    int n;
    TRY(sizes_of(o, 1, times, &n));
    if (n != x->t.rank)
        return op_bad(o, "%d repeats for %d axes", n, x->t.rank);
    for (int i = 0; i < n; i++)
        d[i] = x->t.d[i] * times[i] > ONNX_FOLD_MAX ? ONNX_FOLD_MAX + 1 : x->t.d[i] * times[i];
    strides_of(x, dense);
    TRY(fixed_new(out, x->t.onnx_type, x->t.type, n, d, o->err));
    for (int64_t i = 0; i < out->t.n; i++) {
        int64_t place = 0;
        for (int k = 0; k < n; k++)
            place += at[k] % x->t.d[k] * dense[k];
        TRY(copy_one(o, out, i, x, place));
        for (int k = n - 1; k >= 0 && ++at[k] >= d[k]; k--)
            at[k] = 0;
    }
    return TRUNDLE_OK;
}

static enum trundle_status fold_trilu(struct op *o, const struct fixed *x, struct fixed *out)
{
    int64_t diagonal = op_has(o, 1) && o->in[1]->fixed.t.n == 1 ? fixed_integer(&o->in[1]->fixed, 0) : 0;
    bool upper = attr_i(o, "upper", 1) != 0;
    if (x->t.rank < 2 || x->per_batch)
        return op_bad(o, "needs a matrix");
    TRY(fixed_copy(x, out, o->err));
    for (int64_t i = 0; i < x->t.n; i++) {
        int64_t column = i % x->t.d[x->t.rank - 1], row = i / x->t.d[x->t.rank - 1] % x->t.d[x->t.rank - 2];
        if (upper ? column - row < diagonal : column - row > diagonal)
            TRY(put_dual(o, out, i, (struct dual){ 0, 0 }));
    }
    return TRUNDLE_OK;
}

static enum trundle_status fold_one(struct op *o, struct fixed *out)
{
    struct fixed *x = &o->in[0]->fixed;
    const char *t = o->type;
    bool known = false;
    int axes[NET_ONNX_RANK_MAX];
    int64_t given[NET_ONNX_RANK_MAX];
    int n = 0;
    for (int k = 0; k < B_NONE; k++) {
        if (strcmp(t, binary_names[k]) != 0)
            continue;
        if ((k == B_MIN || k == B_MAX) && o->in_n == 1)
            return fixed_copy(x, out, o->err);
        if (o->in_n != 2 || !op_has(o, 1))
            return TRUNDLE_AGAIN;
        return fold_two(o, (enum binary)k, x, &o->in[1]->fixed, out);
    }
    if (strcmp(t, "Identity") == 0)
        return fixed_copy(x, out, o->err);
    if (strcmp(t, "Cast") == 0)
        return fold_cast(o, x, (int)attr_i(o, "to", 1), out);
    if (strcmp(t, "CastLike") == 0 && op_has(o, 1))
        return fold_cast(o, x, o->in[1]->fixed.t.onnx_type, out);
    if (strcmp(t, "Shape") == 0)
        return fold_shape(o, x, out);
    if (strcmp(t, "Size") == 0) {
        TRY(fixed_new(out, ONNX_INT64, NET_I64, 0, NULL, o->err));
        return put_dual(o, out, 0, (struct dual){ x->t.n, 0 });
    }
    if (strcmp(t, "Slice") == 0)
        return fold_slice(o, x, out);
    if (strcmp(t, "Gather") == 0 && op_has(o, 1))
        return fold_gather(o, x, &o->in[1]->fixed, out);
    if (strcmp(t, "Concat") == 0)
        return fold_concat(o, out);
    if (strcmp(t, "Reshape") == 0)
        return fold_reshape(o, x, out);
    if (strcmp(t, "Squeeze") == 0 || strcmp(t, "Unsqueeze") == 0)
        return fold_squeeze(o, x, t[0] == 'U', out);
    if (strcmp(t, "ConstantOfShape") == 0)
        return fold_fill(o, out);
    if (strcmp(t, "Range") == 0 && op_has(o, 1) && op_has(o, 2))
        return fold_range(o, out);
    if (strcmp(t, "Where") == 0 && op_has(o, 1) && op_has(o, 2))
        return fold_where(o, out);
    if (strcmp(t, "Expand") == 0 && op_has(o, 1))
        return o->in[1]->fixed.per_batch ? TRUNDLE_AGAIN : fold_expand(o, x, out);
    if (strcmp(t, "Tile") == 0 && op_has(o, 1))
        return fold_tile(o, x, out);
    if (strcmp(t, "Trilu") == 0)
        return fold_trilu(o, x, out);
    if (strcmp(t, "ReduceSum") == 0 || strcmp(t, "ReduceProd") == 0 || strcmp(t, "ReduceMax") == 0 || strcmp(t, "ReduceMin") == 0)
        return fold_reduce(o, x, t[6] == 'S' ? '+' : t[6] == 'P' ? '*' : t[7] == 'a' ? '>' : '<', out);
    if (strcmp(t, "ReduceMean") == 0 && is_float(x))
        return fold_reduce(o, x, 'm', out);
    if (strcmp(t, "Transpose") == 0) {
        TRY(op_integers(o, "perm", -1, given, NET_ONNX_RANK_MAX, &n));
        if (n >= 0 && n != x->t.rank)
            return op_bad(o, "a permutation of %d axes for %d", n, x->t.rank);
        for (int i = 0, seen = 0; i < x->t.rank; i++) {
            int axis = x->t.rank - 1 - i;
            if (n >= 0)
                TRY(op_axis(o, given[i], x->t.rank, &axis));
            if (seen >> axis & 1)
                return op_bad(o, "axis %d twice", axis);
            seen |= 1 << axis;
            axes[i] = axis;
        }
        return fixed_transpose(x, axes, out, o->err);
    }
    TRY(fold_unary(o, x, out, &known));
    if (!known)
        fixed_done(out);
    return known ? TRUNDLE_OK : TRUNDLE_AGAIN;
}

enum trundle_status fold(struct op *o, struct fixed *out, int *out_n)
{
    struct fixed made = { 0 };
    enum trundle_status status;
    if (o->in_n == 0 || !op_has(o, 0))
        return TRUNDLE_AGAIN;
    if (strcmp(o->type, "Transpose") != 0 && strcmp(o->type, "Identity") != 0)
        for (int i = 0; i < o->in_n; i++)
            if (op_has(o, i))
                TRY(fixed_plain(&o->in[i]->fixed, o->err));
    status = fold_one(o, &made);
    if (status != TRUNDLE_OK) {
        fixed_done(&made);
        return status;
    }
    *out = made;
    *out_n = 1;
    return TRUNDLE_OK;
}
