/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A rollout as JSON, for the console and the command. */
#include "hub/ship/inside.h"

#include <string.h>

static json_t *head_json(const struct ship_rollout *r)
{
    return json_pack("{s:I,s:s,s:{s:s,s:s,s:I,s:I},s:s,s:i,s:s,s:O?,s:O,s:o,s:f,s:b,s:I,s:I,s:I,s:s}", "id", (json_int_t)r->id, "name", r->name, "bundle", "sha256", r->bundle,
                     "name", r->bundle_name, "serial", (json_int_t)r->serial, "bytes", (json_int_t)r->bytes, "state", ship_state_text(r->state), "stage", r->stage, "by",
                     r->by_store ? "store" : "cart", "stores", r->stores, "hardware", r->hardware, "stages", ship_stages_json(r->stages, r->stages_n, r->by_store), "alpha",
                     r->alpha, "auto", r->automatic, "made_ns", (json_int_t)r->made_ns, "started_ns", (json_int_t)r->started_ns, "stage_ns", (json_int_t)r->stage_ns, "by_whom",
                     r->who);
}

static json_t *any(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    return value ? value : json_null();
}

static enum trundle_status add_transitions(struct db *db, int64_t id, json_t *to, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *list = json_array();
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT from_state, from_stage, to_state, to_stage, at_ns, who, why, forced, evidence FROM ship_transition WHERE rollout = ? ORDER BY n", &s, err),
             out);
    db_bind_integer(s, 1, id);
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        json_array_append_new(list, json_pack("{s:s,s:i,s:s,s:i,s:I,s:s,s:s,s:b,s:o}", "from", db_text(s, 0), "from_stage", (int)db_integer(s, 1), "to", db_text(s, 2), "to_stage",
                                              (int)db_integer(s, 3), "at_ns", (json_int_t)db_integer(s, 4), "who", db_text(s, 5), "why", db_text(s, 6), "forced",
                                              (int)db_integer(s, 7), "evidence", any(db_text(s, 8))));
    if (status == TRUNDLE_END) {
        status = TRUNDLE_OK;
        json_object_set(to, "transitions", list);
    }
out:
    db_free(s);
    json_decref(list);
    return status;
}

static void count(json_t *counts, const char *key)
{
    json_object_set_new(counts, key, json_integer(json_integer_value(json_object_get(counts, key)) + 1));
}

/* Every cart of the scope: its side, and what it said last of this bundle. */
static enum trundle_status add_carts(struct db *db, const struct ship_rollout *r, json_t *to, struct trundle_error *err)
{
    static const char *const states[] = { "ordered", "fetched", "installed", "trial", "good", "rolled_back", "control" };
    struct db_statement *s = NULL;
    json_t *list = json_array(), *counts = json_object();
    enum trundle_status status;

    for (size_t i = 0; i < COUNT_OF(states); i++)
        json_object_set_new(counts, states[i], json_integer(0));
    TRY_GOTO(status, db_prepare(db,
                                "SELECT c.cart, c.store, c.hardware, m.stage, (SELECT f.state FROM ship_confirm f WHERE f.cart = c.cart AND f.bundle = ?2 ORDER BY f.at_ns DESC,"
                                " CASE f.state WHEN 'rolled_back' THEN 4 WHEN 'good' THEN 3 WHEN 'trial' THEN 2 WHEN 'installed' THEN 1 ELSE 0 END DESC LIMIT 1)"
                                " FROM ship_cart c LEFT JOIN ship_member m ON m.rollout = ?1 AND m.unit = CASE ?3 WHEN 1 THEN c.store ELSE c.cart END"
                                " WHERE NOT c.retired ORDER BY c.cart",
                                &s, err), out);
    db_bind_integer(s, 1, r->id);
    db_bind_text(s, 2, r->bundle);
    db_bind_integer(s, 3, r->by_store);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        bool all = r->stage >= 0 && r->stage < r->stages_n && r->stages[r->stage].percent >= 100;
        bool member = all || (!db_is_null(s, 3) && db_integer(s, 3) <= r->stage);
        const char *state = !member ? "control" : db_is_null(s, 4) ? "ordered" : db_text(s, 4);

        if (!ship_in_scope(r, db_text(s, 1), db_text(s, 2)))
            continue;
        count(counts, state);
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:o}", "cart", db_text(s, 0), "store", db_text(s, 1), "state", state, "stage",
                                              db_is_null(s, 3) ? json_null() : json_integer(db_integer(s, 3))));
    }
    if (status == TRUNDLE_END) {
        status = TRUNDLE_OK;
        json_object_set(to, "carts", list);
        json_object_set(to, "counts", counts);
    }
out:
    db_free(s);
    json_decref(list);
    json_decref(counts);
    return status;
}

enum trundle_status ship_rollout_json(struct db *db, int64_t id, int64_t now_ns, json_t **out, struct trundle_error *err)
{
    struct ship_rollout r = { .id = 0 };
    struct gate_verdicts v;
    json_t *root = NULL, *gate = NULL;
    enum trundle_status status;

    TRY(ship_rollout_load(db, id, &r, err));
    root = head_json(&r);
    if (!root) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "rollout", NULL, "no memory");
        goto out;
    }
    TRY_GOTO(status, add_carts(db, &r, root, err), out);
    if (r.state == SHIP_STAGE) {
        TRY_GOTO(status, ship_evidence(db, &r, now_ns, &v, &gate, err), out);
        json_object_set_new(root, "gate", gate);
    } else {
        json_object_set_new(root, "gate", json_null());
    }
    TRY_GOTO(status, add_transitions(db, id, root, err), out);
    *out = json_incref(root);
out:
    json_decref(root);
    ship_rollout_done(&r);
    return status;
}

enum trundle_status ship_rollouts_json(struct db *db, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *list = json_array();
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT " SHIP_ROLLOUT_COLUMNS " FROM ship_rollout r JOIN ship_bundle b ON b.sha256 = r.bundle ORDER BY r.id DESC", &s, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct ship_rollout r = { .id = 0 };

        TRY_GOTO(status, ship_rollout_take(s, &r, err), out);
        json_array_append_new(list, head_json(&r));
        ship_rollout_done(&r);
    }
    if (status == TRUNDLE_END) {
        status = TRUNDLE_OK;
        *out = json_incref(list);
    }
out:
    db_free(s);
    json_decref(list);
    return status;
}
