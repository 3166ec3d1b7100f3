/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/sample - four texels by 8-bit weights; coordinates wrap. u, v in texels of the level, 0 at the first texel's centre. */
#pragma once

#include <stdint.h>

static inline int sample_floor(float x)
{
    int i = (int)x;

    return i - (x < (float)i);
}

static inline int sample_wrap(int x, int n)
{
    if ((unsigned)x < (unsigned)n)
        return x;
    x %= n;
    return x < 0 ? x + n : x;
}

static inline uint32_t sim_sample(const uint32_t *level, int w, int h, float u, float v)
{
    int x = sample_floor(u * 256), y = sample_floor(v * 256);
    int fx = x & 255, fy = y & 255;
    uint32_t a, b, c, d, even, odd, even2, odd2;
    int x0, x1, y0, y1;

    x0 = sample_wrap(x >> 8, w);
    y0 = sample_wrap(y >> 8, h);
    x1 = x0 + 1 == w ? 0 : x0 + 1;
    y1 = y0 + 1 == h ? 0 : y0 + 1;
    a = level[y0 * w + x0];
    b = level[y0 * w + x1];
    c = level[y1 * w + x0];
    d = level[y1 * w + x1];
    even = ((a & 0xff00ff) * (uint32_t)(256 - fx) + (b & 0xff00ff) * (uint32_t)fx) >> 8 & 0xff00ff;
    odd = ((a & 0xff00) * (uint32_t)(256 - fx) + (b & 0xff00) * (uint32_t)fx) >> 8 & 0xff00;
    even2 = ((c & 0xff00ff) * (uint32_t)(256 - fx) + (d & 0xff00ff) * (uint32_t)fx) >> 8 & 0xff00ff;
    odd2 = ((c & 0xff00) * (uint32_t)(256 - fx) + (d & 0xff00) * (uint32_t)fx) >> 8 & 0xff00;
    even = (even * (uint32_t)(256 - fy) + even2 * (uint32_t)fy) >> 8 & 0xff00ff;
    odd = (odd * (uint32_t)(256 - fy) + odd2 * (uint32_t)fy) >> 8 & 0xff00;
    return even | odd;
}
