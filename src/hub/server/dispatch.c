/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A whole request: signature, fields, access log, handler, answer. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct watch_metric requests_metric = { .name = "trundle_hub_requests", .help = "Requests answered, by what was asked and how it ended.", .type = WATCH_COUNTER,
                                                     .label = { "operation", "status" } };

void count_request(struct server *s, const struct server_route *row, enum trundle_status status)
{
    static const char *const name[TRUNDLE_STATUS_COUNT] = {
        [TRUNDLE_OK] = "ok", [TRUNDLE_BAD_ARG] = "bad_input", [TRUNDLE_BAD_INPUT] = "bad_input", [TRUNDLE_CORRUPT] = "corrupt", [TRUNDLE_TRUNCATED] = "truncated",
        [TRUNDLE_TOO_LARGE] = "too_large", [TRUNDLE_UNSUPPORTED] = "unsupported", [TRUNDLE_NOT_FOUND] = "not_found", [TRUNDLE_CONFLICT] = "conflict",
        [TRUNDLE_FULL] = "full", [TRUNDLE_NO_MEMORY] = "no_memory", [TRUNDLE_IO] = "io", [TRUNDLE_DEVICE] = "device",
    };
    const char *label[] = { row->id, status < TRUNDLE_STATUS_COUNT && name[status] ? name[status] : "other" };

    watch_metric_add(s->metrics, &requests_metric, label, 1);
}

static const struct watch_metric failures_metric = { .name = "trundle_hub_failures", .help = "What failed where nobody could be told.", .type = WATCH_COUNTER, .label = { "what" } };

void server_complain(struct server *s, const char *what, enum trundle_status status)
{
    if (status != TRUNDLE_OK)
        watch_metric_add(s->metrics, &failures_metric, &what, 1);
}

enum trundle_status ask_log(const struct ask *ask, const char *act, const char *what, const char *ref, const char *why, struct trundle_error *err)
{
    return depot_access(ask->server->depot, &(struct depot_access){ ask->caller->who, act, what, ref, why }, ask->now_ns, err);
}

void log_refusal(struct server *s, const struct server_route *row, const struct caller *caller, const char *why)
{
    static const struct limit_rule rule = { 30, 1.0 / 60 };
    char who[DEPOT_TEXT];

    if (limit_take(&s->limits, "refusal", caller->peer, rule, clock_mono_ns()))
        return;                            /* counted all the same; who has no key must not fill the disk */
    if (caller->roles & ANYONE)
        (void)snprintf(who, sizeof who, "%s", caller->peer);
    else
        (void)snprintf(who, sizeof who, "%s%s%s", caller->who[0] ? caller->who : caller->name, caller->who[0] || caller->name[0] ? " at " : "", caller->peer);
    server_complain(s, "access_log", depot_access(s->depot, &(struct depot_access){ who, "refused", row->id, row->path, why }, server_now(s), NULL));
}

enum trundle_status ask_session(const struct ask *ask, struct trundle_error *err)
{
    return ask->caller->token ? error_set(err, TRUNDLE_BAD_INPUT, ask->http->path, "sign in with a browser", "this takes a session, not a token") : TRUNDLE_OK;
}

enum trundle_status ask_number(const char *text, const char *where, int64_t lo, int64_t hi, int64_t *out, struct trundle_error *err)
{
    char *end = NULL;
    long long value;

    errno = 0;
    value = text ? strtoll(text, &end, 10) : 0;
    if (!text || !*text || *end || errno || strspn(text, "0123456789") != strlen(text) || value < lo || value > hi)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be a whole number from %lld to %lld", (long long)lo, (long long)hi);
    *out = value;
    return TRUNDLE_OK;
}

enum trundle_status ask_list(const struct ask *ask, struct list_query *out, struct trundle_error *err)
{
    const char *limit = http_query(ask->http, "limit"), *after = http_query(ask->http, "after"), *q = http_query(ask->http, "q");
    int64_t n = ROWS_DEFAULT;

    if (limit)
        TRY(ask_number(limit, "limit", 1, ROWS_MOST, &n, err));
    if ((after && strlen(after) > 200) || (q && strlen(q) > 200))
        return error_set(err, TRUNDLE_TOO_LARGE, "query", NULL, "after or q has more than 200 bytes");
    *out = (struct list_query){ (int)n, after ? after : "", q ? q : "" };
    return TRUNDLE_OK;
}

const char *ask_text(const struct ask *ask, const char *key)
{
    const char *text = ask->body.value ? json_string_value(json_object_get(ask->body.value, key)) : NULL;

    return text ? text : "";
}

enum trundle_status ask_object(const struct ask *ask, const char *key, char **out, struct trundle_error *err)
{
    const json_t *said = json_object_get(ask->body.value, key);

    *out = said ? json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS) : strdup("{}");
    return *out ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, key, NULL, "no memory");
}

enum trundle_status ask_rows(struct ask *ask, json_t *rows, const char *next, struct trundle_error *err)
{
    ask->answer = json_pack("{s:o, s:o}", "rows", rows, "next", next && *next ? json_string(next) : json_null());
    return ask->answer ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "list", NULL, "no memory");
}

/* The signature covers the body, so it can be looked at only now. */
static enum trundle_status check_cart(struct server *s, const struct http_request *request, const struct caller *caller, struct http_reply *reply, struct trundle_error *err)
{
    int64_t now_s = server_now(s) / NS_PER_S;

    reply->status = 401;
    if (!sign_holds(request, caller))
        return error_set(err, TRUNDLE_BAD_INPUT, "Trundle-Signature", "it covers method, path, query, time and body; is it this cart's key?", "does not hold");
    if (!replay_fresh(&s->replays, caller->signature, (uint32_t)now_s, (uint32_t)(caller->time_s + WINDOW_S))) {
        reply->status = 409;
        return error_set(err, TRUNDLE_CONFLICT, "Trundle-Signature", "sign it anew, with the time", "this request was seen before");
    }
    reply->status = 0;
    return TRUNDLE_OK;
}

static enum trundle_status take_body(const struct server_route *row, struct ask *ask, struct trundle_error *err)
{
    json_t *root = NULL;
    enum trundle_status status;

    if (row->body)
        return TRUNDLE_OK;
    if (!row->takes) {
        if (!ask->http->body_n)
            return TRUNDLE_OK;
        status = json_parse(ask->http->body, ask->http->body_n, "body", &root, err);     /* an empty object does no harm */
        if (status == TRUNDLE_OK && (!json_is_object(root) || json_object_size(root)))
            status = error_set(err, TRUNDLE_BAD_INPUT, "body", NULL, "this takes none");
        json_decref(root);
        return status;
    }
    TRY(json_parse(ask->http->body_n ? (const void *)ask->http->body : "", ask->http->body_n, "body", &root, err));
    status = spec_check(row->takes, root, err);
    if (status != TRUNDLE_OK) {
        json_decref(root);
        return status;
    }
    ask->body = json_at_root(root, "body");
    return TRUNDLE_OK;
}

static bool changes(const struct server_route *row)
{
    return strcmp(row->method, "GET") != 0 && !row->quiet;
}

/* What the entry is about: "/api/v1/users/{user}" says "users". */
static void log_what(const struct server_route *row, char *out, size_t size)
{
    const char *at = strncmp(row->path, "/api/v1/", 8) == 0 ? row->path + 8 : row->path;

    (void)snprintf(out, size, "%.*s", (int)strcspn(at, "/"), at);
}

static enum trundle_status run(struct server *s, const struct server_route *row, struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char what[40], why[DEPOT_TEXT] = "";
    enum trundle_status status;

    TRY(take_body(row, ask, err));
    log_what(row, what, sizeof what);
    if (changes(row)) {
        if (ask->body.value)
            spec_log(row->takes, ask->body.value, why, sizeof why);
        TRY(ask_log(ask, row->id, what, ask->http->part[0], why, err));
    }
    status = row->run(ask, reply, err);
    if (status != TRUNDLE_OK && changes(row)) {
        (void)snprintf(why, sizeof why, "refused: %.200s", err->what);
        server_complain(s, "access_log", ask_log(ask, row->id, what, ask->http->part[0], why, NULL));
    }
    return status;
}

enum trundle_status dispatch(void *user, const struct http_request *request, struct http_reply *reply, struct trundle_error *err)
{
    struct binding *binding = user;
    struct server *s = binding->server;
    const struct server_route *row = binding->row;
    struct ask ask = { .server = s, .http = request, .caller = request->note, .now_ns = server_now(s) };
    enum trundle_status status = TRUNDLE_OK;
    char *text;

    if (ask.caller->roles == CART) {
        status = check_cart(s, request, ask.caller, reply, err);
        if (status != TRUNDLE_OK)
            log_refusal(s, row, ask.caller, err->what);
    }
    if (status == TRUNDLE_OK)
        status = run(s, row, &ask, reply, err);
    if (status == TRUNDLE_OK && ask.answer) {
        text = json_dumps(ask.answer, JSON_COMPACT);
        status = text ? bytes_append(&reply->body, text, strlen(text)) : TRUNDLE_NO_MEMORY;
        free(text);
        if (status != TRUNDLE_OK)
            (void)error_set(err, status, request->path, NULL, "no memory for the answer");
    }
    json_decref(ask.answer);
    json_decref(ask.body.value);
    count_request(s, row, status);
    return status;
}
