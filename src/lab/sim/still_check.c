/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Cameras that stand wrong, and whether a cart would find out. */
#include "lab/sim/privacy.h"

#include "lab/sim/develop.h"
#include "lab/sim/lights.h"
#include "lab/sim/plan.h"
#include "lab/sim/render.h"
#include "lab/sim/store.h"
#include "lab/sim/suite.h"
#include "lab/sim/world.h"

#include "base/std/hash.h"
#include "base/std/time.h"
#include "cart/capture/still.h"
#include "cart/see/jpeg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void sim_unit(struct rng *r, double out[3])
{
    double n = 0;

    for (int k = 0; k < 3; k++) {
        out[k] = rng_normal(r);
        n += out[k] * out[k];
    }
    for (int k = 0; k < 3; k++)
        out[k] /= sqrt(n);
}

/* Turned about an axis through the camera (Rodrigues), and shifted. */
void sim_camera_knock(struct cart_camera *c, const double axis[3], double angle, const double way[3], double by_m)
{
    double turn[9], cs = cos(angle), sn = sin(angle), from[12];

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            static const int other[3][3] = { { -1, 2, 1 }, { 2, -1, 0 }, { 1, 0, -1 } };
            static const double sign[3][3] = { { 0, -1, 1 }, { 1, 0, -1 }, { -1, 1, 0 } };

            turn[3 * i + k] = (1 - cs) * axis[i] * axis[k] + (i == k ? cs : sn * sign[i][k] * axis[other[i][k]]);
        }
    memcpy(from, c->T_basket_cam, sizeof from);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            c->T_basket_cam[4 * i + k] = turn[3 * i] * from[k] + turn[3 * i + 1] * from[4 + k] + turn[3 * i + 2] * from[8 + k];
        c->T_basket_cam[4 * i + 3] = from[4 * i + 3] + by_m * way[i];
    }
}

struct watched {
    const struct sim_still_options *options;
    struct sim_store *store;
    struct plan *plan;
    struct world *world;
    struct capture *capture;
    struct still *still;
    struct sim_renderer *renderer;
    struct developer *developer;
    struct see_jpeg jpeg;
    uint8_t *rgb;
};

static void watched_camera_done(struct watched *w)
{
    capture_free(w->capture);
    still_free(w->still);
    sim_engine(w->store->suite)->done(w->renderer);
    developer_free(w->developer);
    free(w->rgb);
    w->capture = NULL;
    w->still = NULL;
    w->renderer = NULL;
    w->developer = NULL;
    w->rgb = NULL;
}

static enum trundle_status watch_camera(struct watched *w, uint8_t c, struct rng *r, uint64_t seed, struct sim_still_report *report, struct trundle_error *err)
{
    const struct sim_suite *suite = w->store->suite;
    const struct sim_render_ops *ops = sim_engine(suite);
    const struct cart_camera *stated = &w->store->cart.camera[c];
    const struct capture_config config = CAPTURE_CONFIG_LIVE;
    double until = w->options->seconds > 0 ? fmin(w->options->seconds, w->plan->end_s) : w->plan->end_s, axis[3], way[3], metered = 0;
    struct cart_camera real = *stated;
    enum trundle_status status;

    sim_unit(r, axis);
    sim_unit(r, way);
    sim_camera_knock(&real, axis, w->options->turn_deg * 0.017453292519943295, way, w->options->shift_m);
    TRY(capture_new(stated, &w->store->cart.basket, &config, &w->capture, err));
    report->cameras++;
    status = still_new(stated, &w->store->cart.basket, &w->still, err);
    if (status == TRUNDLE_UNSUPPORTED) {
        report->unknown++;
        return TRUNDLE_OK;
    }
    TRY(status);
    w->rgb = malloc(3 * (size_t)stated->width_px * (size_t)stated->height_px);
    if (!w->rgb || ops->make(&real, &w->renderer) != TRUNDLE_OK || developer_new(stated->width_px, stated->height_px, suite->camera.noise_dn, seed, &w->developer) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, "still", NULL, "no memory for a camera");
    developer_dark_noise(w->developer, suite->camera.dark_dn);
    if (ops->limit)
        ops->limit(w->renderer, capture_visible(w->capture));
    for (double t = .1; t < until; t += w->options->every_s) {
        struct plan_motion motion = plan_motion_at(w->plan, t);
        struct sim_scene scene, before;
        struct sim_view view;
        const unsigned char *jpeg;
        double gain[3];
        size_t n;

        world_scene(w->world, t, &scene);
        sim_lights_dress(w->store, &scene);
        world_scene(w->world, t - .005, &before);
        sim_lights_velocity(&before, .005, &scene);
        ops->render(w->renderer, &scene, &view);
        sim_lights_at(w->store, motion.x, motion.y, gain);
        for (int k = 0; k < 3; k++)
            gain[k] *= w->store->tint[k];
        metered = pow(sim_lights_meter(&view, capture_visible(w->capture), gain), suite->camera.auto_exposure);
        for (int k = 0; k < 3; k++)
            gain[k] *= metered;
        if (developer_jpeg(w->developer, &view, gain, capture_visible(w->capture), (int)suite->camera.jpeg_quality, &jpeg, &n) != TRUNDLE_OK ||
            !see_jpeg_rgb(&w->jpeg, jpeg, n, view.w, view.h, w->rgb))
            return error_set(err, TRUNDLE_BAD_INPUT, "still", NULL, "JPEG failed");
        report->pictures++;
        (void)still_push(w->still, w->rgb, view.w, view.h, 3 * (size_t)view.w, S_NS(t));
    }
    report->moved += still_state(w->still) == STILL_MOVED;
    report->right += still_state(w->still) == STILL_RIGHT;
    report->unknown += still_state(w->still) == STILL_UNKNOWN;
    report->measured += still_measured(w->still);
    if (still_measured(w->still)) {
        report->displacement_sum += still_displacement_px(w->still);
        report->displacements++;
    }
    return TRUNDLE_OK;
}

enum trundle_status sim_still_trip(const struct sim_suite *suite, int64_t seed, const struct sim_still_options *options, struct sim_still_report *report,
                                   struct trundle_error *err)
{
    uint64_t mixed = hash64(&seed, sizeof seed, 0);
    struct rng r = rng_seed(mixed, "still/pose");
    struct sim_still_report sum = *report;
    struct watched w = { .options = options };
    enum trundle_status status;

    TRY_GOTO(status, sim_store_new(suite, sim_store_of(seed), &w.store, err), out);
    TRY_GOTO(status, plan_new(w.store, seed, &w.plan, err), out);
    TRY_GOTO(status, world_new(w.plan, &w.world, err), out);
    if (!see_jpeg_init(&w.jpeg)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "still", NULL, "no memory");
        goto out;
    }
    for (uint8_t c = 0; c < w.store->cart.cameras_n && status == TRUNDLE_OK; c++) {
        status = watch_camera(&w, c, &r, mixed + c, &sum, err);
        watched_camera_done(&w);
    }
    see_jpeg_done(&w.jpeg);
    if (status == TRUNDLE_OK)
        *report = sum;
out:
    world_free(w.world);
    plan_free(w.plan);
    sim_store_free(w.store);
    return status;
}
