/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/f32_direct - fp32 convolution of any kernel, stride, dilation, padding and groups, as tiles over the image itself: no
 * matrix is made of it. Where the image is padded, the rows of a band are first copied between zeros.
 */
#pragma once

#include "base/net/op/f32_sweep.h"

struct direct {
    int64_t n, ih, iw, c, oh, ow, oc, groups, cg, og;
    int64_t kh, kw, sh, sw, dh, dw, top, left;
    bool    copies;
    int64_t wide, pixel;           /* of a row that kernels read: pixels, floats of a pixel */
    int     h, per_row, runs;
    int64_t panels, k;             /* of a group */
    int64_t runs_at, bias_at, w_at, bytes;   /* in packed */
    int64_t band_rows, scratch;    /* output rows of a band that is copied */
};

static inline int64_t direct_align(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static struct direct direct_of(const struct net_site *s)
{
    const struct net_attr *a = &s->node->attr;
    const int32_t *x = s->in[0]->shape.d, *w = s->in[1]->shape.d, *y = s->out->shape.d;
    struct direct d = { .n = x[0], .ih = x[1], .iw = x[2], .c = x[3], .oh = y[1], .ow = y[2], .oc = y[3], .groups = a->groups, .kh = w[1], .kw = w[2],
        .sh = a->stride[0], .sw = a->stride[1], .dh = a->dilation[0], .dw = a->dilation[1], .top = a->pad[0], .left = a->pad[1] };
    int64_t rows;

    d.cg = d.c / d.groups;
    d.og = d.oc / d.groups;
    if (d.kh == 1 && d.kw == 1 && d.sh == 1 && d.sw == 1 && d.top == 0 && d.left == 0 && d.oh == d.ih && d.ow == d.iw) {
        d.iw = d.ow = d.n * d.ih * d.iw;                            /* the image has no shape: one row */
        d.n = d.ih = d.oh = 1;
    } else if (d.iw == 1 && d.ow == 1 && d.kw == 1 && d.left == 0) {   /* one column is one row */
        d.iw = d.ih, d.ow = d.oh, d.kw = d.kh, d.sw = d.sh, d.dw = d.dh, d.left = d.top;
        d.ih = d.oh = d.kh = d.sh = d.dh = 1;
        d.top = 0;
    }
    d.wide = (d.ow - 1) * d.sw + (d.kw - 1) * d.dw + 1;
    rows = (d.oh - 1) * d.sh + (d.kh - 1) * d.dh + 1;
    d.copies = d.top > 0 || d.left > 0 || d.wide > d.iw || rows > d.ih;
    d.pixel = d.c;
    if (!d.copies)
        d.wide = d.iw;
    else if (d.c % 1024 == 0)      /* pixels a page apart would share one set of the first-level cache */
        d.pixel += 16;
    d.h = f32_groups(d.ow, &d.per_row);
    d.runs = (int)(d.dw == 1 && d.cg == d.pixel ? d.kh : d.kh * d.kw);
    d.panels = f32_panels(d.og);
    d.k = d.kh * d.kw * d.cg;
    d.bias_at = direct_align(d.runs * (int64_t)sizeof(struct f32_run));
    d.w_at = d.bias_at + direct_align(d.groups * d.panels * F32_PANEL * (int64_t)sizeof(float));
    d.bytes = d.w_at + d.groups * f32_panels_floats(d.k, d.og) * (int64_t)sizeof(float);
    if (d.copies) {
        int64_t row = d.wide * d.pixel * (int64_t)sizeof(float), fit = (F32_BAND / row - ((d.kh - 1) * d.dh + 1)) / d.sh + 1;
        d.band_rows = fit < 2 ? 2 : fit;
        if (d.band_rows > d.oh) d.band_rows = d.oh;
        else d.band_rows = (d.oh + (d.oh + d.band_rows - 1) / d.band_rows - 1) / ((d.oh + d.band_rows - 1) / d.band_rows);
        d.scratch = ((d.band_rows - 1) * d.sh + (d.kh - 1) * d.dh + 1) * row;
    }
    return d;
}

static bool direct_fits(const struct net_site *s)
{
    return s->in[0]->type == NET_F32 && s->in[1]->type == NET_F32 && s->out->type == NET_F32 && s->in[1]->data && (s->in_n < 3 || !s->in[2] || s->in[2]->data);
}

static size_t direct_packed_bytes(const struct net_site *s) { return (size_t)direct_of(s).bytes; }
static size_t direct_scratch_bytes(const struct net_site *s, int parts)
{
    (void)parts;
    return (size_t)direct_of(s).scratch;
}

static void direct_pack(const struct net_site *s, void *packed)
{
    const struct direct d = direct_of(s);
    const float *w = s->in[1]->data, *bias = s->in_n > 2 && s->in[2] ? s->in[2]->data : NULL;
    struct f32_run *run = packed;
    float *to = F32_OUT(packed, d.w_at), *to_bias = F32_OUT(packed, d.bias_at);
    const int64_t per_row = d.runs / d.kh, k = d.k / d.runs;

    for (int64_t i = 0; i < d.runs; i++)
        run[i] = (struct f32_run){ (i / per_row * d.dh * d.wide + i % per_row * d.dw) * d.pixel * (int64_t)sizeof(float), i * k, k };
    for (int64_t g = 0; g < d.groups; g++) {
        f32_pack_bias(to_bias + g * d.panels * F32_PANEL, d.og, bias ? bias + g * d.og : NULL);
        for (int64_t i = 0; i < d.k; i++)                           /* w is [O][KH][KW][C / groups] */
            f32_pack_row(to + g * f32_panels_floats(d.k, d.og), i, d.k, d.og, w + g * d.og * d.k + i, d.k);
    }
}

/* Rows y .. y + rows of one image, as kernels read them. */
static void direct_copy(const struct direct *d, const float *image, int64_t y, int64_t rows, float *to)
{
    const int64_t from = d->wide - d->left < d->iw ? d->wide - d->left : d->iw, right = d->wide - d->left - from;
    const size_t row = (size_t)(d->wide * d->pixel) * sizeof(float);

    for (int64_t r = 0; r < rows; r++, to += d->wide * d->pixel) {
        int64_t iy = y + r - d->top;
        if (iy < 0 || iy >= d->ih || from <= 0) {
            memset(to, 0, row);
            continue;
        }
        memset(to, 0, (size_t)(d->left * d->pixel) * sizeof(float));
        if (d->pixel == d->c)
            memcpy(to + d->left * d->c, image + iy * d->iw * d->c, (size_t)(from * d->c) * sizeof(float));
        else
            for (int64_t x = 0; x < from; x++)
                memcpy(to + (d->left + x) * d->pixel, image + (iy * d->iw + x) * d->c, (size_t)d->c * sizeof(float));
        memset(to + (d->left + from) * d->pixel, 0, (size_t)(right * d->pixel) * sizeof(float));
    }
}

static void direct_groups(const struct direct *d, struct f32_grid g, const void *packed, int64_t q0, int64_t q1, int64_t p0, int64_t p1)
{
    const float *in = g.in, *residual = g.residual;
    float *out = g.out;

    for (int64_t i = 0; i < d->groups; i++) {
        g.in = in + i * d->cg;
        g.out = out + i * d->og;
        g.residual = residual ? residual + i * d->og : NULL;
        g.w = F32_AT(packed, d->w_at) + i * f32_panels_floats(d->k, d->og);
        g.bias = F32_AT(packed, d->bias_at) + i * d->panels * F32_PANEL;
        f32_sweep(&g, q0, q1, p0, p1);
    }
}

static void direct_run(const struct net_call *c)
{
    const struct direct d = direct_of(c->site);
    const struct net_attr *a = &c->site->node->attr;
    const float *in = c->in[0], *residual = c->site->in_n > 3 && c->site->in[3] ? c->in[3] : NULL;
    const int64_t f = (int64_t)sizeof(float), groups_image = d.oh * d.per_row;
    struct f32_grid g = { .in = in, .residual = residual, .out = c->out, .in_image = d.ih * d.iw * d.c * f, .in_row = d.sh * d.iw * d.c * f,
        .in_pixel = d.sw * d.pixel * f, .out_image = d.oh * d.ow * d.oc * f, .out_row = d.ow * d.oc * f, .out_pixel = d.oc * f,
        .rows = (int)d.oh, .width = (int)d.ow, .h = d.h, .per_row = d.per_row, .run = c->packed,
        .runs = d.runs, .k = d.k, .n = (int)d.og, .act = a->act, .alpha = a->alpha, .beta = a->beta };
    int64_t q0 = 0, q1 = d.n * groups_image, p0 = 0, p1 = d.panels;

    if (d.panels >= c->parts && d.oc * d.k > d.n * d.ih * d.iw * d.c)   /* more weights than image: share the weights */
        net_share(d.panels, c->part, c->parts, &p0, &p1);
    else
        net_share(d.n * groups_image, c->part, c->parts, &q0, &q1);
    if (!d.copies) {
        int64_t step = F32_BAND / (d.h * d.sw * d.c * f) / F32_G * F32_G;
        step = step < F32_G ? F32_G : step;
        for (int64_t q = q0; q < q1; q += step)
            direct_groups(&d, g, c->packed, q, q + step < q1 ? q + step : q1, p0, p1);
        return;
    }
    g.in_row = d.sh * d.wide * d.pixel * f;
    for (int64_t q = q0, end; q < q1; q = end) {
        const int64_t image = q / groups_image, y = q % groups_image / d.per_row;
        int64_t last = y + d.band_rows < d.oh ? y + d.band_rows : d.oh;
        end = image * groups_image + last * d.per_row;
        if (end > q1) {
            end = q1;
            last = (end - image * groups_image + d.per_row - 1) / d.per_row;
        }
        direct_copy(&d, in + image * d.ih * d.iw * d.c, y * d.sh, (last - y - 1) * d.sh + (d.kh - 1) * d.dh + 1, c->scratch);
        g.in = c->scratch;
        g.out = (float *)c->out + (image * d.oh + y) * d.ow * d.oc;
        g.residual = residual ? residual + (image * d.oh + y) * d.ow * d.oc : NULL;
        g.rows = (int)(last - y);
        direct_groups(&d, g, c->packed, q % groups_image - y * d.per_row, end - image * groups_image - y * d.per_row, p0, p1);
    }
}
