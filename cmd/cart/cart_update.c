/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart update: what a running cart does every minute, once and now. */
#include "cart/runtime/orders.h"
#include "cmd/cart/cart.h"
#include "cmd/front.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>

struct update {
    const char *dir;
    struct orders_result result;
    enum trundle_status status;
    struct trundle_error err;
};

static void take(void *user, struct uplink_call *call, const struct uplink_reply *orders)
{
    struct update *u = user;

    u->status = orders_take(u->dir, call, &orders->body, &u->result, &u->err);
}

static void print(const struct orders_result *r)
{
    switch (r->done) {
    case ORDERS_NOTHING:
        puts("nothing to do");
        break;
    case ORDERS_INSTALLED:
        printf("%s is installed; it runs from the next start on, on trial\n", r->name);
        break;
    case ORDERS_LEFT:
        printf("left %s: %s\n", r->name, r->why);
        break;
    case ORDERS_REFUSED:
        printf("%s: %s\n", r->name, r->why);
        break;
    }
}

int cart_update_main(int argc, char **argv)
{
    const char *state = NULL;
    const struct option_row rows[] = {
        { "state", "DIR", OPTION_TEXT, &state, "state folder (default $TRUNDLE_STATE)" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct update u = { .status = TRUNDLE_OK };
    struct uplink_config config = { .rate_bps = -1, .stop = front_stop(), .user = &u, .orders = take };
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart update [OPTION...]", "Asks the hub what this cart should run, fetches and installs it or leaves what runs, and sends what\n"
                      "waits. A running cart does so every minute. Exit 1: the cart refuses what the hub orders.", rows, &first, &code))
        return code;
    if (argc != first) {
        fputs("trundle cart update: takes no operands\n", stderr);
        return EXIT_USAGE;
    }
    status = cart_state(state, &u.dir, &err);
    config.dir = u.dir;
    if (status == TRUNDLE_OK)
        status = uplink_drain(&config, true, NULL, &err);
    if (u.status != TRUNDLE_OK)
        return option_fail("cart update", &u.err);
    if (status == TRUNDLE_OK || u.result.done != ORDERS_NOTHING)
        print(&u.result);
    if (status == TRUNDLE_AGAIN)
        return EXIT_ENVIRONMENT;
    if (status != TRUNDLE_OK)
        return option_fail("cart update", &err);
    return u.result.done == ORDERS_REFUSED ? EXIT_VERDICT : EXIT_OK;
}
