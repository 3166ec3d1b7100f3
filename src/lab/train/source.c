/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Generated pictures, and pictures of a data set, as network input. */
#include "lab/train/source.h"

#include "lab/train/augment.h"
#include "lab/train/pictures.h"

#include <stdlib.h>

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

struct source_set {
    const struct data_set *set;
    enum data_part part;
    struct augment_plan plan;
    struct augment_scratch *scratch;
    struct augment_truth truth;
    int       h, w;
    bool      augmented;
    uint32_t *order;               /* of the epoch */
    uint32_t  epoch;
    size_t    n;
};

static enum trundle_status fill_set(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err)
{
    struct source_set *s = user;

    for (int i = 0; i < count; i++, x += (size_t)s->h * (size_t)s->w * 3) {
        uint64_t k = first + (uint64_t)i;
        uint32_t epoch = (uint32_t)(k / s->n);
        size_t at = (size_t)(k % s->n);

        if (s->augmented && epoch != s->epoch) {
            data_shuffle(s->plan.seed, epoch, s->n, s->order);
            s->epoch = epoch;
        }
        if (s->augmented)
            TRY(augment_sample(&s->plan, s->set, s->part, epoch, s->order[at], s->w, s->h, s->scratch, x, &s->truth, err));
        else
            TRY(augment_plain(&s->plan, s->set, s->part, at, s->w, s->h, false, s->scratch, x, &s->truth, err));
        if (label)
            label[i] = s->truth.label;
    }
    return TRUNDLE_OK;
}

struct source_set *source_set_new(const struct data_set *set, int part, const struct augment_config *config, uint64_t seed, int h, int w, bool augmented)
{
    struct source_set *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    *s = (struct source_set){ .set = set, .part = (enum data_part)part, .plan = { .config = *config, .seed = seed, .crop = 1 }, .h = h, .w = w, .augmented = augmented,
                              .epoch = UINT32_MAX, .n = data_part_n(set, (enum data_part)part), .scratch = augment_scratch_new() };
    s->plan.config.mixup = s->plan.config.cutmix = 0;
    s->order = calloc(s->n + 1, sizeof *s->order);
    if (s->scratch && s->order && s->n)
        return s;
    source_set_free(s);
    return NULL;
}

void source_set_free(struct source_set *s)
{
    if (!s)
        return;
    augment_scratch_free(s->scratch);
    free(s->order);
    free(s);
}

struct source source_of_set(struct source_set *s)
{
    return (struct source){ .fill = fill_set, .user = s, .n = s->n, .classes = data_classes(s->set) };
}
