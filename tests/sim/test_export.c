/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The truth of frames as COCO and MOTChallenge: masks fill their boxes, both files say the same, trips without that truth are refused. */
#include "lab/sim/export.h"
#include "lab/sim/make.h"
#include "tests/support/support.h"

#include "base/std/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char small[] =
    "{\"version\":1,\"name\":\"told\",\"extends\":\"smoke\",\"store\":{\"products\":30,\"enrol_pictures\":1,\"enrol_px\":48},\"truth\":{\"frames\":%d},"
    "\"camera\":{\"fps\":5,\"width_px\":96,\"height_px\":72},\"cart\":{\"focal_px\":[50,55],\"wire_share\":0},"
    "\"shopper\":{\"events\":[5,6],\"duration_s\":[12,16]}}";

static void make(int frames, int64_t seed, const char *path)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    char text[1024];

    (void)snprintf(text, sizeof text, small, frames);
    support_ok(sim_suite_parse(text, strlen(text), "told", &suite, &err), &err);
    support_ok(sim_trip_make(suite, seed, path, &(struct sim_options){ .jobs = 1, .pictures = true }, NULL, &err), &err);
    sim_suite_free(suite);
}

/* COCO's counts back into a mask's box. */
static void box_of(const char *counts, int h, int out[4])
{
    long run[4096] = { 0 }, at = 0;
    int n = 0, x0 = 9999, y0 = 9999, x1 = -1, y1 = -1;

    while (*counts) {
        long x = 0;
        int k = 0, more = 1, c;

        while (more) {
            c = *counts++ - 48;
            x |= (long)(c & 31) << 5 * k++;
            more = c & 32;
            if (!more && c & 16)
                x -= 1L << 5 * k;
        }
        assert_true(n < 4096);
        run[n] = x + (n > 2 ? run[n - 2] : 0);
        n++;
    }
    for (int i = 0; i < n; at += run[i++])
        for (long p = at; i & 1 && p < at + run[i]; p++) {
            int x = (int)(p / h), y = (int)(p % h);

            x0 = x < x0 ? x : x0;
            x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0;
            y1 = y > y1 ? y : y1;
        }
    out[0] = x0;
    out[1] = y0;
    out[2] = x1 - x0 + 1;
    out[3] = y1 - y0 + 1;
}

static int number_at(const json_t *list, size_t i)
{
    return (int)json_number_value(json_array_get(list, i));
}

static void both_forms_say_the_same(void **state)
{
    struct trundle_error err = { 0 };
    struct sim_export *e = NULL;
    json_t *root = NULL, *a;
    char folder[400], path[512], out[512], *lines = NULL, *pictures = NULL;
    size_t i, persons = 0, items = 0;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    (void)snprintf(path, sizeof path, "%s/5.mcap", folder);
    (void)snprintf(out, sizeof out, "%s/out", folder);
    make(1, 5, path);
    support_ok(sim_export_new(out, &e, &err), &err);
    support_ok(sim_export_trip(e, path, &err), &err);
    assert_int_equal(sim_export_trip(e, path, &err), TRUNDLE_CONFLICT);
    support_ok(sim_export_finish(e, &err), &err);
    (void)snprintf(path, sizeof path, "%s/out/coco.json", folder);
    support_ok(json_parse_file(path, &root, &err), &err);
    assert_int_equal(support_shell(&lines, "cat '%s'/out/*/gt/gt.txt | wc -l", folder), 0);
    assert_int_equal(support_shell(&pictures, "ls '%s'/out/*/img1/*.jpg | wc -l", folder), 0);
    assert_int_equal(strtol(lines, NULL, 10), json_array_size(json_object_get(root, "annotations")));
    assert_int_equal(strtol(pictures, NULL, 10), json_array_size(json_object_get(root, "images")));
    json_array_foreach(json_object_get(root, "annotations"), i, a) {
        const json_t *mask = json_object_get(a, "segmentation"), *box = json_object_get(a, "bbox");
        int mine[4];

        box_of(json_string_value(json_object_get(mask, "counts")), number_at(json_object_get(mask, "size"), 0), mine);
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(mine[k], number_at(box, k));
        persons += json_integer_value(json_object_get(a, "track_id")) == 0;
        items += json_integer_value(json_object_get(a, "track_id")) > 0;
    }
    assert_true(persons > 0);
    assert_true(items > persons);
    free(lines);
    free(pictures);
    json_decref(root);
}

static void a_trip_without_that_truth_is_refused(void **state)
{
    struct trundle_error err = { 0 };
    struct sim_export *e = NULL;
    char folder[400], path[512];

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    (void)snprintf(path, sizeof path, "%s/6.mcap", folder);
    make(0, 6, path);
    support_ok(sim_export_new(folder, &e, &err), &err);
    assert_int_equal(sim_export_trip(e, path, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.hint, "truth.frames"));
    sim_export_abandon(e);
    sim_export_abandon(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(both_forms_say_the_same), cmocka_unit_test(a_trip_without_that_truth_is_refused) };

    return support_run(tests);
}
