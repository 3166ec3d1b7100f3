/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart: what a cart has to do with its hub. */
#include "cmd/cart/cart.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name, *text; int (*main)(int argc, char **argv); } parts[] = {
    { "join", "enrol this cart at a hub: its key pair, the hub's pinned key", cart_join_main },
    { "status", "who this cart is, and what waits to be sent", cart_status_main },
    { "send", "send what waits, now", cart_send_main },
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

static void usage(FILE *to)
{
    fputs("usage: trundle cart PART [OPTION...]\n\n", to);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        fprintf(to, "  %-10s %s\n", parts[i].name, parts[i].text);
    fputs("\ntrundle cart PART --help says more\n", to);
}

int verb_cart(int argc, char **argv)
{
    const char *part = argc > 1 ? argv[1] : "";

    if (!strcmp(part, "--help") || !strcmp(part, "-h")) {
        usage(stdout);
        return EXIT_OK;
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (!strcmp(part, parts[i].name))
            return parts[i].main(argc - 1, argv + 1);
    if (*part)
        fprintf(stderr, "trundle cart: no part '%s'\n", part);
    usage(stderr);
    return EXIT_USAGE;
}
