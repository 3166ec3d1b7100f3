/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "lab/sim/privacy.h"

#include "lab/sim/people.h"
#include "lab/sim/plan.h"
#include "lab/sim/render.h"
#include "lab/sim/store.h"
#include "lab/sim/suite.h"
#include "lab/sim/world.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARM_ID = 252 };

struct look {
    const struct sim_privacy_options *options;
    struct sim_store *store;
    struct plan *plan;
    struct world *world;
    struct people *people;
    struct capture *capture[TRUNDLE_CAMERAS_MAX];
    struct sim_renderer *renderer[TRUNDLE_CAMERAS_MAX];
    const struct sim_mesh *arm;            /* of which `upper` is the far part */
    struct sim_mesh upper;
    struct sim_scene scene;
};

static enum trundle_status look_start(struct look *l, const struct sim_suite *suite, int64_t seed, struct sim_privacy_report *report, struct trundle_error *err)
{
    const struct sim_privacy_options *o = l->options;
    uint64_t mixed = hash64(&seed, sizeof seed, 0);
    struct rng r = rng_seed(mixed, "privacy/pose");
    enum trundle_status status;

    TRY(sim_store_new(suite, sim_store_of(seed), &l->store, err));
    TRY(plan_new(l->store, seed, &l->plan, err));
    TRY(world_new(l->plan, &l->world, err));
    if (people_new(&l->store->cart.basket, mixed, o->lean_m, &l->people) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, "privacy", NULL, "no memory");
    for (uint8_t c = 0; c < l->store->cart.cameras_n; c++) {
        struct cart_camera real = l->store->cart.camera[c];
        double axis[3], way[3];

        sim_unit(&r, axis);
        sim_unit(&r, way);
        sim_camera_knock(&real, axis, o->turn_deg * 0.017453292519943295, way, o->shift_m);
        people_camera(l->people, (const double[3]){ real.T_basket_cam[3], real.T_basket_cam[7], real.T_basket_cam[11] });
        status = capture_new(&l->store->cart.camera[c], &l->store->cart.basket, &o->capture, &l->capture[c], err);
        if (status == TRUNDLE_BAD_INPUT) { /* it could show who stands at the rim with every pixel: a cart refuses it */
            report->refused++;
            continue;
        }
        TRY(status);
        if (sim_raster.make(&real, &l->renderer[c]) != TRUNDLE_OK)
            return error_set(err, TRUNDLE_NO_MEMORY, "privacy", NULL, "no memory for a camera");
    }
    return TRUNDLE_OK;
}

static void look_done(struct look *l)
{
    for (int c = 0; c < TRUNDLE_CAMERAS_MAX; c++) {
        capture_free(l->capture[c]);
        sim_raster.done(l->renderer[c]);
    }
    free(l->upper.index);                  /* its vertices are the arm's */
    people_free(l->people);
    world_free(l->world);
    plan_free(l->plan);
    sim_store_free(l->store);
}

/* The part of the arm beyond the forearm, as a mesh of its own on the arm's vertices. The arm lies along its z, the wrist below. */
static bool make_upper(struct look *l, const struct sim_mesh *arm)
{
    float low = 1e9f;

    if (l->arm == arm)
        return true;
    l->arm = arm;
    free(l->upper.index);
    l->upper = *arm;
    l->upper.triangles = 0;
    l->upper.index = malloc(3 * (size_t)arm->triangles * sizeof *l->upper.index);
    if (!l->upper.index)
        return false;
    for (uint32_t i = 0; i < arm->vertices; i++)
        low = fminf(low, arm->vertex[i].p[2]);
    for (uint32_t i = 0; i < arm->triangles; i++) {
        const uint16_t *corner = arm->index + 3 * (size_t)i;
        float least = fminf(arm->vertex[corner[0]].p[2], fminf(arm->vertex[corner[1]].p[2], arm->vertex[corner[2]].p[2]));

        if (least - low >= (float)SIM_FOREARM_M)
            memcpy(l->upper.index + 3 * (size_t)l->upper.triangles++, corner, 3 * sizeof *corner);
    }
    return true;
}

/* Arms first get their far part drawn under another identity: what is drawn first stays where both are equally near. */
static bool split_arms(struct look *l)
{
    struct sim_scene *s = &l->scene;

    for (uint32_t i = 0; i < s->n; i++) {
        const struct sim_mesh *mesh = s->solid[i].mesh;

        if (s->solid[i].id != SIM_HAND_ID || mesh->half_m[2] < 4 * fmaxf(mesh->half_m[0], mesh->half_m[1]))
            continue;
        if (!make_upper(l, mesh))
            return false;
        if (!l->upper.triangles || s->n == SIM_SOLIDS_MAX)
            continue;
        memmove(&s->solid[i + 1], &s->solid[i], (s->n - i) * sizeof s->solid[0]);
        s->n++;
        s->solid[i].mesh = &l->upper;
        s->solid[i].id = ARM_ID;
        i++;
    }
    return true;
}

static bool look_at(struct look *l, uint8_t c, double t, int64_t seed, struct sim_privacy_report *report)
{
    const uint8_t *keeps = capture_visible(l->capture[c]);
    struct sim_view view;
    uint64_t person = 0;
    size_t n;

    world_scene(l->world, t, &l->scene);
    if (!split_arms(l))
        return false;
    people_add(l->people, t, l->scene.floor, &l->scene);
    sim_raster.render(l->renderer[c], &l->scene, &view);
    n = (size_t)view.w * (size_t)view.h;
    for (size_t i = 0; i < n; i++) {
        if (!l->options->blind && !keeps[i])
            continue;
        report->kept_px++;
        person += view.id[i] == SIM_PERSON_ID;
        report->arm_px += view.id[i] == ARM_ID;
        report->hand_px += view.id[i] == SIM_HAND_ID;
    }
    report->px += n;
    report->frames++;
    report->person_px += person;
    report->bad_frames += person > 0;
    if ((double)person > report->worst_person_px) {
        report->worst_person_px = (double)person;
        report->worst_seed = seed;
    }
    return true;
}

enum trundle_status sim_privacy_trip(const struct sim_suite *suite, int64_t seed, const struct sim_privacy_options *options, struct sim_privacy_report *report,
                                     struct trundle_error *err)
{
    struct look *l = calloc(1, sizeof *l);
    struct sim_privacy_report sum = *report;
    enum trundle_status status;

    if (!l)
        return error_set(err, TRUNDLE_NO_MEMORY, "privacy", NULL, "no memory");
    l->options = options;
    status = look_start(l, suite, seed, &sum, err);
    for (uint8_t c = 0; status == TRUNDLE_OK && c < l->store->cart.cameras_n; c++)
        for (double k = 0; l->capture[c] && k * options->every / suite->camera.fps < l->plan->end_s; k++)
            if (!look_at(l, c, (k * options->every + .5 * c) / suite->camera.fps, seed, &sum)) {
                status = error_set(err, TRUNDLE_NO_MEMORY, "privacy", NULL, "no memory");
                break;
            }
    if (status == TRUNDLE_OK) {
        sum.trips++;
        *report = sum;
    }
    look_done(l);
    free(l);
    return status;
}
