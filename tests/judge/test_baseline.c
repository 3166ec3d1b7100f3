/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/baseline: each does what its rule says and no more, on simulated trips without pictures; and lies, told to carts with eyes,
 * pull the scores down to those of carts without. */
#include "lab/judge/baseline/baseline.h"
#include "lab/sim/sim.h"
#include "tests/judge/hand_trip.h"

#include <stdio.h>

enum { BLIND_SEED = 20, BLIND_TRIPS = 4, REPORTS = 32, SEEN_SEED = 1000, SEEN_TRIPS = 5 };

static const char *scratch;
static char blind[600], seen[600];

static void make(const char *suite_text_from, int64_t seed, size_t trips, bool pictures, char *out, size_t size)
{
    struct sim_suite *suite;
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct trundle_error err = { 0 };

    options.pictures = pictures;
    (void)snprintf(out, size, "%s/%s", scratch, pictures ? "seen" : "blind");
    support_ok(sim_suite_load(suite_text_from, &suite, &err), &err);
    support_ok(sim_trips_make(suite, seed, trips, out, &options, &err), &err);
    sim_suite_free(suite);
}

static int make_trips(void **state)
{
    (void)state;
    scratch = support_scratch();
    make(support_source("suites/smoke.json"), BLIND_SEED, BLIND_TRIPS, false, blind, sizeof blind);
    make(support_source("suites/smoke.json"), SEEN_SEED, SEEN_TRIPS, true, seen, sizeof seen);
    return 0;
}

/* scan-only with numbers of the test's own, which no fit moves. */
static enum trundle_status scans_open(const struct trundle_setup *setup, void **out_cart, struct trundle_error *err)
{
    static const char numbers[] = "{\"delay_s\": 2, \"before_s\": 4, \"after_s\": 3, \"pick_s\": 6}";
    struct trundle_setup mine = *setup;

    mine.fuse_json = (struct trundle_text){ numbers, sizeof numbers - 1 };
    return judge_baseline("scan-only")->open(&mine, out_cart, err);
}

/* Every report is made once: pictures take their time. */
static struct judge_report judged(const char *folder, const char *system, enum judge_ablation ablation)
{
    static struct { const char *folder, *system; enum judge_ablation ablation; struct judge_report report; } kept[REPORTS];
    static size_t kept_n;
    static struct judge_cart_ops scans;
    struct judge_config config = JUDGE_CONFIG_DEFAULT;
    struct judge_report report = { .trips = 0 };
    struct trundle_error err = { 0 };

    for (size_t i = 0; i < kept_n; i++)
        if (kept[i].folder == folder && kept[i].ablation == ablation && !strcmp(kept[i].system ? kept[i].system : "", system ? system : ""))
            return kept[i].report;
    config.jobs = 2;
    config.cart = system ? judge_baseline(system) : NULL;
    if (system && !strcmp(system, "scan-only")) {
        scans = *config.cart;
        scans.open = scans_open;
        config.cart = &scans;
    }
    config.ablation = ablation;
    assert_true(!system || config.cart);
    support_ok(judge_trips(&folder, 1, &config, &report, &err), &err);
    assert_int_equal(report.failed, 0);
    assert_true(kept_n < REPORTS);
    kept[kept_n].folder = folder;
    kept[kept_n].system = system;
    kept[kept_n].ablation = ablation;
    return kept[kept_n++].report = report;
}

static double all(const struct judge_report *r, enum judge_key key)
{
    return r->all.key[JUDGE_UNAIDED][key].value;
}

static double sliced(const struct judge_report *r, const char *slice, enum judge_key key)
{
    for (size_t i = 0; i < r->slices_n; i++)
        if (!strcmp(r->slice[i].name, slice))
            return r->slice[i].values.key[JUDGE_UNAIDED][key].value;
    fail_msg("no slice %s", slice);
    return 0;
}

static void they_are_named_and_no_others(void **state)
{
    size_t n;

    (void)state;
    for (size_t i = 0; i < JUDGE_BASELINES; i++) {
        assert_non_null(judge_baseline(judge_baseline_name(i)));
        assert_non_null(judge_baseline_fields(judge_baseline_name(i), &n));
        assert_true(n > 0 && n <= JUDGE_BASELINE_FIELDS);
    }
    assert_null(judge_baseline("trundle"));
    assert_null(judge_baseline_fields("", &n));
}

/* Scans exist, what is not scanned does not, and nothing leaves. */
static void scan_only_is_its_scans(void **state)
{
    struct judge_report r = judged(blind, "scan-only", JUDGE_HONEST);

    (void)state;
    assert_true(sliced(&r, "scanned", JUDGE_event_recall) > 0.7);
    assert_near(sliced(&r, "unscanned", JUDGE_event_recall), 0, 0);
    assert_true(all(&r, JUDGE_event_precision) > 0.8);
    assert_near(all(&r, JUDGE_false_removals), 0, 0);
    assert_near(all(&r, JUDGE_asks_per_100), 0, 0);
}

static void weight_only_sees_steps_and_guesses_names(void **state)
{
    struct judge_report r = judged(blind, "weight-only", JUDGE_HONEST), scans = judged(blind, "scan-only", JUDGE_HONEST);

    (void)state;
    assert_true(all(&r, JUDGE_detection_f1) > 0.8);
    assert_true(all(&r, JUDGE_event_f1) > 0.25 && all(&r, JUDGE_event_f1) < all(&r, JUDGE_detection_f1) - 0.1);
    assert_true(sliced(&r, "unscanned", JUDGE_detection_f1) > sliced(&scans, "unscanned", JUDGE_detection_f1) + 0.3);
}

static void those_with_eyes_are_blind_without_pictures(void **state)
{
    struct judge_report shelf = judged(blind, "shelf-rule", JUDGE_HONEST), weight = judged(blind, "weight-only", JUDGE_HONEST);
    static const char *const only[] = { "vision-only", "frame-by-frame" };

    (void)state;
    assert_true(all(&shelf, JUDGE_event_f1) > all(&weight, JUDGE_event_f1));
    for (size_t i = 0; i < COUNT_OF(only); i++) {
        struct judge_report r = judged(blind, only[i], JUDGE_HONEST);

        assert_near(all(&r, JUDGE_event_recall), 0, 0);
        assert_int_equal(r.all.key[JUDGE_UNAIDED][JUDGE_event_precision].n, 0);
    }
}

/* The aided run has evidence in place of samples: a baseline that says all it senses decides the same there. */
static void evidence_stands_for_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < JUDGE_BASELINES; i++) {
        struct judge_report r = judged(seen, judge_baseline_name(i), JUDGE_HONEST);

        assert_true(r.all.has[JUDGE_AIDED]);
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
            const struct judge_value *a = &r.all.key[JUDGE_UNAIDED][k], *b = &r.all.key[JUDGE_AIDED][k];

            if (isfinite(a->value) || isfinite(b->value))
                support_near(b->value, a->value, 1e-12, judge_key_rows[k].name, judge_baseline_name(i), (int)k);
        }
    }
}

static void eyes_help(void **state)
{
    struct judge_report vision = judged(seen, "vision-only", JUDGE_HONEST), shelf = judged(seen, "shelf-rule", JUDGE_HONEST),
                        frames = judged(seen, "frame-by-frame", JUDGE_HONEST), weight = judged(seen, "weight-only", JUDGE_HONEST);

    (void)state;
    assert_true(all(&vision, JUDGE_event_recall) > 0.15);
    assert_true(sliced(&shelf, "unscanned", JUDGE_event_f1) > sliced(&weight, "unscanned", JUDGE_event_f1) + 0.15);
    assert_true(all(&frames, JUDGE_event_recall) > 0.1);
    assert_true(all(&frames, JUDGE_event_f1) < all(&shelf, JUDGE_event_f1));
}

/* What a cart makes of things nobody scanned must come from its senses: lied to, it falls to where a cart without that sense is. */
static void lies_make_the_scores_collapse(void **state)
{
    struct judge_report honest = judged(seen, NULL, JUDGE_HONEST), weight = judged(seen, "weight-only", JUDGE_HONEST), vision = judged(seen, "vision-only", JUDGE_HONEST);
    double good = sliced(&honest, "unscanned", JUDGE_event_f1), no_eyes = sliced(&weight, "unscanned", JUDGE_event_f1), no_scale = sliced(&vision, "unscanned", JUDGE_event_f1);
    static const enum judge_ablation lie[] = { JUDGE_SHUFFLE_EVIDENCE, JUDGE_SWAP_WEIGHTS, JUDGE_CONSTANT_FRAMES };

    (void)state;
    assert_true(good > no_eyes + 0.3 && good > no_scale);
    for (size_t i = 0; i < COUNT_OF(lie); i++) {
        struct judge_report r = judged(seen, NULL, lie[i]);
        double f1 = sliced(&r, "unscanned", JUDGE_event_f1);

        double floor = lie[i] == JUDGE_SWAP_WEIGHTS ? no_scale : no_eyes;

        print_message("# lie %zu: unscanned event F1 %.3f, honest %.3f, weight-only %.3f, vision-only %.3f\n", i, f1, good, no_eyes, no_scale);
        assert_true(f1 < good - 0.2);
        assert_true(f1 < floor + 0.35);
        assert_true(sliced(&r, "scanned", JUDGE_event_recall) > 0.5 || lie[i] == JUDGE_SWAP_WEIGHTS);   /* codes are not lied about */
    }
    honest = judged(seen, "vision-only", JUDGE_SHUFFLE_EVIDENCE);
    assert_true(all(&honest, JUDGE_event_f1) < 0.15 && all(&honest, JUDGE_detection_f1) > 0.4);   /* what, not when, was lied about */
}

static void numbers_are_checked_by_name(void **state)
{
    static const char cart[] = "{}", good[] = "{\"delay_s\": 1, \"before_s\": 1, \"after_s\": 1, \"pick_s\": 1}",
                      missing[] = "{\"delay_s\": 1, \"before_s\": 1, \"pick_s\": 1}", wide[] = "{\"delay_s\": 1, \"before_s\": 1, \"after_s\": 1, \"pick_s\": 1e9}";
    static const struct { const char *text, *named; } cases[] = { { missing, "after_s" }, { wide, "pick_s" }, { good, "cart.json" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct trundle_setup setup = { .cart_json = { cart, sizeof cart - 1 }, .fuse_json = { cases[i].text, strlen(cases[i].text) } };
        struct trundle_error err = { 0 };
        void *b = NULL;

        assert_int_equal(judge_baseline("scan-only")->open(&setup, &b, &err), TRUNDLE_BAD_INPUT);
        assert_null(b);
        if (!strstr(err.where, cases[i].named) && !strstr(err.what, cases[i].named))
            fail_msg("case %zu: where '%s' what '%s'", i, err.where, err.what);
    }
}

/* Each number is one of its grid, or where it began when it has none. */
static void assert_on_grid(const struct judge_fit_system *system, const struct judge_fit *fit)
{
    for (size_t i = 0; i < system->fields_n; i++) {
        const struct judge_fit_field *field = &system->field[i];
        bool found = fabs(fit->value[i] - field->start) < 1e-12;

        for (size_t k = 0; k < field->grid_n; k++)
            found = found || fabs(fit->value[i] - field->grid[k]) < 1e-12;
        assert_true(found);
    }
}

static void a_fit_stays_on_its_grid_and_gets_better(void **state)
{
    const char *folder = blind;
    struct judge_fit_system system;
    struct judge_fit fit, threads;
    struct trundle_error err = { 0 };
    struct bytes text = { 0 };

    (void)state;
    support_ok(judge_baseline_fit("weight-only", &system, &err), &err);
    support_ok(judge_fit(&system, &folder, 1, 1, NULL, NULL, &fit, &err), &err);
    assert_int_equal(fit.trips, BLIND_TRIPS);
    assert_true(fit.f1 >= fit.f1_start && fit.f1 > 0.25 && fit.tried > 10);
    assert_on_grid(&system, &fit);
    support_ok(system.write(&system, fit.value, &text, NULL), NULL);
    assert_non_null(strstr((const char *)text.data, "\"threshold_g\": 50, \"tolerance_g\": 20,"));
    bytes_done(&text);
    support_ok(judge_fit(&system, &folder, 1, 3, NULL, NULL, &threads, &err), &err);
    assert_memory_equal(threads.value, fit.value, system.fields_n * sizeof fit.value[0]);
    assert_int_equal(judge_baseline_fit("nosuch", &system, &err), TRUNDLE_NOT_FOUND);
    assert_non_null(strstr(err.what, "nosuch"));
}

/* Of the cart only a few fields, so that it stays short; a start that is plainly wrong must be left. */
static void the_cart_can_be_fitted(void **state)
{
    const char *folder = blind;
    struct judge_fit_system system;
    struct judge_fit fit;
    struct trundle_error err = { 0 };
    struct bytes text = { 0 };
    size_t miss = SIZE_MAX;

    (void)state;
    support_ok(judge_fit_cart(&system, &err), &err);
    for (size_t i = 0; i < system.fields_n; i++) {
        if (!strcmp(system.field[i].name, "mass_floor_g"))
            miss = i;
        else
            system.field[i].grid_n = 0;
    }
    assert_true(miss < system.fields_n && system.field[miss].grid_n > 1);
    system.field[miss].start = 80;                     /* every mass fits every product */
    support_ok(judge_fit(&system, &folder, 1, 2, NULL, NULL, &fit, &err), &err);
    assert_int_equal(fit.trips, BLIND_TRIPS);
    assert_true(fit.f1 > fit.f1_start && fit.value[miss] < 10);
    assert_on_grid(&system, &fit);
    support_ok(system.write(&system, fit.value, &text, NULL), NULL);
    assert_non_null(strstr((const char *)text.data, "\"window_s\": "));
    bytes_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_named_and_no_others), cmocka_unit_test(scan_only_is_its_scans), cmocka_unit_test(weight_only_sees_steps_and_guesses_names),
        cmocka_unit_test(those_with_eyes_are_blind_without_pictures), cmocka_unit_test(evidence_stands_for_samples), cmocka_unit_test(eyes_help),
        cmocka_unit_test(lies_make_the_scores_collapse), cmocka_unit_test(numbers_are_checked_by_name), cmocka_unit_test(a_fit_stays_on_its_grid_and_gets_better),
        cmocka_unit_test(the_cart_can_be_fitted) };

    return cmocka_run_group_tests(tests, make_trips, NULL);
}
