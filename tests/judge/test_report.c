/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/report: pooling, intervals that cover what they should, and the three forms of a report. */
#include "base/std/json.h"
#include "base/std/rng.h"
#include "lab/judge/inner.h"
#include "tests/judge/hand_trip.h"

#include <stdio.h>

static void ratio(struct judge_result *r, enum judge_key key, double num, double den)
{
    r->tally[JUDGE_UNAIDED].key[key] = (struct judge_sum){ num, den, (uint64_t)den };
}

static void name_store(struct judge_result *r, unsigned store)
{
    (void)snprintf(r->store, sizeof r->store, "%u", store);
    (void)snprintf(r->suite, sizeof r->suite, "smoke");
}

static void trips_are_pooled(void **state)
{
    struct judge_result r[2] = { { .seed = 9 }, { .seed = 4 } };
    struct judge_report report;
    struct trundle_error err = { 0 };

    (void)state;
    name_store(&r[0], 0);
    name_store(&r[1], 1);
    ratio(&r[0], JUDGE_errors_per_100, 1, 10);
    ratio(&r[1], JUDGE_errors_per_100, 0, 30);
    ratio(&r[0], JUDGE_false_removals, 2, 1);
    ratio(&r[1], JUDGE_false_removals, 1, 1);
    support_ok(judge_report_make(r, 2, 1, &report, &err), &err);
    assert_near(report.all.key[JUDGE_UNAIDED][JUDGE_errors_per_100].value, 2.5, 1e-12);     /* not the mean of 10 and 0 */
    assert_near(report.all.key[JUDGE_UNAIDED][JUDGE_errors_per_100].lo, 0, 1e-12);
    assert_near(report.all.key[JUDGE_UNAIDED][JUDGE_errors_per_100].hi, 10, 1e-12);
    assert_int_equal(report.all.key[JUDGE_UNAIDED][JUDGE_errors_per_100].n, 40);
    assert_near(report.all.key[JUDGE_UNAIDED][JUDGE_false_removals].value, 3, 0);
    assert_true(isnan(report.all.key[JUDGE_UNAIDED][JUDGE_line_accuracy].value));
    assert_int_equal(report.seed0, 4);
    assert_string_equal(report.suite, "smoke");
    assert_true(report.by_store && report.stores == 2 && report.all.has[0] && !report.all.has[1]);
    judge_report_done(&report);
}

static void latencies_have_their_quantiles(void **state)
{
    struct judge_result r[2] = { { .seed = 1 }, { .seed = 2 } };
    struct judge_report report;
    struct trundle_error err = { 0 };
    double a[331], b[331];

    (void)state;
    for (int i = 0; i < 331; i++) {
        a[i] = i;                  /* 0 .. 661 between them */
        b[i] = 331 + i;
    }
    r[0].tally[0].latency_s = a;
    r[1].tally[0].latency_s = b;
    r[0].tally[0].latencies_n = r[1].tally[0].latencies_n = 331;
    support_ok(judge_report_make(r, 2, 1, &report, &err), &err);
    assert_near(report.all.key[0][JUDGE_line_latency_log_s].value, 330, 0);
    assert_near(report.all.key[0][JUDGE_line_latency_log_p99_s].value, 655, 0);
    assert_int_equal(report.all.key[0][JUDGE_line_latency_log_p99_s].n, 662);
    assert_false(report.by_store);     /* one store: trips are the clusters */
    judge_report_done(&report);
    r[1].tally[0].latencies_n = 330;   /* one run short of a p99 */
    support_ok(judge_report_make(r, 2, 1, &report, &err), &err);
    assert_true(isnan(report.all.key[0][JUDGE_line_latency_log_p99_s].value));
    assert_int_equal(report.all.key[0][JUDGE_line_latency_log_p99_s].n, 661);
    judge_report_done(&report);
}

/* Stores differ: an interval over stores must cover the truth about as often as it says, one over trips would not. */
static size_t covered(bool by_store, size_t rounds)
{
    enum { STORES = 30, TRIPS = 8 };
    struct rng r = rng_seed(11, "judge/coverage");
    size_t hits = 0;

    for (size_t round = 0; round < rounds; round++) {
        static struct judge_result result[STORES * TRIPS];
        struct judge_report report;
        struct trundle_error err = { 0 };
        const struct judge_value *v = &report.all.key[0][JUDGE_basket_accuracy];

        for (unsigned s = 0; s < STORES; s++) {
            double p = rng_unit(&r) < 0.5 ? 1.0 : 0.2;     /* mean 0.6 */

            for (unsigned k = 0; k < TRIPS; k++) {
                struct judge_result *one = &result[s * TRIPS + k];

                name_store(one, by_store ? s : s * TRIPS + k);
                ratio(one, JUDGE_basket_accuracy, rng_unit(&r) < p, 1);
            }
        }
        support_ok(judge_report_make(result, STORES * TRIPS, round, &report, &err), &err);
        hits += v->lo <= 0.6 && 0.6 <= v->hi;
        judge_report_done(&report);
    }
    return hits;
}

static void intervals_cover(void **state)
{
    enum { ROUNDS = 100 };
    size_t stores = covered(true, ROUNDS), trips = covered(false, ROUNDS);

    (void)state;
    assert_true(stores >= 88);         /* 95 % wanted, four sd of 100 rounds below it */
    assert_true(trips <= 85);          /* the mutant: clusters ignored */
}

static void resampling_repeats(void **state)
{
    struct judge_result r[6] = { { .seed = 1 } };
    struct judge_report a, b, c;
    struct trundle_error err = { 0 };

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        name_store(&r[i], i);
        ratio(&r[i], JUDGE_event_recall, 10 - i, 10 + 3 * i);
    }
    support_ok(judge_report_make(r, 6, 1, &a, &err), &err);
    support_ok(judge_report_make(r, 6, 1, &b, &err), &err);
    support_ok(judge_report_make(r, 6, 2, &c, &err), &err);
    assert_memory_equal(&a.all.key[0][JUDGE_event_recall], &b.all.key[0][JUDGE_event_recall], sizeof(struct judge_value));
    assert_true(a.all.key[0][JUDGE_event_recall].lo < a.all.key[0][JUDGE_event_recall].value);
    assert_true(a.all.key[0][JUDGE_event_recall].value < a.all.key[0][JUDGE_event_recall].hi);
    assert_true(a.all.key[0][JUDGE_event_recall].lo < c.all.key[0][JUDGE_event_recall].hi);
    judge_report_done(&a);
    judge_report_done(&b);
    judge_report_done(&c);
}

static void the_json_has_its_shape(void **state)
{
    struct judge_slice slice = { .name = "rolling" };
    struct judge_result r = { .seed = 17, .slice = &slice, .slices_n = 1 };
    struct judge_report report;
    struct trundle_error err = { 0 };
    struct bytes b = { 0 };
    json_t *root = NULL, *value;

    (void)state;
    name_store(&r, 3);
    ratio(&r, JUDGE_event_recall, 3, 4);
    slice.tally[0].key[JUDGE_event_recall] = (struct judge_sum){ 1, 2, 2 };
    support_ok(judge_report_make(&r, 1, 1, &report, &err), &err);
    support_ok(judge_report_json(&report, &b), NULL);
    assert_int_equal(b.data[b.n - 1], '\n');
    support_ok(json_parse(b.data, b.n, "report", &root, &err), &err);
    assert_string_equal(json_string_value(json_object_get(root, "suite")), "smoke");
    assert_int_equal(json_integer_value(json_object_get(root, "seed0")), 17);
    assert_int_equal(json_integer_value(json_object_get(root, "n")), 1);
    assert_true(json_is_null(json_object_get(root, "aided")));
    assert_int_equal(json_object_size(root), 7);
    assert_string_equal(json_string_value(json_object_get(root, "senses")), "all");
    assert_int_equal(json_object_size(json_object_get(root, "unaided")), JUDGE_KEY_COUNT);
    value = json_object_get(json_object_get(root, "unaided"), "event_recall");
    assert_near(json_number_value(json_object_get(value, "value")), 0.75, 1e-9);
    assert_true(json_is_null(json_object_get(value, "lo")));       /* one trip has no interval */
    assert_int_equal(json_integer_value(json_object_get(value, "n")), 4);
    assert_int_equal(json_object_size(value), 4);
    value = json_object_get(json_object_get(json_object_get(root, "slices"), "rolling"), "unaided");
    assert_near(json_number_value(json_object_get(json_object_get(value, "event_recall"), "value")), 0.5, 1e-9);
    assert_null(json_object_get(value, "basket_accuracy"));
    json_decref(root);
    bytes_done(&b);
    support_ok(judge_report_text(&report, &b), NULL);
    assert_non_null(strstr((const char *)b.data, "one store"));
    assert_non_null(strstr((const char *)b.data, "0.75 (n 4)"));
    bytes_done(&b);
    support_ok(judge_report_quality(&report, "2026-11-20", "abc1234", "trundle eval \"a, b\"", &b), NULL);
    assert_string_equal((const char *)b.data,
                        "2026-11-20,abc1234,smoke,17,1,unaided,all,event_recall,0.75,,,\"trundle eval \"\"a, b\"\"\"\n"
                        "2026-11-20,abc1234,smoke,17,1,unaided,rolling,event_recall,0.5,,,\"trundle eval \"\"a, b\"\"\"\n");
    bytes_done(&b);
    judge_report_done(&report);
}

static void results_survive_the_pipe(void **state)
{
    struct judge_result r = { .seed = 17, .has_aided = true, .slices_n = 1 }, back;
    struct bytes b = { 0 };

    (void)state;
    name_store(&r, 3);
    r.slice = calloc(1, sizeof *r.slice);
    r.tally[1].latency_s = calloc(2, sizeof(double));
    r.tally[1].latencies_n = 2;
    r.tally[1].latency_s[1] = 0.25;
    ratio(&r, JUDGE_event_recall, 3, 4);
    (void)snprintf(r.slice[0].name, JUDGE_SLICE_NAME, "rolling");
    r.slice[0].tally[0].key[JUDGE_time_error_s].num = 7;
    support_ok(judge_result_print(&r, &b), NULL);
    support_ok(judge_result_parse(b.data, b.n, &back), NULL);
    assert_string_equal(back.slice[0].name, "rolling");
    assert_near(back.slice[0].tally[0].key[JUDGE_time_error_s].num, 7, 0);
    assert_near(back.tally[1].latency_s[1], 0.25, 0);
    assert_near(back.tally[0].key[JUDGE_event_recall].den, 4, 0);
    judge_result_done(&back);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(judge_result_parse(b.data, n, &back), TRUNDLE_CORRUPT);
    judge_result_done(&r);
    bytes_done(&b);
}

/* Workers: three trips in two groups; the second kills its process, the fourth cannot be read. */
static enum trundle_status odd_trip(void *user, size_t trip, struct judge_result *out, struct trundle_error *err)
{
    (void)user;
    if (trip == 1)
        _Exit(7);
    if (trip == 3)
        return error_set(err, TRUNDLE_BAD_INPUT, "trip 3", NULL, "told to");
    out->seed = (int64_t)trip;
    return TRUNDLE_OK;
}

static const char *odd_name(void *user, size_t trip)
{
    static char name[32];

    (void)user;
    (void)snprintf(name, sizeof name, "trip %zu", trip);
    return name;
}

static struct { size_t done, total, complaints; char last[4][300]; } seen;

static void note_progress(void *user, size_t done, size_t total)
{
    (void)user;
    assert_int_equal(done, seen.done + 1);
    seen.done = done;
    seen.total = total;
}

static void note_complaint(void *user, const char *trip, const struct trundle_error *err)
{
    (void)user;
    (void)snprintf(seen.last[seen.complaints++], sizeof seen.last[0], "%s: %s", trip, err->what);
}

static void a_dead_worker_costs_one_trip(void **state)
{
    const struct judge_job jobs[] = { { 0, 3 }, { 3, 3 } };
    const struct judge_work work = { .job = jobs, .jobs_n = 2, .trips_n = 6, .trip = odd_trip, .name = odd_name };
    struct judge_config config = { .progress = note_progress, .complain = note_complaint };
    struct judge_results results;
    struct trundle_error err = { 0 };

    (void)state;
    for (config.jobs = 1; config.jobs <= 3; config.jobs++) {
        memset(&seen, 0, sizeof seen);
        support_ok(judge_work(&work, &config, &results, &err), &err);
        assert_int_equal(results.n, 4);
        assert_int_equal(results.failed, 2);
        assert_int_equal(seen.done, 6);
        assert_int_equal(seen.complaints, 2);
        assert_int_equal(results.result[0].seed, 0);
        assert_int_equal(results.result[1].seed, 2);
        assert_int_equal(results.result[3].seed, 5);
        for (size_t i = 0; i < 2; i++)
            assert_true(strstr(seen.last[i], "trip 1: its worker ended by exit code 7") || strstr(seen.last[i], "trip 3: told to"));
        judge_results_done(&results);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trips_are_pooled), cmocka_unit_test(latencies_have_their_quantiles), cmocka_unit_test(intervals_cover),
        cmocka_unit_test(resampling_repeats), cmocka_unit_test(the_json_has_its_shape), cmocka_unit_test(results_survive_the_pipe),
        cmocka_unit_test(a_dead_worker_costs_one_trip) };

    return support_run(tests);
}
