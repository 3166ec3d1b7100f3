/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart: what a cart has to do with its hub. */
#include "cmd/cart/cart.h"
#include "cmd/cart/cart_slots.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdlib.h>

static const struct option_part parts[] = {
    { "join", "enrol this cart at a hub: its key pair, the hub's pinned key", cart_join_main },
    { "status", "who this cart is, and what waits to be sent", cart_status_main },
    { "send", "send what waits, now", cart_send_main },
    { "update", "ask the hub once what to run, and do it", cart_update_main },
    { "slots", "what the two slots for bundles hold, and which runs", cart_slots_main },
    { "install", "put a bundle into the other slot", cart_install_main },
    { "good", "end a bundle's trial: it works", cart_good_main },
    { "rollback", "leave the bundle that runs", cart_rollback_main },
    { "clips", "what a policy would keep of recorded trips", cart_clips_main },
};

enum trundle_status cart_state(const char *given, const char **out_dir, struct trundle_error *err)
{
    const char *dir = given ? given : getenv("TRUNDLE_STATE");

    if (!dir || !*dir)
        return error_set(err, TRUNDLE_BAD_ARG, "state folder", "--state DIR, or TRUNDLE_STATE in the environment", "not named");
    *out_dir = dir;
    return TRUNDLE_OK;
}

int verb_cart(int argc, char **argv)
{
    return option_parts(argc, argv, "cart", parts, COUNT_OF(parts), NULL);
}
