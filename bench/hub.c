/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle-bench-hub - JSON lines of what the hub takes: decisions a second and clip MB a second beside SQLite's own limit, and a crowd of carts that
 * stay connected. Started by bench/run.
 */
#include "bench/hub.h"

#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool wanted(int argc, char **argv, int first, const char *name)
{
    for (int i = first; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return first == argc;
}

int main(int argc, char **argv)
{
    static struct bench b = { .model = "none", .board = "" };
    const char *dir = ".";
    double seconds = 10, period = 1;
    long long carts = 500;
    struct hub_rig rig;
    struct trundle_error err = { 0 };
    enum trundle_status status;
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "scratch folder, on the disk that is measured" },
        { "commit", "TEXT", OPTION_TEXT, &b.commit, "what the lines say" },
        { "quick", NULL, OPTION_FLAG, &b.quick, "fewer rounds" },
        { "carts", "N", OPTION_LONG, &carts, "that stay connected (500)" },
        { "seconds", "S", OPTION_NUMBER, &seconds, "how long they stay (10)" },
        { "period", "S", OPTION_NUMBER, &period, "between two things that a cart says (1)" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    b.commit = "";
    if (!option_parse(argc, argv, "bench/run hub [OPTION...] [ingest] [clips] [crowd]", "what the hub takes", rows, &first, &code))
        return code;
    for (int i = first; i < argc; i++)
        if (strcmp(argv[i], "ingest") != 0 && strcmp(argv[i], "clips") != 0 && strcmp(argv[i], "crowd") != 0)
            carts = 0;
    if (carts < 16 || carts > HUB_CARTS_MAX || !(seconds > 0) || !(period > 0)) {
        fprintf(stderr, "bench hub: takes ingest, clips, crowd; 16 to %d carts; times above 0\n", HUB_CARTS_MAX);
        return EXIT_USAGE;
    }
    status = hub_rig_open(&rig, dir, (size_t)carts, &err);
    if (status == TRUNDLE_OK && wanted(argc, argv, first, "crowd"))
        status = hub_crowd(&b, &rig, seconds, period, &err);
    if (status == TRUNDLE_OK && wanted(argc, argv, first, "ingest"))
        status = hub_ingest(&b, &rig, &err);
    if (status == TRUNDLE_OK && wanted(argc, argv, first, "clips"))
        status = hub_clips(&b, &rig, &err);
    hub_rig_close(&rig);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("bench hub", &err);
}
