/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* u8 with one scale to f32. */

static bool dequantize_fits(const struct net_site *s) { return s->in[0]->type == NET_U8; }

static void dequantize_run(const struct net_call *c)
{
    const struct net_tensor *x = c->site->in[0];
    int64_t begin, end;

    rows_share(c, net_shape_elements(&x->shape), &begin, &end);
    rows_dequant((const uint8_t *)c->in[0] + begin, (float *)c->out + begin, end - begin, x->quant.zero, net_scale_of(x));
}
