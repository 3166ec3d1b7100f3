/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cmd/cart/hub_side.h"

#include "cart/calib/cart_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Empty when there is none, or when it has not joined. */
static enum trundle_status joined_state(const char *cart_path, char out[CART_TEXT], struct trundle_error *err)
{
    struct cart_file cart;
    struct bytes file = { 0 };
    struct identity id;
    enum trundle_status status = file_read(cart_path, 1 << 20, &file, err);

    out[0] = '\0';
    if (status == TRUNDLE_OK)
        status = cart_file_parse(file.data, file.n, cart_path, &cart, err);
    bytes_done(&file);
    if (status != TRUNDLE_OK || !cart.state_dir[0])
        return status;
    status = identity_load(cart.state_dir, &id, err);
    if (status == TRUNDLE_NOT_FOUND)
        return TRUNDLE_OK;
    if (status == TRUNDLE_OK) {
        if (identity_joined(&id))
            (void)snprintf(out, CART_TEXT, "%s", cart.state_dir);
        identity_done(&id);
    }
    return status;
}

static void filled(void *user)
{
    struct hub_side *h = user;

    if (h->uplink)
        uplink_wake(h->uplink);
}

static void take_orders(void *user, struct uplink_call *call, const struct uplink_reply *orders)
{
    const struct hub_side *h = user;
    struct orders_result result;
    struct trundle_error err;
    enum trundle_status status = orders_take(h->dir, call, &orders->body, &result, &err);

    if (status != TRUNDLE_OK && status != TRUNDLE_AGAIN)
        fprintf(stderr, "trundle run: orders: %s: %s\n", err.where, err.what);
    else if (status == TRUNDLE_OK && result.done == ORDERS_INSTALLED)
        fprintf(stderr, "trundle run: bundle %s is installed; it runs from the next start on\n", result.name);
    else if (status == TRUNDLE_OK && result.done != ORDERS_NOTHING)
        fprintf(stderr, "trundle run: bundle %s: %s%s\n", result.name, result.why, result.done == ORDERS_LEFT ? "; from the next start on" : "");
}

/* Where the trip is kept: as live.h says when nothing is named. */
static bool record_of(const char *cart_path, const char *record, char out[SLOTS_PATH])
{
    struct cart_file cart;
    struct bytes file = { 0 };
    bool named = false;

    if (record)
        return (size_t)snprintf(out, SLOTS_PATH, "%s", record) < SLOTS_PATH;
    if (cart_path && file_read(cart_path, 1 << 20, &file, NULL) == TRUNDLE_OK && cart_file_parse(file.data, file.n, cart_path, &cart, NULL) == TRUNDLE_OK && cart.state_dir[0])
        named = (size_t)snprintf(out, SLOTS_PATH, "%s/current.mcap", cart.state_dir) < SLOTS_PATH;
    bytes_done(&file);
    return named;
}

static void take_slot(struct hub_side *h, const struct slots *s, int slot)
{
    h->model[0] = h->bundle[0] = h->slot[0] = '\0';
    if (slot < 0)
        return;
    (void)snprintf(h->model, sizeof h->model, "%.1000s/slots/%c/model", h->dir, 'a' + slot);
    memcpy(h->bundle, s->slot[slot].sha256, sizeof h->bundle);
    (void)snprintf(h->slot, sizeof h->slot, "%c", 'a' + slot);
}

/* What the trip was begun with, if that is still there; else it goes on with what runs now. */
static void keep_model(struct hub_side *h, const struct slots *s, const char *sha256)
{
    for (int slot = -1; slot < 2; slot++) {
        struct hub_side other = *h;
        struct model model;
        bool same;

        if (slot >= 0 && s->slot[slot].state == SLOTS_EMPTY)
            continue;
        take_slot(&other, s, slot);
        if (model_load(other.model, &model, NULL) != TRUNDLE_OK)
            continue;
        same = !strcmp(model.sha256, sha256);
        model_done(&model);
        if (same) {
            take_slot(h, s, slot);
            return;
        }
    }
    fprintf(stderr, "trundle run: the model that the killed trip was begun with is gone; it goes on with another\n");
}

/* A cart shops with the built-in model rather than not at all. */
static void settle_model(struct hub_side *h, const char *cart_path, const char *record)
{
    struct slots_start start = { .slots.running = -1 };
    struct trip_head killed;
    struct trundle_error err;
    enum trundle_status status = orders_start(h->dir, &start, &err);
    char path[SLOTS_PATH];

    if (status != TRUNDLE_OK)
        fprintf(stderr, "trundle run: bundles: %s: %s; %s\n", err.where, err.what, start.model[0] ? "the hub will not hear of it" : "the built-in model runs");
    if (start.fell_back)
        fprintf(stderr, "trundle run: bundle %s is left: %s\n", start.left_name, start.slots.why);
    take_slot(h, &start.slots, start.slots.running);
    if (record_of(cart_path, record, path) && session_killed(path, &killed, &err) == TRUNDLE_OK)
        keep_model(h, &start.slots, killed.model_sha256);
}

enum trundle_status hub_side_open(struct hub_side *h, const char *state, const char *cart_path, const char *record, struct trundle_error *err)
{
    char own[CART_TEXT] = "";
    struct trundle_error why;
    enum trundle_status status;

    if (!state && cart_path)
        TRY(joined_state(cart_path, own, err));
    if (!state)
        state = own;
    if (!*state)
        return TRUNDLE_OK;
    if ((size_t)snprintf(h->dir, sizeof h->dir, "%s", state) >= sizeof h->dir)
        return error_set(err, TRUNDLE_TOO_LARGE, state, NULL, "the path is too long");
    settle_model(h, cart_path, record);
    status = uplink_start(&(struct uplink_config){ .dir = state, .user = h, .orders = take_orders }, &h->uplink, &why);
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND && status != TRUNDLE_CONFLICT) {
        if (err)
            *err = why;
        return status;
    }
    if (status != TRUNDLE_OK)
        fprintf(stderr, "trundle run: nothing is sent: %s: %s\n", why.where, why.what);
    status = keeper_start(&(struct keeper_config){ .dir = state, .bundle = h->bundle, .slot = h->slot, .user = h, .filled = filled }, &h->keeper, err);
    if (status != TRUNDLE_OK)
        hub_side_close(h, NULL);
    return status;
}

void hub_side_close(struct hub_side *h, const struct replay_summary *summary)
{
    struct trundle_error err;

    if (h->keeper) {
        struct keeper_counts c = keeper_counts(h->keeper);
        char text[800];

        if (summary && summary->kept != TRUNDLE_OK)
            fprintf(stderr, "trundle run: not all of the trip is kept for the hub: %s\n", error_text(&summary->kept_error, text, sizeof text));
        else if (c.refused || c.clips_failed || c.write_failures)
            fprintf(stderr, "trundle run: %llu decisions or clips were too many to keep, %llu clips failed, %llu writes failed: %s\n", (unsigned long long)c.refused,
                    (unsigned long long)c.clips_failed, (unsigned long long)c.write_failures, error_text(&c.error, text, sizeof text));
    }
    keeper_stop(h->keeper);
    if (h->dir[0] && summary && summary->paid && !summary->stopped && orders_good(h->dir, h->bundle, &err) != TRUNDLE_OK)
        fprintf(stderr, "trundle run: the trial of the bundle goes on: %s: %s\n", err.where, err.what);
    uplink_stop(h->uplink);
    h->keeper = NULL;
    h->uplink = NULL;
}
