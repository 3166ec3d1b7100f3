/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hand-made embedding: cells of gradient orientations and colour names, patches of 2 x 2 cells, second-order pooling. */
#include "cart/see/describe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CELL = 8, CELLS = SEE_DESCRIBE_SIDE / CELL,
    TURNS = 8,                     /* gradient directions over the full circle */
    HUES = 20, LEVELS = 8,          /* colour names: hues, no hue, levels of luma */
    COLOURS = HUES + 1 + LEVELS,
    CELL_DIMS = TURNS + COLOURS + 1    /* and the share of the cell that belongs to the thing */
};
/* Twice the variance of the place of what a photo shows, in sides of the picture. */
#define SPREAD 0.09f
_Static_assert(4 * TURNS + COLOURS + 3 == SEE_LOCAL, "a patch is 2 x 2 cells of directions, its colours, its place and 1");

struct see_scratch {
    float rgb[SEE_DESCRIBE_SIDE * SEE_DESCRIBE_SIDE][3];
    float luma[SEE_DESCRIBE_SIDE * SEE_DESCRIBE_SIDE];
    float inside[SEE_DESCRIBE_SIDE * SEE_DESCRIBE_SIDE];
    float cell[CELLS][CELLS][CELL_DIMS];
    float moment[SEE_LOCAL][SEE_LOCAL], root[SEE_LOCAL][SEE_LOCAL], inverse[SEE_LOCAL][SEE_LOCAL];
    float step[SEE_LOCAL][SEE_LOCAL], product[SEE_LOCAL][SEE_LOCAL];
};

struct see_scratch *see_scratch_new(void)
{
    return calloc(1, sizeof(struct see_scratch));
}

void see_scratch_free(struct see_scratch *s)
{
    free(s);
}

struct box { int x0, y0, x1, y1; };

/* The box of what the mask keeps. */
static bool find_box(const struct see_picture *p, struct box *out)
{
    struct box b = { p->w, p->h, 0, 0 };

    if (!p->mask) {
        *out = (struct box){ 0, 0, p->w, p->h };
        return p->w >= 8 && p->h >= 8;
    }
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++)
            if (p->mask[(size_t)y * (size_t)p->w + (size_t)x]) {
                b.x0 = x < b.x0 ? x : b.x0;
                b.x1 = x + 1 > b.x1 ? x + 1 : b.x1;
                b.y0 = y < b.y0 ? y : b.y0;
                b.y1 = y + 1 > b.y1 ? y + 1 : b.y1;
            }
    *out = b;
    return b.x1 - b.x0 >= 8 && b.y1 - b.y0 >= 8;
}

/* One scaled pixel: the mean of the source pixels it covers (at least one; repeated when enlarging), the thing's own only. */
static void take_pixel(const struct see_picture *p, const struct box *b, float scale, int x, int y, float rgb[3], float *inside)
{
    int sx0 = b->x0 + (int)((float)x * scale), sx1 = b->x0 + (int)((float)(x + 1) * scale);
    int sy0 = b->y0 + (int)((float)y * scale), sy1 = b->y0 + (int)((float)(y + 1) * scale);
    float sum[3] = { 0 }, all[3] = { 0 }, n = 0, n_all = 0;

    sx0 = sx0 < b->x1 ? sx0 : b->x1 - 1;
    sy0 = sy0 < b->y1 ? sy0 : b->y1 - 1;
    sx1 = sx1 <= sx0 ? sx0 + 1 : sx1 > b->x1 ? b->x1 : sx1;
    sy1 = sy1 <= sy0 ? sy0 + 1 : sy1 > b->y1 ? b->y1 : sy1;
    for (int sy = sy0; sy < sy1; sy++)
        for (int sx = sx0; sx < sx1; sx++) {
            const uint8_t *v = p->rgb + (size_t)sy * (size_t)p->stride + 3 * (size_t)sx;
            float m = !p->mask || p->mask[(size_t)sy * (size_t)p->w + (size_t)sx] ? 1.0f : 0.0f;

            for (int c = 0; c < 3; c++) {
                sum[c] += m * (float)v[c];
                all[c] += (float)v[c];
            }
            n += m;
            n_all += 1.0f;
        }
    for (int c = 0; c < 3; c++)
        rgb[c] = n > 0 ? sum[c] / n : all[c] / n_all;
    *inside = n / n_all;
}

static float unit(float v)
{
    return v < 0 ? 0 : v > 1.0f ? 1.0f : v;
}

/* Soft colour names of a pixel. Chroma is relative to the intensity, so that a shadow keeps the name. */
static void name_colour(const float rgb[3], float weight, float out[COLOURS])
{
    float total = rgb[0] + rgb[1] + rgb[2] + 30.0f;
    float o1 = (rgb[0] - rgb[1]) * 1.2247449f / total, o2 = (rgb[0] + rgb[1] - 2.0f * rgb[2]) * 0.70710678f / total;
    float chroma = sqrtf(o1 * o1 + o2 * o2);
    float coloured = unit((chroma - 0.06f) / 0.18f);
    float hue = (atan2f(o2, o1) + 3.14159265f) * (HUES / 6.2831853f), at = floorf(hue), rest = hue - at;
    float level = (rgb[0] * 0.299f + rgb[1] * 0.587f + rgb[2] * 0.114f) * ((LEVELS - 1) / 255.0f), low = floorf(level);
    int h = (int)at % HUES, l = (int)low > LEVELS - 2 ? LEVELS - 2 : (int)low;

    out[h] += weight * coloured * (1.0f - rest);
    out[(h + 1) % HUES] += weight * coloured * rest;
    out[HUES] += weight * (1.0f - coloured);
    level = unit(level - (float)l);
    out[HUES + 1 + l] += weight * (1.0f - level);
    out[HUES + 2 + l] += weight * level;
}

static void fill_cells(struct see_scratch *s, int w, int h)
{
    memset(s->cell, 0, sizeof s->cell);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int i = y * SEE_DESCRIBE_SIDE + x;
            float *cell = s->cell[y / CELL][x / CELL];
            float gx, gy, strength, turn, at, rest;
            int t;

            if (s->inside[i] < 0.5f)
                continue;
            name_colour(s->rgb[i], 1.0f, cell + TURNS);
            cell[CELL_DIMS - 1] += 1.0f;
            if (x == 0 || y == 0 || x == w - 1 || y == h - 1)
                continue;
            gx = s->luma[i + 1] - s->luma[i - 1];
            gy = s->luma[i + SEE_DESCRIBE_SIDE] - s->luma[i - SEE_DESCRIBE_SIDE];
            strength = sqrtf(gx * gx + gy * gy);
            turn = (atan2f(gy, gx) + 3.14159265f) * (TURNS / 6.2831853f);
            at = floorf(turn);
            rest = turn - at;
            t = (int)at % TURNS;
            cell[t] += strength * (1.0f - rest);
            cell[(t + 1) % TURNS] += strength * rest;
        }
}

/* Sums `step` x `step` cells from (x, y) into one. */
static void sum_cells(const struct see_scratch *s, int x, int y, int step, float out[CELL_DIMS])
{
    memset(out, 0, CELL_DIMS * sizeof *out);
    for (int v = y; v < y + step; v++)
        for (int u = x; u < x + step; u++)
            for (int d = 0; d < CELL_DIMS; d++)
                out[d] += s->cell[v][u][d];
}

/* The patch of 2 x 2 (groups of) cells at (x, y): its local descriptor. Returns its weight, 0 to skip it. */
static float describe_patch(const struct see_scratch *s, int x, int y, int step, int across, int down, float out[SEE_LOCAL])
{
    float part[4][CELL_DIMS], norm = 0, colours = 0, inside = 0, *colour = out + 4 * TURNS;
    float size = (float)(2 * step), pixels = (float)(4 * step * step * CELL * CELL);

    memset(out, 0, SEE_LOCAL * sizeof *out);
    for (int k = 0; k < 4; k++) {
        sum_cells(s, x + (k & 1) * step, y + (k >> 1) * step, step, part[k]);
        inside += part[k][CELL_DIMS - 1];
        for (int t = 0; t < TURNS; t++) {
            out[k * TURNS + t] = part[k][t];
            norm += part[k][t];
        }
        for (int c = 0; c < COLOURS; c++)
            colour[c] += part[k][TURNS + c];
    }
    if (inside < 0.3f * pixels)
        return 0;
    /* The floor lets flat patches stay near 0 instead of blowing up their noise. */
    norm += 4.0f * inside;
    for (int d = 0; d < 4 * TURNS; d++)
        out[d] = sqrtf(out[d] / norm);
    for (int c = 0; c < COLOURS; c++)
        colours += colour[c];
    for (int c = 0; c < COLOURS; c++)
        colour[c] = sqrtf(colour[c] / colours);
    out[SEE_LOCAL - 3] = ((float)x + 0.5f * size) / (float)across - 0.5f;
    out[SEE_LOCAL - 2] = ((float)y + 0.5f * size) / (float)down - 0.5f;
    out[SEE_LOCAL - 1] = 0.5f;
    return inside / pixels;
}

/* Where a quarter turn of the picture takes dimension i, and its sign. */
static int turned(int i, float *sign)
{
    if (i < 4 * TURNS) {
        int k = i / TURNS, kx = k & 1, ky = k >> 1;

        return (kx * 2 + 1 - ky) * TURNS + (i % TURNS + TURNS / 4) % TURNS;
    }
    if (i == SEE_LOCAL - 2)
        *sign = -*sign;
    return i == SEE_LOCAL - 3 ? SEE_LOCAL - 2 : i == SEE_LOCAL - 2 ? SEE_LOCAL - 3 : i;
}

/* The moment's mean over the four quarter turns: a thing in a basket lies any way up. */
static void forget_turn(struct see_scratch *s)
{
    memset(s->product, 0, sizeof s->product);
    for (int i = 0; i < SEE_LOCAL; i++)
        for (int j = 0; j < SEE_LOCAL; j++) {
            int a = i, b = j;
            float sign = 1.0f;

            for (int turn = 0; turn < 4; turn++) {
                s->product[a][b] += 0.25f * sign * s->moment[i][j];
                a = turned(a, &sign);
                b = turned(b, &sign);
            }
        }
    memcpy(s->moment, s->product, sizeof s->moment);
}

/* After that, pairs of dimensions that turn into each other hold the same number. How many such pairs (i, j) stands for when it
 * is the first of them, else 0. */
static int pairs_of(int i, int j)
{
    int a = i, b = j, n = 0;
    float sign = 1.0f;

    do {
        int low = a < b ? a : b, high = a < b ? b : a;

        if (low < i || (low == i && high < j))
            return 0;
        n++;
        a = turned(a, &sign);
        b = turned(b, &sign);
    } while (!((a == i && b == j) || (a == j && b == i)) && n < 4);
    return n;
}

static void multiply(float a[SEE_LOCAL][SEE_LOCAL], float b[SEE_LOCAL][SEE_LOCAL], float out[SEE_LOCAL][SEE_LOCAL])
{
    for (int i = 0; i < SEE_LOCAL; i++) {
        float row[SEE_LOCAL] = { 0 };

        for (int k = 0; k < SEE_LOCAL; k++)
            for (int j = 0; j < SEE_LOCAL; j++)
                row[j] += a[i][k] * b[k][j];
        memcpy(out[i], row, sizeof row);
    }
}

/* Square root of the moment matrix by coupled Newton-Schulz steps (Higham, "Functions of Matrices", 2008, section 6.7). A few
 * steps are enough: the smallest eigenvalues are noise and better left small. */
static void take_root(struct see_scratch *s)
{
    float trace = 0;

    for (int i = 0; i < SEE_LOCAL; i++)
        trace += s->moment[i][i];
    for (int i = 0; i < SEE_LOCAL; i++)
        for (int j = 0; j < SEE_LOCAL; j++) {
            s->root[i][j] = s->moment[i][j] / trace + (i == j ? 0.0003f : 0);
            s->inverse[i][j] = i == j ? 1.0f : 0;
        }
    for (int n = 0; n < 8; n++) {
        multiply(s->inverse, s->root, s->step);
        for (int i = 0; i < SEE_LOCAL; i++)
            for (int j = 0; j < SEE_LOCAL; j++)
                s->step[i][j] = (i == j ? 1.5f : 0) - 0.5f * s->step[i][j];
        multiply(s->root, s->step, s->product);
        memcpy(s->root, s->product, sizeof s->root);
        multiply(s->step, s->inverse, s->product);
        memcpy(s->inverse, s->product, sizeof s->inverse);
    }
}

bool see_describe(const struct see_picture *picture, struct see_scratch *s, float out[SEE_EMBEDDING])
{
    struct box b;
    float scale, local[SEE_LOCAL], total = 0, norm = 0;
    int w, h, side, most, across, down;
    size_t n = 0;

    if (!find_box(picture, &b))
        return false;
    side = b.x1 - b.x0 > b.y1 - b.y0 ? b.x1 - b.x0 : b.y1 - b.y0;
    most = picture->mask ? SEE_DESCRIBE_SIDE / 2 : SEE_DESCRIBE_SIDE;
    scale = (float)side / (float)most;
    w = (int)((float)(b.x1 - b.x0) / scale + 0.5f);
    h = (int)((float)(b.y1 - b.y0) / scale + 0.5f);
    w = w < 2 * CELL ? 2 * CELL : w > most ? most : w;
    h = h < 2 * CELL ? 2 * CELL : h > most ? most : h;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int i = y * SEE_DESCRIBE_SIDE + x;

            take_pixel(picture, &b, scale, x, y, s->rgb[i], &s->inside[i]);
            s->luma[i] = s->rgb[i][0] * 0.299f + s->rgb[i][1] * 0.587f + s->rgb[i][2] * 0.114f;
        }
    fill_cells(s, w, h);
    across = w / CELL;
    down = h / CELL;
    memset(s->moment, 0, sizeof s->moment);
    for (int step = 1; step <= 4; step *= 2)
        for (int y = 0; y + 2 * step <= down; y++)
            for (int x = 0; x + 2 * step <= across; x++) {
                float weight = describe_patch(s, x, y, step, across, down, local);

                if (!(weight > 0))
                    continue;
                /* Without a mask the thing is taken to be in the middle. */
                if (!picture->mask)
                    weight *= expf(-(local[SEE_LOCAL - 3] * local[SEE_LOCAL - 3] + local[SEE_LOCAL - 2] * local[SEE_LOCAL - 2]) / SPREAD);
                total += weight;
                for (int i = 0; i < SEE_LOCAL; i++)
                    for (int j = 0; j < SEE_LOCAL; j++)
                        s->moment[i][j] += weight * local[i] * local[j];
            }
    if (!(total > 0))
        return false;
    if (picture->mask)
        forget_turn(s);
    take_root(s);
    for (int i = 0; i < SEE_LOCAL; i++)
        for (int j = i; j < SEE_LOCAL; j++) {
            float same = picture->mask ? (float)pairs_of(i, j) : 1.0f;
            float v = 0.5f * (s->root[i][j] + s->root[j][i]) * sqrtf(i == j ? same : 2.0f * same);

            out[n++] = v;
            norm += v * v;
        }
    norm = 1.0f / sqrtf(norm + 1e-12f);
    for (size_t i = 0; i < SEE_EMBEDDING; i++)
        out[i] *= norm;
    return true;
}
