/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/shrink, slices of whole trips, and what is left after audits: a hand-made trip with a thief, bent until nobody is caught. */
#include "lab/judge/stats.h"
#include "proto/trundle.pb-c.h"
#include "tests/judge/hand_trip.h"

#include <stdio.h>

/* The milk of trip_init (3.00) was never scanned, and is not on the bill. The bananas are put down honestly, but look it. */
struct theft { struct trip t; struct judge_flag flag[4]; struct judge_tally all, slice[4]; };

enum { SHRINK, TWIN, ROLLING };

static void theft_init(struct theft *x)
{
    memset(x, 0, sizeof *x);
    trip_init(&x->t);
    x->t.truth.end_ns = S_NS(60);
    x->t.true_event[0].id = 7;
    x->t.true_event[0].item = 70;
    x->t.true_event[2].id = 9;
    x->t.truth.slices_n = 3;
    (void)snprintf(x->t.truth.slice[SHRINK], JUDGE_SLICE_NAME, "shrink_no_scan");
    (void)snprintf(x->t.truth.slice[TWIN], JUDGE_SLICE_NAME, "twin_no_scan");
    (void)snprintf(x->t.truth.slice[ROLLING], JUDGE_SLICE_NAME, "rolling");
    x->t.true_event[1].slices = 1 << ROLLING;
    x->t.truth.trip_slices = 1 << SHRINK | 1 << TWIN;
    x->t.truth.scenarios_n = 2;
    x->t.truth.scenario[0] = (struct judge_scenario){ .t0_ns = S_NS(8), .t1_ns = S_NS(11), .event = { 7 }, .events_n = 1, .item = { 70 }, .items_n = 1, .value_cents = 300,
                                                      .slice = 1 << SHRINK };
    x->t.truth.scenario[1] = (struct judge_scenario){ .twin = true, .t0_ns = S_NS(28), .t1_ns = S_NS(31), .event = { 9 }, .events_n = 1, .slice = 1 << TWIN };
    x->t.item[0] = x->t.item[1];           /* the milk is not on the bill */
    x->t.prediction.items_n = 1;
    x->t.prediction.flag = x->flag;
}

static void theft_score(struct theft *x)
{
    struct trundle_error err = { 0 };

    judge_tally_done(&x->all);
    for (int i = 0; i < 3; i++)
        judge_tally_done(&x->slice[i]);
    support_ok(judge_score(&x->t.truth, &x->t.prediction, NULL, &x->all, x->slice, &err), &err);
}

static void theft_done(struct theft *x)
{
    judge_tally_done(&x->all);
    for (int i = 0; i < 3; i++)
        judge_tally_done(&x->slice[i]);
}

static void flag_at(struct theft *x, double t_s, bool audit, bool whole_trip)
{
    x->flag[x->t.prediction.flags_n++] = (struct judge_flag){ .audit = audit, .whole_trip = whole_trip, .t_ns = S_NS(t_s + 1), .t_event_ns = S_NS(t_s) };
}

static void nobody_notices(void **state)
{
    struct theft x;

    (void)state;
    theft_init(&x);
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 0);
    assert_key(&x.all, scenario_stopped, 0);
    assert_key(&x.all, loss_left_pct, 100);
    assert_key(&x.all, loss_left_bp, 1e4 * 300 / 340);
    assert_key(&x.all, twin_alarms_per_100, 0);
    assert_true(isnan(key_value(&x.all, JUDGE_false_alarms_per_100)));     /* no honest trip */
    assert_key(&x.all, trip_s_per_item, 20);
    theft_done(&x);
}

static void prompts_and_audits_are_about_their_scenario(void **state)
{
    struct theft x;

    (void)state;
    theft_init(&x);
    flag_at(&x, 10.9, false, false);       /* a prompt, 0.9 s off */
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 1);
    assert_key(&x.all, scenario_stopped, 1);
    assert_key(&x.all, loss_left_pct, 50);
    assert_near(x.all.audit.num, 0, 0);
    x.flag[0].t_event_ns = S_NS(11.1);     /* too late: about something else */
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 0);
    assert_key(&x.all, loss_left_pct, 100);
    assert_key(&x.all, twin_alarms_per_100, 0);
    x.flag[0].t_event_ns = S_NS(29.5);     /* about the honest twin */
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 0);
    assert_key(&x.all, twin_alarms_per_100, 100);
    x.t.prediction.flags_n = 0;
    flag_at(&x, 50, true, true);           /* the whole trip is marked */
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 1);
    assert_key(&x.all, twin_alarms_per_100, 0);
    assert_near(x.all.audit.num, 300, 0);
    assert_near(x.all.audit.den, 1, 0);
    x.t.truth.scenarios_n = 0;             /* an honest trip */
    theft_score(&x);
    assert_key(&x.all, false_alarms_per_100, 100);
    assert_true(isnan(key_value(&x.all, JUDGE_scenario_recall)));
    theft_done(&x);
}

static void what_is_on_the_bill_is_no_loss(void **state)
{
    struct theft x;

    (void)state;
    theft_init(&x);
    x.t.item[1] = item_of(MILK, 300);      /* the cart saw it and charged it */
    x.t.prediction.items_n = 2;
    theft_score(&x);
    assert_key(&x.all, loss_left_pct, 0);
    assert_key(&x.all, scenario_recall, 0);
    assert_key(&x.all, scenario_stopped, 1);
    x.t.truth.scenario[0].value_cents = 100;       /* only part of what is missing is the scenario's */
    x.t.prediction.items_n = 1;
    theft_score(&x);
    assert_key(&x.all, loss_left_pct, 100);
    assert_near(x.all.key[JUDGE_loss_left_pct].num, 100, 0);
    x.t.truth.scenario[0].events_n = x.t.truth.scenario[0].items_n = 0;   /* it names nothing: its time counts, and all that is missing */
    flag_at(&x, 11.5, false, false);
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 1);
    x.flag[0].t_event_ns = S_NS(12.5);
    theft_score(&x);
    assert_key(&x.all, scenario_recall, 0);
    theft_done(&x);
}

static void slices_of_scenarios_hold_whole_trips(void **state)
{
    struct theft x;

    (void)state;
    theft_init(&x);
    flag_at(&x, 10, false, false);
    flag_at(&x, 30, false, false);
    theft_score(&x);
    for (int i = 0; i < 3; i++) {
        assert_key(&x.slice[i], basket_accuracy, 0);
        assert_key(&x.slice[i], errors_per_100, 50);
    }
    assert_int_equal(x.slice[SHRINK].key[JUDGE_event_recall].n, 4);        /* every event of the trip */
    assert_int_equal(x.slice[ROLLING].key[JUDGE_event_recall].n, 1);
    assert_key(&x.slice[SHRINK], scenario_recall, 1);
    assert_true(isnan(key_value(&x.slice[SHRINK], JUDGE_twin_alarms_per_100)));
    assert_key(&x.slice[TWIN], twin_alarms_per_100, 100);
    assert_true(isnan(key_value(&x.slice[TWIN], JUDGE_scenario_recall)));
    assert_key(&x.slice[ROLLING], scenario_recall, 1);     /* of the trips it holds */
    theft_done(&x);
}

/* 100 trips worth 10.00, in each 1.00 stolen; ten are marked for an audit, but staff gets to three. */
static void audits_are_rationed(void **state)
{
    static struct judge_result r[100];
    struct judge_report report;
    struct trundle_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(r); i++) {
        bool marked = i < 10;

        r[i] = (struct judge_result){ .seed = (int64_t)i };
        (void)snprintf(r[i].store, sizeof r[i].store, "%zu", i / 5);
        r[i].tally[0].key[JUDGE_loss_left_pct] = (struct judge_sum){ 100, 100, 1 };
        r[i].tally[0].key[JUDGE_loss_left_bp] = (struct judge_sum){ 100, 1000, 1 };
        r[i].tally[0].key[JUDGE_scenario_recall] = (struct judge_sum){ marked, 1, 1 };
        r[i].tally[0].audit = (struct judge_sum){ marked ? 100 : 0, marked, 1 };
    }
    support_ok(judge_report_make(r, COUNT_OF(r), 1, &report, &err), &err);
    assert_near(report.all.key[0][JUDGE_loss_left_pct].value, 97, 1e-9);
    assert_near(report.all.key[0][JUDGE_loss_left_bp].value, 970, 1e-9);
    assert_near(report.all.key[0][JUDGE_scenario_recall].value, 0.1, 1e-9);
    judge_report_done(&report);
    for (size_t i = 2; i < 10; i++)
        r[i].tally[0].audit = (struct judge_sum){ 0, 0, 1 };       /* two are marked: staff gets to both */
    support_ok(judge_report_make(r, COUNT_OF(r), 1, &report, &err), &err);
    assert_near(report.all.key[0][JUDGE_loss_left_pct].value, 98, 1e-9);
    judge_report_done(&report);
    support_ok(judge_report_make(r, 99, 1, &report, &err), &err);
    assert_true(isnan(report.all.key[0][JUDGE_scenario_recall].value));    /* one scenario short of a figure */
    assert_int_equal(report.all.key[0][JUDGE_scenario_recall].n, 99);
    judge_report_done(&report);
}

static void only_flags_before_payment_count(void **state)
{
    struct judge_ledger *ledger;
    struct judge_prediction p;
    struct trundle_error err = { 0 };
    const struct trundle_decision d[] = {
        { .id = 1, .kind = TRUNDLE_DECIDE_ASK, .t_ns = S_NS(9), .t_event_ns = S_NS(8), .event = 1 },
        { .id = 2, .kind = TRUNDLE_DECIDE_RESCAN, .t_ns = S_NS(10), .t_event_ns = S_NS(9), .event = 2 },
        { .id = 3, .kind = TRUNDLE_DECIDE_PHASE, .phase = TRUNDLE_PHASE_PAYING, .t_ns = S_NS(11) },
        { .id = 4, .kind = TRUNDLE_DECIDE_AUDIT, .t_ns = S_NS(12), .t_event_ns = S_NS(12), .phase = TRUNDLE_PHASE_PAYING },
        { .id = 5, .kind = TRUNDLE_DECIDE_PHASE, .phase = TRUNDLE_PHASE_PAID, .t_ns = S_NS(13) },
        { .id = 6, .kind = TRUNDLE_DECIDE_AUDIT, .t_ns = S_NS(14), .t_event_ns = S_NS(9), .event = 2, .phase = TRUNDLE_PHASE_PAID } };

    (void)state;
    support_ok(judge_ledger_new(&ledger, &err), &err);
    for (size_t i = 0; i < COUNT_OF(d); i++)
        support_ok(judge_ledger_add(ledger, &d[i], &err), &err);
    support_ok(judge_ledger_read(ledger, &p, &err), &err);
    assert_int_equal(p.flags_n, 2);
    assert_true(!p.flag[0].audit && p.flag[0].t_event_ns == S_NS(9) && p.flag[1].audit && p.flag[1].whole_trip);
    assert_true(p.asks == 2 && p.rescans == 1);
    judge_prediction_done(&p);
    judge_ledger_free(ledger);
}

static enum trundle_status add(struct judge_truth *truth, Trundle__V1__Truth *t, struct trundle_error *err)
{
    uint8_t bytes[512];
    size_t n = trundle__v1__truth__pack(t, bytes);

    return judge_truth_add(truth, bytes, n, err);
}

static void scenarios_and_faults_are_read(void **state)
{
    struct judge_truth truth = { .e_g = 5 };
    struct trundle_error err = { 0 };
    Trundle__V1__Truth t = TRUNDLE__V1__TRUTH__INIT;
    Trundle__V1__TruthScenario s = TRUNDLE__V1__TRUTH_SCENARIO__INIT;
    Trundle__V1__TruthFault f = TRUNDLE__V1__TRUTH_FAULT__INIT;
    char name[] = "no_scan", camera[] = "camera_dead", none[] = "";
    uint32_t events[] = { 3, 4 };

    (void)state;
    t.what_case = TRUNDLE__V1__TRUTH__WHAT_SCENARIO;
    t.scenario = &s;
    s.name = name;
    s.t1_ns = S_NS(4);
    s.events = events;
    s.n_events = 2;
    s.value_cents = 250;
    support_ok(add(&truth, &t, &err), &err);
    s.twin = 1;
    support_ok(add(&truth, &t, &err), &err);
    assert_int_equal(truth.scenarios_n, 2);
    assert_true(truth.scenario[0].event[1] == 4 && truth.scenario[0].value_cents == 250 && truth.scenario[1].twin);
    assert_string_equal(truth.slice[0], "shrink_no_scan");
    assert_string_equal(truth.slice[1], "twin_no_scan");
    s.value_cents = -1;
    assert_int_equal(add(&truth, &t, &err), TRUNDLE_BAD_INPUT);
    s.value_cents = 0;
    s.t0_ns = S_NS(5);
    assert_int_equal(add(&truth, &t, &err), TRUNDLE_BAD_INPUT);
    t.what_case = TRUNDLE__V1__TRUTH__WHAT_FAULT;
    t.fault = &f;
    f.name = camera;
    support_ok(add(&truth, &t, &err), &err);
    assert_string_equal(truth.slice[2], "fault_camera_dead");
    assert_int_equal(truth.trip_slices, 7);
    f.name = none;
    assert_int_equal(add(&truth, &t, &err), TRUNDLE_BAD_INPUT);
    for (int i = 0; i < JUDGE_SLICES_MAX - 3; i++) {       /* as many slices as there may be, each a bit of its own */
        char other[16];

        (void)snprintf(other, sizeof other, "f%d", i);
        f.name = other;
        support_ok(add(&truth, &t, &err), &err);
    }
    assert_true(truth.trip_slices == UINT64_MAX);
    f.name = name;
    assert_int_equal(add(&truth, &t, &err), TRUNDLE_TOO_LARGE);
    judge_truth_done(&truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_notices), cmocka_unit_test(prompts_and_audits_are_about_their_scenario), cmocka_unit_test(what_is_on_the_bill_is_no_loss),
        cmocka_unit_test(slices_of_scenarios_hold_whole_trips), cmocka_unit_test(audits_are_rationed), cmocka_unit_test(only_flags_before_payment_count),
        cmocka_unit_test(scenarios_and_faults_are_read) };

    return support_run(tests);
}
