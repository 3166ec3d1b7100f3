/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Rollouts: made, moved from stage to stage, stopped, rolled back; each change is a row with its evidence. */
#include "hub/ship/inside.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_text[SHIP_STATES] = { "draft", "stage", "done", "stopped", "rolled_back" };

const char *ship_state_text(enum ship_state state)
{
    return (int)state >= 0 && state < SHIP_STATES ? state_text[state] : "?";
}

void ship_rollout_done(struct ship_rollout *r)
{
    json_decref(r->stores);
    json_decref(r->hardware);
    r->stores = r->hardware = NULL;
}

static enum trundle_status parse_list(const char *text, const char *where, json_t **out, struct trundle_error *err)
{
    return json_parse(text, strlen(text), where, out, err);
}

enum trundle_status ship_rollout_take(const struct db_statement *s, struct ship_rollout *out, struct trundle_error *err)
{
    struct ship_rollout r = { .id = db_integer(s, 0), .stage = (int)db_integer(s, 4), .by_store = db_integer(s, 5) != 0, .alpha = db_number(s, 9),
                              .automatic = db_integer(s, 10) != 0, .started_ns = db_integer(s, 11), .stage_ns = db_integer(s, 12), .made_ns = db_integer(s, 13),
                              .serial = db_integer(s, 16), .bytes = db_integer(s, 17) };
    json_t *stages = NULL;
    struct json_at at;
    enum trundle_status status;

    (void)snprintf(r.name, sizeof r.name, "%s", db_text(s, 1));
    (void)snprintf(r.bundle, sizeof r.bundle, "%s", db_text(s, 2));
    (void)snprintf(r.salt, sizeof r.salt, "%s", db_text(s, 7));
    (void)snprintf(r.who, sizeof r.who, "%s", db_text(s, 14));
    (void)snprintf(r.bundle_name, sizeof r.bundle_name, "%s", db_text(s, 15));
    while (r.state < SHIP_STATES && strcmp(state_text[r.state], db_text(s, 3)) != 0)
        r.state++;
    if (!db_is_null(s, 6))
        TRY_GOTO(status, parse_list(db_text(s, 6), "rollout, stores", &r.stores, err), out);
    TRY_GOTO(status, parse_list(db_text(s, 18), "rollout, hardware", &r.hardware, err), out);
    TRY_GOTO(status, parse_list(db_text(s, 8), "rollout, stages", &stages, err), out);
    at = json_at_root(stages, "rollout, stages");
    status = ship_stages_parse(&at, r.by_store, r.stages, &r.stages_n, err);
out:
    json_decref(stages);
    if (status != TRUNDLE_OK)
        ship_rollout_done(&r);
    else
        *out = r;
    return status;
}

enum trundle_status ship_rollout_load(struct db *db, int64_t id, struct ship_rollout *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, "SELECT " SHIP_ROLLOUT_COLUMNS " FROM ship_rollout r JOIN ship_bundle b ON b.sha256 = r.bundle WHERE r.id = ?", &s, err));
    db_bind_integer(s, 1, id);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        status = ship_rollout_take(s, out, err);
    else if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "rollout", NULL, "there is no rollout %lld", (long long)id);
    db_free(s);
    return status;
}

/* What a request asks for. */
struct request { char bundle[65], name[SHIP_NAME]; bool by_store, automatic; double alpha; json_t *stores /* borrowed */; struct ship_stage stage[SHIP_STAGES_MAX]; int stages_n; };

static enum trundle_status optional(enum trundle_status status)
{
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

static enum trundle_status take_stores(const struct json_at *at, struct request *q, struct trundle_error *err)
{
    struct json_at list, name;

    if (!json_has(at, "stores"))
        return TRUNDLE_OK;
    TRY(json_take_array(at, "stores", 1, 10000, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &name, err));
        if (!json_is_string(name.value) || !bundle_name_ok(json_string_value(name.value)))
            return error_set(err, TRUNDLE_BAD_INPUT, name.where, "1 to 40 of a-z 0-9 - _ .", "must be the name of a store");
    }
    q->stores = list.value;
    return TRUNDLE_OK;
}

static enum trundle_status take_request(json_t *request, struct request *q, struct trundle_error *err)
{
    static const char *const known[] = { "bundle", "name", "by", "stores", "stages", "alpha", "auto" };
    struct json_at at = json_at_root(request, "rollout"), list;
    char by[8] = "cart";
    const char *key;
    json_t *value;

    if (!json_is_object(request))
        return error_set(err, TRUNDLE_BAD_INPUT, "rollout", "{\"bundle\":\"<sha256 or name>\"}", "the request must be an object");
    json_object_foreach(request, key, value)
    {
        size_t i = 0;

        while (i < COUNT_OF(known) && strcmp(key, known[i]) != 0)
            i++;
        if (i == COUNT_OF(known))
            return error_set(err, TRUNDLE_BAD_INPUT, "rollout", "bundle, name, by, stores, stages, alpha, auto", "\"%.60s\" is not known", key);
    }
    if (json_take_text(&at, "bundle", q->bundle, sizeof q->bundle, err) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_BAD_INPUT, "rollout: bundle", "its sha256 or name", "must name a bundle");
    TRY(optional(json_take_text(&at, "name", q->name, sizeof q->name, err)));
    if (q->name[0] && !bundle_name_ok(q->name))
        return error_set(err, TRUNDLE_BAD_INPUT, "rollout: name", NULL, "a name has 1 to 40 of a-z 0-9 - _ .");
    TRY(optional(json_take_text(&at, "by", by, sizeof by, err)));
    q->by_store = !strcmp(by, "store");
    if (!q->by_store && strcmp(by, "cart") != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, "rollout: by", NULL, "must be \"cart\" or \"store\"");
    TRY(optional(json_take_number(&at, "alpha", 0.0001, 0.5, &q->alpha, err)));
    TRY(optional(json_take_bool(&at, "auto", &q->automatic, err)));
    TRY(take_stores(&at, q, err));
    if (!json_has(&at, "stages"))
        return ship_stages_parse(NULL, q->by_store, q->stage, &q->stages_n, err);
    TRY(json_take(&at, "stages", &list, err));
    return ship_stages_parse(&list, q->by_store, q->stage, &q->stages_n, err);
}

static enum trundle_status find_bundle(struct db *db, struct request *q, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, "SELECT sha256, name FROM ship_bundle WHERE sha256 = ?1 OR name = ?1", &s, err));
    db_bind_text(s, 1, q->bundle);
    status = db_step(s, err);
    if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, "rollout: bundle", "trundle ship publish adds one", "no bundle \"%s\" is known", q->bundle);
    if (status == TRUNDLE_OK) {
        (void)snprintf(q->bundle, sizeof q->bundle, "%s", db_text(s, 0));
        if (!q->name[0])
            (void)snprintf(q->name, sizeof q->name, "%s", db_text(s, 1));
    }
    db_free(s);
    return status;
}

static enum trundle_status last_id(struct db *db, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status = db_prepare(db, "SELECT max(id) FROM ship_rollout", &s, err);

    if (status == TRUNDLE_OK)
        status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out = db_integer(s, 0);
    db_free(s);
    return status;
}

static enum trundle_status note(struct db *db, const struct ship_rollout *from, enum ship_state to, int to_stage, const char *who, const char *why, bool forced, const json_t *evidence,
                                int64_t now_ns, struct trundle_error *err);

static enum trundle_status insert(struct db *db, const struct request *q, const char *who, int64_t now_ns, int64_t *out_id, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *stages = ship_stages_json(q->stage, q->stages_n, q->by_store);
    char *stores = q->stores ? json_dumps(q->stores, JSON_COMPACT) : NULL, *text = json_dumps(stages, JSON_COMPACT), salt[33];
    struct ship_rollout made = { .state = SHIP_DRAFT };
    uint8_t random[16];
    enum trundle_status status;

    randombytes_buf(random, sizeof random);
    (void)sodium_bin2hex(salt, sizeof salt, random, sizeof random);
    TRY_GOTO(status, db_prepare(db,
                                "INSERT INTO ship_rollout(name, bundle, state, stage, by_store, stores, salt, stages, alpha, automatic, started_ns, stage_ns, made_ns, who)"
                                " VALUES(?, ?, 'draft', -1, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?)",
                                &s, err), out);
    db_bind_text(s, 1, q->name);
    db_bind_text(s, 2, q->bundle);
    db_bind_integer(s, 3, q->by_store);
    db_bind_text(s, 4, stores);
    db_bind_text(s, 5, salt);
    db_bind_text(s, 6, text);
    db_bind_number(s, 7, q->alpha);
    db_bind_integer(s, 8, q->automatic);
    db_bind_integer(s, 9, now_ns);
    db_bind_text(s, 10, who);
    TRY_GOTO(status, db_run(s, err), out);
    TRY_GOTO(status, last_id(db, &made.id, err), out);
    made.stage = -1;
    status = note(db, &made, SHIP_DRAFT, -1, who, "made", false, NULL, now_ns, err);
    if (status == TRUNDLE_OK)
        *out_id = made.id;
out:
    db_free(s);
    free(stores);
    free(text);
    json_decref(stages);
    return status;
}

enum trundle_status ship_rollout_make(struct db *db, json_t *request, const char *who, int64_t now_ns, json_t **out, struct trundle_error *err)
{
    struct request q = { .alpha = .05, .automatic = true };
    enum trundle_status status;
    int64_t id = 0;

    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, "rollout", NULL, "no source of random numbers");
    TRY(take_request(request, &q, err));
    TRY(find_bundle(db, &q, err));
    TRY(db_begin(db, err));
    status = insert(db, &q, who, now_ns, &id, err);
    if (status == TRUNDLE_OK)
        status = db_commit(db, err);
    if (status != TRUNDLE_OK) {
        db_rollback(db);
        return status;
    }
    return ship_rollout_json(db, id, now_ns, out, err);
}

/* The row of a change. */
static enum trundle_status note(struct db *db, const struct ship_rollout *from, enum ship_state to, int to_stage, const char *who, const char *why, bool forced, const json_t *evidence,
                                int64_t now_ns, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    char *text = evidence ? json_dumps(evidence, JSON_COMPACT) : NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db,
                                "INSERT INTO ship_transition SELECT ?1, count(*), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM ship_transition WHERE rollout = ?1", &s, err), out);
    db_bind_integer(s, 1, from->id);
    db_bind_text(s, 2, ship_state_text(from->state));
    db_bind_integer(s, 3, from->stage);
    db_bind_text(s, 4, ship_state_text(to));
    db_bind_integer(s, 5, to_stage);
    db_bind_integer(s, 6, now_ns);
    db_bind_text(s, 7, who);
    db_bind_text(s, 8, why && *why ? why : "no reason given");
    db_bind_integer(s, 9, forced);
    db_bind_text(s, 10, text ? text : "null");
    status = db_run(s, err);
out:
    db_free(s);
    free(text);
    return status;
}

static enum trundle_status set_state(struct db *db, const struct ship_rollout *r, enum ship_state to, int to_stage, int64_t now_ns, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    bool new_stage = to == SHIP_STAGE;
    enum trundle_status status;

    TRY(db_prepare(db, "UPDATE ship_rollout SET state = ?2, stage = ?3, started_ns = ?4, stage_ns = ?5 WHERE id = ?1", &s, err));
    db_bind_integer(s, 1, r->id);
    db_bind_text(s, 2, ship_state_text(to));
    db_bind_integer(s, 3, to_stage);
    db_bind_integer(s, 4, r->state == SHIP_DRAFT ? now_ns : r->started_ns);
    db_bind_integer(s, 5, new_stage ? now_ns : r->stage_ns);
    status = db_run(s, err);
    db_free(s);
    return status;
}

/* The units that a stage takes, from now on. */
static enum trundle_status add_members(struct db *db, const struct ship_rollout *r, int stage, struct trundle_error *err)
{
    struct ship_units u = { .n = 0 };
    struct db_statement *s = NULL;
    enum trundle_status status;
    size_t n;

    TRY(ship_units_load(db, r, &u, err));
    if (!u.n) {
        status = error_set(err, TRUNDLE_CONFLICT, "rollout", "carts join first; is it for their hardware?", "no cart of its stores and hardware is known");
        goto out;
    }
    n = ship_units_of_stage(&r->stages[stage], u.n);
    TRY_GOTO(status, db_prepare(db, "INSERT INTO ship_member VALUES(?, ?, ?) ON CONFLICT DO NOTHING", &s, err), out);
    for (size_t i = 0; i < n; i++) {
        db_bind_integer(s, 1, r->id);
        db_bind_text(s, 2, u.unit[i].name);
        db_bind_integer(s, 3, stage);
        TRY_GOTO(status, db_run(s, err), out);
    }
    status = TRUNDLE_OK;
out:
    db_free(s);
    ship_units_done(&u);
    return status;
}

static bool stores_meet(const json_t *a, const json_t *b)
{
    json_t *x, *y;
    size_t i, k;

    if (!a || !b)
        return true;
    json_array_foreach(a, i, x)
        json_array_foreach(b, k, y)
            if (json_equal(x, y))
                return true;
    return false;
}

/* Two rollouts at once on the same carts would each be the other's disturbance. */
static enum trundle_status check_alone(struct db *db, const struct ship_rollout *r, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    int64_t other = 0;

    TRY(db_prepare(db, "SELECT " SHIP_ROLLOUT_COLUMNS " FROM ship_rollout r JOIN ship_bundle b ON b.sha256 = r.bundle WHERE r.state = 'stage' AND r.id <> ?", &s, err));
    db_bind_integer(s, 1, r->id);
    while (!other && (status = db_step(s, err)) == TRUNDLE_OK) {
        struct ship_rollout o = { .id = 0 };

        TRY_GOTO(status, ship_rollout_take(s, &o, err), out);
        if (stores_meet(r->stores, o.stores) && stores_meet(r->hardware, o.hardware))
            other = o.id;
        ship_rollout_done(&o);
    }
    if (other)
        status = error_set(err, TRUNDLE_CONFLICT, "rollout", "end it first", "rollout %lld is running on the same carts", (long long)other);
    else if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    db_free(s);
    return status;
}

static enum trundle_status move(struct db *db, const struct ship_rollout *r, enum ship_state to, const char *who, const char *why, bool forced, const json_t *evidence, int64_t now_ns,
                                struct trundle_error *err)
{
    int stage = to == SHIP_STAGE ? r->stage + 1 : r->stage;

    if (to == SHIP_STAGE) {
        if (r->state == SHIP_DRAFT)
            TRY(check_alone(db, r, err));
        TRY(add_members(db, r, stage, err));
    }
    TRY(set_state(db, r, to, stage, now_ns, err));
    return note(db, r, to, stage, who, why, forced, evidence, now_ns, err);
}

/* What a person or the machine wants of a rollout. */
enum wish { ADVANCE, STOP, ROLL_BACK, LOOK };
struct change { enum wish wish; const char *who, *why; bool force; int64_t now_ns; };

static enum trundle_status wrong_state(const struct ship_rollout *r, const char *doing, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_CONFLICT, "rollout", NULL, "rollout %lld is %s: it cannot be %s", (long long)r->id, ship_state_text(r->state), doing);
}

static enum trundle_status advance(struct db *db, const struct ship_rollout *r, const struct change *c, struct trundle_error *err)
{
    struct gate_verdicts v;
    json_t *evidence = NULL;
    enum trundle_status status;
    bool forced = false;

    if (r->state == SHIP_DRAFT)
        return move(db, r, SHIP_STAGE, c->who, c->why, false, NULL, c->now_ns, err);
    if (r->state != SHIP_STAGE)
        return wrong_state(r, "advanced", err);
    TRY(ship_evidence(db, r, c->now_ns, &v, &evidence, err));
    if (v.verdict == GATE_STOP || (v.verdict == GATE_NOT_ENOUGH && !c->force)) {
        status = error_set(err, TRUNDLE_CONFLICT, "rollout", v.verdict == GATE_STOP ? "roll it back" : "wait, or force it: that is noted", "the gate says %s: %s",
                           gate_verdict_text(v.verdict), v.why);
    } else {
        forced = v.verdict != GATE_GO_ON;
        status = move(db, r, r->stage + 1 < r->stages_n ? SHIP_STAGE : SHIP_DONE, c->who, c->why, forced, evidence, c->now_ns, err);
    }
    json_decref(evidence);
    return status;
}

static enum trundle_status end(struct db *db, const struct ship_rollout *r, enum ship_state to, const struct change *c, struct trundle_error *err)
{
    struct gate_verdicts v;
    json_t *evidence = NULL;
    enum trundle_status status = TRUNDLE_OK;

    if (to == SHIP_STOPPED && r->state != SHIP_STAGE && r->state != SHIP_DRAFT)
        return wrong_state(r, "stopped", err);
    if (to == SHIP_ROLLED_BACK && (r->stage < 0 || r->state == SHIP_ROLLED_BACK))
        return wrong_state(r, "rolled back", err);
    if (r->state == SHIP_STAGE)
        TRY(ship_evidence(db, r, c->now_ns, &v, &evidence, err));
    status = move(db, r, to, c->who, c->why, false, evidence, c->now_ns, err);
    json_decref(evidence);
    return status;
}

static bool moves(const struct ship_rollout *r, const struct gate_verdicts *v)
{
    return v->verdict == GATE_STOP || (v->verdict == GATE_GO_ON && r->automatic);
}

/* The machine's own reading of the gate. */
static enum trundle_status look(struct db *db, const struct ship_rollout *r, const struct change *c, bool *out_changed, struct trundle_error *err)
{
    struct gate_verdicts v;
    json_t *evidence = NULL;
    enum trundle_status status = TRUNDLE_OK;

    if (r->state != SHIP_STAGE)
        return TRUNDLE_OK;
    TRY(ship_evidence(db, r, c->now_ns, &v, &evidence, err));
    *out_changed = moves(r, &v);
    if (v.verdict == GATE_STOP)
        status = move(db, r, SHIP_ROLLED_BACK, c->who, v.why, false, evidence, c->now_ns, err);
    else if (*out_changed)
        status = move(db, r, r->stage + 1 < r->stages_n ? SHIP_STAGE : SHIP_DONE, c->who, v.why, false, evidence, c->now_ns, err);
    json_decref(evidence);
    return status;
}

static enum trundle_status change(struct db *db, int64_t id, const struct change *c, bool *out_changed, struct trundle_error *err)
{
    struct ship_rollout r = { .id = 0 };
    enum trundle_status status;

    TRY(db_begin(db, err));
    status = ship_rollout_load(db, id, &r, err);
    if (status == TRUNDLE_OK)
        status = c->wish == ADVANCE ? advance(db, &r, c, err) : c->wish == LOOK ? look(db, &r, c, out_changed, err)
               : end(db, &r, c->wish == STOP ? SHIP_STOPPED : SHIP_ROLLED_BACK, c, err);
    if (status == TRUNDLE_OK)
        status = db_commit(db, err);
    if (status != TRUNDLE_OK)
        db_rollback(db);
    ship_rollout_done(&r);
    return status;
}

static enum trundle_status change_and_show(struct db *db, int64_t id, const struct change *c, json_t **out, struct trundle_error *err)
{
    bool changed = false;

    TRY(change(db, id, c, &changed, err));
    return ship_rollout_json(db, id, c->now_ns, out, err);
}

enum trundle_status ship_rollout_advance(struct db *db, int64_t id, const char *who, const char *why, bool force, int64_t now_ns, json_t **out, struct trundle_error *err)
{
    return change_and_show(db, id, &(struct change){ ADVANCE, who, why, force, now_ns }, out, err);
}

enum trundle_status ship_rollout_stop(struct db *db, int64_t id, const char *who, const char *why, int64_t now_ns, json_t **out, struct trundle_error *err)
{
    return change_and_show(db, id, &(struct change){ STOP, who, why, false, now_ns }, out, err);
}

enum trundle_status ship_rollout_rollback(struct db *db, int64_t id, const char *who, const char *why, int64_t now_ns, json_t **out, struct trundle_error *err)
{
    return change_and_show(db, id, &(struct change){ ROLL_BACK, who, why, false, now_ns }, out, err);
}

static enum trundle_status running(struct db *db, int64_t id[SHIP_RUNNING_MAX], size_t *out_n, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    size_t n = 0;

    TRY(db_prepare(db, "SELECT id FROM ship_rollout WHERE state = 'stage' ORDER BY id LIMIT ?", &s, err));
    db_bind_integer(s, 1, SHIP_RUNNING_MAX);
    while ((status = db_step(s, err)) == TRUNDLE_OK && n < SHIP_RUNNING_MAX)
        id[n++] = db_integer(s, 0);
    db_free(s);
    *out_n = n;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* The first error, and all the others all the same. */
static void worse(enum trundle_status status, const struct trundle_error *why, enum trundle_status *worst, struct trundle_error *err)
{
    if (status == TRUNDLE_OK || *worst != TRUNDLE_OK)
        return;
    *worst = status;
    if (err)
        *err = *why;
}

enum trundle_status ship_due(struct db *db, int64_t now_ns, int64_t out_id[SHIP_RUNNING_MAX], size_t *out_n, struct trundle_error *err)
{
    enum trundle_status status, worst = TRUNDLE_OK;
    struct trundle_error why = { 0 };
    int64_t id[SHIP_RUNNING_MAX];
    size_t n = 0;

    *out_n = 0;
    TRY(running(db, id, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct ship_rollout r = { .id = 0 };
        struct gate_verdicts v = { .verdict = GATE_NOT_ENOUGH };

        status = ship_rollout_load(db, id[i], &r, &why);
        if (status == TRUNDLE_OK && r.state == SHIP_STAGE)
            status = ship_evidence(db, &r, now_ns, &v, NULL, &why);
        if (status == TRUNDLE_OK && moves(&r, &v))
            out_id[(*out_n)++] = id[i];
        ship_rollout_done(&r);
        worse(status, &why, &worst, err);
    }
    return worst;
}

enum trundle_status ship_move(struct db *db, const int64_t *id, size_t n, int64_t now_ns, size_t *out_changed, struct trundle_error *err)
{
    struct change c = { LOOK, "gate", NULL, false, now_ns };
    enum trundle_status status, worst = TRUNDLE_OK;
    struct trundle_error why = { 0 };
    size_t moved = 0;

    for (size_t i = 0; i < n; i++) {
        bool changed = false;

        status = change(db, id[i], &c, &changed, &why);
        worse(status, &why, &worst, err);
        moved += status == TRUNDLE_OK && changed;
    }
    if (out_changed)
        *out_changed = moved;
    return worst;
}

enum trundle_status ship_tick(struct db *db, int64_t now_ns, size_t *out_changed, struct trundle_error *err)
{
    int64_t id[SHIP_RUNNING_MAX];
    size_t n = 0;

    TRY(running(db, id, &n, err));
    return ship_move(db, id, n, now_ns, out_changed, err);
}
