/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Carts and their health, trips, alerts, incidents: the room watch behind the API. */
#include "hub/server/inside.h"

#include <stdio.h>

#define FLEET (OPERATOR | AUDITOR | ADMIN)

typedef enum trundle_status list_of(const struct watch *w, struct db *db, const struct watch_query *query, json_t **out, struct trundle_error *err);

/* The query of a list: after is a name for carts, else the id that the answer before gave as next. */
static enum trundle_status query_of(const struct ask *ask, bool by_name, struct watch_query *out, struct trundle_error *err)
{
    struct list_query list;
    const char *since = http_query(ask->http, "since_ns");

    *out = (struct watch_query){ .cart = http_query(ask->http, "cart"), .store = http_query(ask->http, "store"), .state = http_query(ask->http, "state"),
                                 .name = http_query(ask->http, "name") };
    TRY(ask_list(ask, &list, err));
    out->limit = list.limit;
    out->q = list.q;
    if (by_name)
        out->after = list.after;
    else if (*list.after)
        TRY(ask_number(list.after, "after", 1, INT64_MAX, &out->before, err));
    if (since)
        TRY(ask_number(since, "since_ns", 0, INT64_MAX, &out->since_ns, err));
    return TRUNDLE_OK;
}

static enum trundle_status list(struct ask *ask, bool by_name, list_of *of, struct trundle_error *err)
{
    struct watch_query query;
    struct db *db = NULL;
    enum trundle_status status;

    TRY(query_of(ask, by_name, &query, err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = of ? of(ask->server->watch, db, &query, &ask->answer, err) : watch_carts_json(ask->server->watch, db, &query, ask->now_ns, &ask->answer, err);
    depot_read_end(ask->server->depot, db);
    return status;
}

static enum trundle_status carts(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return list(ask, true, NULL, err);
}

static enum trundle_status trips(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return list(ask, false, watch_trips_json, err);
}

static enum trundle_status alerts(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return list(ask, false, watch_alerts_json, err);
}

static enum trundle_status incidents(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return list(ask, false, watch_incidents_json, err);
}

static enum trundle_status drift(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return list(ask, false, watch_drift_json, err);
}

/* What somebody does with an alert or an incident. Several changes of watch are one, or none. */
struct act { struct ask *ask; int64_t id; enum watch_act act; };

static enum trundle_status change(struct ask *ask, const char *what, depot_job *job, enum watch_act act, struct trundle_error *err)
{
    struct act a = { .ask = ask, .act = act };

    TRY(ask_number(ask->http->part[0], what, 1, INT64_MAX, &a.id, err));
    return depot_write(ask->server->depot, job, &a, err);
}

static enum trundle_status alert_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct act *a = user;

    return watch_alert_act(a->ask->server->watch, db, a->id, a->act, a->ask->caller->who, a->ask->now_ns, err);
}

static enum trundle_status alert_acknowledge(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return change(ask, "alert", alert_job, WATCH_ACKNOWLEDGE, err);
}

static enum trundle_status alert_close(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return change(ask, "alert", alert_job, WATCH_CLOSE, err);
}

static enum trundle_status alert_rebase(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return change(ask, "alert", alert_job, WATCH_REBASE, err);
}

static enum trundle_status incident_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    int64_t id;
    enum trundle_status status;

    (void)reply;
    TRY(ask_number(ask->http->part[0], "incident", 1, INT64_MAX, &id, err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = watch_incident_json(ask->server->watch, db, id, &ask->answer, err);
    depot_read_end(ask->server->depot, db);
    return status;
}

static enum trundle_status note_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct act *a = user;

    return watch_incident_note(a->ask->server->watch, db, a->id, a->ask->caller->who, ask_text(a->ask, "text"), a->ask->now_ns, err);
}

static enum trundle_status incident_note(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return change(ask, "incident", note_job, 0, err);
}

static enum trundle_status close_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct act *a = user;

    return watch_incident_close(a->ask->server->watch, db, a->id, a->ask->caller->who, a->ask->now_ns, err);
}

static enum trundle_status incident_close(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return change(ask, "incident", close_job, 0, err);
}

static enum trundle_status postmortem(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    int64_t id;
    enum trundle_status status;

    TRY(ask_number(ask->http->part[0], "incident", 1, INT64_MAX, &id, err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = watch_postmortem(ask->server->watch, db, id, ask->now_ns, &reply->body, err);
    depot_read_end(ask->server->depot, db);
    reply->type = "text/markdown; charset=utf-8";
    (void)snprintf(reply->save_as, sizeof reply->save_as, "incident-%lld.md", (long long)id);
    return status;
}

const struct server_route watch_routes[] = {
    { .method = "GET", .path = "/api/v1/carts", .who = ENGINEER | FLEET, .id = "cart_list", .text = "carts and their health, by name", .query = "store?:text state?:text",
      .gives = "[cart:name store:name state:text seen_ns:time bundle:any]", .run = carts },
    { .method = "GET", .path = "/api/v1/trips", .who = ENGINEER | AUDITOR | ADMIN, .id = "trip_list", .text = "trips that ended, newest first", .query = "cart?:text store?:text since_ns?:time",
      .gives = "[id:integer cart:name store:name trip:text bundle:any started_ns:time ended_ns:time items:any]", .run = trips },
    { .method = "GET", .path = "/api/v1/alerts", .who = FLEET, .id = "alert_list", .text = "alerts, newest first", .query = "cart?:text store?:text state?:text name?:text since_ns?:time",
      .gives = "[id:integer kind:text cart:text store:text name:text text:text severity:integer state:text]", .run = alerts },
    { .method = "POST", .path = "/api/v1/alerts/{alert}/acknowledge", .who = OPERATOR | ADMIN, .id = "alert_acknowledge", .text = "somebody looks after it", .run = alert_acknowledge },
    { .method = "POST", .path = "/api/v1/alerts/{alert}/close", .who = OPERATOR | ADMIN, .id = "alert_close", .text = "it is over", .run = alert_close },
    { .method = "POST", .path = "/api/v1/alerts/{alert}/rebase", .who = OPERATOR | ADMIN, .id = "alert_rebase", .text = "what drifted is normal now", .run = alert_rebase },
    { .method = "GET", .path = "/api/v1/incidents", .who = FLEET, .id = "incident_list", .text = "incidents, newest first", .query = "cart?:text store?:text state?:text since_ns?:time",
      .gives = "[id:integer title:text cart:text store:text state:text severity:integer]", .run = incidents },
    { .method = "GET", .path = "/api/v1/incidents/{incident}", .who = FLEET, .id = "incident_get", .text = "one incident with its alerts, time line and trips",
      .gives = "id:integer title:text state:text alerts:array line:array trips:array", .run = incident_get },
    { .method = "POST", .path = "/api/v1/incidents/{incident}/notes", .who = OPERATOR | ADMIN, .id = "incident_note", .text = "adds a note to the time line", .takes = "text:text",
      .run = incident_note },
    { .method = "POST", .path = "/api/v1/incidents/{incident}/close", .who = OPERATOR | ADMIN, .id = "incident_close", .text = "closes it, when all its alerts are", .run = incident_close },
    { .method = "GET", .path = "/api/v1/incidents/{incident}/postmortem", .who = FLEET, .id = "postmortem", .text = "the incident as Markdown, with the commands that replay it",
      .answer = "text/markdown", .run = postmortem },
    { .method = "GET", .path = "/api/v1/drift", .who = ENGINEER | FLEET, .id = "drift", .text = "streams of a cart or store; with a name: one of them, point by point",
      .query = "limit?:integer after?:text q?:text cart?:text store?:text name?:text since_ns?:time", .gives = "rows?:array name?:text points?:array limit?:number", .run = drift },
};
const size_t watch_routes_n = COUNT_OF(watch_routes);
