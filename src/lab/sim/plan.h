/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/plan - one shopper's trip as a script: who is where when, what rests on the floor, what is scanned and touched.
 *
 *     struct plan *plan;
 *     TRY(plan_new(store, seed, &plan, err));
 *     if (plan_pose_at(&plan->item[0].track, t_s, &pose, NULL)) ...
 *     plan_free(plan);
 *
 * Times are seconds since trip start. It knows no pixels and no samples: signal.h turns loads and motion into readings,
 * world.h turns tracks into scenes, trip.c writes both down. Immutable once made.
 *
 * Who writes it depends on the suite. bodies.model "placed": a plain script, whose items stand where they are put (plan_placed.c). Else
 * items are bodies that fall, roll and settle (body.h): the script in plan_act.c, plan_list.c, plan_shop.c, plan_shrink.c, which meets them
 * through plan_stage.c. Then plan_new runs in one thread of a process at a time: ODE's random numbers are global.
 */
#pragma once

#include "lab/sim/scene.h"
#include "lab/sim/store.h"

enum { PLAN_ITEMS = 88, PLAN_EVENTS = 160, PLAN_LOADS = 8192, PLAN_ROLLS = 96, PLAN_MARKS = 1024, PLAN_HANDS = 2, PLAN_SCENARIOS = 4 };

/* From this key to the next. FREE: straight, as bodies that were sampled. */
enum plan_ease { PLAN_HIDDEN, PLAN_REST, PLAN_EASE, PLAN_FALL, PLAN_FREE };

struct plan_key { double t; double p[3], a[4]; enum plan_ease ease; };          /* a: yaw, pitch, roll, or a quaternion w x y z */
struct plan_track { size_t n, capacity; struct plan_key *key; bool turns_free; };    /* key owned by the plan; turns_free: quaternions */

struct plan_item {
    size_t product;                        /* in store->product */
    double mass_g;
    double carried_g;                      /* with what is hidden inside */
    int    pieces;
    double scale;                          /* of a produce piece against the mean one */
    double half_m[3];                      /* as it rests (lying or upright, before yaw) */
    bool   lying, inside;
    bool   kept;                           /* part of a scenario: nobody takes it out again */
    size_t inside_of;                      /* 1 + the item that it is hidden in; 0 none */
    double at[3], yaw;                     /* where it rests, or rested last */
    bool   scanned;
    double t_scan;
    struct plan_track track;
};

struct plan_hand { struct plan_track track; };

/* Load on the floor, g: grows by `g` between t0 and t1 and stays; a pulse is a half sine between them and gone. `moved`: weight that is
 * handed over to force[] when a body begins to move, and back where it comes to rest: in any pair of them nothing comes or goes. */
struct plan_load { double t0, t1, x, y, g; bool pulse, moved; };
/* What moving bodies press on floor and walls: g at (x, y) from t until the next one's t; the last of a burst has g = 0. On top of load[]. */
struct plan_force { double t, x_m, y_m, g; };
struct plan_roll { double t0, t1, speed_ms, turn_rads; };
struct plan_bump { double t, ms2; };

enum {
    PLAN_ROLLING = 1, PLAN_DOUBLE = 2, PLAN_LIGHT = 4, PLAN_PRODUCE = 8, PLAN_REPEAT = 16, PLAN_PUT_BACK = 32, PLAN_PILED = 64, PLAN_SIBLING = 128,
    PLAN_OVERLAPPING = 256, PLAN_CROWDED = 512, PLAN_BAGGED = 1024, PLAN_SLICES = 11
};
extern const char *const plan_slice_name[PLAN_SLICES];
enum { PLAN_CROWD = 12 };                  /* things inside that make a crowd */

enum plan_shrink {
    PLAN_NO_SCAN, PLAN_SCAN_ONE_OF_TWO, PLAN_CHEAP_CODE, PLAN_SWAP_AFTER_WEIGH, PLAN_HEAVIER_AFTER_WEIGH, PLAN_TAKE_AND_REPLACE, PLAN_HIDDEN_INSIDE,
    PLAN_PAST_CAMERAS, PLAN_LEAN_ON_SCALE, PLAN_CART_SWAP, PLAN_SHRINKS
};
extern const char *const plan_shrink_name[PLAN_SHRINKS];

/* A shrink scenario that was played, or its honest twin. */
struct plan_scenario {
    enum plan_shrink name;
    bool twin;
    double t0, t1;
    size_t events_n, items_n;
    size_t event[PLAN_EVENTS], item[PLAN_ITEMS];
    int64_t value_cents;                   /* what walks out unpaid when nobody notices; a twin's is 0 */
};

struct plan_event {
    enum trundle_event_kind kind;
    size_t item;
    double t_start, t_cross, t_lift, t_release, t_load, t_end;   /* load: the item's whole mass is on the floor; NAN where it does not apply */
    double at[3];
    uint32_t slices;
    uint8_t hand;
    size_t with;                           /* 1 + the event that it goes along with, as something hidden does; 0 none */
    bool seen_at_rest;                     /* of bodies: `at` is where it came to rest */
    uint8_t scenario;                      /* 1 + the scenario that it belongs to; 0 none */
};

enum plan_mark_kind { PLAN_CODE, PLAN_TOUCH, PLAN_CAUSE };
struct plan_mark {
    enum plan_mark_kind kind;
    double t, t1;                          /* a cause lasts to t1 */
    size_t product;
    enum trundle_touch_kind touch;
    int count;
    const char *cause;
};

struct plan {
    const struct sim_store *store;         /* borrowed */
    int64_t seed;
    double end_s;
    bool member;
    size_t items_n, events_n, loads_n, forces_n, forces_max, rolls_n, marks_n, bumps_n, stays_n, scenarios_n, strays_n;
    struct plan_item item[PLAN_ITEMS];
    struct plan_hand hand[PLAN_HANDS];
    struct plan_event event[PLAN_EVENTS];
    struct plan_load load[PLAN_LOADS];     /* in no order */
    struct plan_force *force;              /* owned; in time order */
    struct plan_scenario scenario[PLAN_SCENARIOS];
    struct plan_roll roll[PLAN_ROLLS];     /* in time order, apart */
    struct plan_mark mark[PLAN_MARKS];
    struct plan_bump bump[PLAN_MARKS];
    struct { double t, x, y; size_t product; } stay[PLAN_ROLLS];   /* from t on the cart is on its way to, then at, (x, y) */
    double skin[3], sleeve[3];             /* 0..255 */
};

TRUNDLE_MUST_USE enum trundle_status plan_new(const struct sim_store *store, int64_t seed, struct plan **out, struct trundle_error *err);
void plan_free(struct plan *plan);

/* False: not in the world at t. `out_resting` (may be NULL): stays as it is until the next key. */
bool plan_track_at(const struct plan_track *track, double t, double out_p[3], double out_a[4], bool *out_resting);
bool plan_pose_at(const struct plan_track *track, double t, struct sim_pose *out, bool *out_resting);
/* How many keys are at or before t; the last of them rules at t. */
size_t plan_keys_until(const struct plan_track *track, double t);
void plan_pose_of_key(const struct plan_track *track, size_t key, struct sim_pose *out);
/* Mass inside at t once all is still, g. */
double plan_static_g(const struct plan *plan, double t);
/* Where the cart is in the store, its speed and acceleration ahead, its turning rate. */
struct plan_motion { double x, y, speed_ms, accel_ms2, turn_rads; };
struct plan_motion plan_motion_at(const struct plan *plan, double t);
