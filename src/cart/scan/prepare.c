/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Whole-picture preparation. Separable where it can be, sliding sums where windows are wide. */
#include "cart/scan/prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool plane_size(struct plane *p, int width, int height)
{
    size_t want = (size_t)width * (size_t)height;

    if (want > p->capacity) {
        uint8_t *more = realloc(p->pixel, want);

        if (!more)
            return false;
        p->pixel = more;
        p->capacity = want;
    }
    p->width = width;
    p->height = height;
    return true;
}

void plane_done(struct plane *p)
{
    free(p->pixel);
    *p = (struct plane){ 0 };
}

bool plane_copy(struct plane *to, const uint8_t *luma, int width, int height, int stride)
{
    if (!plane_size(to, width, height))
        return false;
    for (int y = 0; y < height; y++)
        memcpy(to->pixel + (size_t)y * (size_t)width, luma + (size_t)y * (size_t)stride, (size_t)width);
    return true;
}

static uint8_t clamp8(double x)
{
    return x <= 0 ? 0 : x >= 255 ? 255 : (uint8_t)(x + 0.5);
}

static double keys(double x)
{
    x = fabs(x);
    if (x < 1)
        return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* Output sample i is the weighted sum of `taps` inputs from first[i]; clamped at the rims. Stretched when shrinking, so that it averages. */
struct taps { int *first; float *weight; int taps; };

static bool taps_make(struct taps *t, int from, int to)
{
    double ratio = (double)from / to, scale = ratio > 1 ? ratio : 1;

    t->taps = (int)ceil(4 * scale) + 1;
    t->first = calloc((size_t)to, sizeof *t->first);
    t->weight = calloc((size_t)to * (size_t)t->taps, sizeof *t->weight);
    if (!t->first || !t->weight)
        return false;
    for (int i = 0; i < to; i++) {
        double at = (i + 0.5) * ratio - 0.5, sum = 0;
        float *w = t->weight + (size_t)i * (size_t)t->taps;

        t->first[i] = (int)ceil(at - 2 * scale);
        for (int k = 0; k < t->taps; k++)
            sum += keys((t->first[i] + k - at) / scale);
        for (int k = 0; k < t->taps; k++)
            w[k] = (float)(keys((t->first[i] + k - at) / scale) / sum);
    }
    return true;
}

static void taps_done(struct taps *t)
{
    free(t->first);
    free(t->weight);
}

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

bool plane_resize(struct plane *to, const struct plane *from, int width, int height)
{
    struct taps across = { 0 }, down = { 0 };
    size_t w = (size_t)width, fw = (size_t)from->width;
    float *middle = calloc(w * (size_t)from->height, sizeof *middle), *row = calloc(w, sizeof *row);
    bool ok = middle && row && taps_make(&across, from->width, width) && taps_make(&down, from->height, height) && plane_size(to, width, height);

    for (size_t y = 0; ok && y < (size_t)from->height; y++)
        for (size_t x = 0; x < w; x++) {
            const float *weight = across.weight + x * (size_t)across.taps;
            float sum = 0;

            for (int k = 0; k < across.taps; k++)
                sum += weight[k] * (float)from->pixel[y * fw + (size_t)clamp_index(across.first[x] + k, from->width)];
            middle[y * w + x] = sum;
        }
    for (size_t y = 0; ok && y < (size_t)height; y++) {
        memset(row, 0, w * sizeof *row);
        for (int k = 0; k < down.taps; k++) {
            float weight = down.weight[y * (size_t)down.taps + (size_t)k];
            const float *in = middle + (size_t)clamp_index(down.first[y] + k, from->height) * w;

            for (size_t x = 0; x < w; x++)
                row[x] += weight * in[x];
        }
        for (size_t x = 0; x < w; x++)
            to->pixel[y * w + x] = clamp8((double)row[x]);
    }
    free(middle);
    free(row);
    taps_done(&across);
    taps_done(&down);
    return ok;
}

bool plane_even(struct plane *to, const struct plane *from, int radius)
{
    size_t w = (size_t)from->width, h = (size_t)from->height, stride = w + 1;
    double *sum = calloc(stride * (h + 1), sizeof *sum), *square = calloc(stride * (h + 1), sizeof *square);
    bool ok = sum && square && plane_size(to, from->width, from->height);

    for (size_t y = 0; ok && y < h; y++) {
        double row = 0, row2 = 0;

        for (size_t x = 0; x < w; x++) {
            double v = from->pixel[y * w + x];

            row += v;
            row2 += v * v;
            sum[(y + 1) * stride + x + 1] = sum[y * stride + x + 1] + row;
            square[(y + 1) * stride + x + 1] = square[y * stride + x + 1] + row2;
        }
    }
    for (int y = 0; ok && y < (int)h; y++)
        for (int x = 0; x < (int)w; x++) {
            size_t x0 = (size_t)(x > radius ? x - radius : 0), x1 = (size_t)(x + radius < (int)w ? x + radius + 1 : (int)w);
            size_t y0 = (size_t)(y > radius ? y - radius : 0), y1 = (size_t)(y + radius < (int)h ? y + radius + 1 : (int)h);
            double n = (double)((x1 - x0) * (y1 - y0));
            double mean = (sum[y1 * stride + x1] - sum[y0 * stride + x1] - sum[y1 * stride + x0] + sum[y0 * stride + x0]) / n;
            double power = (square[y1 * stride + x1] - square[y0 * stride + x1] - square[y1 * stride + x0] + square[y0 * stride + x0]) / n;
            double sd = sqrt(fmax(power - mean * mean, 0));

            to->pixel[(size_t)y * w + (size_t)x] = clamp8(128 + 80 * (from->pixel[(size_t)y * w + (size_t)x] - mean) / fmax(sd, 8));
        }
    free(sum);
    free(square);
    return ok;
}

bool plane_sharpen(struct plane *to, const struct plane *from, int radius, double amount)
{
    if (!plane_size(to, from->width, from->height))
        return false;
    for (int y = 0; y < from->height; y++) {
        const uint8_t *row = from->pixel + (size_t)y * (size_t)from->width;
        uint8_t *out = to->pixel + (size_t)y * (size_t)from->width;

        for (int x = 0; x < from->width; x++) {
            int sum = 0, n = 0;

            for (int i = x - radius; i <= x + radius; i++)
                if (i >= 0 && i < from->width) {
                    sum += row[i];
                    n++;
                }
            out[x] = clamp8(row[x] + amount * (row[x] - (double)sum / n));
        }
    }
    return true;
}
