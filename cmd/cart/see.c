/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle see: hands over to its parts. */
#include "cmd/cart/see.h"
#include "cmd/cart/see_trips.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; int (*main)(int, char **); const char *text; } parts[] = {
    { "classify", see_classify_main, "name what photos show" },
    { "enrol", see_enrol_main, "make a gallery from pictures" },
    { "fit", see_fit_main, "fit see.json on simulated development trips" },
    { "score", see_score_main, "how well the camera sense does on trips with truth" },
};

int verb_see(int argc, char **argv)
{
    const char *part = argc > 1 ? argv[1] : "";
    bool help = !strcmp(part, "--help") || !strcmp(part, "-h");

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (!strcmp(part, parts[i].name))
            return parts[i].main(argc - 1, argv + 1);
    fprintf(help ? stdout : stderr, "usage: trundle see PART [OPTION...]\n\n");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        fprintf(help ? stdout : stderr, "  %-10s %s\n", parts[i].name, parts[i].text);
    return help ? EXIT_OK : EXIT_USAGE;
}
