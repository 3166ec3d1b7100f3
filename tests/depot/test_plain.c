/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The quick way of reading a decision gives what the slow one gives, and leaves to it whatever it is not sure of. */
#include "hub/depot/inside.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":"

static bool plain(const char *line, struct depot_record *out, char **out_text)
{
    char *text = strdup(line);

    assert_non_null(text);
    *out = (struct depot_record){ .line = 3 };
    *out_text = text;
    return depot_plain_line(text, strlen(text), out);
}

static void takes_what_carts_print(void **state)
{
    struct depot_record r;
    char *text;

    (void)state;
    assert_true(plain("{\"boot\":2147483647,\"sequence\":1099511627775,\"t_ns\":1780315200123456789,\"kind\":\"decision\",\"body\":{\"trip\":\"t1\",\"kind\":\"add\",\"t_s\":-1.50,\"p\":0.9712,\"corrected\":true,"
                      "\"product\":null,\"empty\":\"\",\"count\":0}}", &r, &text));
    assert_int_equal(r.boot, 2147483647);
    assert_int_equal(r.sequence, 1099511627775);
    assert_int_equal(r.t_ns, 1780315200123456789);
    assert_string_equal(r.kind, "decision");
    assert_int_equal(r.line, 3);
    assert_null(r.json);
    assert_int_equal(r.body[strlen(r.body) - 1], '}');
    assert_string_equal(r.what, "add");
    assert_true(r.corrected);
    free(text);
    assert_true(plain(HEAD "{}}", &r, &text));
    assert_string_equal(r.body, "{}");
    assert_string_equal(r.what, "");
    assert_false(r.corrected);
    free(text);
    assert_true(plain(HEAD "{\"kind\":5,\"corrected\":\"true\",\"kinds\":\"x\",\"uncorrected\":true}}", &r, &text));
    assert_string_equal(r.what, "");
    assert_false(r.corrected);
    free(text);
}

/* Some of these are right, and some are not: none of them is for the quick way, and none is changed by it. */
static void leaves_the_rest(void **state)
{
    static const char *const lines[] = {
        "", "{", "{}", HEAD, HEAD "{}", HEAD "{}}x", HEAD "{}} ", " " HEAD "{}}", HEAD "{ }}", HEAD "[]}", HEAD "{\"a\":{}}}", HEAD "{\"a\":[]}}", HEAD "{\"a\":1,}}", HEAD "{,}}", HEAD "{\"a\"}}",
        HEAD "{\"a\":1,\"b\":2,\"a\":3}}", HEAD "{\"a\":01}}", HEAD "{\"a\":-}}", HEAD "{\"a\":1.}}", HEAD "{\"a\":.5}}", HEAD "{\"a\":1e5}}", HEAD "{\"a\":+1}}", HEAD "{\"a\":9999999999999999999}}",
        HEAD "{\"a\":truex}}", HEAD "{\"a\":True}}", HEAD "{\"a\":nul}}", HEAD "{\"a\":\"\\n\"}}", HEAD "{\"a\":\"\xc3\xa9\"}}", HEAD "{\"a\":\"\x01\"}}", HEAD "{\"a\":\"x}}", HEAD "{\"a\\u0062\":1}}",
        HEAD "{\"a\":1},\"x\":1}", HEAD "{\"kind\":\"0123456789abcdef\"}}", "{\"boot\":0,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "{\"boot\":2147483648,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}",
        "{\"boot\":1,\"sequence\":1099511627776,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "{\"boot\":1,\"sequence\":1,\"t_ns\":9223372036854775808,\"kind\":\"decision\",\"body\":{}}",
        "{\"boot\":1,\"sequence\":1,\"t_ns\":99999999999999999999999,\"kind\":\"decision\",\"body\":{}}", "{\"boot\":1,\"sequence\":1,\"t_ns\":-1,\"kind\":\"decision\",\"body\":{}}",
        "{\"boot\":01,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "{\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"trip\",\"body\":{}}",
        "{\"sequence\":1,\"boot\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}", "{\"boot\":1,\"boot\":1,\"sequence\":1,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}",
    };
    struct depot_record r;
    char *text;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        if (plain(lines[i], &r, &text))
            fail_msg("took %s", lines[i]);
        assert_string_equal(text, lines[i]);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(takes_what_carts_print), cmocka_unit_test(leaves_the_rest) };

    return support_run(tests);
}
