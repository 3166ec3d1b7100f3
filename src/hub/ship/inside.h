/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* ship/inside - a rollout as a value, and its evidence; shared by the files of this room. */
#pragma once

#include "base/std/json.h"
#include "hub/ship/ship.h"

enum ship_state { SHIP_DRAFT, SHIP_STAGE, SHIP_DONE, SHIP_STOPPED, SHIP_ROLLED_BACK, SHIP_STATES };
const char *ship_state_text(enum ship_state state);

struct ship_stage {
    int64_t first;                     /* so many units; 0: `percent` counts */
    double  percent, hours, trips;     /* least hours of the stage, least trips on each side */
    double  margin[GATE_METRICS];
};
struct ship_rollout {
    int64_t id, started_ns, stage_ns, made_ns, serial, bytes;
    char    name[SHIP_NAME], bundle[65], bundle_name[SHIP_NAME], who[SHIP_WHO], salt[33];
    enum ship_state state;
    int     stage, stages_n;
    bool    by_store, automatic;
    double  alpha;
    struct ship_stage stages[SHIP_STAGES_MAX];
    json_t *stores, *hardware;         /* owned; stores NULL: all */
};
void ship_rollout_done(struct ship_rollout *r);

#define SHIP_ROLLOUT_COLUMNS \
    "r.id, r.name, r.bundle, r.state, r.stage, r.by_store, r.stores, r.salt, r.stages, r.alpha, r.automatic, r.started_ns, r.stage_ns, r.made_ns, r.who, b.name, b.serial, b.bytes, b.hardware"
/* A row of these columns, in this order. */
TRUNDLE_MUST_USE enum trundle_status ship_rollout_take(const struct db_statement *s, struct ship_rollout *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status ship_rollout_load(struct db *db, int64_t id, struct ship_rollout *out, struct trundle_error *err);
bool ship_in_scope(const struct ship_rollout *r, const char *store, const char *hardware);

/* stages.c: [{"carts":1}, {"percent":25}, ...] and back. NULL: the default stages. */
TRUNDLE_MUST_USE enum trundle_status ship_stages_parse(const struct json_at *list, bool by_store, struct ship_stage *out, int *out_n, struct trundle_error *err);
json_t *ship_stages_json(const struct ship_stage *stage, int n, bool by_store);

/* evidence.c: who belongs to a rollout, and what the gate says of it. */
struct ship_unit { char name[SHIP_NAME]; uint64_t rank; int stage; /* from which on it has the bundle; -1 not yet */ };
struct ship_units { struct ship_unit *unit; size_t n, room; };      /* owned */
void ship_units_done(struct ship_units *u);
/* All units of its scope, in the order of their rank. */
TRUNDLE_MUST_USE enum trundle_status ship_units_load(struct db *db, const struct ship_rollout *r, struct ship_units *out, struct trundle_error *err);
/* How many of the first ones a stage takes, at least one. */
size_t ship_units_of_stage(const struct ship_stage *stage, size_t n);
TRUNDLE_MUST_USE enum trundle_status ship_evidence(struct db *db, const struct ship_rollout *r, int64_t now_ns, struct gate_verdicts *out, json_t **out_json,
                                                   struct trundle_error *err);
json_t *ship_real(double x);           /* null when it is not finite */
