/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle hub: the server itself; and the words that work on its folder, beside a running hub or without one. */
#include "cmd/hub/hub.h"

#include "cmd/front.h"
#include "cmd/verbs.h"
#include "hub/server/server.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTS_MAX = 8 };

static const struct { const char *word; int (*run)(int argc, char **argv); } words[] = {
    { "invite", hub_invite }, { "user", hub_user }, { "backup", hub_backup }, { "restore", hub_restore }, { "fsck", hub_fsck },
};

/* "a,b" in place. */
static size_t split(char *names, const char **out)
{
    size_t n = 0;

    for (char *name = strtok(names, ","); name && n < HOSTS_MAX; name = strtok(NULL, ","))
        out[n++] = name;
    return n;
}

static void say(const struct server *s, bool json)
{
    if (json) {
        printf("{\"url\":\"%s\",\"pin\":\"%s\",\"link\":\"%s\"}\n", server_url(s), server_pin(s), server_link(s));
    } else {
        printf("hub: %s\npin: %s\n", server_url(s), server_pin(s));
        if (server_link(s)[0])
            printf("sign in once, within a day: %s\n", server_link(s));
    }
    (void)fflush(stdout);
}

static int serve(int argc, char **argv)
{
    const char *dir = HUB_DIR, *listen = "127.0.0.1:8443", *host = NULL, *hosts[HOSTS_MAX];
    long long threads = 0, keep_days = 0, cart_mib = 0, records_mib = 0;
    bool json = false;
    struct server *s = NULL;
    struct trundle_error err;
    const atomic_int *stop = front_stop();
    char *names = NULL;
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "the hub's folder; made when absent (" HUB_DIR ")" },
        { "listen", "ADDR", OPTION_TEXT, &listen, "IP:PORT; 0.0.0.0:8443 for every network (127.0.0.1:8443)" },
        { "host", "NAME,...", OPTION_TEXT, &host, "names under which it is called, besides its IP addresses" },
        { "threads", "N", OPTION_LONG, &threads, "that answer requests (32)" },
        { "keep-days", "N", OPTION_LONG, &keep_days, "clips and trips are kept no longer, whatever is asked (400)" },
        { "cart-mib", "N", OPTION_LONG, &cart_mib, "MiB of clips of one cart; what it announces beyond that is refused (4096)" },
        { "records-mib", "N", OPTION_LONG, &records_mib, "MiB of records that one cart may bring in a day; it keeps what is more and comes again (256)" },
        { "json", NULL, OPTION_FLAG, &json, "what it prints, as one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    if (!option_parse(argc, argv, "trundle hub [OPTION...] | trundle hub invite|user|backup|restore|fsck ...",
                      "The server of a fleet: what carts saw comes in, what they should run goes out. Prints its address, what carts pin, and on a\n"
                      "fresh folder a link for its administrator. Ctrl-C ends it; nothing is lost. The words work on the folder, also beside a running hub:\n"
                      "  invite    a one-time code with which a cart joins\n"
                      "  user      add NAME --roles R, off NAME, list\n"
                      "  backup    TO: a copy of everything, while the hub runs\n"
                      "  restore   FROM: a backup into a new folder\n"
                      "  fsck      looks for damage; --repair removes litter",
                      rows, &first, &code))
        return code;
    if (first != argc) {
        fprintf(stderr, "trundle hub: no word '%s'; trundle hub --help lists them\n", argv[first]);
        return EXIT_USAGE;
    }
    if (threads < 0 || threads > 64) {
        fprintf(stderr, "trundle hub: --threads takes 1 to 64\n");
        return EXIT_USAGE;
    }
    if (keep_days < 0 || keep_days > 36500 || cart_mib < 0 || cart_mib > 1 << 30 || records_mib < 0 || records_mib > 1 << 30) {
        fprintf(stderr, "trundle hub: --keep-days takes 1 to 36500, --cart-mib and --records-mib 1 to %d\n", 1 << 30);
        return EXIT_USAGE;
    }
    names = strdup(host ? host : "");
    if (!names)
        return EXIT_ENVIRONMENT;
    if (server_start(&(struct server_config){ .dir = dir, .address = listen, .hosts = hosts, .hosts_n = split(names, hosts), .threads = (int)threads,
                                                .cart_max_bytes = cart_mib << 20, .keep_days_max = keep_days, .cart_day_bytes = records_mib << 20 }, &s, &err) != TRUNDLE_OK) {
        code = option_fail("hub", &err);
    } else {
        say(s, json);
        while (!*stop)
            (void)poll(NULL, 0, 200);
        server_stop(s);
        code = EXIT_OK;
    }
    free(names);
    return code;
}

int verb_hub(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COUNT_OF(words); i++)
        if (strcmp(argv[1], words[i].word) == 0)
            return words[i].run(argc - 1, argv + 1);
    return serve(argc, argv);
}
