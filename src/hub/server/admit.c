/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Who asks, and may he? Decided from the head of a request, before any of its body is taken. */
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <stdio.h>
#include <string.h>

enum { BODY_BYTES = 64 << 10 };

static enum trundle_status stranger(struct http_terms *terms, const char *where, struct trundle_error *err)
{
    terms->status = 401;
    return error_set(err, TRUNDLE_BAD_INPUT, where, "sign in, or send Authorization: Bearer TOKEN", "only for those who signed in");
}

static enum trundle_status unsigned_cart(struct http_terms *terms, const char *where, struct trundle_error *err)
{
    terms->status = 401;
    return error_set(err, TRUNDLE_BAD_INPUT, where, "docs/hub.md says how requests are signed", "only for carts, which sign what they ask");
}

static enum trundle_status admit_cart(struct server *s, struct db *db, const struct http_request *request, struct caller *caller, struct http_terms *terms,
                                      struct trundle_error *err)
{
    struct cart_row cart;
    enum trundle_status status;

    terms->status = 401;
    TRY(sign_head(request, server_now(s), caller, err));
    status = cart_find(db, caller->name, &cart, err);
    if (status != TRUNDLE_OK) {
        if (status != TRUNDLE_NOT_FOUND)
            terms->status = 0;
        return status;
    }
    if (cart.off_ns) {
        terms->status = 403;
        return error_set(err, TRUNDLE_BAD_INPUT, caller->name, "an operator may invite it anew", "this cart was taken out of service");
    }
    terms->status = 0;
    memcpy(caller->key, cart.key, sizeof caller->key);
    (void)snprintf(caller->store, sizeof caller->store, "%s", cart.store);
    (void)snprintf(caller->who, sizeof caller->who, "cart %s", cart.name);
    caller->roles = CART;
    return TRUNDLE_OK;
}

static enum trundle_status admit_key(struct server *s, struct db *db, const char *secret, bool cookie, struct caller *caller, bool *out_stale, struct trundle_error *err)
{
    int64_t now_ns = server_now(s);
    struct key key;
    unsigned roles;

    if (strlen(secret) >= KEY_TEXT)
        return error_set(err, TRUNDLE_NOT_FOUND, "sign-in", NULL, "is not known");
    TRY(key_find(db, secret, now_ns, &key, &roles, err));
    if (key.kind != (cookie ? KEY_SESSION : KEY_TOKEN))
        return error_set(err, TRUNDLE_NOT_FOUND, "sign-in", NULL, "is of another kind");
    caller->roles = roles;
    caller->token = !cookie;
    caller->by_link = cookie && strcmp(key.label, BY_LINK) == 0;
    memcpy(caller->hash, key.hash, sizeof caller->hash);
    (void)snprintf(caller->name, sizeof caller->name, "%s", key.user);
    if (cookie)
        (void)snprintf(caller->who, sizeof caller->who, "%s", key.user);
    else
        (void)snprintf(caller->who, sizeof caller->who, "%s (token %s)", key.user, key.label);
    *out_stale = now_ns - key.seen_ns > NS_PER_HOUR;
    return TRUNDLE_OK;
}

struct seen { const uint8_t *hash; int64_t now_ns; };

static enum trundle_status note_seen(struct db *db, void *user, struct trundle_error *err)
{
    const struct seen *seen = user;

    return key_seen(db, seen->hash, seen->now_ns, err);
}

static enum trundle_status identify(struct server *s, struct db *db, const struct server_route *row, const struct http_request *request, struct caller *caller,
                                    struct http_terms *terms, bool *out_stale, struct trundle_error *err)
{
    const char *bearer = http_header(request, "Authorization"), *cookie = http_cookie(request, COOKIE);
    enum trundle_status status;

    if (row->who & CART && http_header(request, "Trundle-Cart"))
        return admit_cart(s, db, request, caller, terms, err);
    if (bearer && strncmp(bearer, "Bearer ", 7) == 0)
        status = admit_key(s, db, bearer + 7, false, caller, out_stale, err);
    else if (cookie)
        status = admit_key(s, db, cookie, true, caller, out_stale, err);
    else if (row->who == CART)
        return unsigned_cart(terms, request->path, err);
    else
        return stranger(terms, request->path, err);
    if (status == TRUNDLE_NOT_FOUND)
        terms->status = 401;
    return status;
}

enum trundle_status admit(void *user, const struct http_request *request, struct http_terms *terms, struct trundle_error *err)
{
    struct server *s = user;
    const struct binding *binding = request->route->user;
    const struct server_route *row = binding->row;
    struct caller *caller = request->note;
    struct db *db = NULL;
    bool stale = false;
    enum trundle_status status;

    terms->body_max = row->body_max ? row->body_max : BODY_BYTES;
    if (row->body)
        terms->takes = row->body;
    (void)http_peer(request, caller->peer);
    if (row->who & ANYONE) {
        caller->roles = ANYONE;
        (void)snprintf(caller->who, sizeof caller->who, "%s", caller->peer);
        return TRUNDLE_OK;
    }
    TRY(depot_read_begin(s->depot, &db, err));
    status = identify(s, db, row, request, caller, terms, &stale, err);
    depot_read_end(s->depot, db);
    if (status == TRUNDLE_OK && !(caller->roles & row->who)) {
        terms->status = 403;
        status = error_set(err, TRUNDLE_BAD_INPUT, request->path, "ask an administrator for the role", "is not allowed to %.40s", caller->name);
    }
    if (status == TRUNDLE_OK && stale)
        server_complain(s, "key_seen", depot_write(s->depot, note_seen, &(struct seen){ caller->hash, server_now(s) }, NULL));    /* for people to read; not worth a refusal */
    if (status != TRUNDLE_OK) {
        count_request(s, row, status);
        if (terms->status && (http_header(request, "Authorization") || http_header(request, "Trundle-Signature") || http_cookie(request, COOKIE)))
            log_refusal(s, row, caller, err->what);
    }
    return status;
}
