/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle-hub: hands over to the verb. */
#include "cmd/verbs.h"

#include <stdio.h>
#include <string.h>

#define ROW(name, text) { #name, verb_##name },
static const struct { const char *name; int (*main)(int, char **); } verbs[] = { HUB_VERBS(ROW) { NULL, NULL } };

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    for (size_t i = 0; verbs[i].name; i++)
        if (!strcmp(verb, verbs[i].name))
            return verbs[i].main(argc - 1, argv + 1);
    fprintf(stderr, "trundle-hub: no verb '%s'; trundle --help lists them\n", verb);
    return EXIT_USAGE;
}
