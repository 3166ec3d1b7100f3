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

static void check_plan(const struct each *e, const struct plan *plan)
{
    const double *size = e->store->cart.basket.size_m;
    bool inside[PLAN_ITEMS] = { false };
    double g = 0;

    for (size_t i = 0; i < plan->events_n; i++) {
        const struct plan_event *event = &plan->event[i];

        assert_true(inside[event->item] == (event->kind != TRUNDLE_EVENT_PUT));
        inside[event->item] = event->kind != TRUNDLE_EVENT_TAKE;
        assert_true(event->t_start < event->t_end && event->t_end < plan->end_s);
        if (event->kind != TRUNDLE_EVENT_TAKE)
            assert_true(event->t_release > event->t_start && event->t_load >= event->t_release && event->at[2] > 0);
    }
    for (size_t i = 0; i < plan->items_n; i++) {
        const struct plan_item *item = &plan->item[i];
        struct sim_pose pose;

        assert_true(inside[i] == item->inside && plan_pose_at(&item->track, plan->end_s, &pose, NULL) == item->inside);
        g += item->inside ? item->mass_g : 0;
        for (size_t k = 1; k < item->track.n; k++)
            assert_true(item->track.key[k].t >= item->track.key[k - 1].t);
        for (int k = 0; k < 3 && item->inside; k++)
            assert_true(pose.t[k] > 0 && (k == 2 || (double)pose.t[k] < size[k]));
    }
    for (int h = 0; h < PLAN_HANDS; h++)
        for (size_t k = 1; k < plan->hand[h].track.n; k++)
            assert_true(plan->hand[h].track.key[k].t >= plan->hand[h].track.key[k - 1].t);
    assert_near(plan_static_g(plan, plan->end_s), g, 1e-6);
}

/* Whatever a suite says within its bounds about shoppers, bodies, shrink and carts, a plan holds together, or is refused with a reason. */
static void any_suite_gives_a_plan_that_holds(void **state)
{
    static const char *const sections[] = { "shopper", "bodies", "shrink", "cart", "motion" };
    unsigned refused = 0;

    (void)state;
    for (int n = 0; n < 8; n++) {
        struct each e = { .suite = load("suites/v1.json") };
        struct rng r = rng_seed((uint64_t)n, "any suite");
        struct trundle_error err = { 0 };
        struct plan *plan = NULL;
        enum trundle_status status;

        for (size_t i = 0; i < suite_fields_n; i++) {
            const struct suite_field *f = &suite_fields[i];
            void *at = (char *)e.suite + f->offset;
            bool chosen = false;
            double lo = rng_range(&r, f->lo, f->hi), hi = rng_range(&r, lo, f->hi), change = rng_unit(&r);

            for (size_t k = 0; k < COUNT_OF(sections); k++)
                chosen = chosen || !strcmp(f->section, sections[k]);
            if (!chosen || change > .4 || (f->kind != SUITE_NUMBER && f->kind != SUITE_WHOLE && f->kind != SUITE_RANGE))
                continue;
            if (f->kind == SUITE_RANGE)
                *(struct suite_range *)at = (struct suite_range){ lo, hi };
            else
                *(double *)at = f->kind == SUITE_WHOLE ? round(lo) : lo;
        }
        support_ok(sim_store_new(e.suite, n, &e.store, &err), &err);
        status = plan_new(e.store, 5 * n, &plan, &err);
        if (status == TRUNDLE_OK) {
            check_plan(&e, plan);
        } else {
            assert_int_equal(status, TRUNDLE_TOO_LARGE);
            refused++;
        }
        plan_free(plan);
        sim_store_free(e.store);
        sim_suite_free(e.suite);
    }
    print_message("# %u of 8 refused as too much\n", refused);
    assert_true(refused < 4);
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

/* What truth calls inside is in the basket at the end, and nothing else; what is hidden is where its carrier is. */
static void what_is_inside_is_inside(void **state)
{
    struct each e = { .suite = load("suites/v1.json") };
    unsigned hidden = 0;

    (void)state;
    e.suite->shrink.hidden = 6;
    for (int seed = 0; seed < 110; seed++) {
        struct plan *plan = plan_of(&e, seed);
        const double *size = e.store->cart.basket.size_m;

        check_plan(&e, plan);
        for (size_t i = 0; i < plan->events_n; i++) {
            const struct plan_event *event = &plan->event[i];

            if (event->kind == TRUNDLE_EVENT_PUT)
                assert_true(event->t_cross > event->t_start && event->t_cross <= event->t_release + .01 && event->at[2] < size[2] + .05);
            else
                assert_true(event->t_lift > event->t_start && event->t_lift < event->t_end);
        }
        for (size_t i = 0; i < plan->items_n; i++) {
            const struct plan_item *item = &plan->item[i];
            struct sim_pose pose, carrier;

            if (!item->inside)
                continue;
            assert_true(plan_pose_at(&item->track, plan->end_s, &pose, NULL) && (double)pose.t[2] < size[2] + .1);
            if (item->inside_of) {
                assert_true(plan_pose_at(&plan->item[item->inside_of - 1].track, plan->end_s, &carrier, NULL));
                assert_memory_equal(&carrier, &pose, sizeof pose);
                hidden++;
            }
        }
        assert_int_equal(plan->strays_n, 0);
        plan_free(plan);
    }
    assert_true(hidden > 0);
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

/* Hand-overs come and go in pairs, and while nothing moves all weight is in load[]. */
static void forces_and_loads_are_the_same_weight(void **state)
{
    struct each e = { .suite = load("suites/v1.json") };

    (void)state;
    for (int seed = 0; seed < 20; seed++) {
        struct plan *plan = plan_of(&e, seed);
        double moved = 0;
        size_t bursts = 0;

        for (size_t i = 0; i < plan->loads_n; i++)
            moved += plan->load[i].moved ? plan->load[i].g : 0;
        assert_near(moved, 0, 1e-6);
        for (size_t i = 0; i < plan->forces_n; i++) {
            const struct plan_force *f = &plan->force[i];

            assert_true(i == 0 || f->t >= f[-1].t);
            assert_true(f->x_m >= 0 && f->x_m <= e.store->cart.basket.size_m[0] && f->y_m >= 0 && f->y_m <= e.store->cart.basket.size_m[1]);
            bursts += f->g == 0;
        }
        assert_true(plan->forces_n > 0 && plan->force[plan->forces_n - 1].g == 0 && bursts > 2);
        plan_free(plan);
    }
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

/* Nothing that lies over it: what is taken is at the top. */
static void what_is_taken_lies_free(void **state)
{
    struct each e = { .suite = load("suites/v1.json") };
    size_t taken = 0, under = 0;

    (void)state;
    for (int seed = 0; seed < 80; seed++) {
        struct plan *plan = plan_of(&e, seed);

        for (size_t i = 0; i < plan->events_n; i++) {
            const struct plan_event *event = &plan->event[i];
            struct sim_pose pose, other;

            if (event->kind != TRUNDLE_EVENT_TAKE || !plan_pose_at(&plan->item[event->item].track, event->t_lift, &pose, NULL))
                continue;
            taken++;
            for (size_t k = 0; k < plan->items_n; k++) {
                bool resting = false;

                if (k == event->item || !plan_pose_at(&plan->item[k].track, event->t_lift - .01, &other, &resting) || !resting)
                    continue;
                if (hypot((double)(other.t[0] - pose.t[0]), (double)(other.t[1] - pose.t[1])) < .03 && other.t[2] > pose.t[2] + .02F) {
                    under++;
                    break;
                }
            }
        }
        plan_free(plan);
    }
    print_message("# %zu taken, %zu of them from under something\n", taken, under);
    assert_true(taken > 60 && under * 50 <= taken);
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

static void each_scenario_occurs_and_its_twin_owes_nothing(void **state)
{
    struct each e = { .suite = load("suites/v1.json") };
    unsigned played[PLAN_SHRINKS][2] = { { 0 } }, asked = 0, put_unpaid = 0;
    int64_t value[PLAN_SHRINKS] = { 0 };

    (void)state;
    e.suite->shrink.share = 1;
    for (int seed = 0; seed < 240; seed++) {
        struct plan *plan = plan_of(&e, seed);

        asked++;
        assert_true(plan->scenarios_n <= 1);
        for (size_t i = 0; i < plan->scenarios_n; i++) {
            const struct plan_scenario *s = &plan->scenario[i];
            size_t of_it = 0;

            played[s->name][s->twin]++;
            value[s->name] += s->value_cents;
            assert_true(s->events_n > 0 && s->items_n > 0 && s->t0 < s->t1 && s->t1 <= plan->end_s);
            assert_true(!s->twin || s->value_cents == 0);
            assert_true(s->value_cents >= 0);
            assert_true(s->twin || s->value_cents > 0);
            for (size_t k = 0; k < s->events_n; k++) {
                const struct plan_event *event = &plan->event[s->event[k]];

                assert_true(event->scenario == i + 1 && event->kind == TRUNDLE_EVENT_PUT);
                assert_true(event->t_start >= s->t0 - .5 && event->t_end <= s->t1 + .1);
            }
            for (size_t k = 0; k < s->items_n; k++) {
                const struct plan_item *item = &plan->item[s->item[k]];

                assert_true(item->inside);
                put_unpaid += !s->twin && !item->scanned;
                if (s->twin && s->name != PLAN_CART_SWAP && s->name != PLAN_LEAN_ON_SCALE)
                    assert_true(item->scanned);
            }
            for (size_t k = 0; k < plan->events_n; k++)
                of_it += plan->event[k].scenario == i + 1;
            assert_true(of_it >= s->events_n);
        }
        plan_free(plan);
    }
    for (int i = 0; i < PLAN_SHRINKS; i++) {
        print_message("# %s: %u, %.2f each; twins: %u\n", plan_shrink_name[i], played[i][0], (double)value[i] / fmax(1, played[i][0]) / 100, played[i][1]);
        assert_true(played[i][0] >= 3 && played[i][1] >= 3 && value[i] > 0);
    }
    print_message("# %u trips, %u things unpaid\n", asked, put_unpaid);
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

/* Another shopper, other contacts: the same promises. */
static void a_sweep_over_soft_things(void **state)
{
    struct each e = { .suite = load("suites/v1.json") };
    double seconds = 0, events = 0, rolling = 0, gap[2] = { 0 };

    (void)state;
    for (int policy = 0; policy < 2; policy++) {
        double gaps = 0;

        e.suite->shopper.policy = policy ? SUITE_SWEEP : SUITE_HABITS;
        e.suite->bodies.model = policy ? SUITE_SOFT : SUITE_RIGID;
        for (int seed = 0; seed < 30; seed++) {
            struct plan *plan = plan_of(&e, seed);
            double g = 0;

            for (size_t i = 0; i < plan->items_n; i++)
                g += plan->item[i].inside ? plan->item[i].mass_g : 0;
            assert_near(plan_static_g(plan, plan->end_s), g, 1e-6);
            assert_int_equal(plan->strays_n, 0);
            for (size_t i = 1; i < plan->events_n; i++) {
                gap[policy] += fabs(plan->event[i].t_start - plan->event[i - 1].t_start) < 4;
                gaps++;
            }
            for (size_t i = 0; i < plan->events_n && policy; i++)
                rolling += plan->event[i].slices & PLAN_ROLLING;
            seconds += policy ? plan->end_s : 0;
            events += policy ? (double)plan->events_n : 0;
            plan_free(plan);
        }
        gap[policy] /= gaps;
    }
    print_message("# a sweep: %.0f s a trip, %.3f of events rolling; events within 4 s of the one before: %.3f, with habits %.3f\n", seconds / 30,
                  rolling / events, gap[1], gap[0]);
    assert_true(gap[1] > gap[0] + .1 && rolling / events > .3);
    sim_store_free(e.store);
    sim_suite_free(e.suite);
}

/* A trip is a function of suite and seed: at any number of workers. */
static void same_bytes_at_any_jobs(void **state)
{
    struct sim_suite *suite = load("suites/v1.json");
    struct trundle_error err = { 0 };
    char one[512], three[512], *differences = NULL;

    (void)state;
    (void)snprintf(one, sizeof one, "%s/one", support_scratch());
    (void)snprintf(three, sizeof three, "%s/three", support_scratch());
    support_ok(sim_trips_make(suite, 13, 7, one, &(struct sim_options){ .jobs = 1 }, &err), &err);
    support_ok(sim_trips_make(suite, 13, 7, three, &(struct sim_options){ .jobs = 3 }, &err), &err);
    assert_int_equal(support_shell(&differences, "diff -rq '%s' '%s'", one, three), 0);
    assert_string_equal(differences, "");
    free(differences);
    assert_int_equal(sim_trips_make(suite, 13, 2, three, &(struct sim_options){ .jobs = 2 }, &err), TRUNDLE_CONFLICT);
    sim_suite_free(suite);
}

/* One change to a suite changes that and no more: slower hands carry the same things. */
static void a_variant_is_paired_with_what_it_varies(void **state)
{
    struct each a = { .suite = load("suites/v1.json") }, b = { .suite = load("suites/v1.json") };
    size_t other = 0;

    (void)state;
    b.suite->shopper.lower_s.lo *= 1.5;
    b.suite->shopper.lower_s.hi *= 1.5;
    b.suite->bodies.friction *= .8;
    for (int seed = 5; seed < 25; seed++) {
        struct plan *x = plan_of(&a, seed), *y = plan_of(&b, seed);
        uint64_t sum[2] = { 0 };
        size_t n[2] = { 0 };

        for (int k = 0; k < 2; k++) {
            const struct plan *plan = k ? y : x;

            for (size_t i = 0; i < plan->items_n && n[k] < 4; i++) {
                sum[k] = sum[k] * 31 + plan->item[i].product;
                n[k]++;
            }
        }
        assert_true(y->end_s != x->end_s);
        other += sum[0] != sum[1];
        plan_free(x);
        plan_free(y);
    }
    print_message("# %zu of 20 begin with other things\n", other);
    assert_true(other <= 3);               /* a change of mind draws a thing of its own where it comes */
    sim_store_free(a.store);
    sim_store_free(b.store);
    sim_suite_free(a.suite);
    sim_suite_free(b.suite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mixture_has_its_floors),
        cmocka_unit_test(things_come_to_rest_soon),
        cmocka_unit_test(truth_agrees_with_the_samples),
        cmocka_unit_test(what_is_inside_is_inside),
        cmocka_unit_test(forces_and_loads_are_the_same_weight),
        cmocka_unit_test(what_is_taken_lies_free),
        cmocka_unit_test(each_scenario_occurs_and_its_twin_owes_nothing),
        cmocka_unit_test(a_sweep_over_soft_things),
        cmocka_unit_test(any_suite_gives_a_plan_that_holds),
        cmocka_unit_test(same_bytes_at_any_jobs),
        cmocka_unit_test(a_variant_is_paired_with_what_it_varies),
    };

    return support_run(tests);
}
