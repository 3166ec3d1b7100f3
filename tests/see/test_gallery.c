/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Embedding and gallery: turned things look the same, blobs come back, broken ones are refused, real photos reach a floor. */
#include "tests/see/draw.h"
#include "tests/support/support.h"

#include "cart/see/gallery.h"
#include "cart/see/jpeg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 80 };

static void a_quarter_turn_changes_nothing(void **state)
{
    static struct draw d;
    static uint8_t turned[SIDE * SIDE * 3], mask[SIDE * SIDE], turned_mask[SIDE * SIDE];
    static float a[SEE_EMBEDDING], b[SEE_EMBEDDING], other[SEE_EMBEDDING];
    struct see_scratch *s = see_scratch_new();
    double same = 0, different = 0, length = 0;

    (void)state;
    d = draw_start(3);
    draw_alone(&d, 2, SIDE);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            mask[y * SIDE + x] = x >= 10 && x < 70 && y >= 10 && y < 70;
            turned_mask[x * SIDE + SIDE - 1 - y] = mask[y * SIDE + x];
            memcpy(turned + 3 * (x * SIDE + SIDE - 1 - y), d.rgb + 3 * (y * SIDE + x), 3);
        }
    assert_true(see_describe(&(struct see_picture){ d.rgb, SIDE, SIDE, 3 * SIDE, mask }, s, a));
    assert_true(see_describe(&(struct see_picture){ turned, SIDE, SIDE, 3 * SIDE, turned_mask }, s, b));
    draw_alone(&d, 4, SIDE);
    assert_true(see_describe(&(struct see_picture){ d.rgb, SIDE, SIDE, 3 * SIDE, mask }, s, other));
    for (int i = 0; i < SEE_EMBEDDING; i++) {
        length += (double)(a[i] * a[i]);
        same += (double)(a[i] * b[i]);
        different += (double)(a[i] * other[i]);
    }
    assert_near(length, 1, 1e-3);
    print_message("# likeness of the turned picture %.5f, of another %.5f\n", same, different);
    assert_true(same > 0.995);
    assert_true(different < 0.95);
    /* Too small to say anything. */
    memset(mask, 0, sizeof mask);
    mask[0] = 1;
    assert_false(see_describe(&(struct see_picture){ d.rgb, SIDE, SIDE, 3 * SIDE, mask }, s, a));
    see_scratch_free(s);
}

static struct see_gallery *three_products(void)
{
    static struct draw d;
    static uint8_t jpeg[3][DRAW_JPEG];
    struct see_enrol row[3];
    struct see_gallery *g = NULL;
    struct trundle_error err;

    d = draw_start(4);
    for (int i = 0; i < 3; i++) {
        draw_alone(&d, i, SIDE);
        memcpy(jpeg[i], d.jpeg, d.jpeg_bytes);
        /* not in key order, on purpose */
        row[i] = (struct see_enrol){ trundle_product_plu(4013u - (uint32_t)i), jpeg[i], d.jpeg_bytes };
    }
    support_ok(see_gallery_from_pictures(row, 3, &(struct see_gallery_config)SEE_GALLERY_CONFIG_DEFAULT, &g, &err), &err);
    return g;
}

static void blobs_come_back_and_broken_ones_do_not(void **state)
{
    struct see_gallery *g = three_products(), *again = NULL;
    struct bytes b = { 0 }, c = { 0 };
    struct trundle_error err;
    float one[3], two[3], e[SEE_EMBEDDING];

    (void)state;
    for (int i = 0; i < SEE_EMBEDDING; i++)
        e[i] = (float)(i % 7) * 0.01f;
    support_ok(see_gallery_print(g, &b), NULL);
    support_ok(see_gallery_parse(b.data, b.n, "g", &again, &err), &err);
    assert_int_equal(see_gallery_n(again), 3);
    for (size_t i = 1; i < 3; i++)
        assert_true(see_gallery_product(again, i - 1).key < see_gallery_product(again, i).key);
    see_gallery_scores(g, e, one);
    see_gallery_scores(again, e, two);
    assert_memory_equal(one, two, sizeof one);
    support_ok(see_gallery_print(again, &c), NULL);
    assert_int_equal(b.n, c.n);
    assert_memory_equal(b.data, c.data, b.n);
    see_gallery_free(again);
    again = NULL;
    b.data[100] ^= 1;
    assert_int_equal(see_gallery_parse(b.data, b.n, "g", &again, &err), TRUNDLE_CORRUPT);
    b.data[100] ^= 1;
    assert_int_equal(see_gallery_parse(b.data, b.n - 1, "g", &again, &err), TRUNDLE_TRUNCATED);
    assert_int_equal(see_gallery_parse(b.data, 3, "g", &again, &err), TRUNDLE_TRUNCATED);
    b.data[8] = 9;
    assert_int_equal(see_gallery_parse(b.data, b.n, "g", &again, &err), TRUNDLE_UNSUPPORTED);
    b.data[0] = 'x';
    assert_int_equal(see_gallery_parse(b.data, b.n, "g", &again, &err), TRUNDLE_BAD_INPUT);
    assert_null(again);
    bytes_done(&b);
    bytes_done(&c);
    see_gallery_free(g);
}

static void names_the_row_that_is_no_picture(void **state)
{
    static struct draw d;
    struct see_enrol row[2];
    struct see_gallery *g = NULL;
    struct trundle_error err;
    struct see_gallery_config config = SEE_GALLERY_CONFIG_DEFAULT;

    (void)state;
    d = draw_start(4);
    draw_alone(&d, 0, SIDE);
    row[0] = (struct see_enrol){ trundle_product_plu(4011), d.jpeg, d.jpeg_bytes };
    row[1] = (struct see_enrol){ trundle_product_plu(4012), d.jpeg, 40 };
    assert_int_equal(see_gallery_from_pictures(row, 2, &config, &g, &err), TRUNDLE_BAD_INPUT);
    assert_string_equal(err.where, "picture 1");
    row[1] = (struct see_enrol){ { 0 }, d.jpeg, d.jpeg_bytes };
    assert_int_equal(see_gallery_from_pictures(row, 2, &config, &g, &err), TRUNDLE_BAD_INPUT);
    assert_null(g);
    support_ok(see_gallery_from_pictures(row, 0, &config, &g, &err), &err);
    assert_int_equal(see_gallery_n(g), 0);
    see_gallery_free(g);
    assert_int_equal(see_gallery_n(NULL), 0);
}

/* Share of every 4th validation photo whose class is the best of the shipped gallery; `swap` turns the truth by one class. */
static double grocery_top1(const char *list, long swap, size_t *out_n)
{
    struct bytes b = { 0 }, jpeg = { 0 };
    struct see_gallery *g = NULL;
    struct see_scratch *s = see_scratch_new();
    struct see_jpeg decoder;
    struct trundle_error err;
    float *scores;
    size_t line = 0, right = 0, n = 0;

    support_ok(file_read(support_source("models/grocery/gallery.bin"), 64 << 20, &b, &err), &err);
    support_ok(see_gallery_parse(b.data, b.n, "gallery.bin", &g, &err), &err);
    bytes_done(&b);
    scores = calloc(see_gallery_n(g), sizeof *scores);
    assert_non_null(scores);
    assert_true(see_jpeg_init(&decoder));
    support_ok(file_read(list, 1 << 20, &b, &err), &err);
    for (char *at = (char *)b.data; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        char name[256], path[512];
        static float e[SEE_EMBEDDING];
        uint8_t *rgb;
        long fine;
        size_t best = 0;
        int w, h;

        if (line++ % 4 || sscanf(at, "%255[^,], %ld", name, &fine) != 2)
            continue;
        (void)snprintf(path, sizeof path, "grocery/dataset/%s", name);
        support_ok(file_read(support_data(path), 8 << 20, &jpeg, &err), &err);
        assert_true(see_jpeg_size(&decoder, jpeg.data, jpeg.n, 4096, &w, &h));
        rgb = malloc((size_t)w * (size_t)h * 3);
        assert_non_null(rgb);
        assert_true(see_jpeg_rgb(&decoder, jpeg.data, jpeg.n, w, h, rgb));
        assert_true(see_describe(&(struct see_picture){ rgb, w, h, 3 * w, NULL }, s, e));
        see_gallery_scores(g, e, scores);
        for (size_t i = 1; i < see_gallery_n(g); i++)
            best = scores[i] > scores[best] ? i : best;
        right += trundle_product_number(see_gallery_product(g, best)) == (uint64_t)(80000 + (fine + swap) % 81);
        n++;
        free(rgb);
        bytes_done(&jpeg);
        jpeg = (struct bytes){ 0 };
    }
    bytes_done(&b);
    free(scores);
    see_jpeg_done(&decoder);
    see_scratch_free(s);
    see_gallery_free(g);
    *out_n = n;
    return (double)right / (double)n;
}

static void real_photos_reach_the_floor(void **state)
{
    char list[512];
    size_t n;
    double top1, swapped;

    (void)state;
    (void)snprintf(list, sizeof list, "%s", support_data("grocery/dataset/val.txt"));
    top1 = grocery_top1(list, 0, &n);
    swapped = grocery_top1(list, 1, &n);
    print_message("# grocery, every 4th validation photo: top-1 %.3f of %zu; with classes swapped %.3f\n", top1, n, swapped);
    assert_true(n > 60);
    assert_true(top1 > 0.45);
    assert_true(swapped < 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_turn_changes_nothing), cmocka_unit_test(blobs_come_back_and_broken_ones_do_not),
        cmocka_unit_test(names_the_row_that_is_no_picture), cmocka_unit_test(real_photos_reach_the_floor),
    };

    return support_run(tests);
}
