/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Bodies: they fall as bodies do, stay inside, come to rest, press what they weigh, and do the same twice. */
#include "base/std/rng.h"
#include "lab/sim/body.h"
#include "tests/support/support.h"

#include <math.h>
#include <string.h>

static const struct body_world world = { .size_m = { .52, .74, .43 }, .friction = .45, .bounce = .12, .rolling_m = .001, .hz = 240 };
static const double still[3] = { 0, 0, 0 };

struct heard { unsigned moves, wakes, sleeps, quiets; double newtons, x, last_t, impulse; };

static void on_moved(void *user, double t, int id, const struct body_pose *pose)
{
    struct heard *h = user;

    (void)id;
    (void)pose;
    assert_true(t >= h->last_t - 1e-9);
    h->last_t = t;
    h->moves++;
}

static void on_woke(void *user, double t, int id, const struct body_pose *pose)
{
    (void)t;
    (void)id;
    (void)pose;
    ((struct heard *)user)->wakes++;
}

static void on_slept(void *user, double t, int id, const struct body_pose *pose)
{
    (void)t;
    (void)id;
    (void)pose;
    ((struct heard *)user)->sleeps++;
}

static void on_pressed(void *user, double t, double x, double y, double n)
{
    struct heard *h = user;

    (void)t;
    (void)y;
    h->newtons = n;
    h->x = x;
    h->impulse += n / world.hz;
}

static void on_quiet(void *user, double t)
{
    (void)t;
    ((struct heard *)user)->quiets++;
}

static struct bodies *start(struct heard *h, bool soft)
{
    const struct body_hooks hooks = { h, on_moved, on_woke, on_slept, on_pressed, on_quiet, NULL };
    struct body_world w = world;
    struct trundle_error err = { 0 };
    struct bodies *b = NULL;

    memset(h, 0, sizeof *h);
    w.soft = soft;
    support_ok(bodies_new(&w, &hooks, &b, &err), &err);
    return b;
}

static struct body_pose at(double x, double y, double z, double pitch)
{
    struct body_pose pose = { .p = { x, y, z } };

    body_turn(.3, pitch, 0, pose.q);
    return pose;
}

static const struct body_shape box = { BODY_BOX, { .05, .03, .08 }, .5 }, can = { BODY_CYLINDER, { .033, .033, .055 }, .4 };

/* Free fall takes as long as it should; the floor gives back the momentum and carries the weight; then all is quiet. */
static void a_dropped_box_falls_and_rests(void **state)
{
    struct heard h;
    struct bodies *b = start(&h, false);
    struct body_pose pose = at(.25, .35, .18, 0), now;

    (void)state;
    assert_true(bodies_add(b, 7, &box, false, &pose, still, still));
    assert_false(bodies_add(b, 7, &box, false, &pose, still, still));      /* an id is there once */
    bodies_run(b, .1);
    assert_true(bodies_pose(b, 7, &now));
    assert_near(now.p[2], .18 - .5 * 9.81 * .01, .003);
    assert_near(h.newtons, 0, 1e-6);
    bodies_run(b, 3);
    assert_false(bodies_awake(b));
    assert_true(bodies_pose(b, 7, &now));
    assert_near(now.p[2], .08, .002);
    assert_near(now.p[0], .25, .01);
    assert_near(h.newtons, .5 * 9.81, .1);
    assert_near(h.x, now.p[0], .002);
    assert_near(h.impulse, .5 * 9.81 * h.last_t, .02);                     /* what the floor gave is what gravity took */
    assert_true(h.wakes == 1 && h.sleeps == 1 && h.quiets == 1);
    bodies_free(b);
}

static void a_rolling_can_stops(void **state)
{
    const double push[3] = { .3, 0, 0 };
    struct heard h;
    struct bodies *b = start(&h, false);
    struct body_pose pose = at(.12, .35, .034, acos(-1) / 2), now;
    double way;

    (void)state;
    body_turn(0, acos(-1) / 2, 0, pose.q);                                 /* lies along y */
    assert_true(bodies_add(b, 1, &can, true, &pose, push, still));
    bodies_run(b, 6);
    assert_true(bodies_pose(b, 1, &now));
    way = now.p[0] - .12;
    print_message("# a can pushed at 0.3 m/s rolls %.2f m\n", way);
    assert_true(way > .06 && way < .36);
    assert_near(now.p[2], .033, .003);
    assert_false(bodies_awake(b));
    bodies_free(b);
}

/* A random heap. Returns the sum of masses. */
static double heap(struct bodies *b, uint64_t seed, int n, double *out_energy_gain)
{
    struct rng r = rng_seed(seed, "heap");
    double kg = 0, t = 0;

    *out_energy_gain = 0;
    for (int i = 0; i < n; i++) {
        struct body_shape shape = { .form = (enum body_form)rng_below(&r, 4), .half_m = { rng_range(&r, .02, .07), rng_range(&r, .02, .05), rng_range(&r, .02, .09) },
                                    .mass_kg = rng_range(&r, .03, 1.2) };
        double lo[2], hi[2], x = rng_range(&r, .1, .42), y = rng_range(&r, .1, .64);
        struct body_pose pose;
        double before;

        for (int k = 0; k < 2; k++) {
            lo[k] = (k ? y : x) - .09;
            hi[k] = (k ? y : x) + .09;
        }
        pose = at(x, y, bodies_top(b, lo, hi) + .12, rng_range(&r, 0, 1.5));
        assert_true(bodies_add(b, i, &shape, false, &pose, (double[3]){ rng_range(&r, -.2, .2), 0, 0 }, (double[3]){ rng_range(&r, -2, 2), 0, 0 }));
        kg += shape.mass_kg;
        before = bodies_energy(b);
        for (int k = 0; k < 60; k++) {
            bodies_run(b, t += .02);
            *out_energy_gain = fmax(*out_energy_gain, bodies_energy(b) - before);
        }
    }
    bodies_run(b, t + 6);
    return kg;
}

static void heaps_stay_inside_and_rest(void **state)
{
    double worst = 0, worst_move = 0, moves = 0, deepest = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct heard h;
        struct bodies *b = start(&h, seed % 2 == 1);
        double gain, kg = heap(b, seed, 30, &gain), lo[3], hi[3], energy = bodies_energy(b);
        struct body_pose before[30], after;

        worst = fmax(worst, gain);
        assert_false(bodies_awake(b));
        assert_int_equal(bodies_strays(b), 0);
        for (int i = 0; i < 30; i++) {
            assert_true(bodies_box(b, i, lo, hi));
            assert_true(bodies_pose(b, i, &before[i]));
            for (int k = 0; k < 3; k++)
                deepest = fmax(deepest, fmax(-lo[k], k < 2 ? hi[k] - world.size_m[k] : 0));
        }
        /* truly at rest: woken, all stay about where they are, and the floor carries all of them */
        bodies_wake(b);
        bodies_run(b, bodies_now(b) + .05);
        bodies_wake(b);
        bodies_run(b, bodies_now(b) + .05);
        assert_near(h.newtons, kg * 9.81, .08 * kg * 9.81);
        bodies_run(b, bodies_now(b) + 6);
        assert_true(bodies_energy(b) < energy + .02);
        for (int i = 0; i < 30; i++) {
            assert_true(bodies_pose(b, i, &after));
            for (int k = 0; k < 3; k++)
                after.p[k] -= before[i].p[k];
            moves += sqrt(after.p[0] * after.p[0] + after.p[1] * after.p[1] + after.p[2] * after.p[2]) / (6 * 30);
            worst_move = fmax(worst_move, sqrt(after.p[0] * after.p[0] + after.p[1] * after.p[1] + after.p[2] * after.p[2]));
        }
        bodies_free(b);
    }
    print_message("# heaps gain at most %.4f J; woken, things move by %.4f m on average, %.3f m at most; %.4f m into a wall\n", worst, moves, worst_move, deepest);
    assert_true(deepest < .008);
    assert_true(worst < .08);
    assert_true(moves < .008 && worst_move < .12);
}

static void what_lies_on_it_falls_when_it_is_taken(void **state)
{
    struct heard h;
    struct bodies *b = start(&h, false);
    struct body_pose below = at(.25, .35, .1, 0), above = at(.25, .35, .3, 0), now;

    (void)state;
    assert_true(bodies_add(b, 1, &box, true, &below, still, still));
    bodies_run(b, 2);
    assert_true(bodies_add(b, 2, &can, true, &above, still, still));
    bodies_run(b, 4);
    assert_true(bodies_covered(b, 1));
    assert_false(bodies_covered(b, 2));
    bodies_remove(b, 1);
    bodies_run(b, 7);
    assert_true(bodies_pose(b, 2, &now));
    assert_true(now.p[2] < .07);
    assert_false(bodies_pose(b, 1, &now));
    bodies_free(b);
}

static void what_is_put_into_another_is_moved_out(void **state)
{
    struct heard h;
    struct bodies *b = start(&h, false);
    struct body_pose one = at(.25, .35, .1, 0), two = one, outside = at(-.2, 2, -.3, 0);

    (void)state;
    assert_true(bodies_add(b, 1, &box, true, &one, still, still));
    bodies_run(b, 1);
    assert_true(bodies_add(b, 2, &box, true, &two, still, still));
    assert_true(two.p[2] > one.p[2] + .1);
    assert_true(bodies_add(b, 3, &can, true, &outside, still, still));
    assert_true(outside.p[0] > .03 && outside.p[1] < .71 && outside.p[2] > .05);
    bodies_run(b, 4);
    assert_int_equal(bodies_strays(b), 0);
    bodies_free(b);
}

/* One after another in one process, interleaved with other work of the engine: the same bits. */
static void twice_the_same(void **state)
{
    struct body_pose pose[2][30];
    double gain;

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct heard h;
        struct bodies *b = start(&h, false);

        (void)heap(b, 3, 30, &gain);
        for (int i = 0; i < 30; i++)
            assert_true(bodies_pose(b, i, &pose[k][i]));
        bodies_free(b);
        b = start(&h, false);
        (void)heap(b, 4, 5, &gain);
        bodies_free(b);
    }
    assert_memory_equal(pose[0], pose[1], sizeof pose[0]);
}

static void turns(void **state)
{
    double a[4], b[4], c[4];

    (void)state;
    body_turn(.4, 0, 0, a);
    body_turn(1.2, 0, 0, b);
    body_turn_between(a, b, .25, c);
    body_turn(.6, 0, 0, a);
    for (int k = 0; k < 4; k++)
        assert_near(c[k], a[k], 1e-12);
    body_turn(.3, .7, -.2, a);
    body_turn(.3, 0, 0, b);
    body_turn(0, .7, 0, c);
    body_turn_times(b, c, b);
    body_turn(0, 0, -.2, c);
    body_turn_times(b, c, b);
    for (int k = 0; k < 4; k++)
        assert_near(a[k], b[k], 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dropped_box_falls_and_rests), cmocka_unit_test(a_rolling_can_stops),
        cmocka_unit_test(heaps_stay_inside_and_rest),    cmocka_unit_test(what_lies_on_it_falls_when_it_is_taken),
        cmocka_unit_test(what_is_put_into_another_is_moved_out), cmocka_unit_test(twice_the_same), cmocka_unit_test(turns),
    };

    return support_run(tests);
}
