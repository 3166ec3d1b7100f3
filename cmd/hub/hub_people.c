/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle hub invite, trundle hub user. Whoever may write the folder may do this, and the access log says "console" and who that was. */
#include "cmd/hub/hub.h"

#include "base/std/time.h"
#include "cmd/verbs.h"
#include "hub/depot/depot.h"
#include "hub/server/server.h"

#include <stdlib.h>
#include <string.h>

static enum trundle_status open_depot(const char *dir, struct depot **out, struct trundle_error *err)
{
    TRY(depot_open(dir, DEPOT_WRITE, NULL, out, err));
    return server_tables(*out, err);
}

static void who_am_i(char out[64])
{
    const char *name = getenv("SUDO_USER");

    if (!name || !*name)
        name = getenv("USER");
    (void)snprintf(out, 64, "console (%.40s)", name && *name ? name : "unknown");
}

int hub_invite(int argc, char **argv)
{
    const char *dir = HUB_DIR, *store = NULL, *cart = "";
    long long days = 7;
    bool json = false;
    struct depot *d = NULL;
    struct server_invitation invitation;
    struct trundle_error err;
    enum trundle_status status;
    char who[64];
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "the hub's folder (" HUB_DIR ")" },
        { "store", "NAME", OPTION_TEXT, &store, "where the cart will be" },
        { "cart", "NAME", OPTION_TEXT, &cart, "what it will be called; else it says so itself, or the hub chooses" },
        { "days", "N", OPTION_LONG, &days, "how long the code is good (7)" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    if (!option_parse(argc, argv, "trundle hub invite --store NAME [OPTION...]", "A one-time code with which one cart joins the hub.", rows, &first, &code))
        return code;
    if (first != argc || !store || days < 1 || days > 90) {
        fprintf(stderr, "trundle hub invite: takes --store NAME, no operands, and --days from 1 to 90\n");
        return EXIT_USAGE;
    }
    who_am_i(who);
    status = open_depot(dir, &d, &err);
    if (status == TRUNDLE_OK)
        status = server_invite(d, store, cart, who, (int)days, clock_wall_ns(), &invitation, &err);
    depot_close(d);
    if (status != TRUNDLE_OK)
        return option_fail("hub invite", &err);
    if (json)
        printf("{\"code\":\"%s\",\"pin\":\"%s\",\"store\":\"%s\",\"expires_ns\":%lld}\n", invitation.code, invitation.pin, store, (long long)invitation.expires_ns);
    else
        printf("code: %s\npin: %s\non the cart: trundle cart join HUB --code CODE --pin PIN\n", invitation.code, invitation.pin);
    return EXIT_OK;
}

static int list(struct depot *d)
{
    struct bytes text = { 0 };
    struct trundle_error err;
    enum trundle_status status = server_users(d, &text, &err);

    if (status == TRUNDLE_OK)
        printf("%.*s\n", (int)text.n, (const char *)text.data);
    bytes_done(&text);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("hub user", &err);
}

int hub_user(int argc, char **argv)
{
    const char *dir = HUB_DIR, *roles = NULL, *word, *name;
    bool json = false;
    struct depot *d = NULL;
    struct trundle_error err;
    enum trundle_status status;
    char who[64], link[SERVER_LINK];
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "the hub's folder (" HUB_DIR ")" },
        { "roles", "R,...", OPTION_TEXT, &roles, "labeller, engineer, operator, auditor, admin" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object; a list is JSON always" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    if (!option_parse(argc, argv, "trundle hub user add NAME --roles R,... | off NAME | list",
                      "Who may sign in. `add` makes a user, changes the roles of one, and prints a link with which he signs in once and sets a password.", rows, &first, &code))
        return code;
    word = first < argc ? argv[first] : "";
    name = first + 1 < argc ? argv[first + 1] : "";
    if (!(strcmp(word, "list") == 0 && argc == first + 1) && !(argc == first + 2 && ((strcmp(word, "add") == 0 && roles) || (strcmp(word, "off") == 0 && !roles)))) {
        fprintf(stderr, "trundle hub user: takes add NAME --roles R,..., off NAME, or list\n");
        return EXIT_USAGE;
    }
    who_am_i(who);
    status = open_depot(dir, &d, &err);
    if (status != TRUNDLE_OK) {
        depot_close(d);
        return option_fail("hub user", &err);
    }
    if (strcmp(word, "list") == 0)
        code = list(d);
    else if (strcmp(word, "off") == 0)
        code = server_user_off(d, name, who, clock_wall_ns(), &err) == TRUNDLE_OK ? EXIT_OK : option_fail("hub user", &err);
    else if (server_user_put(d, name, roles, who, clock_wall_ns(), link, &err) != TRUNDLE_OK)
        code = option_fail("hub user", &err);
    else if (json)
        code = printf("{\"name\":\"%s\",\"link\":\"%s\"}\n", name, link) > 0 ? EXIT_OK : EXIT_ENVIRONMENT;
    else
        code = printf("sign in once, within a day: the hub's address, followed by %s\n", link) > 0 ? EXIT_OK : EXIT_ENVIRONMENT;
    depot_close(d);
    return code;
}
