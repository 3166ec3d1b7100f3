/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Trips: the same bytes from the same seed, truth that agrees with the samples, pictures that show what truth says. */
#include "lab/sim/develop.h"
#include "lab/sim/make.h"
#include "lab/sim/model.h"
#include "lab/sim/world.h"
#include "tests/sim/trip_check.h"
#include "tests/support/support.h"

#include "base/std/json.h"
#include "base/trip/trip.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <unistd.h>

/* The smoke suite made small: few products, short trips, small pictures. */
static struct sim_suite *small_suite(void)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    json_t *root = NULL;
    char *text;

    support_ok(json_parse_file(support_source("suites/smoke.json"), &root, &err), &err);
    (void)json_object_set_new(json_object_get(root, "store"), "products", json_integer(30));
    (void)json_object_set_new(json_object_get(root, "store"), "enrol_pictures", json_integer(1));
    (void)json_object_set_new(json_object_get(root, "store"), "enrol_px", json_integer(48));
    (void)json_object_set_new(json_object_get(root, "camera"), "fps", json_real(5));
    (void)json_object_set_new(json_object_get(root, "shopper"), "events", json_pack("[ii]", 4, 5));
    (void)json_object_set_new(json_object_get(root, "shopper"), "duration_s", json_pack("[ii]", 12, 16));
    text = json_dumps(root, 0);
    support_ok(sim_suite_parse(text, strlen(text), "small", &suite, &err), &err);
    free(text);
    json_decref(root);
    return suite;
}

static struct sim_suite *smoke_suite(void)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;

    support_ok(sim_suite_load(support_source("suites/smoke.json"), &suite, &err), &err);
    return suite;
}

static void same_bytes_at_any_jobs(void **state)
{
    struct sim_suite *suite = small_suite();
    struct trundle_error err = { 0 };
    char one[512], three[512], *differences = NULL;

    (void)state;
    (void)snprintf(one, sizeof one, "%s/one", support_scratch());
    (void)snprintf(three, sizeof three, "%s/three", support_scratch());
    support_ok(sim_trips_make(suite, 3, 4, one, &(struct sim_options){ .jobs = 1, .pictures = true }, &err), &err);
    support_ok(sim_trips_make(suite, 3, 4, three, &(struct sim_options){ .jobs = 3, .pictures = true }, &err), &err);
    assert_int_equal(support_shell(&differences, "diff -rq '%s' '%s'", one, three), 0);
    assert_string_equal(differences, "");
    free(differences);
    /* the comparison can fail: another seed is another trip */
    assert_int_not_equal(support_shell(NULL, "cmp -s '%s/3.mcap' '%s/4.mcap'", one, one), 0);
    /* a trip is never overwritten */
    assert_int_equal(sim_trips_make(suite, 3, 1, one, &(struct sim_options){ .jobs = 2, .pictures = true }, &err), TRUNDLE_CONFLICT);
    sim_suite_free(suite);
}

static void a_part_of_a_run_is_the_same(void **state)
{
    struct sim_suite *suite = small_suite();
    struct trundle_error err = { 0 };
    char many[512], alone[512];

    (void)state;
    (void)snprintf(many, sizeof many, "%s/many", support_scratch());
    (void)snprintf(alone, sizeof alone, "%s/alone.mcap", support_scratch());
    support_ok(sim_trips_make(suite, 8, 3, many, &(struct sim_options){ .jobs = 2 }, &err), &err);
    support_ok(sim_trip_make(suite, 10, alone, &(struct sim_options){ .jobs = 1 }, NULL, &err), &err);
    assert_int_equal(support_shell(NULL, "cmp -s '%s/10.mcap' '%s'", many, alone), 0);
    sim_suite_free(suite);
}

static void truth_agrees_with_the_samples(void **state)
{
    struct sim_suite *suite = smoke_suite();
    struct trundle_error err = { 0 };
    char path[512];
    unsigned events = 0;

    (void)state;
    for (int64_t seed = 20; seed < 28; seed++) {
        struct sim_trip_report report;
        struct trip_check check;

        (void)snprintf(path, sizeof path, "%s/%d.mcap", support_scratch(), (int)seed);
        support_ok(sim_trip_make(suite, seed, path, &(struct sim_options){ .jobs = 1 }, &report, &err), &err);
        support_ok(trip_check(path, MUTANT_NONE, &check, &err), &err);
        if (check.problems)
            fail_msg("seed %d: %u problems, first: %s", (int)seed, check.problems, check.first);
        assert_int_equal(check.events, report.puts + report.takes + report.moves);
        assert_int_equal(check.codes, report.scans);
        assert_near(check.basket_g, report.basket_g, 1e-6);
        events += check.events;
        for (int mutant = 1; mutant < MUTANT_MUTANTS && seed == 20; mutant++) {
            support_ok(trip_check(path, (enum trip_mutant)mutant, &check, &err), &err);
            if (!check.problems)
                fail_msg("the check does not see mutant %d", mutant);
        }
    }
    print_message("# %u events agree\n", events);
    sim_suite_free(suite);
}

static void pictures_show_what_truth_says(void **state)
{
    struct sim_suite *suite = small_suite();
    struct trundle_error err = { 0 };
    struct trip_reader *r = NULL;
    struct trip_check check;
    struct trundle_message m;
    enum trundle_status status;
    tjhandle tj = tjInitDecompress();
    char path[512];
    int w = 0, h = 0, sampling = 0, colours = 0;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/pictures.mcap", support_scratch());
    support_ok(sim_trip_make(suite, 3, path, &(struct sim_options)SIM_OPTIONS_DEFAULT, NULL, &err), &err);
    support_ok(trip_check(path, MUTANT_NONE, &check, &err), &err);
    if (check.problems)
        fail_msg("%s", check.first);
    assert_true(check.boxes > 4 * check.events);
    support_ok(trip_open(path, &r, &err), &err);
    while ((status = trip_next(r, &m, &err)) == TRUNDLE_OK)
        if (m.channel == TRUNDLE_CAM) {
            assert_int_equal(tjDecompressHeader3(tj, m.frame.jpeg, m.frame.jpeg_bytes, &w, &h, &sampling, &colours), 0);
            assert_true(w == 320 && h == 240 && m.frame.jpeg_bytes > 1000);
        }
    assert_int_equal(status, TRUNDLE_END);
    (void)tjDestroy(tj);
    trip_free(r);
    sim_suite_free(suite);
}

/* A square of known size before a camera: where the lens says, as large as geometry says, nearer hides farther. */
static void rasteriser_keeps_to_geometry(void **state)
{
    struct cart_camera camera = { .width_px = 320, .height_px = 240, .fx_px = 160, .fy_px = 160, .cx_px = 159.5, .cy_px = 119.5,
                                  .T_basket_cam = { 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 1 } };      /* at z = 1, looking down */
    struct cart_file cart = { .basket.size_m = { 1, 1, 1 } };
    struct sim_texture texture = { 0 };
    struct sim_mesh mesh = { 0 };
    struct sim_renderer *r = NULL;
    struct sim_scene scene = { .cart = &cart, .n = 2, .resting_version = 1, .light = { .ambient = 1, .direction = { 0, 0, 1 } } };
    struct sim_seen near_one, far_one;
    struct sim_view view;
    static const double white[3] = { 200, 100, 50 };

    (void)state;
    assert_int_equal(sim_print_plain(white, 0, 16, 1, &texture), TRUNDLE_OK);
    assert_int_equal(sim_model_patch(.4f, .4f, 4, &mesh), TRUNDLE_OK);
    assert_int_equal(sim_raster.make(&camera, &r), TRUNDLE_OK);
    scene.solid[0] = (struct sim_solid){ .id = 1, .mesh = &mesh, .texture = &texture, .pose = sim_pose_make(-.2, -.2, 0, 0, 0, 0), .resting = true };
    scene.solid[1] = (struct sim_solid){ .id = 2, .mesh = &mesh, .texture = &texture, .pose = sim_pose_make(0, -.1, .5, 0, 0, 0) };
    sim_raster.render(r, &scene, &view);
    assert_true(sim_raster.seen(r, 1, NULL, &far_one));
    assert_true(sim_raster.seen(r, 2, NULL, &near_one));
    assert_near(near_one.visible_px, 128 * 128, 300);         /* .4 m at .5 m: 128 px */
    assert_near(near_one.whole_px, 128 * 128, 1);
    assert_near(near_one.x0, 160, 1);
    assert_near(far_one.whole_px, 64 * 64, 1);                /* .4 m at 1 m: 64 px, the right half hidden */
    assert_near(far_one.visible_px, 32 * 64, 80);
    assert_near(far_one.x0, 128, 1);
    assert_near(far_one.x1, 160, 1);
    assert_int_equal(view.id[120 * 320 + 140], 1);
    assert_int_equal(view.id[120 * 320 + 180], 2);
    assert_false(sim_raster.seen(r, 3, NULL, &far_one));
    scene.n = 1;                                              /* what moved away uncovers what rests */
    sim_raster.render(r, &scene, &view);
    assert_true(sim_raster.seen(r, 1, NULL, &far_one));
    assert_near(far_one.visible_px, 64 * 64, 150);
    sim_raster.done(r);
    sim_mesh_done(&mesh);
    sim_texture_done(&texture);
}

static void contact_sheets(void **state)
{
    struct sim_suite *suite = small_suite();
    struct trundle_error err = { 0 };
    char path[512];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/shot.png", support_scratch());
    support_ok(sim_shot_make(suite, 3, "trip", NULL, path, &err), &err);
    support_ok(sim_shot_make(suite, 3, "enrol", NULL, path, &err), &err);
    support_ok(sim_shot_make(suite, 3, "trip", &(struct sim_shot_options){ .engine = "trace", .zoom = 2, .bare = true }, path, &err), &err);
    assert_int_equal(sim_shot_make(suite, 3, "trip", &(struct sim_shot_options){ .engine = "pencil" }, path, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(sim_shot_make(suite, 3, "trip", &(struct sim_shot_options){ .zoom = 5 }, path, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(sim_shot_make(suite, 3, "moon", NULL, path, &err), TRUNDLE_BAD_ARG);
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_at_any_jobs),        cmocka_unit_test(a_part_of_a_run_is_the_same),  cmocka_unit_test(truth_agrees_with_the_samples),
        cmocka_unit_test(pictures_show_what_truth_says), cmocka_unit_test(rasteriser_keeps_to_geometry), cmocka_unit_test(contact_sheets),
    };

    return support_run(tests);
}
