/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* API tokens, the access log, and what the hub says of itself: description, health, metrics. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <sodium.h>
#include <stdio.h>

enum { TOKEN_DAYS = 90, TOKEN_DAYS_MOST = 3650 };

struct token { struct key key; char secret[KEY_TEXT]; };

static enum trundle_status token_add_job(struct db *db, void *user, struct trundle_error *err)
{
    struct token *t = user;

    return key_add(db, &t->key, t->secret, err);
}

static enum trundle_status token_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct token t = { .key = { .kind = KEY_TOKEN, .roles = ask->caller->roles, .made_ns = ask->now_ns } };
    int64_t days = TOKEN_DAYS;

    TRY(ask_session(ask, err));
    if (json_has(&ask->body, "days"))
        TRY(json_take_integer(&ask->body, "days", 1, TOKEN_DAYS_MOST, &days, err));
    if (json_has(&ask->body, "roles"))
        TRY(role_take(&ask->body, "roles", &t.key.roles, err));
    if (t.key.roles & ~role_reach(ask->caller->roles)) {
        reply->status = 403;
        return error_set(err, TRUNDLE_BAD_INPUT, "roles", NULL, "a token may not do more than who makes it");
    }
    (void)snprintf(t.key.user, sizeof t.key.user, "%s", ask->caller->name);
    (void)snprintf(t.key.label, sizeof t.key.label, "%s", ask_text(ask, "name"));
    t.key.expires_ns = ask->now_ns + days * NS_PER_DAY;
    TRY(depot_write(ask->server->depot, token_add_job, &t, err));
    ask->answer = json_pack("{s:s, s:s, s:s, s:o, s:I}", "id", t.key.id, "name", t.key.label, "token", t.secret, "roles", role_list(t.key.roles), "expires_ns",
                            (json_int_t)t.key.expires_ns);
    sodium_memzero(t.secret, sizeof t.secret);
    return TRUNDLE_OK;
}

static enum trundle_status token_rows(struct db *db, const struct caller *caller, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;

    TRY(db_query(db, &s, err, "SELECT id, user, label, roles, made_ns, expires_ns, seen_ns FROM server_key WHERE kind = ?1 AND (?2 OR user = ?3) ORDER BY user, made_ns LIMIT 5000", "iit",
                 (int64_t)KEY_TOKEN, (int64_t)((caller->roles & (ADMIN | AUDITOR)) != 0), caller->name));
    TRY(db_rows(s, "t id|t user|t name|i roles|i made_ns|i expires_ns|i seen_ns", out, err));
    role_rows(*out);
    return TRUNDLE_OK;
}

static enum trundle_status tokens(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    json_t *rows = NULL;
    enum trundle_status status;

    (void)reply;
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = token_rows(db, ask->caller, &rows, err);
    depot_read_end(ask->server->depot, db);
    return status == TRUNDLE_OK ? ask_rows(ask, rows, NULL, err) : status;
}

struct token_end { const char *id, *user; bool any; };

static enum trundle_status token_end_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct token_end *t = user;

    TRY(db_do(db, err, "DELETE FROM server_key WHERE kind = ? AND id = ? AND (? OR user = ?)", "itit", (int64_t)KEY_TOKEN, t->id, (int64_t)t->any, t->user));
    return db_changes(db) ? TRUNDLE_OK : error_set(err, TRUNDLE_NOT_FOUND, "token", NULL, "there is none of that id, or it is another's");
}

static enum trundle_status token_end(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct token_end t = { ask->http->part[0], ask->caller->name, (ask->caller->roles & ADMIN) != 0 };

    (void)reply;
    return depot_write(ask->server->depot, token_end_job, &t, err);
}

/* ---- access log ---- */

struct log { json_t *rows; int64_t last; int n; };

static void log_row(void *user, int64_t id, int64_t t_ns, const struct depot_access *a)
{
    struct log *log = user;

    (void)json_array_append_new(log->rows, json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)id, "t_ns", (json_int_t)t_ns, "who", a->who, "act", a->act,
                                                     "what", a->what, "ref", a->ref, "why", a->why));
    log->last = id;
    log->n++;
}

static enum trundle_status access_log(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct list_query query;
    struct log log = { json_array(), 0, 0 };
    const char *who = http_query(ask->http, "who"), *ref = http_query(ask->http, "ref");
    int64_t before = 0;
    char next[24] = "";
    enum trundle_status status;

    (void)reply;
    TRY_GOTO(status, ask_list(ask, &query, err), out);
    if (*query.after)
        TRY_GOTO(status, ask_number(query.after, "after", 1, INT64_MAX, &before, err), out);
    TRY_GOTO(status, depot_access_list(ask->server->depot, who && *who ? who : *query.q ? query.q : NULL, ref && *ref ? ref : NULL, before, query.limit, log_row, &log, err), out);
    if (log.n == query.limit)
        (void)snprintf(next, sizeof next, "%lld", (long long)log.last);
    return ask_rows(ask, log.rows, next, err);
out:
    json_decref(log.rows);
    return status;
}

static enum trundle_status access_check(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    char head[DEPOT_SHA] = "";
    int64_t n = 0;
    struct trundle_error found = { 0 };
    enum trundle_status status;

    (void)reply;
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = depot_access_verify(db, &n, head, &found);
    depot_read_end(ask->server->depot, db);
    if (status != TRUNDLE_OK && status != TRUNDLE_CORRUPT)
        return error_set(err, status, found.where, found.hint, "%s", found.what);
    ask->answer = json_pack("{s:b, s:I, s:s, s:s}", "whole", (int)(status == TRUNDLE_OK), "entries", (json_int_t)n, "head", head, "what", status == TRUNDLE_OK ? "" : found.what);
    return TRUNDLE_OK;
}

/* ---- the hub itself ---- */

static enum trundle_status health(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;

    (void)reply;
    TRY(depot_read_begin(ask->server->depot, &db, err));
    depot_read_end(ask->server->depot, db);
    ask->answer = json_pack("{s:b, s:s, s:I}", "ok", 1, "version", TRUNDLE_VERSION, "time_ns", (json_int_t)ask->now_ns);
    return TRUNDLE_OK;
}

static enum trundle_status describe(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    reply->cache = HTTP_REVALIDATE;
    return openapi_json(&ask->answer, err);
}

static enum trundle_status metrics(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    enum watch_format format = watch_metrics_format(http_header(ask->http, "Accept"));
    struct server *s = ask->server;
    struct db *db = NULL;
    enum trundle_status status;

    reply->type = watch_metrics_type(format);
    TRY(depot_read_begin(s->depot, &db, err));
    (void)pthread_mutex_lock(&s->scrape_lock);     /* gauges are cleared and made anew */
    status = watch_gauges(s->watch, db, ask->now_ns, err);
    if (status == TRUNDLE_OK)
        status = watch_metrics_print(s->metrics, format, &reply->body, err);
    (void)pthread_mutex_unlock(&s->scrape_lock);
    depot_read_end(s->depot, db);
    return status;
}

const struct server_route key_routes[] = {
    { .method = "GET", .path = "/api/v1/tokens", .who = PEOPLE, .id = "token_list", .text = "one's own API tokens; administrators and auditors see all",
      .gives = "[id:text user:name name:name roles:roles made_ns:time expires_ns:time seen_ns:time]", .run = tokens },
    { .method = "POST", .path = "/api/v1/tokens", .who = PEOPLE, .id = "token_add", .text = "makes an API token, which is shown this once", .takes = "name:name roles?:roles days?:integer",
      .gives = "id:text name:name token:text roles:roles expires_ns:time", .run = token_add },
    { .method = "DELETE", .path = "/api/v1/tokens/{token}", .who = PEOPLE, .id = "token_end", .text = "ends a token by its id", .run = token_end },
    { .method = "GET", .path = "/api/v1/access", .who = AUDITOR | ADMIN, .id = "access_list", .text = "the access log, newest first; q is a name", .query = "who?:text ref?:text",
      .gives = "[id:integer t_ns:time who:text act:text what:text ref:text why:text]", .run = access_log },
    { .method = "GET", .path = "/api/v1/access/check", .who = AUDITOR | ADMIN, .id = "access_check", .text = "does every entry of the access log follow from the one before?",
      .gives = "whole:bool entries:integer head:text what:text", .run = access_check },
    { .method = "GET", .path = "/api/v1/health", .who = ANYONE, .id = "health", .text = "does the hub work", .gives = "ok:bool version:text time_ns:time", .run = health },
    { .method = "GET", .path = "/api/v1/openapi.json", .who = ANYONE, .id = "openapi", .text = "this description", .gives = "openapi:text info:object paths:object components:object",
      .run = describe },
    { .method = "GET", .path = "/metrics", .who = OPERATOR | ENGINEER | AUDITOR | ADMIN, .id = "metrics", .text = "for Prometheus: text 0.0.4, or OpenMetrics by Accept",
      .answer = "text/plain", .run = metrics },
};
const size_t key_routes_n = COUNT_OF(key_routes);
