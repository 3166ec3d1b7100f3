/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* watch/timeline: a simulated trip that a cart was driven with, as the player's JSON. */
#include "base/std/json.h"
#include "hub/watch/timeline.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[2048];         /* one scratch folder for all tests: making the trip takes seconds */

static const char *recorded(void)
{
    static char path[4096];

    if (*path)
        return path;
    (void)snprintf(dir, sizeof dir, "%s", support_scratch());
    assert_int_equal(support_shell(NULL, "cd '%s' && '%s' sim --suite smoke --seed 7 --trips 1 --out . >/dev/null 2>&1", dir, support_build("trundle")), 0);
    assert_int_equal(support_shell(NULL, "cd '%s' && '%s' run 7.mcap --record 7r.mcap >/dev/null 2>&1", dir, support_build("trundle")), 0);
    (void)snprintf(path, sizeof path, "%s/7r.mcap", dir);
    return path;
}

static json_t *list(const json_t *root, const char *key)
{
    json_t *l = json_object_get(root, key);

    assert_true(json_is_array(l));
    return l;
}

static void a_trip_is_all_there(void **state)
{
    struct trundle_error err;
    json_t *t = NULL, *cells, *decision;
    size_t adds = 0, i;

    (void)state;
    support_ok(timeline_json(recorded(), &t, &err), &err);
    cells = json_object_get(t, "cells");
    assert_string_equal(json_string_value(json_object_get(cells, "unit")), "g");
    assert_int_equal(json_array_size(json_object_get(cells, "g")), 4);
    assert_in_range(json_array_size(list(cells, "t_s")), 1000, TIMELINE_POINTS);
    assert_int_equal(json_array_size(list(cells, "sum_g")), json_array_size(list(cells, "t_s")));
    assert_int_equal(json_array_size(list(t, "cameras")), 2);
    assert_true(json_array_size(list(json_array_get(list(t, "cameras"), 0), "t_s")) > 500);
    assert_true(json_array_size(list(json_object_get(t, "imu"), "jolt")) > 1000);
    assert_true(json_array_size(list(t, "codes")) > 0);
    assert_true(json_array_size(list(t, "beliefs")) > 0);
    assert_int_equal(json_array_size(list(t, "cut")), 0);
    json_array_foreach(list(t, "decisions"), i, decision)
        if (!strcmp(json_string_value(json_object_get(decision, "kind")), "add")) {
            adds++;
            assert_non_null(json_object_get(json_object_get(t, "names"), json_string_value(json_object_get(decision, "product"))));
        }
    assert_true(adds > 0);
    assert_true(json_array_size(list(json_object_get(t, "truth"), "events")) >= adds);
    assert_true(json_is_array(json_object_get(t, "errors")));
    assert_true(json_number_value(json_object_get(json_object_get(t, "trip"), "duration_s")) > 30);
    json_decref(t);
}

/* With the built-in texts on the recorded evidence a cart comes to the recorded decisions; one for which a phantom costs nothing adds more. */
static void another_mind_decides_for_itself(void **state)
{
    static const char careless[] = "{\"missing\":5,\"phantom\":0.01,\"wrong\":0.01,\"false_removal\":2,\"ask\":5,\"rescan\":5,\"change\":0.05,\"wait\":0.04,"
                                   "\"answered\":0.9,\"audit_cents\":200}";
    struct timeline_mind mind = { { NULL, 0 }, { NULL, 0 } };
    struct trundle_error err;
    json_t *a = NULL, *b = NULL;

    (void)state;
    support_ok(timeline_json(recorded(), &a, &err), &err);
    support_ok(timeline_mind_json(recorded(), &mind, &b, &err), &err);
    assert_true(json_equal(list(a, "decisions"), list(b, "decisions")));
    json_decref(b);
    b = NULL;
    mind.costs_json = (struct trundle_text){ careless, strlen(careless) };
    support_ok(timeline_mind_json(recorded(), &mind, &b, &err), &err);
    assert_false(json_equal(list(a, "decisions"), list(b, "decisions")));
    assert_true(json_equal(json_object_get(a, "cells"), json_object_get(b, "cells")));
    json_decref(b);
    b = NULL;
    mind.fuse_json = (struct trundle_text){ "{\"nonsense\":1}", 14 };
    assert_int_not_equal(timeline_mind_json(recorded(), &mind, &b, &err), TRUNDLE_OK);
    assert_true(err.what[0] != '\0');
    assert_null(b);
    json_decref(a);
}

static void frames_are_the_trips_own(void **state)
{
    struct bytes jpeg = { 0 };
    struct trundle_error err;

    (void)state;
    support_ok(timeline_frame(recorded(), 1, 40, &jpeg, &err), &err);
    assert_true(jpeg.n > 100 && jpeg.data[0] == 0xff && jpeg.data[1] == 0xd8);
    bytes_done(&jpeg);
    jpeg = (struct bytes){ 0 };
    assert_int_equal(timeline_frame(recorded(), 3, 0, &jpeg, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(timeline_frame(recorded(), 0, 1000000, &jpeg, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(jpeg.n, 0);
}

/* A trip that a killed cart left behind is shown as far as it is whole; what is no trip is refused. */
static void damage_is_said(void **state)
{
    struct trundle_error err;
    struct bytes all = { 0 };
    char path[4096];
    json_t *t = NULL;

    (void)state;
    support_ok(file_read(recorded(), (size_t)1 << 28, &all, &err), &err);
    (void)snprintf(path, sizeof path, "%s/half.mcap", dir);
    support_ok(file_write(path, all.data, all.n / 2, &err), &err);
    support_ok(timeline_json(path, &t, &err), &err);
    assert_true(json_is_false(json_object_get(json_object_get(t, "trip"), "whole")));
    assert_true(json_is_null(json_object_get(t, "errors")));       /* no final basket: nothing to be compared with */
    json_decref(t);
    t = NULL;
    support_ok(file_write(path, "not a trip", 10, &err), &err);
    assert_int_not_equal(timeline_json(path, &t, &err), TRUNDLE_OK);
    assert_null(t);
    (void)snprintf(path, sizeof path, "%s/none.mcap", dir);
    assert_int_equal(timeline_json(path, &t, &err), TRUNDLE_NOT_FOUND);
    bytes_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trip_is_all_there),
        cmocka_unit_test(another_mind_decides_for_itself),
        cmocka_unit_test(frames_are_the_trips_own),
        cmocka_unit_test(damage_is_said),
    };

    return support_run(tests);
}
