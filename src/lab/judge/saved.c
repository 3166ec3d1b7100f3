/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Results of trips as JSON lines, and back (saved.h). */
#include "lab/judge/saved.h"

#include "base/std/json.h"
#include "base/std/list.h"
#include "lab/judge/inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, LATENCIES_MAX = JUDGE_EVENTS_MAX };
#define SUM_MAX 1e15

static const char *const mode_name[JUDGE_MODES] = { "unaided", "aided" };
static const char hint[] = "trundle eval --results FILE writes such a file";

void judge_saved_done(struct judge_saved *saved)
{
    for (size_t i = 0; i < saved->n; i++)
        judge_result_done(&saved->result[i]);
    free(saved->result);
    *saved = (struct judge_saved){ .n = 0 };
}

static struct judge_result *next_result(struct judge_saved *s)
{
    if (!list_grow((void **)&s->result, sizeof *s->result, s->n, &s->room))
        return NULL;
    s->result[s->n] = (struct judge_result){ 0 };
    return &s->result[s->n++];
}

static bool copy_tally(const struct judge_tally *from, struct judge_tally *to)
{
    *to = *from;
    to->latency_s = from->latencies_n ? malloc(from->latencies_n * sizeof *to->latency_s) : NULL;
    to->latencies_n = to->latency_s ? from->latencies_n : 0;
    for (size_t i = 0; i < to->latencies_n; i++)
        to->latency_s[i] = from->latency_s[i];
    return to->latencies_n == from->latencies_n;
}

enum trundle_status judge_saved_add(struct judge_saved *saved, const struct judge_result *from, struct trundle_error *err)
{
    struct judge_result *to = saved->n < JUDGE_SAVED_TRIPS ? next_result(saved) : NULL;
    bool ok = to != NULL;

    if (saved->n == JUDGE_SAVED_TRIPS && !to)
        return error_set(err, TRUNDLE_TOO_LARGE, "results", NULL, "more than %d trips", JUDGE_SAVED_TRIPS);
    if (ok) {
        to->seed = from->seed;
        to->has_aided = from->has_aided;
        memcpy(to->store, from->store, sizeof to->store);
        memcpy(to->suite, from->suite, sizeof to->suite);
        to->slice = calloc(from->slices_n + 1, sizeof *to->slice);
        ok = to->slice != NULL;
    }
    for (int mode = 0; ok && mode < JUDGE_MODES; mode++)
        ok = copy_tally(&from->tally[mode], &to->tally[mode]);
    while (ok && to->slices_n < from->slices_n) {
        const struct judge_slice *a = &from->slice[to->slices_n];
        struct judge_slice *b = &to->slice[to->slices_n++];

        memcpy(b->name, a->name, sizeof b->name);
        for (int mode = 0; ok && mode < JUDGE_MODES; mode++)
            ok = copy_tally(&a->tally[mode], &b->tally[mode]);
    }
    return ok ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "results", NULL, "no memory for %zu trips", saved->n);
}

static enum trundle_status print_number(double x, struct bytes *out)
{
    return fabs(x) < 1e15 && x == floor(x) ? bytes_print(out, "%.0f", x) : bytes_print(out, "%.17g", x);
}

static enum trundle_status print_sum(const char *name, const struct judge_sum *s, const char **comma, struct bytes *out)
{
    if (!s->n && !(s->num > 0 || s->num < 0) && !(s->den > 0))
        return TRUNDLE_OK;
    TRY(bytes_print(out, "%s\"%s\":[", *comma, name));
    TRY(print_number(s->num, out));
    TRY(bytes_print(out, ","));
    TRY(print_number(s->den, out));
    *comma = ",";
    return bytes_print(out, ",%" PRIu64 "]", s->n);
}

static enum trundle_status print_tally(const struct judge_tally *t, bool whole, struct bytes *out)
{
    const char *comma = "";

    TRY(bytes_print(out, "{"));
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
        if (whole || judge_key_rows[k].by != JUDGE_BY_TRIP)
            TRY(print_sum(judge_key_rows[k].name, &t->key[k], &comma, out));
    TRY(print_sum("audit", &t->audit, &comma, out));
    for (size_t i = 0; i < t->latencies_n; i++) {
        TRY(bytes_print(out, i ? "," : "%s\"latency_s\":[", comma));
        TRY(print_number(t->latency_s[i], out));
    }
    return bytes_print(out, t->latencies_n ? "]}" : "}");
}

static enum trundle_status print_modes(const struct judge_tally tally[JUDGE_MODES], bool has_aided, bool whole, struct bytes *out)
{
    TRY(bytes_print(out, "\"unaided\":"));
    TRY(print_tally(&tally[JUDGE_UNAIDED], whole, out));
    TRY(bytes_print(out, ",\"aided\":"));
    return has_aided ? print_tally(&tally[JUDGE_AIDED], whole, out) : bytes_print(out, "null");
}

enum trundle_status judge_saved_print(const struct judge_saved *s, struct bytes *out)
{
    TRY(bytes_print(out, "{\"trundle_results\":%d,\"build\":", VERSION));
    TRY(judge_print_text(s->build, out));
    TRY(bytes_print(out, ",\"suite\":"));
    TRY(judge_print_text(s->suite, out));
    TRY(bytes_print(out, ",\"system\":"));
    TRY(judge_print_text(s->system, out));
    TRY(bytes_print(out, ",\"senses\":"));
    TRY(judge_print_text(s->senses, out));
    TRY(bytes_print(out, ",\"trips\":%zu}\n", s->n));
    for (size_t i = 0; i < s->n; i++) {
        const struct judge_result *r = &s->result[i];

        TRY(bytes_print(out, "{\"trip\":%" PRId64 ",\"store\":", r->seed));
        TRY(judge_print_text(r->store, out));
        TRY(bytes_print(out, ",\"suite\":"));
        TRY(judge_print_text(r->suite, out));
        TRY(bytes_print(out, ","));
        TRY(print_modes(r->tally, r->has_aided, true, out));
        TRY(bytes_print(out, ",\"slices\":{"));
        for (size_t k = 0; k < r->slices_n; k++) {
            TRY(bytes_print(out, k ? "," : ""));
            TRY(judge_print_text(r->slice[k].name, out));
            TRY(bytes_print(out, ":{"));
            TRY(print_modes(r->slice[k].tally, r->has_aided, false, out));
            TRY(bytes_print(out, "}"));
        }
        TRY(bytes_print(out, "}}\n"));
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_sum(const struct json_at *at, const char *key, struct judge_sum *out, struct trundle_error *err)
{
    double x[3];

    TRY(json_take_numbers(at, key, x, 3, err));
    if (fabs(x[0]) > SUM_MAX || x[1] < 0 || x[1] > SUM_MAX || x[2] < 0 || x[2] > 1e12 || x[2] != floor(x[2]))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, hint, "%s [%g, %g, %g] are no sums", key, x[0], x[1], x[2]);
    *out = (struct judge_sum){ x[0], x[1], (uint64_t)x[2] };
    return TRUNDLE_OK;
}

static enum trundle_status take_latencies(const struct json_at *at, struct judge_tally *out, struct trundle_error *err)
{
    struct json_at list;
    size_t n;

    TRY(json_take_array(at, "latency_s", 1, LATENCIES_MAX, &list, err));
    n = json_length(&list);
    out->latency_s = malloc(n * sizeof *out->latency_s);
    if (!out->latency_s)
        return error_set(err, TRUNDLE_NO_MEMORY, list.where, NULL, "no memory for %zu", n);
    out->latencies_n = n;
    for (size_t i = 0; i < n; i++) {
        const json_t *x = json_array_get(list.value, i);

        if (!json_is_number(x) || fabs(json_number_value(x)) > 1e9)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, hint, "element %zu is no time", i);
        out->latency_s[i] = json_number_value(x);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_tally(const struct json_at *at, bool whole, struct judge_tally *out, struct trundle_error *err)
{
    const char *name;
    json_t *value;

    json_object_foreach(at->value, name, value) {
        enum judge_key key = judge_key_find(name);

        if (!strcmp(name, "latency_s"))
            TRY(take_latencies(at, out, err));
        else if (!strcmp(name, "audit"))
            TRY(take_sum(at, name, &out->audit, err));
        else if (key == JUDGE_KEY_COUNT || (!whole && judge_key_rows[key].by == JUDGE_BY_TRIP) || judge_key_rows[key].kind >= JUDGE_MEDIAN)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "results of another build are scored anew", "unknown key '%.40s'", name);
        else
            TRY(take_sum(at, name, &out->key[key], err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_modes(const struct json_at *at, bool whole, bool *out_aided, struct judge_tally tally[JUDGE_MODES], struct trundle_error *err)
{
    struct json_at mode;

    for (int m = 0; m < JUDGE_MODES; m++) {
        if (m == JUDGE_AIDED && json_is_null(json_object_get(at->value, mode_name[m])))
            continue;
        TRY(json_take_object(at, mode_name[m], &mode, err));
        TRY(take_tally(&mode, whole, &tally[m], err));
        if (m == JUDGE_AIDED)
            *out_aided = true;
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_slices(const struct json_at *at, struct judge_result *r, struct trundle_error *err)
{
    struct json_at list, one;
    const char *name;
    json_t *value;
    bool aided = false;

    TRY(json_take_object(at, "slices", &list, err));
    if (json_object_size(list.value) > JUDGE_SLICES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, list.where, NULL, "%zu slices, limit %d", json_object_size(list.value), JUDGE_SLICES_MAX);
    r->slice = calloc(json_object_size(list.value) + 1, sizeof *r->slice);
    if (!r->slice)
        return error_set(err, TRUNDLE_NO_MEMORY, list.where, NULL, "no memory for slices");
    json_object_foreach(list.value, name, value) {
        struct judge_slice *slice = &r->slice[r->slices_n++];

        if (!*name || strlen(name) >= sizeof slice->name)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "slice name '%.40s' has not 1 to %zu letters", name, sizeof slice->name - 1);
        (void)snprintf(slice->name, sizeof slice->name, "%s", name);
        TRY(json_take_object(&list, name, &one, err));
        TRY(take_modes(&one, false, &aided, slice->tally, err));
        for (int m = 0; m < JUDGE_MODES; m++)
            for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
                if (judge_key_rows[k].by == JUDGE_BY_TRIP)
                    slice->tally[m].key[k] = r->tally[m].key[k];
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_trip(const struct json_at *at, struct judge_saved *s, struct trundle_error *err)
{
    struct judge_result *r = s->n < JUDGE_SAVED_TRIPS ? next_result(s) : NULL;

    if (!r)
        return error_set(err, s->n < JUDGE_SAVED_TRIPS ? TRUNDLE_NO_MEMORY : TRUNDLE_TOO_LARGE, at->where, NULL, "no room for trip %zu", s->n + 1);
    TRY(json_take_integer(at, "trip", INT64_MIN / 2, INT64_MAX / 2, &r->seed, err));
    TRY(json_take_text(at, "store", r->store, sizeof r->store, err));
    TRY(json_take_text(at, "suite", r->suite, sizeof r->suite, err));
    TRY(take_modes(at, true, &r->has_aided, r->tally, err));
    return take_slices(at, r, err);
}

static enum trundle_status take_head(const struct json_at *at, struct judge_saved *s, size_t *out_trips, struct trundle_error *err)
{
    int64_t version, trips;

    TRY(json_take_integer(at, "trundle_results", 1, INT32_MAX, &version, err));
    if (version != VERSION)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "results of another build are scored anew", "results of version %" PRId64 ", this build reads %d", version, VERSION);
    TRY(json_take_text(at, "build", s->build, sizeof s->build, err));
    TRY(json_take_text(at, "suite", s->suite, sizeof s->suite, err));
    TRY(json_take_text(at, "system", s->system, sizeof s->system, err));
    TRY(json_take_text(at, "senses", s->senses, sizeof s->senses, err));
    TRY(json_take_integer(at, "trips", 0, JUDGE_SAVED_TRIPS, &trips, err));
    *out_trips = (size_t)trips;
    return TRUNDLE_OK;
}

static enum trundle_status refuse_twins(const struct judge_saved *s, const char *where, struct trundle_error *err)
{
    int64_t *seed = malloc((s->n + 1) * sizeof *seed);
    enum trundle_status status = TRUNDLE_OK;

    if (!seed)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %zu trips", s->n);
    for (size_t i = 0; i < s->n; i++)
        seed[i] = s->result[i].seed;
    if (s->n)
        qsort(seed, s->n, sizeof *seed, list_by_int64);
    for (size_t i = 1; i < s->n && status == TRUNDLE_OK; i++)
        if (seed[i] == seed[i - 1])
            status = error_set(err, TRUNDLE_BAD_INPUT, where, "a file holds each trip once, of one suite", "trip %" PRId64 " comes twice", seed[i]);
    free(seed);
    return status;
}

static enum trundle_status take_line(const char *text, size_t n, size_t line, const char *where, struct judge_saved *s, size_t *trips, struct trundle_error *err)
{
    char at_line[160];
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;

    (void)snprintf(at_line, sizeof at_line, "%.120s, line %zu", where, line);
    TRY(json_parse(text, n, at_line, &root, err));
    at = json_at_root(root, at_line);
    if (!json_is_object(root))
        status = error_set(err, TRUNDLE_BAD_INPUT, at_line, hint, "not an object");
    else
        status = line == 1 ? take_head(&at, s, trips, err) : take_trip(&at, s, err);
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND) {
        status = TRUNDLE_BAD_INPUT;        /* a field is missing */
        if (err)
            err->status = status;
    }
    return status;
}

enum trundle_status judge_saved_parse(const void *bytes, size_t n, const char *where, struct judge_saved *out, struct trundle_error *err)
{
    struct judge_saved s = { .n = 0 };
    const char *text = bytes, *end = text + n;
    size_t line = 1, trips = 0;
    enum trundle_status status = TRUNDLE_OK;

    for (; text < end && status == TRUNDLE_OK; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));

        status = take_line(text, (size_t)((stop ? stop : end) - text), line, where, &s, &trips, err);
        text = stop ? stop + 1 : end;
    }
    if (status == TRUNDLE_OK && line == 1)
        status = error_set(err, TRUNDLE_BAD_INPUT, where, hint, "an empty file");
    if (status == TRUNDLE_OK && s.n != trips)
        status = error_set(err, TRUNDLE_BAD_INPUT, where, hint, "the first line speaks of %zu trips, %zu follow", trips, s.n);
    if (status == TRUNDLE_OK)
        status = refuse_twins(&s, where, err);
    if (status != TRUNDLE_OK)
        judge_saved_done(&s);
    else
        *out = s;
    return status;
}

enum trundle_status judge_saved_read(const char *path, struct judge_saved *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, JUDGE_SAVED_BYTES, &b, err);

    if (status == TRUNDLE_OK)
        status = judge_saved_parse(b.data, b.n, path, out, err);
    bytes_done(&b);
    return status;
}
