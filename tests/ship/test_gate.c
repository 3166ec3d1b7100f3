/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* ship/gate: the known answers to the printed digits, false stops at most alpha, true harm found; and that these tests can fail. */
#include "tests/ship/fleet.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Input and output of a published implementation of the sequence (docs/rollouts.md says which figures). */
static void the_sequence_gives_the_known_answer(void **state)
{
    struct gate_mean a = gate_mean_of_sums(1396.87, 52377.9767, 3000), b = gate_mean_of_sums(2422.7, 134698.29, 3461);
    struct gate_lift l;

    (void)state;
    assert_true(gate_lift(&a, &b, .05, 1000, &l));
    assert_near(l.lift, .50336, 5e-6);
    assert_near(l.lo, -.55844, 5e-6);
    assert_near(l.hi, 1.56516, 5e-6);
    assert_true(gate_lift(&a, &b, .05, 5000, &l));
    assert_true(fabs(l.lo + .55844) > 1e-3);                  /* another N* is another answer: the comparison can fail */
}

static void the_sample_ratio_gives_the_known_answer(void **state)
{
    struct gate_ratio r = gate_ratio(821588, 815482, .5);

    (void)state;
    assert_near(r.chi2, 22.774, 5e-4);
    assert_near(r.p * 1e6, 1.82, 5e-3);
    assert_true(gate_ratio(500, 500, .5).p == 1.0);
    assert_true(isnan(gate_ratio(0, 0, .5).p) && isnan(gate_ratio(1, 1, 0).p));
}

/* 2 x 2 table 10 of 25 against 75 of 75: chi2 = 100 (15 * 75)^2 / (25 * 75 * 85 * 15) = 52.94. */
static void silent_carts_are_seen(void **state)
{
    (void)state;
    assert_near(gate_silence(10, 25, 75, 75).chi2, 52.941, 1e-3);
    assert_true(gate_silence(10, 25, 75, 75).p < 1e-10);
    assert_true(isnan(gate_silence(25, 25, 75, 75).p));
    assert_true(gate_silence(24, 25, 74, 75).p > .1);
}

/* One of one: the integral of p from .005 to 1, over .995 and .005, is 100.5. */
static void shares_have_their_e_value(void **state)
{
    (void)state;
    assert_near(gate_share_e(1, 1, .005), 100.5, .01);
    assert_near(gate_share_e(0, 1, .005), .5 * .995 / .995, 1e-6);
    assert_true(gate_share_e(2, 2, .005) > 1e4);
    assert_true(gate_share_e(0, 50, .005) < 1);
    assert_true(gate_share_e(3, 1000, .005) < 1);
    assert_true(gate_share_e(30, 1000, .005) > 1e3);
    assert_true(gate_share_e(0, 0, .005) == 1.0 && gate_share_e(3, 2, .005) == 1.0);
}

static void what_cannot_be_said_is_not_said(void **state)
{
    struct gate_mean none = { 0, 0, 10 }, some = { 1, .1, 10 };
    struct gate_lift l = { 7, 7, 7, 7 };
    struct gate_config config = GATE_CONFIG_DEFAULT;
    struct gate_input in = { .units_n = 0 };
    struct gate_verdicts v;

    (void)state;
    assert_false(gate_lift(&none, &some, .05, 1000, &l));
    assert_false(gate_lift(&some, &some, 0, 1000, &l));
    assert_false(gate_lift(&some, &some, .05, 0, &l));
    assert_true(l.lift == 7.0);
    gate_judge(&config, &in, &v);
    assert_int_equal(v.verdict, GATE_NOT_ENOUGH);
}

/* Twenty units a side with the same rates; `worse` times as many corrections on the new one. */
static struct gate_verdicts judged(double worse, int trips, double prior)
{
    static struct gate_unit unit[40];
    struct gate_config config = GATE_CONFIG_DEFAULT;
    struct gate_input in = { .unit = unit, .units_n = 40, .assigned_new = 20, .assigned_old = 20, .reporting_new = 20, .reporting_old = 20, .installed = 20 };
    struct gate_verdicts v;

    memset(unit, 0, sizeof unit);
    for (int i = 0; i < 40; i++) {
        unit[i].is_new = i >= 20;
        for (int m = 0; m < GATE_METRICS; m++)
            unit[i].prior[m] = prior;
        for (int k = 0; k < trips; k++)
            gate_add_trip(&unit[i], &(struct gate_trip){ 10, (k % 4) * (i >= 20 ? worse : 1), k % 3, 100 + k % 7, k % 50 == 0 });
    }
    gate_judge(&config, &in, &v);
    return v;
}

static void verdicts_are_three(void **state)
{
    struct gate_verdicts v = judged(1, 200, 0);

    (void)state;
    assert_int_equal(v.verdict, GATE_GO_ON);
    assert_near(v.metric[GATE_CORRECTIONS].new_rate, 15, 1e-9);
    assert_near(v.metric[GATE_CORRECTIONS].lift.lift, 0, 1e-9);
    v = judged(2, 200, 0);
    assert_int_equal(v.verdict, GATE_STOP);
    assert_true(v.metric[GATE_CORRECTIONS].lift.lo > 0 && v.metric[GATE_QUESTIONS].verdict == GATE_GO_ON);
    v = judged(1.2, 20, 0);
    assert_int_equal(v.verdict, GATE_NOT_ENOUGH);
    v = judged(1, 1, 0);
    assert_string_equal(v.metric[0].why, "too few trips");
}

/* Expected rates that are the same for all change nothing. */
static void equal_priors_change_nothing(void **state)
{
    struct gate_verdicts a = judged(1.3, 100, 0), b = judged(1.3, 100, 1);

    (void)state;
    for (int m = 0; m < GATE_METRICS; m++) {
        assert_near(a.metric[m].lift.lo, b.metric[m].lift.lo, 1e-9);
        assert_near(a.metric[m].lift.hi, b.metric[m].lift.hi, 1e-9);
    }
}

static void priors_draw_towards_the_mean(void **state)
{
    struct gate_unit before[3];
    double prior[3][GATE_METRICS];

    (void)state;
    memset(before, 0, sizeof before);
    for (int k = 0; k < 1000; k++) {
        gate_add_trip(&before[0], &(struct gate_trip){ 10, k % 2, 0, 100, 0 });
        gate_add_trip(&before[1], &(struct gate_trip){ 10, k % 4, 0, 100, 0 });
    }
    gate_priors(before, 3, prior);
    assert_true(prior[0][GATE_CORRECTIONS] > .05 && prior[0][GATE_CORRECTIONS] < .06);
    assert_true(prior[1][GATE_CORRECTIONS] < .15 && prior[1][GATE_CORRECTIONS] > .14);
    assert_near(prior[2][GATE_CORRECTIONS], .1, 1e-9);        /* nothing is known of it: what all do */
    assert_true(prior[0][GATE_QUESTIONS] == 0.0);
}

static void missing_carts_hold_a_rollout(void **state)
{
    static struct gate_unit unit[2];
    struct gate_config config = GATE_CONFIG_DEFAULT;
    struct gate_input in = { .unit = unit, .units_n = 2, .assigned_new = 25, .assigned_old = 75, .reporting_new = 10, .reporting_old = 75 };
    struct gate_verdicts v;

    (void)state;
    gate_judge(&config, &in, &v);
    assert_int_equal(v.verdict, GATE_NOT_ENOUGH);
    assert_non_null(strstr(v.why, "do not"));
    in.installed = 2;
    in.rolled_back = 2;
    gate_judge(&config, &in, &v);
    assert_int_equal(v.verdict, GATE_STOP);
    assert_non_null(strstr(v.why, "left the bundle"));
}

/* Fewer rollouts than ./dev bench rollout, the same claim: the share of false stops is not above alpha. */
static void false_stops_stay_under_alpha(void **state)
{
    struct fleet_plan p = FLEET_PLAN_DEFAULT;
    struct fleet_result r;
    double lo, hi;

    (void)state;
    p.rollouts = 150;
    p.carts = 30;
    p.seed = support_seed();
    r = fleet_rollouts(&p);
    fleet_interval(r.stopped, r.rollouts, .95, &lo, &hi);
    print_message("# %d of %d stopped (%.4f to %.4f), %d done, %d open\n", r.stopped, r.rollouts, lo, hi, r.done, r.open);
    assert_true(lo <= .05);
    assert_true(r.done > 0);
}

/* The mutant: a gate that never stops passes the test above, so it must fail here. */
static void true_harm_is_stopped(void **state)
{
    struct fleet_plan p = FLEET_PLAN_DEFAULT;
    struct fleet_result r;

    (void)state;
    p.rollouts = 60;
    p.seed = support_seed();
    p.harm[GATE_CORRECTIONS] = 1.5;
    r = fleet_rollouts(&p);
    print_message("# corrections times 2.5: %d of %d stopped, %d done\n", r.stopped, r.rollouts, r.done);
    assert_true(r.stopped >= 45 && r.done == 0);
    p.harm[GATE_CORRECTIONS] = 0;
    p.leave = .5;
    r = fleet_rollouts(&p);
    print_message("# half of the carts leave it: %d of %d stopped, %d done\n", r.stopped, r.rollouts, r.done);
    assert_true(r.stopped >= 50);
}

static void intervals_are_exact(void **state)
{
    double lo, hi;

    (void)state;
    fleet_interval(0, 100, .95, &lo, &hi);
    assert_true(lo == 0.0);
    assert_near(hi, .036217, 1e-5);
    fleet_interval(8, 100, .95, &lo, &hi);
    assert_near(lo, .035172, 1e-5);
    assert_near(hi, .151558, 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_gives_the_known_answer), cmocka_unit_test(the_sample_ratio_gives_the_known_answer),
        cmocka_unit_test(silent_carts_are_seen),               cmocka_unit_test(shares_have_their_e_value),
        cmocka_unit_test(what_cannot_be_said_is_not_said),     cmocka_unit_test(verdicts_are_three),
        cmocka_unit_test(equal_priors_change_nothing),         cmocka_unit_test(priors_draw_towards_the_mean),
        cmocka_unit_test(missing_carts_hold_a_rollout),        cmocka_unit_test(false_stops_stay_under_alpha),
        cmocka_unit_test(true_harm_is_stopped),                cmocka_unit_test(intervals_are_exact),
    };

    return support_run(tests);
}
