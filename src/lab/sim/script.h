/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/script - what the files that write a plan share: the clock of a shopper, keys, loads, marks, reaches, rolls and bumps.
 * Private to src/lab/sim/plan*.c.
 */
#pragma once

#include "lab/sim/body.h"
#include "lab/sim/plan.h"

struct stage;                              /* plan_stage.c */

struct script {
    struct plan *plan;
    const struct sim_suite *suite;
    struct rng r;                          /* of the hands and the clock */
    uint64_t seed;                         /* of suite and trip, for more streams */
    double t;                              /* now */
    size_t last_put;                       /* item, or PLAN_ITEMS */
    bool   rolling;
    bool   short_of_memory;                /* a key or a force could not be kept: the plan is void */
    bool   too_much;                       /* more loads than a plan holds */
    struct stage *stage;                   /* NULL: placed bodies */
    double hand_free[PLAN_HANDS];          /* from when on a hand can start */
    uint8_t scenario;                      /* of the events that are being made, as plan_event.scenario */
};

static const double SCRIPT_PI = 3.14159265358979323846;

/* One entry of a hand: outside, over the target, and the offset of the hand from what it holds. */
struct reach { int hand; double outside[3], over[3], grip[3], turn[3]; };

double script_range(struct script *s, struct suite_range range);
bool script_chance(struct script *s, double p);

/* `a`: three angles, or four of a quaternion where the track turns freely. */
void script_key(struct script *s, struct plan_track *track, double t, const double p[3], const double *a, enum plan_ease ease);
void script_hand_key(struct script *s, const struct reach *reach, double t, const double p[3], enum plan_ease ease);
void script_load(struct script *s, struct plan_load load);
void script_mark(struct script *s, struct plan_mark mark);
void script_cause(struct script *s, const char *name, double t0, double t1);
struct reach script_reach(struct script *s, int hand, const double at[3], double half_z);
/* When the track's height passes `z` between t0 and t1 (monotone there). */
double script_crossing(const struct plan_track *track, double z, double t0, double t1);
/* A new item of a product: pieces, mass, size; how it will lie. */
struct plan_item *script_item(struct script *s, struct rng *r, size_t product);
struct plan_event *script_event(struct script *s, enum trundle_event_kind kind, size_t index);
size_t script_inside(const struct plan *plan);

void script_bump(struct script *s);
/* Rolls for `seconds` from now; the clock stays. */
void script_roll(struct script *s, double seconds);
/* From now on the cart is on its way to the shelf of `product`. */
void script_go(struct script *s, size_t product);

/* The whole trip of one who puts things where they stay. */
void script_shop_placed(struct script *s);
/* The whole trip of one whose things are bodies. */
TRUNDLE_MUST_USE enum trundle_status script_shop_bodies(struct script *s, struct trundle_error *err);

/* ---- plan_stage.c: bodies in a script. Items are bodies once they are let go; body i is item i. ---- */

struct pick { double at[3], q[4], foot_m[2]; };    /* a place for an item: centre and turn where it will touch; half of its shadow */

TRUNDLE_MUST_USE enum trundle_status stage_new(struct script *s, struct trundle_error *err);
void stage_free(struct script *s);
/* Lets go what is due and runs the bodies to t. */
void stage_until(struct script *s, double t);
double stage_now(const struct script *s);
/* A low place among a few: side 0 anywhere, 1 left, 2 right; `near` (NULL: anywhere) and `reach_m` bound it. False: no room under the mouth. */
bool stage_place(struct script *s, size_t index, int side, const double *near, double reach_m, struct pick *out);
/* The item will be let go at t_release where its track's last key holds it; `drop`: it falls, else it is set down from t_down on. */
void stage_release(struct script *s, size_t index, size_t event, double over_t, double t_down, double t_release, double drop, size_t hand_key[3]);
/* Takes the item out of the world at t (all that happens before has happened); it leaves the floor from then to t_lift. */
void stage_grasp(struct script *s, size_t index, double t, double t_lift);
bool stage_pose(const struct script *s, size_t index, struct body_pose *out);
bool stage_covered(const struct script *s, size_t index);
/* The item rests on others, or on the floor. */
bool stage_rests(const struct script *s, size_t index);
/* How high things reach over a rectangle around `at`. */
double stage_height(const struct script *s, const double at[2], const double foot_m[2]);
bool stage_piled(const struct script *s, size_t index);
void stage_push(struct script *s, const double at[3], double t);
unsigned stage_strays(const struct script *s);

/* ---- plan_act.c: what hands do. Times: an act begins at s->t or at `t`, and moves s->t on to its end. ---- */

enum { ACT_GROUP = 3 };
struct put {
    size_t index[ACT_GROUP], n;            /* things in one hand */
    int hand, side;                        /* side: of the basket, as stage_place */
    double t, haste;                       /* haste: durations are multiplied by it */
    uint32_t slices;
    bool past;                             /* over a corner of the rim, fast and low */
    bool shaded;                           /* the other hand is held over it */
    const double *near;                    /* put here, NULL anywhere */
};

double act_put(struct script *s, struct put *put);       /* end; negative: no room, nothing was put. put->n is what found room. */
bool act_take(struct script *s, size_t index, int hand, double haste, uint32_t slices);
bool act_move(struct script *s, const size_t *index, size_t n, uint32_t slices);
void act_rummage(struct script *s);
void act_change_of_mind(struct script *s, size_t index);
/* Some item that lies free and may be taken; PLAN_ITEMS: none. */
size_t act_free_item(struct script *s);
size_t act_free_near(struct script *s, const double at[3], const size_t *but, size_t but_n);
/* Things that events knew only after the bodies came to rest. */
void act_settle(struct script *s);

/* ---- plan_list.c: what a shopper wants, and how each thing will be told to the cart ---- */

enum wish_how { WISH_SILENT, WISH_BEFORE, WISH_AFTER, WISH_WRONG };
enum wish_group { WISH_ALONE, WISH_TWO_HANDS, WISH_IN_HAND, WISH_OVERLAP, WISH_IN_BAG };
struct wish { size_t product; enum wish_how how; size_t wrong; bool repeat; enum wish_group group; size_t group_n; };    /* group_n: of its first, else 0 */
struct list { size_t n; struct wish wish[PLAN_ITEMS]; struct rng things; };

void list_make(struct script *s, struct list *out);
/* Makes the item of a wish and tells the cart; returns its number; *t becomes when the hand may start, *out_after when it scans after. */
size_t list_take(struct script *s, struct list *l, const struct wish *wish, double *t, bool *out_after);
void list_scan(struct script *s, size_t index, size_t product, double t);

/* ---- plan_shrink.c ---- */

struct shrink { bool any, twin; enum plan_shrink name; };
struct shrink shrink_choose(struct script *s);
/* Plays it now. False: not possible now (nothing inside to play it with). */
bool shrink_play(struct script *s, struct list *l, const struct shrink *shrink);
