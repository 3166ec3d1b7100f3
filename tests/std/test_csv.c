/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* std/csv: what is taken, what is refused and where, and that reading goes on after an error. */
#include "base/std/csv.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

static struct csv csv;

static void start(const char *text)
{
    csv_init(&csv, text, strlen(text), "t.csv");
}

/* All rows as "a|b;c|d;", errors as "!line:column what;". */
static const char *dump(const void *data, size_t n)
{
    static char out[4096];
    struct trundle_error err;
    enum trundle_status status;
    size_t used = 0;

    csv_init(&csv, data, n, "t.csv");
    out[0] = '\0';
    while ((status = csv_row(&csv, &err)) != TRUNDLE_END) {
        if (status != TRUNDLE_OK) {
            used += (size_t)snprintf(out + used, sizeof out - used, "!%s %s;", err.where + strlen("t.csv, "), err.what);
            continue;
        }
        for (size_t i = 0; i < csv.fields_n; i++)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%s", i ? "|" : "", csv.field[i].text);
        used += (size_t)snprintf(out + used, sizeof out - used, ";");
    }
    return out;
}

#define DUMP(literal) dump(literal, sizeof(literal) - 1)

static void rows_are_read(void **state)
{
    (void)state;
    assert_string_equal(DUMP("a,b\r\nc,d\n"), "a|b;c|d;");
    assert_string_equal(DUMP("\xef\xbb\xbf" "a,b\rc,d"), "a|b;c|d;");
    assert_string_equal(DUMP("\"a \"\"x\"\"\",\"b,\n\"\n,\n\n\n"), "a \"x\"|b,\n;|;");
    assert_string_equal(DUMP("\xc3\xbc,\xe2\x82\xac,\xf0\x9f\x8d\x8c"), "\xc3\xbc|\xe2\x82\xac|\xf0\x9f\x8d\x8c;");
    assert_string_equal(DUMP(""), "");
    assert_string_equal(DUMP("\n\r\n"), "");
    assert_string_equal(DUMP("a,"), "a|;");
}

static void bad_rows_say_where_and_the_rest_is_read(void **state)
{
    (void)state;
    assert_string_equal(DUMP("a,b\"c\nd"), "!line 1, column 4 a quote inside a bare field;d;");
    assert_string_equal(DUMP("a,\"b\"c\nd"), "!line 1, column 6 text behind the closing quote;d;");
    assert_string_equal(DUMP("x\na,\"b\nc,d\n"), "x;!line 2, column 3 a quote that is never closed;c|d;");
    assert_string_equal(DUMP("a,\0b\nd"), "!line 1, column 3 a NUL byte;d;");
    assert_string_equal(DUMP("\xc3\xbcx,\xfc\nd"), "!line 1, column 4 not UTF-8;d;");
    assert_string_equal(DUMP("\xed\xa0\x80\n\xc0\x80\n\xf5\x80\x80\x80\n\xe2\x82"), "!line 1, column 1 not UTF-8;!line 2, column 1 not UTF-8;"
                        "!line 3, column 1 not UTF-8;!line 4, column 1 not UTF-8;");
    assert_string_equal(DUMP("a,\x1b[31m\nd"), "!line 1, column 3 a control character;d;");
    assert_string_equal(DUMP("\xff\xfe" "a\0,\0b\0\n\0"), "!line 1, column 1 is UTF-16 or binary, not UTF-8 text;");
    assert_string_equal(DUMP("a\0,\0"), "!line 1, column 1 is UTF-16 or binary, not UTF-8 text;");
}

static void limits_hold(void **state)
{
    static char many[2 * CSV_FIELDS_MAX + 4], longer[CSV_ROW_BYTES + 8];
    struct trundle_error err;

    (void)state;
    memset(many, ',', sizeof many);
    csv_init(&csv, many, CSV_FIELDS_MAX - 1, "t");
    assert_int_equal(csv_row(&csv, &err), TRUNDLE_OK);
    assert_int_equal(csv.fields_n, CSV_FIELDS_MAX);
    csv_init(&csv, many, CSV_FIELDS_MAX, "t");
    assert_int_equal(csv_row(&csv, &err), TRUNDLE_TOO_LARGE);
    memset(longer, 'x', sizeof longer);
    csv_init(&csv, longer, CSV_ROW_BYTES - 1, "t");
    assert_int_equal(csv_row(&csv, &err), TRUNDLE_OK);
    assert_int_equal(csv.field[0].n, CSV_ROW_BYTES - 1);
    csv_init(&csv, longer, CSV_ROW_BYTES, "t");
    assert_int_equal(csv_row(&csv, &err), TRUNDLE_TOO_LARGE);
    assert_int_equal(csv_row(&csv, &err), TRUNDLE_END);
    longer[CSV_ROW_BYTES - 1] = ',';
    csv_init(&csv, longer, sizeof longer, "t");
    assert_int_equal(csv_row(&csv, &err), TRUNDLE_TOO_LARGE);
}

static void fields_know_their_place(void **state)
{
    char at[CSV_AT_TEXT];
    struct trundle_error err;

    (void)state;
    start("\n\xc3\xbc,\"b\nb\",c\n");
    support_ok(csv_row(&csv, &err), &err);
    assert_string_equal(csv_at(&csv, 1, at), "t.csv, line 2, column 3");
    assert_true(csv.field[1].quoted && !csv.field[2].quoted);
    assert_string_equal(csv_at(&csv, 2, at), "t.csv, line 3, column 4");
    assert_string_equal(csv_at(&csv, 3, at), "t.csv, line 3, end of the row");
}

static void a_header_maps_names(void **state)
{
    static const char *const names[] = { "t_s", "g", "note" };
    struct trundle_error err;
    int index[3] = { 7, 7, 7 };

    (void)state;
    start("g, t_s\n1,2");
    support_ok(csv_header(&csv, names, 3, 2, index, &err), &err);
    assert_true(index[0] == 1 && index[1] == 0 && index[2] == -1);
    start("g,colour\n");
    assert_int_equal(csv_header(&csv, names, 3, 2, index, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.what, "unknown column 'colour'");
    start("g,g\n");
    assert_int_equal(csv_header(&csv, names, 3, 2, index, &err), TRUNDLE_BAD_INPUT);
    start("t_s\n");
    assert_int_equal(csv_header(&csv, names, 3, 2, index, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.what, "column 'g' is missing");
    start("");
    assert_int_equal(csv_header(&csv, names, 3, 2, index, &err), TRUNDLE_BAD_INPUT);
    assert_true(index[0] == 1 && index[1] == 0);
}

static void numbers_are_plain_and_finite(void **state)
{
    double x = 7;

    (void)state;
    assert_true(csv_number(" -1.5 ", &x) && x == -1.5);
    assert_true(csv_number("2e3", &x) && x == 2000);
    assert_true(csv_number(".5", &x) && x == 0.5);
    x = 7;
    assert_false(csv_number("", &x) || csv_number(" ", &x) || csv_number("nan", &x) || csv_number("inf", &x) || csv_number("0x10", &x) ||
                 csv_number("1,5", &x) || csv_number("1 2", &x) || csv_number("1e999", &x) || csv_number("-", &x) || csv_number("1e", &x));
    assert_true(x == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(bad_rows_say_where_and_the_rest_is_read),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(fields_know_their_place),
        cmocka_unit_test(a_header_maps_names),
        cmocka_unit_test(numbers_are_plain_and_finite),
    };

    return support_run(tests);
}
