/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/stats, compare, saved: known answers, verdicts that come as often as they should, files that are refused by line. */
#include "lab/judge/stats.h"
#include "lab/judge/trial.h"
#include "tests/judge/many_trips.h"

#include "base/std/json.h"

static void holm_by_hand(void **state)
{
    double p[6] = { .01, .04, (double)NAN, .03, .005, .9 };

    (void)state;
    support_ok(judge_holm(p, 6), NULL);
    assert_near(p[0], .04, 1e-12);
    assert_near(p[1], .09, 1e-12);         /* 2 x .04, but not below 3 x .03 */
    assert_near(p[3], .09, 1e-12);
    assert_near(p[4], .025, 1e-12);
    assert_near(p[5], .9, 1e-12);
    assert_true(isnan(p[2]));
}

static struct judge_compared compared_at(const struct judge_saved *a, const struct judge_saved *b, const char *slice, enum judge_key key)
{
    struct judge_comparison c = many_compared(a, b);
    struct judge_compared x = { .n = 0 };

    for (size_t i = 0; i < c.scopes_n; i++)
        if (!strcmp(c.scope[i].name, slice))
            x = c.scope[i].key[JUDGE_UNAIDED][key];
    judge_comparison_done(&c);
    return x;
}

static struct judge_compared one_better(int stores)
{
    struct judge_saved a = { .n = 0 }, b = { .n = 0 };
    struct trundle_error err = { 0 };
    struct judge_compared x;

    for (int i = 0; i < stores; i++) {
        struct judge_result r = { .seed = i };

        (void)snprintf(r.store, sizeof r.store, "%d", i);
        r.tally[0].key[JUDGE_event_recall] = (struct judge_sum){ 5, 10, 10 };
        support_ok(judge_saved_add(&a, &r, &err), &err);
        r.tally[0].key[JUDGE_event_recall].num = 6;
        support_ok(judge_saved_add(&b, &r, &err), &err);
    }
    x = compared_at(&a, &b, "", JUDGE_event_recall);
    judge_saved_done(&a);
    judge_saved_done(&b);
    return x;
}

/* B better by one event in each store: of 2^k ways to swap sides, 2 are as far apart. */
static void swaps_by_hand(void **state)
{
    struct judge_compared three = one_better(3), nine = one_better(9), ten = one_better(10);

    (void)state;
    assert_near(three.difference, 0.1, 1e-12);
    assert_near(three.p, 2.0 / 8, 1e-12);
    assert_near(nine.p, 2.0 / 512, 1e-12);
    assert_int_equal(nine.verdict, JUDGE_NOT_ENOUGH);      /* nine stores say nothing */
    assert_near(ten.p, 2.0 / 1024, 1e-12);
    assert_int_equal(ten.verdict, JUDGE_WIN);
}

static void a_bent_side_loses(void **state)
{
    struct judge_saved a, b;
    struct judge_compared x;

    (void)state;
    many_make(&a, 200, 1, 0.9, 0.8);
    many_make(&b, 200, 1, 0.9, 0.8);
    for (size_t i = 0; i < b.n; i += 2) {                  /* one event dropped in every other trip */
        struct judge_sum *s = &b.result[i].tally[0].key[JUDGE_event_recall];

        s->num = fmax(0, s->num - 1);
        b.result[i].tally[0].key[JUDGE_errors_per_100].num++;
    }
    x = compared_at(&a, &b, "", JUDGE_event_recall);
    assert_near(x.difference, -0.05, 1e-9);
    assert_int_equal(x.verdict, JUDGE_LOST);
    assert_true(x.p < 0.001 && x.hi < -0.03 && x.lo > -0.07);
    x = compared_at(&a, &b, "", JUDGE_errors_per_100);     /* more errors are worse */
    assert_near(x.difference, 5, 1e-9);
    assert_int_equal(x.verdict, JUDGE_LOST);
    x = compared_at(&b, &a, "", JUDGE_errors_per_100);
    assert_int_equal(x.verdict, JUDGE_WIN);
    x = compared_at(&a, &b, "rolling", JUDGE_event_recall);   /* the bent trips are none of these */
    assert_near(x.difference, 0, 1e-12);
    assert_int_equal(x.verdict, JUDGE_SAME);               /* 1,000 events without a difference: less than a point */
    x = compared_at(&a, &a, "", JUDGE_basket_accuracy);    /* 200 baskets without one: that is less than two points */
    assert_int_equal(x.verdict, JUDGE_NOT_ENOUGH);
    assert_true(x.lo < -0.01 && x.hi > 0.01);
    judge_saved_done(&a);
    judge_saved_done(&b);
}

/* Ten stores; in slice "better" B has one more right in eight of them: p 2 / 256. Alone that is a win; as the best of 20 slices it is none. */
static void many_slices_ask_for_more(void **state)
{
    (void)state;
    for (size_t slices = 1; slices <= 20; slices += 19) {
        struct judge_saved a = { .n = 0 }, b = { .n = 0 };
        struct judge_compared x;

        for (int i = 0; i < 10; i++) {
            struct judge_slice slice[20];
            struct judge_result r = { .seed = i, .slice = slice, .slices_n = slices };
            struct trundle_error err = { 0 };

            memset(slice, 0, sizeof slice);
            (void)snprintf(r.store, sizeof r.store, "%d", i);
            for (size_t k = 0; k < slices; k++) {
                (void)snprintf(slice[k].name, sizeof slice[k].name, k ? "other%zu" : "better", k);
                slice[k].tally[0].key[JUDGE_event_recall] = (struct judge_sum){ 5, 10, 10 };
            }
            support_ok(judge_saved_add(&a, &r, &err), &err);
            slice[0].tally[0].key[JUDGE_event_recall].num += i < 8;
            support_ok(judge_saved_add(&b, &r, &err), &err);
        }
        x = compared_at(&a, &b, "better", JUDGE_event_recall);
        assert_near(x.p, 2.0 / 256, 1e-12);
        assert_near(x.p_adjusted, (double)slices * 2.0 / 256, 1e-12);
        assert_true(x.lo > 0);
        assert_int_equal(x.verdict, slices == 1 ? JUDGE_WIN : JUDGE_NOT_ENOUGH);
        judge_saved_done(&a);
        judge_saved_done(&b);
    }
}

/* Both sides from the same world: hardly ever a word; from a better one: nearly always the right word. */
static void verdicts_come_as_often_as_they_should(void **state)
{
    enum { ROUNDS = 60 };
    size_t false_words = 0, right_words = 0, covered = 0;

    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct judge_saved a, b, c;
        struct judge_compared x;

        many_make(&a, 100, 100 + round, 0.8, 0.8);
        many_make(&b, 100, 1000 + round, 0.8, 0.8);
        many_make(&c, 100, 2000 + round, 0.9, 0.9);
        x = compared_at(&a, &b, "", JUDGE_event_recall);
        false_words += x.verdict == JUDGE_WIN || x.verdict == JUDGE_LOST;
        covered += x.lo <= 0 && 0 <= x.hi;
        x = compared_at(&a, &c, "", JUDGE_event_recall);
        right_words += x.verdict == JUDGE_WIN;
        assert_true(x.verdict != JUDGE_LOST);
        judge_saved_done(&a);
        judge_saved_done(&b);
        judge_saved_done(&c);
    }
    assert_true(false_words <= 9);         /* 3 wanted, four sd */
    assert_true(covered >= 50);
    assert_true(right_words >= 57);
}

/* What is paired has a narrower difference than what is not. */
static void pairing_pays(void **state)
{
    struct judge_saved a, b;
    struct judge_compared paired, apart;

    (void)state;
    many_make(&a, 200, 7, 0.8, 0.8);
    many_make(&b, 200, 7, 0.81, 0.81);     /* the same draws, a little better */
    paired = compared_at(&a, &b, "", JUDGE_event_recall);
    judge_saved_done(&b);
    many_make(&b, 200, 8, 0.81, 0.81);
    apart = compared_at(&a, &b, "", JUDGE_event_recall);
    assert_true(paired.sd < 0.5 * apart.sd);
    assert_true(paired.trips_needed < 0.25 * apart.trips_needed);
    judge_saved_done(&a);
    judge_saved_done(&b);
}

static void trips_must_be_the_same(void **state)
{
    struct judge_saved a, b;
    struct judge_compare_options options = { .common = false };
    struct judge_comparison c;
    struct trundle_error err = { 0 };

    (void)state;
    many_make(&a, 100, 1, 0.9, 0.9);
    many_make(&b, 100, 1, 0.9, 0.9);
    b.result[3].seed = 5000;
    assert_int_equal(judge_compare(&a, &b, &options, &c, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "2 trips are not in both: 1003 only in A, 5000 only in B"));
    assert_non_null(strstr(err.hint, "--common"));
    options.common = true;
    support_ok(judge_compare(&a, &b, &options, &c, &err), &err);
    assert_int_equal(c.trips, 99);
    assert_true(c.left_out[0] == 1 && c.left_out[1] == 1);
    judge_comparison_done(&c);
    for (size_t i = 0; i < b.n; i++)
        b.result[i].seed += 100000;
    assert_int_equal(judge_compare(&a, &b, &options, &c, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "no trip in common"));
    judge_saved_done(&a);
    judge_saved_done(&b);
}

static void the_forms_agree(void **state)
{
    struct judge_saved a, b;
    struct judge_comparison c;
    struct bytes text = { 0 };
    struct trundle_error err = { 0 };
    json_t *root = NULL, *x;

    (void)state;
    many_make(&a, 100, 1, 0.9, 0.9);
    many_make(&b, 100, 1, 0.7, 0.7);
    c = many_compared(&a, &b);
    support_ok(judge_comparison_text(&c, &text), NULL);
    assert_non_null(strstr((const char *)text.data, "100 trips of 20 stores, paired"));
    assert_non_null(strstr((const char *)text.data, "loss"));
    bytes_done(&text);
    support_ok(judge_comparison_json(&c, &text), NULL);
    support_ok(json_parse(text.data, text.n, "comparison", &root, &err), &err);
    x = json_object_get(json_object_get(root, "unaided"), "event_recall");
    assert_string_equal(json_string_value(json_object_get(x, "verdict")), "loss");
    assert_near(json_number_value(json_object_get(x, "margin")), 0.01, 0);
    x = json_object_get(json_object_get(json_object_get(json_object_get(root, "slices"), "rolling"), "unaided"), "event_recall");
    assert_string_equal(json_string_value(json_object_get(x, "verdict")), "loss");
    assert_true(json_is_null(json_object_get(root, "aided")));
    json_decref(root);
    bytes_done(&text);
    judge_comparison_done(&c);
    judge_saved_done(&a);
    judge_saved_done(&b);
}

static void results_go_to_a_file_and_back(void **state)
{
    struct judge_saved a, b;
    struct judge_report direct, read;
    struct bytes first = { 0 }, again = { 0 };
    struct trundle_error err = { 0 };

    (void)state;
    many_make(&a, 20, 1, 0.9, 0.7);
    a.result[1].tally[0].latency_s = malloc(2 * sizeof(double));
    a.result[1].tally[0].latencies_n = 2;
    a.result[1].tally[0].latency_s[0] = 0.1;
    a.result[1].tally[0].latency_s[1] = -0.25;
    a.result[2].tally[0].audit = (struct judge_sum){ 12.5, 1, 1 };
    support_ok(judge_saved_print(&a, &first), NULL);
    support_ok(judge_saved_parse(first.data, first.n, "a.jsonl", &b, &err), &err);
    support_ok(judge_saved_print(&b, &again), NULL);
    assert_int_equal(first.n, again.n);
    assert_memory_equal(first.data, again.data, first.n);
    assert_string_equal(b.system, "made");
    support_ok(judge_report_make(a.result, a.n, 1, &direct, &err), &err);
    support_ok(judge_report_make(b.result, b.n, 1, &read, &err), &err);
    assert_memory_equal(&direct.all, &read.all, sizeof read.all);
    assert_int_equal(read.slices_n, 1);
    assert_memory_equal(&direct.slice[0].values, &read.slice[0].values, sizeof read.slice[0].values);     /* baskets of a slice are those of its trips */
    judge_report_done(&direct);
    judge_report_done(&read);
    judge_saved_done(&b);
    judge_saved_done(&a);
    bytes_done(&first);
    bytes_done(&again);
}

#define HEAD "{\"trundle_results\":1,\"build\":\"0\",\"suite\":\"s\",\"system\":\"x\",\"senses\":\"all\",\"trips\":1}\n"
#define TRIP(sums) "{\"trip\":1,\"store\":\"0\",\"suite\":\"s\",\"unaided\":{" sums "},\"aided\":null,\"slices\":{}}\n"

static void bad_results_are_refused(void **state)
{
    static const struct { const char *text, *where, *what; } bad[] = {
        { "", "r.jsonl", "empty" },
        { "{\"trundle_results\":2,\"build\":\"0\",\"suite\":\"s\",\"system\":\"x\",\"senses\":\"all\",\"trips\":0}\n", "line 1", "version 2" },
        { HEAD, "r.jsonl", "1 trips, 0 follow" },
        { HEAD TRIP("") TRIP(""), "r.jsonl", "1 trips, 2 follow" },
        { HEAD TRIP("\"no_such\":[1,2,3]"), "line 2", "unknown key 'no_such'" },
        { HEAD TRIP("\"event_recall\":[1,-2,3]"), "line 2", "no sums" },
        { HEAD TRIP("\"event_recall\":[1,2]"), "line 2", "" },
        { HEAD TRIP("\"latency_s\":[1,\"2\"]"), "line 2", "no time" },
        { HEAD "{\"trip\":1}\n", "line 2", "" },
        { HEAD "[]\n", "line 2", "not an object" } };
    static const char twice[] = "{\"trundle_results\":1,\"build\":\"0\",\"suite\":\"s\",\"system\":\"x\",\"senses\":\"all\",\"trips\":2}\n" TRIP("") TRIP("");
    struct judge_saved s = { .n = 0 };
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err = (struct trundle_error){ 0 };
        assert_int_equal(judge_saved_parse(bad[i].text, strlen(bad[i].text), "r.jsonl", &s, &err), TRUNDLE_BAD_INPUT);
        if (!strstr(err.where, bad[i].where) || !strstr(err.what, bad[i].what))
            fail_msg("case %zu: %s: %s", i, err.where, err.what);
        assert_null(s.result);
    }
    assert_int_equal(judge_saved_parse(twice, strlen(twice), "r.jsonl", &s, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "trip 1 comes twice"));
    support_ok(judge_saved_parse(HEAD TRIP("\"event_recall\":[1,2,2]"), strlen(HEAD TRIP("\"event_recall\":[1,2,2]")), "r.jsonl", &s, &err), &err);
    assert_near(s.result[0].tally[0].key[JUDGE_event_recall].num, 1, 0);
    judge_saved_done(&s);
}

/* The reference's numbers. */
static void trials_equal_the_reference(void **state)
{
    const struct trial_arm a = { 3000, 1396.87, 52377.9767 }, b = { 3461, 2422.7, 134698.29 }, none = { 0, 0, 0 };
    struct trial_lift l = trial_lift(&a, &b, 0.05, 1000);
    double p;

    (void)state;
    assert_near(l.lift, .50336, 5e-6);
    assert_near(l.lo, -.55844, 5e-6);
    assert_near(l.hi, 1.56516, 5e-6);
    assert_true(isnan(trial_lift(&none, &b, 0.05, 1000).lo));
    assert_near(trial_ratio_mismatch(821588, 815482, &p), 22.774, 5e-4);
    assert_near(p, 1.82e-6, 5e-9);
    assert_near(trial_ratio_mismatch(1000, 1000, &p), 0, 0);
    assert_near(p, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holm_by_hand), cmocka_unit_test(swaps_by_hand), cmocka_unit_test(many_slices_ask_for_more), cmocka_unit_test(a_bent_side_loses), cmocka_unit_test(verdicts_come_as_often_as_they_should),
        cmocka_unit_test(pairing_pays), cmocka_unit_test(trips_must_be_the_same), cmocka_unit_test(the_forms_agree), cmocka_unit_test(results_go_to_a_file_and_back),
        cmocka_unit_test(bad_results_are_refused), cmocka_unit_test(trials_equal_the_reference) };

    return support_run(tests);
}
