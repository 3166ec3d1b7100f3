/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* fuse.json and costs.json: each field is read, bounded and documented; docs/fusion.md has the rows of params.h and no others. */
#include "cart/fuse/params.h"

#include "base/std/bytes.h"
#include "tests/support/support.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct row { const char *file, *field; double least, most; const char *text; };

#define X(field, least, most, text) { FILE_NAME, #field, least, most, text },
static const struct row rows[] = {
#define FILE_NAME "fuse.json"
    FUSE_PRIOR_FIELDS(X)
#undef FILE_NAME
#define FILE_NAME "costs.json"
    FUSE_COST_FIELDS(X)
#undef FILE_NAME
};
#undef X

static const char *row_text(const struct row *r, char *out, size_t size)
{
    (void)snprintf(out, size, "| `%s` | `%s` | %g to %g | %s |\n", r->file, r->field, r->least, r->most, r->text);
    return out;
}

/* Rows that the text lacks, each printed; those it has too many, counted. */
static size_t differences(const char *doc)
{
    size_t missing = 0, found = 0;
    char line[512];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strstr(doc, row_text(&rows[i], line, sizeof line)))
            continue;
        printf("# docs/fusion.md lacks: %s", line);
        missing++;
    }
    for (const char *at = doc; (at = strstr(at, "\n| `")); at++)
        found += !strncmp(at + 4, "fuse.json`", 10) || !strncmp(at + 4, "costs.json`", 11);
    return missing + (found > COUNT_OF(rows) ? found - COUNT_OF(rows) : 0);
}

static void the_page_lists_the_fields(void **state)
{
    struct bytes doc = { 0 };
    struct trundle_error err;
    char *row;

    (void)state;
    support_ok(file_read(support_source("docs/fusion.md"), 1 << 20, &doc, &err), &err);
    assert_int_equal(differences((const char *)doc.data), 0);
    row = strstr((char *)doc.data, "`see_weight`");       /* the mutant: a row that says something else */
    assert_non_null(row);
    row[1] = 'x';
    assert_true(differences((const char *)doc.data) > 0);
    bytes_done(&doc);
}

/* All fields of one file at their least values; field `without` left out, or given too large a value. */
static void print_half(const char *file, size_t changed, bool out, struct bytes *to)
{
    const char *comma = "";

    support_ok(bytes_print(to, "{"), NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].file, file) != 0 || (i == changed && out))
            continue;
        support_ok(bytes_print(to, "%s\"%s\": %.17g", comma, rows[i].field, i == changed ? rows[i].most * 2 + 1 : rows[i].least), NULL);
        comma = ", ";
    }
    support_ok(bytes_print(to, "}"), NULL);
}

static void every_field_is_asked_for_and_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i <= COUNT_OF(rows); i++) {
        for (int out = 0; out < 2; out++) {
            struct bytes fuse = { 0 }, costs = { 0 };
            struct fuse_params params;
            struct trundle_error err;
            enum trundle_status status;

            print_half("fuse.json", i, out, &fuse);
            print_half("costs.json", i, out, &costs);
            status = fuse_params_parse(fuse.data, fuse.n, costs.data, costs.n, &params, &err);
            if (i == COUNT_OF(rows)) {
                support_ok(status, &err);
            } else {
                assert_true(status == TRUNDLE_BAD_INPUT || status == TRUNDLE_NOT_FOUND);
                assert_non_null(strstr(err.where, rows[i].field));
            }
            bytes_done(&fuse);
            bytes_done(&costs);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_page_lists_the_fields), cmocka_unit_test(every_field_is_asked_for_and_bounded) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
