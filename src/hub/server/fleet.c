/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What operators do with carts: invite them, take them out of service, say what they keep. */
#include "base/std/time.h"
#include "cart/capture/policy.h"
#include "hub/server/inside.h"
#include "hub/ship/ship.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INVITE_DAYS = 7, INVITE_DAYS_MOST = 90, CODE_BYTES = 16, INVITE_ID = 13, POLICY_BYTES = 32 << 10 };

/* ---- invitations ---- */

struct invite {
    const char *store, *cart, *who;
    int64_t made_ns, expires_ns;
    char code[40], id[INVITE_ID];
};

static enum trundle_status invite_job(struct db *db, void *user, struct trundle_error *err)
{
    struct invite *i = user;
    uint8_t hash[32];

    key_hash(i->code, hash);
    (void)sodium_bin2hex(i->id, sizeof i->id, hash, INVITE_ID / 2);
    TRY(db_do(db, err, "INSERT INTO server_invite(hash, id, store, cart, who, made_ns, expires_ns, used_ns, used_by) VALUES(?, ?, ?, ?, ?, ?, ?, 0, '')", "bttttii", hash, sizeof hash,
              i->id, i->store, i->cart, i->who, i->made_ns, i->expires_ns));
    return depot_access_in(db, &(struct depot_access){ i->who, "invite_add", "invite", i->id, i->cart }, i->made_ns, err);
}

static enum trundle_status invite(struct depot *d, struct invite *i, int64_t days, struct trundle_error *err)
{
    unsigned char random[CODE_BYTES];

    TRY(depot_name_check(i->store, "store", err));
    if (*i->cart)
        TRY(depot_name_check(i->cart, "cart", err));
    if (days < 1 || days > INVITE_DAYS_MOST)
        return error_set(err, TRUNDLE_BAD_INPUT, "days", NULL, "must be 1 to %d", INVITE_DAYS_MOST);
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2hex(i->code, sizeof i->code, random, sizeof random);
    i->expires_ns = i->made_ns + days * NS_PER_DAY;
    return depot_write(d, invite_job, i, err);
}

enum trundle_status server_invite(struct depot *d, const char *store, const char *cart, const char *who, int days, int64_t now_ns, struct server_invitation *out,
                                  struct trundle_error *err)
{
    struct invite i = { .store = store, .cart = cart, .who = who, .made_ns = now_ns };
    struct bytes certificate = { 0 };
    enum trundle_status status = TRUNDLE_OK;

    TRY(invite(d, &i, days, err));
    memset(out, 0, sizeof *out);
    memcpy(out->code, i.code, sizeof i.code);
    out->expires_ns = i.expires_ns;
    if (depot_secret_get(d, SECRET_CERTIFICATE, &certificate, NULL) == TRUNDLE_OK)
        status = http_certificate_pin((const char *)certificate.data, out->pin, err);
    bytes_done(&certificate);
    return status;
}

static enum trundle_status invite_add(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct invite i = { .store = ask_text(ask, "store"), .cart = ask_text(ask, "cart"), .who = ask->caller->who, .made_ns = ask->now_ns };
    int64_t days = INVITE_DAYS;

    (void)reply;
    if (json_has(&ask->body, "days"))
        TRY(json_take_integer(&ask->body, "days", 1, INVITE_DAYS_MOST, &days, err));
    TRY(invite(ask->server->depot, &i, days, err));
    ask->answer = json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", i.id, "code", i.code, "store", i.store, "pin", ask->server->pin, "expires_ns", (json_int_t)i.expires_ns);
    sodium_memzero(i.code, sizeof i.code);
    return TRUNDLE_OK;
}

static enum trundle_status invite_rows(struct db *db, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;

    TRY(db_query(db, &s, err, "SELECT id, store, cart, who, made_ns, expires_ns, used_ns, used_by FROM server_invite ORDER BY made_ns DESC LIMIT 1000", ""));
    return db_rows(s, "t id|t store|t cart|t who|i made_ns|i expires_ns|i used_ns|t used_by", out, err);
}

static enum trundle_status invites(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    (void)reply;
    return ask_list_of(ask, invite_rows, err);
}

static enum trundle_status invite_end_job(struct db *db, void *user, struct trundle_error *err)
{
    TRY(db_do(db, err, "DELETE FROM server_invite WHERE id = ? AND used_ns = 0", "t", (const char *)user));
    return db_changes(db) ? TRUNDLE_OK : error_set(err, TRUNDLE_NOT_FOUND, "invite", NULL, "there is none of that id, or it was used");
}

static enum trundle_status invite_end(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char id[INVITE_ID];

    (void)reply;
    (void)snprintf(id, sizeof id, "%s", strlen(ask->http->part[0]) < sizeof id ? ask->http->part[0] : "");
    return depot_write(ask->server->depot, invite_end_job, id, err);
}

/* ---- carts and policies ---- */

struct retire { const char *cart; const struct watch *watch; int64_t now_ns; };

static enum trundle_status retire_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct retire *r = user;
    struct cart_row cart;

    TRY(cart_find(db, r->cart, &cart, err));
    TRY(db_do(db, err, "UPDATE server_cart SET off_ns = ? WHERE name = ?", "it", r->now_ns, r->cart));
    TRY(ship_cart_put(db, &(struct ship_cart){ cart.name, cart.store, cart.hardware, true }, err));
    return watch_retire(r->watch, db, r->cart, r->now_ns, err);
}

static enum trundle_status cart_off(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct retire r = { ask->http->part[0], ask->server->watch, ask->now_ns };

    (void)reply;
    return depot_write(ask->server->depot, retire_job, &r, err);
}

/* The policy of a store, or that of all; {} when nobody set one: the cart has its defaults. */
enum trundle_status policy_of(struct db *db, const char *store, json_t **out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    json_t *policy = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_query(db, &s, err, "SELECT body FROM server_policy WHERE store IN (?, '') ORDER BY store DESC LIMIT 1", "t", store), out);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        status = json_parse(db_text(s, 0), strlen(db_text(s, 0)), "policy", &policy, err);
    else if (status == TRUNDLE_END)
        status = (policy = json_object()) ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "policy", NULL, "no memory");
    if (status == TRUNDLE_OK)
        *out = policy;
out:
    db_free(s);
    return status;
}

struct policy { const char *store; char *body; };

static enum trundle_status policy_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct policy *p = user;

    return db_do(db, err, "INSERT INTO server_policy(store, body) VALUES(?, ?) ON CONFLICT(store) DO UPDATE SET body = excluded.body", "tt", p->store, p->body);
}

/* Carts keep the policy that they have when they cannot read a new one: nobody would notice. */
static enum trundle_status policy_check(const char *text, struct trundle_error *err)
{
    struct capture_policy *read = malloc(sizeof *read);
    enum trundle_status status;

    if (!read)
        return error_set(err, TRUNDLE_NO_MEMORY, "policy", NULL, "no memory");
    status = policy_parse(text, strlen(text), "policy", read, err);
    free(read);
    return status;
}

static enum trundle_status policy_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct policy p = { ask_text(ask, "store"), json_dumps(json_object_get(ask->body.value, "policy"), JSON_COMPACT) };
    enum trundle_status status;

    (void)reply;
    if (!p.body || strlen(p.body) > POLICY_BYTES)
        status = error_set(err, TRUNDLE_TOO_LARGE, "policy", NULL, "has more than %d bytes", POLICY_BYTES);
    else
        status = policy_check(p.body, err);
    if (status == TRUNDLE_OK)
        status = depot_write(ask->server->depot, policy_job, &p, err);
    free(p.body);
    return status;
}

static enum trundle_status policy_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *store = http_query(ask->http, "store");
    struct db *db = NULL;
    json_t *policy = NULL;
    enum trundle_status status;

    (void)reply;
    if (store && *store)
        TRY(depot_name_check(store, "store", err));
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = policy_of(db, store ? store : "", &policy, err);
    depot_read_end(ask->server->depot, db);
    if (status == TRUNDLE_OK)
        ask->answer = json_pack("{s:s, s:o}", "store", store ? store : "", "policy", policy);
    return status;
}

const struct server_route fleet_routes[] = {
    { .method = "GET", .path = "/api/v1/invites", .who = OPERATOR | AUDITOR | ADMIN, .id = "invite_list", .text = "codes that were made, and who used them",
      .gives = "[id:text store:name cart:text who:text made_ns:time expires_ns:time used_ns:time used_by:text]", .run = invites },
    { .method = "POST", .path = "/api/v1/invites", .who = OPERATOR | ADMIN, .id = "invite_add", .text = "a code with which one cart may join; shown this once",
      .takes = "store:name cart?:name days?:integer", .gives = "id:text code:text store:name pin:text expires_ns:time", .run = invite_add },
    { .method = "DELETE", .path = "/api/v1/invites/{invite}", .who = OPERATOR | ADMIN, .id = "invite_end", .text = "takes an unused code back, by its id", .run = invite_end },
    { .method = "DELETE", .path = "/api/v1/carts/{cart}", .who = OPERATOR | ADMIN, .id = "cart_off", .text = "takes a cart out of service: its key is worth nothing from now on",
      .run = cart_off },
    { .method = "GET", .path = "/api/v1/policy", .who = OPERATOR | ENGINEER | AUDITOR | ADMIN, .id = "policy_get", .text = "what carts of a store keep", .query = "store?:name",
      .gives = "store:text policy:object", .run = policy_get },
    { .method = "PUT", .path = "/api/v1/policy", .who = ENGINEER | OPERATOR | ADMIN, .id = "policy_put", .text = "sets it; without a store: for all that have none of their own",
      .takes = "store?:name policy:object", .run = policy_put },
};
const size_t fleet_routes_n = COUNT_OF(fleet_routes);
