/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* To u8, from f32 or another u8. */

static bool quantize_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static void quantize_run(const struct net_call *c)
{
    const struct net_tensor *x = c->site->in[0], *y = c->site->out;
    float inverse = 1.0f / net_scale_of(y);
    int64_t begin, end;

    rows_share(c, net_shape_elements(&x->shape), &begin, &end);
    if (x->type == NET_F32) {
        rows_requant((const float *)c->in[0] + begin, (uint8_t *)c->out + begin, end - begin, inverse, y->quant.zero);
        return;
    }
    for (int64_t i = begin; i < end; i += ROWS_CHUNK) {
        int64_t n = ROWS_MIN(end - i, ROWS_CHUNK);
        float t[ROWS_CHUNK];
        rows_dequant((const uint8_t *)c->in[0] + i, t, n, x->quant.zero, net_scale_of(x));
        rows_requant(t, (uint8_t *)c->out + i, n, inverse, y->quant.zero);
    }
}
