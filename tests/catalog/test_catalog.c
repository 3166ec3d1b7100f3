/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* catalog: import, look-ups, canonical JSON, the SQLite file, and every kind of dirty row with its place and reason. */
#include "base/db/db.h"
#include "base/catalog/import.h"
#include "base/catalog/store.h"
#include "base/std/csv.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char products[] = "product,name,brand,category,by_weight,mass_g,mass_sd_g,pack,tax,popularity\n"
                               "4006381333931,Pen,Stabilo,office,,12.5,0.2,1 ct,19%,2\n"
                               "plu:4011,Banana,,fruit,yes,180,30,,7%,9\n"
                               "96385074,Gum,Chew,sweets,no,31,0.5,15 g,7,\n";
static const char prices[] = "product,price,unit,valid_from,valid_until,member\n"
                             "04006381333931,1.99,each,,,\n"
                             "04006381333931,1.49,each,2026-03-01,2026-03-08,\n"
                             "04006381333931,1.29,,,,yes\n"
                             "4011,1.99,kg,,,\n"
                             "96385074,0.5,each,2026-01-01T00:00+01:00,,\n";
static const char promotions[] = "id,name,kind,n,m,percent,member,valid_from,valid_until,products\n"
                                 "p1,3 for 2,n_for_m,3,2,,,,,96385074 gtin:04006381333931\n"
                                 "p2,Fruit,percent,,,20%,yes,2026-01-01,2027-01-01,4011\n";
static const char planogram[] = "product,zone,x_m,y_m\n4011,A1,1.5,-2\n96385074,B2,,\n";
static const char retailer[] = "{\"currency\":\"EUR\",\"prefixes\":{\"02\":{\"inside\":\"price\",\"item_digits\":5,\"value_digits\":4,\"value_check\":true},"
                               "\"28\":{\"inside\":\"weight\",\"item_digits\":5,\"value_digits\":5}}}";

static char problems[8192];

static void note(void *user, const struct trundle_error *e)
{
    size_t used = strlen(problems);

    (void)user;
    (void)snprintf(problems + used, sizeof problems - used, "%s: %s;", e->where, e->what);
}

static enum trundle_status import_texts(const char *p, const char *r, const char *o, const char *g, bool strict, struct catalog **out,
                                        struct catalog_import *import, struct trundle_error *err)
{
    struct catalog_texts t = { { p, strlen(p) }, { r, strlen(r) }, { o, strlen(o) }, { g, strlen(g) }, { retailer, sizeof retailer - 1 } };

    problems[0] = '\0';
    *import = (struct catalog_import){ .strict = strict, .on_problem = note };
    return catalog_import_texts(&t, import, out, err);
}

static struct catalog *demo(void)
{
    struct catalog_import import;
    struct trundle_error err;
    struct catalog *c = NULL;

    support_ok(import_texts(products, prices, promotions, planogram, true, &c, &import, &err), &err);
    assert_int_equal(import.rows, 12);
    assert_int_equal(import.skipped, 0);
    return c;
}

static struct trundle_product key_of(const char *text)
{
    struct trundle_product p = { 0 };

    assert_int_equal(catalog_product_parse(text, &p), TRUNDLE_OK);
    return p;
}

static int64_t ns_of(const char *text)
{
    int64_t t = 0;

    assert_int_equal(catalog_time_parse(text, &t), TRUNDLE_OK);
    return t;
}

static void it_is_imported_and_looked_up(void **state)
{
    struct catalog *c = demo();
    const struct catalog_product *p;
    int64_t cents = -7;

    (void)state;
    assert_int_equal(catalog_n(c), 3);
    p = catalog_find(c, key_of("4011"));
    assert_non_null(p);
    assert_true(p->by_weight && p->tax_bp == 700 && !strcmp(p->zone, "A1") && p->zone_y_m == -2);
    p = catalog_find(c, key_of("4006381333931"));
    assert_true(p && p->mass_g == 12.5 && p->tax_bp == 1900 && !strcmp(p->pack_unit, "each") && isnan(p->zone_x_m));
    assert_ptr_equal(catalog_at(c, (size_t)catalog_index(c, p->key)), p);
    assert_null(catalog_find(c, key_of("4012")));

    assert_int_equal(catalog_price(c, p->key, ns_of("2026-02-01"), false, &cents), TRUNDLE_OK);
    assert_int_equal(cents, 199);
    assert_int_equal(catalog_price(c, p->key, ns_of("2026-03-01"), false, &cents), TRUNDLE_OK);
    assert_int_equal(cents, 149);
    assert_int_equal(catalog_price(c, p->key, ns_of("2026-03-08"), false, &cents), TRUNDLE_OK);
    assert_int_equal(cents, 199);
    assert_int_equal(catalog_price(c, p->key, ns_of("2026-03-02"), true, &cents), TRUNDLE_OK);
    assert_int_equal(cents, 129);
    assert_int_equal(catalog_price(c, key_of("96385074"), ns_of("2025-12-31T23:00Z") - 1, false, &cents), TRUNDLE_NOT_FOUND);
    assert_int_equal(catalog_price(c, key_of("96385074"), ns_of("2025-12-31T23:00Z"), false, &cents), TRUNDLE_OK);
    assert_int_equal(cents, 50);

    assert_int_equal(catalog_promotions_n(c), 2);
    assert_int_equal(catalog_promotion_at(c, 0)->products_n, 2);
    assert_int_equal(catalog_promotion_at(c, 1)->percent_bp, 2000);
    assert_true(catalog_promotion_products(c, catalog_promotion_at(c, 1))[0].key == key_of("4011").key);
    assert_string_equal(catalog_currency(c), "EUR");
    assert_int_equal(catalog_prefix(c, 2)->inside, CATALOG_INSIDE_PRICE);
    assert_int_equal(catalog_prefix(c, 28)->value_digits, 5);
    assert_int_equal(catalog_prefix(c, 29)->inside, CATALOG_INSIDE_NONE);
    assert_int_equal(catalog_prefix(c, -1)->inside, CATALOG_INSIDE_NONE);
    catalog_free(c);
}

static void json_goes_there_and_back(void **state)
{
    struct catalog *c = demo(), *again = NULL, *part = NULL;
    struct bytes a = { 0 }, b = { 0 };
    struct trundle_product some[2];
    struct trundle_error err;

    (void)state;
    some[0] = key_of("4011");
    some[1] = key_of("4012");
    assert_int_equal(catalog_to_json(c, NULL, 0, &a), TRUNDLE_OK);
    support_ok(catalog_from_json(a.data, a.n, "t", &again, &err), &err);
    assert_int_equal(catalog_to_json(again, NULL, 0, &b), TRUNDLE_OK);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.data, b.data, a.n);
    assert_string_equal(catalog_hash(c), catalog_hash(again));
    b.n = 0;
    assert_int_equal(catalog_to_json(c, some, 2, &b), TRUNDLE_OK);
    support_ok(catalog_from_json(b.data, b.n, "t", &part, &err), &err);
    assert_int_equal(catalog_n(part), 1);
    assert_int_equal(catalog_promotions_n(part), 1);
    assert_string_not_equal(catalog_hash(c), catalog_hash(part));
    bytes_done(&a);
    bytes_done(&b);
    catalog_free(c);
    catalog_free(again);
    catalog_free(part);
}

static void bad_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "[]", "{}", "{\"version\":2,\"products\":[],\"prices\":[],\"promotions\":[]}",
        "{\"version\":1,\"products\":[{\"product\":\"plu:4011\"},{\"product\":\"plu:4011\"}],\"prices\":[],\"promotions\":[]}",
        "{\"version\":1,\"products\":[],\"prices\":[{\"product\":\"plu:4011\",\"cents\":1}],\"promotions\":[]}",
        "{\"version\":1,\"products\":[{\"product\":\"plu:4011\",\"mass\":1}],\"prices\":[],\"promotions\":[]}",
        "{\"version\":1,\"products\":[{\"product\":\"?\"}],\"prices\":[],\"promotions\":[]}",
        "{\"version\":1,\"products\":[],\"prices\":[],\"promotions\":[{\"id\":\"a\",\"kind\":\"n_for_m\",\"n\":2,\"m\":2,\"products\":[]}]}",
        "{\"version\":1,\"products\":[],\"prices\":[],\"promotions\":[{\"id\":\"a\",\"kind\":\"percent\",\"percent_bp\":5,\"products\":[\"plu:4011\"]}]}",
    };
    struct catalog *c = NULL;
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_not_equal(catalog_from_json(bad[i], strlen(bad[i]), "t", &c, &err), TRUNDLE_OK);
    assert_null(c);
}

static void the_file_holds_the_same(void **state)
{
    struct catalog *c = demo(), *again = NULL;
    struct trundle_error err;
    struct db *db;
    char path[4096];
    FILE *f;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/catalog.sqlite", support_scratch());
    support_ok(catalog_save(c, path, &err), &err);
    support_ok(catalog_save(c, path, &err), &err);
    support_ok(catalog_open(path, &again, &err), &err);
    assert_string_equal(catalog_hash(c), catalog_hash(again));
    catalog_free(again);
    again = NULL;
    support_ok(db_open(path, DB_WRITE, &db, &err), &err);
    support_ok(db_exec(db, "UPDATE price SET cents = cents + 1", &err), &err);
    db_close(db);
    assert_int_equal(catalog_open(path, &again, &err), TRUNDLE_CORRUPT);
    assert_null(again);
    f = fopen(path, "wb");
    assert_non_null(f);
    (void)fputs("not a database, not at all, but long enough to be read as one", f);
    (void)fclose(f);
    assert_int_equal(catalog_open(path, &again, &err), TRUNDLE_CORRUPT);
    assert_int_equal(catalog_open("/nonexistent/catalog.sqlite", &again, &err), TRUNDLE_NOT_FOUND);
    assert_int_not_equal(catalog_save(c, "/nonexistent/catalog.sqlite", &err), TRUNDLE_OK);
    assert_null(again);
    catalog_free(c);
}

/* One bad row each, in the file named; the row is left out and the reason says why. */
static void dirty_rows_are_named(void **state)
{
    static const struct { char file; const char *row, *says; } rows[] = {
        { 'p', "4006381333932,X,,,,,,,,", "products.csv, line 5, column 1 (product): '4006381333932' is no GTIN: wrong length or check digit;" },
        { 'p', "4006381333931,X,,,,,,,,", "products.csv, line 5, column 1 (product): '4006381333931' is there twice;" },
        { 'p', "apple,X,,,,,,,,", "is no product" },
        { 'p', "?,X,,,,,,,,", "is no product" },
        { 'p', ",X,,,,,,,,", "names no product" },
        { 'p', "4012, ,,,,,,,,", "(name): ' ' is no name" },
        { 'p', "4012,X,,,maybe,,,,,", "(by_weight): 'maybe' is not yes or no" },
        { 'p', "4012,X,,,,nan,,,,", "(mass_g): 'nan' is not a finite number" },
        { 'p', "4012,X,,,,-5,,,,", "(mass_g): '-5' is not between" },
        { 'p', "4012,X,,,,12 kg,,,,", "(mass_g): '12 kg' is not a finite number" },
        { 'p', "4012,X,,,,1e99,,,,", "is not between" },
        { 'p', "4012,X,,,,,3,,,", "is a spread without mass_g" },
        { 'p', "4012,X,,,,,,5 parsec,,", "(pack): '5 parsec' is no pack size" },
        { 'p', "4012,X,,,,,,,101%,", "(tax)" },
        { 'p', "4012,X,,,,,,,,0", "(popularity): '0' is not over 0" },
        { 'p', "4012,X,,,,,,,", "9 fields, the header has 10" },
        { 'p', "4012,X\xfc,,,,,,,,", "line 5, column 7: not UTF-8" },
        { 'p', "4012,\"X,,,,,,,,", "a quote that is never closed" },
        { 'r', "4013,1,,,,", "(product): '4013' is not in products.csv" },
        { 'r', "4011,-1,kg,,,", "(price): '-1' is negative" },
        { 'r', "4011,\"1,99\",kg,,,", "(price): '1,99' has a decimal comma" },
        { 'r', "4011,1.999,kg,,,", "is no price" },
        { 'r', "4011,100000.01,kg,,,", "is no price" },
        { 'r', "4011,NaN,kg,,,", "is no price" },
        { 'r', "4011,$1,kg,,,", "is no price" },
        { 'r', "4011,,kg,,,", "is no price" },
        { 'r', "4011,1,each,,,", "(unit): 'each' prices each a product that is sold by weight" },
        { 'r', "96385074,1,kg,,,", "prices by weight a product that is sold each" },
        { 'r', "4011,1,litre,,,", "is no unit of sale" },
        { 'r', "4011,1,kg,2026-02-30,,", "(valid_from): '2026-02-30' is no date" },
        { 'r', "4011,1,kg,01.02.2026,,", "is no date" },
        { 'r', "4011,1,kg,2026-02-03,2026-02-03,", "is not after valid_from" },
        { 'r', "4011,2.49,kg,,,", "prices.csv, line 7, column 6 (price): a price of plu:4011 that holds at the same time as the one in line 5" },
        { 'r', "04006381333931,1.00,each,2026-03-07,2026-03-09,", "at the same time as the one in line 3" },
        { 'o', "p1,X,percent,,,5%,,,,4011", "(id): 'p1' is there twice" },
        { 'o', "p3,X,bogof,,,,,,,4011", "is no kind of promotion" },
        { 'o', "p3,X,n_for_m,2,2,,,,,4011", "(m)" },
        { 'o', "p3,X,n_for_m,2.5,1,,,,,4011", "(n)" },
        { 'o', "p3,X,percent,,,0%,,,,4011", "(percent)" },
        { 'o', "p3,X,percent,,,5%,,,,4011 4099", "names '4099', which is not in products.csv" },
        { 'o', "p3,X,percent,,,5%,,,,4011 4011", "names a product twice" },
        { 'o', "p3,X,percent,,,5%,,,,", "names no product" },
        { 'g', "4011,B,,", "is placed twice" },
        { 'g', "04006381333931,,,", "is no zone" },
        { 'g', "04006381333931,B,1,", "is missing beside the other coordinate" },
        { 'g', "04006381333931,B,inf,1", "is not a finite number" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog_import import;
        struct trundle_error err;
        struct catalog *c = NULL;
        char text[4][2048];
        size_t n[4];

        (void)snprintf(text[0], sizeof text[0], "%s%s\n", products, rows[i].file == 'p' ? rows[i].row : "");
        (void)snprintf(text[1], sizeof text[1], "%s%s\n", prices, rows[i].file == 'r' ? rows[i].row : "");
        (void)snprintf(text[2], sizeof text[2], "%s%s\n", promotions, rows[i].file == 'o' ? rows[i].row : "");
        (void)snprintf(text[3], sizeof text[3], "%s%s\n", planogram, rows[i].file == 'g' ? rows[i].row : "");
        for (int k = 0; k < 4; k++)
            n[k] = strlen(text[k]);
        assert_true(n[0] && n[1] && n[2] && n[3]);
        support_ok(import_texts(text[0], text[1], text[2], text[3], false, &c, &import, &err), &err);
        if (import.skipped != 1 || !strstr(problems, rows[i].says))
            fail_msg("row '%s': %zu skipped, said '%s', expected '%s'", rows[i].row, import.skipped, problems, rows[i].says);
        assert_int_equal(catalog_n(c), 3);
        catalog_free(c);
        c = NULL;
        assert_int_not_equal(import_texts(text[0], text[1], text[2], text[3], true, &c, &import, &err), TRUNDLE_OK);
        assert_null(c);
        assert_true(strlen(err.where) > 0);
    }
}

static void wrong_headers_and_encodings_are_refused(void **state)
{
    static const char *const bad[] = { "", "product\n", "product,name,colour\n", "product,name,name\n", "\xff\xfep\0r\0o\0", "product;name\n4011;Banana\n" };
    struct catalog_import import;
    struct trundle_error err;
    struct catalog *c = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_not_equal(import_texts(bad[i], "", "", "", false, &c, &import, &err), TRUNDLE_OK);
    assert_null(c);
    support_ok(import_texts("\xef\xbb\xbfname,product\r\n\"Bana, na\",4011\r\n", "", "", "", true, &c, &import, &err), &err);
    assert_string_equal(catalog_at(c, 0)->name, "Bana, na");
    assert_int_equal(catalog_check(c, 0, note, NULL), 2);
    catalog_free(c);
}

static void prices_by_weight_are_exact(void **state)
{
    static const struct { const char *row; int64_t cents; } rows[] = {
        { "4011,1.99,kg", 199 }, { "4011,0.20,100g", 200 }, { "4011,0.69,lb", 152 }, { "4011,1.00,LB", 220 }, { "4011,0.01,g", 1000 }, { "4011,1.99,", 199 },
    };
    struct catalog_import import;
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog *c = NULL;
        char text[128];
        int64_t cents = 0;

        (void)snprintf(text, sizeof text, "product,price,unit\n%s\n", rows[i].row);
        support_ok(import_texts("product,name,by_weight\n4011,Banana,yes\n", text, "", "", true, &c, &import, &err), &err);
        assert_int_equal(catalog_price(c, key_of("4011"), 0, false, &cents), TRUNDLE_OK);
        assert_int_equal(cents, rows[i].cents);
        catalog_free(c);
    }
}

static void values_are_parsed(void **state)
{
    static const struct { const char *text; double quantity; const char *unit; } packs[] = {
        { "330 ml", 330, "ml" }, { "6 x 330 ml", 1980, "ml" }, { "6x330ml", 1980, "ml" }, { "1.5 L", 1500, "ml" }, { "22 LB", 22 * 453.59237, "g" },
        { "12/12 OZ", 144 * 28.349523125, "g" }, { "6 PK/12 OZ", 72 * 28.349523125, "g" }, { "12 OZ/6 PK", 72 * 28.349523125, "g" },
        { "1 DZ", 12, "each" }, { "20 CT", 20, "each" }, { "GAL", 3785.411784, "ml" }, { "8.5 FL OZ", 8.5 * 29.5735295625, "ml" }, { "2 LTR", 2000, "ml" },
        { "16OZ.", 16 * 28.349523125, "g" },
    };
    static const char *const no_packs[] = { "", "LARGE", "10 IN", "0 ml", "-1 g", "1..5 L", "6 x", "x 6", "1/0 ml", "5 ml ml", "99999999 kg", "6 x x 5 ml", "1 l/1 l", "CT" };
    static const char *const no_times[] = { "", "2026", "2026-1-1", "2026-02-29", "1969-12-31", "2026-01-01T25:00Z", "2026-01-01T10:00", "2026-01-01x", "2100-02-29" };
    double quantity;
    char unit[8];
    int64_t t;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(packs); i++) {
        if (catalog_pack_parse(packs[i].text, &quantity, unit) != TRUNDLE_OK)
            fail_msg("'%s' is not read", packs[i].text);
        assert_near(quantity, packs[i].quantity, 1e-9 * packs[i].quantity);
        assert_string_equal(unit, packs[i].unit);
    }
    for (size_t i = 0; i < COUNT_OF(no_packs); i++)
        if (catalog_pack_parse(no_packs[i], &quantity, unit) == TRUNDLE_OK)
            fail_msg("'%s' is read as %g %s", no_packs[i], quantity, unit);
    for (size_t i = 0; i < COUNT_OF(no_times); i++)
        assert_int_equal(catalog_time_parse(no_times[i], &t), TRUNDLE_BAD_INPUT);
    assert_true(ns_of("1970-01-01") == 0);
    assert_true(ns_of("2024-02-29T12:00:01Z") == INT64_C(1709208001000000000));
    assert_true(ns_of("2026-01-01T00:30-01:30") == ns_of("2026-01-01T02:00Z"));
    assert_int_equal(key_of("012345678905").key, key_of("0012345678905").key);
}

/* A real retailer's product file, dirty as it is: how many of its pack sizes are understood. */
static void real_pack_sizes_are_mostly_read(void **state)
{
    const char *path = support_data("baskets_completejourney/products.csv");
    struct csv *csv = malloc(sizeof *csv);
    size_t given = 0, parsed = 0, rows = 0, places = 0;
    struct bytes b = { 0 };
    struct trundle_error err;
    enum trundle_status status;

    (void)state;
    assert_non_null(csv);
    support_ok(file_read(path, 64 << 20, &b, &err), &err);
    csv_init(csv, b.data, b.n, "products.csv");
    support_ok(csv_row(csv, &err), &err);
    assert_string_equal(csv->field[6].text, "package_size");
    while ((status = csv_row(csv, &err)) != TRUNDLE_END) {
        double quantity;
        char unit[8];

        rows++;
        support_ok(status, &err);
        if (!*csv->field[6].text)
            continue;
        given++;
        if (catalog_pack_parse(csv->field[6].text, &quantity, unit) == TRUNDLE_OK)
            parsed++;
        else if (places++ < 5)
            print_message("# not a content: '%s'\n", csv->field[6].text);
    }
    print_message("# %zu rows, %zu with a pack size, %zu of them read: %.2f %%\n", rows, given, parsed, 100.0 * (double)parsed / (double)given);
    assert_true((double)parsed >= 0.90 * (double)given);
    bytes_done(&b);
    free(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_imported_and_looked_up),
        cmocka_unit_test(json_goes_there_and_back),
        cmocka_unit_test(bad_json_is_refused),
        cmocka_unit_test(the_file_holds_the_same),
        cmocka_unit_test(dirty_rows_are_named),
        cmocka_unit_test(wrong_headers_and_encodings_are_refused),
        cmocka_unit_test(prices_by_weight_are_exact),
        cmocka_unit_test(values_are_parsed),
        cmocka_unit_test(real_pack_sizes_are_mostly_read),
    };

    return support_run(tests);
}
