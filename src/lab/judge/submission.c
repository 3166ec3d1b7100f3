/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A submission file: JSON lines to events by trip. */
#include "lab/judge/submission.h"

#include "base/std/json.h"
#include "base/std/list.h"
#include "base/std/status.h"
#include "base/std/time.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIP_NAME = 64, LINE_MAX_BYTES = 4096, COUNT_MAX = 99 };

static const char form[] = "{\"trip\":\"17\",\"t_s\":12.34,\"kind\":\"put\",\"product\":\"gtin:...\",\"count\":1}, or \"weight_g\":182 for count";

struct row { struct judge_event event; uint32_t trip; int32_t count; size_t line; };
struct trip { char name[TRIP_NAME]; size_t line, items; };

struct judge_submission {
    struct row *row;
    struct trip *trip;
    size_t rows_n, rows_room, trips_n, trips_room;
    char where[160];
    size_t last;                   /* the trip of the row before: rows come in runs */
};

static enum trundle_status trip_index(struct judge_submission *s, const char *name, size_t line, size_t *out, const char *where, struct trundle_error *err)
{
    size_t i = s->last;

    if (i >= s->trips_n || strcmp(s->trip[i].name, name) != 0)
        for (i = 0; i < s->trips_n && strcmp(s->trip[i].name, name) != 0; i++)
            ;
    if (i == s->trips_n) {
        if (s->trips_n == JUDGE_SUBMISSION_TRIPS)
            return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "more than %d trips", JUDGE_SUBMISSION_TRIPS);
        if (!list_grow((void **)&s->trip, sizeof *s->trip, s->trips_n, &s->trips_room))
            return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %zu trips", s->trips_n);
        s->trip[s->trips_n] = (struct trip){ .line = line };
        (void)snprintf(s->trip[s->trips_n++].name, TRIP_NAME, "%s", name);
    }
    s->last = *out = i;
    return TRUNDLE_OK;
}

enum trundle_status judge_submission_names(const struct judge_submission *s, const int64_t *seed, size_t n, struct trundle_error *err)
{
    int64_t *sorted = malloc((n + 1) * sizeof *sorted);
    enum trundle_status status = TRUNDLE_OK;

    if (!sorted)
        return error_set(err, TRUNDLE_NO_MEMORY, s->where, NULL, "no memory for %zu seeds", n);
    if (n) {
        memcpy(sorted, seed, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, list_by_int64);
    }
    for (size_t i = 0; i < s->trips_n && status == TRUNDLE_OK; i++) {
        char at[200], text[32], *end;
        int64_t name = strtoll(s->trip[i].name, &end, 10);

        (void)snprintf(text, sizeof text, "%" PRId64, name);
        (void)snprintf(at, sizeof at, "%.120s, line %zu", s->where, s->trip[i].line);
        if (strcmp(text, s->trip[i].name) != 0)
            status = error_set(err, TRUNDLE_BAD_INPUT, at, "a trip is named by its seed, as in \"trip\": \"17\"", "trip is '%s'", s->trip[i].name);
        else if (!n || !bsearch(&name, sorted, n, sizeof *sorted, list_by_int64))
            status = error_set(err, TRUNDLE_BAD_INPUT, at, "score it on the trips it was made for", "names trip %s, which is not among the %zu scored", text, n);
    }
    free(sorted);
    return status;
}

enum trundle_status judge_submission_check(const struct judge_submission *s, const char *trip, const struct catalog *catalog, int64_t end_ns,
                                           struct trundle_error *err)
{
    for (size_t i = 0; i < s->rows_n; i++) {
        const struct row *row = &s->row[i];
        char at[200], text[TRUNDLE_PRODUCT_TEXT];

        if (strcmp(s->trip[row->trip].name, trip) != 0)
            continue;
        (void)snprintf(at, sizeof at, "%.120s, line %zu", s->where, row->line);
        if (row->event.t_ns > end_ns)
            return error_set(err, TRUNDLE_BAD_INPUT, at, "t_s is seconds since the trip's start", "t_s is %.3f, and trip %s ends at %.3f", ns_s(row->event.t_ns), trip,
                             ns_s(end_ns));
        if (catalog && row->event.product.key && !catalog_find(catalog, row->event.product))
            return error_set(err, TRUNDLE_BAD_INPUT, at, "products are those of the trip's catalog.json; ? is an unknown one", "product is %s, which the store of trip %s does not sell",
                             trundle_product_text(row->event.product, text), trip);
    }
    return TRUNDLE_OK;
}

enum trundle_status judge_submission_print(int64_t seed, const struct judge_event *event, size_t n, struct bytes *out)
{
    struct judge_event *sorted = malloc((n + 1) * sizeof *sorted);
    enum trundle_status status = sorted ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    for (size_t i = 0; i < n && sorted; i++) {
        sorted[i] = event[i];
        sorted[i].t_ns = sorted[i].t_ns > 0 ? sorted[i].t_ns : 0;
    }
    if (sorted && n)
        qsort(sorted, n, sizeof *sorted, judge_event_order);
    for (size_t i = 0, same; i < n && status == TRUNDLE_OK; i += same) {
        const struct judge_event *e = &sorted[i];
        char product[TRUNDLE_PRODUCT_TEXT];

        for (same = 1; i + same < n && same < COUNT_MAX && judge_event_order(e, &sorted[i + same]) == 0; same++)
            ;
        status = bytes_print(out, "{\"trip\":\"%" PRId64 "\",\"t_s\":%.9f,\"kind\":\"%s\",\"product\":\"%s\",", seed, (double)e->t_ns * 1e-9,
                             e->kind == TRUNDLE_EVENT_PUT ? "put" : "take", trundle_product_text(e->product, product));
        if (status == TRUNDLE_OK)
            status = e->by_weight ? bytes_print(out, "\"weight_g\":%.6f}\n", e->weight_g) : bytes_print(out, "\"count\":%zu}\n", same);
    }
    free(sorted);
    return status;
}

static enum trundle_status known_keys(const struct json_at *at, struct trundle_error *err)
{
    static const char *const keys[] = { "trip", "t_s", "kind", "product", "count", "weight_g" };
    const char *key;
    json_t *value;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, form, "not a JSON object");
    json_object_foreach(at->value, key, value) {
        size_t i = 0;

        while (i < COUNT_OF(keys) && strcmp(keys[i], key) != 0)
            i++;
        if (i == COUNT_OF(keys))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, form, "unknown field '%.40s'", key);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_fields(const struct json_at *at, char trip[TRIP_NAME], struct row *row, struct trundle_error *err)
{
    char kind[16], product[TRUNDLE_PRODUCT_TEXT];
    double t_s, weight_g = 0;
    int64_t count = 1;
    bool by_weight = json_has(at, "weight_g");

    TRY(known_keys(at, err));
    TRY(json_take_text(at, "trip", trip, TRIP_NAME, err));
    TRY(json_take_number(at, "t_s", 0, 1e6, &t_s, err));
    TRY(json_take_text(at, "kind", kind, sizeof kind, err));
    TRY(json_take_text(at, "product", product, sizeof product, err));
    if (by_weight == json_has(at, "count"))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, form, "%s count and weight_g", by_weight ? "has both" : "has neither");
    if (by_weight)
        TRY(json_take_number(at, "weight_g", 0, 1e6, &weight_g, err));
    else
        TRY(json_take_integer(at, "count", 1, COUNT_MAX, &count, err));
    if (strcmp(kind, "put") != 0 && strcmp(kind, "take") != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, form, "kind is '%s', allowed are put and take", kind);
    if (trundle_product_parse(product, &row->event.product) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "gtin:<14 digits with check digit>, plu:<4-5 digits> or ?", "product is '%s'", product);
    row->event.kind = kind[0] == 'p' ? TRUNDLE_EVENT_PUT : TRUNDLE_EVENT_TAKE;
    row->event.t_ns = (int64_t)llround(t_s * 1e9);
    row->event.by_weight = by_weight;
    row->event.weight_g = weight_g;
    row->event.shown_ns = INT64_MIN;
    row->count = (int32_t)count;
    return TRUNDLE_OK;
}

static void error_column(struct trundle_error *err, const char *at_line, const char *column)
{
    char where[200];

    (void)snprintf(where, sizeof where, "%.160s%.30s", at_line, column);
    (void)snprintf(err->where, sizeof err->where, "%s", where);
}

static enum trundle_status take_line(struct judge_submission *s, const char *text, size_t n, const char *where, size_t line, struct trundle_error *err)
{
    char at_line[160], trip[TRIP_NAME];
    struct row row = { .count = 1 };
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;
    size_t index = 0;

    (void)snprintf(at_line, sizeof at_line, "%.120s, line %zu", where, line);
    if (n > LINE_MAX_BYTES)
        return error_set(err, TRUNDLE_TOO_LARGE, at_line, form, "a line of %zu bytes, limit %d", n, LINE_MAX_BYTES);
    status = json_parse(text, n, at_line, &root, err);
    if (status != TRUNDLE_OK) {
        const char *column = err ? strstr(err->where, ", column ") : NULL;

        if (column)                    /* "line 1" of a text of one line says nothing */
            error_column(err, at_line, column);
        if (err)
            (void)snprintf(err->hint, sizeof err->hint, "%s", form);
        return status;
    }
    at = json_at_root(root, at_line);
    status = take_fields(&at, trip, &row, err);
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND)
        status = TRUNDLE_BAD_INPUT;    /* a field is missing */
    if (status == TRUNDLE_BAD_INPUT && err) {
        err->status = status;
        if (!*err->hint)
            (void)snprintf(err->hint, sizeof err->hint, "%s", form);
    }
    TRY(status);
    TRY(trip_index(s, trip, line, &index, at_line, err));
    s->trip[index].items += (size_t)row.count;
    if (s->trip[index].items > JUDGE_EVENTS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, at_line, NULL, "more than %d items put or taken in trip %s", JUDGE_EVENTS_MAX, trip);
    if (!list_grow((void **)&s->row, sizeof *s->row, s->rows_n, &s->rows_room))
        return error_set(err, TRUNDLE_NO_MEMORY, at_line, NULL, "no memory for %zu events", s->rows_n);
    row.trip = (uint32_t)index;
    row.line = line;
    s->row[s->rows_n++] = row;
    return TRUNDLE_OK;
}

static int by_event(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order;

    if (x->trip != y->trip)
        return x->trip < y->trip ? -1 : 1;
    order = judge_event_order(&x->event, &y->event);
    if (order)
        return order;
    if (x->event.by_weight != y->event.by_weight)
        return x->event.by_weight ? 1 : -1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Rows by trip and time. One event said twice is a mistake of the sender: n equal items are a count of n. */
static enum trundle_status settle_rows(struct judge_submission *s, struct trundle_error *err)
{
    if (s->rows_n)
        qsort(s->row, s->rows_n, sizeof *s->row, by_event);
    for (size_t i = 1; i < s->rows_n; i++) {
        const struct row *a = &s->row[i - 1], *b = &s->row[i];
        char at[200];

        if (a->trip != b->trip || judge_event_order(&a->event, &b->event) != 0 || a->event.by_weight != b->event.by_weight)
            continue;
        (void)snprintf(at, sizeof at, "%.120s, line %zu", s->where, b->line);
        return error_set(err, TRUNDLE_BAD_INPUT, at, "n equal items at one instant are one line with \"count\": n", "says the event of line %zu again", a->line);
    }
    return TRUNDLE_OK;
}

enum trundle_status judge_submission_parse(const void *bytes, size_t n, const char *where, struct judge_submission **out, struct trundle_error *err)
{
    struct judge_submission *s = calloc(1, sizeof *s);
    const char *text = bytes, *end = text + n;
    enum trundle_status status = TRUNDLE_OK;

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a submission");
    (void)snprintf(s->where, sizeof s->where, "%.159s", where);
    for (size_t line = 1; text < end && status == TRUNDLE_OK; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((stop ? stop : end) - text);
        size_t skip = 0;

        while (skip < length && (text[skip] == ' ' || text[skip] == '\t' || text[skip] == '\r'))
            skip++;
        if (skip < length)
            status = take_line(s, text, length, where, line, err);
        text = stop ? stop + 1 : end;
    }
    if (status == TRUNDLE_OK)
        status = settle_rows(s, err);
    if (status != TRUNDLE_OK)
        judge_submission_free(s);
    else
        *out = s;
    return status;
}

enum trundle_status judge_submission_read(const char *path, struct judge_submission **out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, JUDGE_SUBMISSION_BYTES, &b, err);

    if (status == TRUNDLE_OK)
        status = judge_submission_parse(b.data, b.n, path, out, err);
    bytes_done(&b);
    return status;
}

void judge_submission_free(struct judge_submission *s)
{
    if (!s)
        return;
    free(s->row);
    free(s->trip);
    free(s);
}

size_t judge_submission_trips(const struct judge_submission *s)
{
    return s->trips_n;
}

const char *judge_submission_trip(const struct judge_submission *s, size_t i, size_t *out_line)
{
    if (out_line)
        *out_line = s->trip[i].line;
    return s->trip[i].name;
}

enum trundle_status judge_submission_of(const struct judge_submission *s, const char *trip, struct judge_prediction *out, struct trundle_error *err)
{
    struct judge_prediction p = { 0 };
    enum trundle_status status;
    size_t index = 0;

    while (index < s->trips_n && strcmp(s->trip[index].name, trip) != 0)
        index++;
    p.event = calloc((index < s->trips_n ? s->trip[index].items : 0) + 1, sizeof *p.event);
    if (!p.event)
        return error_set(err, TRUNDLE_NO_MEMORY, "submission", NULL, "no memory for the events of trip %s", trip);
    for (size_t i = 0; i < s->rows_n; i++)
        for (int32_t k = 0; s->row[i].trip == index && k < s->row[i].count; k++)
            p.event[p.events_n++] = s->row[i].event;
    status = judge_prediction_settle(&p, err);
    if (status != TRUNDLE_OK)
        judge_prediction_done(&p);
    else
        *out = p;
    return status;
}
