/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cmd/cart/hub_side.h"

#include "cart/calib/cart_file.h"

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

enum trundle_status hub_side_open(struct hub_side *h, const char *state, const char *cart_path, struct trundle_error *err)
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
    status = uplink_start(&(struct uplink_config){ .dir = state }, &h->uplink, &why);
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND && status != TRUNDLE_CONFLICT) {
        if (err)
            *err = why;
        return status;
    }
    if (status != TRUNDLE_OK)
        fprintf(stderr, "trundle run: nothing is sent: %s: %s\n", why.where, why.what);
    status = keeper_start(&(struct keeper_config){ .dir = state, .user = h, .filled = filled }, &h->keeper, err);
    if (status != TRUNDLE_OK)
        hub_side_close(h, NULL);
    return status;
}

void hub_side_close(struct hub_side *h, const struct replay_summary *summary)
{
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
    uplink_stop(h->uplink);
    h->keeper = NULL;
    h->uplink = NULL;
}
