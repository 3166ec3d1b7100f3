/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Batch norm by rows of channels, with scale and shift worked out once for each part. */

static bool batch_norm_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static size_t batch_norm_scratch(const struct net_site *s, int parts)
{
    (void)parts;
    return 2 * sizeof(float) * (size_t)s->in[1]->shape.d[0];
}

static void batch_norm_row(const float *restrict x, float *restrict y, const float *restrict scale, const float *restrict shift, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = fmaf(x[i], scale[i], shift[i]);
}

static void batch_norm_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const float *gamma = c->in[1], *beta = c->in[2], *mean = c->in[3], *var = c->in[4];
    int64_t n = c->site->in[1]->shape.d[0], rows = net_shape_elements(&c->site->out->shape) / n, begin, end;
    float *scale = c->scratch, *shift = scale + n;

    for (int64_t i = 0; i < n; i++) {
        scale[i] = gamma[i] / sqrtf(var[i] + a->eps);
        shift[i] = fmaf(-mean[i], scale[i], beta[i]);
    }
    net_share(rows, c->part, c->parts, &begin, &end);
    for (int64_t row = begin; row < end; row++) {
        float *to = (float *)c->out + row * n;
        batch_norm_row((const float *)c->in[0] + row * n, to, scale, shift, n);
        rows_act(a->act, a->alpha, a->beta, to, n);
    }
}
