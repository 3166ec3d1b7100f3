/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The driver of the int8 kernels (int8.h): geometry, packing, bands, the padded copy, shares. No instruction set in it. */
#include "base/net/op/int8.h"

#include "base/net/op/requant.h"

#include <assert.h>
#include <string.h>

/* What fits the inner caches, in bytes of input and output of a band, by the size of all weights (measured: bench/net.c). */
enum { BAND_SMALL = 24 << 10, BAND_MIDDLE = 128 << 10, BAND_LARGE = 512 << 10 };
enum { WEIGHTS_SMALL = 64 << 10, WEIGHTS_MIDDLE = 384 << 10 };

struct geometry {
    int32_t n, h, w, c;            /* input */
    int32_t oh, ow, o;
    int32_t kh, kw, sy, sx, dy, dx, top, left;
    int32_t groups, cg, og;        /* input and output channels of a group */
    bool    copied;                /* rows are copied to scratch, with their border or widened */
    int32_t pw;                    /* pixels of a row there, or w */
    int32_t segs, run, steps;      /* run: elements of a segment */
    int32_t k;                     /* elements of an output channel's weights */
    int32_t panels;                /* of a group */
    int32_t band;                  /* output rows that are done together */
    int64_t panel_bytes;           /* of a whole panel's weights */
};

/* What lies at the start of `packed`; the offsets are bytes from there. */
struct header {
    size_t seg, start, scale, bias, weights;
    bool   general;
};

static size_t round64(size_t n) { return (n + 63) & ~(size_t)63; }
static int32_t ceil_div(int32_t a, int32_t b) { return (int32_t)(((int64_t)a + b - 1) / b); }
static int32_t group_vectors(const struct geometry *g, const struct int8_micro *m) { return ceil_div(g->og, m->lanes); }
static const struct net_tensor *input_or_null(const struct net_site *s, int i) { return s->in_n > i ? s->in[i] : NULL; }

static struct geometry geometry_of(const struct net_site *s, const struct int8_micro *m)
{
    const struct net_attr *a = &s->node->attr;
    const struct net_shape *x = &s->in[0]->shape, *w = &s->in[1]->shape, *y = &s->out->shape;
    struct geometry g = { .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .groups = 1, .n = 1, .w = 1, .ow = 1 };
    int64_t weights, row;

    if (s->node->op == NET_CONV) {
        g.n = x->d[0], g.h = x->d[1], g.w = x->d[2], g.c = x->d[3];
        g.oh = y->d[1], g.ow = y->d[2], g.o = y->d[3];
        g.kh = w->d[1], g.kw = w->d[2];
        g.sy = a->stride[0], g.sx = a->stride[1], g.dy = a->dilation[0], g.dx = a->dilation[1];
        g.top = a->pad[0], g.left = a->pad[1];
        g.groups = a->groups;
        g.copied = m->wide || a->pad[0] > 0 || a->pad[1] > 0 || (g.oh - 1) * g.sy + (g.kh - 1) * g.dy - g.top >= g.h ||
                   (g.ow - 1) * g.sx + (g.kw - 1) * g.dx - g.left >= g.w;
    } else {
        g.c = x->d[x->rank - 1];
        g.h = (int32_t)(net_shape_elements(x) / g.c);
        g.oh = g.h;
        g.o = y->d[y->rank - 1];
        g.copied = m->wide;
    }
    if (g.kh == 1 && g.kw == 1 && g.sy == 1 && g.sx == 1 && g.oh == g.h && g.ow == g.w && g.top == 0 && g.left == 0) {
        g.oh = g.h = g.n * g.h * g.w;          /* every pixel is a row */
        g.n = g.ow = g.w = 1;
        g.copied = m->wide;
    }
    g.cg = g.c / g.groups, g.og = g.o / g.groups;
    g.k = g.kh * g.kw * g.cg;
    g.pw = g.copied ? (g.ow - 1) * g.sx + (g.kw - 1) * g.dx + 1 : g.w;
    if (g.groups == 1 && (g.dx == 1 || g.kw == 1))
        g.segs = g.kh, g.run = g.kw * g.cg;
    else
        g.segs = g.kh * g.kw, g.run = g.cg;
    g.steps = ceil_div(g.run, m->unit);
    g.panels = ceil_div(g.og, m->lanes * m->vectors);
    g.panel_bytes = (int64_t)g.segs * g.steps * m->unit * m->lanes * m->vectors * (m->wide ? 2 : 1);
    weights = (int64_t)g.k * g.o;
    row = (int64_t)g.pw * g.c * g.sy * (m->wide ? 2 : 1) + (int64_t)g.ow * g.o;
    g.band = (int32_t)((weights <= WEIGHTS_SMALL ? BAND_SMALL : weights <= WEIGHTS_MIDDLE ? BAND_MIDDLE : BAND_LARGE) / row);
    if ((int64_t)g.band * g.ow < 4 * m->pixels)
        g.band = ceil_div(4 * m->pixels, g.ow);
    if (g.band > g.oh)
        g.band = g.oh;
    g.band = ceil_div(g.oh, ceil_div(g.oh, g.band));           /* bands of one size */
    return g;
}

static bool real_or_u8(const struct net_tensor *t) { return t->type == NET_F32 || (t->type == NET_U8 && t->quant.n == 1); }

bool int8_fits(const struct net_site *s)
{
    const struct net_tensor *x = s->in[0], *w = s->in[1], *bias = input_or_null(s, 2), *residual = input_or_null(s, 3);
    int32_t o, channel_axis;
    int64_t k;

    if (!x || !w || x->type != NET_U8 || x->quant.n != 1 || w->type != NET_I8 || !w->data || w->quant.n < 1 || !real_or_u8(s->out))
        return false;
    if (bias && (bias->type != NET_F32 || !bias->data))
        return false;
    if (residual && (residual->type != NET_U8 || residual->quant.n != 1))
        return false;
    if (s->node->op == NET_CONV) {
        if (x->shape.rank != 4 || w->shape.rank != 4)
            return false;
        o = w->shape.d[0], channel_axis = 0;
        k = net_shape_elements(&w->shape) / o;
    } else {
        if (w->shape.rank != 2 || x->shape.rank < 1)
            return false;
        channel_axis = s->node->attr.flip_b ? 0 : 1;
        o = w->shape.d[channel_axis];
        k = w->shape.d[1 - channel_axis];
        if (x->shape.d[x->shape.rank - 1] != k || s->out->shape.d[s->out->shape.rank - 1] != o)
            return false;
    }
    if (w->quant.n != 1 && (w->quant.n != o || w->quant.axis != channel_axis))
        return false;
    return k > 0 && k < (1 << 24) && net_shape_elements(&s->out->shape) > 0;
}

float int8_channel_scale(const struct net_site *s, int32_t o)
{
    const struct net_quant *q = &s->in[1]->quant;

    return s->in[0]->quant.scale[0] * q->scale[q->n == 1 ? 0 : o];
}

bool int8_may_overflow(const struct net_site *s, int32_t o, int64_t weight_sum)
{
    const struct net_tensor *bias = input_or_null(s, 2), *residual = input_or_null(s, 3);
    double most = 255.0 * (double)weight_sum * (double)int8_channel_scale(s, o);

    if (s->out->type != NET_U8)
        return true;
    if (bias)
        most += fabs((double)((const float *)bias->data)[o]);
    if (residual)
        most += 255.0 * (double)residual->quant.scale[0];
    return !(most / (double)s->out->quant.scale[0] < 1e9 && most < 1e30);
}

struct int8_post int8_post_of(const struct net_site *s, bool general)
{
    const struct net_attr *a = &s->node->attr;
    const struct net_tensor *residual = input_or_null(s, 3);
    struct int8_post p = { .act = a->act, .alpha = a->alpha, .beta = a->beta, .high = 255, .real = s->out->type == NET_F32 };

    if (residual)
        p.residual_scale = residual->quant.scale[0], p.residual_zero = residual->quant.zero;
    if (p.real)
        return p;
    p.inverse = 1.0f / s->out->quant.scale[0];
    p.zero = s->out->quant.zero;
    if (general)
        return p;
    if (a->act == NET_ACT_IDENTITY) {
        p.simple = true;
    } else if (a->act == NET_ACT_RELU) {
        p.simple = true;
        p.low = (uint8_t)p.zero;
    } else if (a->act == NET_ACT_CLIP && a->alpha <= a->beta) {      /* rounding and clamping are monotone, so they commute */
        p.simple = true;
        p.low = net_requant(a->alpha, p.inverse, p.zero);
        p.high = net_requant(a->beta, p.inverse, p.zero);
    }
    return p;
}

static struct header header_of(const struct geometry *g, const struct int8_micro *m)
{
    size_t channels = (size_t)g->groups * (size_t)group_vectors(g, m) * (size_t)m->lanes;
    struct header h = { .seg = round64(sizeof h) };

    h.start = h.seg + round64((size_t)g->segs * sizeof(int32_t));
    h.scale = h.start + round64(channels * sizeof(int32_t));
    h.bias = h.scale + round64(channels * sizeof(float));
    h.weights = h.bias + round64(channels * sizeof(float));
    return h;
}

/* Bytes of `vectors` whole vectors of packed weights. */
static size_t weight_bytes(const struct geometry *g, const struct int8_micro *m, int64_t vectors)
{
    return (size_t)g->segs * (size_t)g->steps * (size_t)(m->unit * m->lanes * (m->wide ? 2 : 1)) * (size_t)vectors;
}

size_t int8_packed_bytes(const struct net_site *s, const struct int8_micro *m)
{
    struct geometry g = geometry_of(s, m);

    return header_of(&g, m).weights + weight_bytes(&g, m, (int64_t)g.groups * group_vectors(&g, m)) + 256;
}

void int8_pack(const struct net_site *s, const struct int8_micro *m, void *packed)
{
    struct geometry g = geometry_of(s, m);
    struct header *head = packed;
    const struct net_tensor *bias = input_or_null(s, 2);
    const int8_t *w = s->in[1]->data;
    bool across = s->node->op == NET_MATMUL && !s->node->attr.flip_b;       /* b[k][n] */
    char *base = packed;
    int32_t vectors = group_vectors(&g, m), *seg, *start;
    float *scale, *offset;
    int8_t *to8;
    int16_t *to16;

    *head = header_of(&g, m);
    seg = (void *)(base + head->seg);
    start = (void *)(base + head->start);
    scale = (void *)(base + head->scale);
    offset = (void *)(base + head->bias);
    to8 = (void *)(base + head->weights);
    to16 = (void *)(base + head->weights);
    for (int32_t i = 0; i < g.segs; i++) {
        int32_t ky = g.segs == g.kh ? i : i / g.kw, kx = g.segs == g.kh ? 0 : i % g.kw;
        seg[i] = (ky * g.dy * g.pw + kx * g.dx) * g.c;
    }
    for (int32_t group = 0; group < g.groups; group++) {
        for (int32_t i = 0; i < g.og; i++) {
            int32_t o = group * g.og + i, at = group * vectors * m->lanes + i;
            int64_t sum = 0, size = 0;
            for (int32_t r = 0; r < g.k; r++) {
                int32_t v = w[across ? (int64_t)r * g.o + o : (int64_t)o * g.k + r];
                sum += v;
                size += v < 0 ? -v : v;
            }
            start[at] = m->wide ? 0 : (int32_t)(uint32_t)((m->offset - s->in[0]->quant.zero) * sum);
            scale[at] = int8_channel_scale(s, o);
            offset[at] = bias ? ((const float *)bias->data)[o] : 0.0f;
            head->general |= int8_may_overflow(s, o, size);
        }
        for (int32_t first = 0; first < vectors; first += m->vectors) {
            int32_t panel = vectors - first < m->vectors ? vectors - first : m->vectors;
            for (int64_t i = 0; i < g.segs; i++)
                for (int32_t step = 0; step < g.steps; step++)
                    for (int32_t lane = 0; lane < panel * m->lanes; lane++)
                        for (int32_t u = 0; u < m->unit; u++) {
                            int32_t r = step * m->unit + u, oo = first * m->lanes + lane, o = group * g.og + oo;
                            int8_t v = 0;
                            if (r < g.run && oo < g.og)
                                v = w[across ? r * (int64_t)g.o + o : (int64_t)o * g.k + i * g.run + r];
                            if (m->wide)
                                *to16++ = v;
                            else
                                *to8++ = v;
                        }
        }
    }
}

size_t int8_scratch_bytes(const struct net_site *s, int parts, const struct int8_micro *m)
{
    struct geometry g = geometry_of(s, m);
    size_t rows = (size_t)(g.band - 1) * (size_t)g.sy + (size_t)(g.kh - 1) * (size_t)g.dy + 1;

    (void)parts;
    return g.copied ? round64(rows * (size_t)g.pw * (size_t)g.c * (m->wide ? 2 : 1)) + 128 : 0;
}

/* Input rows from `row` on, `rows` of them, with their border, to scratch. */
static void copy_rows(const struct geometry *g, const struct int8_micro *m, const uint8_t *image, int32_t zero, int32_t row, int32_t rows, uint8_t *to)
{
    int32_t left = g->left < g->pw ? g->left : g->pw, inside = g->w < g->pw - left ? g->w : g->pw - left;
    size_t element = m->wide ? 2 : 1, n_left = (size_t)left * (size_t)g->c, n_in = (size_t)inside * (size_t)g->c;
    size_t n_row = (size_t)g->pw * (size_t)g->c;
    int fill = m->wide ? 0 : zero;

    if (m->wide && g->pw == g->w && left == 0 && row >= 0 && row + rows <= g->h) {        /* no border */
        m->widen(image + (int64_t)row * g->w * g->c, zero, (int16_t *)(void *)to, (int64_t)n_row * rows);
        return;
    }
    for (int32_t y = row; y < row + rows; y++, to += n_row * element) {
        const uint8_t *from = image + (int64_t)y * g->w * g->c;
        if (y < 0 || y >= g->h) {
            memset(to, fill, n_row * element);
            continue;
        }
        memset(to, fill, n_left * element);
        if (m->wide)
            m->widen(from, zero, (int16_t *)(void *)(to + n_left * element), (int64_t)n_in);
        else
            memcpy(to + n_left, from, n_in);
        memset(to + (n_left + n_in) * element, fill, (n_row - n_left - n_in) * element);
    }
}

/* Output rows [y, y + rows) of an image, panels [first, last) of all groups. */
static void run_band(const struct net_call *c, const struct int8_micro *m, const struct geometry *g, const struct int8_post *post,
                     int32_t image, int32_t y, int32_t rows, int64_t first, int64_t last)
{
    const struct net_site *s = c->site;
    const struct header *head = c->packed;
    const char *packed = c->packed;
    const uint8_t *from = (const uint8_t *)c->in[0] + (int64_t)image * g->h * g->w * g->c;
    const uint8_t *residual = s->in_n > 3 && s->in[3] ? c->in[3] : NULL;
    size_t element = m->wide ? 2 : 1;
    int32_t top = y * g->sy - g->top, pixels = rows * g->ow, tiles = ceil_div(pixels, m->pixels), vectors = group_vectors(g, m);
    int64_t out_at = ((int64_t)image * g->oh + y) * g->ow * g->o;
    ptrdiff_t x_step = (ptrdiff_t)g->sx * g->c * (ptrdiff_t)element, y_step = (ptrdiff_t)g->sy * g->pw * g->c * (ptrdiff_t)element;
    struct int8_tile t = { .seg = (const void *)(packed + head->seg), .segs = g->segs, .steps = g->steps, .out_step = g->o, .post = post };

    if (g->copied) {
        copy_rows(g, m, from, s->in[0]->quant.zero, top, (rows - 1) * g->sy + (g->kh - 1) * g->dy + 1, c->scratch);
        from = c->scratch;
    } else {
        from += (int64_t)top * g->w * g->c;
    }
    for (int64_t i = first; i < last; i++) {
        int32_t group = (int32_t)(i / g->panels), vector = (int32_t)(i % g->panels) * m->vectors;
        int32_t width = g->og - vector * m->lanes, wide = vectors - vector < m->vectors ? vectors - vector : m->vectors;
        int32_t at = (group * vectors + vector) * m->lanes, o = group * g->og + vector * m->lanes, x = 0;
        const uint8_t *base = from + (size_t)group * (size_t)g->cg * element, *line = base, *p = base;
        int32_t lines = (int32_t)(weight_bytes(g, m, wide) / 64), lines_per = ceil_div(lines, tiles);

        t.width = width < wide * m->lanes ? width : wide * m->lanes;
        t.start = (const int32_t *)(const void *)(packed + head->start) + at;
        t.scale = (const float *)(const void *)(packed + head->scale) + at;
        t.bias = (const float *)(const void *)(packed + head->bias) + at;
        t.weights = (const int8_t *)(packed + head->weights) + weight_bytes(g, m, group * vectors + vector);
        t.next = t.weights + weight_bytes(g, m, wide);
        t.next_lines = i + 1 < last ? lines_per : 0;
        for (int32_t tile = 0, begin = 0, end; tile < tiles; tile++, begin = end) {
            end = (int32_t)((int64_t)pixels * (tile + 1) / tiles);
            for (int32_t j = 0; j < end - begin; j++) {
                t.row[j] = p;
                p += x_step;
                if (++x == g->ow)
                    x = 0, p = line += y_step;
            }
            t.out = (char *)c->out + (size_t)(out_at + (int64_t)begin * g->o + o) * (post->real ? 4 : 1);
            t.residual = residual ? residual + out_at + (int64_t)begin * g->o + o : NULL;
            m->tile(&t, end - begin, wide);
            t.next += (ptrdiff_t)64 * lines_per;
        }
    }
}

void int8_run(const struct net_call *c, const struct int8_micro *m)
{
    const struct geometry g = geometry_of(c->site, m);
    const struct int8_post post = int8_post_of(c->site, ((const struct header *)c->packed)->general);
    int64_t panels = (int64_t)g.groups * g.panels, rows = (int64_t)g.n * g.oh, first = 0, last = panels, begin = 0, end = rows;

    /* Threads share the panels where weights outweigh pixels, else the rows. */
    if (c->parts > 1 && panels >= 2 * (int64_t)c->parts && (int64_t)g.k * g.o > (int64_t)g.n * g.h * g.w * g.c)
        net_share(panels, c->part, c->parts, &first, &last);
    else
        net_share(rows, c->part, c->parts, &begin, &end);
    while (begin < end) {
        int32_t image = (int32_t)(begin / g.oh), y = (int32_t)(begin % g.oh), n = g.band;
        if (n > g.oh - y)
            n = g.oh - y;
        if (n > end - begin)
            n = (int32_t)(end - begin);
        run_band(c, m, &g, &post, image, y, n, first, last);
        begin += n;
    }
}
