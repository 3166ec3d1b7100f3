/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The one face: finds the program that has the verb, beside itself, and becomes it. */
#include "cmd/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct verb { const char *name, *program, *text; };

#define CART_ROW(name, text) { #name, "trundle-cart", text },
#define HUB_ROW(name, text) { #name, "trundle-hub", text },
#define LAB_ROW(name, text) { #name, "trundle-lab", text },
static const struct verb verbs[] = { CART_VERBS(CART_ROW) LAB_VERBS(LAB_ROW) HUB_VERBS(HUB_ROW) { NULL, NULL, NULL } };

static void usage(FILE *to)
{
    fputs("usage: trundle VERB [OPTION...] [FILE...]\n\n", to);
    for (const struct verb *v = verbs; v->name; v++)
        fprintf(to, "  %-10s %s\n", v->name, v->text);
    fputs("\ntrundle VERB --help says more. Exit: 0 ok, 1 negative verdict, 2 usage, 3 bad input, 4 environment.\n", to);
}

static void become(const char *program, char **argv)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    char *slash;

    if (n > 0) {
        path[n] = '\0';
        slash = strrchr(path, '/');
        (void)snprintf(slash + 1, sizeof path - (size_t)(slash + 1 - path), "%s", program);
        (void)execv(path, argv);
    }
    fprintf(stderr, "trundle: cannot start %s: %s (it must lie beside trundle)\n", program, strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("trundle " TRUNDLE_VERSION);
        return EXIT_OK;
    }
    for (const struct verb *v = verbs; v->name; v++) {
        if (!strcmp(argv[1], v->name)) {
            become(v->program, argv);
            return EXIT_ENVIRONMENT;
        }
    }
    fprintf(stderr, "trundle: no verb '%s'; trundle --help lists them\n", argv[1]);
    return EXIT_USAGE;
}
