/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle ship: bundles and rollouts, part by part. */
#include "cmd/hub/ship.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <string.h>

static const struct option_part parts[] = {
    { "keys", "make keys and keyrings: keys new, keys show, keys trust", ship_keys_main },
    { "build", "a bundle of a model directory and its verdict", ship_build_main },
    { "sign", "add a key's signature to a bundle", ship_sign_main },
    { "verify", "would a cart take this bundle?", ship_verify_main },
    { "publish", "give a bundle to a hub, and make a rollout of it", ship_publish_main },
    { "status", "rollouts, or one with the numbers at its gate", ship_status_main },
    { "advance", "start a rollout, or go to its next stage", ship_change_main },
    { "stop", "no further cart gets it", ship_change_main },
    { "rollback", "every cart goes back", ship_change_main },
};

enum trundle_status ship_list(char *text, const char *option, const char *out[SHIP_LIST_MAX], size_t *out_n, struct trundle_error *err)
{
    size_t n = 0;

    while (text) {
        char *comma = strchr(text, ',');

        if (comma)
            *comma = '\0';
        if (!*text || n == SHIP_LIST_MAX)
            return error_set(err, TRUNDLE_BAD_ARG, option, "A,B,C", "takes 1 to %d names with commas between", SHIP_LIST_MAX);
        out[n++] = text;
        text = comma ? comma + 1 : NULL;
    }
    *out_n = n;
    return TRUNDLE_OK;
}

int verb_ship(int argc, char **argv)
{
    return option_parts(argc, argv, "ship", parts, COUNT_OF(parts), "Exit 1: a negative verdict (a bundle that would be refused, a gate that says no).");
}
