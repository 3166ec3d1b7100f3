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

/* One output sample of n inputs `step` apart: bicubic, stretched when shrinking so that it also averages. */
static double sample(const uint8_t *from, int n, ptrdiff_t step, double at, double scale)
{
    double reach = 2 * scale, sum = 0, weights = 0;

    for (int i = (int)ceil(at - reach); i <= (int)floor(at + reach); i++) {
        int k = i < 0 ? 0 : i >= n ? n - 1 : i;
        double w = keys((i - at) / scale);

        sum += w * from[k * step];
        weights += w;
    }
    return sum / weights;
}

bool plane_resize(struct plane *to, const struct plane *from, int width, int height)
{
    double fx = (double)from->width / width, fy = (double)from->height / height;
    struct plane middle = { 0 };

    if (!plane_size(&middle, width, from->height) || !plane_size(to, width, height)) {
        plane_done(&middle);
        return false;
    }
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < width; x++)
            middle.pixel[(size_t)y * (size_t)width + (size_t)x] =
                clamp8(sample(from->pixel + (size_t)y * (size_t)from->width, from->width, 1, (x + 0.5) * fx - 0.5, fx > 1 ? fx : 1));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            to->pixel[(size_t)y * (size_t)width + (size_t)x] =
                clamp8(sample(middle.pixel + x, from->height, width, (y + 0.5) * fy - 0.5, fy > 1 ? fy : 1));
    plane_done(&middle);
    return true;
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

bool plane_turn(struct plane *to, const struct plane *from)
{
    if (!plane_size(to, from->height, from->width))
        return false;
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++)
            to->pixel[(size_t)x * (size_t)to->width + (size_t)(from->height - 1 - y)] = from->pixel[(size_t)y * (size_t)from->width + (size_t)x];
    return true;
}
