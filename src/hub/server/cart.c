/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What carts ask for: to join, to be heard, what to run. */
#include "base/std/time.h"
#include "hub/server/inside.h"
#include "hub/ship/ship.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct limit_rule join_tries = { 20, 1.0 / 6 };

/* ---- joining ---- */

struct join {
    uint8_t code_hash[32];
    struct cart_row cart;                  /* name "": the hub chooses */
    const char *who;
    int64_t now_ns;
};

static enum trundle_status take_code(struct db *db, struct join *j, bool *out_again, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    const void *key;
    size_t n;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT store, cart, expires_ns, used_ns, used_by, used_key FROM server_invite WHERE hash = ?", &s, err), out);
    db_bind_blob(s, 1, j->code_hash, sizeof j->code_hash);
    status = db_step(s, err);
    if (status == TRUNDLE_END || (status == TRUNDLE_OK && db_integer(s, 2) <= j->now_ns)) {
        status = error_set(err, TRUNDLE_NOT_FOUND, "code", "trundle hub invite makes a new one", "there is no such code, or its time is over");
        goto out;
    }
    if (status != TRUNDLE_OK)
        goto out;
    (void)snprintf(j->cart.store, sizeof j->cart.store, "%s", db_text(s, 0));
    if (db_text(s, 1)[0])
        (void)snprintf(j->cart.name, sizeof j->cart.name, "%s", db_text(s, 1));
    *out_again = false;
    if (db_integer(s, 3)) {                /* a cart whose answer was lost asks again with the same key */
        key = db_blob(s, 5, &n);
        *out_again = n == sizeof j->cart.key && memcmp(key, j->cart.key, n) == 0;
        (void)snprintf(j->cart.name, sizeof j->cart.name, "%s", db_text(s, 4));
        if (!*out_again)
            status = error_set(err, TRUNDLE_CONFLICT, "code", "trundle hub invite makes a new one", "this code was used");
    }
out:
    db_free(s);
    return status;
}

static enum trundle_status choose_name(struct db *db, struct join *j, struct trundle_error *err)
{
    struct cart_row there;
    enum trundle_status status;

    for (int i = 1; !j->cart.name[0] && i < 100000; i++) {
        char name[41];

        (void)snprintf(name, sizeof name, "cart-%d", i);
        status = cart_find(db, name, &there, err);
        if (status == TRUNDLE_NOT_FOUND)
            memcpy(j->cart.name, name, sizeof name);
        else if (status != TRUNDLE_OK)
            return status;
    }
    status = cart_find(db, j->cart.name, &there, err);
    if (status == TRUNDLE_OK && memcmp(there.key, j->cart.key, sizeof there.key) != 0 && !there.off_ns)
        return error_set(err, TRUNDLE_CONFLICT, "name", "choose another, or take that cart out of service first", "there is a cart %s with another key", there.name);
    return status == TRUNDLE_OK || status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

static enum trundle_status join_job(struct db *db, void *user, struct trundle_error *err)
{
    struct join *j = user;
    struct db_statement *s = NULL;
    bool again = false;
    enum trundle_status status;

    TRY(take_code(db, j, &again, err));
    if (again)
        return cart_find(db, j->cart.name, &j->cart, err);
    TRY(choose_name(db, j, err));
    TRY_GOTO(status, db_prepare(db, "INSERT INTO server_cart(name, store, key, hardware, joined_ns, off_ns) VALUES(?, ?, ?, ?, ?, 0) ON CONFLICT(name) DO UPDATE SET "
                                    "store = excluded.store, key = excluded.key, hardware = excluded.hardware, joined_ns = excluded.joined_ns, off_ns = 0", &s, err), out);
    db_bind_text(s, 1, j->cart.name);
    db_bind_text(s, 2, j->cart.store);
    db_bind_blob(s, 3, j->cart.key, sizeof j->cart.key);
    db_bind_text(s, 4, j->cart.hardware);
    db_bind_integer(s, 5, j->now_ns);
    status = db_run(s, err);
    if (status == TRUNDLE_CONFLICT)
        status = error_set(err, TRUNDLE_CONFLICT, "public_key", "remove identity.json on one of them", "another cart has this key");
    if (status != TRUNDLE_OK)
        goto out;
    db_free(s);
    s = NULL;
    TRY_GOTO(status, db_prepare(db, "UPDATE server_invite SET used_ns = ?, used_by = ?, used_key = ? WHERE hash = ?", &s, err), out);
    db_bind_integer(s, 1, j->now_ns);
    db_bind_text(s, 2, j->cart.name);
    db_bind_blob(s, 3, j->cart.key, sizeof j->cart.key);
    db_bind_blob(s, 4, j->code_hash, sizeof j->code_hash);
    TRY_GOTO(status, db_run(s, err), out);
    TRY_GOTO(status, ship_cart_put(db, &(struct ship_cart){ j->cart.name, j->cart.store, j->cart.hardware, false }, err), out);
    status = depot_access_in(db, &(struct depot_access){ j->who, "join", "cart", j->cart.name, j->cart.store }, j->now_ns, err);
out:
    db_free(s);
    return status;
}

static enum trundle_status trust_of(struct depot *d, json_t **out, struct trundle_error *err)
{
    struct bytes text = { 0 };
    enum trundle_status status;

    depot_lock(d);
    status = ship_trust_text(depot_db(d), &text, err);
    depot_unlock(d);
    if (status == TRUNDLE_NOT_FOUND) {
        *out = json_null();
        return TRUNDLE_OK;
    }
    if (status == TRUNDLE_OK)
        status = json_parse(text.data, text.n, "trust.json", out, err);
    bytes_done(&text);
    return status;
}

static enum trundle_status join_answer(struct ask *ask, const struct join *j, struct trundle_error *err)
{
    struct db *db = NULL;
    json_t *policy = NULL, *trust = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = policy_of(db, j->cart.store, &policy, err);
    depot_read_end(ask->server->depot, db);
    if (status == TRUNDLE_OK)
        status = trust_of(ask->server->depot, &trust, err);
    if (status != TRUNDLE_OK) {
        json_decref(policy);
        return status;
    }
    ask->answer = json_pack("{s:s, s:s, s:s, s:o, s:o}", "cart", j->cart.name, "store", j->cart.store, "seal_key", ask->server->seal_key, "trust", trust, "policy", policy);
    return TRUNDLE_OK;
}

static enum trundle_status try_to_join(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct join j = { .who = ask->caller->peer, .now_ns = ask->now_ns };
    struct caller signer = *ask->caller;
    const char *key = ask_text(ask, "public_key"), *hardware = ask_text(ask, "hardware");
    size_t n;
    int wait_s = limit_take(&ask->server->limits, "join", ask->caller->peer, join_tries, clock_mono_ns());

    if (wait_s) {
        reply->status = 429;
        reply->retry_s = wait_s;
        return error_set(err, TRUNDLE_FULL, "join", NULL, "too many tries; wait %d s", wait_s);
    }
    if (sodium_base642bin(j.cart.key, sizeof j.cart.key, key, strlen(key), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || n != sizeof j.cart.key)
        return error_set(err, TRUNDLE_BAD_INPUT, "public_key", "base64 of 32 bytes", "is not an Ed25519 key");
    if (strlen(hardware) >= sizeof j.cart.hardware)
        return error_set(err, TRUNDLE_TOO_LARGE, "hardware", NULL, "has more than %zu bytes", sizeof j.cart.hardware - 1);
    reply->status = 401;
    TRY(sign_head(ask->http, ask->now_ns, &signer, err));
    memcpy(signer.key, j.cart.key, sizeof signer.key);
    if (!sign_holds(ask->http, &signer))
        return error_set(err, TRUNDLE_BAD_INPUT, "Trundle-Signature", "sign with the key that is brought", "does not hold");
    reply->status = 0;
    (void)snprintf(j.cart.name, sizeof j.cart.name, "%s", ask_text(ask, "name"));
    (void)snprintf(j.cart.hardware, sizeof j.cart.hardware, "%s", hardware);
    key_hash(ask_text(ask, "code"), j.code_hash);
    TRY(depot_write(ask->server->depot, join_job, &j, err));
    return join_answer(ask, &j, err);
}

static const struct server_route join_route;

/* Who tries codes is in the access log, as who succeeds is. */
static enum trundle_status join(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    enum trundle_status status = try_to_join(ask, reply, err);

    if (status != TRUNDLE_OK)
        log_refusal(ask->server, &join_route, ask->caller, err->what);
    return status;
}

static const struct server_route join_route = { .method = "POST", .path = "/api/v1/join", .id = "join", .run = join };

/* ---- being heard ---- */

static enum trundle_status ingest(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct depot_batch *batch = NULL;
    struct depot_count count = { 0 };
    enum trundle_status status;

    TRY(quota_take(ask, reply, err));
    status = depot_batch_parse(ask->http->body_n ? (const void *)ask->http->body : "", ask->http->body_n, &batch, err);
    if (status == TRUNDLE_OK)
        status = depot_ingest(ask->server->depot, ask->caller->name, batch, ask->now_ns, &count, err);
    if (status == TRUNDLE_OK)
        count_decisions(ask->server, batch);
    depot_batch_free(batch);
    quota_give(ask, status != TRUNDLE_OK ? 1 : count.repeated ? (double)count.repeated / (double)(count.accepted + count.repeated) : 0);
    if (status == TRUNDLE_OK)
        ask->answer = json_pack("{s:I, s:I}", "accepted", (json_int_t)count.accepted, "repeated", (json_int_t)count.repeated);
    return status;
}

static enum trundle_status clip_have(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    int64_t have = 0;

    (void)reply;
    TRY(depot_sha_check(ask->http->part[0], "clip", err));
    TRY(depot_clip_have(ask->server->depot, ask->caller->name, ask->http->part[0], &have, err));
    ask->answer = json_pack("{s:I}", "have", (json_int_t)have);
    return TRUNDLE_OK;
}

static enum trundle_status clip_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    int64_t offset, size, have = 0;

    (void)reply;
    TRY(depot_sha_check(ask->http->part[0], "clip", err));
    TRY(ask_number(http_query(ask->http, "offset"), "offset", 0, INT64_MAX / 2, &offset, err));
    TRY(ask_number(http_query(ask->http, "size"), "size", 1, INT64_MAX / 2, &size, err));
    TRY(depot_clip_put(ask->server->depot, ask->caller->name, ask->http->part[0], offset, size, ask->http->body, ask->http->body_n, ask->now_ns, &have, err));
    ask->answer = json_pack("{s:I}", "have", (json_int_t)have);
    return TRUNDLE_OK;
}

static enum trundle_status orders(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct ship_order order;
    struct db *db = NULL;
    json_t *answer = NULL, *policy = NULL;
    int64_t trust = 0;
    enum trundle_status status;

    (void)reply;
    TRY(depot_read_begin(ask->server->depot, &db, err));
    status = ship_order_for(db, ask->caller->name, &order, err);
    if (status == TRUNDLE_OK)
        status = policy_of(db, ask->caller->store, &policy, err);
    if (status == TRUNDLE_OK)
        status = ship_trust_serial(db, &trust, err);
    depot_read_end(ask->server->depot, db);
    if (status == TRUNDLE_OK)
        status = ship_order_json(&order, &answer, err);
    if (status != TRUNDLE_OK) {
        json_decref(policy);
        return status;
    }
    (void)json_object_set_new(answer, "policy", policy);
    (void)json_object_set_new(answer, "trust", json_integer(trust));
    (void)json_object_set_new(answer, "time_ns", json_integer(ask->now_ns));
    ask->answer = answer;
    return TRUNDLE_OK;
}

const struct server_route cart_routes[] = {
    { .method = "POST", .path = "/api/v1/join", .who = ANYONE, .id = "join", .text = "a cart joins with a one-time code, signed by the key that it brings",
      .takes = "code:secret public_key:text hardware:text name?:name", .gives = "cart:name store:name seal_key:text trust:any policy:object", .quiet = true, .run = join },
    { .method = "POST", .path = "/api/v1/ingest", .who = CART, .id = "ingest", .text = "records, one a line; all of them or none; what is sent twice is stored once",
      .body = "application/x-ndjson", .body_max = DEPOT_BATCH_MAX, .gives = "accepted:integer repeated:integer", .quiet = true, .run = ingest },
    { .method = "GET", .path = "/api/v1/clips/{clip}", .who = CART, .id = "clip_have", .text = "how much of a clip is here, to go on sending", .gives = "have:integer",
      .run = clip_have },
    { .method = "PUT", .path = "/api/v1/clips/{clip}", .who = CART, .id = "clip_put", .text = "a part of a clip of size bytes, from offset on", .query = "offset:integer size:integer",
      .body = "application/octet-stream", .body_max = DEPOT_CHUNK_MAX, .gives = "have:integer", .quiet = true, .run = clip_put },
    { .method = "GET", .path = "/api/v1/orders", .who = CART, .id = "orders", .text = "what the cart should run and keep",
      .gives = "bundle:any rollout:any leave:any trust:integer policy:object time_ns:time", .run = orders },
};
const size_t cart_routes_n = COUNT_OF(cart_routes);
