/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Softmax: along the last axis row by row; along another axis with vectors over what lies inside. */

enum { SOFTMAX_INNER = 256 };

static bool softmax_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static void softmax_row(const float *x, float *restrict y, int64_t n, bool log_)
{
    float m = rows_largest(x, n), s = rows_exp(x, y, m, n);

    if (log_) {
        s = net_log(s);
        for (int64_t i = 0; i < n; i++)
            y[i] = x[i] - m - s;
    } else {
        for (int64_t i = 0; i < n; i++)
            y[i] = y[i] / s;
    }
}

static void softmax_columns(const float *restrict x, float *restrict y, int64_t n, int64_t stride, int64_t some, bool log_)
{
    float m[SOFTMAX_INNER], s[SOFTMAX_INNER];

    for (int64_t i = 0; i < some; i++) {
        m[i] = -INFINITY;
        s[i] = 0;
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < some; i++)
            m[i] = net_max(m[i], x[k * stride + i]);
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < some; i++) {
            float e = net_exp(x[k * stride + i] - m[i]);
            y[k * stride + i] = e;
            s[i] += e;
        }
    if (log_)
        for (int64_t i = 0; i < some; i++)
            s[i] = net_log(s[i]);
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < some; i++)
            y[k * stride + i] = log_ ? x[k * stride + i] - m[i] - s[i] : y[k * stride + i] / s[i];
}

static void softmax_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_axis v = net_axis_of(&c->site->in[0]->shape, a->axes[0]);
    int64_t chunks = (v.inner + SOFTMAX_INNER - 1) / SOFTMAX_INNER;

    NET_FOR_SHARE(at, v.outer * chunks) {
        int64_t inner = at % chunks * SOFTMAX_INNER, first = at / chunks * v.n * v.inner + inner;
        const float *x = (const float *)c->in[0] + first;
        float *y = (float *)c->out + first;
        if (v.inner == 1)
            softmax_row(x, y, v.n, a->log_);
        else
            softmax_columns(x, y, v.n, v.inner, ROWS_MIN(v.inner - inner, SOFTMAX_INNER), a->log_);
    }
}
