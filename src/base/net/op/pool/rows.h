/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pooling by rows of channels: the taps of a window, in order, into a chunk of channels. */

enum { POOL_CHANNELS = 128 };

static bool pool_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

/* Up to POOL_TAPS taps at once, so that the result is written once: in the order of the taps for f32, whose zeros have signs. */
enum { POOL_TAPS = 9 };

static void pool_max_f32(float *y, const float *const tap[POOL_TAPS], int taps, int64_t n)
{
    int64_t i = 0;

    for (; i + VL <= n; i += VL) {
        v_f32 m = v_load(tap[0] + i);
        for (int k = 1; k < taps; k++)
            m = rows_vmax(m, v_load(tap[k] + i));
        v_store(y + i, m);
    }
    for (; i < n; i++) {
        float m = tap[0][i];
        for (int k = 1; k < taps; k++)
            m = net_max(m, tap[k][i]);
        y[i] = m;
    }
}

static inline uint8_t pool_larger(uint8_t a, uint8_t b) { return a > b ? a : b; }

static void pool_max_u8(uint8_t *y, const uint8_t *const tap[POOL_TAPS], int taps, int64_t n)
{
    const uint8_t *t[POOL_TAPS];

    for (int i = 0; i < POOL_TAPS; i++)
        t[i] = tap[i < taps ? i : taps - 1];       /* one more than once changes nothing */
    if (taps <= 4)
        for (int64_t i = 0; i < n; i++)
            y[i] = pool_larger(pool_larger(t[0][i], t[1][i]), pool_larger(t[2][i], t[3][i]));
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = pool_larger(pool_larger(pool_larger(pool_larger(t[0][i], t[1][i]), pool_larger(t[2][i], t[3][i])),
                                           pool_larger(pool_larger(t[4][i], t[5][i]), pool_larger(t[6][i], t[7][i]))), t[8][i]);
}

static void pool_sum_f32(float *restrict y, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void pool_sum_u8(int32_t *restrict y, const uint8_t *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void pool_max(bool u8, uint8_t *y, const void *const tap[POOL_TAPS], int taps, int64_t n)
{
    const float *f[POOL_TAPS];
    const uint8_t *b[POOL_TAPS];

    for (int i = 0; i < taps; i++) {
        f[i] = tap[i];
        b[i] = tap[i];
    }
    if (u8)
        pool_max_u8(y, b, taps, n);
    else
        pool_max_f32((float *)(void *)y, f, taps, n);
}

struct pool_span { int64_t first, last, counted; };            /* taps inside the image; those that count */

static struct pool_span pool_span_of(const struct net_attr *a, int axis, int64_t at, int64_t n)
{
    int64_t kernel = a->kernel[axis], step = a->dilation[axis], start = at * a->stride[axis] - a->pad[axis], past = n - start, all = n + a->pad[axis + 2] - start;
    struct pool_span s = { start < 0 ? (-start + step - 1) / step : 0, past <= 0 ? 0 : (past + step - 1) / step, 0 };
    s.last = ROWS_MIN(s.last, kernel);
    s.counted = all <= 0 ? 0 : ROWS_MIN((all + step - 1) / step, kernel);
    return s;
}

static void pool_window(const struct net_call *c, int64_t n, int64_t oh, int64_t ow, int64_t first, int64_t some, int64_t to)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_tensor *xt = c->site->in[0], *out = c->site->out;
    const struct net_shape *x = &xt->shape;
    bool whole = a->kernel[0] == 0, max = a->kind == NET_POOL_MAX, u8 = xt->type == NET_U8;
    struct pool_span h = { 0, x->d[1], x->d[1] }, w = { 0, x->d[2], x->d[2] };
    int64_t h0 = 0, w0 = 0, dh = 1, dw = 1, taps, count, bytes = u8 ? 1 : 4;
    float sum[POOL_CHANNELS];
    int32_t total[POOL_CHANNELS];

    if (!whole) {
        h = pool_span_of(a, 0, oh, x->d[1]);
        w = pool_span_of(a, 1, ow, x->d[2]);
        dh = a->dilation[0];
        dw = a->dilation[1];
        h0 = oh * a->stride[0] - a->pad[0];
        w0 = ow * a->stride[1] - a->pad[1];
    }
    taps = h.last > h.first && w.last > w.first ? (h.last - h.first) * (w.last - w.first) : 0;
    count = a->count_pad && !whole ? h.counted * w.counted : taps;
    if (!max && u8)
        memset(total, 0, (size_t)some * sizeof total[0]);
    if (!max && !u8)
        memset(sum, 0, (size_t)some * sizeof sum[0]);
    const uint8_t *in = c->in[0];
    uint8_t *y8 = (uint8_t *)c->out + to * bytes;
    const void *tap[POOL_TAPS];
    int held = 0;
    for (int64_t kh = h.first; taps && kh < h.last; kh++)
        for (int64_t kw = w.first; kw < w.last; kw++) {
            const uint8_t *from = in + (((n * x->d[1] + h0 + kh * dh) * x->d[2] + w0 + kw * dw) * x->d[3] + first) * bytes;
            if (max) {
                tap[held++] = from;
                if (held == POOL_TAPS || (kh == h.last - 1 && kw == w.last - 1)) {
                    pool_max(u8, y8, tap, held, some);
                    tap[0] = y8;           /* goes on from there */
                    held = 1;
                }
            } else if (u8) {
                pool_sum_u8(total, from, some);
            } else {
                pool_sum_f32(sum, (const float *)(const void *)from, some);
            }
        }
    if (max && !taps) {
        memset(y8, u8 ? xt->quant.zero : 0, (size_t)(some * bytes));
    } else if (!max && u8) {
        float by = taps ? net_scale_of(xt) / (float)count : 0;
        int32_t less = (int32_t)taps * xt->quant.zero;
        for (int64_t i = 0; i < some; i++)
            sum[i] = (float)(total[i] - less) * by;
        rows_requant(sum, (uint8_t *)c->out + to, some, 1.0f / net_scale_of(out), out->quant.zero);
    } else if (!max) {
        float by = taps ? (float)count : 1.0f, *y = (float *)c->out + to;
        for (int64_t i = 0; i < some; i++)
            y[i] = sum[i] / by;
    }
}

static void pool_run(const struct net_call *c)
{
    const struct net_shape *y = &c->site->out->shape;
    int64_t chunks = (y->d[3] + POOL_CHANNELS - 1) / POOL_CHANNELS;

    NET_FOR_SHARE(at, (int64_t)y->d[0] * y->d[1] * y->d[2] * chunks) {
        int64_t pixel = at / chunks, first = at % chunks * POOL_CHANNELS;
        pool_window(c, pixel / y->d[2] / y->d[1], pixel / y->d[2] % y->d[1], pixel % y->d[2], first, ROWS_MIN(y->d[3] - first, POOL_CHANNELS), pixel * y->d[3] + first);
    }
}
