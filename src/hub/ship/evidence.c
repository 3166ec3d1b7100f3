/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Who belongs to a rollout, what both sides did, and what the gate says of it. */
#include "base/std/hash.h"
#include "base/std/list.h"
#include "base/std/time.h"
#include "hub/ship/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE_NS (28 * 24 * 3600 * NS_PER_S)      /* of what carts did before the rollout, to know what to expect of them */

static bool holds(const json_t *list, const char *name)
{
    json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
        if (json_is_string(value) && !strcmp(json_string_value(value), name))
            return true;
    return false;
}

bool ship_in_scope(const struct ship_rollout *r, const char *store, const char *hardware)
{
    return holds(r->hardware, hardware) && (!r->stores || holds(r->stores, store));
}

void ship_units_done(struct ship_units *u)
{
    free(u->unit);
    *u = (struct ship_units){ .n = 0 };
}

static int by_rank(const void *a, const void *b)
{
    const struct ship_unit *x = a, *y = b;

    return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ship_unit *)a)->name, ((const struct ship_unit *)b)->name);
}

/* FNV's last bytes stir little; a finaliser (splitmix64) makes every bit of the rank depend on every bit of the name. */
static uint64_t rank_of(const char *salt, const char *name)
{
    uint64_t x = hash64(name, strlen(name), hash64(salt, strlen(salt), 0));

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static enum trundle_status collect(struct db_statement *s, const struct ship_rollout *r, struct ship_units *u, struct trundle_error *err)
{
    enum trundle_status status;

    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        const char *name = db_text(s, r->by_store ? 1 : 0);
        struct ship_unit *to;

        if (!ship_in_scope(r, db_text(s, 1), db_text(s, 2)) || (u->n && !strcmp(u->unit[u->n - 1].name, name)))
            continue;
        if (!list_grow((void **)&u->unit, sizeof *u->unit, u->n, &u->room))
            return error_set(err, TRUNDLE_NO_MEMORY, "rollout", NULL, "no memory for its carts");
        to = &u->unit[u->n++];
        *to = (struct ship_unit){ .rank = rank_of(r->salt, name), .stage = db_is_null(s, 3) ? -1 : (int)db_integer(s, 3) };
        (void)snprintf(to->name, sizeof to->name, "%s", name);
    }
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

enum trundle_status ship_units_load(struct db *db, const struct ship_rollout *r, struct ship_units *out, struct trundle_error *err)
{
    struct ship_units u = { .n = 0 };
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db,
                   r->by_store ? "SELECT c.cart, c.store, c.hardware, m.stage FROM ship_cart c LEFT JOIN ship_member m ON m.rollout = ? AND m.unit = c.store WHERE NOT c.retired"
                                 " ORDER BY c.store"
                               : "SELECT c.cart, c.store, c.hardware, m.stage FROM ship_cart c LEFT JOIN ship_member m ON m.rollout = ? AND m.unit = c.cart WHERE NOT c.retired"
                                 " ORDER BY c.cart",
                   &s, err));
    db_bind_integer(s, 1, r->id);
    status = collect(s, r, &u, err);
    db_free(s);
    if (status != TRUNDLE_OK) {
        ship_units_done(&u);
        return status;
    }
    if (u.n)
        qsort(u.unit, u.n, sizeof *u.unit, by_rank);
    *out = u;
    return TRUNDLE_OK;
}

size_t ship_units_of_stage(const struct ship_stage *stage, size_t n)
{
    double share = stage->percent / 100 * (double)n;
    size_t want = stage->first ? (size_t)stage->first : (size_t)share + (share > (double)(size_t)share);

    return want < 1 ? 1 : want > n ? n : want;
}

/* What is loaded to judge a rollout: units by name, two sides each. */
struct load {
    const struct ship_rollout *r;
    struct ship_units units;
    struct gate_unit *before, *side;   /* n and 2 n */
    double (*prior)[GATE_METRICS];
};

static bool has_bundle(const struct load *l, const struct ship_unit *u)
{
    return (u->stage >= 0 && u->stage <= l->r->stage) || (l->r->stage >= 0 && l->r->stage < l->r->stages_n && l->r->stages[l->r->stage].percent >= 100);
}

static enum trundle_status add_trips(struct db *db, struct load *l, struct trundle_error *err)
{
    const struct ship_rollout *r = l->r;
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db,
                   "SELECT c.cart, c.store, c.hardware, t.bundle, t.ended_ns, t.items, t.corrected, t.asked, t.line_p99_ms, t.faults FROM ship_trip t JOIN ship_cart c"
                   " ON c.cart = t.cart WHERE t.ended_ns >= ?",
                   &s, err));
    db_bind_integer(s, 1, r->started_ns - BEFORE_NS);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        bool is_new = !strcmp(db_text(s, 3), r->bundle);
        struct gate_trip t = { db_number(s, 5), db_number(s, 6), db_number(s, 7), db_number(s, 8), db_number(s, 9) };
        struct ship_unit key = { .stage = 0 }, *u;
        size_t i;

        (void)snprintf(key.name, sizeof key.name, "%s", db_text(s, r->by_store ? 1 : 0));
        u = l->units.n ? bsearch(&key, l->units.unit, l->units.n, sizeof key, by_name) : NULL;
        if (!u || !ship_in_scope(r, db_text(s, 1), db_text(s, 2)))
            continue;
        i = (size_t)(u - l->units.unit);
        if (db_integer(s, 4) >= r->started_ns)
            gate_add_trip(&l->side[2 * i + is_new], &t);
        else if (!is_new)
            gate_add_trip(&l->before[i], &t);
    }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* Carts on each side, those that reported a trip since the stage began, and what became of the bundle on them. */
static enum trundle_status count_carts(struct db *db, const struct load *l, struct gate_input *in, struct trundle_error *err)
{
    const struct ship_rollout *r = l->r;
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db,
                   "SELECT c.cart, c.store, c.hardware, EXISTS(SELECT 1 FROM ship_trip t WHERE t.cart = c.cart AND t.ended_ns >= ?1),"
                   " EXISTS(SELECT 1 FROM ship_confirm f WHERE f.cart = c.cart AND f.bundle = ?2 AND f.state IN ('trial', 'good', 'rolled_back')),"
                   " EXISTS(SELECT 1 FROM ship_confirm f WHERE f.cart = c.cart AND f.bundle = ?2 AND f.state = 'rolled_back') FROM ship_cart c WHERE NOT c.retired",
                   &s, err));
    db_bind_integer(s, 1, r->stage_ns);
    db_bind_text(s, 2, r->bundle);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct ship_unit key = { .stage = 0 }, *u;

        (void)snprintf(key.name, sizeof key.name, "%s", db_text(s, r->by_store ? 1 : 0));
        u = l->units.n ? bsearch(&key, l->units.unit, l->units.n, sizeof key, by_name) : NULL;
        if (!u || !ship_in_scope(r, db_text(s, 1), db_text(s, 2)))
            continue;
        if (has_bundle(l, u)) {
            in->assigned_new++;
            in->reporting_new += db_integer(s, 3) != 0;
            in->installed += db_integer(s, 4) != 0;
            in->rolled_back += db_integer(s, 5) != 0;
        } else {
            in->assigned_old++;
            in->reporting_old += db_integer(s, 3) != 0;
        }
    }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static json_t *finding_json(const struct gate_config *config, const struct gate_verdicts *v, enum gate_metric m)
{
    const struct gate_finding *f = &v->metric[m];

    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:f,s:f,s:o,s:o,s:o,s:f,s:o}", "name", gate_metric_name(m), "verdict", gate_verdict_text(f->verdict), "why", f->why, "old",
                     ship_real(f->old_rate), "new", ship_real(f->new_rate), "old_trips", f->old_trips, "new_trips", f->new_trips, "lift", ship_real(f->lift.lift), "lo",
                     ship_real(f->lift.lo), "hi", ship_real(f->lift.hi), "margin", config->margin[m], "between_sd", ship_real(f->between_sd));
}

static json_t *evidence_json(const struct gate_config *config, const struct gate_input *in, const struct gate_verdicts *v, int64_t now_ns)
{
    json_t *guards = json_array();

    for (int m = 0; m < GATE_METRICS; m++)
        json_array_append_new(guards, finding_json(config, v, (enum gate_metric)m));
    return json_pack("{s:s,s:s,s:I,s:f,s:o,s:{s:f,s:f,s:f,s:f,s:f,s:o,s:o},s:{s:f,s:f,s:f,s:f}}", "verdict", gate_verdict_text(v->verdict), "why", v->why, "at_ns",
                     (json_int_t)now_ns, "alpha", config->alpha, "guards", guards, "carts", "assigned_new", in->assigned_new, "assigned_old", in->assigned_old, "reporting_new",
                     in->reporting_new, "reporting_old", in->reporting_old, "ratio_chi2", v->ratio.chi2, "ratio_p", ship_real(v->ratio.p), "silence_p",
                     ship_real(v->silence.p), "rollbacks", "installed", in->installed, "rolled_back", in->rolled_back, "e", v->rollback_e, "limit", config->rollback_share);
}

static void judge(struct load *l, struct gate_input *in, int64_t now_ns, struct gate_config *config, struct gate_verdicts *out)
{
    const struct ship_rollout *r = l->r;
    const struct ship_stage *stage = &r->stages[r->stage < 0 ? 0 : r->stage < r->stages_n ? r->stage : r->stages_n - 1];

    gate_priors(l->before, l->units.n, l->prior);
    for (size_t i = 0; i < l->units.n; i++)
        for (size_t k = 0; k < 2; k++) {
            l->side[2 * i + k].is_new = k == 1;
            memcpy(l->side[2 * i + k].prior, l->prior[i], sizeof l->prior[i]);
        }
    in->unit = l->side;
    in->units_n = 2 * l->units.n;
    config->alpha = r->alpha;
    config->least_trips = stage->trips;
    memcpy(config->margin, stage->margin, sizeof config->margin);
    gate_judge(config, in, out);
    if (out->verdict == GATE_GO_ON && r->state == SHIP_STAGE && (double)(now_ns - r->stage_ns) < stage->hours * 3600e9) {
        out->verdict = GATE_NOT_ENOUGH;
        out->why = "every guard is within its margin, but the stage has not lasted its hours";
    }
}

enum trundle_status ship_evidence(struct db *db, const struct ship_rollout *r, int64_t now_ns, struct gate_verdicts *out, json_t **out_json, struct trundle_error *err)
{
    struct gate_config config = GATE_CONFIG_DEFAULT;
    struct gate_input in = { .units_n = 0 };
    struct gate_verdicts v;
    struct load l = { .r = r };
    enum trundle_status status;

    TRY(ship_units_load(db, r, &l.units, err));
    l.before = calloc(l.units.n + 1, sizeof *l.before);
    l.side = calloc(2 * l.units.n + 1, sizeof *l.side);
    l.prior = calloc(l.units.n + 1, sizeof *l.prior);
    if (!l.before || !l.side || !l.prior) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "rollout", NULL, "no memory for its evidence");
        goto out;
    }
    if (l.units.n)
        qsort(l.units.unit, l.units.n, sizeof *l.units.unit, by_name);
    TRY_GOTO(status, add_trips(db, &l, err), out);
    TRY_GOTO(status, count_carts(db, &l, &in, err), out);
    judge(&l, &in, now_ns, &config, &v);
    if (out_json)
        *out_json = evidence_json(&config, &in, &v, now_ns);
    *out = v;
out:
    free(l.before);
    free(l.side);
    free(l.prior);
    ship_units_done(&l.units);
    return status;
}
