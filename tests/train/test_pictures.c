/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Generated pictures: a pure function of seed and number, all classes alike often, siblings told apart by what they differ in. */
#include "tests/support/support.h"

#include "base/std/hash.h"
#include "lab/train/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 48, BYTES = SIZE * SIZE * 3 };

static void are_a_function_of_seed_and_number(void **state)
{
    uint8_t a[BYTES], b[BYTES], c[BYTES];
    uint64_t seed = support_seed();
    int la, lb, lc, same = 0;

    (void)state;
    for (uint64_t i = 0; i < 50; i++) {
        pictures_draw(seed, i, SIZE, a, &la);
        pictures_draw(seed + 1, i, SIZE, c, &lc);
        pictures_draw(seed, i + 1, SIZE, b, &lb);
        same += memcmp(a, c, BYTES) == 0 || memcmp(a, b, BYTES) == 0;
        pictures_draw(seed, i, SIZE, b, &lb);
        assert_int_equal(la, lb);
        assert_memory_equal(a, b, BYTES);
    }
    assert_int_equal(same, 0);
}

/* The figures in docs rest on these very pictures: a change of the generator must be meant. */
static void are_these(void **state)
{
    uint8_t a[BYTES];
    uint64_t h = 0;
    int label;

    (void)state;
    for (uint64_t i = 0; i < 64; i++) {
        pictures_draw(1, i, SIZE, a, &label);
        h = hash64(a, BYTES, h) ^ (uint64_t)label;
    }
    print_message("# 64 pictures of seed 1: %016llx\n", (unsigned long long)h);
    assert_true(h == UINT64_C(0x1f796ebd2275f562));
    for (int size = PICTURES_SIZE_MIN; size <= PICTURES_SIZE_MAX; size *= 2) {
        uint8_t *big = malloc((size_t)size * (size_t)size * 3);

        assert_non_null(big);
        pictures_draw(1, 5, size, big, NULL);
        free(big);
    }
}

static void classes_are_alike_often(void **state)
{
    int n[PICTURES_CLASSES] = { 0 }, label, total = 8000;
    uint8_t a[16 * 16 * 3];
    double chi2 = 0, expected = (double)total / PICTURES_CLASSES;

    (void)state;
    for (int i = 0; i < total; i++) {
        pictures_draw(support_seed(), (uint64_t)i, 16, a, &label);
        assert_in_range(label, 0, PICTURES_CLASSES - 1);
        n[label]++;
    }
    for (int c = 0; c < PICTURES_CLASSES; c++)
        chi2 += (n[c] - expected) * (n[c] - expected) / expected;
    assert_true(chi2 < 75);                                /* 31 degrees of freedom: 1e-5 */
    assert_string_equal(pictures_class(5), "can-1");
    assert_string_equal(pictures_class(-1), "?");
    assert_string_equal(pictures_class(PICTURES_CLASSES), "?");
}

/* Means of the centre differ between hue siblings (red less green, in units of the classes' spread), so the label can be seen. */
static void siblings_differ(void **state)
{
    double sum[PICTURES_CLASSES][2] = { 0 }, n[PICTURES_CLASSES] = { 0 }, d;
    uint8_t a[BYTES];
    int label;

    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        pictures_draw(support_seed(), i, SIZE, a, &label);
        for (int y = SIZE / 3; y < 2 * SIZE / 3; y++)
            for (int x = SIZE / 3; x < 2 * SIZE / 3; x++) {
                const uint8_t *p = a + 3 * (y * SIZE + x);

                sum[label][0] += p[0] - p[1];
                sum[label][1] += p[1] - p[2];
            }
        n[label] += SIZE * SIZE / 9.0;
    }
    for (int shape = 0; shape < PICTURES_SHAPES; shape++) {
        int c = shape * PICTURES_SIBLINGS;

        d = hypot(sum[c][0] / n[c] - sum[c + 1][0] / n[c + 1], sum[c][1] / n[c] - sum[c + 1][1] / n[c + 1]);
        assert_true(d > 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_a_function_of_seed_and_number),
        cmocka_unit_test(are_these),
        cmocka_unit_test(classes_are_alike_often),
        cmocka_unit_test(siblings_differ),
    };
    return support_run(tests);
}
