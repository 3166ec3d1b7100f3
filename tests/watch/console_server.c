/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A small hub for the console's test: real carts, alerts, incidents and trips of hub/watch over a made-up fleet in memory, a real trip file, and
 * what other rooms answer as recorded JSON (REST.json: path to answer). `console_server TRIP.mcap REST.json [ADDRESS]`; the address comes out first, then
 * what is posted, a JSON line each. Lines of standard input: `!sign-out` ends the session, `!fail` answers 500 to lists, `!well` no longer, `!quit` ends.
 */
#include "base/http/http.h"
#include "base/std/json.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "hub/watch/timeline.h"
#include "hub/watch/watch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES(F) F(index, "/", "text/html; charset=utf-8") F(script, "/console.js", "text/javascript; charset=utf-8") F(style, "/console.css", "text/css; charset=utf-8") F(icon, "/icon.svg", "image/svg+xml")
#define DECLARE(name, path, type)                \
    extern const unsigned char embed_hub_##name[]; \
    extern const size_t embed_hub_##name##_n;
FILES(DECLARE)
static const struct http_file pages[] = {
#define ROW(name, path, type) { path, type, embed_hub_##name, &embed_hub_##name##_n },
    FILES(ROW)
};

static struct db *db;
static struct watch *w;
static json_t *rest;
static const char *trip_path;
static atomic_bool signed_in = false, failing = false;

static void must(enum trundle_status status, const struct trundle_error *err)
{
    char text[1024];

    if (status == TRUNDLE_OK)
        return;
    fprintf(stderr, "console_server: %s\n", error_text(err, text, sizeof text));
    exit(4);
}

/* ---- a fleet ---- */

static void send_record(const char *cart, const char *kind, json_t *body, int64_t t_ns)
{
    static int64_t sequence;
    struct trundle_error err = { 0 };
    struct watch_record r = { .cart = cart, .kind = kind, .boot = 1, .sequence = ++sequence, .t_ns = t_ns, .body = body };

    must(watch_record(w, db, &r, t_ns, &err), &err);
    json_decref(body);
}

static json_t *health(struct rng *r, const char *store, bool dark)
{
    json_t *cameras = json_pack("[s,s]", "ok", dark ? "dark" : "ok");

    return json_pack("{s:s,s:i,s:f,s:f,s:f,s:I,s:I,s:o,s:[s,s,s,s],s:s,s:s}", "store", store, "uptime_s", 86400, "load", 0.4, "temperature_c", rng_range(r, 41, 58), "battery", rng_range(r, 0.3, 1.0),
                     "disk_free_bytes", (json_int_t)rng_range(r, 4e9, 9e9), "outbox_bytes", (json_int_t)rng_below(r, 900000), "cameras", cameras, "cells", "ok", "ok", "ok", "ok", "bundle",
                     "fruit-2026-06", "slot", "a");
}

static json_t *a_trip(struct rng *r, const char *store, const char *name, int64_t t_ns, double shift)
{
    int items = 4 + (int)rng_below(r, 14), sure = items * 3 / 4;
    json_t *inputs = json_pack("{s:{s:f,s:f,s:i},s:{s:f,s:f,s:i},s:{s:f,s:f,s:i}}", "step_mass_g", "mean", 310 + 60 * rng_normal(r), "sd", 210.0, "n", items, "brightness", "mean",
                               128 + shift + 6 * rng_normal(r), "sd", 22.0, "n", 9000, "scans_per_min", "mean", 1.9 + 0.4 * rng_normal(r), "sd", 0.8, "n", 12);

    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:i,s:i,s:i,s:i,s:b,s:f,s:[],s:[i,i,i,i,i,i,i,i,i,i],s:o}", "trip", name, "store", store, "bundle", "fruit-2026-06", "started_ns",
                     (json_int_t)(t_ns - 1400 * NS_PER_S), "ended_ns", (json_int_t)t_ns, "items", items, "asked", (int)rng_below(r, 3), "corrected", rng_below(r, 10) < 3, "total_cents",
                     items * 240 + (int)rng_below(r, 900), "paid", 1, "line_p99_ms", rng_range(r, 240, 420), "faults", "belief", 0, 0, 0, (int)rng_below(r, 2), 0, 1, 0, 1, items - sure, sure,
                     "inputs", inputs);
}

static const char *store_of(int cart)
{
    return cart <= 3 || (cart > 6 && cart <= 20) ? "north" : "harbour";
}

/* Forty carts of two stores, two weeks of trips of six of them. In the second week a lamp of store north is broken over one cart. */
static void make_fleet(void)
{
    struct rng r = rng_seed(7, "console");
    int64_t now = clock_wall_ns();
    struct trundle_error err = { 0 };
    char cart[16], trip[16];

    must(db_begin(db, &err), &err);
    for (int k = 0; k < 160; k++)
        for (int i = 1; i <= 6; i++) {
            (void)snprintf(cart, sizeof cart, "cart-%02d", i);
            (void)snprintf(trip, sizeof trip, "t%d", k + 1);
            send_record(cart, "trip", a_trip(&r, store_of(i), trip, now - (160 - k) * 2 * 3600 * NS_PER_S, i == 2 && k > 130 ? -28 : 0), now - (160 - k) * 2 * 3600 * NS_PER_S);
        }
    must(watch_event_add(w, db, &(struct watch_event){ .kind = "rollout", .store = "north", .who = "ann", .text = "fruit-2026-06 to 25 % of the carts", .ref = "rollout 2", .t_ns = now - 60 * 3600 * NS_PER_S }, &err), &err);
    for (int i = 1; i <= 40; i++) {
        (void)snprintf(cart, sizeof cart, "cart-%02d", i);
        for (int k = 0; k < (i == 5 ? 4 : 1); k++)
            send_record(cart, "health", health(&r, store_of(i), i == 5), i == 33 ? now - 7200 * NS_PER_S : now - k * 60 * NS_PER_S);
    }
    send_record("cart-11", "install", json_pack("{s:s,s:s,s:s}", "bundle", "fruit-2026-07", "state", "rolled_back", "why", "it did not start within 60 s"), now - 1800 * NS_PER_S);
    must(watch_tick(w, db, now, &err), &err);
    must(db_commit(db, &err), &err);
}

/* ---- answers ---- */

static enum trundle_status answer(struct http_reply *reply, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    enum trundle_status status = text ? bytes_append(&reply->body, text, strlen(text)) : TRUNDLE_NO_MEMORY;

    free(text);
    json_decref(value);
    return status;
}

/* Sets a 401 with its reason as the answer. */
static enum trundle_status refuse(struct http_reply *reply, const char *what)
{
    reply->status = 401;
    return answer(reply, json_pack("{s:s,s:s,s:s}", "where", "sign-in", "what", what, "hint", "an administrator can make a new link"));
}

#define ADMIT(reply)  \
    if (!signed_in)   \
        return refuse(reply, "nobody is signed in")

static enum trundle_status lists(const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    const char *what = q->path + strlen("/api/v1/"), *after = http_query(q, "after"), *limit = http_query(q, "limit");
    struct watch_query query = { .q = http_query(q, "q"), .cart = http_query(q, "cart"), .store = http_query(q, "store"), .state = http_query(q, "state"), .name = http_query(q, "name"),
                                 .after = after, .before = after ? strtoll(after, NULL, 10) : 0, .limit = limit ? atoi(limit) : 0 };
    json_t *value = NULL;

    ADMIT(reply);
    if (failing)
        return error_set(err, TRUNDLE_IO, "hub.sqlite", "free some space, then try again", "the disk is full");
    TRY(!strcmp(what, "carts")       ? watch_carts_json(w, db, &query, clock_wall_ns(), &value, err)
        : !strcmp(what, "trips")     ? watch_trips_json(w, db, &query, &value, err)
        : !strcmp(what, "alerts")    ? watch_alerts_json(w, db, &query, &value, err)
        : !strcmp(what, "incidents") ? watch_incidents_json(w, db, &query, &value, err)
                                     : watch_drift_json(w, db, &query, &value, err));
    return answer(reply, value);
}

static void log_post(const struct http_request *q)
{
    printf("{\"path\":\"%s\",\"body\":%.*s}\n", q->path, (int)q->body_n, (const char *)q->body);
    (void)fflush(stdout);
}

static enum trundle_status list(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    return lists(q, reply, err);
}

static enum trundle_status recorded(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    json_t *value = json_object_get(rest, q->path);

    (void)user;
    ADMIT(reply);
    return value ? answer(reply, json_incref(value)) : error_set(err, TRUNDLE_NOT_FOUND, q->path, NULL, "there is no such thing");
}

static enum trundle_status session(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)q;
    (void)err;
    ADMIT(reply);
    return answer(reply, json_incref(json_object_get(rest, "session")));
}

static enum trundle_status sign_in(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    json_t *body = NULL;
    bool right;

    (void)user;
    TRY(json_parse(q->body, q->body_n, "body", &body, err));
    right = json_string_length(json_object_get(body, "link")) > 0 || json_equal(json_object_get(body, "password"), json_object_get(rest, "password"));
    json_decref(body);
    if (!right)
        return refuse(reply, "the name or the password is not right");
    signed_in = true;
    return answer(reply, json_incref(json_object_get(rest, "session")));
}

static enum trundle_status incident_get(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    json_t *value = NULL;

    (void)user;
    ADMIT(reply);
    if (strstr(q->rest, "/postmortem")) {
        reply->type = "text/markdown; charset=utf-8";
        return watch_postmortem(w, db, atoll(q->rest), clock_wall_ns(), &reply->body, err);
    }
    TRY(watch_incident_json(w, db, atoll(q->rest), &value, err));
    return answer(reply, value);
}

static enum trundle_status incident_post(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    json_t *body = NULL;
    enum trundle_status status;

    (void)user;
    (void)reply;
    ADMIT(reply);
    log_post(q);
    if (strstr(q->rest, "/close"))
        return watch_incident_close(w, db, atoll(q->rest), "ann", clock_wall_ns(), err);
    TRY(json_parse(q->body, q->body_n, "body", &body, err));
    status = watch_incident_note(w, db, atoll(q->rest), "ann", json_string_value(json_object_get(body, "text")), clock_wall_ns(), err);
    json_decref(body);
    return status;
}

static enum trundle_status alert_post(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)reply;
    ADMIT(reply);
    log_post(q);
    return watch_alert_act(w, db, atoll(q->rest), strstr(q->rest, "/acknowledge") ? WATCH_ACKNOWLEDGE : strstr(q->rest, "/close") ? WATCH_CLOSE : WATCH_REBASE, "ann", clock_wall_ns(), err);
}

static enum trundle_status rollout_post(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    (void)user;
    (void)err;
    ADMIT(reply);
    log_post(q);
    return answer(reply, json_object());
}

/* The trip file is cart-02's t160; that of cart-03's t160 was deleted; any other's is not here. */
static enum trundle_status trip(void *user, const struct http_request *q, struct http_reply *reply, struct trundle_error *err)
{
    static const char careless[] = "{\"missing\":5,\"phantom\":0.01,\"wrong\":0.01,\"false_removal\":2,\"ask\":5,\"rescan\":5,\"change\":0.05,\"wait\":0.04,\"answered\":0.9,\"audit_cents\":200}";
    struct timeline_mind mind = { { NULL, 0 }, { careless, sizeof careless - 1 } };
    const char *model = http_query(q, "model");
    json_t *value = NULL;
    unsigned camera, frame;

    (void)user;
    ADMIT(reply);
    if (strcmp(q->rest, "cart-03/t160/receipt") == 0)
        return answer(reply, json_incref(json_object_get(rest, "receipt")));
    if (strncmp(q->rest, "cart-02/t160/", 13) != 0)
        return error_set(err, TRUNDLE_NOT_FOUND, "trip", "its clips may be here", "its file was not handed in");
    if (sscanf(q->rest + 13, "frames/%u/%u", &camera, &frame) == 2) {
        reply->type = "image/jpeg";
        return timeline_frame(trip_path, camera, frame, &reply->body, err);
    }
    if (model && strcmp(model, "careless") != 0)
        return error_set(err, TRUNDLE_NOT_FOUND, "model", "GET /api/v1/bundles lists them", "there is no bundle %.40s", model);
    TRY(model ? timeline_mind_json(trip_path, &mind, &value, err) : timeline_json(trip_path, &value, err));
    return answer(reply, value);
}

int main(int argc, char **argv)
{
    static const struct http_route routes[] = {
        { "GET", "/api/v1/session", session, NULL },         { "POST", "/api/v1/session", sign_in, NULL },          { "GET", "/api/v1/carts", list, NULL },
        { "GET", "/api/v1/trips", list, NULL },              { "GET", "/api/v1/alerts", list, NULL },               { "GET", "/api/v1/incidents", list, NULL },
        { "GET", "/api/v1/drift", list, NULL },              { "GET", "/api/v1/incidents/", incident_get, NULL },   { "POST", "/api/v1/incidents/", incident_post, NULL },
        { "POST", "/api/v1/alerts/", alert_post, NULL },     { "POST", "/api/v1/rollouts/", rollout_post, NULL },   { "GET", "/api/v1/trips/", trip, NULL },
        { "GET", "/api/v1/", recorded, NULL },
    };
    struct http_config config = { .address = argc > 3 ? argv[3] : "127.0.0.1:0", .routes = routes, .routes_n = COUNT_OF(routes), .files = pages, .files_n = COUNT_OF(pages),
                                  .policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
                                            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" };
    struct watch_config settings = WATCH_CONFIG_DEFAULT;
    struct http_server *server = NULL;
    struct trundle_error err = { 0 };
    char line[256];

    if (argc < 3)
        return 2;
    trip_path = argv[1];
    must(json_parse_file(argv[2], &rest, &err), &err);
    must(db_open(":memory:", DB_CREATE, &db, &err), &err);
    must(watch_migrate(db, &err), &err);
    must(watch_new(&settings, &w, &err), &err);
    make_fleet();
    must(http_start(&config, &server, &err), &err);
    printf("{\"url\":\"%s\",\"console\":%s}\n", http_url(server), embed_hub_script_n ? "true" : "false");
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "!quit\n") != 0) {
        if (!strcmp(line, "!sign-out\n"))
            signed_in = false;
        if (!strcmp(line, "!fail\n") || !strcmp(line, "!well\n"))
            failing = !strcmp(line, "!fail\n");
    }
    http_stop(server);
    watch_free(w);
    db_close(db);
    json_decref(rest);
    return 0;
}
