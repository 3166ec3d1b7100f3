/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A trip's record: its row, and one number for each stream, tested for drift. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 16, COUNT_MAX = 1000000 };

struct trip {
    const char *trip, *bundle;
    int64_t started_ns, ended_ns, items, asked, corrected, total_cents;    /* -1 not said */
    int paid;
    double line_p99_ms;
    struct accuracy_trip belief;
    int64_t lines;
    struct watch_value value[INPUTS_MAX + 5];
    size_t values;
};

static bool there(const struct json_at *at, const char *key)
{
    return json_has(at, key) && !json_is_null(json_object_get(at->value, key));
}

static enum trundle_status maybe_integer(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int64_t *io, struct trundle_error *err)
{
    return there(at, key) ? json_take_integer(at, key, lo, hi, io, err) : TRUNDLE_OK;
}

/* A count or time that must be there: what a cart left out is its mistake, not a row that we lack. */
static enum trundle_status must_integer(const struct json_at *at, const char *key, int64_t *out, struct trundle_error *err)
{
    enum trundle_status status = json_take_integer(at, key, 0, INT64_MAX, out, err);

    if (status == TRUNDLE_NOT_FOUND && err)
        err->status = TRUNDLE_BAD_INPUT;
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_BAD_INPUT : status;
}

static enum trundle_status take_belief(const struct json_at *body, struct trip *t, struct trundle_error *err)
{
    double n[ACCURACY_BINS];

    if (!there(body, "belief"))
        return TRUNDLE_OK;
    TRY(json_take_numbers(body, "belief", n, ACCURACY_BINS, err));
    for (size_t b = 0; b < ACCURACY_BINS; b++) {
        if (!(n[b] >= 0 && n[b] <= COUNT_MAX) || floor(n[b]) < n[b])
            return error_set(err, TRUNDLE_BAD_INPUT, "body.belief", NULL, "bin %zu holds %g lines, not a count up to %d", b, n[b], COUNT_MAX);
        t->belief.n[b] = (uint32_t)n[b];
        t->lines += (int64_t)n[b];
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_inputs(const struct json_at *body, struct trip *t, struct trundle_error *err)
{
    struct json_at inputs, one;
    const char *key;
    json_t *value;

    if (!there(body, "inputs"))
        return TRUNDLE_OK;
    TRY(json_take_object(body, "inputs", &inputs, err));
    if (json_object_size(inputs.value) > INPUTS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "body.inputs", NULL, "%zu inputs, at most %d", json_object_size(inputs.value), INPUTS_MAX);
    json_object_foreach(inputs.value, key, value) {
        struct watch_value v = { .name = key, .sd = (double)NAN };

        if (!watch_name_ok(key))
            return error_set(err, TRUNDLE_BAD_INPUT, "body.inputs", "a-z 0-9 - _ . , 1 to 40", "'%.60s' is no input's name", key);
        TRY(json_take_object(&inputs, key, &one, err));
        TRY(must_integer(&one, "n", &v.n, err));
        if (v.n == 0 || !there(&one, "mean"))
            continue;
        TRY(json_take_number(&one, "mean", -1e15, 1e15, &v.mean, err));
        if (there(&one, "sd"))
            TRY(json_take_number(&one, "sd", 0, 1e15, &v.sd, err));
        t->value[t->values++] = v;
    }
    return TRUNDLE_OK;
}

static enum trundle_status take(const struct json_at *body, struct trip *t, struct trundle_error *err)
{
    t->trip = json_string_value(json_object_get(body->value, "trip"));
    t->bundle = watch_text(json_string_value(json_object_get(body->value, "bundle")));
    if (!watch_name_ok(t->trip))
        return error_set(err, TRUNDLE_BAD_INPUT, "body.trip", "a-z 0-9 - _ . , 1 to 40", "'%.60s' is no trip's name", watch_text(t->trip));
    TRY(must_integer(body, "ended_ns", &t->ended_ns, err));
    t->started_ns = t->ended_ns;
    TRY(maybe_integer(body, "started_ns", 0, t->ended_ns, &t->started_ns, err));
    TRY(maybe_integer(body, "items", 0, COUNT_MAX, &t->items, err));
    TRY(maybe_integer(body, "asked", 0, COUNT_MAX, &t->asked, err));
    TRY(maybe_integer(body, "corrected", 0, COUNT_MAX, &t->corrected, err));
    TRY(maybe_integer(body, "total_cents", -(INT64_C(1) << 50), INT64_C(1) << 50, &t->total_cents, err));
    t->paid = json_is_true(json_object_get(body->value, "paid"));
    if (there(body, "line_p99_ms"))
        TRY(json_take_number(body, "line_p99_ms", 0, 1e9, &t->line_p99_ms, err));
    TRY(take_belief(body, t, err));
    return take_inputs(body, t, err);
}

static void add(struct trip *t, const char *name, double mean, int64_t n)
{
    t->value[t->values++] = (struct watch_value){ name, mean, (double)NAN, n };
}

/* What follows from the record, as streams of their own. Returns the estimated accuracy; NAN without lines. */
static double derive(const struct accuracy_map *map, struct trip *t)
{
    struct accuracy_value v;
    double sum = 0;

    accuracy_estimate(map, &t->belief, 1, &v);
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        sum += t->belief.n[b] * ((double)b + 0.5) / ACCURACY_BINS;
    if (t->lines > 0) {
        add(t, "belief", sum / (double)t->lines, t->lines);
        add(t, "accuracy", v.value, t->lines);
    }
    if (t->items > 0 && t->corrected >= 0)
        add(t, "corrected", (double)t->corrected / (double)t->items, t->items);
    if (t->items > 0 && t->asked >= 0)
        add(t, "asked", (double)t->asked / (double)t->items, t->items);
    if (isfinite(t->line_p99_ms))
        add(t, "line_p99_ms", t->line_p99_ms, 1);
    return v.value;
}

static enum trundle_status insert(struct db *db, const struct watch_record *r, const char *store, const struct trip *t, double accuracy, bool *out_new, struct trundle_error *err)
{
    char *faults = json_dumps(json_object_get(r->body, "faults"), JSON_COMPACT | JSON_ENCODE_ANY);
    struct db_statement *s = NULL;
    enum trundle_status status;

    status = db_prepare(db, "INSERT INTO watch_trip(cart, store, trip, bundle, started_ns, ended_ns, items, asked, corrected, total_cents, paid, line_p99_ms, faults, accuracy,"
                            " b0, b1, b2, b3, b4, b5, b6, b7, b8, b9) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(cart, trip) DO NOTHING RETURNING id", &s, err);
    if (status == TRUNDLE_OK) {
        const char *text[] = { r->cart, store, t->trip, t->bundle };
        int64_t number[] = { t->started_ns, t->ended_ns, t->items, t->asked, t->corrected };

        for (int i = 0; i < 4; i++)
            db_bind_text(s, 1 + i, text[i]);
        for (int i = 0; i < 5; i++)
            if (number[i] >= 0)
                db_bind_integer(s, 5 + i, number[i]);
            else
                db_bind_null(s, 5 + i);
        if (json_is_integer(json_object_get(r->body, "total_cents")))
            db_bind_integer(s, 10, t->total_cents);
        else
            db_bind_null(s, 10);
        db_bind_integer(s, 11, t->paid);
        db_bind_number(s, 12, t->line_p99_ms);
        db_bind_text(s, 13, faults ? faults : "");
        db_bind_number(s, 14, accuracy);
        for (int b = 0; b < ACCURACY_BINS; b++)
            db_bind_integer(s, 15 + b, t->belief.n[b]);
        status = db_step(s, err);
        *out_new = status == TRUNDLE_OK;
        if (status == TRUNDLE_OK)
            status = db_run(s, err);
        else if (status == TRUNDLE_END)
            status = TRUNDLE_OK;
    }
    db_free(s);
    free(faults);
    return status;
}

enum trundle_status watch_trip(const struct watch *w, struct db *db, const struct watch_record *r, const char *store, int64_t now_ns, struct trundle_error *err)
{
    struct trip t = { .items = -1, .asked = -1, .corrected = -1, .line_p99_ms = (double)NAN };
    struct json_at body = json_at_root(r->body, "body");
    const char *const label[] = { store };
    struct accuracy_map map;
    double accuracy;
    bool is_new;

    TRY(take(&body, &t, err));
    TRY(watch_map(w, db, t.bundle, &map, err));
    accuracy = derive(&map, &t);
    TRY(insert(db, r, store, &t, accuracy, &is_new, err));
    if (!is_new)           /* a cart that drove a trip again after a kill tells of it again */
        return TRUNDLE_OK;
    if (*t.bundle)
        TRY(db_do(db, err, "UPDATE watch_cart SET bundle = ? WHERE cart = ?", "tt", t.bundle, r->cart));
    for (size_t i = 0; i < t.values; i++) {
        TRY(watch_stream(w, db, WATCH_CART, r->cart, r->cart, t.trip, t.ended_ns, &t.value[i], now_ns, err));
        if (*store)
            TRY(watch_stream(w, db, WATCH_STORE, store, r->cart, t.trip, t.ended_ns, &t.value[i], now_ns, err));
    }
    watch_metric_add(w->config.metrics, &watch_m_trips, label, 1);
    watch_metric_add(w->config.metrics, &watch_m_items, label, t.items > 0 ? (double)t.items : 0);
    watch_metric_observe(w->config.metrics, &watch_m_line, NULL, t.line_p99_ms / 1000);
    return TRUNDLE_OK;
}
