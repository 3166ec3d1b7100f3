/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Bodies of a plan. Items of one product share its print. What trembles less than a picture can show is shown as it lies: else a bump would make
 * half the basket "move", and a picture of it be made anew each time. Truth tells the pose that is shown.
 */
#include "lab/sim/world.h"

#include "lab/sim/hands.h"
#include "lab/sim/look.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TREMBLE_M = .0005;      /* of the farthest corner; a pixel of a basket's floor is 3 mm */

struct world {
    const struct plan *plan;
    uint32_t *lies[PLAN_ITEMS];                  /* per key of the track: 1 + the key in whose pose the item lies; 0 it moves, or is not there */
    struct sim_mesh mesh[PLAN_ITEMS], film[PLAN_ITEMS];
    struct hands *hands;
    struct sim_look look[PLAN_ITEMS];
    struct sim_texture *print[PLAN_ITEMS];       /* borrowed: print_of[k] of the first item that looks the same */
    struct sim_texture print_of[PLAN_ITEMS], floor, wall;
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
    TRY(hands_new(plan->store->suite, &plan->store->cart.basket, seed, plan->skin, plan->sleeve, &w->hands));
    for (size_t i = 0; i < plan->items_n; i++) {
        const struct plan_item *item = &plan->item[i];
        size_t k = 0;

        const struct sim_product *p = &plan->store->product[item->product];

        w->look[i] = sim_look_item(plan->store, item->product, hash64(&i, sizeof i, seed), item->pieces, item->scale, item->mass_g);
        TRY(sim_look_model(p, &w->look[i], &w->mesh[i]));
        if (w->look[i].bagged)
            TRY(sim_look_film(p, &w->look[i], &w->film[i]));
        while (plan->item[k].product != item->product || (k < i && !sim_look_shares(p, &w->look[k], &w->look[i])))
            k++;
        if (k == i)
            TRY(sim_look_print(p, &w->look[i], &w->print_of[i]));
        w->print[i] = &w->print_of[k];
    }
    return TRUNDLE_OK;
}

static bool trembles(const struct plan_key *a, const struct plan_key *b, double reach_m)
{
    double off = 0, dot = 0;

    for (int k = 0; k < 3; k++)
        off += (a->p[k] - b->p[k]) * (a->p[k] - b->p[k]);
    for (int k = 0; k < 4; k++)
        dot += a->a[k] * b->a[k];
    return sqrt(off) + 2 * sqrt(2 * fmax(0, 1 - fabs(dot))) * reach_m < TREMBLE_M;
}

/* Where a body lies: in the pose of its last rest until it leaves that, and in that of its next from when it no longer leaves it. */
static enum trundle_status find_rests(struct world *w, size_t item)
{
    const struct plan_item *p = &w->plan->item[item];
    const struct plan_key *key = p->track.key;
    double reach = sqrt(p->half_m[0] * p->half_m[0] + p->half_m[1] * p->half_m[1] + p->half_m[2] * p->half_m[2]);
    size_t n = p->track.n, k = 0;
    uint32_t *lies = calloc(n + 1, sizeof *lies), last = 0;

    if (!lies)
        return TRUNDLE_NO_MEMORY;
    w->lies[item] = lies;
    while (p->track.turns_free && k < n) {
        size_t end = k, at;

        if (key[k].ease != PLAN_FREE && key[k].ease != PLAN_REST) {
            last = 0;
            k++;
            continue;
        }
        while (end < n && key[end].ease == PLAN_FREE)
            end++;
        while (last && k < end && end < n && trembles(&key[last - 1], &key[k], reach) && trembles(&key[last - 1], &key[k + 1], reach))
            lies[k++] = last;
        if (end == n || key[end].ease != PLAN_REST) {
            k = end;
            continue;
        }
        if (!last || k < end || !trembles(&key[last - 1], &key[end], reach))
            last = (uint32_t)end + 1;
        for (at = end; at > k && trembles(&key[end], &key[at - 1], reach); at--)
            lies[at - 1] = last;
        lies[end] = last;
        k = end + 1;
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
        for (size_t i = 0; i < plan->items_n && status == TRUNDLE_OK; i++)
            status = find_rests(w, i);
    }
    if (status != TRUNDLE_OK) {
        world_free(w);
        return error_set(err, status, "world", NULL, "cannot make meshes and textures: %s", trundle_status_text(status));
    }
    *out = w;
    return TRUNDLE_OK;
}

void world_scene(struct world *w, double t, struct sim_scene *out)
{
    const struct plan *plan = w->plan;
    uint64_t version = 0;

    *out = (struct sim_scene){ .cart = &plan->store->cart, .floor = &w->floor, .wall = &w->wall, .light = w->light };
    for (size_t i = 0; i < plan->items_n && out->n + 2 * PLAN_HANDS < SIM_SOLIDS_MAX; i++) {
        struct sim_pose pose;
        bool resting;
        size_t key;
        struct sim_solid *s = &out->solid[out->n];

        key = plan_keys_until(&plan->item[i].track, t);
        if (key && w->lies[i][key - 1]) {
            plan_pose_of_key(&plan->item[i].track, w->lies[i][key - 1] - 1, &pose);
            resting = true;
        } else if (!plan_pose_at(&plan->item[i].track, t, &pose, &resting))
            continue;
        *s = (struct sim_solid){ .id = (uint8_t)(i + 1), .mesh = &w->mesh[i], .texture = w->print[i], .mass_g = plan->item[i].mass_g,
                                 .gloss = w->look[i].gloss, .clear = w->look[i].clear, .resting = resting, .pose = pose };
        if (resting) {
            version = hash64(&i, sizeof i, version + 1);
            version = hash64(&pose, sizeof pose, version);
        }
        out->n++;
        if (w->look[i].bagged && out->n + 2 * PLAN_HANDS < SIM_SOLIDS_MAX) {
            struct sim_solid *film = &out->solid[out->n++];

            *film = *s;
            s->inside = true;
            film->mesh = &w->film[i];
            film->mass_g = 0;
            film->gloss = w->look[i].film_gloss;
            film->clear = w->look[i].film_clear;
        }
    }
    out->resting_version = (uint32_t)(version ^ version >> 32);
    for (int h = 0; h < PLAN_HANDS && out->n + 2 <= SIM_SOLIDS_MAX; h++) {
        double p[3], a[4];

        if (plan_track_at(&plan->hand[h].track, t, p, a, NULL))
            hands_place(w->hands, h, p, out);
    }
}

void world_free(struct world *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < PLAN_ITEMS; i++) {
        sim_mesh_done(&w->mesh[i]);
        sim_mesh_done(&w->film[i]);
        sim_texture_done(&w->print_of[i]);
        free(w->lies[i]);
    }
    hands_free(w->hands);
    sim_texture_done(&w->floor);
    sim_texture_done(&w->wall);
    free(w);
}
