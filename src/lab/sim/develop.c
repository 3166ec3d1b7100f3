/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Blur is 1-2-1 both ways; noise comes from a table of normals that is read from a random place per row. */
#include "lab/sim/develop.h"

#include "cart/calib/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { NOISE = 1 << 16, BLOCK = 48 };       /* a block is whole pixels and whole vectors: fixed counts let -O2 vectorise */

struct developer {
    int w, h;
    struct rng r;
    tjhandle jpeg;
    unsigned char *bytes;                  /* turbojpeg's, room for the worst case */
    unsigned long  bytes_n;
    size_t row;                            /* 3 w, rounded up to whole blocks */
    uint8_t *rgb, *out, *out_row;          /* before, h x row; after, w x h x 3; one padded row of that */
    uint16_t *sum;                         /* a row of vertical sums, with a pixel of margin each side */
    int8_t *noise;                         /* NOISE + a row */
    double noise_dn;
    int16_t dark;                          /* noise added at black, of that of the table, in 1/64 */
};

void developer_free(struct developer *d)
{
    if (!d)
        return;
    if (d->jpeg)
        (void)tjDestroy(d->jpeg);
    tjFree(d->bytes);
    free(d->rgb);
    free(d->out);
    free(d->out_row);
    free(d->sum);
    free(d->noise);
    free(d);
}

enum trundle_status developer_new(int w, int h, double noise_dn, uint64_t seed, struct developer **out)
{
    struct developer *d = calloc(1, sizeof *d);
    size_t row = ((size_t)w * 3 + BLOCK - 1) / BLOCK * BLOCK;

    if (!d)
        return TRUNDLE_NO_MEMORY;
    d->w = w;
    d->h = h;
    d->noise_dn = noise_dn;
    d->r = rng_seed(seed, "camera/noise");
    d->jpeg = tjInitCompress();
    d->bytes_n = tjBufSize(w, h, TJSAMP_420);
    d->bytes = tjAlloc((int)d->bytes_n);
    d->rgb = calloc(row, (size_t)h);
    d->out = calloc((size_t)w * 3, (size_t)h);
    d->out_row = calloc(row, 1);
    d->row = row;
    d->sum = calloc(row + 6, sizeof *d->sum);
    d->noise = calloc(NOISE + row, 1);
    if (!d->jpeg || !d->bytes || !d->rgb || !d->out || !d->out_row || !d->sum || !d->noise) {
        developer_free(d);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t i = 0; i < NOISE + row; i++)
        d->noise[i] = i < NOISE ? (int8_t)lround(fmin(127, fmax(-127, noise_dn * rng_normal(&d->r)))) : d->noise[i - NOISE];
    *out = d;
    return TRUNDLE_OK;
}

void developer_dark_noise(struct developer *d, double dark_dn)
{
    d->dark = d->noise_dn > 0 ? (int16_t)lround(64 * fmin(3, fmax(0, dark_dn / d->noise_dn))) : 0;
}

static void sum_block(const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c, uint16_t *restrict sum)
{
    for (int i = 0; i < BLOCK; i++)
        sum[i] = (uint16_t)(a[i] + 2 * b[i] + c[i]);
}

static void gain_block(const uint16_t *restrict left, const uint16_t *restrict gain, const int8_t *restrict noise, uint8_t *restrict out)
{
    for (int i = 0; i < BLOCK; i++) {
        uint16_t blurred = (uint16_t)((left[i] + 2 * left[i + 3] + left[i + 6]) << 4);
        int16_t value = (int16_t)((int16_t)((uint32_t)blurred * gain[i] >> 16) + noise[i]);

        value = value < 0 ? 0 : value;
        out[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

/* The same with noise that falls from black to white. */
static void dark_block(const uint16_t *restrict left, const uint16_t *restrict gain, const int8_t *restrict noise, int16_t dark, uint8_t *restrict out)
{
    for (int i = 0; i < BLOCK; i++) {
        uint16_t blurred = (uint16_t)((left[i] + 2 * left[i + 3] + left[i + 6]) << 4);
        int16_t value = (int16_t)((uint32_t)blurred * gain[i] >> 16), share;

        value = value > 255 ? 255 : value;
        share = (int16_t)(64 + dark - (int16_t)(value * dark >> 8));
        value = (int16_t)(value + ((int16_t)(noise[i] * share) >> 6));
        value = value < 0 ? 0 : value;
        out[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

/* The blocks of a row in which the mask keeps something, a pixel more on each side. */
static void kept_blocks(const struct developer *d, const uint8_t *mask, size_t *from, size_t *to)
{
    size_t lo = 0, hi = (size_t)d->w;

    while (mask && lo < hi && !mask[lo])
        lo++;
    while (mask && hi > lo && !mask[hi - 1])
        hi--;
    *from = lo < hi ? (lo ? 3 * (lo - 1) : 0) / BLOCK * BLOCK : 0;
    *to = lo < hi ? (3 * (hi + 1) + BLOCK - 1) / BLOCK * BLOCK : 0;
    *to = *to < d->row ? *to : d->row;
}

/* Rows are padded to whole blocks; `sum` begins one pixel before the row. What the mask blanks is left as it comes. */
static void develop(struct developer *d, const struct sim_view *view, const double gain[3], const uint8_t *mask)
{
    uint16_t gain_of[BLOCK];

    for (int i = 0; i < BLOCK; i++)
        gain_of[i] = (uint16_t)fmin(4095, fmax(0, 256 * gain[i % 3]));
    for (int y = 0; y < d->h; y++) {
        const uint32_t *from = view->rgb + (size_t)y * (size_t)d->w;
        uint8_t *to = d->rgb + (size_t)y * d->row;

        for (int x = 0; x < d->w; x++) {
            to[3 * x] = (uint8_t)(from[x] >> 16);
            to[3 * x + 1] = (uint8_t)(from[x] >> 8);
            to[3 * x + 2] = (uint8_t)from[x];
        }
    }
    for (int y = 0; y < d->h; y++) {
        const uint8_t *b = d->rgb + (size_t)y * d->row, *a = y ? b - d->row : b, *c = y + 1 < d->h ? b + d->row : b;
        const int8_t *noise = d->noise + (rng_u64(&d->r) & (NOISE - 1));
        size_t used = (size_t)d->w * 3, from, to;

        kept_blocks(d, mask ? mask + (size_t)y * (size_t)d->w : NULL, &from, &to);
        for (size_t i = from; i < to; i += BLOCK)
            sum_block(a + i, b + i, c + i, d->sum + 3 + i);
        for (size_t k = 0; k < 3; k++) {
            d->sum[k] = d->sum[3 + k];
            d->sum[3 + used + k] = d->sum[used + k];
        }
        for (size_t i = from; i < to; i += BLOCK) {
            if (d->dark)
                dark_block(d->sum + i, gain_of, noise + i, d->dark, d->out_row + i);
            else
                gain_block(d->sum + i, gain_of, noise + i, d->out_row + i);
        }
        memcpy(d->out + (size_t)y * used, d->out_row, used);
    }
}

enum trundle_status developer_jpeg(struct developer *d, const struct sim_view *view, const double gain[3], const uint8_t *mask, int quality,
                                   const unsigned char **out_jpeg, size_t *out_n)
{
    unsigned long n = d->bytes_n;

    develop(d, view, gain, mask);
    if (mask)
        mask_apply(mask, d->out, d->w, d->h, (size_t)d->w * 3, 3);
    if (tjCompress2(d->jpeg, d->out, d->w, d->w * 3, d->h, TJPF_RGB, &d->bytes, &n, TJSAMP_420, quality, TJFLAG_NOREALLOC) != 0)
        return TRUNDLE_BAD_INPUT;
    *out_jpeg = d->bytes;
    *out_n = n;
    return TRUNDLE_OK;
}

const uint8_t *developer_rgb(const struct developer *d)
{
    return d->out;
}
