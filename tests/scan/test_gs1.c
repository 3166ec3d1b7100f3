/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* scan/gs1: every form of code to its meaning, and what must be refused. */
#include "base/catalog/import.h"
#include "cart/scan/gs1.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct catalog *shop(void)
{
    static const char products[] = "product,name\n4011,Banana\n";
    static const char retailer[] = "{\"prefixes\":{\"02\":{\"inside\":\"price\",\"item_digits\":5,\"value_digits\":4,\"value_check\":true},"
                                   "\"21\":{\"inside\":\"price\",\"item_digits\":4,\"value_digits\":5,\"value_check\":true},"
                                   "\"28\":{\"inside\":\"weight\",\"item_digits\":5,\"value_digits\":5}}}";
    struct catalog_texts t = { .products = { products, sizeof products - 1 }, .retailer = { retailer, sizeof retailer - 1 } };
    struct catalog_import import = { .strict = true };
    struct catalog *c = NULL;
    struct trundle_error err;

    support_ok(catalog_import_texts(&t, &import, &c, &err), &err);
    return c;
}

static enum trundle_status parse(const char *text, enum trundle_symbology symbology, const struct catalog *c, struct scan_item *out)
{
    struct trundle_code code = { .symbology = symbology, .text_bytes = (uint16_t)strlen(text) };
    struct trundle_error err = { 0 };
    enum trundle_status status;

    memcpy(code.text, text, strlen(text) + 1);
    memset(out, 0, sizeof *out);
    status = scan_parse(&code, c, out, &err);
    if (status != TRUNDLE_OK && (!*err.what || out->product.key))
        fail_msg("'%s': no reason, or outputs touched", text);
    return status;
}

static const char *with_check(const char *digits)
{
    static char out[8][32];
    static int next;
    char *s = out[next++ % 8];

    for (char check = '0'; check <= '9'; check++) {
        (void)snprintf(s, sizeof out[0], "%s%c", digits, check);
        if (scan_check_digit_holds(s, strlen(s)))
            break;
    }
    return s;
}

static void numbers_name_products(void **state)
{
    static const struct { const char *text; enum trundle_symbology symbology; const char *product; } rows[] = {
        { "4006381333931", TRUNDLE_SYM_EAN13, "gtin:04006381333931" }, { "4006381333931\r\n", TRUNDLE_SYM_UNKNOWN, "gtin:04006381333931" },
        { "]E04006381333931", TRUNDLE_SYM_UNKNOWN, "gtin:04006381333931" }, { "96385074", TRUNDLE_SYM_EAN8, "gtin:00000096385074" },
        { "]E496385074", TRUNDLE_SYM_UNKNOWN, "gtin:00000096385074" }, { "890444000335", TRUNDLE_SYM_UPCA, "gtin:00890444000335" },
        { "05096893", TRUNDLE_SYM_UPCE, "gtin:00050968000093" }, { "05096893", TRUNDLE_SYM_UNKNOWN, "gtin:00050968000093" },
        { "509689", TRUNDLE_SYM_UPCE, NULL }, { "4011", TRUNDLE_SYM_UNKNOWN, "plu:4011" }, { "94011", TRUNDLE_SYM_UNKNOWN, "plu:94011" },
        { "14006381333938", TRUNDLE_SYM_UNKNOWN, "gtin:14006381333938" }, { "400638133393112", TRUNDLE_SYM_EAN13, "gtin:04006381333931" },
        { "400638133393112995", TRUNDLE_SYM_EAN13, "gtin:04006381333931" }, { "9780735200449 51299", TRUNDLE_SYM_EAN13, "gtin:09780735200449" },
        { "89044400033512", TRUNDLE_SYM_UPCA, "gtin:00890444000335" },
        { "0104006381333931", TRUNDLE_SYM_DATABAR, "gtin:04006381333931" },
    };
    struct scan_item item;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[TRUNDLE_PRODUCT_TEXT];

        if (parse(rows[i].text, rows[i].symbology, NULL, &item) != TRUNDLE_OK)
            fail_msg("'%s' is refused", rows[i].text);
        if (rows[i].product && strcmp(trundle_product_text(item.product, text), rows[i].product) != 0)
            fail_msg("'%s' is %s, not %s", rows[i].text, text, rows[i].product);
        assert_true(item.count == 1 && isnan(item.weight_g) && item.price_cents == -1);
    }
    assert_int_equal(parse("9780735200449+51299", TRUNDLE_SYM_EAN13, NULL, &item), TRUNDLE_OK);
    assert_string_equal(item.addon, "51299");
}

static void upc_e_expands(void **state)
{
    /* One of each rule of expansion; the check digit is that of the expanded number. */
    static const char *const rows[][2] = { { "01234505", "012000003455" }, { "01234514", "012100003454" }, { "01234523", "012200003453" },
                                           { "01234531", "012300000451" }, { "01234543", "012340000053" }, { "01234558", "012345000058" },
                                           { "01234596", "012345000096" } };
    char upca[13];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char e[9];

        memcpy(e, rows[i][0], 9);
        if (!scan_upce_expand(e, upca))
            fail_msg("%s does not expand", e);
        assert_string_equal(upca, rows[i][1]);
        e[7] = (char)(e[7] == '9' ? '0' : e[7] + 1);
        assert_false(scan_upce_expand(e, upca));
    }
    assert_false(scan_upce_expand("21234505", upca));
}

static void prices_and_weights_inside_are_read(void **state)
{
    struct catalog *c = shop();
    struct scan_item item;

    (void)state;
    /* 28.75 has price check digit 9, 146.85 has 6 (the worked examples of the standard's sections 7.9.3 and 7.9.4). */
    assert_int_equal(parse(with_check("020401192875"), TRUNDLE_SYM_EAN13, c, &item), TRUNDLE_OK);
    assert_true(item.product.key == trundle_product_plu(4011).key && item.price_cents == 2875 && item.restricted);
    assert_int_equal(parse(with_check("020401182875"), TRUNDLE_SYM_EAN13, c, &item), TRUNDLE_BAD_INPUT);
    assert_int_equal(parse(with_check("214011614685"), TRUNDLE_SYM_EAN13, c, &item), TRUNDLE_OK);
    assert_true(item.price_cents == 14685);
    assert_int_equal(parse(with_check("280401100182"), TRUNDLE_SYM_EAN13, c, &item), TRUNDLE_OK);
    assert_true(item.product.key == trundle_product_plu(4011).key && item.weight_g == 182.0 && item.price_cents == -1);
    assert_int_equal(parse(with_check("280001200182"), TRUNDLE_SYM_EAN13, c, &item), TRUNDLE_BAD_INPUT);
    assert_int_equal(parse(with_check("290401100182"), TRUNDLE_SYM_EAN13, c, &item), TRUNDLE_OK);
    assert_true(trundle_product_is_gtin(item.product) && item.restricted);
    assert_int_equal(parse(with_check("280401100182"), TRUNDLE_SYM_EAN13, NULL, &item), TRUNDLE_OK);
    assert_true(trundle_product_is_gtin(item.product) && isnan(item.weight_g));
    catalog_free(c);
}

static void element_strings_are_read(void **state)
{
    struct scan_item item;

    (void)state;
    assert_int_equal(parse("(01)98898765432106(3103)001750(15)991231(10)12A(21)123456", TRUNDLE_SYM_UNKNOWN, NULL, &item), TRUNDLE_OK);
    assert_true(item.product.key == trundle_product_gtin(98898765432106).key && item.weight_g == 1750 && item.expires_yymmdd == 991231);
    assert_string_equal(item.lot, "12A");
    assert_string_equal(item.serial, "123456");
    assert_int_equal(parse("]e00198898765432106310300175010ABC\x1d" "15991231", TRUNDLE_SYM_UNKNOWN, NULL, &item), TRUNDLE_OK);
    assert_string_equal(item.lot, "ABC");
    assert_int_equal(parse("\x1d" "010400638133393117261231" "3922199", TRUNDLE_SYM_CODE128, NULL, &item), TRUNDLE_OK);
    assert_true(item.price_cents == 199 && item.expires_yymmdd == 261231);
    assert_int_equal(parse("(01)04006381333931(3201)000100", TRUNDLE_SYM_UNKNOWN, NULL, &item), TRUNDLE_OK);
    assert_near(item.weight_g, 4535.9237, 1e-6);
    assert_int_equal(parse("(01)04006381333931(3932)97800199", TRUNDLE_SYM_UNKNOWN, NULL, &item), TRUNDLE_OK);
    assert_true(item.price_cents == 199 && !strcmp(item.currency, "978"));
    assert_int_equal(parse("(02)04006381333931(37)12", TRUNDLE_SYM_UNKNOWN, NULL, &item), TRUNDLE_OK);
    assert_int_equal(item.count, 12);
    assert_int_equal(parse("(11)100224(17)110224(3102)000100", TRUNDLE_SYM_UNKNOWN, NULL, &item), TRUNDLE_UNSUPPORTED);
}

static void links_are_read(void **state)
{
    struct scan_item item;

    (void)state;
    assert_int_equal(parse("https://id.gs1.org/01/04006381333931/10/A%2FB/21/7?3103=000182&x=y&17=261231", TRUNDLE_SYM_QR, NULL, &item), TRUNDLE_OK);
    assert_true(item.product.key == trundle_product_gtin(4006381333931).key && item.weight_g == 182 && item.expires_yymmdd == 261231);
    assert_string_equal(item.lot, "A/B");
    assert_int_equal(parse("https://shop.example/a/b/gtin/4006381333931", TRUNDLE_SYM_QR, NULL, &item), TRUNDLE_OK);
    assert_int_equal(parse("https://shop.example/", TRUNDLE_SYM_QR, NULL, &item), TRUNDLE_UNSUPPORTED);
    assert_int_equal(parse("https://id.gs1.org/01/04006381333932", TRUNDLE_SYM_QR, NULL, &item), TRUNDLE_BAD_INPUT);
    assert_int_equal(parse("https://id.gs1.org/01/04006381333931/x/1", TRUNDLE_SYM_QR, NULL, &item), TRUNDLE_BAD_INPUT);
}

static void the_rest_is_refused(void **state)
{
    static const char *const rows[] = { "", "]E0", "4006381333930", "96385075", "123", "0123", "abc", "4006381333931a", "4006381333931 1", "\x01\x02", "\xff\xfe\xfd",
                                        "0000000000000", "00000000000000", "(01)04006381333930", "(01)0400638133393", "(01)04006381333931(17)261331", "(01)04006381333931(10)",
                                        "(01)04006381333931(01)98898765432106", "(01)04006381333931(3103)12345", "(01)04006381333931(3920)", "]C1(", "]C199", "\x1d",
                                        "(01)04006381333931(37)0", "(01)04006381333931(10)123456789012345678901", "12345678901234567890", "https://id.gs1.org/01/%zz" };
    struct scan_item item;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (parse(rows[i], TRUNDLE_SYM_UNKNOWN, NULL, &item) == TRUNDLE_OK)
            fail_msg("'%s' is read", rows[i]);
}

/* One digit wrong or two neighbours swapped (but for differences of 5) never reads as a product. */
static void check_digits_are_enforced(void **state)
{
    static const char good[] = "4006381333931";
    struct scan_item item;

    (void)state;
    for (size_t i = 0; i < 13; i++)
        for (char d = '0'; d <= '9'; d++) {
            char text[14];

            memcpy(text, good, 14);
            if (text[i] == d)
                continue;
            text[i] = d;
            assert_int_equal(parse(text, TRUNDLE_SYM_EAN13, NULL, &item), TRUNDLE_BAD_INPUT);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_name_products), cmocka_unit_test(upc_e_expands), cmocka_unit_test(prices_and_weights_inside_are_read),
        cmocka_unit_test(element_strings_are_read), cmocka_unit_test(links_are_read), cmocka_unit_test(the_rest_is_refused),
        cmocka_unit_test(check_digits_are_enforced),
    };

    return support_run(tests);
}
