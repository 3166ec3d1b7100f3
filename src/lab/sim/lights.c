/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Light of a store. From place to place it changes the whole picture and not its shadows, so a basket at rest is not lit anew as it rolls. */
#include "lab/sim/lights.h"

#include "base/std/hash.h"

#include <math.h>
#include <string.h>

const struct sim_render_ops *sim_engine(const struct sim_suite *suite)
{
    return suite->render.engine ? &sim_trace : &sim_raster;
}

static uint64_t seed_of(const struct sim_store *store)
{
    return hash64(&store->id, sizeof store->id, hash64(store->suite->root, strlen(store->suite->root), 0));
}

/* Red and blue of a lamp against one of 4,500 K, which the camera takes for white: straight in mired, fitted to black bodies 3,000 to 7,000 K. */
static void kelvin_rgb(double kelvin, float out[3])
{
    double mired = 1e6 / kelvin - 1e6 / 4500;

    out[0] = (float)exp(.0022 * mired);
    out[1] = 1;
    out[2] = (float)exp(-.0034 * mired);
}

void sim_lights_of(const struct sim_store *store, struct sim_light *light, struct sim_backdrop *backdrop)
{
    const struct sim_suite *s = store->suite;
    struct rng r = rng_seed(seed_of(store), "store/lights");

    *light = (struct sim_light){ .ambient = (float)s->light.ambient, .diffuse = (float)s->light.diffuse, .direction = { .22f, .15f, .964f },
                                 .tint = { (float)store->tint[0], 1, (float)store->tint[2] } };
    light->tubes = (int)s->light.tubes;
    light->tube_width = (float)s->light.tube_width;
    light->tube_pitch = (float)rng_range(&r, .7, 1.3);
    light->tube_yaw = (float)rng_range(&r, 0, 3.14159);
    light->tube_shift = (float)rng_range(&r, -.35, .35);
    kelvin_rgb(rng_range(&r, s->light.kelvin.lo, s->light.kelvin.hi), light->tube_rgb);
    light->window = (float)rng_range(&r, s->light.window.lo, s->light.window.hi);
    light->window_yaw = (float)rng_range(&r, 0, 6.28318);
    kelvin_rgb(s->light.window_kelvin, light->window_rgb);
    memset(backdrop, 0, sizeof *backdrop);
    backdrop->store = s->backdrop.around != 0;
    backdrop->seat = rng_unit(&r) < s->backdrop.seat_share;
    backdrop->shopper = rng_unit(&r) < s->backdrop.shopper_share;
    backdrop->seed = (uint32_t)rng_u64(&r);
    for (int k = 0; k < 3; k++)
        backdrop->shopper_rgb[k] = (float)rng_range(&r, 25, 190);
}

void sim_lights_dress(const struct sim_store *store, struct sim_scene *scene)
{
    sim_lights_of(store, &scene->light, &scene->backdrop);
    scene->shutter = (struct sim_shutter){ (float)(store->suite->camera.exposure_ms / 1000), (float)(store->suite->camera.readout_ms / 1000) };
}

void sim_lights_velocity(const struct sim_scene *before, double dt_s, struct sim_scene *scene)
{
    uint32_t k = 0;

    for (uint32_t i = 0; i < scene->n; i++) {
        struct sim_solid *s = &scene->solid[i];

        if (s->resting)
            continue;
        for (uint32_t tried = 0; tried < before->n; tried++, k++) {   /* solids keep their order: found at once, mostly */
            const struct sim_solid *was = &before->solid[k % before->n];

            if (was->id != s->id || was->mesh != s->mesh)
                continue;
            for (int j = 0; j < 3; j++)
                s->velocity_ms[j] = (s->pose.t[j] - was->pose.t[j]) / (float)dt_s;
            k++;
            break;
        }
    }
}

static double node(uint64_t seed, int64_t x, int64_t y, int64_t what)
{
    const int64_t at[3] = { x, y, what };
    struct rng r = rng_seed(hash64(at, sizeof at, seed), "store/place");

    return rng_normal(&r);
}

/* Normals on a grid of `pitch_m`, between them a smooth blend. */
static double field(uint64_t seed, double x, double y, int64_t what)
{
    double x0 = floor(x), y0 = floor(y), fx = x - x0, fy = y - y0;
    int64_t ix = (int64_t)x0, iy = (int64_t)y0;

    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    return (1 - fy) * ((1 - fx) * node(seed, ix, iy, what) + fx * node(seed, ix + 1, iy, what)) +
           fy * ((1 - fx) * node(seed, ix, iy + 1, what) + fx * node(seed, ix + 1, iy + 1, what));
}

void sim_lights_at(const struct sim_store *store, double x_m, double y_m, double out[3])
{
    const struct sim_suite *s = store->suite;
    double x = fmin(1e6, fmax(-1e6, x_m / s->light.place_m)), y = fmin(1e6, fmax(-1e6, y_m / s->light.place_m)), warm, bright;
    uint64_t seed = seed_of(store);

    out[0] = out[1] = out[2] = 1;
    if (s->light.place_sd <= 0 && s->light.place_tint_sd <= 0)
        return;
    bright = exp(s->light.place_sd * field(seed, x, y, 0));
    warm = s->light.place_tint_sd * field(seed, x, y, 1);
    out[0] = bright * exp(warm);
    out[1] = bright;
    out[2] = bright * exp(-1.3 * warm);
}

double sim_lights_meter(const struct sim_view *view, const uint8_t *mask, const double gain[3])
{
    static const double MID = 116;
    double sum = 0;
    size_t n = 0;

    for (int i = 0; i < view->w * view->h; i += 7) {       /* 7: no column of 320 or 640 is left out */
        if (mask && !mask[i])
            continue;
        sum += gain[0] * .3 * (view->rgb[i] >> 16 & 255) + gain[1] * .6 * (view->rgb[i] >> 8 & 255) + gain[2] * .1 * (view->rgb[i] & 255);
        n++;
    }
    return n ? fmin(3, fmax(1 / 3., MID / fmax(1, sum / (double)n))) : 1;
}
