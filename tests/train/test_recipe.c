/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Recipes: the shipped ones are read, and what is wrong is named with its place and range. */
#include "tests/support/support.h"

#include "lab/train/recipe.h"
#include "lab/train/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char good[] = "{\"recipe\": 1, \"name\": \"tiny\", \"seed\": 3,"
                           " \"data\": {\"kind\": \"generated\", \"n\": 100, \"px\": 32},"
                           " \"augmentation\": {\"flip\": 0.5, \"scale\": [0.5, 1], \"mixup\": 0.2},"
                           " \"network\": {\"input\": [32, 32, 3], \"layers\": []},"
                           " \"losses\": [{\"kind\": \"cross_entropy\"}],"
                           " \"schedule\": {\"lr\": 0.1, \"batch\": 16, \"epochs\": 2, \"sizes\": [{\"px\": 16, \"until\": 0.5}, {\"px\": 32}]},"
                           " \"evaluation\": {\"every_epochs\": 1, \"flip\": true}}";

static struct recipe *parse(const char *text)
{
    struct trundle_error err = { 0 };
    struct recipe *r = NULL;

    support_ok(recipe_parse(text, strlen(text), "r.json", &r, &err), &err);
    return r;
}

static void a_recipe_is_read(void **state)
{
    struct recipe *r = parse(good);

    (void)state;
    assert_string_equal(r->name, "tiny");
    assert_int_equal(r->seed, 3);
    assert_int_equal(r->data.kind, DATA_GENERATED);
    assert_int_equal(r->data.generated_n, 100);
    assert_int_equal(r->data.broken_most, 10);
    assert_near(r->data.held_out, 0.1, 0);
    assert_near(r->augment.flip, 0.5, 0);
    assert_near(r->augment.scale[0], 0.5, 0);
    assert_int_equal(r->schedule.sizes_n, 2);
    assert_int_equal(r->schedule.size[1].px, 32);
    assert_int_equal(r->evaluation.px, 32);
    assert_true(r->evaluation.flip);
    assert_false(r->evaluation.has_final);
    recipe_free(r);
    recipe_free(NULL);
}

/* Puts `with` in the place of the first `what`. */
static char *changed(const char *what, const char *with)
{
    const char *at = strstr(good, what);
    size_t size = sizeof good + strlen(with) + 1;
    char *out = malloc(size);

    assert_non_null(at);
    if (!out)
        abort();
    (void)snprintf(out, size, "%.*s%s%s", (int)(at - good), good, with, at + strlen(what));
    return out;
}

static const struct { const char *what, *with; enum trundle_status status; const char *where, *says; } wrong[] = {
    { "\"flip\": 0.5", "\"flop\": 0.5", TRUNDLE_BAD_INPUT, "augmentation", "unknown field 'flop'" },
    { "\"flip\": 0.5", "\"flip\": 1.5", TRUNDLE_BAD_INPUT, "augmentation.flip", "0 to 1" },
    { "\"flip\": 0.5", "\"flip\": \"yes\"", TRUNDLE_BAD_INPUT, "augmentation.flip", "number" },
    { "[0.5, 1]", "[1, 0.5]", TRUNDLE_BAD_INPUT, "augmentation", "first may not be the larger" },
    { "[0.5, 1]", "[0, 1]", TRUNDLE_BAD_INPUT, "augmentation", "0.01 to 1" },
    { "\"mixup\": 0.2", "\"mixup\": 0.7, \"cutmix\": 0.7", TRUNDLE_BAD_INPUT, "augmentation", "over 1" },
    { "\"generated\"", "\"magic\"", TRUNDLE_BAD_INPUT, "data", "folder, list, coco, trips, generated" },
    { "\"generated\"", "\"list\"", TRUNDLE_BAD_INPUT, "data", "needs 'path'" },
    { "\"px\": 32}", "\"px\": 32, \"task\": \"boxes\"}", TRUNDLE_BAD_INPUT, "augmentation", "not for boxes" },
    { "\"epochs\": 2", "\"epochs\": 2, \"minutes\": 3", TRUNDLE_BAD_INPUT, "schedule", "exactly one" },
    { "\"epochs\": 2,", "", TRUNDLE_BAD_INPUT, "schedule", "has 0" },
    { "\"batch\": 16", "\"batch\": 0", TRUNDLE_BAD_INPUT, "schedule.batch", "1 to 65536" },
    { "\"batch\": 16,", "", TRUNDLE_BAD_INPUT, "schedule", "'batch'" },
    { "\"until\": 0.5", "\"until\": 1", TRUNDLE_BAD_INPUT, "sizes", "must rise" },
    { "{\"px\": 32}]", "{\"px\": 32, \"until\": 0.9}]", TRUNDLE_BAD_INPUT, "sizes", "to 1" },
    { "\"name\": \"tiny\"", "\"name\": \"../tiny\"", TRUNDLE_BAD_INPUT, "r.json", "a-z" },
    { "\"recipe\": 1", "\"recipe\": 2", TRUNDLE_UNSUPPORTED, "r.json", "version 2" },
    { "\"recipe\": 1,", "", TRUNDLE_BAD_INPUT, "r.json", "'recipe'" },
    { "\"seed\": 3,", "\"seed\": 3, \"color\": 1,", TRUNDLE_BAD_INPUT, "r.json", "unknown field 'color'" },
    { "\"losses\": [{\"kind\": \"cross_entropy\"}]", "\"losses\": []", TRUNDLE_BAD_INPUT, "losses", "1 to 16" },
    { "\"seed\": 3", "\"seed\": 3, \"seed\": 4", TRUNDLE_BAD_INPUT, "r.json", "" },
    { "}}", "}", TRUNDLE_BAD_INPUT, "r.json", "" },
};

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct trundle_error err = { 0 };
        char *text = changed(wrong[i].what, wrong[i].with), told[1024];
        struct recipe *r = NULL;
        enum trundle_status status = recipe_parse(text, strlen(text), "r.json", &r, &err);

        (void)error_text(&err, told, sizeof told);
        if (status != wrong[i].status || r || !strstr(err.where, wrong[i].where) || !strstr(told, wrong[i].says))
            fail_msg("row %zu (%s): status %d, \"%s\"", i, wrong[i].with, status, told);
        free(text);
    }
}

static void the_shipped_recipes_are_read(void **state)
{
    static const char *const names[] = { "grocery-small", "detector", "embedding" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct trundle_error err = { 0 };
        struct recipe *r = NULL;
        char path[128];

        (void)snprintf(path, sizeof path, "recipes/%s.json", names[i]);
        support_ok(recipe_load(support_source(path), &r, &err), &err);
        assert_string_equal(r->name, names[i]);
        recipe_free(r);
    }
}

static void the_rate_warms_up_and_falls(void **state)
{
    struct recipe_schedule s = { .lr = 2, .warmup = 0.1, .floor = 0.01, .sizes_n = 2, .size = { { 64, 0.25 }, { 96, 1 } } };
    double last = 3;

    (void)state;
    assert_near(run_rate(&s, 0.05), 1, 1e-9);
    assert_near(run_rate(&s, 0.1), 2, 1e-9);
    assert_near(run_rate(&s, 0.55), 2 * (0.01 + 0.99 * 0.5), 1e-9);
    assert_near(run_rate(&s, 1), 0.02, 1e-9);
    for (double at = 0.1; at < 1; at += 0.01) {
        assert_true(run_rate(&s, at) < last);
        last = run_rate(&s, at);
    }
    assert_int_equal(run_size(&s, 0), 64);
    assert_int_equal(run_size(&s, 0.25), 96);
    assert_int_equal(run_size(&s, 1), 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_recipe_is_read), cmocka_unit_test(what_is_wrong_is_named), cmocka_unit_test(the_shipped_recipes_are_read),
                                        cmocka_unit_test(the_rate_warms_up_and_falls) };

    return support_run(tests);
}
