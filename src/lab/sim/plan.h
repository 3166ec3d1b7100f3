/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/plan - one shopper's trip as a script: who is where when, what rests on the floor, what is scanned and touched.
 *
 *     struct plan *plan;
 *     TRY(plan_new(store, seed, &plan, err));
 *     if (plan_track_at(&plan->item[0].track, t_s, &pose)) ...
 *     plan_free(plan);
 *
 * Times are seconds since trip start. It knows no pixels and no samples: signal.h turns loads and motion into readings,
 * world.h turns tracks into scenes, trip.c writes both down. Immutable once made.
 */
#pragma once

#include "lab/sim/scene.h"
#include "lab/sim/store.h"

enum { PLAN_ITEMS = 48, PLAN_EVENTS = 64, PLAN_KEYS = 40, PLAN_HAND_KEYS = 1024, PLAN_LOADS = 512, PLAN_ROLLS = 64, PLAN_MARKS = 1024, PLAN_HANDS = 2 };

enum plan_ease { PLAN_HIDDEN, PLAN_REST, PLAN_EASE, PLAN_FALL };    /* from this key to the next */

struct plan_key { double t; double p[3], a[3]; enum plan_ease ease; };          /* a: yaw, pitch, roll */
struct plan_track { size_t n; struct plan_key *key; size_t capacity; };         /* key borrowed from the owner of the track */

struct plan_item {
    size_t product;                        /* in store->product */
    double mass_g;
    int    pieces;
    double scale;                          /* of a produce piece against the mean one */
    double half_m[3];                      /* as it rests (lying or upright, before yaw) */
    bool   lying, inside;
    double at[3], yaw;                     /* where it rests, or rested last */
    bool   scanned;
    double t_scan;
    struct plan_track track;
    struct plan_key key[PLAN_KEYS];
};

struct plan_hand { struct plan_track track; struct plan_key key[PLAN_HAND_KEYS]; };

/* Load on the floor, g: grows by `g` between t0 and t1 and stays; a pulse is a half sine between them and gone. */
struct plan_load { double t0, t1, x, y, g; bool pulse; };
struct plan_roll { double t0, t1, speed_ms, turn_rads; };
struct plan_bump { double t, ms2; };

enum { PLAN_ROLLING = 1, PLAN_DOUBLE = 2, PLAN_LIGHT = 4, PLAN_PRODUCE = 8, PLAN_REPEAT = 16, PLAN_PUT_BACK = 32, PLAN_PILED = 64, PLAN_SLICES = 7 };

struct plan_event {
    enum trundle_event_kind kind;
    size_t item;
    double t_start, t_cross, t_lift, t_release, t_load, t_end;   /* load: the item's whole mass is on the floor; NAN where it does not apply */
    double at[3];
    uint32_t slices;
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
    size_t items_n, events_n, loads_n, rolls_n, marks_n, bumps_n, stays_n;
    struct plan_item item[PLAN_ITEMS];
    struct plan_hand hand[PLAN_HANDS];
    struct plan_event event[PLAN_EVENTS];
    struct plan_load load[PLAN_LOADS];     /* in no order */
    struct plan_roll roll[PLAN_ROLLS];     /* in time order, apart */
    struct plan_mark mark[PLAN_MARKS];
    struct plan_bump bump[PLAN_MARKS];
    struct { double t, x, y; size_t product; } stay[PLAN_ROLLS];   /* from t on the cart is on its way to, then at, (x, y) */
    double skin[3], sleeve[3];             /* 0..255 */
};

TRUNDLE_MUST_USE enum trundle_status plan_new(const struct sim_store *store, int64_t seed, struct plan **out, struct trundle_error *err);
void plan_free(struct plan *plan);

/* False: not in the world at t. `out_resting` (may be NULL): stays as it is until the next key. */
bool plan_track_at(const struct plan_track *track, double t, double out_p[3], double out_a[3], bool *out_resting);
/* Where the cart is in the store, its speed and acceleration ahead, its turning rate. */
struct plan_motion { double x, y, speed_ms, accel_ms2, turn_rads; };
struct plan_motion plan_motion_at(const struct plan *plan, double t);
