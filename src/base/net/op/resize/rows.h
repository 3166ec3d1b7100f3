/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Resizing by rows of channels. Where each column comes from is worked out once for each part. */

struct resize_column { int32_t at, next; float weight; };

static bool resize_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static size_t resize_scratch(const struct net_site *s, int parts)
{
    (void)parts;
    return (size_t)s->out->shape.d[2] * sizeof(struct resize_column);
}

static void resize_between_f32(const float *restrict p, const float *restrict q, const float *restrict r, const float *restrict s, float *restrict y, int64_t n, float u, float v)
{
    for (int64_t i = 0; i < n; i++) {
        float top = fmaf(u, q[i] - p[i], p[i]), bottom = fmaf(u, s[i] - r[i], r[i]);
        y[i] = fmaf(v, bottom - top, top);
    }
}

static void resize_between_u8(const uint8_t *restrict p, const uint8_t *restrict q, const uint8_t *restrict r, const uint8_t *restrict s, uint8_t *restrict y, int64_t n, float u, float v)
{
    for (int64_t i = 0; i < n; i++) {
        float top = fmaf(u, (float)(q[i] - p[i]), (float)p[i]), bottom = fmaf(u, (float)(s[i] - r[i]), (float)r[i]);
        y[i] = net_requant(fmaf(v, bottom - top, top), 1.0f, 0);
    }
}

static void resize_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *x = &c->site->in[0]->shape, *y = &c->site->out->shape;
    struct resize_column *column = c->scratch;
    int64_t n = y->d[3], row_n = (int64_t)x->d[2] * n;
    bool u8 = c->site->in[0]->type == NET_U8;
    size_t bytes = u8 ? 1 : 4;

    for (int32_t i = 0; i < y->d[2]; i++) {
        if (a->mode == NET_NEAREST)
            column[i].at = net_resize_nearest(a, 1, i, x->d[2], y->d[2]);
        else
            column[i].weight = net_resize_between(a, 1, i, x->d[2], y->d[2], &column[i].at, &column[i].next);
    }
    NET_FOR_SHARE(line, (int64_t)y->d[0] * y->d[1]) {
        int64_t image = line / y->d[1] * x->d[1], h = line % y->d[1];
        char *to = (char *)c->out + (size_t)(line * y->d[2] * n) * bytes;
        const char *in = c->in[0];
        if (a->mode == NET_NEAREST) {
            const char *row = in + (size_t)((image + net_resize_nearest(a, 0, h, x->d[1], y->d[1])) * row_n) * bytes;
            for (int64_t i = 0; i < y->d[2]; i++)
                memcpy(to + (size_t)(i * n) * bytes, row + (size_t)(column[i].at * n) * bytes, (size_t)n * bytes);
            continue;
        }
        int32_t h0, h1;
        float v = net_resize_between(a, 0, h, x->d[1], y->d[1], &h0, &h1);
        const char *row0 = in + (size_t)((image + h0) * row_n) * bytes, *row1 = in + (size_t)((image + h1) * row_n) * bytes;
        for (int64_t i = 0; i < y->d[2]; i++) {
            size_t p = (size_t)(column[i].at * n) * bytes, q = (size_t)(column[i].next * n) * bytes, k = (size_t)(i * n) * bytes;
            if (u8)
                resize_between_u8((const uint8_t *)row0 + p, (const uint8_t *)row0 + q, (const uint8_t *)row1 + p, (const uint8_t *)row1 + q, (uint8_t *)to + k, n, column[i].weight, v);
            else
                resize_between_f32((const float *)(const void *)(row0 + p), (const float *)(const void *)(row0 + q), (const float *)(const void *)(row1 + p),
                                   (const float *)(const void *)(row1 + q), (float *)(void *)(to + k), n, column[i].weight, v);
        }
    }
}
