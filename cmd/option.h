/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * option - command lines, the same way in every verb: a table, long options with or without '=', `--` ends them,
 * `--help` prints the table, errors go to stderr with the verb's name.
 *
 *     bool json = false; long hz = 0;
 *     const struct option_row rows[] = {
 *         { "json", NULL, OPTION_FLAG, &json, "one JSON object a line" },
 *         { "hz", "N", OPTION_LONG, &hz, "samples a second of a bare column" },
 *         { 0 } };
 *     int first, code;
 *     if (!option_parse(argc, argv, "trundle weigh TRACE.csv...", "what it does", rows, &first, &code)) return code;
 *     for (int i = first; i < argc; i++) ...
 *
 * Operands and options may mix; operands are moved behind the options, argv[first..argc-1].
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdio.h>

enum option_kind { OPTION_FLAG /* bool* */, OPTION_TEXT /* const char** */, OPTION_LONG /* long long* */, OPTION_NUMBER /* double* */ };

struct option_row {
    const char *name;          /* without the dashes; NULL ends the table */
    const char *argument;      /* its name in --help; NULL for flags */
    enum option_kind kind;
    void *value;
    const char *text;
};

/* False: stop and exit with *out_code (0 after --help, 2 after a usage error). */
bool option_parse(int argc, char **argv, const char *usage, const char *about, const struct option_row *rows, int *out_first, int *out_code);

/* A verb with verbs of its own: finds argv[1] among `part` (n of them) and runs it with what follows; --help lists them. `after`: printed behind the list, or NULL. */
struct option_part { const char *name, *text; int (*main)(int argc, char **argv); };
int option_parts(int argc, char **argv, const char *verb, const struct option_part *part, size_t n, const char *after);

/* Prints "trundle VERB: where: what (hint)" and returns the exit code that fits the status (3 input, 4 environment, 2 usage). */
int option_fail(const char *verb, const struct trundle_error *err);

/* A bar on stderr when it is a terminal, else nothing. done == total ends the line. */
void option_progress(const char *what, size_t done, size_t total);
