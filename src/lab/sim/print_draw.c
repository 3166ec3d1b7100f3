/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Smooth shapes on panels: coverage of a texel is how far it lies inside the outline. */
#include "lab/sim/print_inner.h"

#include <math.h>

struct panel panel_make(uint32_t *px, const struct model_region *region, double wide_m, double tall_m)
{
    const float k = (float)PRINT_SIDE / MODEL_SHEET;
    struct panel p = { .px = px, .clip = { k * region->x0, k * region->y0, k * region->x1, k * region->y1 } };

    p.ox = p.clip[0];
    p.oy = p.clip[1];
    p.sx = p.clip[2] - p.clip[0];
    p.tall = (float)(tall_m / wide_m);
    p.sy = (p.clip[3] - p.clip[1]) / p.tall;
    return p;
}

struct panel panel_part(const struct panel *p, float x0, float y0, float x1, float y1)
{
    struct panel part = *p;

    part.ox = p->ox + x0 * p->sx;
    part.oy = p->oy + y0 * p->sy;
    part.sx = p->sx * (x1 - x0);
    part.sy = p->sy * (x1 - x0);
    part.tall = (y1 - y0) / (x1 - x0);
    part.clip[0] = fmaxf(p->clip[0], part.ox);
    part.clip[1] = fmaxf(p->clip[1], part.oy);
    part.clip[2] = fminf(p->clip[2], part.ox + part.sx);
    part.clip[3] = fminf(p->clip[3], part.oy + part.sy * part.tall);
    return part;
}

uint32_t print_rgb(const uint8_t c[3])
{
    return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
}

uint32_t print_mix(uint32_t a, uint32_t b, double f)
{
    uint32_t w = (uint32_t)(fmin(1, fmax(0, f)) * 256);
    uint32_t even = ((a & 0xff00ff) * (256 - w) + (b & 0xff00ff) * w) >> 8 & 0xff00ff, odd = ((a & 0xff00) * (256 - w) + (b & 0xff00) * w) >> 8 & 0xff00;

    return even | odd;
}

double print_luma(uint32_t rgb)
{
    return .3 * (rgb >> 16 & 255) + .59 * (rgb >> 8 & 255) + .11 * (rgb & 255);
}

uint32_t print_hsv(double h, double s, double v)
{
    uint32_t out = 0;

    for (int k = 0; k < 3; k++) {
        double x = fmod(fmod(h, 1) * 6 + 6 + (k == 0 ? 5 : k == 1 ? 3 : 1), 6), f = fmin(fmin(x, 4 - x), 1);

        out = out << 8 | (uint32_t)(255 * (v - v * s * fmax(f, 0)));
    }
    return out;
}

static void blend(uint32_t *px, uint32_t rgb, float cover)
{
    if (cover <= 0)
        return;
    if (cover >= 1) {
        *px = 0xff000000 | rgb;
        return;
    }
    {
        uint32_t top = *px >> 24;

        top += (uint32_t)((float)(255 - top) * cover);
        *px = top << 24 | print_mix(*px & 0xffffff, rgb, (double)cover);
    }
}

struct bounds { int x0, y0, x1, y1; };

static struct bounds bounds_of(const struct panel *p, float x0, float y0, float x1, float y1)
{
    struct bounds b = { (int)floorf(fmaxf(p->clip[0], p->ox + x0 * p->sx - 1)), (int)floorf(fmaxf(p->clip[1], p->oy + y0 * p->sy - 1)),
                        (int)ceilf(fminf(p->clip[2], p->ox + x1 * p->sx + 1)), (int)ceilf(fminf(p->clip[3], p->oy + y1 * p->sy + 1)) };

    b.x0 = b.x0 < 0 ? 0 : b.x0;
    b.y0 = b.y0 < 0 ? 0 : b.y0;
    b.x1 = b.x1 > PRINT_SIDE ? PRINT_SIDE : b.x1;
    b.y1 = b.y1 > PRINT_SIDE ? PRINT_SIDE : b.y1;
    return b;
}

/* Texels per unit, the coarser way. */
static float grain(const struct panel *p)
{
    return fminf(p->sx, p->sy);
}

void panel_rect(const struct panel *p, float x0, float y0, float x1, float y1, float radius, uint32_t above, uint32_t below)
{
    struct bounds b = bounds_of(p, x0, y0, x1, y1);
    float cx = .5f * (x0 + x1), cy = .5f * (y0 + y1), hx = .5f * (x1 - x0), hy = .5f * (y1 - y0), g = grain(p);

    radius = fminf(radius, fminf(hx, hy));
    for (int y = b.y0; y < b.y1; y++) {
        float v = ((float)y + .5f - p->oy) / p->sy, ey = fabsf(v - cy) - hy + radius;
        uint32_t rgb = above == below ? above : print_mix(above, below, (double)((v - y0) / (y1 - y0)));

        for (int x = b.x0; x < b.x1; x++) {
            float ex = fabsf(((float)x + .5f - p->ox) / p->sx - cx) - hx + radius, out;

            out = ex > 0 && ey > 0 ? sqrtf(ex * ex + ey * ey) - radius : fmaxf(ex, ey) - radius;
            blend(&p->px[y * PRINT_SIDE + x], rgb, .5f - out * g);
        }
    }
}

void panel_disc(const struct panel *p, float cx, float cy, float rx, float ry, float turn, uint32_t rgb, float shine)
{
    float far = fmaxf(rx, ry), c = cosf(turn), s = sinf(turn), g = grain(p) * fminf(rx, ry);
    struct bounds b = bounds_of(p, cx - far, cy - far, cx + far, cy + far);

    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            float dx = ((float)x + .5f - p->ox) / p->sx - cx, dy = ((float)y + .5f - p->oy) / p->sy - cy;
            float u = (c * dx + s * dy) / rx, v = (-s * dx + c * dy) / ry, q = sqrtf(u * u + v * v);
            uint32_t here = rgb;

            if (q > 1.1f)
                continue;
            if (shine > 0) {
                float lit = (-.45f * dx - .6f * dy) / far, spot = expf(-((dx / far + .35f) * (dx / far + .35f) + (dy / far + .4f) * (dy / far + .4f)) / .03f);

                here = lit > 0 ? print_mix(rgb, 0xffffff, (double)(shine * .45f * lit)) : print_mix(rgb, 0x200808, (double)(-shine * .75f * lit));
                here = print_mix(here, 0xffffff, (double)(.6f * shine * spot));
            }
            blend(&p->px[y * PRINT_SIDE + x], here, .5f - (q - 1) * g);
        }
}

void panel_star(const struct panel *p, float cx, float cy, float r, int n, float depth, uint32_t rgb)
{
    struct bounds b = bounds_of(p, cx - r, cy - r, cx + r, cy + r);
    float g = grain(p);

    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            float dx = ((float)x + .5f - p->ox) / p->sx - cx, dy = ((float)y + .5f - p->oy) / p->sy - cy, edge = r * (1 - depth);

            if (depth > 0)
                edge += r * depth * cosf((float)n * atan2f(dy, dx));
            blend(&p->px[y * PRINT_SIDE + x], rgb, .5f - (sqrtf(dx * dx + dy * dy) - edge) * g);
        }
}

void panel_wave(const struct panel *p, float level, float slope, float height, float waves, float phase, uint32_t above, uint32_t below)
{
    struct bounds b = bounds_of(p, 0, 0, 1, p->tall);
    float g = grain(p), tall = fmaxf(p->tall - level, .05f);

    for (int x = b.x0; x < b.x1; x++) {
        float u = ((float)x + .5f - p->ox) / p->sx, edge = level + slope * u + height * sinf(6.2831853f * (waves * u + phase));

        for (int y = b.y0; y < b.y1; y++) {
            float v = ((float)y + .5f - p->oy) / p->sy;

            if (v > edge - .02f)
                blend(&p->px[y * PRINT_SIDE + x], above == below ? above : print_mix(above, below, (double)((v - level) / tall)), .5f + (v - edge) * g);
        }
    }
}

void panel_line(const struct panel *p, float x0, float y0, float x1, float y1, float half_width, uint32_t rgb)
{
    struct bounds b = bounds_of(p, fminf(x0, x1) - half_width, fminf(y0, y1) - half_width, fmaxf(x0, x1) + half_width, fmaxf(y0, y1) + half_width);
    float dx = x1 - x0, dy = y1 - y0, n = dx * dx + dy * dy + 1e-12f, g = grain(p);

    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            float u = ((float)x + .5f - p->ox) / p->sx - x0, v = ((float)y + .5f - p->oy) / p->sy - y0, f = fminf(1, fmaxf(0, (u * dx + v * dy) / n));
            float ex = u - f * dx, ey = v - f * dy;

            blend(&p->px[y * PRINT_SIDE + x], rgb, .5f - (sqrtf(ex * ex + ey * ey) - half_width) * g);
        }
}
