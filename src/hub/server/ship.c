/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bundles, keyrings, rollouts: the room ship behind the API. A bundle that is uploaded lies in DIR/part until it is whole, verified and a blob. */
#include "base/std/hash.h"
#include "base/std/time.h"
#include "hub/server/inside.h"
#include "hub/ship/ship.h"

#include <stdio.h>
#include <string.h>

enum { PART_BYTES = 8 << 20 };
#define SEES (ENGINEER | OPERATOR | AUDITOR | ADMIN)

/* ---- bundles ---- */

static enum trundle_status bundles(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return ask_list_of(ask, ship_bundles_json, err);
}

static enum trundle_status bundle_card(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    enum trundle_status status;

    (void)reply;
    TRY(depot_sha_check(ask->http->part[0], "bundle", err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = ship_bundle_json(db, ask->http->part[0], &ask->answer, err);
    depot_read_end(ask->server->depot, db);
    return status;
}

/* Only what ship knows: a clip is a blob too. */
static enum trundle_status bundle_bytes(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    json_t *known = NULL;
    const char *sha256 = ask->http->part[0];
    enum trundle_status status;

    TRY(depot_sha_check(sha256, "bundle", err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = ship_bundle_json(db, sha256, &known, err);
    depot_read_end(ask->server->depot, db);
    json_decref(known);
    if (status != TRUNDLE_OK)
        return status;
    (void)snprintf(reply->path, sizeof reply->path, "%s/blob/%.2s/%s", depot_folder(ask->server->depot), sha256, sha256);
    (void)snprintf(reply->tag, sizeof reply->tag, "%s", sha256);
    reply->type = "application/octet-stream";
    return TRUNDLE_OK;
}

/* Who brings a bundle does not learn where the hub keeps it. */
static void not_our_path(const char *path, struct trundle_error *err)
{
    size_t n = strlen(path);
    char rest[sizeof err->where];

    if (!err || strncmp(err->where, path, n) != 0)
        return;
    (void)snprintf(rest, sizeof rest, "%s", err->where + n);
    (void)snprintf(err->where, sizeof err->where, "bundle%.*s", (int)(sizeof err->where - 8), rest);
}

/* The rows, with their turn: nothing is read or hashed in here. */
static enum trundle_status add_rows(struct ask *ask, const struct ship_checked *checked, const char *sha256, struct trundle_error *err)
{
    struct depot *d = ask->server->depot;
    char owner[DEPOT_SHA + 8];
    struct db *db;
    enum trundle_status status;

    (void)snprintf(owner, sizeof owner, "bundle:%s", sha256);
    depot_lock(d);
    db = depot_db(d);
    status = db_begin(db, err);            /* the two are one: a bundle whose blob nobody holds would be in no backup */
    if (status == TRUNDLE_OK)
        status = ship_bundle_add(db, checked, ask->caller->who, ask->now_ns, &ask->answer, NULL, err);
    if (status == TRUNDLE_OK)
        status = watch_calibrate(db, sha256, json_object_get(ask->answer, "calibration"), err);
    if (status == TRUNDLE_OK)
        status = depot_blob_name(d, db, sha256, owner, ask->now_ns, err);
    if (status == TRUNDLE_OK)
        status = db_commit(db, err);
    if (status != TRUNDLE_OK)
        db_rollback(db);
    depot_unlock(d);
    return status;
}

static enum trundle_status check(struct ask *ask, const char *path, struct ship_checked **out, struct trundle_error *err)
{
    struct db *db = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = ship_bundle_check(db, path, out, NULL, err);
    depot_read_end(ask->server->depot, db);
    return status;
}

/* The whole file: a blob, then a bundle, then the blob has an owner. Any of them may fail; what is left then is litter, or an upload that is begun again. */
static enum trundle_status take_bundle(struct ask *ask, const char *path, struct trundle_error *err)
{
    struct ship_checked *checked = NULL;
    char sha256[DEPOT_SHA];
    int64_t bytes;
    enum trundle_status status = TRUNDLE_AGAIN;

    TRY(depot_blob_put_file(ask->server->depot, path, sha256, &bytes, err));
    if (strcmp(sha256, ask->http->part[0]) != 0)
        return error_set(err, TRUNDLE_CORRUPT, "bundle", "send it again", "what came has the sha256 %s", sha256);
    for (int tries = 0; tries < 3 && status == TRUNDLE_AGAIN; tries++) {          /* a keyring that came meanwhile may have revoked the key */
        TRY(check(ask, path, &checked, err));
        status = add_rows(ask, checked, sha256, err);
        ship_bundle_checked_free(checked);
        checked = NULL;
    }
    return status;
}

static enum trundle_status bundle_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct upload upload;
    enum trundle_status status = TRUNDLE_OK;

    (void)reply;
    TRY(depot_sha_check(ask->http->part[0], "bundle", err));
    TRY(upload_part(ask, ask->http->part[0], false, UPLOAD_BYTES, &upload, err));
    if (upload.whole)
        status = take_bundle(ask, upload.path, err);
    if (status != TRUNDLE_OK)
        not_our_path(upload.path, err);
    upload_end(&upload, upload.whole);
    if (status == TRUNDLE_OK && !ask->answer)
        ask->answer = json_object();
    if (status == TRUNDLE_OK)
        (void)json_object_set_new(ask->answer, "have", json_integer(upload.have));
    return status;
}

/* ---- keyrings ---- */

static enum trundle_status trust_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *after = http_query(ask->http, "after");
    struct db *db = NULL;
    json_t *rows = NULL;
    int64_t serial = 0;
    enum trundle_status status;

    (void)reply;
    if (after)
        TRY(ask_number(after, "after", 0, INT64_MAX, &serial, err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = ship_trust_json(db, serial, &rows, err);
    depot_read_end(ask->server->depot, db);
    return status == TRUNDLE_OK ? ask_rows(ask, rows, NULL, err) : status;
}

static enum trundle_status trust_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    enum trundle_status status;

    (void)reply;
    depot_lock(ask->server->depot);
    status = ship_trust_put(depot_db(ask->server->depot), ask->http->body, ask->http->body_n, ask->caller->who, ask->now_ns, err);
    depot_unlock(ask->server->depot);
    return status;
}

/* ---- rollouts ---- */

static enum trundle_status rollouts(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return ask_list_of(ask, ship_rollouts_json, err);
}

static enum trundle_status rollout_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct db *db = NULL;
    int64_t id;
    enum trundle_status status;

    (void)reply;
    TRY(ask_number(ask->http->part[0], "rollout", 1, INT64_MAX, &id, err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = ship_rollout_json(db, id, ask->now_ns, &ask->answer, err);
    depot_read_end(ask->server->depot, db);
    return status;
}

/* A change of the fleet belongs on the time line of incidents too. */
static void tell_watch(struct ask *ask, struct db *db, const char *kind, const char *text, const char *ref)
{
    server_complain(ask->server, "watch_event", watch_event_add(ask->server->watch, db, &(struct watch_event){ kind, "", "", ask->caller->who, text, ref, ask->now_ns }, NULL));
}

static enum trundle_status rollout_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    enum trundle_status status;

    (void)reply;
    depot_lock(ask->server->depot);
    status = ship_rollout_make(depot_db(ask->server->depot), ask->body.value, ask->caller->who, ask->now_ns, &ask->answer, err);
    depot_unlock(ask->server->depot);
    return status;
}

static enum trundle_status rollout_act(struct ask *ask, const char *kind, struct trundle_error *err)
{
    const char *why = ask_text(ask, "why");
    bool force = json_is_true(json_object_get(ask->body.value, "force"));
    struct db *db;
    int64_t id;
    enum trundle_status status;

    TRY(ask_number(ask->http->part[0], "rollout", 1, INT64_MAX, &id, err));
    depot_lock(ask->server->depot);
    db = depot_db(ask->server->depot);
    if (strcmp(kind, "advance") == 0)
        status = ship_rollout_advance(db, id, ask->caller->who, why, force, ask->now_ns, &ask->answer, err);
    else if (strcmp(kind, "stop") == 0)
        status = ship_rollout_stop(db, id, ask->caller->who, why, ask->now_ns, &ask->answer, err);
    else
        status = ship_rollout_rollback(db, id, ask->caller->who, why, ask->now_ns, &ask->answer, err);
    if (status == TRUNDLE_OK)
        tell_watch(ask, db, strcmp(kind, "rollback") == 0 ? "rollback" : "rollout", why, ask->http->part[0]);
    depot_unlock(ask->server->depot);
    return status;
}

static enum trundle_status rollout_advance(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return rollout_act(ask, "advance", err);
}

static enum trundle_status rollout_stop(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return rollout_act(ask, "stop", err);
}

static enum trundle_status rollout_rollback(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return rollout_act(ask, "rollback", err);
}

#define ROLLOUT_FIELDS "id:integer name:text bundle:any state:text stage:integer"

const struct server_route ship_routes[] = {
    { .method = "GET", .path = "/api/v1/bundles", .who = SEES, .id = "bundle_list", .text = "bundles that the hub has, newest serial first",
      .gives = "[sha256:sha256 bytes:integer name:name serial:integer made_ns:time hardware:array by:text added_ns:time]", .run = bundles },
    { .method = "GET", .path = "/api/v1/bundles/{bundle}", .who = CART | SEES, .id = "bundle_get", .text = "the bundle's bytes, with Range", .answer = "application/octet-stream",
      .run = bundle_bytes },
    { .method = "GET", .path = "/api/v1/bundles/{bundle}/card", .who = SEES, .id = "bundle_card", .text = "what a bundle says of itself",
      .gives = "sha256:sha256 bytes:integer name:name serial:integer made_ns:time hardware:array by:text added_ns:time", .run = bundle_card },
    { .method = "PUT", .path = "/api/v1/bundles/{bundle}", .who = ENGINEER | ADMIN, .id = "bundle_put", .text = "a part of a bundle of size bytes, from offset on; the last one verifies it",
      .query = "offset:integer size:integer", .body = "application/octet-stream", .body_max = PART_BYTES, .gives = "have:integer", .run = bundle_put },
    { .method = "GET", .path = "/api/v1/trust", .who = CART | SEES, .id = "trust_get", .text = "keyrings with a serial above after, oldest first", .query = "after?:integer",
      .gives = "rows:array next:any", .run = trust_get },
    { .method = "PUT", .path = "/api/v1/trust", .who = ADMIN, .id = "trust_put", .text = "a keyring that follows the newest", .takes = "trust:object signatures:array", .run = trust_put },
    { .method = "GET", .path = "/api/v1/rollouts", .who = SEES, .id = "rollout_list", .text = "rollouts, newest first", .gives = "[" ROLLOUT_FIELDS "]", .run = rollouts },
    { .method = "POST", .path = "/api/v1/rollouts", .who = ENGINEER | ADMIN, .id = "rollout_add", .text = "makes a draft",
      .takes = "bundle:text name?:text by?:text stores?:array stages?:array alpha?:number auto?:bool", .gives = ROLLOUT_FIELDS, .run = rollout_add },
    { .method = "GET", .path = "/api/v1/rollouts/{rollout}", .who = SEES, .id = "rollout_get", .text = "all of a rollout: stages, carts, the gate's numbers, what happened", .gives = ROLLOUT_FIELDS,
      .run = rollout_get },
    { .method = "POST", .path = "/api/v1/rollouts/{rollout}/advance", .who = OPERATOR | ADMIN, .id = "rollout_advance", .text = "starts it, or goes to the next stage", .takes = "why:text force?:bool",
      .gives = ROLLOUT_FIELDS, .run = rollout_advance },
    { .method = "POST", .path = "/api/v1/rollouts/{rollout}/stop", .who = OPERATOR | ADMIN, .id = "rollout_stop", .text = "no further cart gets it", .takes = "why:text", .gives = ROLLOUT_FIELDS,
      .run = rollout_stop },
    { .method = "POST", .path = "/api/v1/rollouts/{rollout}/rollback", .who = OPERATOR | ADMIN, .id = "rollout_rollback", .text = "every cart goes back", .takes = "why:text", .gives = ROLLOUT_FIELDS,
      .run = rollout_rollback },
};
const size_t ship_routes_n = COUNT_OF(ship_routes);
