/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What people and catalogs say of what carts saw: labels of clips, products by version. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 256 << 10 };

struct rows { json_t *list; char last[DEPOT_NAME]; int n; };

/* {"rows", "next"}, where a full page has a next one. */
static enum trundle_status give(struct ask *ask, struct rows *rows, int limit, enum trundle_status status, struct trundle_error *err)
{
    if (status == TRUNDLE_OK)
        return ask_rows(ask, rows->list, rows->n == limit ? rows->last : NULL, err);
    json_decref(rows->list);
    return status;
}

/* ---- labels ---- */

static void label_row(void *user, int64_t id, int64_t made_ns, const struct depot_label *l)
{
    struct rows *rows = user;
    json_t *body = json_loads(l->body, 0, NULL);

    (void)json_array_append_new(rows->list, json_pack("{s:I, s:s, s:s, s:f, s:f, s:o, s:s, s:I}", "id", (json_int_t)id, "task", l->task, "product", l->product, "t0_s", l->t0_s, "t1_s",
                                                      l->t1_s, "body", body ? body : json_null(), "who", l->who, "made_ns", (json_int_t)made_ns));
    (void)snprintf(rows->last, sizeof rows->last, "%lld", (long long)id);
    rows->n++;
}

static enum trundle_status labels(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct rows rows = { .n = 0 };
    struct list_query list;
    int64_t after = 0;

    (void)reply;
    TRY(ask_list(ask, &list, err));
    if (*list.after)
        TRY(ask_number(list.after, "after", 1, INT64_MAX, &after, err));
    rows.list = json_array();
    return give(ask, &rows, list.limit, depot_labels(ask->server->depot, ask->http->part[0], after, list.limit, label_row, &rows, err), err);
}

static enum trundle_status label_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct depot_label label = { .clip = ask->http->part[0], .task = ask_text(ask, "task"), .product = ask_text(ask, "product"), .who = ask->caller->who };
    enum trundle_status status;
    char *body = NULL;
    int64_t id = 0;

    (void)reply;
    TRY(json_take_number(&ask->body, "t0_s", -1e7, 1e7, &label.t0_s, err));
    TRY(json_take_number(&ask->body, "t1_s", -1e7, 1e7, &label.t1_s, err));
    TRY(ask_object(ask, "body", &body, err));
    label.body = body;
    status = depot_label_add(ask->server->depot, &label, ask->now_ns, &id, err);
    free(body);
    if (status == TRUNDLE_OK)
        ask->answer = json_pack("{s:I}", "id", (json_int_t)id);
    return status;
}

/* ---- products ---- */

static void product_row(void *user, const struct depot_product *p)
{
    struct rows *rows = user;
    json_t *body = json_loads(p->body, 0, NULL);

    (void)json_array_append_new(rows->list, json_pack("{s:s, s:I, s:o}", "code", p->code, "since_ns", (json_int_t)p->since_ns, "body", body ? body : json_null()));
    (void)snprintf(rows->last, sizeof rows->last, "%s", p->code);
    rows->n++;
}

static enum trundle_status products(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct rows rows = { .n = 0 };
    struct list_query list;
    enum trundle_status status;

    (void)reply;
    TRY(ask_list(ask, &list, err));
    rows.list = json_array();
    status = depot_products(ask->server->depot, *list.q ? list.q : NULL, list.after, list.limit, product_row, &rows, err);
    return give(ask, &rows, *list.q ? -1 : list.limit, status, err);
}

static enum trundle_status product_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    enum trundle_status status;
    char *body = NULL;

    (void)reply;
    TRY(ask_object(ask, "body", &body, err));
    status = depot_product_put(ask->server->depot, ask->http->part[0], body, ask->now_ns, err);
    free(body);
    return status;
}

const struct server_route label_routes[] = {
    { .method = "GET", .path = "/api/v1/clips/{clip}/labels", .who = ENGINEER | AUDITOR | ADMIN, .id = "label_list", .text = "what was said of a clip, oldest first",
      .gives = "[id:integer task:name product:text t0_s:number t1_s:number body:object who:text made_ns:time]", .run = labels },
    { .method = "POST", .path = "/api/v1/clips/{clip}/labels", .who = ENGINEER | ADMIN, .id = "label_add", .text = "says what a clip shows from t0_s to t1_s; product is a code or ?",
      .takes = "task:name product:text t0_s:number t1_s:number body?:object", .body_max = BODY_BYTES, .gives = "id:integer", .run = label_add },
    { .method = "GET", .path = "/api/v1/products", .who = ENGINEER | OPERATOR | AUDITOR | ADMIN, .id = "product_list", .text = "products as they are now, by code; q is a code: all its versions, newest first",
      .gives = "[code:text since_ns:time body:object]", .run = products },
    { .method = "PUT", .path = "/api/v1/products/{product}", .who = ENGINEER | OPERATOR | ADMIN, .id = "product_put", .text = "a version of a product: gtin: or plu: with its digits, and what the catalog says",
      .takes = "body:object", .body_max = BODY_BYTES, .run = product_put },
};
const size_t label_routes_n = COUNT_OF(label_routes);
