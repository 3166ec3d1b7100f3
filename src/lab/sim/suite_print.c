/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The field table as a page: docs/suite-fields.md. */
#include "lab/sim/suite.h"

#include <string.h>

static enum trundle_status print_value(const struct suite_field *f, const struct sim_suite *suite, struct bytes *out)
{
    const unsigned char *at = (const unsigned char *)suite + f->offset;
    struct suite_range range;
    double number;
    int choice;

    switch (f->kind) {
    case SUITE_RANGE:
        memcpy(&range, at, sizeof range);
        return bytes_print(out, " %g to %g |", range.lo, range.hi);
    case SUITE_CHOICE:
        memcpy(&choice, at, sizeof choice);
        return bytes_print(out, " %s |", f->words[choice]);
    case SUITE_STRING:
        return bytes_print(out, " %s |", *at ? (const char *)at : "-");
    case SUITE_NUMBER:
    case SUITE_WHOLE:
        break;
    }
    memcpy(&number, at, sizeof number);
    return bytes_print(out, " %g |", number);
}

enum trundle_status sim_suite_fields_print(const struct sim_suite *const *suites, size_t n, struct bytes *out)
{
    static const char *const kind[] = { "number", "whole", "range", "one of", "text" };

    TRY(bytes_print(out, "| field | kind | bounds |"));
    for (size_t i = 0; i < n; i++)
        TRY(bytes_print(out, " %s |", suites[i]->name));
    TRY(bytes_print(out, " meaning |\n|---|---|---|"));
    for (size_t i = 0; i < n; i++)
        TRY(bytes_print(out, "---|"));
    TRY(bytes_print(out, "---|\n"));
    for (size_t k = 0; k < suite_fields_n; k++) {
        const struct suite_field *f = &suite_fields[k];

        TRY(bytes_print(out, "| `%s.%s` | %s | ", f->section, f->key, kind[f->kind]));
        if (f->kind == SUITE_STRING)
            TRY(bytes_print(out, "up to %g bytes", f->hi));
        else if (f->kind == SUITE_CHOICE)
            for (int w = 0; w <= (int)f->hi; w++)
                TRY(bytes_print(out, "%s%s", w ? " " : "", f->words[w]));
        else
            TRY(bytes_print(out, "%g to %g", f->lo, f->hi));
        TRY(bytes_print(out, " |"));
        for (size_t i = 0; i < n; i++)
            TRY(print_value(f, suites[i], out));
        TRY(bytes_print(out, " %s |\n", f->text));
    }
    return TRUNDLE_OK;
}
