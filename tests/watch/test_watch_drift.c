/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* watch/drift and watch/accuracy: the false alarms and delays that are stated, known answers, and mutants that break both. */
#include "base/std/rng.h"
#include "hub/watch/accuracy.h"
#include "hub/watch/drift_sim.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 500, STREAMS = 150, LENGTH = 4000 };

static struct drift_sim_result simulated(struct drift_sim sim)
{
    struct drift_sim_result r;

    sim.seed = support_seed();
    assert_int_equal(drift_simulate(&sim, &r), TRUNDLE_OK);
    return r;
}

/* 150 streams of 4,000 numbers with one false alarm in 500: 1,200 are expected, 35 is a standard deviation; ten numbers of each stream cannot alarm. */
static void false_alarms_are_as_stated_whatever_the_law(void **state)
{
    (void)state;
    for (int law = 0; law < DRIFT_SIM_LAWS; law++) {
        struct drift_sim_result r = simulated((struct drift_sim){ .law = (enum drift_sim_law)law, .limit = drift_limit(RUN), .streams = STREAMS, .length = LENGTH });
        double expected = (double)r.numbers / RUN;

        print_message("# law %d: %llu false alarms, %.0f stated\n", law, (unsigned long long)r.alarms, expected);
        assert_near((double)r.alarms / expected, 1, 0.16);
    }
}

/* The mutant: a limit a tenth lower gives more false alarms than the test above lets through. */
static void a_lower_limit_is_caught(void **state)
{
    struct drift_sim_result r = simulated((struct drift_sim){ .law = DRIFT_SIM_NORMAL, .limit = 0.9 * drift_limit(RUN), .streams = STREAMS, .length = LENGTH });

    (void)state;
    assert_true((double)r.alarms > 1.16 * (double)r.numbers / RUN);
}

/* One standard deviation after 400 trips, at the limit of a cart in docs/watch.md: half of them are seen within 30 trips, nine in ten within 60. */
static void shifts_are_seen_soon(void **state)
{
    struct drift_sim_result r = simulated((struct drift_sim){ .law = DRIFT_SIM_NORMAL, .limit = drift_limit(120000), .streams = 200, .length = 400, .before = 400, .shift = 1 });

    (void)state;
    print_message("# one sd: median %.0f trips, p90 %.0f\n", r.delay_median, r.delay_p90);
    assert_true(r.runs >= 198);
    assert_true(r.delay_median >= 10 && r.delay_median <= 30);
    assert_true(r.delay_p90 <= 60);
    r = simulated((struct drift_sim){ .law = DRIFT_SIM_NORMAL, .limit = drift_limit(120000), .streams = 200, .length = 400, .before = 400, .shift = -2 });
    assert_true(r.delay_p90 <= 16);
}

static void scores_are_normal_and_limits_known(void **state)
{
    (void)state;
    assert_near(drift_normal(0.975), 1.959963984540054, 1e-12);
    assert_near(drift_normal(0.5), 0, 1e-15);
    assert_near(drift_normal(1e-10), -6.361340902404056, 1e-9);
    assert_near(drift_score(0, 0, DRIFT_PAST_LEAST - 1, 0.9), 0, 0);
    assert_near(drift_score(50, 0, 100, 0.5), drift_normal(50.5 / 101), 1e-12);
    assert_near(drift_score(0, 100, 100, 0.25), drift_normal(0.25), 1e-12);
    /* k = 1/2, h = 4: 168 for two sides by Markov chains (Montgomery, Introduction to Statistical Quality Control); Siegmund's form gives 167.7 */
    assert_near(drift_limit(168), 4, 0.01);
    assert_near(drift_limit(465), 5, 0.01);
    for (int i = 0; i < 4; i++)
        assert_int_equal(drift_part((INT64_C(86400) * 20000 + 21600 * i + 5) * INT64_C(1000000000)), i);
}

static void alarms_have_two_thresholds(void **state)
{
    struct drift d = { 0, 0 };

    (void)state;
    for (int i = 0; i < 100; i++)
        drift_push(&d, 2, 5);
    assert_true(drift_high(&d, 5));
    assert_near(d.up, 10, 0);
    for (int i = 0; i < 12; i++)
        drift_push(&d, -0.1, 5);
    assert_false(drift_high(&d, 5) || drift_low(&d, 5));
    for (int i = 0; i < 4; i++)
        drift_push(&d, -0.1, 5);
    assert_true(drift_low(&d, 5));
}

/* Trips whose lines are right with a chance that is known by bin. */
static void make_trips(struct accuracy_trip *trip, size_t n, const double *chance, const char *stream)
{
    struct rng r = rng_seed(support_seed(), stream);

    memset(trip, 0, n * sizeof *trip);
    for (size_t i = 0; i < n; i++) {
        double lean = rng_unit(&r);

        trip[i].store = (uint32_t)(i / 5);
        for (int line = 0; line < 12; line++) {
            size_t b = rng_unit(&r) < lean ? 9 : rng_below(&r, ACCURACY_BINS);

            trip[i].n[b]++;
            trip[i].right[b] += rng_unit(&r) < chance[b];
        }
    }
}

static const double believed[ACCURACY_BINS] = { 0.1, 0.1, 0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.85 };

static void a_known_calibration_is_found_and_estimates_well(void **state)
{
    static struct accuracy_trip fit[1000], fresh[1000];
    struct accuracy_map map;
    struct accuracy_error e = { 0 };
    struct trundle_error err;

    (void)state;
    make_trips(fit, 1000, believed, "fit");
    make_trips(fresh, 1000, believed, "fresh");
    support_ok(accuracy_fit(fit, 1000, &map, &err), &err);
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        assert_near(map.right[b], believed[b], 0.06);
    accuracy_measure(&map, fresh, 1000, ACCURACY_GROUP, &e);
    accuracy_error_end(&e);
    print_message("# truth %.4f, estimated %.4f, uncalibrated %.4f; mean error %.4f, %.4f uncalibrated; %llu of %llu covered\n", e.truth, e.estimated, e.plain, e.mean_abs,
                  e.mean_abs_plain, (unsigned long long)e.covered, (unsigned long long)e.groups);
    assert_near(e.estimated, e.truth, 0.015);
    assert_true(e.mean_abs < 0.04 && e.mean_abs_plain > 0.1);
    assert_true(e.covered >= 42 && e.groups == 50);
}

/* The mutant: a cart that errs in a new way is not what the map was fitted on, and the measure says so. */
static void a_new_kind_of_error_is_measured(void **state)
{
    static const double worse[ACCURACY_BINS] = { 0, 0, 0, 0.05, 0.1, 0.1, 0.1, 0.2, 0.2, 0.3 };
    static struct accuracy_trip fit[500], other[500];
    struct accuracy_map map;
    struct accuracy_error e = { 0 };
    struct trundle_error err;

    (void)state;
    make_trips(fit, 500, believed, "fit");
    make_trips(other, 500, worse, "other");
    support_ok(accuracy_fit(fit, 500, &map, &err), &err);
    accuracy_measure(&map, other, 500, ACCURACY_GROUP, &e);
    accuracy_error_end(&e);
    assert_true(e.mean_abs > 0.2 && e.covered == 0);
}

static void known_answers(void **state)
{
    struct accuracy_map map = { .right = { 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.9 }, .lines = 1, .trips = 1, .stores = 1 };
    struct accuracy_trip t = { .n = { [5] = 10, [9] = 30 } }, none = { .store = 0 };
    struct accuracy_value v;

    (void)state;
    accuracy_estimate(&map, &t, 1, &v);
    assert_near(v.value, (10 * 0.5 + 30 * 0.9) / 40, 1e-12);
    assert_near(v.hi - v.value, 1.959963984540054 * sqrt(10 * 0.25 + 30 * 0.09) / 40, 1e-12);
    assert_int_equal(v.n, 40);
    accuracy_estimate(&map, &none, 1, &v);
    assert_true(isnan(v.value));
}

static void maps_are_read_as_written_and_bad_ones_refused(void **state)
{
    static struct accuracy_trip fit[200];
    struct accuracy_map map, back;
    struct bytes text = { 0 };
    struct trundle_error err;
    char *bad;

    (void)state;
    make_trips(fit, 200, believed, "fit");
    support_ok(accuracy_fit(fit, 200, &map, &err), &err);
    assert_int_equal(accuracy_print(&map, &text), TRUNDLE_OK);
    support_ok(accuracy_parse(text.data, text.n, "map", &back, &err), &err);
    assert_near(back.right[3], map.right[3], 1e-5);
    assert_int_equal(back.lines, map.lines);
    bad = strstr((char *)text.data, "\"right\":[0.") + 9;
    *bad = '7';
    assert_int_equal(accuracy_parse(text.data, text.n, "map", &back, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "bin 0"));
    assert_int_equal(accuracy_parse("{}", 2, "map", &back, &err), TRUNDLE_BAD_INPUT);
    bytes_done(&text);
    fit[7].right[2] = fit[7].n[2] + 1;
    assert_int_equal(accuracy_fit(fit, 200, &map, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(accuracy_fit(fit, 5, &map, &err), TRUNDLE_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_alarms_are_as_stated_whatever_the_law),
        cmocka_unit_test(a_lower_limit_is_caught),
        cmocka_unit_test(shifts_are_seen_soon),
        cmocka_unit_test(scores_are_normal_and_limits_known),
        cmocka_unit_test(alarms_have_two_thresholds),
        cmocka_unit_test(a_known_calibration_is_found_and_estimates_well),
        cmocka_unit_test(a_new_kind_of_error_is_measured),
        cmocka_unit_test(known_answers),
        cmocka_unit_test(maps_are_read_as_written_and_bad_ones_refused),
    };

    return support_run(tests);
}
