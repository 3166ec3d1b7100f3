/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The geometry of augmentation: which part of the picture a sample shows, its pixels, and where boxes end up. */
#include "lab/train/augment_inner.h"

#include <math.h>
#include <stdlib.h>

#define RADIANS 0.017453292519943295

/* The output's middle lies at (cx, cy); its half sides reach `hw`, `hh` source pixels, turned by `angle`; flips as signs. */
static struct augment_warp warp_of(double cx, double cy, double hw, double hh, double angle, double fx, double fy, int w, int h)
{
    double c = cos(angle), s = sin(angle), ax = 2 * hw / w * fx, ay = 2 * hh / h * fy;
    struct augment_warp m = { { c * ax, -s * ay, 0, s * ax, c * ay, 0 } };

    m.m[2] = cx - m.m[0] * w / 2 - m.m[1] * h / 2;
    m.m[5] = cy - m.m[3] * w / 2 - m.m[4] * h / 2;
    return m;
}

/* The largest part of the picture with the sample's shape, or all of it when boxes are kept. */
static void whole(bool boxes, int sw, int sh, int w, int h, double *out_w, double *out_h)
{
    double shape = (double)w / h;

    *out_w = sw;
    *out_h = sh;
    if (boxes)
        return;
    if (*out_w > shape * *out_h)
        *out_w = shape * *out_h;
    else
        *out_h = *out_w / shape;
}

struct augment_warp augment_warp_plain(bool boxes, double crop, bool mirror, int sw, int sh, int w, int h)
{
    double ww, wh, share = boxes ? 1 : crop;

    whole(boxes, sw, sh, w, h, &ww, &wh);
    return warp_of(sw / 2.0, sh / 2.0, share * ww / 2, share * wh / 2, 0, mirror ? -1 : 1, 1, w, h);
}

struct augment_warp augment_warp_draw(const struct augment_config *c, bool boxes, int sw, int sh, int w, int h, struct rng *r)
{
    double area = rng_range(r, c->scale[0], c->scale[1]), stretch = exp(rng_range(r, -1, 1) * log(c->aspect));
    double angle = rng_range(r, -c->rotate_deg, c->rotate_deg) * RADIANS, px = rng_unit(r), py = rng_unit(r);
    double fx = rng_unit(r) < c->flip ? -1 : 1, fy = rng_unit(r) < c->flip_v ? -1 : 1, ww, wh, cw, ch;

    whole(boxes, sw, sh, w, h, &ww, &wh);
    cw = fmin(sw, ww * sqrt(area * stretch));
    ch = fmin(sh, wh * sqrt(area / stretch));
    return warp_of(cw / 2 + px * (sw - cw), ch / 2 + py * (sh - ch), cw / 2, ch / 2, angle, fx, fy, w, h);
}

/* Means of 2 x 2; an odd last line is left out. */
static void halve(const uint8_t *in, int w, int h, uint8_t *out)
{
    int ow = w / 2, oh = h / 2;

    for (int y = 0; y < oh; y++) {
        const uint8_t *a = in + (size_t)(2 * y) * (size_t)w * 3, *b = a + (size_t)w * 3;

        for (int x = 0; x < ow; x++, a += 6, b += 6)
            for (int k = 0; k < 3; k++)
                *out++ = (uint8_t)((a[k] + a[k + 3] + b[k] + b[k + 3] + 2) >> 2);
    }
}

/* Outside, the picture is mirrored at its edge. */
static int mirrored(int i, int n)
{
    int period = 2 * n;

    if ((unsigned)i < (unsigned)n)
        return i;
    i %= period;
    i = i < 0 ? i + period : i;
    return i < n ? i : period - 1 - i;
}

static void sample(const double m[6], const uint8_t *rgb, int sw, int sh, int w, int h, float *out)
{
    for (int v = 0; v < h; v++) {
        double x0 = m[1] * (v + 0.5) + m[2] - 0.5, y0 = m[4] * (v + 0.5) + m[5] - 0.5;

        for (int u = 0; u < w; u++, out += 3) {
            double x = x0 + m[0] * (u + 0.5), y = y0 + m[3] * (u + 0.5);
            double fx = floor(x), fy = floor(y);
            float ax = (float)(x - fx), ay = (float)(y - fy);
            int ix = (int)fx, iy = (int)fy, jx = ix + 1, jy = iy + 1;
            const uint8_t *p00, *p01, *p10, *p11;

            if (ix < 0 || iy < 0 || jx >= sw || jy >= sh) {
                ix = mirrored(ix, sw);
                jx = mirrored(jx, sw);
                iy = mirrored(iy, sh);
                jy = mirrored(jy, sh);
            }
            p00 = rgb + 3 * ((size_t)iy * (size_t)sw + (size_t)ix);
            p01 = rgb + 3 * ((size_t)iy * (size_t)sw + (size_t)jx);
            p10 = rgb + 3 * ((size_t)jy * (size_t)sw + (size_t)ix);
            p11 = rgb + 3 * ((size_t)jy * (size_t)sw + (size_t)jx);
            for (int k = 0; k < 3; k++) {
                float a = (float)p00[k] + ax * (float)(p01[k] - p00[k]), b = (float)p10[k] + ax * (float)(p11[k] - p10[k]);

                out[k] = a + ay * (b - a);
            }
        }
    }
}

enum trundle_status augment_warp_run(const struct augment_warp *warp, const struct data_picture *p, int w, int h, struct augment_scratch *s, float *out)
{
    const double *m = warp->m;
    double shrink = sqrt(fabs(m[0] * m[4] - m[1] * m[3])), local[6];
    const uint8_t *rgb = p->rgb;
    int sw = p->w, sh = p->h, level = 0;

    for (int i = 0; i < 6; i++)
        local[i] = m[i];
    while (shrink > 1.6 && level < AUGMENT_HALVES && sw >= 4 && sh >= 4) {
        uint8_t *half = augment_room((void **)&s->half[level], &s->half_room[level], (size_t)(sw / 2) * (size_t)(sh / 2) * 3);

        if (!half)
            return TRUNDLE_NO_MEMORY;
        halve(rgb, sw, sh, half);
        rgb = half;
        sw /= 2;
        sh /= 2;
        shrink /= 2;
        level++;
        for (int i = 0; i < 6; i++)
            local[i] /= 2;
    }
    sample(local, rgb, sw, sh, w, h, out);
    return TRUNDLE_OK;
}

int augment_warp_boxes(const struct augment_warp *warp, const struct data_box *box, int n, int sw, int sh, int w, int h, struct data_box *out)
{
    const double *m = warp->m;
    double det = m[0] * m[4] - m[1] * m[3];
    int kept = 0;

    for (int i = 0; i < n; i++) {
        double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY, cx0, cy0, cx1, cy1;

        for (int k = 0; k < 4; k++) {         /* the upright box around the turned one */
            double x = (double)(k & 1 ? box[i].x1 : box[i].x0) * sw - m[2], y = (double)(k & 2 ? box[i].y1 : box[i].y0) * sh - m[5];
            double u = (m[4] * x - m[1] * y) / det, v = (m[0] * y - m[3] * x) / det;

            x0 = fmin(x0, u);
            x1 = fmax(x1, u);
            y0 = fmin(y0, v);
            y1 = fmax(y1, v);
        }
        cx0 = fmax(x0, 0);
        cy0 = fmax(y0, 0);
        cx1 = fmin(x1, w);
        cy1 = fmin(y1, h);
        if (cx1 - cx0 < 1 || cy1 - cy0 < 1 || (cx1 - cx0) * (cy1 - cy0) * 3 < (x1 - x0) * (y1 - y0))
            continue;
        out[kept++] = (struct data_box){ (float)cx0, (float)cy0, (float)cx1, (float)cy1, box[i].label };
    }
    return kept;
}
