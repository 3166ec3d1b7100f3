/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Differences of two pictures as regions, and what speaks for which of the two holding the thing. */
#include "cart/see/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sum of the differences of three channels, averaged over 2 x 2 pixels, that counts as change. */
#define CHANGE 36
enum { CELLS_LEAST = 24 };

bool compare_init(struct compare *c, int w, int h, const uint8_t *keep)
{
    size_t n;

    *c = (struct compare){ .w = w, .h = h, .hw = w / 2, .hh = h / 2, .keep = keep };
    n = (size_t)c->hw * (size_t)c->hh;
    c->differs = calloc(n + 1, 1);
    c->clean = calloc(n + 1, 1);
    c->label = calloc(n + 1, sizeof *c->label);
    c->stack = calloc(n + 1, sizeof *c->stack);
    return c->differs && c->clean && c->label && c->stack;
}

void compare_done(struct compare *c)
{
    free(c->differs);
    free(c->clean);
    free(c->label);
    free(c->stack);
}

static bool kept(const struct compare *c, int hx, int hy)
{
    const uint8_t *k = c->keep + (size_t)(2 * hy) * (size_t)c->w + (size_t)(2 * hx);

    return k[0] && k[1] && k[c->w] && k[c->w + 1];
}

/* Channel v of the half-size grid cell, times 4. */
static int cell_value(const struct compare *c, const uint8_t *rgb, int hx, int hy, int channel)
{
    const uint8_t *p = rgb + 3 * ((size_t)(2 * hy) * (size_t)c->w + (size_t)(2 * hx)) + channel;

    return p[0] + p[3] + p[3 * c->w] + p[3 * c->w + 3];
}

/* Gains of the three channels that bring picture a's light to b's, from the cells that are alike. */
static void match_light(const struct compare *c, const uint8_t *a, const uint8_t *b, float gain[3])
{
    for (int pass = 0; pass < 2; pass++) {
        double sum_a[3] = { 0 }, sum_b[3] = { 0 };

        for (int y = 0; y < c->hh; y += 2)
            for (int x = 0; x < c->hw; x += 2) {
                float off = 0;
                int va[3], vb[3];

                if (!kept(c, x, y))
                    continue;
                for (int k = 0; k < 3; k++) {
                    va[k] = cell_value(c, a, x, y, k);
                    vb[k] = cell_value(c, b, x, y, k);
                    off += fabsf((pass ? gain[k] : 1.0f) * (float)va[k] - (float)vb[k]);
                }
                if (off > 4 * CHANGE * (pass ? 1 : 2))
                    continue;
                for (int k = 0; k < 3; k++) {
                    sum_a[k] += va[k];
                    sum_b[k] += vb[k];
                }
            }
        for (int k = 0; k < 3; k++)
            gain[k] = sum_a[k] > 100 && sum_b[k] > 100 ? (float)(sum_b[k] / sum_a[k]) : 1.0f;
    }
}

static int difference(const struct compare *c, const uint8_t *a, const uint8_t *b, const float gain[3], int x, int y)
{
    float off = 0;

    for (int k = 0; k < 3; k++)
        off += fabsf(gain[k] * (float)cell_value(c, a, x, y, k) - (float)cell_value(c, b, x, y, k));
    return (int)off;
}

/* Majority of 3 x 3: lonely cells go, small holes close. */
static void clean_up(struct compare *c)
{
    memset(c->clean, 0, (size_t)c->hw * (size_t)c->hh);
    for (int y = 1; y + 1 < c->hh; y++)
        for (int x = 1; x + 1 < c->hw; x++) {
            int n = 0;

            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    n += c->differs[(y + dy) * c->hw + x + dx];
            c->clean[y * c->hw + x] = n >= 5;
        }
}

/* Fills the region that holds cell `from` with `label`. */
static struct region flood(struct compare *c, uint32_t from, uint32_t label)
{
    struct region r = { .label = label, .x0 = c->hw, .y0 = c->hh };
    size_t n = 0;
    double sx = 0, sy = 0;

    c->stack[n++] = from;
    c->label[from] = label;
    while (n) {
        uint32_t at = c->stack[--n];
        int x = (int)(at % (uint32_t)c->hw), y = (int)(at / (uint32_t)c->hw);

        bool edge = false;

        r.cells++;
        sx += x;
        sy += y;
        r.x0 = x < r.x0 ? x : r.x0;
        r.x1 = x + 1 > r.x1 ? x + 1 : r.x1;
        r.y0 = y < r.y0 ? y : r.y0;
        r.y1 = y + 1 > r.y1 ? y + 1 : r.y1;
        for (int k = 0; k < 4; k++) {
            int u = x + (k == 0) - (k == 1), v = y + (k == 2) - (k == 3);
            uint32_t next = (uint32_t)(v * c->hw + u);

            if (u < 1 || v < 1 || u + 1 >= c->hw || v + 1 >= c->hh || !kept(c, u, v)) {
                edge = true;
            } else if (c->clean[next] && !c->label[next]) {
                c->label[next] = label;
                c->stack[n++] = next;
            }
        }
        r.edge += edge;
    }
    r.x = (float)(sx / (double)r.cells);
    r.y = (float)(sy / (double)r.cells);
    return r;
}

static float signed_share(double after, double before, double floor)
{
    return (float)((after - before) / (after + before + floor));
}

/* Contrast across the outline, two cells apart, and gradients inside. */
static void measure(const struct compare *c, const uint8_t *rgb, const struct region *r, double *out_outline, double *out_inside)
{
    double outline = 0, inside = 0;
    size_t outline_n = 1, inside_n = 1;

    for (int y = r->y0; y < r->y1; y++)
        for (int x = r->x0; x < r->x1; x++) {
            if (c->label[y * c->hw + x] != r->label)
                continue;
            for (int k = 0; k < 4; k++) {
                int dx = (k == 0) - (k == 1), dy = (k == 2) - (k == 3), u = x + dx, v = y + dy;
                int fu = x + 2 * dx, fv = y + 2 * dy;
                double off = 0;

                if (fu < 0 || fv < 0 || fu >= c->hw || fv >= c->hh || !kept(c, fu, fv))
                    continue;
                if (c->label[v * c->hw + u] == r->label) {
                    if (k == 0 || k == 2) {
                        for (int ch = 0; ch < 3; ch++)
                            off += abs(cell_value(c, rgb, x, y, ch) - cell_value(c, rgb, u, v, ch));
                        inside += off;
                        inside_n++;
                    }
                    continue;
                }
                for (int ch = 0; ch < 3; ch++)
                    off += abs(cell_value(c, rgb, x, y, ch) - cell_value(c, rgb, fu, fv, ch));
                outline += off;
                outline_n++;
            }
        }
    *out_outline = outline / (double)outline_n;
    *out_inside = inside / (double)inside_n;
}

static double unlike_empty(const struct compare *c, const uint8_t *rgb, const uint8_t *empty, const float gain[3], const struct region *r)
{
    double sum = 0;

    for (int y = r->y0; y < r->y1; y++)
        for (int x = r->x0; x < r->x1; x++)
            if (c->label[y * c->hw + x] == r->label)
                sum += difference(c, empty, rgb, gain, x, y);
    return sum / (double)r->cells;
}

static void tell_apart(const struct compare *c, const uint8_t *before, const uint8_t *after, const uint8_t *empty, size_t n, struct region *r)
{
    float gain_before[3], gain_after[3];

    if (empty) {
        match_light(c, empty, before, gain_before);
        match_light(c, empty, after, gain_after);
    }
    for (size_t i = 0; i < n; i++) {
        double outline_before, outline_after, inside_before, inside_after;

        measure(c, before, &r[i], &outline_before, &inside_before);
        measure(c, after, &r[i], &outline_after, &inside_after);
        r[i].outlined = signed_share(outline_after, outline_before, 40);
        r[i].textured = signed_share(inside_after, inside_before, 20);
        if (empty)
            r[i].emptier = signed_share(unlike_empty(c, after, empty, gain_after, &r[i]), unlike_empty(c, before, empty, gain_before, &r[i]), 40);
    }
}

size_t compare_pictures(struct compare *c, const uint8_t *before, const uint8_t *after, const uint8_t *empty,
                        struct region out[COMPARE_REGIONS], float *out_share)
{
    size_t n = 0, cells = (size_t)c->hw * (size_t)c->hh, kept_n = 0, differ = 0;
    float gain[3] = { 1, 1, 1 };
    uint32_t labels = 0;

    match_light(c, before, after, gain);
    memset(c->differs, 0, cells);
    memset(c->label, 0, cells * sizeof *c->label);
    for (int y = 0; y < c->hh; y++)
        for (int x = 0; x < c->hw; x++)
            if (kept(c, x, y)) {
                int at = y * c->hw + x;

                c->differs[at] = difference(c, before, after, gain, x, y) > 4 * CHANGE;
                differ += c->differs[at];
                kept_n++;
            }
    *out_share = kept_n ? (float)differ / (float)kept_n : 0;
    clean_up(c);
    for (size_t i = 0; i < cells; i++) {
        struct region r;
        size_t at;

        if (!c->clean[i] || c->label[i])
            continue;
        r = flood(c, (uint32_t)i, ++labels);
        if (r.cells < CELLS_LEAST)
            continue;
        at = n < COMPARE_REGIONS ? n : COMPARE_REGIONS;
        while (at > 0 && r.cells > out[at - 1].cells)
            at--;
        if (at == COMPARE_REGIONS)
            continue;
        n = n < COMPARE_REGIONS ? n + 1 : n;
        memmove(out + at + 1, out + at, (n - 1 - at) * sizeof *out);
        out[at] = r;
    }
    tell_apart(c, before, after, empty, n, out);
    return n;
}

void compare_mask(const struct compare *c, const struct region *r, uint8_t *out, int *out_w, int *out_h)
{
    int w = 2 * (r->x1 - r->x0), h = 2 * (r->y1 - r->y0);

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            out[(size_t)y * (size_t)w + (size_t)x] = c->label[(r->y0 + y / 2) * c->hw + r->x0 + x / 2] == r->label;
    *out_w = w;
    *out_h = h;
}
