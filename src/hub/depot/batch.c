/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a cart says, line by line: parsed and checked before anything of it is stored. */
#include "hub/depot/inside.h"

#include "base/std/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct depot_batch {
    char                *text;             /* the body, NULs put behind each record's body */
    struct depot_record *record;
    size_t               n, room;
    json_t             **line;             /* owned: what record[i].json belongs to */
    char               **dumped;           /* owned: a body printed anew, or NULL */
    size_t               line_room, dumped_room;
};

bool depot_printable(const char *text, size_t size)
{
    size_t n = strnlen(text, size);

    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return n > 0 && n < size;
}

static bool shaped(const char *name, const char *letters, const char *first)
{
    size_t n = strnlen(name, DEPOT_NAME);

    return n > 0 && n < DEPOT_NAME && strspn(name, letters) == n && strchr(first, name[0]);
}

enum trundle_status depot_name_check(const char *name, const char *where, struct trundle_error *err)
{
    if (!shaped(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.", "abcdefghijklmnopqrstuvwxyz0123456789"))
        return error_set(err, TRUNDLE_BAD_INPUT, where, "1 to 40 of a-z 0-9 - _ . , a letter or digit first", "'%.50s' is no name", name);
    return TRUNDLE_OK;
}

enum trundle_status depot_trip_check(const char *trip, const char *where, struct trundle_error *err)
{
    if (!shaped(trip, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
        return error_set(err, TRUNDLE_BAD_INPUT, where, "1 to 40 of A-Z a-z 0-9 - _ . , a letter or digit first", "'%.50s' is no trip", trip);
    return TRUNDLE_OK;
}

enum trundle_status depot_sha_check(const char *sha256, const char *where, struct trundle_error *err)
{
    size_t n = strnlen(sha256, DEPOT_SHA);

    if (n != DEPOT_SHA - 1 || strspn(sha256, "0123456789abcdef") != n)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "64 lower-case hex digits", "'%.70s' is no sha256", sha256);
    return TRUNDLE_OK;
}

/* The value of the key "body" in the text of an object that is known to be JSON. False: the key is written with escapes. */
static bool body_span(char *text, char **out, char **out_end)
{
    bool key = true;
    int depth = 0;

    for (char *p = text; *p; p++) {
        if (*p == '"') {
            char *begin = p;

            for (p++; *p != '"'; p++)
                if (*p == '\\')
                    p++;
            if (depth == 1 && key && p - begin == 5 && memcmp(begin + 1, "body", 4) == 0) {
                char *end;
                int inner = 0;

                begin = p + 1 + strspn(p + 1, " \t\r");
                begin += 1 + strspn(begin + 1, " \t\r");       /* behind the colon */
                for (end = begin; *end; end++) {
                    if (*end == '"') {
                        for (end++; *end != '"'; end++)
                            if (*end == '\\')
                                end++;
                    } else if (*end == '{') {
                        inner++;
                    } else if (*end == '}' && --inner == 0) {
                        *out = begin;
                        *out_end = end + 1;
                        return true;
                    }
                }
                return false;
            }
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            depth--;
        } else if (depth == 1 && (*p == ':' || *p == ',')) {
            key = *p == ',';
        }
    }
    return false;
}

static enum trundle_status text_take(const struct json_at *at, const char *key, size_t size, struct trundle_error *err)
{
    char text[256], where[240];

    TRY(json_take_text(at, key, text, size < sizeof text ? size : sizeof text, err));
    if (!depot_printable(text, sizeof text)) {
        (void)snprintf(where, sizeof where, "%s.%s", at->where, key);
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be 1 to %zu bytes of printable ASCII", size - 1);
    }
    return TRUNDLE_OK;
}

static enum trundle_status trip_take(const struct json_at *at, struct trundle_error *err)
{
    char text[DEPOT_NAME], where[240];

    TRY(json_take_text(at, "trip", text, sizeof text, err));
    (void)snprintf(where, sizeof where, "%s.trip", at->where);
    return depot_trip_check(text, where, err);
}

static enum trundle_status name_or_none(const struct json_at *at, const char *key, struct trundle_error *err)
{
    char text[DEPOT_NAME] = "", where[240];

    if (!json_has(at, key))
        return TRUNDLE_OK;
    TRY(json_take_text(at, key, text, sizeof text, err));
    (void)snprintf(where, sizeof where, "%s.%s", at->where, key);
    return text[0] ? depot_name_check(text, where, err) : TRUNDLE_OK;
}

/* The sha256 of what runs, or a name. */
static enum trundle_status bundle_take(const struct json_at *at, struct trundle_error *err)
{
    char text[DEPOT_SHA] = "";

    if (json_has(at, "bundle"))
        TRY(json_take_text(at, "bundle", text, sizeof text, err));
    return depot_sha_check(text, "bundle", NULL) == TRUNDLE_OK ? TRUNDLE_OK : name_or_none(at, "bundle", err);
}

static enum trundle_status clip_check(const struct json_at *body, struct trundle_error *err)
{
    char sha256[DEPOT_SHA], where[240];
    double t0_s, t1_s, worth;
    int64_t n;

    TRY(json_take_text(body, "sha256", sha256, sizeof sha256, err));
    (void)snprintf(where, sizeof where, "%s.sha256", body->where);
    TRY(depot_sha_check(sha256, where, err));
    TRY(json_take_integer(body, "bytes", 1, INT64_C(1) << 40, &n, err));
    TRY(trip_take(body, err));
    TRY(text_take(body, "trigger", SEAL_TEXT, err));
    TRY(text_take(body, "purpose", SEAL_TEXT, err));
    TRY(json_take_integer(body, "keep_days", 0, DEPOT_KEEP_DAYS, &n, err));
    TRY(json_take_number(body, "t0_s", -1e7, 1e7, &t0_s, err));
    TRY(json_take_number(body, "t1_s", t0_s, 1e7, &t1_s, err));
    if (json_has(body, "worth"))
        TRY(json_take_number(body, "worth", -1e300, 1e300, &worth, err));
    if (json_has(body, "decision"))
        TRY(json_take_integer(body, "decision", -1, INT64_MAX, &n, err));
    return TRUNDLE_OK;
}

static enum trundle_status trip_check(const struct json_at *body, struct trundle_error *err)
{
    int64_t started_ns, ended_ns;

    TRY(trip_take(body, err));
    TRY(name_or_none(body, "store", err));
    TRY(bundle_take(body, err));
    TRY(json_take_integer(body, "started_ns", 0, INT64_MAX, &started_ns, err));
    return json_take_integer(body, "ended_ns", started_ns, INT64_MAX, &ended_ns, err);
}

/* The usual line, without the texts that an error would need. False: look closer. */
static bool line_fine(const json_t *line, struct depot_record *r)
{
    const json_t *boot = json_object_get(line, "boot"), *sequence = json_object_get(line, "sequence"), *t_ns = json_object_get(line, "t_ns");
    const char *kind = json_string_value(json_object_get(line, "kind"));

    r->json = json_object_get(line, "body");
    if (json_object_size(line) != 5 || !json_is_integer(boot) || !json_is_integer(sequence) || !json_is_integer(t_ns) || !kind || !json_is_object(r->json))
        return false;
    r->boot = json_integer_value(boot);
    r->sequence = json_integer_value(sequence);
    r->t_ns = json_integer_value(t_ns);
    r->kind = kind;
    return r->boot >= 1 && r->boot <= INT32_MAX && r->sequence >= 1 && r->sequence < INT64_C(1) << DEPOT_SEQUENCE_BITS && r->t_ns >= 0 &&
           strcmp(kind, "clip") != 0 && strcmp(kind, "trip") != 0 && depot_name_check(kind, "", NULL) == TRUNDLE_OK;
}

static enum trundle_status line_check(const struct json_at *at, struct depot_record *r, struct trundle_error *err)
{
    struct json_at body;
    char kind[DEPOT_NAME], where[240];

    if (line_fine(at->value, r))
        return TRUNDLE_OK;
    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object {...}");
    TRY(json_take_integer(at, "boot", 1, INT32_MAX, &r->boot, err));
    TRY(json_take_integer(at, "sequence", 1, (INT64_C(1) << DEPOT_SEQUENCE_BITS) - 1, &r->sequence, err));
    TRY(json_take_integer(at, "t_ns", 0, INT64_MAX, &r->t_ns, err));
    TRY(json_take_text(at, "kind", kind, sizeof kind, err));
    (void)snprintf(where, sizeof where, "%s kind", at->where);
    TRY(depot_name_check(kind, where, err));
    TRY(json_take_object(at, "body", &body, err));
    if (json_object_size(at->value) != 5)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "put it into body", "has a key beside boot, sequence, t_ns, kind, body");
    r->kind = json_string_value(json_object_get(at->value, "kind"));
    r->json = body.value;
    if (strcmp(kind, "clip") == 0)
        return clip_check(&body, err);
    return strcmp(kind, "trip") == 0 ? trip_check(&body, err) : TRUNDLE_OK;
}

static enum trundle_status line_add(struct depot_batch *b, char *text, size_t n, int number, struct trundle_error *err)
{
    struct depot_record r = { .line = number };
    char where[32] = "", *body = NULL, *end = NULL, *dumped = NULL;
    enum trundle_status status;
    struct json_at at;
    json_t *root = NULL;

    if (n > DEPOT_LINE_MAX) {
        (void)snprintf(where, sizeof where, "line %d", number);
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "%zu bytes, limit %d", n, DEPOT_LINE_MAX);
    }
    if (depot_plain_line(text, n, &r)) {
        status = TRUNDLE_OK;
        goto add;
    }
    (void)snprintf(where, sizeof where, "line %d", number);
    TRY(json_parse(text, n, where, &root, err));
    at = json_at_root(root, where);
    TRY_GOTO(status, line_check(&at, &r, err), out);
    if (body_span(text, &body, &end)) {
        *end = '\0';
    } else if (!(body = dumped = json_dumps(r.json, JSON_COMPACT))) {
        status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for it");
        goto out;
    }
    r.body = body;
add:
    if (!list_grow((void **)&b->record, sizeof *b->record, b->n, &b->room) || !list_grow((void **)&b->line, sizeof *b->line, b->n, &b->line_room) ||
        !list_grow((void **)&b->dumped, sizeof *b->dumped, b->n, &b->dumped_room)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "body", NULL, "no memory for line %d", number);
        goto out;
    }
    b->record[b->n] = r;
    b->line[b->n] = root;
    b->dumped[b->n++] = dumped;
    root = NULL;
    dumped = NULL;
out:
    if (status == TRUNDLE_NOT_FOUND) {
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    free(dumped);
    json_decref(root);
    return status;
}

enum trundle_status depot_batch_parse(const void *text, size_t n, struct depot_batch **out, struct trundle_error *err)
{
    struct depot_batch *b;
    enum trundle_status status = TRUNDLE_OK;
    int number = 1;

    if (n > DEPOT_BATCH_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "body", "send it in pieces", "%zu bytes, limit %d", n, DEPOT_BATCH_MAX);
    b = calloc(1, sizeof *b);
    if (!b || !(b->text = malloc(n + 1))) {
        free(b);
        return error_set(err, TRUNDLE_NO_MEMORY, "body", NULL, "no memory for it");
    }
    if (n)
        memcpy(b->text, text, n);
    b->text[n] = '\0';
    for (char *p = b->text, *last = b->text + n; p < last && status == TRUNDLE_OK; number++) {
        char *end = memchr(p, '\n', (size_t)(last - p));

        if (!end)
            end = last;
        *end = '\0';
        if (memchr(p, '\0', (size_t)(end - p)))
            status = error_set(err, TRUNDLE_BAD_INPUT, "body", NULL, "line %d has a NUL byte", number);
        else if (p[strspn(p, " \t\r")])
            status = line_add(b, p, (size_t)(end - p), number, err);
        p = end + 1;
    }
    if (status == TRUNDLE_OK && !b->n)
        status = error_set(err, TRUNDLE_BAD_INPUT, "body", NULL, "has no record");
    if (status != TRUNDLE_OK) {
        depot_batch_free(b);
        return status;
    }
    *out = b;
    return TRUNDLE_OK;
}

size_t depot_batch_count(const struct depot_batch *b)
{
    return b->n;
}

const struct depot_record *depot_batch_record(const struct depot_batch *b, size_t i)
{
    return &b->record[i];
}

struct depot_record *depot_batch_at(struct depot_batch *b, size_t i)
{
    return &b->record[i];
}

void depot_batch_free(struct depot_batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++) {
        json_decref(b->line[i]);
        free(b->dumped[i]);
    }
    free(b->record);
    free(b->line);
    free(b->dumped);
    free(b->text);
    free(b);
}
