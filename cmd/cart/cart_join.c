/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart join */
#include "cart/runtime/uplink.h"
#include "cmd/cart/cart.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* A name of docs/hub.md made of what a machine is called. */
static void as_name(const char *from, char out[IDENTITY_TEXT])
{
    size_t n = 0;

    for (; *from && n < IDENTITY_TEXT - 1; from++) {
        char c = *from >= 'A' && *from <= 'Z' ? (char)(*from - 'A' + 'a') : *from;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (plain || n)
            out[n++] = plain ? c : '-';
    }
    out[n] = '\0';
}

int cart_join_main(int argc, char **argv)
{
    const char *code_text = NULL, *pin = NULL, *state = NULL, *name = NULL, *hardware = NULL, *dir;
    bool again = false;
    const struct option_row rows[] = {
        { "code", "CODE", OPTION_TEXT, &code_text, "from trundle hub invite or the console; works once" },
        { "pin", "sha256//...", OPTION_TEXT, &pin, "the hub's key, as the hub prints it; without it the system's authorities vouch for the hub" },
        { "name", "NAME", OPTION_TEXT, &name, "what the cart would like to be called (default: this machine's name)" },
        { "hardware", "TEXT", OPTION_TEXT, &hardware, "what the cart is built of, as bundles name it (default: this machine's architecture)" },
        { "state", "DIR", OPTION_TEXT, &state, "state folder (default $TRUNDLE_STATE)" },
        { "again", NULL, OPTION_FLAG, &again, "join another hub, or anew, with the same key pair" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct identity id = { .cart = "" };
    struct trundle_error err;
    struct utsname machine;
    char own[IDENTITY_TEXT];
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart join HUB --code CODE [--pin sha256//...]", "Enrols this cart at the hub at HUB (https://...).", rows, &first, &code))
        return code;
    if (argc != first + 1 || !code_text) {
        fputs("trundle cart join: name one hub, and --code; trundle cart join --help says more\n", stderr);
        return EXIT_USAGE;
    }
    if (uname(&machine) != 0)
        memset(&machine, 0, sizeof machine);
    as_name(machine.nodename, own);
    status = cart_state(state, &dir, &err);
    if (status == TRUNDLE_OK)
        status = identity_make(dir, &id, &err);
    if (status == TRUNDLE_OK && identity_joined(&id) && !again)
        status = error_set(&err, TRUNDLE_CONFLICT, dir, "--again joins anew", "this cart is '%s' of %s already", id.cart, id.hub);
    if (status == TRUNDLE_OK)
        status = identity_hub_set(&id, argv[first], pin, &err);
    if (status == TRUNDLE_OK)
        status = uplink_join(dir, &id, code_text, name ? name : own[0] ? own : "cart", hardware ? hardware : machine.machine, &err);
    if (status == TRUNDLE_OK) {
        printf("joined %s as '%s', store '%s'\n", id.hub, id.cart, id.store);
        printf("public key %s\n", id.public_key);
        if (id.pin[0])
            printf("hub's key pinned: %s\n", id.pin);
        if (!id.seal_key[0])
            puts("the hub gave no sealing key: no clips are kept");
    }
    identity_done(&id);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("cart join", &err);
}
