/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Two operands by rows: axes along which both go on in step are one axis, and the innermost of what is left is a row, in which each operand goes
 * on or stands still. */

static bool binary_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

struct binary_walk { int rank; int64_t d[NET_RANK_MAX], sx[NET_RANK_MAX], sy[NET_RANK_MAX]; };

static struct binary_walk binary_walk_of(const struct net_site *s)
{
    struct binary_walk w = { 1, { 1 }, { 0 }, { 0 } };
    const struct net_shape *out = &s->out->shape;
    int64_t sx[NET_RANK_MAX], sy[NET_RANK_MAX];

    net_broadcast_strides(&s->in[0]->shape, out, sx);
    net_broadcast_strides(&s->in[1]->shape, out, sy);
    for (int i = 0; i < out->rank; i++) {
        int at = w.rank - 1;
        if (out->d[i] == 1)
            continue;
        if (w.d[at] == 1 || (w.sx[at] == sx[i] * out->d[i] && w.sy[at] == sy[i] * out->d[i])) {
            w.d[at] *= out->d[i];
        } else {
            at = w.rank++;
            w.d[at] = out->d[i];
        }
        w.sx[at] = sx[i];
        w.sy[at] = sy[i];
    }
    return w;
}

#define BINARY_LOOP(id, form)                                                                                                   \
    case id:                                                                                                                    \
        if (sx && sy)                                                                                                           \
            for (int64_t i = 0; i < n; i++) { float x = xs[i], y = ys[i]; to[i] = form; }                                       \
        else if (sx)                                                                                                            \
            for (int64_t i = 0; i < n; i++) { float x = xs[i], y = ys[0]; to[i] = form; }                                       \
        else                                                                                                                    \
            for (int64_t i = 0; i < n; i++) { float x = xs[0], y = ys[i * sy]; to[i] = form; }                                  \
        return;

static __attribute__((noinline)) void binary_row(enum net_binary kind, const float *xs, bool sx, const float *ys, bool sy, float *restrict to, int64_t n)
{
    switch (kind) {
        NET_BINARY_FORMS(BINARY_LOOP)
    case NET_BINARY_COUNT:
        break;
    }
}

struct binary_quant { int32_t zx, zy; float scale_x, scale_y, product; };

static void binary_row_u8(enum net_binary kind, const uint8_t *xs, bool sx, const uint8_t *ys, bool sy, float *restrict to, int64_t n, const struct binary_quant *q)
{
    int32_t zx = q->zx, zy = q->zy;
    float scale_x = q->scale_x, scale_y = kind == NET_SUB ? -q->scale_y : q->scale_y, product = q->product;

    if (kind == NET_MUL && sx && sy)
        for (int64_t i = 0; i < n; i++)
            to[i] = (float)(xs[i] - zx) * (float)(ys[i] - zy) * product;
    else if (kind == NET_MUL)
        for (int64_t i = 0; i < n; i++)
            to[i] = (float)(xs[sx ? i : 0] - zx) * (float)(ys[sy ? i : 0] - zy) * product;
    else if (sx && sy)
        for (int64_t i = 0; i < n; i++)
            to[i] = fmaf((float)(ys[i] - zy), scale_y, (float)(xs[i] - zx) * scale_x);
    else
        for (int64_t i = 0; i < n; i++)
            to[i] = fmaf((float)(ys[sy ? i : 0] - zy), scale_y, (float)(xs[sx ? i : 0] - zx) * scale_x);
}

static void binary_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0], *yt = c->site->in[1], *out = c->site->out;
    struct binary_walk w = binary_walk_of(c->site);
    int64_t row_n = w.d[w.rank - 1], total = net_shape_elements(&out->shape), begin, end;
    bool sx = w.sx[w.rank - 1] != 0, sy = w.sy[w.rank - 1] != 0, u8 = xt->type == NET_U8;
    struct binary_quant q = { 0 };
    float inverse = 0;

    if (u8) {
        q = (struct binary_quant){ xt->quant.zero, yt->quant.zero, net_scale_of(xt), net_scale_of(yt), net_scale_of(xt) * net_scale_of(yt) };
        inverse = 1.0f / net_scale_of(out);
    }
    rows_share(c, total, &begin, &end);
    for (int64_t at = begin; at < end;) {
        int64_t row = at / row_n, in = at % row_n, n = ROWS_MIN(ROWS_MIN(end - at, row_n - in), ROWS_CHUNK), x = sx ? in : 0, y = sy ? in : 0;
        for (int k = w.rank - 2; k >= 0; k--) {
            x += row % w.d[k] * w.sx[k];
            y += row % w.d[k] * w.sy[k];
            row /= w.d[k];
        }
        if (u8) {
            float t[ROWS_CHUNK];
            binary_row_u8((enum net_binary)a->kind, (const uint8_t *)c->in[0] + x, sx, (const uint8_t *)c->in[1] + y, sy, t, n, &q);
            if (a->act)
                rows_act(a->act, a->alpha, a->beta, t, n);
            rows_requant(t, (uint8_t *)c->out + at, n, inverse, out->quant.zero);
        } else {
            float *to = (float *)c->out + at;
            binary_row((enum net_binary)a->kind, (const float *)c->in[0] + x, sx, (const float *)c->in[1] + y, sy, to, n);
            if (a->act)
                rows_act(a->act, a->alpha, a->beta, to, n);
        }
        at += n;
    }
}
