/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Resizing, the definition. Places and weights: op/geometry.h. Bilinear of a b / c d with weights u (columns), v (rows):
 *     top = fma(u, b - a, a), bottom = fma(u, d - c, c), fma(v, bottom - top, top)
 * u8: the same on the stored values, rounded half to even (their zero point passes through). */
#include "base/net/op/ref.h"

static float pixel(const struct net_call *c, int64_t at)
{
    return c->site->in[0]->type == NET_U8 ? (float)((const uint8_t *)c->in[0])[at] : ((const float *)c->in[0])[at];
}

static void run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *x = &c->site->in[0]->shape, *y = &c->site->out->shape;
    bool u8 = c->site->in[0]->type == NET_U8;

    NET_FOR_SHARE(at, net_shape_elements(y)) {
        int64_t i[NET_RANK_MAX];
        net_unravel(at, y, i);
        if (a->mode == NET_NEAREST) {
            int64_t h = net_resize_nearest(a, 0, i[1], x->d[1], y->d[1]), w = net_resize_nearest(a, 1, i[2], x->d[2], y->d[2]);
            net_move(c->out, at, c->in[0], ((i[0] * x->d[1] + h) * x->d[2] + w) * x->d[3] + i[3], u8 ? 1 : 4);
            continue;
        }
        int32_t h0, h1, w0, w1;
        float v = net_resize_between(a, 0, i[1], x->d[1], y->d[1], &h0, &h1), u = net_resize_between(a, 1, i[2], x->d[2], y->d[2], &w0, &w1);
        int64_t row0 = (i[0] * x->d[1] + h0) * x->d[2], row1 = (i[0] * x->d[1] + h1) * x->d[2];
        float p = pixel(c, (row0 + w0) * x->d[3] + i[3]), q = pixel(c, (row0 + w1) * x->d[3] + i[3]);
        float r = pixel(c, (row1 + w0) * x->d[3] + i[3]), s = pixel(c, (row1 + w1) * x->d[3] + i[3]);
        float top = fmaf(u, q - p, p), bottom = fmaf(u, s - r, r), value = fmaf(v, bottom - top, top);
        if (u8)
            ((uint8_t *)c->out)[at] = net_requant(value, 1.0f, 0);
        else
            ((float *)c->out)[at] = value;
    }
}

NET_REF(NET_RESIZE, resize, NULL)
