/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * route - what may be asked of the hub: one table row for each request, who may, and what it brings.
 *
 *     { "POST", "/api/v1/users", ADMIN, "user_add", "makes a user, and a link to sign in with", .takes = "name:name roles:roles", .gives = "link:text", .run = add }
 *
 * The dispatcher admits and checks by the rows, the OpenAPI document prints them, tests try each with each role.
 *
 * Fields ("NAME:TYPE", "NAME?:TYPE" may be missing, separated by spaces) of a JSON object; types: text (up to 1000 bytes), name (docs/hub.md, Names), roles (list of names of
 * roles), secret (text that is never logged), integer, number, bool, object, array, any, sha256, time (integer, Unix ns).
 */
#pragma once

#include "base/http/http.h"
#include "base/std/json.h"

enum server_role {
    LABELLER = 1, ENGINEER = 2, OPERATOR = 4, AUDITOR = 8, ADMIN = 16,
    PEOPLE = 31,
    CART = 32,                             /* signed by a cart's key */
    ANYONE = 64                            /* no sign-in */
};

/* Who asks; a request's note. */
struct caller {
    unsigned roles;                        /* enum server_role */
    bool token;                            /* by an API token, not by a session */
    bool by_link;                          /* by a session that a one-time link began, and that set no password since */
    char name[41];                         /* user or cart; "" nobody */
    char store[41];                        /* of a cart */
    char who[100];                         /* for logs: "ada", "ada (token ci)", "cart-7" */
    char peer[HTTP_PEER];
    uint8_t key[32], hash[32];             /* of a cart: its public key; else: the hash of session or token */
    uint8_t signature[64];
    int64_t time_s;
};

struct server;

/* One request on its way through a handler. */
struct ask {
    struct server *server;
    const struct http_request *http;
    const struct caller *caller;
    struct json_at body;                   /* fields are checked; body.value NULL when the route takes none */
    int64_t now_ns;
    json_t *answer;                        /* what the handler gives; printed and let go of by the dispatcher. NULL: reply, or 204 */
};

typedef enum trundle_status server_handler(struct ask *ask, struct http_reply *reply, struct trundle_error *err);

struct server_route {
    const char *method, *path;             /* as in http_route */
    unsigned who;                          /* roles that may; a caller needs one of them */
    const char *id, *text;                 /* name and sentence in the document; the name is also what the access log says */
    const char *takes, *gives;             /* fields; NULL none. gives "[FIELDS]": {"rows":[...],"next"} of such objects */
    const char *query;                     /* fields of the query; NULL none. Lists have limit, after, q besides */
    const char *body, *answer;             /* content types other than JSON; NULL */
    size_t body_max;                       /* 0: 64 KiB */
    bool quiet;                            /* a change that is not in the access log: of carts, or logged by whom it calls */
    server_handler *run;
};

/* All rows, in the order of the files that hold them. */
size_t server_routes(const struct server_route **out_row, size_t most);
enum { SERVER_ROUTES_MAX = 96 };

/* spec.c: does the object bring the fields, and no others? BAD_INPUT names the field. */
TRUNDLE_MUST_USE enum trundle_status spec_check(const char *fields, json_t *object, struct trundle_error *err);
/* The object as text without its secrets, cut to size. */
void spec_log(const char *fields, json_t *object, char *out, size_t size);
/* Schema of the fields (OpenAPI 3.1); the caller decrefs, NULL: no memory. */
json_t *spec_schema(const char *fields);
json_t *spec_parameters(const char *path, const char *query, bool list);

/* openapi.c */
TRUNDLE_MUST_USE enum trundle_status openapi_json(json_t **out, struct trundle_error *err);

/* role.c */
enum { ROLE_TEXT = 64 };
/* What a user of these roles may: an administrator all of it. */
unsigned role_reach(unsigned roles);
unsigned role_parse(const char *names);    /* "engineer,operator"; 0: one of them is none */
const char *role_text(unsigned roles, char out[ROLE_TEXT]);
json_t *role_list(unsigned roles);
void role_rows(json_t *rows);               /* the number under "roles" in each becomes that list */
/* From ["engineer"]; BAD_INPUT. */
TRUNDLE_MUST_USE enum trundle_status role_take(const struct json_at *at, const char *key, unsigned *out, struct trundle_error *err);
