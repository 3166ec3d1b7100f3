/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bodies of a plan. Items of one product share its print. */
#include "lab/sim/world.h"

#include "lab/sim/look.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct world {
    const struct plan *plan;
    struct sim_mesh mesh[PLAN_ITEMS], hand, arm;
    struct sim_look look[PLAN_ITEMS];
    struct sim_texture *print[PLAN_ITEMS];       /* borrowed: print_of[k] of the first item that looks the same */
    struct sim_texture print_of[PLAN_ITEMS], floor, wall, skin, sleeve;
    struct sim_light light;
};

static enum trundle_status make_bodies(struct world *w)
{
    const struct plan *plan = w->plan;
    struct rng r = rng_seed((uint64_t)plan->store->id, "world/basket");
    double grey = rng_range(&r, 95, 190), floor[3], wall[3];
    const char *root = plan->store->suite->root;
    uint64_t seed = hash64(&plan->seed, sizeof plan->seed, hash64(root, strlen(root), 1));

    for (int k = 0; k < 3; k++) {
        floor[k] = grey * rng_range(&r, .94, 1.06);
        wall[k] = floor[k] * rng_range(&r, .8, 1.05);
    }
    TRY(sim_print_plain(floor, .06, 64, 1, &w->floor));
    TRY(sim_print_plain(wall, .05, 64, 2, &w->wall));
    TRY(sim_print_plain(plan->skin, .05, 16, 3, &w->skin));
    TRY(sim_print_plain(plan->sleeve, .09, 16, 4, &w->sleeve));
    TRY(sim_model_hand(&w->hand));
    TRY(sim_model_arm(&w->arm));
    for (size_t i = 0; i < plan->items_n; i++) {
        const struct plan_item *item = &plan->item[i];
        size_t k = 0;

        const struct sim_product *p = &plan->store->product[item->product];

        w->look[i] = sim_look_item(plan->store, item->product, hash64(&i, sizeof i, seed), item->pieces, item->scale, item->mass_g);
        TRY(sim_look_model(p, &w->look[i], &w->mesh[i]));
        while (plan->item[k].product != item->product || (k < i && !sim_look_shares(p, &w->look[k], &w->look[i])))
            k++;
        if (k == i)
            TRY(sim_look_print(p, &w->look[i], &w->print_of[i]));
        w->print[i] = &w->print_of[k];
    }
    return TRUNDLE_OK;
}

enum trundle_status world_new(const struct plan *plan, struct world **out, struct trundle_error *err)
{
    struct world *w = calloc(1, sizeof *w);
    enum trundle_status status = w ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    if (w) {
        w->plan = plan;
        w->light = (struct sim_light){ .ambient = (float)plan->store->suite->light.ambient, .diffuse = (float)plan->store->suite->light.diffuse,
                                       .direction = { .22f, .15f, .964f }, .tint = { (float)plan->store->tint[0], 1, (float)plan->store->tint[2] } };
        status = make_bodies(w);
    }
    if (status != TRUNDLE_OK) {
        world_free(w);
        return error_set(err, status, "world", NULL, "cannot make meshes and textures: %s", trundle_status_text(status));
    }
    *out = w;
    return TRUNDLE_OK;
}

/* An arm from the hand towards the shopper: up and out over the rim. */
static struct sim_pose arm_pose(const struct plan *plan, const double p[3], int hand, double *out_yaw)
{
    const double *size = plan->store->cart.basket.size_m;
    double shoulder[3] = { hand == 0 ? -.25 : size[0] + .25, -.25, size[2] + .55 }, d[3], n = 0, flat;
    struct sim_pose pose = { .t = { (float)p[0], (float)p[1], (float)p[2] } };

    for (int k = 0; k < 3; k++) {
        d[k] = shoulder[k] - p[k];
        n += d[k] * d[k];
    }
    n = sqrt(n);
    flat = sqrt(d[0] * d[0] + d[1] * d[1]);
    *out_yaw = atan2(-d[1], -d[0]);
    {   /* columns: x level across the arm, y = z cross x, z along it */
        double z[3] = { d[0] / n, d[1] / n, d[2] / n }, x[3] = { -d[1] / flat, d[0] / flat, 0 };
        double y[3] = { z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0] };

        for (int k = 0; k < 3; k++) {
            pose.r[3 * k] = (float)x[k];
            pose.r[3 * k + 1] = (float)y[k];
            pose.r[3 * k + 2] = (float)z[k];
        }
    }
    return pose;
}

void world_scene(struct world *w, double t, struct sim_scene *out)
{
    const struct plan *plan = w->plan;
    uint64_t version = 0;

    *out = (struct sim_scene){ .cart = &plan->store->cart, .floor = &w->floor, .wall = &w->wall, .light = w->light };
    for (size_t i = 0; i < plan->items_n && out->n + 2 * PLAN_HANDS < SIM_SOLIDS_MAX; i++) {
        struct sim_pose pose;
        bool resting;
        struct sim_solid *s = &out->solid[out->n];

        if (!plan_pose_at(&plan->item[i].track, t, &pose, &resting))
            continue;
        *s = (struct sim_solid){ .id = (uint8_t)(i + 1), .mesh = &w->mesh[i], .texture = w->print[i], .mass_g = plan->item[i].mass_g,
                                 .gloss = w->look[i].gloss, .clear = w->look[i].clear, .resting = resting, .pose = pose };
        if (resting) {
            version = hash64(&i, sizeof i, version + 1);
            version = hash64(&pose, sizeof pose, version);
        }
        out->n++;
    }
    out->resting_version = (uint32_t)(version ^ version >> 32);
    for (int h = 0; h < PLAN_HANDS && out->n + 2 <= SIM_SOLIDS_MAX; h++) {
        double p[3], a[4], yaw;

        if (!plan_track_at(&plan->hand[h].track, t, p, a, NULL))
            continue;
        out->solid[out->n++] = (struct sim_solid){ .id = SIM_HAND_ID, .mesh = &w->arm, .texture = &w->sleeve, .pose = arm_pose(plan, p, h, &yaw) };
        out->solid[out->n++] = (struct sim_solid){ .id = SIM_HAND_ID, .mesh = &w->hand, .texture = &w->skin,
                                                   .pose = sim_pose_make(p[0], p[1], p[2], yaw, 0, 0) };
    }
}

void world_free(struct world *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < PLAN_ITEMS; i++) {
        sim_mesh_done(&w->mesh[i]);
        sim_texture_done(&w->print_of[i]);
    }
    sim_mesh_done(&w->hand);
    sim_mesh_done(&w->arm);
    sim_texture_done(&w->floor);
    sim_texture_done(&w->wall);
    sim_texture_done(&w->skin);
    sim_texture_done(&w->sleeve);
    free(w);
}
