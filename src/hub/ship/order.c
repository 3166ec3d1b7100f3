/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a cart should run: the newest rollout that has something to say about it. */
#include "hub/ship/inside.h"

#include <stdio.h>
#include <string.h>

struct cart { char cart[SHIP_NAME], store[SHIP_NAME], hardware[SHIP_NAME], confirmed[65], confirmed_state[16]; };

/* The cart and what it said last of any bundle. */
static enum trundle_status find_cart(struct db *db, const char *name, struct cart *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db,
                   "SELECT c.store, c.hardware, f.bundle, f.state FROM ship_cart c LEFT JOIN ship_confirm f ON f.cart = c.cart AND f.state <> 'fetched'"
                   " WHERE c.cart = ? AND NOT c.retired ORDER BY f.at_ns DESC,"
                   " CASE f.state WHEN 'rolled_back' THEN 3 WHEN 'good' THEN 2 WHEN 'trial' THEN 1 ELSE 0 END DESC LIMIT 1",
                   &s, err));
    db_bind_text(s, 1, name);
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        (void)snprintf(out->cart, sizeof out->cart, "%s", name);
        (void)snprintf(out->store, sizeof out->store, "%s", db_text(s, 0));
        (void)snprintf(out->hardware, sizeof out->hardware, "%s", db_text(s, 1));
        (void)snprintf(out->confirmed, sizeof out->confirmed, "%s", db_text(s, 2));
        (void)snprintf(out->confirmed_state, sizeof out->confirmed_state, "%s", db_text(s, 3));
    } else if (status == TRUNDLE_END) {
        status = error_set(err, TRUNDLE_NOT_FOUND, name, "it joins first", "no such cart, or it is retired");
    }
    db_free(s);
    return status;
}

static bool runs(const struct cart *c, const char *bundle)
{
    return !strcmp(c->confirmed, bundle) && strcmp(c->confirmed_state, "rolled_back") != 0;
}

/* `member_stage` -1: no member. */
static bool is_member(const struct ship_rollout *r, int member_stage)
{
    return (member_stage >= 0 && member_stage <= r->stage) || (r->stage < r->stages_n && r->stage >= 0 && r->stages[r->stage].percent >= 100);
}

/* True: this rollout decides. */
static bool decides(const struct ship_rollout *r, const struct cart *c, int member_stage, struct ship_order *o)
{
    if (!ship_in_scope(r, c->store, c->hardware))
        return false;
    switch (r->state) {
    case SHIP_STAGE:
        return is_member(r, member_stage);
    case SHIP_DONE:
        return true;
    case SHIP_STOPPED:
        return is_member(r, member_stage) && runs(c, r->bundle);
    case SHIP_ROLLED_BACK:
        if (is_member(r, member_stage) && (!o->leave[0] || runs(c, r->bundle)))
            (void)snprintf(o->leave, sizeof o->leave, "%s", r->bundle);
        return false;
    default:
        return false;
    }
}

static void take(const struct ship_rollout *r, struct ship_order *o)
{
    (void)snprintf(o->sha256, sizeof o->sha256, "%s", r->bundle);
    (void)snprintf(o->name, sizeof o->name, "%s", r->bundle_name);
    o->bytes = r->bytes;
    o->serial = r->serial;
    o->rollout = r->id;
}

enum trundle_status ship_order_for(struct db *db, const char *cart, struct ship_order *out, struct trundle_error *err)
{
    struct ship_order order = { .bytes = 0 };
    struct db_statement *s = NULL;
    struct cart c = { .cart = "" };
    bool decided = false;
    enum trundle_status status;

    TRY(find_cart(db, cart, &c, err));
    TRY(db_prepare(db,
                   "SELECT " SHIP_ROLLOUT_COLUMNS ", m.stage FROM ship_rollout r JOIN ship_bundle b ON b.sha256 = r.bundle"
                   " LEFT JOIN ship_member m ON m.rollout = r.id AND m.unit = CASE r.by_store WHEN 1 THEN ?1 ELSE ?2 END WHERE r.state <> 'draft' ORDER BY r.started_ns DESC, r.id DESC",
                   &s, err));
    db_bind_text(s, 1, c.store);
    db_bind_text(s, 2, c.cart);
    while (!decided && (status = db_step(s, err)) == TRUNDLE_OK) {
        struct ship_rollout r = { .id = 0 };

        TRY_GOTO(status, ship_rollout_take(s, &r, err), out);
        decided = decides(&r, &c, db_is_null(s, 19) ? -1 : (int)db_integer(s, 19), &order);
        if (decided)
            take(&r, &order);
        ship_rollout_done(&r);
    }
    if (decided || status == TRUNDLE_END)
        status = TRUNDLE_OK;
    if (order.leave[0] && !strcmp(order.leave, order.sha256))      /* the same bundle, rolled out again */
        order.leave[0] = '\0';
    if (status == TRUNDLE_OK)
        *out = order;
out:
    db_free(s);
    return status;
}

enum trundle_status ship_order_json(const struct ship_order *o, json_t **out, struct trundle_error *err)
{
    json_t *bundle = o->sha256[0] ? json_pack("{s:s,s:I,s:s,s:I}", "sha256", o->sha256, "bytes", (json_int_t)o->bytes, "name", o->name, "serial", (json_int_t)o->serial) : json_null();
    json_t *order = json_pack("{s:o,s:o,s:o}", "bundle", bundle, "rollout", o->rollout ? json_integer(o->rollout) : json_null(), "leave", o->leave[0] ? json_string(o->leave) : json_null());

    if (!order)
        return error_set(err, TRUNDLE_NO_MEMORY, "order", NULL, "no memory");
    *out = order;
    return TRUNDLE_OK;
}
