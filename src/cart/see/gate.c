/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The motion gate. */
#include "cart/see/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Least change that counts: noise and rounding of JPEG, and the share of the light that shades without anything moving. */
#define FLOOR_LUMA  7.0f
#define FLOOR_SHARE 0.06f
/* Mean absolute deviation to standard deviation, of normal noise. */
#define SD_OF_SPREAD 1.2533f

bool gate_init(struct gate *g, int w, int h)
{
    *g = (struct gate){ .w = w, .h = h, .n = (size_t)w * (size_t)h };
    g->watch = calloc(g->n, 1);
    g->changed = calloc(g->n, 1);
    g->previous = calloc(g->n, 1);
    g->reference = calloc(g->n, sizeof *g->reference);
    g->spread = calloc(g->n, sizeof *g->spread);
    return g->watch && g->changed && g->previous && g->reference && g->spread;
}

void gate_done(struct gate *g)
{
    free(g->watch);
    free(g->changed);
    free(g->previous);
    free(g->reference);
    free(g->spread);
}

static float allowed(const struct gate *g, size_t i, float sigma)
{
    float noise = sigma * SD_OF_SPREAD * g->spread[i], least = FLOOR_LUMA + FLOOR_SHARE * g->reference[i];

    return noise > least ? noise : least;
}

/* Light now over light then, of the watched cells that have not changed. */
static float light(const struct gate *g, const uint8_t *luma, bool unchanged_only)
{
    float now = 0, then = 0;

    for (size_t i = 0; i < g->n; i++)
        if (g->watch[i] && !(unchanged_only && g->changed[i])) {
            now += (float)luma[i];
            then += g->reference[i];
        }
    return then > 1.0f && now > 1.0f ? now / then : 1.0f;
}

static void mark(struct gate *g, const uint8_t *luma, float sigma, float gain)
{
    for (size_t i = 0; i < g->n; i++)
        g->changed[i] = g->watch[i] && fabsf((float)luma[i] - gain * g->reference[i]) > allowed(g, i, sigma);
}

struct gate_view gate_look(struct gate *g, const uint8_t *luma, float sigma)
{
    struct gate_view v = { .gain = 1 };
    double sum = 0, before = 0;
    float shift;

    if (g->has_reference) {
        memset(g->changed, 0, g->n);
        v.gain = light(g, luma, false);
        mark(g, luma, sigma, v.gain);
        v.gain = light(g, luma, true);
        mark(g, luma, sigma, v.gain);
    }
    for (size_t i = 0; i < g->n; i++)
        if (g->watch[i]) {
            sum += luma[i];
            before += g->previous[i];
        }
    shift = before > 1 && sum > 1 ? (float)(sum / before) : 1.0f;
    for (size_t i = 0; i < g->n; i++) {
        if (!g->watch[i])
            continue;
        if (g->has_previous && fabsf((float)luma[i] - shift * (float)g->previous[i]) > FLOOR_LUMA + FLOOR_SHARE * (float)g->previous[i])
            v.moved++;
        if (g->changed[i])
            v.changed++;
    }
    v.luma = g->watched ? (float)(sum / (double)g->watched) : 0;
    memcpy(g->previous, luma, g->n);
    g->has_previous = true;
    return v;
}

void gate_learn(struct gate *g, const uint8_t *luma, float rate)
{
    bool all = rate >= 1.0f || !g->has_reference;

    for (size_t i = 0; i < g->n; i++) {
        float off = (float)luma[i] - g->reference[i];

        if (all) {
            g->reference[i] = (float)luma[i];
        } else if (!g->changed[i]) {
            g->reference[i] += rate * off;
            g->spread[i] += rate * (fabsf(off) - g->spread[i]);
        }
    }
    g->has_reference = true;
}
