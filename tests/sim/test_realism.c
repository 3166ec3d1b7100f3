/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Simulated crops against photos: what is refused, and photos that nobody takes for goods. */
#include "lab/sim/realism.h"

#include "base/std/rng.h"
#include "tests/support/support.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_noise(const char *path, struct rng *r)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .width = 100, .height = 100, .format = PNG_FORMAT_RGB };
    uint8_t rgb[100 * 100 * 3];

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)rng_below(r, 256);
    assert_true(png_image_write_to_file(&image, path, 0, rgb, 0, NULL));
}

static void noise_is_never_taken_for_goods(void **state)
{
    const char *folder = support_scratch();
    struct rng r = rng_seed(support_seed(), "test/noise");
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct sim_realism found = { 0 };
    struct bytes train = { 0 }, test = { 0 };
    char path[600];

    (void)state;
    support_ok(sim_suite_load(support_source("suites/v1.json"), &suite, &err), &err);
    assert_int_equal(sim_realism_run(suite, 1, folder, 30, &found, &err), TRUNDLE_NOT_FOUND);       /* no train.txt */
    assert_int_equal(sim_realism_run(suite, 1, folder, 3, &found, &err), TRUNDLE_BAD_ARG);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(path, sizeof path, "%s/%d.png", folder, i);
        write_noise(path, &r);
        assert_int_equal(bytes_print(i < 30 ? &train : &test, "%d.png, 0, 0\n", i), TRUNDLE_OK);
    }
    (void)snprintf(path, sizeof path, "%s/train.txt", folder);
    support_ok(file_write(path, train.data, train.n, &err), &err);
    (void)snprintf(path, sizeof path, "%s/val.txt", folder);
    support_ok(file_write(path, "\n", 1, &err), &err);
    assert_int_equal(sim_realism_run(suite, 1, folder, 30, &found, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(found.judged[0], 0);                                                            /* untouched */
    support_ok(file_write(path, test.data, test.n, &err), &err);
    support_ok(sim_realism_run(suite, 1, folder, 30, &found, &err), &err);
    print_message("# noise against things: AUROC %.3f (%.3f to %.3f)\n", found.auroc, found.lo, found.hi);
    assert_int_equal(found.trained[1], 30);
    assert_int_equal(found.judged[1], 20);
    assert_true(found.auroc > .99 && found.lo <= found.auroc && found.auroc <= found.hi);
    bytes_done(&train);
    bytes_done(&test);
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_never_taken_for_goods),
    };

    return support_run(tests);
}
