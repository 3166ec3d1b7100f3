/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Reduction of neighbouring axes: [outer, n, inner]. Contiguous (inner 1) by lanes, else with vectors over inner. sum, mean, max, l2 and sumsq in f32;
 * the mean of u8. */

enum { REDUCE_INNER = 256 };

/* The reduced axes as one, when nothing but axes of one element lies between them. */
static bool reduce_axis(const struct net_site *s, struct net_axis *out)
{
    const struct net_attr *a = &s->node->attr;
    const struct net_shape *x = &s->in[0]->shape;
    struct net_axis v = { 1, 1, 1 };
    unsigned axes = 0;

    for (int i = 0; i < a->axes_n; i++)
        axes |= 1u << a->axes[i];
    for (int i = 0; i < x->rank; i++) {
        if (x->d[i] == 1)
            continue;
        if (!(axes >> i & 1))
            *(v.n > 1 ? &v.inner : &v.outer) *= x->d[i];
        else if (v.inner > 1)
            return false;
        else
            v.n *= x->d[i];
    }
    if (v.n == 1) {                        /* nothing is added up: a row for each element */
        v.outer *= v.inner;
        v.inner = 1;
    }
    *out = v;
    return true;
}

static bool reduce_fits(const struct net_site *s)
{
    struct net_axis v;
    int kind = s->node->attr.kind;

    return (kind == NET_SUM || kind == NET_MEAN || kind == NET_REDUCE_MAX || kind == NET_L2 || kind == NET_SUMSQ) && reduce_axis(s, &v);
}

static void reduce_columns(int kind, const float *restrict x, float *restrict y, int64_t n, int64_t stride, int64_t some)
{
    for (int64_t i = 0; i < some; i++)
        y[i] = kind == NET_REDUCE_MAX ? -INFINITY : 0.0f;
    for (int64_t k = 0; k < n; k++) {
        const float *row = x + k * stride;
        if (kind == NET_REDUCE_MAX)
            for (int64_t i = 0; i < some; i++)
                y[i] = net_max(y[i], row[i]);
        else if (kind == NET_SUM || kind == NET_MEAN)
            for (int64_t i = 0; i < some; i++)
                y[i] += row[i];
        else
            for (int64_t i = 0; i < some; i++)
                y[i] = fmaf(row[i], row[i], y[i]);
    }
    if (kind == NET_MEAN)
        for (int64_t i = 0; i < some; i++)
            y[i] = y[i] / (float)n;
    else if (kind == NET_L2)
        for (int64_t i = 0; i < some; i++)
            y[i] = sqrtf(y[i]);
}

static float reduce_row(int kind, const float *x, int64_t n)
{
    switch (kind) {
    case NET_SUM:        return rows_sum(x, n);
    case NET_MEAN:       return rows_sum(x, n) / (float)n;
    case NET_REDUCE_MAX: return rows_largest(x, n);
    case NET_L2:         return sqrtf(rows_sum_squares(x, 0.0f, n));
    default:             return rows_sum_squares(x, 0.0f, n);
    }
}

static void reduce_u8(const uint8_t *restrict x, int32_t *restrict sum, int64_t n, int64_t stride, int64_t some)
{
    memset(sum, 0, (size_t)some * sizeof *sum);
    if (stride == 1) {
        int32_t s = 0;
        for (int64_t k = 0; k < n; k++)
            s += x[k];
        sum[0] = s;
        return;
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < some; i++)
            sum[i] += x[k * stride + i];
}

static void reduce_run(const struct net_call *c)
{
    const struct net_tensor *xt = c->site->in[0], *out = c->site->out;
    struct net_axis v = { 0 };
    int kind = c->site->node->attr.kind;

    if (!reduce_axis(c->site, &v))
        return;
    int64_t chunks = (v.inner + REDUCE_INNER - 1) / REDUCE_INNER;
    NET_FOR_SHARE(at, v.outer * chunks) {
        int64_t inner = at % chunks * REDUCE_INNER, some = ROWS_MIN(v.inner - inner, REDUCE_INNER);
        int64_t from = at / chunks * v.n * v.inner + inner, to = at / chunks * v.inner + inner;
        if (xt->type == NET_U8) {
            int32_t sum[REDUCE_INNER], less = (int32_t)v.n * xt->quant.zero;
            float by = net_scale_of(xt) / (float)v.n, inverse = 1.0f / net_scale_of(out);
            reduce_u8((const uint8_t *)c->in[0] + from, sum, v.n, v.inner, some);
            for (int64_t i = 0; i < some; i++)
                ((uint8_t *)c->out)[to + i] = net_requant((float)(sum[i] - less) * by, inverse, out->quant.zero);
        } else if (v.inner == 1) {
            ((float *)c->out)[to] = reduce_row(kind, (const float *)c->in[0] + from, v.n);
        } else {
            reduce_columns(kind, (const float *)c->in[0] + from, (float *)c->out + to, v.n, v.inner, some);
        }
    }
}
