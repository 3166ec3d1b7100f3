/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Generated pictures as network input. */
#include "lab/train/source.h"

#include "lab/train/pictures.h"

static enum trundle_status fill(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err)
{
    const struct source_pictures *p = user;
    uint8_t rgb[64 * 64 * 3], *at = rgb;
    size_t values = (size_t)p->px * (size_t)p->px * 3;
    float gain[3], offset[3];

    if (p->px < PICTURES_SIZE_MIN || p->px > 64)
        return error_set(err, TRUNDLE_BAD_ARG, "generated pictures", "16 to 64", "%d pixels a side", p->px);
    for (int c = 0; c < 3; c++) {
        gain[c] = 1 / (255 * p->sd[c]);
        offset[c] = -p->mean[c] / p->sd[c];
    }
    for (int i = 0; i < count; i++) {
        int l;

        pictures_draw(p->seed, (first + (uint64_t)i) % p->n, p->px, at, &l);
        if (label)
            label[i] = l;
        for (size_t k = 0; k < values; k += 3)
            for (size_t c = 0; c < 3; c++)
                x[(size_t)i * values + k + c] = (float)at[k + c] * gain[c] + offset[c];
    }
    return TRUNDLE_OK;
}

struct source source_generated(struct source_pictures *p, uint64_t n)
{
    p->n = n ? n : 1;
    return (struct source){ .fill = fill, .user = p, .n = p->n, .classes = PICTURES_CLASSES };
}
