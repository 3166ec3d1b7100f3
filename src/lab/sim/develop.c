/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Blur is 1-2-1 both ways; noise comes from a table of normals that is read from a random place per row. */
#include "lab/sim/develop.h"

#include "cart/calib/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { NOISE = 1 << 16 };

struct developer {
    int w, h;
    struct rng r;
    tjhandle jpeg;
    unsigned char *bytes;                  /* turbojpeg's, room for the worst case */
    unsigned long  bytes_n;
    uint8_t *rgb, *out;                    /* w x h x 3, before and after */
    uint16_t *sum;                         /* a row of vertical sums, with a pixel of margin each side */
    int8_t *noise;                         /* NOISE + a row */
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
    free(d->sum);
    free(d->noise);
    free(d);
}

enum trundle_status developer_new(int w, int h, double noise_dn, uint64_t seed, struct developer **out)
{
    struct developer *d = calloc(1, sizeof *d);
    size_t row = (size_t)w * 3;

    if (!d)
        return TRUNDLE_NO_MEMORY;
    d->w = w;
    d->h = h;
    d->r = rng_seed(seed, "camera/noise");
    d->jpeg = tjInitCompress();
    d->bytes_n = tjBufSize(w, h, TJSAMP_420);
    d->bytes = tjAlloc((int)d->bytes_n);
    d->rgb = calloc(row, (size_t)h);
    d->out = calloc(row, (size_t)h);
    d->sum = calloc(row + 6, sizeof *d->sum);
    d->noise = calloc(NOISE + row, 1);
    if (!d->jpeg || !d->bytes || !d->rgb || !d->out || !d->sum || !d->noise) {
        developer_free(d);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t i = 0; i < NOISE + row; i++)
        d->noise[i] = i < NOISE ? (int8_t)lround(fmin(127, fmax(-127, noise_dn * rng_normal(&d->r)))) : d->noise[i - NOISE];
    *out = d;
    return TRUNDLE_OK;
}

static void develop(struct developer *d, const struct sim_view *view, const double gain[3])
{
    size_t row = (size_t)d->w * 3;
    uint16_t gain_of[3];

    for (int k = 0; k < 3; k++)
        gain_of[k] = (uint16_t)fmin(4095, fmax(0, 256 * gain[k]));
    for (size_t i = 0; i < (size_t)d->w * (size_t)d->h; i++) {
        d->rgb[3 * i] = (uint8_t)(view->rgb[i] >> 16);
        d->rgb[3 * i + 1] = (uint8_t)(view->rgb[i] >> 8);
        d->rgb[3 * i + 2] = (uint8_t)view->rgb[i];
    }
    for (int y = 0; y < d->h; y++) {
        const uint8_t *b = d->rgb + (size_t)y * row, *a = y ? b - row : b, *c = y + 1 < d->h ? b + row : b;
        const int8_t *noise = d->noise + (rng_u64(&d->r) & (NOISE - 1));
        uint8_t *out = d->out + (size_t)y * row;
        uint16_t *sum = d->sum + 3;

        for (size_t i = 0; i < row; i++)
            sum[i] = (uint16_t)(a[i] + 2 * b[i] + c[i]);
        for (size_t k = 0; k < 3; k++) {
            d->sum[k] = sum[k];
            sum[row + k] = sum[row - 3 + k];
        }
        for (size_t i = 0; i < row; i += 3)
            for (size_t k = 0; k < 3; k++) {
                int value = ((sum[(ptrdiff_t)(i + k) - 3] + 2 * sum[i + k] + sum[i + k + 3]) * gain_of[k] >> 12) + noise[i + k];

                out[i + k] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
    }
}

enum trundle_status developer_jpeg(struct developer *d, const struct sim_view *view, const double gain[3], const uint8_t *mask, int quality,
                                   const unsigned char **out_jpeg, size_t *out_n)
{
    unsigned long n = d->bytes_n;

    develop(d, view, gain);
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
