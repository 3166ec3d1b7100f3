/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* std: errors say where, numbers repeat, files are whole or absent, lists grow and are compared. */
#include "base/std/bytes.h"
#include "base/std/hash.h"
#include "base/std/json.h"
#include "base/std/list.h"
#include "base/std/rng.h"
#include "base/std/text.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <trundle/product.h>
#include <unistd.h>

static void every_status_has_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < TRUNDLE_STATUS_COUNT; i++)
        assert_true(strlen(trundle_status_text((enum trundle_status)i)) > 1);
    assert_string_equal(trundle_status_text((enum trundle_status)99), "unknown status");
}

static void an_error_gathers_context(void **state)
{
    struct trundle_error err;
    char text[600];

    (void)state;
    assert_int_equal(error_set(&err, TRUNDLE_CORRUPT, "chunk 3", "recover it", "CRC is %x", 0xabu), TRUNDLE_CORRUPT);
    error_within(&err, "%d.mcap", 17);
    assert_string_equal(error_text(&err, text, sizeof text), "17.mcap, chunk 3: CRC is ab (recover it)");
}

/* First outputs of a stream are pinned: a change would silently change every simulated trip. */
static void numbers_repeat(void **state)
{
    struct rng a = rng_seed(7, "x"), b = rng_seed(7, "x"), c = rng_seed(7, "y");
    double sum = 0, sum2 = 0;

    (void)state;
    assert_true(rng_u64(&a) == rng_u64(&b));
    assert_true(rng_u64(&a) != rng_u64(&c));
    for (int i = 0; i < 20000; i++) {
        double x = rng_normal(&a);

        sum += x;
        sum2 += x * x;
        assert_true(rng_below(&b, 7) < 7);
    }
    assert_near(sum / 20000, 0, 0.03);
    assert_near(sqrt(sum2 / 20000), 1, 0.03);
}

static void hashes_are_the_known_ones(void **state)
{
    char text[HASH_SHA256_TEXT];

    (void)state;
    assert_string_equal(hash_sha256("abc", 3, text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(hash_crc32(0, "123456789", 9), 0xcbf43926u);
    assert_int_equal(hash_crc32(hash_crc32(0, "1234", 4), "56789", 5), 0xcbf43926u);
}

static void products_have_three_forms(void **state)
{
    static const char *const good[] = { "gtin:04006381333931", "plu:4011", "plu:94011", "?" };
    static const char *const bad[] = { "", "gtin:", "gtin:04006381333932", "gtin:4006381333931", "plu:401", "plu:401a", "plu:123456",
                                       "plu:0111", "gtin:00000000000000", "4011", " plu:4011" };
    struct trundle_product p;
    char text[TRUNDLE_PRODUCT_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(trundle_product_parse(good[i], &p), TRUNDLE_OK);
        assert_string_equal(trundle_product_text(p, text), good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(trundle_product_parse(bad[i], &p), TRUNDLE_BAD_INPUT);
}

static void files_are_whole_or_absent(void **state)
{
    struct trundle_error err;
    struct bytes b = { 0 };
    char path[4200];
    const char *folder = support_scratch();

    (void)state;
    (void)snprintf(path, sizeof path, "%s/a/b/c.txt", folder);
    assert_int_equal(file_read(path, 10, &b, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(file_write(path, "hi", 2, &err), TRUNDLE_NOT_FOUND);
    *strrchr(path, '/') = '\0';
    support_ok(folder_make(path, &err), &err);
    (void)snprintf(path, sizeof path, "%s/a/b/c.txt", folder);
    support_ok(file_write(path, "hello", 5, &err), &err);
    assert_int_equal(file_read(path, 4, &b, &err), TRUNDLE_TOO_LARGE);
    assert_null(b.data);
    support_ok(file_read(path, 5, &b, &err), &err);
    assert_string_equal((char *)b.data, "hello");
    bytes_done(&b);
    assert_int_equal(file_read(folder, 5, &b, &err), TRUNDLE_BAD_INPUT);
}

static void json_fields_are_named_in_errors(void **state)
{
    static const char text[] = "{\"scale\":{\"e_g\":-5,\"name\":\"abcdef\",\"xs\":[1,2]}}";
    struct trundle_error err;
    struct json_at at, scale;
    json_t *root;
    double x[3] = { 0 }, e_g = 7;
    char name[4];

    (void)state;
    support_ok(json_parse(text, strlen(text), "cart.json", &root, &err), &err);
    at = json_at_root(root, "cart.json");
    support_ok(json_take_object(&at, "scale", &scale, &err), &err);
    assert_int_equal(json_take_number(&scale, "e_g", 0.1, 10, &e_g, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.where, "cart.json: scale.e_g");
    assert_near(e_g, 7, 0);
    assert_int_equal(json_take_number(&scale, "f", 0, 1, &e_g, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(json_take_text(&scale, "name", name, sizeof name, &err), TRUNDLE_TOO_LARGE);
    assert_int_equal(json_take_numbers(&scale, "xs", x, 3, &err), TRUNDLE_BAD_INPUT);
    support_ok(json_take_numbers(&scale, "xs", x, 2, &err), &err);
    json_decref(root);
    assert_int_equal(json_parse("{\"a\":1,\"a\":2}", 13, "x", &root, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(json_parse("{} x", 4, "x", &root, &err), TRUNDLE_BAD_INPUT);
}

static void lists_grow(void **state)
{
    int64_t *list = NULL;
    size_t n = 0, room = 0, huge = SIZE_MAX / 8;

    (void)state;
    while (n < 1000) {
        assert_true(list_grow((void **)&list, sizeof *list, n, &room) && room > n);
        list[n] = (int64_t)(n * 7919 % 1000);
        n++;
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i], (int64_t)(i * 7919 % 1000));
    qsort(list, n, sizeof *list, list_by_int64);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i], (int64_t)i);
    assert_false(list_grow((void **)&list, sizeof *list, huge, &huge));      /* twice that is no size */
    assert_true(list[999] == 999 && huge == SIZE_MAX / 8);
    free(list);
}

static void the_area_is_the_share_of_pairs(void **state)
{
    struct rng r = rng_seed(support_seed(), "test/auroc");

    (void)state;
    for (int round = 0; round < 50; round++) {
        double below[40], above[40], pairs = 0;
        size_t n = 1 + rng_below(&r, 40), m = 1 + rng_below(&r, 40);

        for (size_t i = 0; i < n; i++)
            below[i] = (double)rng_below(&r, 12);
        for (size_t i = 0; i < m; i++)
            above[i] = (double)rng_below(&r, 12) + 2 * (round % 3 - 1);
        qsort(below, n, sizeof *below, list_by_double);
        qsort(above, m, sizeof *above, list_by_double);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < m; k++)
                pairs += above[k] > below[i] ? 1 : above[k] == below[i] ? .5 : 0;
        assert_near(list_auroc(below, n, above, m), pairs / (double)(n * m), 1e-12);
    }
}

static void secrets_are_for_the_owner_and_never_written_over(void **state)
{
    char path[4200], lost[4300];
    struct trundle_error err = { 0 };
    struct bytes got = { 0 };
    struct stat st;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/secret", support_scratch());
    (void)snprintf(lost, sizeof lost, "%s.%ld.tmp", path, (long)getpid());
    support_ok(file_write(lost, "left by a kill", 14, &err), &err);
    support_ok(file_write_secret(path, "first", 5, &err), &err);
    assert_int_equal(file_write_secret(path, "second", 6, &err), TRUNDLE_CONFLICT);
    assert_string_equal(err.where, path);
    support_ok(file_read(path, 100, &got, &err), &err);
    assert_int_equal(got.n, 5);
    assert_memory_equal(got.data, "first", 5);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(access(lost, F_OK), 0);
    assert_int_equal(file_write_secret("/nonexistent/secret", "x", 1, &err), TRUNDLE_NOT_FOUND);
    bytes_done(&got);
}

static void texts_have_their_shape(void **state)
{
    static const char *const names[] = { "a", "7", "cart-7", "a.b_c-d", "0123456789012345678901234567890123456789" };
    static const char *const none[] = { "", "-a", "_a", ".a", "A", "a b", "a/b", "\xc3\xa4", "01234567890123456789012345678901234567890" };
    uint8_t bytes[3] = { 9, 9, 9 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_true(text_is_name(names[i]));
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_false(text_is_name(none[i]));
    assert_true(text_is_hex("", 0) && text_is_hex("09af", 4));
    assert_false(text_is_hex("09af", 3) || text_is_hex("09af", 5) || text_is_hex("09aF", 4) || text_is_hex("09ag", 4));
    assert_true(text_base64("YWJj", bytes, 3));
    assert_memory_equal(bytes, "abc", 3);
    assert_false(text_base64("YWJj", bytes, 2) || text_base64("YWI=", bytes, 3) || text_base64("YWJjZA==", bytes, 3) || text_base64("YWJ", bytes, 3) || text_base64("YW-j", bytes, 3));
    assert_true(text_base64("YWI=", bytes, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_for_the_owner_and_never_written_over), cmocka_unit_test(every_status_has_a_sentence), cmocka_unit_test(an_error_gathers_context),
        cmocka_unit_test(numbers_repeat),              cmocka_unit_test(hashes_are_the_known_ones),
        cmocka_unit_test(products_have_three_forms),   cmocka_unit_test(files_are_whole_or_absent),
        cmocka_unit_test(json_fields_are_named_in_errors), cmocka_unit_test(lists_grow),
        cmocka_unit_test(the_area_is_the_share_of_pairs), cmocka_unit_test(texts_have_their_shape),
    };

    return support_run(tests);
}
