/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * ship - which cart runs what: bundles that the hub knows, rollouts in stages, and what carts said about them.
 *
 *     TRY(ship_open(db, err));                                                  // its tables, once per start
 *     TRY(ship_bundle_accept(db, path, "ann", now_ns, &json, &why, err));       // after the blob is synced
 *     TRY(ship_rollout_make(db, request, "ann", now_ns, &json, err));           // a draft
 *     TRY(ship_rollout_advance(db, id, "ann", "first cart", false, now_ns, &json, err));
 *     TRY(ship_tick(db, now_ns, &changed, err));                                // every minute: the machine reads the gates
 *     TRY(ship_order_for(db, "cart-07", &order, err));
 *
 * A rollout is draft -> stage 0, 1, ... -> done, or stopped, or rolled_back; each change is a row with who, why and the numbers at the gate (ship_transition). Units (carts, or
 * whole stores) are ranked by a hash of the rollout's salt and their name: a stage takes the first n, or the first share, of that rank, and keeps them in later stages.
 * Both sides are compared from the first stage on: trips of carts while they run the rollout's bundle, against trips of all other carts of its scope on anything else.
 *
 * All functions take the hub's database and leave transactions to themselves, except ship_observe, ship_confirm and ship_cart_put, which are single statements and may stand
 * in the caller's transaction. Given JSON is borrowed, returned JSON is the caller's (json_decref). Errors: BAD_INPUT names the field; NOT_FOUND; CONFLICT: the state does not allow it,
 * or the name or serial is taken by another bundle. Threads: as `struct db`.
 */
#pragma once

#include "base/bundle/bundle.h"
#include "base/db/db.h"
#include "hub/ship/gate.h"

enum { SHIP_STAGES_MAX = 8, SHIP_RUNNING_MAX = 64, SHIP_NAME = 41, SHIP_WHO = 81 };

TRUNDLE_MUST_USE enum trundle_status ship_open(struct db *db, struct trundle_error *err);

/* Keyrings. The first is taken when its own root signed it, later ones when trust_follows. All are kept, so that a cart that was away can follow step by step. */
TRUNDLE_MUST_USE enum trundle_status ship_trust_put(struct db *db, const void *bytes, size_t n, const char *who, int64_t now_ns, struct trundle_error *err);
/* The newest, as text, into an empty buffer. NOT_FOUND: none yet. */
TRUNDLE_MUST_USE enum trundle_status ship_trust_text(struct db *db, struct bytes *out, struct trundle_error *err);
/* Of the newest; 0: none yet. */
TRUNDLE_MUST_USE enum trundle_status ship_trust_serial(struct db *db, int64_t *out, struct trundle_error *err);
/* [keyring, ...] with a serial above `after`, oldest first (texts of trust.json). */
TRUNDLE_MUST_USE enum trundle_status ship_trust_json(struct db *db, int64_t after, json_t **out, struct trundle_error *err);

/* Bundles. The file is verified against the newest keyring (any hardware); what is not in order gets no row. The same bundle again is no error. CONFLICT with BUNDLE_OLDER: a bundle
 * for some of the same hardware has a higher serial; the error names it, and what to do. */
TRUNDLE_MUST_USE enum trundle_status ship_bundle_accept(struct db *db, const char *path, const char *who, int64_t now_ns, json_t **out, enum bundle_refusal *out_why,
                                                        struct trundle_error *err);
/* The same in two steps. The first reads and hashes the whole file and only reads the database: any connection does, nobody waits. The second writes the row, inside the caller's
 * transaction; AGAIN: the keyring changed in between. */
struct ship_checked;
TRUNDLE_MUST_USE enum trundle_status ship_bundle_check(struct db *db, const char *path, struct ship_checked **out, enum bundle_refusal *out_why, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status ship_bundle_add(struct db *db, const struct ship_checked *checked, const char *who, int64_t now_ns, json_t **out, enum bundle_refusal *out_why,
                                                     struct trundle_error *err);
void ship_bundle_checked_free(struct ship_checked *checked);       /* NULL is fine */
/* {"sha256","bytes","name","serial","made_ns","hardware":[],"by","added_ns","gate":...,"calibration":...,"catalog","signatures":[ids]} */
TRUNDLE_MUST_USE enum trundle_status ship_bundle_json(struct db *db, const char *sha256, json_t **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status ship_bundles_json(struct db *db, json_t **out, struct trundle_error *err);          /* newest serial first */

/* Carts, as ship needs them; the server tells at join and whenever something changes. */
struct ship_cart { const char *cart, *store, *hardware; bool retired; };
TRUNDLE_MUST_USE enum trundle_status ship_cart_put(struct db *db, const struct ship_cart *cart, struct trundle_error *err);

/* What carts report. The same report again changes nothing. */
struct ship_trip { const char *cart, *trip, *bundle /* sha256, "" built-in */; int64_t ended_ns; struct gate_trip numbers; };
TRUNDLE_MUST_USE enum trundle_status ship_observe(struct db *db, const struct ship_trip *trip, struct trundle_error *err);
/* `state`: fetched, installed, trial, good, rolled_back (BAD_INPUT else). */
struct ship_confirmation { const char *cart, *bundle, *state, *why; int64_t at_ns; };
TRUNDLE_MUST_USE enum trundle_status ship_confirm(struct db *db, const struct ship_confirmation *c, struct trundle_error *err);

/* What a cart should run. */
struct ship_order {
    char    sha256[65], name[SHIP_NAME];   /* "" no order */
    int64_t bytes, serial, rollout;        /* rollout 0: none */
    char    leave[65];                     /* a bundle that was called back and that this cart said it runs; "" none */
};
TRUNDLE_MUST_USE enum trundle_status ship_order_for(struct db *db, const char *cart, struct ship_order *out, struct trundle_error *err);
/* {"bundle":{"sha256","bytes","name","serial"}|null,"rollout":id|null,"leave":sha256|null}: what GET /api/v1/orders adds policy and time to. */
TRUNDLE_MUST_USE enum trundle_status ship_order_json(const struct ship_order *order, json_t **out, struct trundle_error *err);

/* Rollouts. Request: {"bundle":"<sha256 or name>","name"?,"by":"cart"|"store","stores"?:[...],"stages"?:[{"carts":1}|{"percent":25},...,"margin"?:{...},"hours"?,"trips"?],"alpha"?,
 * "auto"?:true}. Default stages: 1 cart, 25 %, 100 %. */
TRUNDLE_MUST_USE enum trundle_status ship_rollout_make(struct db *db, json_t *request, const char *who, int64_t now_ns, json_t **out, struct trundle_error *err);
/* Everything: state, stage, carts per state, the gate's numbers now, transitions with their evidence. */
TRUNDLE_MUST_USE enum trundle_status ship_rollout_json(struct db *db, int64_t id, int64_t now_ns, json_t **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status ship_rollouts_json(struct db *db, json_t **out, struct trundle_error *err);         /* heads only, newest first */

/* draft -> stage 0 -> ... -> done. From a stage on, the gate must say "go on"; `force` goes on against "not enough data" (never against "stop"), which is noted. */
TRUNDLE_MUST_USE enum trundle_status ship_rollout_advance(struct db *db, int64_t id, const char *who, const char *why, bool force, int64_t now_ns, json_t **out,
                                                          struct trundle_error *err);
/* No further cart gets it; those that have it keep it. */
TRUNDLE_MUST_USE enum trundle_status ship_rollout_stop(struct db *db, int64_t id, const char *who, const char *why, int64_t now_ns, json_t **out, struct trundle_error *err);
/* Every cart goes back to what it would run without this rollout; also from stopped and done. */
TRUNDLE_MUST_USE enum trundle_status ship_rollout_rollback(struct db *db, int64_t id, const char *who, const char *why, int64_t now_ns, json_t **out,
                                                           struct trundle_error *err);
/* Looks at the gate of every rollout that is in a stage: stop -> rolled_back, go on -> next stage (when "auto"). Who: "gate".
 * One that fails does not hold up the others: the first error is returned, *out_changed counts those that moved all the same. */
TRUNDLE_MUST_USE enum trundle_status ship_tick(struct db *db, int64_t now_ns, size_t *out_changed, struct trundle_error *err);
/* The same in two steps, so that nobody waits while four weeks of trips are read: which of the running ones would move (any connection does; only reads), and the move of those, each of which
 * reads its gate once more, inside its transaction. */
TRUNDLE_MUST_USE enum trundle_status ship_due(struct db *db, int64_t now_ns, int64_t out_id[SHIP_RUNNING_MAX], size_t *out_n, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status ship_move(struct db *db, const int64_t *id, size_t n, int64_t now_ns, size_t *out_changed, struct trundle_error *err);
