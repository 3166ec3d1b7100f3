/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The operators in real numbers. */
#include "tests/net/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct real { struct net_shape s; double *v; };

static int64_t count(const struct net_shape *s) { return net_shape_elements(s); }

static struct real real_of(const struct net_tensor *t, const void *data)
{
    struct real r = { t->shape, malloc((size_t)count(&t->shape) * sizeof(double)) };
    int64_t inner = 1;

    if (!r.v)
        abort();
    for (int i = t->quant.axis + 1; i < t->shape.rank; i++)
        inner *= t->shape.d[i];
    for (int64_t i = 0; i < count(&t->shape); i++) {
        double scale = t->quant.n ? (double)t->quant.scale[t->quant.n > 1 ? i / inner % t->quant.n : 0] : 1;
        switch (t->type) {
        case NET_F32: r.v[i] = (double)((const float *)data)[i]; break;
        case NET_U8:  r.v[i] = scale * (((const uint8_t *)data)[i] - t->quant.zero); break;
        case NET_I8:  r.v[i] = scale * (((const int8_t *)data)[i] - t->quant.zero); break;
        case NET_I32: r.v[i] = ((const int32_t *)data)[i]; break;
        default:      r.v[i] = (double)((const int64_t *)data)[i];
        }
    }
    return r;
}

static double act(const struct net_attr *k, double x)
{
    double a = (double)k->alpha, b = (double)k->beta;

    if (isnan(x))
        return x;
    switch (k->act) {
    case NET_ACT_RELU:         return fmax(x, 0);
    case NET_ACT_LEAKY_RELU:   return x < 0 ? a * x : x;
    case NET_ACT_CLIP:         return fmin(fmax(x, a), b);
    case NET_ACT_HARD_SIGMOID: return fmin(fmax(a * x + b, 0), 1);
    case NET_ACT_HARD_SWISH:   return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    case NET_ACT_SIGMOID:      return 1 / (1 + exp(-x));
    case NET_ACT_SILU:         return x / (1 + exp(-x));
    case NET_ACT_TANH:         return tanh(x);
    case NET_ACT_GELU:         return 0.5 * x * (1 + erf(x / sqrt(2.0)));
    case NET_ACT_GELU_TANH:    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
    case NET_ACT_ELU:          return x < 0 ? a * expm1(x) : x;
    case NET_ACT_SOFTPLUS:     return log1p(exp(-fabs(x))) + fmax(x, 0);
    case NET_ACT_MISH:         return x * tanh(log1p(exp(-fabs(x))) + fmax(x, 0));
    case NET_ACT_EXP:          return exp(x);
    case NET_ACT_LOG:          return log(x);
    case NET_ACT_SQRT:         return sqrt(x);
    case NET_ACT_ABS:          return fabs(x);
    case NET_ACT_NEG:          return -x;
    case NET_ACT_RECIPROCAL:   return 1 / x;
    case NET_ACT_ERF:          return erf(x);
    case NET_ACT_FLOOR:        return floor(x);
    case NET_ACT_CEIL:         return ceil(x);
    case NET_ACT_ROUND:        return nearbyint(x);
    case NET_ACT_SIGN:         return (x > 0) - (x < 0);
    case NET_ACT_SIN:          return sin(x);
    case NET_ACT_COS:          return cos(x);
    default:                   return x;
    }
}

/* Every index of a shape, last axis first. false: that was the last one. */
static bool next(int32_t i[NET_RANK_MAX], const struct net_shape *s)
{
    for (int k = s->rank - 1; k >= 0; k--) {
        if (++i[k] < s->d[k])
            return true;
        i[k] = 0;
    }
    return false;
}

/* Element of a tensor at an index of at least its rank: aligned right, axes of one element stand still. */
static double at(const struct real *x, const int32_t *i, int rank)
{
    int64_t k = 0;

    for (int a = 0; a < x->s.rank; a++)
        k = k * x->s.d[a] + (x->s.d[a] == 1 ? 0 : i[rank - x->s.rank + a]);
    return x->v[k];
}

static double *ref4(double *v, const struct net_shape *s, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return &v[((a * s->d[1] + b) * s->d[2] + c) * s->d[3] + d];
}

static void conv(const struct net_attr *k, struct real *x, struct real *w, const struct net_shape *ys, double *y)
{
    int per = w->s.d[0] / k->groups;

    for (int n = 0; n < x->s.d[0]; n++)
        for (int ih = 0; ih < x->s.d[1]; ih++)
            for (int iw = 0; iw < x->s.d[2]; iw++)
                for (int kh = 0; kh < w->s.d[1]; kh++)
                    for (int kw = 0; kw < w->s.d[2]; kw++) {
                        int h = ih + k->pad[0] - kh * k->dilation[0], v = iw + k->pad[1] - kw * k->dilation[1];
                        if (h < 0 || v < 0 || h % k->stride[0] || v % k->stride[1] || h / k->stride[0] >= ys->d[1] || v / k->stride[1] >= ys->d[2])
                            continue;
                        for (int o = 0; o < w->s.d[0]; o++)
                            for (int c = 0; c < w->s.d[3]; c++)
                                *ref4(y, ys, n, h / k->stride[0], v / k->stride[1], o) +=
                                    *ref4(x->v, &x->s, n, ih, iw, o / per * w->s.d[3] + c) * *ref4(w->v, &w->s, o, kh, kw, c);
                    }
}

static void conv_transpose(const struct net_attr *k, struct real *x, struct real *w, const struct net_shape *ys, double *y)
{
    int per = x->s.d[3] / k->groups;
    int32_t i[NET_RANK_MAX] = { 0 };

    do
        for (int kh = 0; kh < w->s.d[1]; kh++)
            for (int kw = 0; kw < w->s.d[2]; kw++) {
                int h = i[1] * k->stride[0] - k->pad[0] + kh * k->dilation[0], v = i[2] * k->stride[1] - k->pad[1] + kw * k->dilation[1];
                if (h >= 0 && v >= 0 && h < ys->d[1] && v < ys->d[2])
                    for (int o = 0; o < w->s.d[3]; o++)
                        *ref4(y, ys, i[0], h, v, i[3] / per * w->s.d[3] + o) += at(x, i, 4) * *ref4(w->v, &w->s, i[3], kh, kw, o);
            }
    while (next(i, &x->s));
}

static void matmul(const struct net_attr *k, struct real *a, struct real *b, const struct net_shape *ys, double *y)
{
    int32_t i[NET_RANK_MAX] = { 0 };
    int r = ys->rank, depth = a->s.d[a->s.rank - 1];

    do {
        double sum = 0;
        for (int32_t d = 0; d < depth; d++) {
            int32_t ia[NET_RANK_MAX], ib[NET_RANK_MAX];
            memcpy(ia, i, sizeof ia);
            memcpy(ib, i, sizeof ib);
            ia[r - 1] = d;
            ib[r - 2] = k->flip_b ? i[r - 1] : d;
            ib[r - 1] = k->flip_b ? d : i[r - 1];
            sum += at(a, ia, r) * at(b, ib, r);
        }
        *y++ = sum;
    } while (next(i, ys));
}

static void pool(const struct net_attr *k, struct real *x, const struct net_shape *ys, double *y)
{
    bool whole = !k->kernel[0], max = k->kind == NET_POOL_MAX;
    int kernel[2] = { whole ? x->s.d[1] : k->kernel[0], whole ? x->s.d[2] : k->kernel[1] };
    int64_t n = count(ys);
    double *seen = calloc((size_t)n, sizeof *seen), *counted = calloc((size_t)n, sizeof *counted);

    if (!seen || !counted)
        abort();
    for (int b = 0; b < ys->d[0]; b++)
        for (int c = 0; c < ys->d[3]; c++)
            for (int oh = 0; oh < ys->d[1]; oh++)
                for (int ow = 0; ow < ys->d[2]; ow++) {
                    int64_t to = ref4(y, ys, b, oh, ow, c) - y;
                    for (int t = 0; t < kernel[0] * kernel[1]; t++) {
                        int h = t / kernel[1] * (whole ? 1 : k->dilation[0]) + (whole ? 0 : oh * k->stride[0] - k->pad[0]);
                        int w = t % kernel[1] * (whole ? 1 : k->dilation[1]) + (whole ? 0 : ow * k->stride[1] - k->pad[1]);
                        bool in = h >= 0 && w >= 0 && h < x->s.d[1] && w < x->s.d[2], padded = h < x->s.d[1] + k->pad[2] && w < x->s.d[2] + k->pad[3];
                        counted[to] += in || (k->count_pad && padded);
                        if (!in)
                            continue;
                        double v = *ref4(x->v, &x->s, b, h, w, c);
                        y[to] = !max ? y[to] + v : seen[to] > 0 ? fmax(y[to], v) : v;
                        seen[to]++;
                    }
                    if (!max && seen[to] > 0)
                        y[to] /= counted[to];
                }
    free(seen);
    free(counted);
}

/* ONNX Resize: where an output coordinate lies, without clipping. */
static double source(const struct net_attr *k, int axis, int i, int in, int out)
{
    double scale = k->dims_n ? (double)out / in : (double)k->scale[axis];

    switch (k->coords) {
    case NET_HALF_PIXEL:    return (i + 0.5) / scale - 0.5;
    case NET_ASYMMETRIC:    return i / scale;
    case NET_ALIGN_CORNERS: return out == 1 ? 0 : i * (in - 1.0) / (out - 1.0);
    default:                return out == 1 ? 0 : (i + 0.5) / scale - 0.5;
    }
}

static int clamp(double x, int n) { return x < 0 ? 0 : x > n - 1 ? n - 1 : (int)x; }

static int rounded(const struct net_attr *k, double x, int n)
{
    double below = floor(x), f = x - below;

    switch (k->nearest) {
    case NET_FLOOR:              return clamp(below, n);
    case NET_CEIL:               return clamp(ceil(x), n);
    case NET_ROUND_PREFER_FLOOR: return clamp(f <= 0.5 ? below : below + 1, n);
    default:                     return clamp(f < 0.5 ? below : below + 1, n);
    }
}

static void resize(const struct net_attr *k, struct real *x, const struct net_shape *ys, double *y)
{
    int32_t i[NET_RANK_MAX] = { 0 };

    do {
        double h = source(k, 0, i[1], x->s.d[1], ys->d[1]), w = source(k, 1, i[2], x->s.d[2], ys->d[2]), sum = 0;
        if (k->mode == NET_NEAREST)
            sum = *ref4(x->v, &x->s, i[0], rounded(k, h, x->s.d[1]), rounded(k, w, x->s.d[2]), i[3]);
        else
            for (int c = 0; c < 4; c++) {
                double u = c & 1 ? w - floor(w) : 1 - (w - floor(w)), v = c & 2 ? h - floor(h) : 1 - (h - floor(h));
                sum += u * v * *ref4(x->v, &x->s, i[0], clamp(floor(h) + (c >> 1), x->s.d[1]), clamp(floor(w) + (c & 1), x->s.d[2]), i[3]);
            }
        *y++ = sum;
    } while (next(i, ys));
}

static void pad_or_slice(const struct net_node *node, enum net_type type, struct real *x, const struct net_shape *ys, double *y)
{
    const struct net_attr *k = &node->attr;
    int32_t i[NET_RANK_MAX] = { 0 }, *list[NET_RANK_MAX] = { 0 };
    double fill = type == NET_I32 || type == NET_I64 ? trunc((double)k->value) : (double)k->value;

    for (int a = 0; a < ys->rank; a++) {                   /* for each output index the input index, -1: outside */
        int n = x->s.d[a], m = 0;
        if (!(list[a] = malloc((size_t)ys->d[a] * sizeof(int32_t))))
            abort();
        if (node->op == NET_SLICE) {
            int64_t b = k->begin[a], e = k->end[a];
            b = b < 0 ? b + n : b;
            e = e < 0 ? e + n : e;
            for (int64_t v = k->step[a] > 0 ? (b < 0 ? 0 : b) : (b > n - 1 ? n - 1 : b); v >= 0 && v < n && (k->step[a] > 0 ? v < e : v > e) && m < ys->d[a]; v += k->step[a])
                list[a][m++] = (int32_t)v;
            if (m != ys->d[a])
                list[a][0] = -2;                           /* another length than infer's: at() is never asked, the test fails */
        } else {
            for (int v = -k->begin[a]; m < ys->d[a]; v++)
                list[a][m++] = v >= 0 && v < n ? v : k->mode == NET_PAD_CONSTANT ? -1 : k->mode == NET_PAD_EDGE ? (v < 0 ? 0 : n - 1) : v < 0 ? -v : n - 1 - (v - n + 1);
        }
    }
    do {
        int32_t from[NET_RANK_MAX] = { 0 };
        bool in = true;
        for (int a = 0; a < ys->rank; a++) {
            from[a] = list[a][i[a]];
            in = in && from[a] >= 0;
        }
        *y++ = in ? at(x, from, ys->rank) : node->op == NET_PAD ? fill : nan("");
    } while (next(i, ys));
    for (int a = 0; a < ys->rank; a++)
        free(list[a]);
}

static void reduce(const struct net_attr *k, struct real *x, double *y)
{
    struct net_shape kept = x->s;
    int32_t i[NET_RANK_MAX] = { 0 };
    int64_t n = 1, outs;

    for (int a = 0; a < k->axes_n; a++) {
        n *= kept.d[k->axes[a]];
        kept.d[k->axes[a]] = 1;
    }
    outs = count(&kept);
    for (int64_t o = 0; o < outs; o++)
        y[o] = k->kind == NET_REDUCE_MAX ? -HUGE_VAL : k->kind == NET_REDUCE_MIN ? HUGE_VAL : k->kind == NET_PROD;
    do {
        int64_t to = 0;
        double v = at(x, i, x->s.rank);
        for (int a = 0; a < kept.rank; a++)
            to = to * kept.d[a] + (kept.d[a] == 1 ? 0 : i[a]);
        switch (k->kind) {
        case NET_REDUCE_MAX: y[to] = fmax(y[to], v); break;
        case NET_REDUCE_MIN: y[to] = fmin(y[to], v); break;
        case NET_PROD:       y[to] *= v; break;
        case NET_L1:         y[to] += fabs(v); break;
        case NET_L2:
        case NET_SUMSQ:      y[to] += v * v; break;
        case NET_LOGSUMEXP:  y[to] += exp(v); break;
        default:             y[to] += v;
        }
    } while (next(i, &x->s));
    for (int64_t o = 0; o < outs; o++)
        y[o] = k->kind == NET_MEAN ? y[o] / (double)n : k->kind == NET_L2 ? sqrt(y[o]) : k->kind == NET_LOGSUMEXP ? log(y[o]) : y[o];
}

static void along(const struct net_node *node, struct real *in, double *y)         /* softmax, l2_norm, layer_norm */
{
    const struct net_attr *k = &node->attr;
    struct real *x = &in[0];
    int64_t inner = 1, n = x->s.d[k->axes[0]], all = count(&x->s);

    for (int a = k->axes[0] + 1; a < x->s.rank; a++)
        *(node->op == NET_LAYER_NORM ? &n : &inner) *= x->s.d[a];
    for (int64_t o = 0; o < all / n; o++) {
        double *from = x->v + o / inner * n * inner + o % inner, *to = y + (from - x->v), sum = 0, square = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += node->op == NET_SOFTMAX ? exp(from[i * inner]) : from[i * inner];
            square += from[i * inner] * from[i * inner];
        }
        double mean = sum / (double)n, var = square / (double)n - mean * mean;
        for (int64_t i = 0; i < n; i++) {
            double v = from[i * inner];
            if (node->op == NET_SOFTMAX)
                to[i * inner] = k->log_ ? v - log(sum) : exp(v) / sum;
            else if (node->op == NET_L2_NORM)
                to[i * inner] = v / fmax(sqrt(square), (double)k->eps);
            else
                to[i] = (v - mean) / sqrt(var + (double)k->eps) * (in[1].v ? in[1].v[i] : 1) + (in[2].v ? in[2].v[i] : 0);
        }
    }
}

static void attention(const struct net_attr *k, struct real *in, const struct net_shape *ys, double *y)
{
    struct real *q = &in[0], *key = &in[1], *v = &in[2];
    int d = q->s.d[2] / k->heads, e = v->s.d[2] / k->heads, keys = v->s.d[1];
    double *p = malloc((size_t)keys * sizeof *p), scale = k->scale[0] > 0 ? (double)k->scale[0] : 1 / sqrt(d);
    int32_t i[NET_RANK_MAX] = { 0 };

    if (!p)
        abort();
    do {
        int head = i[2] / e;
        double sum = 0, out = 0;
        for (int s = 0; s < keys; s++) {
            int32_t m[4] = { i[0], head, i[1], s };
            double score = 0;
            for (int c = 0; c < d; c++)
                score += q->v[((int64_t)i[0] * q->s.d[1] + i[1]) * q->s.d[2] + head * d + c] * key->v[((int64_t)i[0] * keys + s) * q->s.d[2] + head * d + c];
            p[s] = exp(score * scale + (in[3].v ? at(&in[3], m, 4) : 0));
            sum += p[s];
        }
        for (int s = 0; s < keys; s++)
            out += p[s] / sum * v->v[((int64_t)i[0] * keys + s) * v->s.d[2] + i[2]];
        *y++ = out;
    } while (next(i, ys));
    free(p);
}

static double two(int kind, double x, double y)
{
    switch (kind) {
    case NET_ADD: return x + y;
    case NET_SUB: return x - y;
    case NET_MUL: return x * y;
    case NET_DIV: return x / y;
    case NET_MAX: return fmax(x, y);
    case NET_MIN: return fmin(x, y);
    default:      return pow(x, y);
    }
}

static void simple(const struct kernels_site *s, struct real *in, double *y)
{
    const struct net_node *node = s->site.node;
    const struct net_shape *ys = &s->site.out->shape;
    int32_t i[NET_RANK_MAX] = { 0 };
    int64_t o = 0;
    int axis = node->attr.axes[0];

    do {
        int32_t from[NET_RANK_MAX] = { 0 };
        switch (node->op) {
        case NET_BINARY: y[o] = two(node->attr.kind, at(&in[0], i, ys->rank), at(&in[1], i, ys->rank)); break;
        case NET_EXPAND: y[o] = at(&in[0], i, ys->rank); break;
        case NET_TRANSPOSE:
            for (int a = 0; a < ys->rank; a++)
                from[node->attr.axes[a]] = i[a];
            y[o] = at(&in[0], from, ys->rank);
            break;
        case NET_CONCAT: {
            int k = 0;
            memcpy(from, i, sizeof from);
            for (; from[axis] >= in[k].s.d[axis]; k++)
                from[axis] -= in[k].s.d[axis];
            y[o] = at(&in[k], from, ys->rank);
            break;
        }
        case NET_BATCH_NORM: {
            int64_t c = o % in[1].s.d[0];
            y[o] = (in[0].v[o] - in[3].v[c]) / sqrt(in[4].v[c] + (double)node->attr.eps) * in[1].v[c] + in[2].v[c];
            break;
        }
        default: y[o] = in[0].v[o];
        }
        o++;
    } while (next(i, ys));
}

double *oracle(const struct kernels_site *s)
{
    const struct net_node *node = s->site.node;
    const struct net_attr *k = &node->attr;
    const struct net_shape *ys = &s->site.out->shape;
    struct real in[NET_IN_MAX] = { 0 };
    int64_t n = count(ys);
    double *y = calloc((size_t)n, sizeof *y);

    if (!y)
        abort();
    for (int i = 0; i < s->site.in_n; i++)
        if (s->site.in[i])
            in[i] = real_of(s->site.in[i], s->in[i]);
    switch (node->op) {
    case NET_CONV:           conv(k, &in[0], &in[1], ys, y); break;
    case NET_CONV_TRANSPOSE: conv_transpose(k, &in[0], &in[1], ys, y); break;
    case NET_MATMUL:         matmul(k, &in[0], &in[1], ys, y); break;
    case NET_POOL:           pool(k, &in[0], ys, y); break;
    case NET_RESIZE:         resize(k, &in[0], ys, y); break;
    case NET_PAD:
    case NET_SLICE:          pad_or_slice(node, s->site.out->type, &in[0], ys, y); break;
    case NET_REDUCE:         reduce(k, &in[0], y); break;
    case NET_SOFTMAX:
    case NET_L2_NORM:
    case NET_LAYER_NORM:     along(node, in, y); break;
    case NET_ATTENTION:      attention(k, in, ys, y); break;
    default:                 simple(s, in, y);
    }
    for (int64_t i = 0; i < n; i++) {
        if (node->op == NET_CONV || node->op == NET_CONV_TRANSPOSE || node->op == NET_MATMUL)
            y[i] += (in[2].v ? in[2].v[i % ys->d[ys->rank - 1]] : 0) + (in[3].v ? in[3].v[i] : 0);
        y[i] = act(k, y[i]);
    }
    for (int i = 0; i < s->site.in_n; i++)
        free(in[i].v);
    return y;
}

double oracle_distance(const struct kernels_site *s, const void *out, const double *real)
{
    const struct net_tensor *t = s->site.out;
    int64_t n = count(&t->shape);
    struct real got = real_of(t, out);
    double worst = 0, rms = 0, scale = t->type == NET_U8 ? (double)t->quant.scale[0] : 1;

    for (int64_t i = 0; i < n; i++)
        rms += isfinite(real[i]) ? real[i] * real[i] / (double)n : 0;
    for (int64_t i = 0; i < n; i++) {
        double want = real[i], d;
        if (t->type == NET_U8) {
            want = fmin(fmax(want, -scale * t->quant.zero), scale * (255 - t->quant.zero));
            d = isnan(want) ? 0 : fmax(fabs(got.v[i] - want) / scale - 0.5, 0);
        } else {
            d = (isnan(want) && isnan(got.v[i])) || (isinf(want) && (got.v[i] == want || fabs(got.v[i]) > 1e38)) ? 0 : fabs(got.v[i] - want) / fmax(fmax(sqrt(rms), fabs(want)), 1e-6);
        }
        if (!(d <= worst) && !(want == 0 && got.v[i] == 0))
            worst = isnan(d) ? HUGE_VAL : d;
    }
    free(got.v);
    return worst;
}
