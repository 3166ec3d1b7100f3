/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Nobody is in a picture that a cart keeps, with cameras off by 3 degrees and 2 cm and people all around; and the count counts. */
#include "lab/sim/privacy.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

static struct sim_suite *suite;

static int load(void **state)
{
    struct trundle_error err;

    (void)state;
    support_ok(sim_suite_load("v1", &suite, &err), &err);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    sim_suite_free(suite);
    return 0;
}

static struct sim_privacy_report look(const struct sim_privacy_options *options, int64_t seed, int trips)
{
    struct sim_privacy_report report = { .trips = 0 };
    struct trundle_error err;

    for (int i = 0; i < trips; i++)
        support_ok(sim_privacy_trip(suite, seed + i, options, &report, &err), &err);
    assert_int_equal(report.trips, trips);
    return report;
}

static void nobody_is_kept(void **state)
{
    const char *said = getenv("TRUNDLE_TEST_TRIPS");
    int trips = said ? atoi(said) : 20;
    struct sim_privacy_options options = SIM_PRIVACY_DEFAULT;
    struct sim_privacy_report r;

    (void)state;
    r = look(&options, 4001, trips);
    printf("# %d trips, %llu frames, %.1f %% of pixels kept\n", trips, (unsigned long long)r.frames, 100 * (double)r.kept_px / (double)r.px);
    assert_int_equal(r.person_px, 0);
    assert_true(r.hand_px > 0);            /* whoever shops is seen, by hand and forearm */
    assert_true(r.kept_px * 2 > r.px);
}

/* The mutants: without the margin, without the mask, and with a child that hangs into the basket there is somebody to count. */
static void who_is_kept_is_counted(void **state)
{
    struct sim_privacy_options none = SIM_PRIVACY_DEFAULT, blind = SIM_PRIVACY_DEFAULT, leaning = SIM_PRIVACY_DEFAULT;
    struct sim_privacy_report r;

    (void)state;
    none.every = blind.every = leaning.every = 10;
    none.capture.margin_deg = none.capture.margin_m = 0;
    blind.blind = true;
    leaning.lean_m = 0.25;
    r = look(&none, 1, 2);
    assert_true(r.person_px > 0 && r.bad_frames > 0 && r.worst_person_px > 0);
    assert_true(look(&blind, 1, 2).person_px > r.person_px);
    assert_true(look(&leaning, 1, 1).person_px > 0);
}

/* With cameras that stand right the cart file's own tolerance is enough. */
static void the_stated_tolerance_holds_for_what_it_states(void **state)
{
    struct sim_privacy_options options = SIM_PRIVACY_DEFAULT;

    (void)state;
    options.every = 10;
    options.capture.margin_deg = options.capture.margin_m = 0;
    options.turn_deg = 0.5;
    options.shift_m = 0.004;
    assert_int_equal(look(&options, 11, 4).person_px, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_kept),
        cmocka_unit_test(who_is_kept_is_counted),
        cmocka_unit_test(the_stated_tolerance_holds_for_what_it_states),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
