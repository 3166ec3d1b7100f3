/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Plans: made by a script, read by time. */
#include "lab/sim/script.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const plan_slice_name[PLAN_SLICES] = { "rolling", "double",  "light",       "produce", "repeat", "put_back",
                                                   "piled",   "sibling", "overlapping", "crowded", "bagged" };
const char *const plan_shrink_name[PLAN_SHRINKS] = { "no_scan",          "scan_one_of_two", "cheap_code",   "swap_after_weigh", "heavier_after_weigh",
                                                     "take_and_replace", "hidden",          "past_cameras", "lean_on_scale",    "cart_swap" };

size_t plan_keys_until(const struct plan_track *track, double t)
{
    size_t i = 0, above = track->n;

    while (i < above) {
        size_t middle = i + (above - i) / 2;

        if (track->key[middle].t > t)
            above = middle;
        else
            i = middle + 1;
    }
    return i;
}

bool plan_track_at(const struct plan_track *track, double t, double out_p[3], double out_a[4], bool *out_resting)
{
    const struct plan_key *a = NULL, *b;
    double f = 0;
    size_t i = plan_keys_until(track, t);

    if (i == 0)
        return false;
    a = &track->key[i - 1];
    b = i < track->n ? &track->key[i] : a;
    if (a->ease == PLAN_HIDDEN)
        return false;
    if (a->ease != PLAN_REST && b->t > a->t) {
        f = (t - a->t) / (b->t - a->t);
        if (a->ease != PLAN_FREE)
            f = a->ease == PLAN_FALL ? f * f : f * f * f * (10 - 15 * f + 6 * f * f);    /* minimum jerk: Flash, Hogan 1985 */
    }
    for (int k = 0; k < 3; k++) {
        out_p[k] = a->p[k] + f * (b->p[k] - a->p[k]);
        out_a[k] = a->a[k] + f * (b->a[k] - a->a[k]);
    }
    if (track->turns_free)
        body_turn_between(a->a, b->a, f, out_a);
    if (out_resting)
        *out_resting = a->ease == PLAN_REST;
    return true;
}

static void pose_of(const struct plan_track *track, const double p[3], const double a[4], struct sim_pose *out)
{
    double w = a[0], x = a[1], y = a[2], z = a[3];
    const double r[9] = { 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y), 2 * (x * y + w * z), 1 - 2 * (x * x + z * z),
                          2 * (y * z - w * x), 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y) };

    if (!track->turns_free) {
        *out = sim_pose_make(p[0], p[1], p[2], a[0], a[1], a[2]);
        return;
    }
    for (int k = 0; k < 9; k++)
        out->r[k] = (float)r[k];
    for (int k = 0; k < 3; k++)
        out->t[k] = (float)p[k];
}

bool plan_pose_at(const struct plan_track *track, double t, struct sim_pose *out, bool *out_resting)
{
    double p[3], a[4];

    if (!plan_track_at(track, t, p, a, out_resting))
        return false;
    pose_of(track, p, a, out);
    return true;
}

void plan_pose_of_key(const struct plan_track *track, size_t key, struct sim_pose *out)
{
    pose_of(track, track->key[key].p, track->key[key].a, out);
}

double plan_static_g(const struct plan *plan, double t)
{
    double sum = 0;

    for (size_t i = 0; i < plan->loads_n; i++)
        if (!plan->load[i].pulse && !plan->load[i].moved && plan->load[i].t1 <= t)
            sum += plan->load[i].g;
    return sum;
}

enum trundle_status plan_new(const struct sim_store *store, int64_t seed, struct plan **out, struct trundle_error *err)
{
    struct plan *plan = calloc(1, sizeof *plan);
    enum trundle_status status = TRUNDLE_OK;
    const char *name = store->suite->root;
    struct script s = { .plan = plan, .suite = store->suite, .last_put = PLAN_ITEMS };
    double tone;

    if (!plan)
        return error_set(err, TRUNDLE_NO_MEMORY, "plan", NULL, "no memory for a trip's plan");
    s.seed = hash64(&seed, sizeof seed, hash64(name, strlen(name), 0));
    s.r = rng_seed(s.seed, "trip/shopper");
    plan->store = store;
    plan->seed = seed;
    tone = rng_unit(&s.r);
    plan->skin[0] = 90 + 140 * tone;
    plan->skin[1] = 58 + 118 * tone;
    plan->skin[2] = 42 + 100 * tone;
    for (int k = 0; k < 3; k++)
        plan->sleeve[k] = rng_range(&s.r, 25, 220);
    if (s.suite->bodies.model == SUITE_PLACED)
        script_shop_placed(&s);
    else
        status = script_shop_bodies(&s, err);
    if (status == TRUNDLE_OK && s.short_of_memory)
        status = error_set(err, TRUNDLE_NO_MEMORY, "plan", NULL, "no memory for a trip's plan");
    if (status == TRUNDLE_OK && s.too_much)
        status = error_set(err, TRUNDLE_TOO_LARGE, "plan", "fewer things, fewer bumps, or a higher bodies.shift_ms2", "a trip in which more than %d loads change", PLAN_LOADS);
    if (status == TRUNDLE_OK)
        *out = plan;
    else
        plan_free(plan);
    return status;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->items_n; i++)
        free(plan->item[i].track.key);
    for (int h = 0; h < PLAN_HANDS; h++)
        free(plan->hand[h].track.key);
    free(plan->force);
    free(plan);
}

struct plan_motion plan_motion_at(const struct plan *plan, double t)
{
    const struct sim_suite *suite = plan->store->suite;
    struct plan_motion m = { 0 };
    size_t i = plan->stays_n;

    for (size_t k = 0; k < plan->rolls_n; k++) {
        const struct plan_roll *r = &plan->roll[k];
        double a = suite->motion.accel_ms2, ramp = r->speed_ms / a;

        if (t < r->t0 || t >= r->t1)
            continue;
        m.speed_ms = fmin(r->speed_ms, fmin(a * (t - r->t0), a * (r->t1 - t)));
        m.accel_ms2 = t < r->t0 + ramp ? a : t >= r->t1 - ramp ? -a : 0;
        m.turn_rads = r->turn_rads * sin(2 * SCRIPT_PI * (t - r->t0) / (r->t1 - r->t0)) * m.speed_ms / r->speed_ms;
    }
    while (i > 0 && plan->stay[i - 1].t > t)
        i--;
    if (i > 0) {
        double f = fmin(1, (t - plan->stay[i - 1].t) / 3);
        double x0 = i > 1 ? plan->stay[i - 2].x : 1, y0 = i > 1 ? plan->stay[i - 2].y : 1;

        m.x = x0 + f * (plan->stay[i - 1].x - x0);
        m.y = y0 + f * (plan->stay[i - 1].y - y0);
    } else {
        m.x = m.y = 1;
    }
    return m;
}
