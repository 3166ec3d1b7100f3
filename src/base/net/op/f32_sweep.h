/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/f32_sweep - tiles (f32_tile.h) over a grid of pixels and the panels of a weight matrix; and how weights are packed for it.
 *
 * The grid is images of rows of `width` pixels, cut into groups of H; the last group of a row begins earlier and makes some pixels
 * twice, which costs less than a second size of tile. One panel goes over all groups before the next panel, so the caller keeps
 * the groups' input within the second-level cache (F32_BAND).
 */
#pragma once

#include "base/net/kernel.h"
#include "base/net/op/exact.h"
#include "base/net/op/f32_tile.h"

enum { F32_BAND = 256 * 1024 };    /* bytes of input that stay in the cache while panels go over them */

struct f32_grid {
    const float *in, *residual;    /* first pixel; residual NULL: none */
    float       *out;
    int64_t      in_image, in_row, in_pixel;   /* bytes from one to the next */
    int64_t      out_image, out_row, out_pixel;   /* of out and of residual */
    int          rows, width;      /* of an image */
    int          h, per_row;       /* f32_groups() */
    const struct f32_run *run;
    int          runs;
    const float *w, *bias;         /* all panels */
    int64_t      k;                /* rows of a panel */
    int          n;                /* output channels */
    enum net_act act;
    float        alpha, beta;
};

/* Size and number of the groups of a row. */
static inline int f32_groups(int64_t width, int *out_per_row)
{
    int best = 1;
    int64_t best_cost = INT64_MAX;

    for (int h = F32_H < width ? F32_H : (int)width; h > 0; h--) {
        int64_t n = (width + h - 1) / h, cost = n * (h * 8 + 4);   /* a short group wastes loads of weights */
        if (cost < best_cost) {
            best_cost = cost;
            best = h;
        }
    }
    *out_per_row = (int)((width + best - 1) / best);
    return best;
}

static inline int64_t f32_panels(int64_t n) { return (n + F32_PANEL - 1) / F32_PANEL; }

/* Floats of all panels of a K x N matrix, and of its bias. */
static inline int64_t f32_panels_floats(int64_t k, int64_t n)
{
    int64_t tail = n % F32_PANEL;
    return k * (n / F32_PANEL * F32_PANEL + (tail == 0 ? 0 : tail <= VL ? VL : F32_PANEL));
}

/* Row k of the panels from channel n's value w[n * w_n], n < `n`. `to` was zeroed. */
static inline void f32_pack_row(float *to, int64_t k, int64_t rows, int64_t n, const float *w, int64_t w_n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t panel = i / F32_PANEL, wide = n - panel * F32_PANEL <= VL ? VL : F32_PANEL;
        to[panel * F32_PANEL * rows + k * wide + i % F32_PANEL] = w[i * w_n];
    }
}

/* A missing bias is -0: adding it leaves every bit. */
static inline void f32_pack_bias(float *to, int64_t n, const float *bias)
{
    for (int64_t i = 0; i < f32_panels(n) * F32_PANEL; i++)
        to[i] = bias && i < n ? bias[i] : -0.0f;
}

static __attribute__((noinline, unused)) void f32_act(enum net_act act, float alpha, float beta, float *x, int64_t n)
{
    net_act_row(act, alpha, beta, x, x, n);
}

/* The clamp that is the function, or none; false: f32_act comes behind. */
static inline bool f32_clamp(enum net_act act, float alpha, float beta, float *lo, float *hi)
{
    *lo = act == NET_ACT_RELU ? 0.0f : act == NET_ACT_CLIP ? alpha : -INFINITY;
    *hi = act == NET_ACT_CLIP ? beta : INFINITY;
    return act == NET_ACT_IDENTITY || act == NET_ACT_RELU || act == NET_ACT_CLIP;
}

/* Panels [p0, p1) over groups [q0, q1), counted over the rows of all images. */
static inline void f32_sweep(const struct f32_grid *g, int64_t q0, int64_t q1, int64_t p0, int64_t p1)
{
    struct f32_tile t = { .stride = (size_t)g->in_pixel, .run = g->run, .runs = g->runs, .residual = g->residual != NULL };
    const bool clamp = f32_clamp(g->act, g->alpha, g->beta, &t.lo, &t.hi);
    const int64_t image_groups = (int64_t)g->rows * g->per_row;
    float partial[F32_G * F32_H * F32_PANEL] = { 0 };

    t.r_stride = (size_t)g->out_pixel;
    for (int64_t p = p0; p < p1; p++) {
        const int64_t left = g->n - p * F32_PANEL;
        const int vectors = left <= VL ? 1 : 2, lanes = left < vectors * VL ? (int)left : vectors * VL;
        const bool whole = clamp && lanes == vectors * VL;          /* else by way of `partial`; groups may overlap, so an act goes over a copy */
        int64_t image = q0 / image_groups, y = q0 % image_groups / g->per_row, x = q0 % g->per_row;

        t.w = g->w + p * F32_PANEL * g->k;
        t.bias = g->bias + p * F32_PANEL;
        t.o_stride = whole ? (size_t)g->out_pixel : F32_PANEL * sizeof(float);
        for (int64_t q = q0; q < q1;) {
            const int groups = q1 - q < F32_G ? (int)(q1 - q) : F32_G;
            float *out[F32_G];
            for (int i = 0; i < groups; i++) {
                const int64_t at = x * g->h + g->h <= g->width ? x * g->h : g->width - g->h;
                const int64_t to = image * g->out_image + y * g->out_row + at * g->out_pixel + p * F32_PANEL * (int64_t)sizeof(float);
                t.a[i] = F32_AT(g->in, image * g->in_image + y * g->in_row + at * g->in_pixel);
                out[i] = F32_OUT(g->out, to);
                t.o[i] = whole ? out[i] : partial + i * g->h * F32_PANEL;
                if (g->residual) t.r[i] = F32_AT(g->residual, to);
                if (++x == g->per_row) {
                    x = 0;
                    if (++y == g->rows) {
                        y = 0;
                        image++;
                    }
                }
            }
            f32_tiles[g->h - 1][vectors - 1][groups - 1](&t);
            if (!clamp) f32_act(g->act, g->alpha, g->beta, partial, (int64_t)groups * g->h * F32_PANEL);
            if (!whole)
                for (int i = 0; i < groups; i++)
                    for (int j = 0; j < g->h; j++) {
                        float *to = F32_OUT(out[i], j * g->out_pixel);
                        const float *from = partial + (i * g->h + j) * F32_PANEL;
                        if (vectors == 2) v_store(to, v_load(from));
                        v_store_n(to + (vectors - 1) * VL, lanes - (vectors - 1) * VL, v_load(from + (vectors - 1) * VL));
                    }
            q += groups;
        }
    }
}
