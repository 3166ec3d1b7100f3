/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Where a script meets the bodies: what is let go and when, where there is room, and what the bodies did as keys, loads and forces. */
#include "lab/sim/script.h"

#include "lab/sim/model.h"

#include "base/std/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING = 16, AGAIN = 24 };         /* AGAIN: more places to try while none of them is free */
static const double GRAVITY = 9.81;
static const double KEEP_S = .25, KEEP_M = .0012, KEEP_TURN = 3e-5;    /* a key is left out while a straight line does as well */

struct release { size_t item, event, hand_key[3]; int hand; double over_t, t_down, t, drop; };

struct moving { bool has; struct plan_key key; };       /* the sample after the last key, not yet one itself */

struct stage {
    struct bodies *bodies;
    struct release pending[PENDING];
    size_t pending_n;
    struct moving moving[PLAN_ITEMS];
    double load_from[PLAN_ITEMS];          /* when a thing that was let go has reached the floor; the hand-over of its weight waits for that */
    size_t bump;                           /* next one that may shift things */
    size_t roll;
    struct rng r;
    bool adding;
};

/* ---- what the bodies tell ---- */

static struct plan_key key_of(double t, const struct body_pose *pose, enum plan_ease ease)
{
    struct plan_key key = { .t = t, .ease = ease };

    memcpy(key.p, pose->p, sizeof key.p);
    memcpy(key.a, pose->q, sizeof key.a);
    return key;
}

static void flush(struct script *s, size_t i)
{
    struct moving *m = &s->stage->moving[i];
    struct plan_track *track = &s->plan->item[i].track;

    if (m->has && (!track->n || m->key.t > track->key[track->n - 1].t))
        script_key(s, track, m->key.t, m->key.p, m->key.a, m->key.ease);
    m->has = false;
}

static void on_moved(void *user, double t, int id, const struct body_pose *pose)
{
    struct script *s = user;
    size_t i = (size_t)id;
    struct moving *m = &s->stage->moving[i];
    const struct plan_track *track = &s->plan->item[i].track;

    if (m->has && track->n) {              /* does the line from the last key to here pass by the sample between? */
        const struct plan_key *from = &track->key[track->n - 1];
        double f = (m->key.t - from->t) / (t - from->t), off = 0, dot = 0, q[4];

        for (int k = 0; k < 3; k++)
            off = fmax(off, fabs(from->p[k] + f * (pose->p[k] - from->p[k]) - m->key.p[k]));
        body_turn_between(from->a, pose->q, f, q);
        for (int k = 0; k < 4; k++)
            dot += q[k] * m->key.a[k];
        if (off > KEEP_M || 1 - fabs(dot) > KEEP_TURN || t - from->t > KEEP_S)
            flush(s, i);
    }
    m->has = true;
    m->key = key_of(t, pose, PLAN_FREE);
}

static void hand_over(struct script *s, double t, size_t i, const double p[3], double sign)
{
    script_load(s, (struct plan_load){ .t0 = t, .t1 = t, .x = p[0], .y = p[1], .g = sign * s->plan->item[i].carried_g, .moved = true });
}

static void on_woke(void *user, double t, int id, const struct body_pose *pose)
{
    struct script *s = user;
    size_t i = (size_t)id;

    script_key(s, &s->plan->item[i].track, t, pose->p, pose->q, PLAN_FREE);
    if (!s->stage->adding)
        hand_over(s, t, i, pose->p, -1);
}

static void on_slept(void *user, double t, int id, const struct body_pose *pose)
{
    struct script *s = user;
    size_t i = (size_t)id;

    s->stage->moving[i].has = false;
    script_key(s, &s->plan->item[i].track, t, pose->p, pose->q, PLAN_REST);
    hand_over(s, fmax(t, s->stage->load_from[i]), i, pose->p, 1);
    memcpy(s->plan->item[i].at, pose->p, sizeof pose->p);
}

static void add_force(struct script *s, double t, double x, double y, double g)
{
    struct plan *plan = s->plan;

    if (!list_grow((void **)&plan->force, sizeof *plan->force, plan->forces_n, &plan->forces_max)) {
        s->short_of_memory = true;
        return;
    }
    plan->force[plan->forces_n++] = (struct plan_force){ t, x, y, g };
}

static void on_pressed(void *user, double t, double x, double y, double n)
{
    add_force(user, t, x, y, n / GRAVITY * 1000);
}

static void on_quiet(void *user, double t)
{
    add_force(user, t, 0, 0, 0);
}

/* What a cart that starts, stops, turns or is hit does to what stands in it, where that is much. */
static void on_shaken(void *user, double t, double out[2])
{
    const struct script *s = user;
    const struct plan *plan = s->plan;
    struct plan_motion m = plan_motion_at(plan, t);
    double limit = s->suite->bodies.shift_ms2, side = m.speed_ms * m.turn_rads;

    if (fabs(m.accel_ms2) >= limit)
        out[1] -= m.accel_ms2;
    if (fabs(side) >= limit)
        out[0] += side;
    for (size_t i = s->stage->bump; i > 0 && t - plan->bump[i - 1].t < .4; i--) {
        double since = t - plan->bump[i - 1].t, ms2 = plan->bump[i - 1].ms2, way = 2.4 * (double)i;

        if (since < 0 || since > .16 || fabs(ms2) < limit)
            continue;
        out[0] += .4 * ms2 * cos(way) * sin(SCRIPT_PI * since / .16);
        out[1] += .4 * ms2 * sin(way) * sin(SCRIPT_PI * since / .16);
    }
}

/* ---- the stage ---- */

enum trundle_status stage_new(struct script *s, struct trundle_error *err)
{
    const struct sim_suite *suite = s->suite;
    struct body_world world = { .friction = suite->bodies.friction, .bounce = suite->bodies.bounce, .rolling_m = suite->bodies.rolling_m,
                                .hz = suite->bodies.hz, .soft = suite->bodies.model == SUITE_SOFT };
    const struct body_hooks hooks = { s, on_moved, on_woke, on_slept, on_pressed, on_quiet, on_shaken };
    struct stage *stage = calloc(1, sizeof *stage);
    enum trundle_status status;

    if (!stage)
        return error_set(err, TRUNDLE_NO_MEMORY, "plan", NULL, "no memory for bodies");
    memcpy(world.size_m, s->plan->store->cart.basket.size_m, sizeof world.size_m);
    stage->r = rng_seed(s->seed, "trip/bodies");
    status = bodies_new(&world, &hooks, &stage->bodies, err);
    if (status != TRUNDLE_OK) {
        free(stage);
        return status;
    }
    s->stage = stage;
    return TRUNDLE_OK;
}

void stage_free(struct script *s)
{
    if (!s->stage)
        return;
    bodies_free(s->stage->bodies);
    free(s->stage);
    s->stage = NULL;
}

double stage_now(const struct script *s)
{
    return bodies_now(s->stage->bodies);
}

unsigned stage_strays(const struct script *s)
{
    return bodies_strays(s->stage->bodies);
}

static struct body_shape shape_of(const struct script *s, size_t index)
{
    static const char *const round[] = { "can", "bottle", "jar", "glass", "clear_bottle", "cup" };
    const struct plan_item *item = &s->plan->item[index];
    const struct sim_product *p = &s->plan->store->product[item->product];
    struct body_shape shape = { .form = BODY_BOX, .mass_kg = .001 * item->carried_g };

    sim_model_half(p, item->pieces, item->scale, shape.half_m);
    for (int k = 0; k < 3; k++)
        shape.half_m[k] = fmax(shape.half_m[k], .006);
    if (p->produce) {
        if (item->pieces == 1 && shape.half_m[0] > 1.15 * shape.half_m[1])
            shape.form = BODY_CAPSULE;
        else if (item->pieces == 1 && shape.half_m[0] > .85 * shape.half_m[1])
            shape.form = BODY_SPHERE;
        return shape;
    }
    for (size_t i = 0; i < COUNT_OF(round); i++)
        if (!strcmp(suite_pack_name[p->pack], round[i]))
            shape.form = BODY_CYLINDER;
    return shape;
}

static void let_go(struct script *s, const struct release *r)
{
    struct plan_item *item = &s->plan->item[r->item];
    struct plan_event *e = &s->plan->event[r->event];
    struct plan_key *held = &item->track.key[item->track.n - 1];
    struct body_shape shape = shape_of(s, r->item);
    const struct sim_suite *suite = s->suite;
    double speed = rng_range(&s->stage->r, suite->bodies.release_ms.lo, suite->bodies.release_ms.hi) * (r->drop > 0 ? 1 : .2);
    double way = rng_range(&s->stage->r, 0, 2 * SCRIPT_PI), lift, now, velocity[3] = { speed * cos(way), speed * sin(way), 0 }, spin[3];
    struct body_pose pose;

    for (int k = 0; k < 3; k++)
        spin[k] = rng_range(&s->stage->r, -1, 1) * rng_range(&s->stage->r, suite->bodies.spin_rads.lo, suite->bodies.spin_rads.hi) * (r->drop > 0 ? 1 : .1);
    memcpy(pose.p, held->p, sizeof pose.p);
    memcpy(pose.q, held->a, sizeof pose.q);
    lift = pose.p[2];
    s->stage->adding = true;
    s->stage->moving[r->item].has = false;
    if (!bodies_add(s->stage->bodies, (int)r->item, &shape, r->drop <= 0, &pose, velocity, spin))
        s->short_of_memory = true;
    s->stage->adding = false;
    now = bodies_now(s->stage->bodies);
    lift = pose.p[2] - lift;
    held = &item->track.key[item->track.n - 2];      /* bodies_add told of one more */
    memcpy(held->p, pose.p, sizeof held->p);         /* the hand went where there was room */
    for (int k = 0; k < 3; k++)
        if (r->hand_key[k] < s->plan->hand[r->hand].track.n)
            s->plan->hand[r->hand].track.key[r->hand_key[k]].p[2] += lift;
    memcpy(item->at, pose.p, sizeof item->at);
    memcpy(e->at, pose.p, sizeof e->at);
    e->t_release = now;
    if (e->kind == TRUNDLE_EVENT_PUT)
        e->t_cross = script_crossing(&item->track, s->plan->store->cart.basket.size_m[2], r->over_t, r->t_down);
    e->t_load = r->drop > 0 ? now + sqrt(2 * r->drop / GRAVITY) : now;
    s->stage->load_from[r->item] = e->t_load;
    script_load(s, (struct plan_load){ .t0 = r->drop > 0 ? e->t_load : r->t_down, .t1 = e->t_load, .x = pose.p[0], .y = pose.p[1], .g = item->carried_g });
    hand_over(s, e->t_load, r->item, pose.p, -1);
}

/* The next instant at which the cart throws things about, or infinity. */
static double next_shift(struct script *s, bool *out_roll)
{
    const struct plan *plan = s->plan;
    struct stage *stage = s->stage;
    double limit = s->suite->bodies.shift_ms2;

    *out_roll = false;
    while (stage->bump < plan->bumps_n && fabs(plan->bump[stage->bump].ms2) < limit)
        stage->bump++;
    if (s->suite->motion.accel_ms2 >= limit && stage->roll < 2 * plan->rolls_n) {
        const struct plan_roll *r = &plan->roll[stage->roll / 2];
        double t = stage->roll % 2 ? r->t1 - r->speed_ms / s->suite->motion.accel_ms2 : r->t0;

        if (stage->bump >= plan->bumps_n || t < plan->bump[stage->bump].t) {
            *out_roll = true;
            return t;
        }
    }
    return stage->bump < plan->bumps_n ? plan->bump[stage->bump].t : (double)INFINITY;
}

void stage_until(struct script *s, double t)
{
    struct stage *stage = s->stage;

    for (;;) {
        size_t first = stage->pending_n;
        bool roll;
        double shift = next_shift(s, &roll);

        for (size_t i = 0; i < stage->pending_n; i++)
            if (first == stage->pending_n || stage->pending[i].t < stage->pending[first].t)
                first = i;
        if (first < stage->pending_n && stage->pending[first].t <= t && stage->pending[first].t <= shift) {
            struct release r = stage->pending[first];

            memmove(&stage->pending[first], &stage->pending[first + 1], (--stage->pending_n - first) * sizeof r);
            bodies_run(stage->bodies, r.t);
            let_go(s, &r);
        } else if (shift <= t) {
            bodies_run(stage->bodies, shift);
            stage->roll += roll;
            stage->bump += !roll;
            if (s->plan->loads_n < PLAN_LOADS / 2)       /* a floor of nothing but kerbs */
                bodies_wake(stage->bodies);
        } else {
            break;
        }
    }
    bodies_run(stage->bodies, t);
}

void stage_release(struct script *s, size_t index, size_t event, double over_t, double t_down, double t_release, double drop, size_t hand_key[3])
{
    struct stage *stage = s->stage;
    struct release r = { .item = index, .event = event, .hand = s->plan->event[event].hand, .over_t = over_t, .t_down = t_down, .t = t_release, .drop = drop };

    memcpy(r.hand_key, hand_key, sizeof r.hand_key);
    if (stage->pending_n == PENDING)
        stage_until(s, stage->pending[0].t);
    stage->pending[stage->pending_n++] = r;
}

void stage_grasp(struct script *s, size_t index, double t, double t_lift)
{
    struct plan_item *item = &s->plan->item[index];
    struct body_pose pose;

    stage_until(s, t);
    (void)bodies_pose(s->stage->bodies, (int)index, &pose);
    bodies_remove(s->stage->bodies, (int)index);
    s->stage->moving[index].has = false;
    memcpy(item->at, pose.p, sizeof item->at);
    script_key(s, &item->track, fmax(t, stage_now(s)), pose.p, pose.q, PLAN_REST);
    script_load(s, (struct plan_load){ .t0 = t, .t1 = t_lift, .x = pose.p[0], .y = pose.p[1], .g = -item->carried_g });
}

bool stage_pose(const struct script *s, size_t index, struct body_pose *out)
{
    return bodies_pose(s->stage->bodies, (int)index, out);
}

bool stage_covered(const struct script *s, size_t index)
{
    return bodies_covered(s->stage->bodies, (int)index);
}

bool stage_rests(const struct script *s, size_t index)
{
    const struct plan_track *track = &s->plan->item[index].track;
    struct body_pose pose;

    return stage_pose(s, index, &pose) && track->n && track->key[track->n - 1].ease == PLAN_REST;
}

double stage_height(const struct script *s, const double at[2], const double foot_m[2])
{
    const double lo[2] = { at[0] - .9 * foot_m[0], at[1] - .9 * foot_m[1] }, hi[2] = { at[0] + .9 * foot_m[0], at[1] + .9 * foot_m[1] };

    return bodies_top(s->stage->bodies, lo, hi);
}

bool stage_piled(const struct script *s, size_t index)
{
    double lo[3], hi[3];

    return bodies_box(s->stage->bodies, (int)index, lo, hi) && lo[2] > .012;
}

void stage_push(struct script *s, const double at[3], double t)
{
    stage_until(s, t);
    bodies_push(s->stage->bodies, at, .05, rng_range(&s->stage->r, s->suite->bodies.push_ms.lo, s->suite->bodies.push_ms.hi));
}

bool stage_place(struct script *s, size_t index, int side, const double *near, double reach_m, struct pick *out)
{
    const struct stage *stage = s->stage;
    const struct plan_item *item = &s->plan->item[index];
    const double *size = s->plan->store->cart.basket.size_m;
    double best = INFINITY;

    for (int tries = 0; tries < (int)s->suite->shopper.places || (best == (double)INFINITY && tries < AGAIN); tries++) {
        double yaw = rng_range(&s->r, -.5, .5) + (script_chance(s, .5) ? SCRIPT_PI / 2 : 0), c = fabs(cos(yaw)), d = fabs(sin(yaw)), p[2], z, cost;
        double foot[2] = { c * item->half_m[0] + d * item->half_m[1], d * item->half_m[0] + c * item->half_m[1] }, lo[2], hi[2];

        for (int k = 0; k < 2; k++) {
            lo[k] = foot[k] + .01;
            hi[k] = size[k] - foot[k] - .01;
            if (near) {
                lo[k] = fmax(lo[k], near[k] - reach_m);
                hi[k] = fmin(hi[k], near[k] + reach_m);
            }
        }
        if (side == 1)
            hi[0] = fmin(hi[0], fmax(lo[0] + .01, .5 * size[0] - .3 * foot[0]));
        else if (side == 2)
            lo[0] = fmax(lo[0], fmin(hi[0] - .01, .5 * size[0] + .3 * foot[0]));
        p[0] = rng_range(&s->r, fmin(lo[0], hi[0]), hi[0]);
        p[1] = rng_range(&s->r, fmin(lo[1], hi[1]), hi[1]);
        if (foot[0] + .012 > .5 * size[0] || foot[1] + .012 > .5 * size[1])
            continue;
        for (int k = 0; k < 2; k++) {
            p[k] = fmin(size[k] - foot[k] - .01, fmax(foot[k] + .01, p[k]));
            lo[k] = p[k] - .9 * foot[k];
            hi[k] = p[k] + .9 * foot[k];
        }
        z = bodies_top(stage->bodies, lo, hi);
        for (size_t i = 0; i < stage->pending_n; i++) {
            const struct plan_item *other = &s->plan->item[stage->pending[i].item];
            double r = fmax(other->half_m[0], other->half_m[1]);

            if (other != item && other->at[0] - r < hi[0] && other->at[0] + r > lo[0] && other->at[1] - r < hi[1] && other->at[1] + r > lo[1])
                z = fmax(z, other->at[2] + other->half_m[2]);
        }
        cost = z + rng_range(&s->r, 0, .06);
        if (z + 2 * item->half_m[2] > size[2] - .02 || cost >= best)
            continue;
        best = cost;
        *out = (struct pick){ .at = { p[0], p[1], z + item->half_m[2] }, .foot_m = { foot[0], foot[1] } };
        body_turn(yaw, item->lying ? SCRIPT_PI / 2 : 0, 0, out->q);
    }
    return best < (double)INFINITY;
}
