/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv_transpose/f32_phases - fp32 transposed convolution. Outputs whose row and column leave the same rest when divided by the stride
 * (a phase) read the same taps of the kernel at neighbouring pixels: each phase is a convolution of stride 1 over the input between
 * zeros, whose outputs lie a stride apart.
 */
#pragma once

#include "base/net/op/f32_sweep.h"

struct phases {
    int64_t n, ih, iw, c, oh, ow, oc, groups, cg, og, kh, kw, sh, sw, dh, dw, top, left;
    int64_t panels, k;
    int64_t before, wide, first;   /* zeros left of a row, its pixels; rows from that of output 0 up to its first tap */
    int64_t bias_at, w_at, bytes;
    int64_t band_rows, scratch;
};

static inline int64_t phases_floor(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

static struct phases phases_of(const struct net_site *s)
{
    const struct net_attr *a = &s->node->attr;
    const int32_t *x = s->in[0]->shape.d, *w = s->in[1]->shape.d, *y = s->out->shape.d;
    struct phases d = { .n = x[0], .ih = x[1], .iw = x[2], .c = x[3], .oh = y[1], .ow = y[2], .oc = y[3], .groups = a->groups, .kh = w[1], .kw = w[2],
        .sh = a->stride[0], .sw = a->stride[1], .dh = a->dilation[0], .dw = a->dilation[1], .top = a->pad[0], .left = a->pad[1] };
    int64_t least = phases_floor(d.left - (d.kw - 1) * d.dw, d.sw), most = (d.ow - 1 + d.left) / d.sw, f = (int64_t)sizeof(float), fit;

    d.cg = d.c / d.groups;
    d.og = d.oc / d.groups;
    d.panels = f32_panels(d.og);
    d.k = d.kh * d.kw * d.cg;
    d.before = least < 0 ? -least : 0;
    d.wide = d.before + most + 1;
    d.first = phases_floor(d.top - (d.kh - 1) * d.dh, d.sh);
    d.bias_at = (d.kh * d.kw * (int64_t)sizeof(struct f32_run) + 63) / 64 * 64;
    d.w_at = d.bias_at + (d.groups * d.panels * F32_PANEL * f + 63) / 64 * 64;
    d.bytes = d.w_at + d.groups * f32_panels_floats(d.k, d.og) * f;
    fit = F32_BAND / (d.wide * d.c * f) * d.sh;
    d.band_rows = fit < 2 * d.sh ? 2 * d.sh : fit;
    if (d.band_rows > d.oh) d.band_rows = d.oh;
    d.scratch = ((d.band_rows + d.top % d.sh + d.sh) / d.sh + 2 + ((d.kh - 1) * d.dh + d.sh - 1) / d.sh) * d.wide * d.c * f;
    return d;
}

static bool phases_fits(const struct net_site *s)
{
    return s->in[0]->type == NET_F32 && s->in[1]->type == NET_F32 && s->out->type == NET_F32 && s->in[1]->data && (s->in_n < 3 || !s->in[2] || s->in[2]->data);
}

static size_t phases_packed_bytes(const struct net_site *s) { return (size_t)phases_of(s).bytes; }
static size_t phases_scratch_bytes(const struct net_site *s, int parts)
{
    (void)parts;
    return (size_t)phases_of(s).scratch;
}

/* Whether tap i of the axis belongs to the phase, and how many inputs it lies behind that of the phase's first output. */
static inline bool phases_tap(int64_t phase, int64_t pad, int64_t tap, int64_t dilation, int64_t stride, int64_t *out_shift)
{
    const int64_t at = phase + pad - tap * dilation;
    *out_shift = phases_floor(at, stride);
    return *out_shift * stride == at;
}

/* The runs of a phase lie behind those of the phases before it. */
static int phases_runs(const struct phases *d, int64_t py, int64_t px, struct f32_run *run)
{
    int n = 0;
    for (int64_t y = 0; y < d->kh; y++)
        for (int64_t x = 0; x < d->kw; x++) {
            int64_t row, column;
            if (!phases_tap(py, d->top, y, d->dh, d->sh, &row) || !phases_tap(px, d->left, x, d->dw, d->sw, &column))
                continue;
            if (run) run[n] = (struct f32_run){ (row * d->wide + column) * d->c * (int64_t)sizeof(float), (y * d->kw + x) * d->cg, d->cg };
            n++;
        }
    return n;
}

static void phases_pack(const struct net_site *s, void *packed)
{
    const struct phases d = phases_of(s);
    const float *w = s->in[1]->data, *bias = s->in_n > 2 && s->in[2] ? s->in[2]->data : NULL;
    const int64_t taps = d.kh * d.kw;
    float *to = F32_OUT(packed, d.w_at), *to_bias = F32_OUT(packed, d.bias_at);
    struct f32_run *run = packed;

    for (int64_t py = 0; py < d.sh; py++)
        for (int64_t px = 0; px < d.sw; px++)
            run += phases_runs(&d, py, px, run);
    for (int64_t g = 0; g < d.groups; g++) {
        f32_pack_bias(to_bias + g * d.panels * F32_PANEL, d.og, bias ? bias + g * d.og : NULL);
        for (int64_t c = 0; c < d.cg; c++)                          /* w is [C][KH][KW][O / groups] */
            for (int64_t t = 0; t < taps; t++)
                f32_pack_row(to + g * f32_panels_floats(d.k, d.og), t * d.cg + c, d.k, d.og, w + ((g * d.cg + c) * taps + t) * d.og, 1);
    }
}

/* Input rows y .. y + rows between zeros. */
static void phases_copy(const struct phases *d, const float *image, int64_t y, int64_t rows, float *to)
{
    const int64_t n = d->wide - d->before < d->iw ? d->wide - d->before : d->iw;

    for (int64_t r = y; r < y + rows; r++, to += d->wide * d->c) {
        memset(to, 0, (size_t)(d->wide * d->c) * sizeof(float));
        if (r >= 0 && r < d->ih)
            memcpy(to + d->before * d->c, image + r * d->iw * d->c, (size_t)(n * d->c) * sizeof(float));
    }
}

/* Output rows [y0, y1) of one image, whose input lies in scratch from row `begin` on. */
static void phases_band(const struct phases *d, const struct net_call *c, struct f32_grid g, float *out, int64_t y0, int64_t y1, int64_t begin)
{
    const int64_t f = (int64_t)sizeof(float);

    g.run = c->packed;
    for (int64_t py = 0; py < d->sh; py++)
        for (int64_t px = 0; px < d->sw; px++, g.run += g.runs) {
            const int64_t j = y0 <= py ? 0 : (y0 - py + d->sh - 1) / d->sh, last = y1 <= py ? 0 : (y1 - py + d->sh - 1) / d->sh;
            g.runs = phases_runs(d, py, px, NULL);
            g.rows = (int)(last - j);
            g.width = px < d->ow ? (int)((d->ow - px + d->sw - 1) / d->sw) : 0;
            if (g.rows <= 0 || g.width <= 0)
                continue;
            g.h = f32_groups(g.width, &g.per_row);
            for (int64_t i = 0; i < d->groups; i++) {
                g.in = F32_AT(c->scratch, (((j - begin) * d->wide + d->before) * d->c + i * d->cg) * f);
                g.out = out + ((py + j * d->sh) * d->ow + px) * d->oc + i * d->og;
                g.w = F32_AT(c->packed, d->w_at) + i * f32_panels_floats(d->k, d->og);
                g.bias = F32_AT(c->packed, d->bias_at) + i * d->panels * F32_PANEL;
                f32_sweep(&g, 0, (int64_t)g.rows * g.per_row, 0, d->panels);
            }
        }
}

static void phases_run(const struct net_call *c)
{
    const struct phases d = phases_of(c->site);
    const struct net_attr *a = &c->site->node->attr;
    const int64_t f = (int64_t)sizeof(float);
    struct f32_grid g = { .in_row = d.wide * d.c * f, .in_pixel = d.c * f, .out_row = d.sh * d.ow * d.oc * f, .out_pixel = d.sw * d.oc * f, .k = d.k, .n = (int)d.og,
        .act = a->act, .alpha = a->alpha, .beta = a->beta };
    int64_t r0, r1;

    net_share(d.n * d.oh, c->part, c->parts, &r0, &r1);
    for (int64_t r = r0, end; r < r1; r = end) {
        const int64_t image = r / d.oh, y = r % d.oh;
        int64_t last = y + d.band_rows < d.oh ? y + d.band_rows : d.oh, begin = y / d.sh + d.first;
        if (image * d.oh + last > r1) last = r1 - image * d.oh;
        end = image * d.oh + last;
        phases_copy(&d, (const float *)c->in[0] + image * d.ih * d.iw * d.c, begin, (last - 1 + d.top) / d.sh - begin + 1, c->scratch);
        phases_band(&d, c, g, (float *)c->out + image * d.oh * d.ow * d.oc, y, last, begin);
    }
}
