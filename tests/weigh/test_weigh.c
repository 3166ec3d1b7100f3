/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* weigh on simulated traces: what it finds, what it must not find, how honest its sd is, what sick input does, and that these tests can fail. */
#include "tests/support/support.h"
#include "tests/support/trace.h"

#include "base/std/time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trace still(double seconds)
{
    return trace_new(&(struct trace_setup){ .seconds = seconds, .sd_g = 2, .load_g = 3000, .seed = support_seed() });
}

static struct trace rolling(double seconds, double roll_ms2)
{
    return trace_new(&(struct trace_setup){ .seconds = seconds, .sd_g = 2, .roll_ms2 = roll_ms2, .load_g = 3000, .seed = support_seed() });
}

/* Puts and takes of `least` to 2000 g, 2 to 4 s apart; what is taken was put. */
static void shop(struct trace *t, double least)
{
    struct rng r = rng_seed(t->setup.seed, "shop");
    double mass[TRACE_STEPS], at = 4;
    size_t have = 0;

    while (at < t->setup.seconds - 3 && t->steps < TRACE_STEPS) {
        if (have > 3 && rng_unit(&r) < 0.55) {
            trace_put(t, at, -mass[--have], rng_range(&r, 0.05, 0.55), rng_range(&r, 0.05, 0.85));
        } else {
            mass[have] = exp(rng_range(&r, log(least), log(2000)));
            trace_put(t, at, mass[have++], rng_range(&r, 0.05, 0.55), rng_range(&r, 0.05, 0.85));
        }
        at += rng_range(&r, 2, 4);
    }
}

static void finds_a_banana(void **state)
{
    struct trace t = still(6);
    struct trace_found *got;

    (void)state;
    trace_put(&t, 2, 182, 0.31, 0.12);
    got = trace_weigh(&t, NULL);
    assert_int_equal(got->n, 1);
    assert_near(got->e[0].mass_g, 182, 4 * got->e[0].mass_sd_g);
    assert_near(ns_s(got->e[0].t0_ns), 2.0, 0.15);
    assert_near(ns_s(got->e[0].t1_ns), 2.4, 0.15);
    assert_near(got->e[0].position_m[0], 0.31, 0.03);
    assert_near(got->e[0].position_m[1], 0.12, 0.03);
    assert_true(got->e[0].llr_put > 10 && got->e[0].llr_take < -10 && got->e[0].llr_put > got->e[0].llr_bump);
    assert_int_equal(got->e[0].products_n, 0);
    assert_true(got->e[0].refs[0].first_sequence < got->e[0].refs[0].last_sequence);
}

struct figures { struct trace_score score; double coverage, latency_median, latency_worst; };

static int ascending(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static struct figures measure(const char *name, const struct trace *t)
{
    struct trace_found *got = trace_weigh(t, NULL);
    int of[TRACE_STEPS];
    struct figures f = { .score = trace_match(t, got, 2, of) };
    double latency[TRACE_STEPS];
    size_t n = 0, within = 0;

    for (size_t i = 0; i < t->steps; i++) {
        const struct trundle_evidence *e = of[i] < 0 ? NULL : &got->e[of[i]];

        if (!e)
            continue;
        within += fabs(e->mass_g - t->step[i].mass_g) <= e->mass_sd_g;
        latency[n++] = ns_s(got->told_ns[of[i]]) - t->step[i].at_s - 0.3;
    }
    if (n) {
        qsort(latency, n, sizeof *latency, ascending);
        f.coverage = (double)within / (double)n;
        f.latency_median = latency[n / 2];
        f.latency_worst = latency[n - 1];
    }
    printf("# %s: n %zu, recall %.3f, precision %.3f, within one sd %.2f, median %.2f s and worst %.2f s after release (simulated)\n", name,
           t->steps, f.score.recall, f.score.precision, f.coverage, f.latency_median, f.latency_worst);
    return f;
}

static bool gate(const struct figures *f, double recall, double precision, double latency_s)
{
    return f->score.recall >= recall && f->score.precision >= precision && f->coverage > 0.55 && f->coverage < 0.92 && f->latency_median <= latency_s;
}

static void finds_shopping_on_a_standing_cart(void **state)
{
    struct trace t = still(600);
    struct figures f;

    (void)state;
    shop(&t, 20);
    f = measure("standing, 20-2000 g", &t);
    assert_true(gate(&f, 0.99, 0.99, 0.35));
}

static void finds_shopping_on_a_rolling_cart(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        /* at 1.5 m/s2 and 10 kg on the cells, 80 g is under 5 sd */
        const double roll[3] = { 0.3, 0.7, 1.5 }, least[3] = { 80, 80, 80 }, recall[3] = { 0.97, 0.97, 0.7 };
        struct trace t = rolling(600, roll[i]);
        struct figures f;
        char name[64];

        shop(&t, least[i]);
        (void)snprintf(name, sizeof name, "rolling at %.1f m/s2, %.0f-2000 g", roll[i], least[i]);
        f = measure(name, &t);
        assert_true(gate(&f, recall[i], 0.95, 1.0));
    }
}

/* The mutant: silence, and a detector that shouts, both fail the gate. */
static void silence_and_shouting_are_caught(void **state)
{
    struct trace t = still(60), empty;
    struct figures f = { 0 };
    static struct trace_found none;
    struct trace_found *got;

    (void)state;
    shop(&t, 20);
    f.coverage = 0.68;
    f.score = trace_match(&t, &none, 2, NULL);
    assert_true(f.score.recall <= 0);
    assert_false(gate(&f, 0.99, 0.99, 0.35));
    got = trace_weigh(&t, NULL);
    empty = t;
    empty.steps /= 2;                      /* half of what was told did not happen */
    f.score = trace_match(&empty, got, 2, NULL);
    assert_false(gate(&f, 0.99, 0.99, 0.35));
}

/* Kerbs, bumps, arms, bags, slopes and drift change the reading, not the basket. */
static void invents_nothing(void **state)
{
    static const struct { const char *name; double for_s, size; } causes[] = {
        [TRACE_BUMP] = { "bump", 0.15, 4000 }, [TRACE_LEAN] = { "lean", 1.5, 2500 }, [TRACE_KERB] = { "kerb", 0.6, 4 },
        [TRACE_SLOPE] = { "slope", 4, 0.07 }, [TRACE_BAG] = { "bag", 5, 800 },
    };
    size_t events = 0;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(causes); k++) {
        struct trace t = still(90);
        struct trace_found *got;

        for (int i = 0; i < 12; i++)
            trace_add(&t, (enum trace_kind)k, 4 + 7 * i, causes[k].for_s * (0.6 + 0.05 * i), causes[k].size * (0.4 + 0.06 * i));
        got = trace_weigh(&t, NULL);
        printf("# %s x 12, standing: %zu events, %llu bumps, %llu outside (simulated)\n", causes[k].name, got->n,
               (unsigned long long)got->weigh.counts.bumps, (unsigned long long)got->weigh.counts.outside);
        events += got->n;
    }
    assert_true(events <= 1);              /* of 60 */
}

static void drift_spikes_and_rolling_are_no_events(void **state)
{
    const struct trace_setup quiet[] = {
        { .seconds = 300, .sd_g = 2, .load_g = 3000, .drift_g_per_s = 0.1 }, { .seconds = 300, .sd_g = 2, .load_g = 3000, .spikes_per_s = 2 },
        { .seconds = 300, .sd_g = 2, .load_g = 3000, .roll_ms2 = 0.5 },      { .seconds = 300, .sd_g = 2, .load_g = 9000, .roll_ms2 = 1.5 },
        { .seconds = 300, .sd_g = 0.2, .load_g = 0 },                        { .seconds = 300, .sd_g = 20, .load_g = 3000 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(quiet); i++) {
        struct trace_setup setup = quiet[i];
        struct trace t;

        setup.seed = support_seed() + i;
        t = trace_new(&setup);
        assert_int_equal(trace_weigh(&t, NULL)->n, 0);
    }
}

/* Zero tracking must not hide an item that is lifted over two or three seconds. */
static void a_slow_take_is_told(void **state)
{
    struct trace t = still(100);
    struct trace_found *got;
    double sum = 0;

    (void)state;
    trace_put(&t, 3, 900, 0.3, 0.4);
    for (int i = 0; i < 10; i++)
        trace_slow(&t, 8 + 9 * i, 2 + 0.1 * i, -(30 + 10 * i), 0.3, 0.4);
    got = trace_weigh(&t, NULL);
    for (size_t i = 0; i < got->n; i++)
        sum += got->e[i].mass_g;
    assert_near(sum, 900 - 750, 20);
    assert_int_equal(trace_match(&t, got, 2, NULL).matched, 11);
    assert_int_equal(got->n, 11);
}

static void two_close_steps_stay_two(void **state)
{
    struct trace t = still(100);
    struct trace_score score;

    (void)state;
    for (int i = 0; i < 15; i++) {
        trace_put(&t, 4 + 6 * i, 150 + 20 * i, 0.3, 0.4);
        trace_put(&t, 4.8 + 6 * i, 300, 0.2, 0.7);
    }
    score = trace_match(&t, trace_weigh(&t, NULL), 2, NULL);
    assert_int_equal(score.matched, 30);
    assert_int_equal(score.found, 30);
}

static void sick_cells_are_noticed_and_bridged(void **state)
{
    const uint32_t fault[] = { TRUNDLE_FAULT_CELL_DEAD, TRUNDLE_FAULT_CELL_STUCK, TRUNDLE_FAULT_CELL_SATURATED };

    (void)state;
    for (int how = 0; how < 3; how++) {
        for (int soft = 0; soft < 2; soft++) {
            struct trace t = trace_new(&(struct trace_setup){ .seconds = 120, .sd_g = 2, .load_g = 3000, .soft = soft, .seed = support_seed() });
            struct trace_found *got;
            struct trace_score score;
            struct weigh_live live;

            t.dead_cell = 1;
            t.dead_s = 2;
            t.dead_how = (enum trace_dead)how;
            shop(&t, 100);
            got = trace_weigh(&t, NULL);
            score = trace_match(&t, got, 2, NULL);
            assert_true(score.recall >= 0.9);
            weigh_live(&got->weigh, &live);
            assert_true(live.faults & fault[how]);
            assert_true(got->n > 0 && got->e[got->n - 1].faults);
            for (size_t i = 0; i < got->n; i++)
                assert_true(isfinite((double)got->e[i].position_m[0]));
        }
    }
}

static void early_reports_are_kept_or_withdrawn(void **state)
{
    struct weigh_config config = WEIGH_CONFIG_DEFAULT;
    struct trace t = still(1);
    struct trundle_evidence e;
    static struct weigh w;
    int firsts = 0, finals = 0, withdrawn = 0;
    uint32_t id = 0;

    (void)state;
    config.first_after_ns = 150 * NS_PER_MS;
    support_ok(weigh_init(&w, &t.cells, &config, NULL), NULL);
    for (int k = 0; k < 800; k++) {
        struct trundle_message m = { .channel = TRUNDLE_CELL, .sensed_ns = k * NS_PER_S / 80, .sequence = (uint32_t)k + 1 };
        double mass = k < 200 ? 0 : k < 400 ? 500 : k < 440 ? 500 + 40 * (k % 7) : 500;    /* a put; then something that comes and goes */

        m.cell.n = 4;
        for (int i = 0; i < 4; i++)
            m.cell.raw[i] = (int32_t)lround(((k % 3) + mass / 4) / t.cells.cell[i].gain_g + t.cells.cell[i].offset);
        weigh_push(&w, &m);
        while (weigh_poll(&w, &e) == TRUNDLE_OK) {
            if (e.stage == TRUNDLE_STAGE_FIRST) {
                firsts++;
                id = e.id;
            } else {
                finals++;
                assert_true(firsts == 0 || id == e.id || e.id > id);
                withdrawn += e.llr_bump > e.llr_put && e.llr_bump > e.llr_take && fabs(e.mass_g) < 20;
            }
        }
    }
    assert_true(firsts >= 1 && firsts <= finals);
    assert_int_equal(withdrawn, 1);
}

static void hostile_messages_are_counted(void **state)
{
    static struct weigh w;
    struct trace t = still(1);
    const struct weigh_config config = WEIGH_CONFIG_DEFAULT;
    struct trundle_message m = { .channel = TRUNDLE_CELL, .cell = { .n = 4 } };
    struct trundle_evidence e;
    struct weigh_live live;

    (void)state;
    support_ok(weigh_init(&w, &t.cells, &config, NULL), NULL);
    for (int k = 0; k < 400; k++) {
        m.sensed_ns = k * NS_PER_S / 80;
        weigh_push(&w, &m);
    }
    assert_int_equal(weigh_poll(&w, &e), TRUNDLE_AGAIN);
    weigh_push(&w, &m);                                        /* the same time again */
    assert_int_equal(w.counts.late, 1);
    m.cell.n = 2;
    weigh_push(&w, &m);
    m.channel = TRUNDLE_TICK;
    weigh_push(&w, &m);
    m = (struct trundle_message){ .channel = TRUNDLE_IMU, .imu = { .accel_ms2 = { NAN, 0, 9.8f } } };
    weigh_push(&w, &m);
    assert_int_equal(w.counts.foreign, 3);
    m = (struct trundle_message){ .channel = TRUNDLE_CELL, .sensed_ns = 60 * NS_PER_S, .cell = { .n = 4 } };
    weigh_push(&w, &m);
    assert_int_equal(w.counts.jumps, 1);
    for (int k = 0; k < 300; k++) {                            /* the clock is set back for good: it goes on */
        m.sensed_ns = k * NS_PER_S / 80;
        weigh_push(&w, &m);
    }
    assert_int_equal(w.counts.jumps, 2);
    weigh_live(&w, &live);
    assert_true(live.steady && isfinite(live.mass_g));
    for (int k = 0; k < 300; k++) {                            /* all cells gone: no event, a fault, no steady mass to sell by */
        m.sensed_ns += NS_PER_S / 80;
        for (int i = 0; i < 4; i++)
            m.cell.raw[i] = TRUNDLE_CELL_NONE;
        weigh_push(&w, &m);
    }
    weigh_live(&w, &live);
    assert_true(live.faults & TRUNDLE_FAULT_CELL_DEAD);
    assert_int_equal(weigh_poll(&w, &e), TRUNDLE_AGAIN);
}

static void bad_set_ups_are_named(void **state)
{
    static struct weigh w;
    struct trace t = still(1);
    struct weigh_config config = WEIGH_CONFIG_DEFAULT;
    struct trundle_error err;
    struct cart_cells bad = t.cells;

    (void)state;
    bad.cell[2].gain_g = 0;
    assert_int_equal(weigh_init(&w, &bad, &config, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "cell 2"));
    bad = t.cells;
    bad.cell[3].x_m = bad.cell[1].x_m;
    bad.cell[3].y_m = bad.cell[1].y_m;
    assert_int_equal(weigh_init(&w, &bad, &config, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "coincide"));
    config.least_g = (double)NAN;
    assert_int_equal(weigh_init(&w, &t.cells, &config, &err), TRUNDLE_BAD_INPUT);
}

static void produce_is_sold_in_whole_intervals(void **state)
{
    (void)state;
    assert_int_equal(weigh_intervals(182, 0.8, 5, true, 0), 36);
    assert_int_equal(weigh_intervals(182.5, 0.8, 5, true, 0), 37);
    assert_int_equal(weigh_intervals(-182, 0.8, 5, true, 0), 36);
    assert_int_equal(weigh_intervals(182, 2, 5, true, 0), -1);          /* not sure enough */
    assert_int_equal(weigh_intervals(182, 0.8, 5, false, 0), -1);
    assert_int_equal(weigh_intervals(182, 0.8, 5, true, TRUNDLE_FAULT_CELL_DEAD), -1);
    assert_int_equal(weigh_intervals(90, 0.8, 5, true, 0), -1);         /* under the minimum capacity */
    assert_int_equal(weigh_intervals((double)NAN, 0.8, 5, true, 0), -1);
}

static void the_same_messages_give_the_same_bits(void **state)
{
    struct trace t = rolling(30, 0.5);
    struct trundle_evidence first[8];
    struct trace_found *got;
    size_t n;

    (void)state;
    shop(&t, 100);
    got = trace_weigh(&t, NULL);
    n = got->n < 8 ? got->n : 8;
    assert_true(n > 2);
    memcpy(first, got->e, n * sizeof *first);
    got = trace_weigh(&t, NULL);
    assert_memory_equal(first, got->e, n * sizeof *first);
}

/* A sense runs at 1000 times real time, with room: one hour of 80 Hz cells and accelerometer, rolling. */
static void it_is_a_thousand_times_faster_than_time(void **state)
{
    struct trace t = rolling(60, 0.5);
    int64_t begin;
    double cpu_s;

    (void)state;
    shop(&t, 100);
    begin = clock_cpu_ns();
    (void)trace_weigh(&t, NULL);           /* the simulation is in it too */
    cpu_s = ns_s(clock_cpu_ns() - begin);
    printf("# %.0f times real time, making the trace included\n", 60 / cpu_s);
#ifndef __SANITIZE_ADDRESS__
    assert_true(60 / cpu_s > 1000);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_banana),
        cmocka_unit_test(finds_shopping_on_a_standing_cart),
        cmocka_unit_test(finds_shopping_on_a_rolling_cart),
        cmocka_unit_test(silence_and_shouting_are_caught),
        cmocka_unit_test(invents_nothing),
        cmocka_unit_test(drift_spikes_and_rolling_are_no_events),
        cmocka_unit_test(a_slow_take_is_told),
        cmocka_unit_test(two_close_steps_stay_two),
        cmocka_unit_test(sick_cells_are_noticed_and_bridged),
        cmocka_unit_test(early_reports_are_kept_or_withdrawn),
        cmocka_unit_test(hostile_messages_are_counted),
        cmocka_unit_test(bad_set_ups_are_named),
        cmocka_unit_test(produce_is_sold_in_whole_intervals),
        cmocka_unit_test(the_same_messages_give_the_same_bits),
        cmocka_unit_test(it_is_a_thousand_times_faster_than_time),
    };
    return support_run(tests);
}
