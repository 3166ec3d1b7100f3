/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle ship */
#include "cmd/verbs.h"

#include <stdio.h>

int verb_ship(int argc, char **argv)
{
    (void)argc;
    fprintf(stderr, "trundle %s: not there yet\n", argv[0]);
    return EXIT_USAGE;
}
