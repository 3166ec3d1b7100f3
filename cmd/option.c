/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Command lines, errors and progress for all verbs. */
#include "cmd/option.h"

#include "cmd/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void help(const char *usage, const char *about, const struct option_row *rows)
{
    printf("usage: %s\n\n%s\n", usage, about);
    if (rows->name)
        puts("");
    for (; rows->name; rows++) {
        char left[64];

        (void)snprintf(left, sizeof left, "--%s%s%s", rows->name, rows->argument ? " " : "", rows->argument ? rows->argument : "");
        printf("  %-24s %s\n", left, rows->text);
    }
}

static bool take_value(const struct option_row *row, const char *text)
{
    char *end = NULL;

    errno = 0;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->value = true;
        return true;
    case OPTION_TEXT:
        *(const char **)row->value = text;
        return true;
    case OPTION_LONG:
        *(long long *)row->value = strtoll(text, &end, 10);
        break;
    case OPTION_NUMBER:
        *(double *)row->value = strtod(text, &end);
        break;
    }
    return *text && end && !*end && errno == 0;
}

static const struct option_row *find(const struct option_row *rows, const char *name, size_t n)
{
    for (; rows->name; rows++)
        if (strlen(rows->name) == n && !strncmp(rows->name, name, n))
            return rows;
    return NULL;
}

bool option_parse(int argc, char **argv, const char *usage, const char *about, const struct option_row *rows, int *out_first, int *out_code)
{
    char **operands = calloc((size_t)argc + 1, sizeof *operands);
    int n_operands = 0;
    bool only_operands = false, ok = false;

    *out_code = EXIT_USAGE;
    if (!operands) {
        *out_code = EXIT_ENVIRONMENT;
        return false;
    }
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        const char *equals = strchr(arg, '=');
        const struct option_row *row;

        if (only_operands || arg[0] != '-' || !arg[1]) {
            operands[n_operands++] = argv[i];
            continue;
        }
        if (!strcmp(arg, "--")) {
            only_operands = true;
            continue;
        }
        if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
            help(usage, about, rows);
            *out_code = EXIT_OK;
            goto out;
        }
        row = arg[1] == '-' ? find(rows, arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2)) : NULL;
        if (!row) {
            fprintf(stderr, "trundle %s: no option '%s'; trundle %s --help lists them\n", argv[0], arg, argv[0]);
            goto out;
        }
        if (row->kind == OPTION_FLAG ? equals != NULL : !equals && i + 1 >= argc) {
            fprintf(stderr, "trundle %s: --%s takes %s\n", argv[0], row->name, row->kind == OPTION_FLAG ? "no value" : row->argument);
            goto out;
        }
        if (!take_value(row, equals ? equals + 1 : row->kind == OPTION_FLAG ? "" : argv[++i])) {
            fprintf(stderr, "trundle %s: --%s: not a number: '%s'\n", argv[0], row->name, equals ? equals + 1 : argv[i]);
            goto out;
        }
    }
    *out_first = argc - n_operands;
    for (int i = 0; i < n_operands; i++)
        argv[*out_first + i] = operands[i];
    *out_code = EXIT_OK;
    ok = true;
out:
    free(operands);
    return ok;
}

int option_fail(const char *verb, const struct trundle_error *err)
{
    char text[1024];

    fprintf(stderr, "trundle %s: %s\n", verb, error_text(err, text, sizeof text));
    switch (err->status) {
    case TRUNDLE_BAD_ARG:
        return EXIT_USAGE;
    case TRUNDLE_IO:
    case TRUNDLE_DEVICE:
    case TRUNDLE_NO_MEMORY:
    case TRUNDLE_FULL:
        return EXIT_ENVIRONMENT;
    default:
        return EXIT_INPUT;
    }
}

static void list_parts(FILE *to, const char *verb, const struct option_part *part, size_t n, const char *after)
{
    fprintf(to, "usage: trundle %s PART [OPTION...]\n\n", verb);
    for (size_t i = 0; i < n; i++)
        fprintf(to, "  %-10s %s\n", part[i].name, part[i].text);
    fprintf(to, "\ntrundle %s PART --help says more.%s%s\n", verb, after ? " " : "", after ? after : "");
}

int option_parts(int argc, char **argv, const char *verb, const struct option_part *part, size_t n, const char *after)
{
    const char *name = argc > 1 ? argv[1] : "";
    bool help = !strcmp(name, "--help") || !strcmp(name, "-h");

    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, part[i].name))
            return part[i].main(argc - 1, argv + 1);
    if (*name && !help)
        fprintf(stderr, "trundle %s: no part '%s'\n", verb, name);
    list_parts(help ? stdout : stderr, verb, part, n, after);
    return help ? EXIT_OK : EXIT_USAGE;
}

void option_progress(const char *what, size_t done, size_t total)
{
    static const char bar[] = "########################################";
    int width;

    if (!isatty(STDERR_FILENO) || !total)
        return;
    width = (int)(done * 40 / total);
    fprintf(stderr, "\r%s [%-40.*s] %zu/%zu%s", what, width, bar, done, total, done == total ? "\n" : "");
}
