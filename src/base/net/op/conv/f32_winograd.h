/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/conv/f32_winograd - fp32 3x3 convolution of stride 1 with fewer products (Lavin, Gray: Fast Algorithms for Convolutional Neural
 * Networks, 2015, section 4). Not exact: the largest error over the rms of
 * the output, 128 channels, is 2e-6, 7e-6 and 5e-5 for m = 2, 4 and 6 (the direct chain: 5e-6); tests/net/test_f32.c holds bounds.
 *
 * Outputs are made in tiles of m x m, m = 2P, from t x t inputs, t = m + 2, by polynomials at the points 0, +-p1 .. +-pP and infinity:
 *     Y = A' [ (G g G') * (B' d B) ] A        sums over channels are t t matrix products of tiles by channels
 * With M(x) = x (x^2 - p1^2) ... (x^2 - pP^2): row of B' for a point q has the coefficients of M / (x - q), for infinity those of M; row of G is
 * (1, q, q^2) / M'(q), for infinity (0, 0, 1); column of A' is q^i, for infinity 1 in the last row. Points +-q share even and odd parts.
 * The points keep the constants near 1: 1; sqrt(1/2), sqrt(2); 1/2, 1, 2.
 */
#pragma once

#include "base/net/op/conv/f32_direct.h"

enum { WINO_T_MAX = 8, WINO_KEEP = 512 * 1024, WINO_TILES_MIN = F32_G * F32_H };

#define WINO_R2 1.41421356237309504880
static const double wino_point[4][3] = { { 0 }, { 1 }, { WINO_R2 / 2, WINO_R2 }, { 0.5, 1, 2 } };

#define W_F(x) v_dup((float)(x))

/* B' d along one axis: d[i * step], i < t, to r[i]. */
F32_INLINE void wino_in(const v_f32 *d, int step, v_f32 *r, const int P)
{
    v_f32 d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    if (P == 1) {
        r[0] = v_sub(d2, d0);
        r[1] = v_add(d2, d1);
        r[2] = v_sub(d2, d1);
        r[3] = v_sub(d3, d1);
        return;
    }
    v_f32 d4 = d[4 * step], d5 = d[5 * step];
    if (P == 2) {
        v_f32 even = v_fma(W_F(-2), d2, d4), odd = v_mul(W_F(WINO_R2 / 2), v_fma(W_F(-2), d1, d3));
        r[0] = v_fma(W_F(-2.5), d2, v_add(d0, d4));
        r[1] = v_add(even, odd);
        r[2] = v_sub(even, odd);
        even = v_fma(W_F(-0.5), d2, d4);
        odd = v_mul(W_F(WINO_R2), v_fma(W_F(-0.5), d1, d3));
        r[3] = v_add(even, odd);
        r[4] = v_sub(even, odd);
        r[5] = v_fma(W_F(-2.5), d3, v_add(d1, d5));
        return;
    }
    v_f32 d6 = d[6 * step], d7 = d[7 * step];
    v_f32 even = v_fma(W_F(4), d2, v_fma(W_F(-5), d4, d6)), odd = v_mul(W_F(0.5), v_fma(W_F(4), d1, v_fma(W_F(-5), d3, d5)));
    r[0] = v_fma(W_F(5.25), v_sub(d2, d4), v_sub(d6, d0));
    r[1] = v_add(even, odd);
    r[2] = v_sub(even, odd);
    even = v_fma(W_F(-4.25), d4, v_add(d2, d6));
    odd = v_fma(W_F(-4.25), d3, v_add(d1, d5));
    r[3] = v_add(even, odd);
    r[4] = v_sub(even, odd);
    even = v_fma(W_F(0.25), d2, v_fma(W_F(-1.25), d4, d6));
    odd = v_mul(W_F(2), v_fma(W_F(0.25), d1, v_fma(W_F(-1.25), d3, d5)));
    r[5] = v_add(even, odd);
    r[6] = v_sub(even, odd);
    r[7] = v_fma(W_F(5.25), v_sub(d3, d5), v_sub(d7, d1));
}

/* A' z along one axis: z[i * step], i < t, to y[i], i < m. */
F32_INLINE void wino_out(const v_f32 *z, int step, v_f32 *y, const int P)
{
    v_f32 s1 = v_add(z[step], z[2 * step]), d1 = v_sub(z[step], z[2 * step]);
    if (P == 1) {
        y[0] = v_add(z[0], s1);
        y[1] = v_add(d1, z[3 * step]);
        return;
    }
    v_f32 s2 = v_add(z[3 * step], z[4 * step]), d2 = v_sub(z[3 * step], z[4 * step]);
    if (P == 2) {
        y[0] = v_add(z[0], v_add(s1, s2));
        y[1] = v_fma(W_F(WINO_R2), d2, v_mul(W_F(WINO_R2 / 2), d1));
        y[2] = v_fma(W_F(2), s2, v_mul(W_F(0.5), s1));
        y[3] = v_fma(W_F(2 * WINO_R2), d2, v_fma(W_F(WINO_R2 / 4), d1, z[5 * step]));
        return;
    }
    v_f32 s3 = v_add(z[5 * step], z[6 * step]), d3 = v_sub(z[5 * step], z[6 * step]);
    y[0] = v_add(v_add(z[0], s1), v_add(s2, s3));
    y[1] = v_fma(W_F(0.5), d1, v_fma(W_F(2), d3, d2));
    y[2] = v_fma(W_F(0.25), s1, v_fma(W_F(4), s3, s2));
    y[3] = v_fma(W_F(0.125), d1, v_fma(W_F(8), d3, d2));
    y[4] = v_fma(W_F(0.0625), s1, v_fma(W_F(16), s3, s2));
    y[5] = v_add(v_fma(W_F(0.03125), d1, v_fma(W_F(32), d3, d2)), z[7 * step]);
}

/* One tile: c channels of t x t pixels, `pixel` and `row` floats apart, to v[t t][`apart` floats]. */
F32_INLINE void wino_input(const float *d, int64_t pixel, int64_t row, int64_t c, float *v, int64_t apart, const int P)
{
    const int t = 2 * P + 2;
    for (int64_t i = 0; i < c; i += VL) {
        v_f32 a[WINO_T_MAX * WINO_T_MAX], x[WINO_T_MAX], r[WINO_T_MAX];
        for (int j = 0; j < t; j++) {                               /* columns */
            for (int k = 0; k < t; k++)
                x[k] = v_load(d + k * row + j * pixel + i);
            wino_in(x, 1, r, P);
            for (int k = 0; k < t; k++)
                a[k * t + j] = r[k];
        }
        for (int k = 0; k < t; k++) {
            wino_in(a + k * t, 1, r, P);
            for (int j = 0; j < t; j++)
                v_store(v + (k * t + j) * apart + i, r[j]);
        }
    }
}

struct wino_output {
    const float *z;                /* [t t][`apart` floats] */
    int64_t      apart;
    const float *bias, *residual;
    float       *out;
    int64_t      pixel, row;       /* floats */
    int          rows, columns, lanes;     /* of the tile that are in the image; of the vector that are channels */
    float        lo, hi;
};

F32_INLINE void wino_output(const struct wino_output *o, const int P)
{
    const int t = 2 * P + 2, m = 2 * P;
    const v_f32 bias = v_load(o->bias), lo = v_dup(o->lo), hi = v_dup(o->hi);
    v_f32 a[WINO_T_MAX * WINO_T_MAX], x[WINO_T_MAX], r[WINO_T_MAX];

    for (int j = 0; j < t; j++) {
        for (int k = 0; k < t; k++)
            x[k] = v_load(o->z + (k * t + j) * o->apart);
        wino_out(x, 1, r, P);
        for (int k = 0; k < m; k++)
            a[k * t + j] = r[k];
    }
    for (int k = 0; k < m && k < o->rows; k++) {
        wino_out(a + k * t, 1, r, P);
        for (int j = 0; j < m; j++) {
            const int64_t at = k * o->row + j * o->pixel;
            v_f32 y = v_add(r[j], bias);
            if (j >= o->columns)
                break;
            if (o->residual) y = v_add(y, v_load(o->residual + at));
            y = v_min(hi, v_max(lo, y));
            if (o->lanes >= VL) v_store(o->out + at, y);
            else v_store_n(o->out + at, o->lanes, y);
        }
    }
}

struct wino {
    int64_t n, ih, iw, c, oh, ow, oc, m, t, top, left;
    int64_t wide, panels;          /* channels rounded up to vectors */
    int64_t th, tw, tiles, block;  /* tiles of an image; of all; at a time */
    int64_t v_bytes, z_bytes, patch_bytes;
};

static struct wino wino_of(const struct net_site *s, int P)
{
    const struct net_attr *a = &s->node->attr;
    const int32_t *x = s->in[0]->shape.d, *y = s->out->shape.d;
    struct wino d = { .n = x[0], .ih = x[1], .iw = x[2], .c = x[3], .oh = y[1], .ow = y[2], .oc = y[3], .m = 2 * P, .t = 2 * P + 2, .top = a->pad[0], .left = a->pad[1] };
    const int64_t f = (int64_t)sizeof(float), e = d.t * d.t;

    d.wide = (d.c + VL - 1) / VL * VL;
    d.panels = f32_panels(d.oc);
    d.th = (d.oh + d.m - 1) / d.m;
    d.tw = (d.ow + d.m - 1) / d.m;
    d.tiles = d.n * d.th * d.tw;
    d.block = WINO_KEEP / (e * d.wide * f) / WINO_TILES_MIN * WINO_TILES_MIN;
    if (d.block < WINO_TILES_MIN) d.block = WINO_TILES_MIN;
    if (d.block * 8 > d.tiles * 7) d.block = d.tiles;               /* no small rest */
    d.v_bytes = e * d.block * d.wide * f;
    d.z_bytes = e * d.block * F32_PANEL * f;
    d.patch_bytes = e * d.wide * f;
    return d;
}

static bool wino_fits(const struct net_site *s)
{
    const struct net_attr *a = &s->node->attr;
    const int32_t *w = s->in[1]->shape.d;
    return direct_fits(s) && w[1] == 3 && w[2] == 3 && a->groups == 1 && a->stride[0] == 1 && a->stride[1] == 1 && a->dilation[0] == 1 && a->dilation[1] == 1 &&
        w[0] >= VL && w[3] >= VL && a->act <= NET_ACT_MISH;            /* those behind it (1/x, log, floor ...) enlarge an error without bound */
}

/* bias; zeros (as a bias of products); then the transformed kernels: [panel][t t][c][width of the panel] */
static size_t wino_packed_bytes(const struct net_site *s, int P)
{
    const struct wino d = wino_of(s, P);
    return (size_t)((d.panels + 1) * F32_PANEL + d.t * d.t * f32_panels_floats(d.c, d.oc)) * sizeof(float);
}

static size_t wino_scratch_bytes(const struct net_site *s, int P)
{
    const struct wino d = wino_of(s, P);
    return (size_t)(d.v_bytes + d.z_bytes + d.patch_bytes);
}

static void wino_pack(const struct net_site *s, void *packed, int P)
{
    const struct wino d = wino_of(s, P);
    const float *w = s->in[1]->data;
    float *to = packed;
    double g[WINO_T_MAX][3] = { { 0 } };

    for (int q = 0; q <= P; q++) {
        const double x = q ? wino_point[P][q - 1] : 0;
        double slope = q ? 2 * x * x : 1;                           /* M'(x), less the pairs below */
        for (int r = 1; r <= P; r++)
            slope *= r == q ? 1 : x * x - wino_point[P][r - 1] * wino_point[P][r - 1];
        for (int sign = q ? -1 : 1; sign <= 1; sign += 2) {
            double *row = g[q == 0 ? 0 : 2 * q - (sign > 0)];
            row[0] = 1 / slope;
            row[1] = sign * x / slope;
            row[2] = x * x / slope;
        }
    }
    g[d.t - 1][2] = 1;
    f32_pack_bias(to, d.oc, s->in_n > 2 && s->in[2] ? s->in[2]->data : NULL);
    f32_pack_bias(to + d.panels * F32_PANEL, 1, NULL);
    to += (d.panels + 1) * F32_PANEL;
    for (int64_t o = 0; o < d.oc; o++) {
        const int64_t panel = o / F32_PANEL, wide = d.oc - panel * F32_PANEL <= VL ? VL : F32_PANEL;
        for (int64_t c = 0; c < d.c; c++) {
            double half[WINO_T_MAX][3];
            for (int64_t i = 0; i < d.t; i++)
                for (int x = 0; x < 3; x++) {
                    half[i][x] = 0;
                    for (int y = 0; y < 3; y++)
                        half[i][x] += g[i][y] * (double)w[((o * 3 + y) * 3 + x) * d.c + c];
                }
            for (int64_t i = 0; i < d.t; i++)
                for (int64_t j = 0; j < d.t; j++)
                    to[panel * F32_PANEL * d.t * d.t * d.c + ((i * d.t + j) * d.c + c) * wide + o % F32_PANEL] =
                        (float)(half[i][0] * g[j][0] + half[i][1] * g[j][1] + half[i][2] * g[j][2]);
        }
    }
}

/* Tiles [t0, t0 + n) of the input to v[t t][block][wide]. */
F32_INLINE void wino_inputs(const struct wino *d, const float *in, int64_t t0, int64_t n, float *v, float *patch, const int P)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t image = (t0 + i) / (d->th * d->tw), y = (t0 + i) / d->tw % d->th * d->m - d->top, x = (t0 + i) % d->tw * d->m - d->left;
        const float *from = in + (image * d->ih + y) * d->iw * d->c + x * d->c;
        if (y >= 0 && x >= 0 && y + d->t <= d->ih && x + d->t <= d->iw) {
            wino_input(from, d->c, d->iw * d->c, d->c, v + i * d->wide, d->block * d->wide, P);
            continue;
        }
        for (int64_t r = 0; r < d->t; r++)
            for (int64_t k = 0; k < d->t; k++) {
                float *to = patch + (r * d->t + k) * d->wide;
                if (y + r < 0 || y + r >= d->ih || x + k < 0 || x + k >= d->iw) memset(to, 0, (size_t)d->c * sizeof(float));
                else memcpy(to, in + ((image * d->ih + y + r) * d->iw + x + k) * d->c, (size_t)d->c * sizeof(float));
            }
        wino_input(patch, d->wide, d->t * d->wide, d->c, v + i * d->wide, d->block * d->wide, P);
    }
}

F32_INLINE void wino_run(const struct net_call *c, const int P)
{
    const struct wino d = wino_of(c->site, P);
    const struct net_attr *a = &c->site->node->attr;
    const float *bias = c->packed, *zeros = bias + d.panels * F32_PANEL, *u = zeros + F32_PANEL, *residual = c->site->in_n > 3 && c->site->in[3] ? c->in[3] : NULL;
    float *v = c->scratch, *z = F32_OUT(v, d.v_bytes), *patch = F32_OUT(z, d.z_bytes);
    const struct f32_run run = { 0, 0, d.c };
    const int64_t f = (int64_t)sizeof(float);
    struct f32_grid g = { .in_pixel = d.wide * f, .out_pixel = F32_PANEL * f, .rows = 1, .run = &run, .runs = 1, .bias = zeros, .k = d.c, .act = NET_ACT_IDENTITY };
    struct wino_output o = { .apart = d.block * F32_PANEL, .pixel = d.oc, .row = d.ow * d.oc };
    const bool clamp = f32_clamp(a->act, a->alpha, a->beta, &o.lo, &o.hi);
    int64_t t0 = 0, t1 = d.tiles, p0 = 0, p1 = d.panels;

    if (d.panels >= c->parts && d.tiles < 2 * WINO_TILES_MIN * c->parts)
        net_share(d.panels, c->part, c->parts, &p0, &p1);           /* each makes the inputs for itself */
    else
        net_share(d.tiles, c->part, c->parts, &t0, &t1);
    for (int64_t n; t0 < t1; t0 += n) {
        n = t1 - t0 < d.block ? t1 - t0 : d.block;
        wino_inputs(&d, c->in[0], t0, n, v, patch, P);
        g.width = (int)n;
        g.h = f32_groups(n, &g.per_row);
        for (int64_t p = p0; p < p1; p++) {
            const int64_t lanes = d.oc - p * F32_PANEL < F32_PANEL ? d.oc - p * F32_PANEL : F32_PANEL, wide = lanes <= VL ? VL : F32_PANEL;
            g.n = (int)wide;
            for (int64_t e = 0; e < d.t * d.t; e++) {
                g.in = v + e * d.block * d.wide;
                g.w = u + (p * F32_PANEL * d.t * d.t + e * wide) * d.c;
                g.out = z + e * o.apart;
                f32_sweep(&g, 0, g.per_row, 0, 1);
            }
            for (int64_t i = 0; i < n; i++) {
                const int64_t image = (t0 + i) / (d.th * d.tw), y = (t0 + i) / d.tw % d.th * d.m, x = (t0 + i) % d.tw * d.m;
                const int64_t at = ((image * d.oh + y) * d.ow + x) * d.oc + p * F32_PANEL;
                o.rows = (int)(d.oh - y < d.m ? d.oh - y : d.m);
                o.columns = (int)(d.ow - x < d.m ? d.ow - x : d.m);
                for (int64_t l = 0; l < wide; l += VL) {
                    o.z = z + i * F32_PANEL + l;
                    o.bias = bias + p * F32_PANEL + l;
                    o.out = (float *)c->out + at + l;
                    o.residual = residual ? residual + at + l : NULL;
                    o.lanes = (int)(lanes - l);
                    wino_output(&o, P);
                }
                for (int64_t r = 0; r < o.rows && !clamp; r++)
                    for (int64_t k = 0; k < o.columns; k++)
                        f32_act(a->act, a->alpha, a->beta, (float *)c->out + at + r * o.row + k * o.pixel, lanes);
            }
        }
    }
}

#define WINO(m, P)                                                                                                                   \
    static size_t wino##m##_packed_bytes(const struct net_site *s) { return wino_packed_bytes(s, P); }                              \
    static void wino##m##_pack(const struct net_site *s, void *packed) { wino_pack(s, packed, P); }                                 \
    static size_t wino##m##_scratch_bytes(const struct net_site *s, int parts) { (void)parts; return wino_scratch_bytes(s, P); }    \
    static void wino##m##_run(const struct net_call *c) { wino_run(c, P); }
WINO(2, 1)
WINO(4, 2)
WINO(6, 3)
