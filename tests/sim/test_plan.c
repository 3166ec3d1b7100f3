/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* v1's shopper: the mixture and its floors, truth that is what is physically inside, shrink and its twins. */
#include "lab/sim/make.h"
#include "lab/sim/plan.h"
#include "lab/sim/signal.h"
#include "tests/sim/trip_check.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_suite *load(const char *file)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;

    support_ok(sim_suite_load(support_source(file), &suite, &err), &err);
    return suite;
}

struct each { struct sim_suite *suite; struct sim_store *store; };

/* The plan of a seed; stores are made when they change. */
static struct plan *plan_of(struct each *e, int64_t seed)
{
    struct trundle_error err = { 0 };
    struct plan *plan = NULL;

    if (!e->store || e->store->id != sim_store_of(seed)) {
        sim_store_free(e->store);
        e->store = NULL;
        support_ok(sim_store_new(e->suite, sim_store_of(seed), &e->store, &err), &err);
    }
    support_ok(plan_new(e->store, seed, &plan, &err), &err);
    return plan;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void the_mixture_has_its_floors(void **state)
{
    enum { TRIPS = 300 };
    struct each e = { .suite = load("suites/v1.json") };
    static double puts[TRIPS], seconds[TRIPS];
    double items = 0, unscanned = 0, siblings = 0, produce = 0, light = 0, events = 0, slice[PLAN_SLICES] = { 0 }, together = 0, kind[4] = { 0 }, strays = 0;
    size_t most_items = 0, most_events = 0, most_loads = 0, most_marks = 0, most_forces = 0;

    (void)state;
    for (int seed = 0; seed < TRIPS; seed++) {
        struct plan *plan = plan_of(&e, seed);

        for (size_t i = 0; i < plan->events_n; i++) {
            const struct plan_event *event = &plan->event[i];
            const struct plan_item *item = &plan->item[event->item];

            for (int k = 0; k < PLAN_SLICES; k++)
                slice[k] += (event->slices >> k) & 1;
            together += (event->slices & (PLAN_DOUBLE | PLAN_OVERLAPPING)) != 0;
            kind[event->kind & 3]++;
            if (event->kind != TRUNDLE_EVENT_PUT)
                continue;
            puts[seed]++;
            items++;
            unscanned += !item->scanned;
            siblings += !item->scanned && event->slices & PLAN_SIBLING;
            produce += (event->slices & PLAN_PRODUCE) != 0;
            light += (event->slices & PLAN_LIGHT) != 0;
        }
        events += (double)plan->events_n;
        seconds[seed] = plan->end_s;
        strays += (double)plan->strays_n;
        most_items = plan->items_n > most_items ? plan->items_n : most_items;
        most_events = plan->events_n > most_events ? plan->events_n : most_events;
        most_loads = plan->loads_n > most_loads ? plan->loads_n : most_loads;
        most_marks = plan->marks_n > most_marks ? plan->marks_n : most_marks;
        most_forces = plan->forces_n > most_forces ? plan->forces_n : most_forces;
        plan_free(plan);
    }
    qsort(puts, TRIPS, sizeof *puts, by_value);
    qsort(seconds, TRIPS, sizeof *seconds, by_value);
    print_message("# puts a trip: 10 %% %.0f, median %.0f, 90 %% %.0f; seconds: %.0f, %.0f, %.0f\n", puts[TRIPS / 10], puts[TRIPS / 2], puts[TRIPS * 9 / 10],
                  seconds[TRIPS / 10], seconds[TRIPS / 2], seconds[TRIPS * 9 / 10]);
    print_message("# of %.0f items: unscanned %.3f, of those siblings %.3f, produce %.3f, under 50 g %.3f\n", items, unscanned / items, siblings / unscanned,
                  produce / items, light / items);
    for (int k = 0; k < PLAN_SLICES; k++)
        print_message("# of %.0f events: %s %.3f\n", events, plan_slice_name[k], slice[k] / events);
    print_message("# double or overlapping %.3f; takes %.3f, moves %.3f; %.0f strays\n", together / events, kind[TRUNDLE_EVENT_TAKE] / events,
                  kind[TRUNDLE_EVENT_MOVE] / events, strays);
    print_message("# at most %zu items, %zu events, %zu loads, %zu marks, %zu forces\n", most_items, most_events, most_loads, most_marks, most_forces);
    assert_true(puts[TRIPS / 2] >= 11 && puts[TRIPS / 2] <= 13);
    assert_true(puts[TRIPS / 10] >= 3 && puts[TRIPS / 10] <= 5 && puts[TRIPS * 9 / 10] >= 23 && puts[TRIPS * 9 / 10] <= 28);
    assert_true(seconds[TRIPS / 2] > 75 && seconds[TRIPS / 2] < 105);
    assert_true(unscanned / items >= .3 && unscanned / items < .45);
    assert_true(siblings / unscanned >= .25);
    assert_true(slice[0] / events >= .4);
    assert_true(together / events >= .1);
    assert_true(light / items >= .15);
    assert_true(produce / items >= .15);
    assert_true(most_items < PLAN_ITEMS && most_events < PLAN_EVENTS && most_loads < PLAN_LOADS && most_marks < PLAN_MARKS);
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

/* Seconds from letting go to the first quiet fifth of a second of the scale. */
static void things_come_to_rest_soon(void **state)
{
    struct each e = { .suite = load("suites/v1.json") };
    static double waits[4000];
    struct trundle_error err = { 0 };
    size_t n = 0;

    (void)state;
    for (int seed = 0; seed < 60; seed++) {
        struct plan *plan = plan_of(&e, seed);
        struct signal signal;

        support_ok(signal_make(plan, &signal, &err), &err);
        for (size_t i = 0; i < plan->events_n && n < COUNT_OF(waits); i++)
            if (plan->event[i].kind == TRUNDLE_EVENT_PUT && !(plan->event[i].slices & (PLAN_DOUBLE | PLAN_OVERLAPPING)))
                waits[n++] = signal.t_settle[i] - plan->event[i].t_release;
        signal_done(&signal);
        plan_free(plan);
    }
    qsort(waits, n, sizeof *waits, by_value);
    print_message("# %zu puts settle in %.2f s (10 %%), %.2f s (median), %.2f s (90 %%), %.2f s (99 %%), %.2f s at most\n", n, waits[n / 10], waits[n / 2],
                  waits[n * 9 / 10], waits[n * 99 / 100], waits[n - 1]);
    assert_true(waits[0] >= 0 && waits[n / 2] > .03 && waits[n / 2] < .6 && waits[n * 9 / 10] < 1.2);
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

/* Trips as files agree with themselves: what is put and not taken is inside, and the scale reads it. */
static void truth_agrees_with_the_samples(void **state)
{
    struct sim_suite *suite = load("suites/v1.json");
    struct trundle_error err = { 0 };
    char path[512];
    unsigned events = 0;

    (void)state;
    for (int64_t seed = 40; seed < 60; seed++) {
        struct sim_trip_report report;
        struct trip_check check;

        (void)snprintf(path, sizeof path, "%s/%d.mcap", support_scratch(), (int)seed);
        support_ok(sim_trip_make(suite, seed, path, &(struct sim_options){ .jobs = 1 }, &report, &err), &err);
        support_ok(trip_check(path, MUTANT_NONE, &check, &err), &err);
        if (check.problems)
            fail_msg("seed %d: %u problems, first: %s", (int)seed, check.problems, check.first);
        assert_int_equal(check.events, report.puts + report.takes + report.moves);
        events += check.events;
    }
    print_message("# %u events agree\n", events);
    sim_suite_free(suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mixture_has_its_floors),
        cmocka_unit_test(things_come_to_rest_soon),
        cmocka_unit_test(truth_agrees_with_the_samples),
    };

    return support_run(tests);
}
