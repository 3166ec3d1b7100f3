/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A function of each element; u8 by way of a chunk of f32. */

static bool unary_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static void unary_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *x = c->site->in[0], *y = c->site->out;
    int64_t begin, end;

    rows_share(c, net_shape_elements(&x->shape), &begin, &end);
    for (int64_t i = begin; i < end; i += ROWS_CHUNK) {
        int64_t n = ROWS_MIN(end - i, ROWS_CHUNK);
        if (x->type == NET_F32) {
            float *to = (float *)c->out + i;
            memcpy(to, (const float *)c->in[0] + i, (size_t)n * sizeof *to);
            rows_act(a->act, a->alpha, a->beta, to, n);
        } else {
            float t[ROWS_CHUNK];
            rows_dequant((const uint8_t *)c->in[0] + i, t, n, x->quant.zero, net_scale_of(x));
            rows_act(a->act, a->alpha, a->beta, t, n);
            rows_requant(t, (uint8_t *)c->out + i, n, 1.0f / net_scale_of(y), y->quant.zero);
        }
    }
}
