/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Layer norm, row by row. */

static bool layer_norm_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static void layer_norm_row(const float *restrict x, float *restrict y, const float *restrict gamma, const float *restrict beta, int64_t n, float eps)
{
    float mean = rows_sum(x, n) / (float)n, inverse = 1.0f / sqrtf(rows_sum_squares(x, mean, n) / (float)n + eps);

    if (gamma && beta)
        for (int64_t i = 0; i < n; i++)
            y[i] = fmaf((x[i] - mean) * inverse, gamma[i], beta[i]);
    else if (gamma)
        for (int64_t i = 0; i < n; i++)
            y[i] = fmaf((x[i] - mean) * inverse, gamma[i], 0.0f);
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * inverse + (beta ? beta[i] : 0.0f);
}

static void layer_norm_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_axis v = net_axis_of(&c->site->in[0]->shape, a->axes[0]);
    int64_t n = v.n * v.inner;

    NET_FOR_SHARE(row, v.outer)
        layer_norm_row((const float *)c->in[0] + row * n, (float *)c->out + row * n, net_in(c, 1), net_in(c, 2), n, a->eps);
}
