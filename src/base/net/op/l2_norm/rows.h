/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* L2 normalisation along the last axis (embeddings) or, with vectors over what lies inside, another one. */

enum { L2_INNER = 256 };

static bool l2_norm_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static void l2_norm_columns(const float *restrict x, float *restrict y, int64_t n, int64_t stride, int64_t some, float eps)
{
    float s[L2_INNER] = { 0 };

    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < some; i++)
            s[i] = fmaf(x[k * stride + i], x[k * stride + i], s[i]);
    for (int64_t i = 0; i < some; i++)
        s[i] = net_max(sqrtf(s[i]), eps);
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < some; i++)
            y[k * stride + i] = x[k * stride + i] / s[i];
}

static void l2_norm_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_axis v = net_axis_of(&c->site->in[0]->shape, a->axes[0]);
    int64_t chunks = (v.inner + L2_INNER - 1) / L2_INNER;

    NET_FOR_SHARE(at, v.outer * chunks) {
        int64_t inner = at % chunks * L2_INNER, first = at / chunks * v.n * v.inner + inner;
        const float *x = (const float *)c->in[0] + first;
        float *y = (float *)c->out + first;
        if (v.inner > 1) {
            l2_norm_columns(x, y, v.n, v.inner, ROWS_MIN(v.inner - inner, L2_INNER), a->eps);
            continue;
        }
        float by = net_max(sqrtf(rows_sum_squares(x, 0.0f, v.n)), a->eps);
        for (int64_t i = 0; i < v.n; i++)
            y[i] = x[i] / by;
    }
}
