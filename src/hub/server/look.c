/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What carts sent, for people: clips, the records of a trip, what was made of what. Every look at content is in the access log before it is given. */
#include "base/std/time.h"
#include "hub/depot/lineage.h"
#include "hub/server/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 256 << 10, CLIP_BYTES = 64 << 20, DATASET_BYTES = 64 << 20, RECORDS_MOST = 10000, ITEMS_MOST = 20000 };

static json_t *real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

struct rows { json_t *list; char last[DEPOT_SHA]; int n; };

static void clip_row(void *user, const struct depot_clip *c)
{
    static const char *const states[] = { "announced", "here", "deleted", "refused" };
    struct rows *rows = user;

    (void)json_array_append_new(rows->list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "sha256", c->sha256, "cart", c->cart, "trip",
                                                      c->trip, "trigger", c->trigger, "purpose", c->purpose, "state", states[c->state], "bytes", (json_int_t)c->bytes,
                                                      "keep_days", (json_int_t)c->keep_days, "t0_s", real(c->t0_s), "t1_s", real(c->t1_s), "worth", real(c->worth), "decision",
                                                      (json_int_t)c->decision, "announced_ns", (json_int_t)c->announced_ns, "here_ns", (json_int_t)c->here_ns, "expires_ns",
                                                      (json_int_t)c->expires_ns));
    memcpy(rows->last, c->sha256, sizeof rows->last);
    rows->n++;
}

static enum trundle_status clips(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *state = http_query(ask->http, "state");
    struct depot_clip_query query = { .cart = http_query(ask->http, "cart"), .trip = http_query(ask->http, "trip"), .purpose = http_query(ask->http, "purpose"),
                                      .trigger = http_query(ask->http, "trigger"), .state = -1 };
    struct rows rows = { .n = 0 };
    struct list_query list;
    enum trundle_status status;

    (void)reply;
    TRY(ask_list(ask, &list, err));
    if (*list.after)
        TRY(depot_sha_check(list.after, "after", err));
    if (state)
        query.state = strcmp(state, "announced") == 0 ? DEPOT_CLIP_ANNOUNCED : strcmp(state, "here") == 0 ? DEPOT_CLIP_HERE : strcmp(state, "deleted") == 0 ? DEPOT_CLIP_DELETED : strcmp(state, "refused") == 0 ? DEPOT_CLIP_REFUSED : -2;
    if (query.state == -2)
        return error_set(err, TRUNDLE_BAD_INPUT, "state", "announced, here, deleted, refused", "is none");
    query.before = *list.after ? list.after : NULL;
    query.limit = list.limit;
    if (*list.q && !query.trip)
        query.trip = list.q;
    rows.list = json_array();
    status = depot_clips(ask->server->depot, &query, clip_row, &rows, err);
    if (status == TRUNDLE_OK)
        return ask_rows(ask, rows.list, rows.n == list.limit ? rows.last : NULL, err);
    json_decref(rows.list);
    return status;
}

static enum trundle_status clip_content(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *why = http_query(ask->http, "why");
    struct seal_reader *reader = NULL;
    enum trundle_status status;

    TRY(depot_sha_check(ask->http->part[0], "clip", err));
    if (!why || !*why || strlen(why) >= DEPOT_TEXT)
        return error_set(err, TRUNDLE_BAD_INPUT, "why", "?why=what it is looked at for", "every look is logged with its reason");
    TRY(depot_clip_open(ask->server->depot, ask->http->part[0], ask->caller->who, why, ask->now_ns, &reader, err));
    status = seal_open_all(reader, CLIP_BYTES, &reply->body, err);
    seal_open_free(reader);
    reply->type = "application/octet-stream";
    (void)snprintf(reply->save_as, sizeof reply->save_as, "%.16s.mcap", ask->http->part[0]);
    return status;
}

static enum trundle_status clip_delete(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    enum trundle_status status;

    TRY(depot_sha_check(ask->http->part[0], "clip", err));
    status = depot_clip_delete(ask->server->depot, ask->http->part[0], ask->caller->who, ask_text(ask, "why"), ask->now_ns, &reply->body, err);
    open_clips_tidy(ask->server);          /* also those that somebody has open now */
    return status;
}

static enum trundle_status clip_receipt(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    TRY(depot_sha_check(ask->http->part[0], "clip", err));
    return depot_receipt_get(ask->server->depot, ask->http->part[0], &reply->body, err);
}

/* ---- trips ---- */

static void record_row(void *user, const char *cart, const struct depot_record *r, int64_t received_ns)
{
    json_t *rows = user, *body = json_loads(r->body, 0, NULL);

    (void)cart;
    (void)json_array_append_new(rows, json_pack("{s:I, s:I, s:I, s:s, s:I, s:o}", "boot", (json_int_t)r->boot, "sequence", (json_int_t)r->sequence, "t_ns", (json_int_t)r->t_ns,
                                                "kind", r->kind, "received_ns", (json_int_t)received_ns, "body", body ? body : json_null()));
}

static enum trundle_status trip_records(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *cart = ask->http->part[0], *trip = ask->http->part[1];
    json_t *rows;
    char ref[DEPOT_NAME * 2];
    enum trundle_status status;

    (void)reply;
    TRY(depot_name_check(cart, "cart", err));
    TRY(depot_name_check(trip, "trip", err));
    (void)snprintf(ref, sizeof ref, "%s/%s", cart, trip);
    TRY(ask_log(ask, "trip_records", "trip", ref, "", err));
    rows = json_array();
    status = depot_trip_records(ask->server->depot, cart, trip, RECORDS_MOST, record_row, rows, err);
    if (status == TRUNDLE_OK)
        return ask_rows(ask, rows, NULL, err);
    json_decref(rows);
    return status;
}

/* ---- what was made of what ---- */

static void dataset_row(void *user, const struct depot_dataset *d)
{
    (void)json_array_append_new(user, json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:b}", "id", d->id, "name", d->name, "version", (json_int_t)d->version, "parent", d->parent,
                                                "members", (json_int_t)d->members, "made_ns", (json_int_t)d->made_ns, "reduced", (int)d->reduced));
}

static enum trundle_status datasets(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct list_query list;
    json_t *rows;
    enum trundle_status status;

    (void)reply;
    TRY(ask_list(ask, &list, err));
    rows = json_array();
    status = depot_datasets(ask->server->depot, *list.q ? list.q : NULL, dataset_row, rows, err);
    if (status == TRUNDLE_OK)
        return ask_rows(ask, rows, NULL, err);
    json_decref(rows);
    return status;
}

static enum trundle_status dataset_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct depot_dataset set;

    (void)reply;
    TRY(depot_dataset_make(ask->server->depot, ask->http->body, ask->http->body_n, ask->caller->who, ask->now_ns, &set, err));
    ask->answer = json_pack("{s:s, s:s, s:I}", "id", set.id, "name", set.name, "version", (json_int_t)set.version);
    return TRUNDLE_OK;
}

static void item_row(void *user, const struct depot_lineage_item *i)
{
    json_t *rows = user, *body;

    if (json_array_size(rows) >= ITEMS_MOST)
        return;
    body = json_loads(i->body && *i->body ? i->body : "{}", 0, NULL);
    (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:i, s:s, s:s, s:o, s:o, s:b, s:b}", "kind", i->kind, "ref", i->ref, "body", body ? body : json_null(), "depth", i->depth,
                                                "cart", i->cart, "trip", i->trip, "t0_s", real(i->t0_s), "t1_s", real(i->t1_s), "deleted", (int)i->deleted, "tainted", (int)i->tainted));
}

static enum trundle_status lineage(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *kind = http_query(ask->http, "kind"), *ref = http_query(ask->http, "ref"), *way = http_query(ask->http, "way");
    json_t *rows;
    double seconds = 0;
    enum trundle_status status;

    (void)reply;
    if (!kind || !ref || (way && strcmp(way, "back") != 0 && strcmp(way, "on") != 0))
        return error_set(err, TRUNDLE_BAD_INPUT, "query", "?kind=metric&ref=m1/step_recall&way=back", "takes kind, ref, and way, which is back or on");
    rows = json_array();
    status = depot_lineage(ask->server->depot, kind, ref, way && *way == 'o' ? DEPOT_ON : DEPOT_BACK, item_row, rows, &seconds, err);
    if (status != TRUNDLE_OK) {
        json_decref(rows);
        return status;
    }
    ask->answer = json_pack("{s:o, s:n, s:o}", "rows", rows, "next", "seconds", real(seconds));
    return TRUNDLE_OK;
}

enum { PARENTS = 64 };

static enum trundle_status take_parents(const struct ask *ask, char text[PARENTS][3][DEPOT_REF], struct depot_parent *out, size_t *out_n, struct trundle_error *err)
{
    struct json_at list, at;

    TRY(json_take_array(&ask->body, "parents", 0, PARENTS, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &at, err));
        TRY(spec_check("kind:name ref:text split?:name", at.value, err));
        TRY(json_take_text(&at, "kind", text[i][0], DEPOT_REF, err));
        TRY(json_take_text(&at, "ref", text[i][1], DEPOT_REF, err));
        if (json_has(&at, "split"))
            TRY(json_take_text(&at, "split", text[i][2], DEPOT_REF, err));
        out[i] = (struct depot_parent){ text[i][0], text[i][1], *text[i][2] ? text[i][2] : NULL };
    }
    *out_n = json_length(&list);
    return TRUNDLE_OK;
}

static enum trundle_status node_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char text[PARENTS][3][DEPOT_REF] = { 0 }, *body;
    struct depot_parent parent[PARENTS];
    struct depot_node node = { .kind = ask_text(ask, "kind"), .ref = ask_text(ask, "ref"), .parent = parent };
    enum trundle_status status;

    (void)reply;
    TRY(take_parents(ask, text, parent, &node.parents, err));
    TRY(ask_object(ask, "body", &body, err));
    node.body = body;
    status = depot_node_add(ask->server->depot, &node, ask->now_ns, err);
    free(body);
    return status;
}

#define CLIP_FIELDS "sha256:sha256 cart:name trip:text trigger:text purpose:text state:text bytes:integer keep_days:integer t0_s:number t1_s:number worth?:number decision:integer " \
                    "announced_ns:time here_ns:time expires_ns:time"

const struct server_route look_routes[] = {
    { .method = "GET", .path = "/api/v1/clips", .who = ENGINEER | AUDITOR | ADMIN, .id = "clip_list", .text = "clips, newest first; q is a trip",
      .query = "cart?:text trip?:text purpose?:text trigger?:text state?:text", .gives = "[" CLIP_FIELDS "]", .run = clips },
    { .method = "GET", .path = "/api/v1/clips/{clip}/content", .who = ENGINEER | AUDITOR | ADMIN, .id = "clip_content", .text = "opens a clip; the look and its reason are in the access log first",
      .query = "why:text", .answer = "application/octet-stream", .run = clip_content },
    { .method = "DELETE", .path = "/api/v1/clips/{clip}", .who = ENGINEER | ADMIN, .id = "clip_delete", .text = "removes a clip for ever, following what was made of it; gives the receipt",
      .takes = "why:text", .gives = "receipt?:any signature?:any", .quiet = false, .run = clip_delete },
    { .method = "GET", .path = "/api/v1/clips/{clip}/receipt", .who = ENGINEER | AUDITOR | ADMIN, .id = "clip_receipt", .text = "the receipt of a clip that was deleted",
      .gives = "receipt?:any signature?:any", .run = clip_receipt },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/records", .who = ENGINEER | AUDITOR | ADMIN, .id = "trip_records", .text = "what a cart said during a trip; the look is logged",
      .gives = "[boot:integer sequence:integer t_ns:time kind:text received_ns:time body:object]", .run = trip_records },
    { .method = "GET", .path = "/api/v1/datasets", .who = ENGINEER | AUDITOR | ADMIN, .id = "dataset_list", .text = "datasets and their versions; q is a name",
      .gives = "[id:sha256 name:name version:integer parent:text members:integer made_ns:time reduced:bool]", .run = datasets },
    { .method = "POST", .path = "/api/v1/datasets", .who = ENGINEER | ADMIN, .id = "dataset_add", .text = "a version of a dataset, from its manifest",
      .takes = "name:name parent?:sha256 note?:text members:array", .body_max = DATASET_BYTES, .gives = "id:sha256 name:name version:integer", .run = dataset_add },
    { .method = "GET", .path = "/api/v1/lineage", .who = ENGINEER | AUDITOR | ADMIN, .id = "lineage", .text = "what something was made of, or what was made of it", .query = "kind:text ref:text way?:text",
      .gives = "rows:array next:any seconds:number", .run = lineage },
    { .method = "POST", .path = "/api/v1/lineage", .who = ENGINEER | ADMIN, .id = "lineage_add", .text = "says what a run, model, metric, report or bundle was made of",
      .takes = "kind:name ref:text body?:object parents:array", .body_max = BODY_BYTES, .run = node_add },
};
const size_t look_routes_n = COUNT_OF(look_routes);
