/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Load cells, accelerometer and gyroscope: statics, hysteresis, slopes, turns and bumps that all of them feel, and people who lean. */
#include "lab/sim/load_cell.h"
#include "lab/sim/loads.h"
#include "lab/sim/make.h"
#include "lab/sim/ride.h"
#include "tests/sim/signal_world.h"
#include "tests/support/support.h"

#include "base/trip/trip.h"
#include "trundle.pb-c.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

static void a_load_is_shared_and_weighed(void **state)
{
    const double *size;
    struct signal_world w;
    double share[4];

    (void)state;
    signal_world_make(&w, true, "", 6);
    size = w.store->cart.basket.size_m;
    signal_world_load(&w, 1, 1.2, .3 * size[0], .7 * size[1], 1000, false);
    signal_world_run(&w);
    loads_share(w.store, .3 * size[0], .7 * size[1], share);
    assert_near(share[0] + share[1] + share[2] + share[3], 1, 1e-12);
    assert_true(share[2] > share[3] && share[3] > share[1]);
    for (int k = 0; k < 4; k++)
        assert_near(signal_world_cell(&w, signal_world_at(&w, 5), k, false), 1000 * share[k], .01);
    assert_near(signal_world_sum(&w, 5, false), 1000, .02);
    assert_near(signal_world_sum(&w, .9, false), 0, .02);
    signal_world_done(&w);
    /* by the cart's file: within 4 sd of its stated errors */
    signal_world_make(&w, true, "'cells': {'calibration_gain_sd': 0.001, 'calibration_offset_g': 0.5}", 6);
    size = w.store->cart.basket.size_m;
    signal_world_load(&w, 1, 1.2, .3 * size[0], .7 * size[1], 1000, false);
    signal_world_run(&w);
    assert_near(signal_world_sum(&w, 5, true), 1000, 4 * hypot(1, 2 * .5));
    assert_true(fabs(signal_world_sum(&w, 5, true) - 1000) > .01);
    signal_world_done(&w);
}

/* 2 kg at a time up to 4 kg and down, twice, at two speeds: half way the branches lie 2 hysteresis_g a cell apart, and the
 * loop closes. */
static void a_loop_closes_and_is_as_wide_as_stated(void **state)
{
    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        static const double step[8] = { 2000, 2000, -2000, -2000, 2000, 2000, -2000, -2000 };
        double leg = fast ? 2 : 8, g[8];
        struct signal_world w;

        signal_world_make(&w, true, "'cells': {'hysteresis_g': 2, 'hysteresis_span_g': 100}", 9 * leg);
        for (int i = 0; i < 8; i++)
            signal_world_load(&w, i * leg, (i + .5) * leg, .5 * w.store->cart.basket.size_m[0], .5 * w.store->cart.basket.size_m[1], step[i], false);
        signal_world_run(&w);
        for (int i = 0; i < 8; i++)
            g[i] = signal_world_sum(&w, (i + 1) * leg - .1, false);
        print_message("# %.0f s a step: loop %.2f and %.2f g wide, closes to %.3f g\n", leg, g[2] - g[0], g[6] - g[4], g[7] - g[3]);
        assert_near(g[2] - g[4], 4 * 2 * 2, .5);       /* a cell sees 500 g a step: five times the span */
        assert_near(g[6] - g[4], 4 * 2 * 2, .5);
        assert_near(g[3] - g[7], 0, .05);
        assert_near(g[1] - g[5], 0, .05);
        signal_world_done(&w);
    }
}

static void creep_is_slow_and_small(void **state)
{
    struct signal_world w;
    double first, later;

    (void)state;
    signal_world_make(&w, true, "'cells': {'creep_share': 0.002, 'creep_s': 10}", 80);
    signal_world_load(&w, 1, 1.1, .2, .3, 5000, false);
    signal_world_run(&w);
    first = signal_world_sum(&w, 2, false);
    later = signal_world_sum(&w, 12, false);
    assert_near(later - first, 5000 * .002 * (exp(-.1) - exp(-1.1)), .2);
    assert_near(signal_world_sum(&w, 79, false), 5010, .2);
    signal_world_done(&w);
}

/* Two ramps of 3 degrees up, the cart standing on one: cells, accelerometer and gyroscope tell of the same angle. */
static void a_slope_is_one_for_all_sensors(void **state)
{
    const double angle = 3 * PI / 180, load = 4000;
    double gyro = 0, cells, front, rear, tip;
    struct signal_world w;
    size_t i;

    (void)state;
    signal_world_make(&w, true, "", 20);
    signal_world_load(&w, .5, .6, .5 * w.store->cart.basket.size_m[0], .5 * w.store->cart.basket.size_m[1], load, false);
    w.disturbs.d[w.disturbs.n++] = (struct disturb){ .kind = DISTURB_SLOPE, .t0 = 5, .t1 = 15, .rise_s = 1, .fall_s = 1, .angle_rad = angle };
    signal_world_run(&w);
    i = signal_world_imu(&w, 10);
    assert_near(w.signal.imu[i].imu.accel_ms2[1], RIDE_GRAVITY_MS2 * sin(angle), 1e-3);
    assert_near(w.signal.imu[i].imu.accel_ms2[2], RIDE_GRAVITY_MS2 * cos(angle), 1e-3);
    for (size_t k = 0; k < i; k++)
        gyro += (double)w.signal.imu[k].imu.gyro_rads[0] / w.suite->imu.hz;
    assert_near(gyro, angle, .02 * angle);
    cells = signal_world_sum(&w, 10, false);
    assert_near(cells - load, (load + w.suite->cells.pan_g) * (cos(angle) - 1), .05);
    rear = signal_world_cell(&w, signal_world_at(&w, 10), 0, false) + signal_world_cell(&w, signal_world_at(&w, 10), 1, false);
    front = signal_world_cell(&w, signal_world_at(&w, 10), 2, false) + signal_world_cell(&w, signal_world_at(&w, 10), 3, false);
    tip = (load + w.suite->cells.pan_g) * sin(angle) * w.suite->motion.load_height_m /
          (w.store->true_cells.cell[2].y_m - w.store->true_cells.cell[0].y_m);
    assert_near(rear - front, 2 * tip, .1);
    assert_near(signal_world_sum(&w, 19, false), load, .05);
    assert_int_equal(w.signal.causes_n, 1);
    assert_string_equal(w.signal.cause[0].name, "slope");
    assert_near(w.signal.cause[0].peak_g, cells - load, .1);
    assert_near(w.signal.cause[0].cell_g[0] - w.signal.cause[0].cell_g[2], .9 * tip, .02 * tip);     /* mean: on its way up and down for 2 of 10 s */
    signal_world_done(&w);
}

/* A roll with a turn: the gyroscope integrates to it; what the accelerometer feels sideways shifts load from cell to cell. */
static void a_turn_is_one_for_all_sensors(void **state)
{
    double gyro = 0, plan = 0, right, left, side, grows, sharpest = 0, force;
    struct plan_motion m, before;
    struct signal_world w;
    size_t i;

    (void)state;
    signal_world_make(&w, true, "", 14);
    signal_world_load(&w, .5, .6, .5 * w.store->cart.basket.size_m[0], .5 * w.store->cart.basket.size_m[1], 3000, false);
    w.plan->roll[w.plan->rolls_n++] = (struct plan_roll){ 2, 12, .9, .6 };
    signal_world_run(&w);
    for (i = 0; w.signal.imu[i].t < 7; i++) {
        gyro += (double)w.signal.imu[i].imu.gyro_rads[2] / w.suite->imu.hz;
        plan += plan_motion_at(w.plan, w.signal.imu[i].t).turn_rads / w.suite->imu.hz;
    }
    assert_true(plan > 1);
    assert_near(gyro, plan, 1e-3);
    /* while the turn grows, and at its sharpest: the lever arm acts by its growth and by its square */
    for (double t = 3.6; t < 5; t += .9) {
        m = plan_motion_at(w.plan, t);
        before = plan_motion_at(w.plan, t - .001);
        i = signal_world_imu(&w, t);
        grows = (m.turn_rads - before.turn_rads) / .001;
        assert_near(w.signal.imu[i].imu.accel_ms2[0], -m.speed_ms * m.turn_rads - grows * w.suite->imu.ahead_m - m.turn_rads * m.turn_rads * w.suite->imu.right_m, .01);
        assert_near(w.signal.imu[i].imu.accel_ms2[1], grows * w.suite->imu.right_m - m.turn_rads * m.turn_rads * w.suite->imu.ahead_m, .01);
        sharpest = fmax(sharpest, fabs(grows));
    }
    assert_true(sharpest * w.suite->imu.ahead_m > .03);
    right = signal_world_cell(&w, signal_world_at(&w, 4.5), 1, false) + signal_world_cell(&w, signal_world_at(&w, 4.5), 3, false);
    left = signal_world_cell(&w, signal_world_at(&w, 4.5), 0, false) + signal_world_cell(&w, signal_world_at(&w, 4.5), 2, false);
    m = plan_motion_at(w.plan, 4.5);
    force = -m.speed_ms * m.turn_rads / RIDE_GRAVITY_MS2;
    side = -2 * (3000 + w.suite->cells.pan_g) * force * .5 * w.suite->motion.turn_height_m / (w.store->true_cells.cell[1].x_m - w.store->true_cells.cell[0].x_m);
    assert_true(side > 10);
    assert_near(right - left, 2 * side, .1 * side);
    assert_near(right + left, 3000, 1);
    signal_world_done(&w);
}

/* A joint of the floor meets the front wheels and, one wheelbase later, the rear ones; cells and gyroscope tell so. */
static void a_bump_passes_from_front_to_rear(void **state)
{
    double peak[2] = { 0 }, when[2] = { 0 }, base, pitch = 0;
    struct signal_world w;

    (void)state;
    signal_world_make(&w, true, "'cells': {'resonance_hz': [60, 60], 'filter_s': 0}, 'motion': {'bump_ahead_share': 0}", 10);
    base = w.suite->motion.wheelbase_m;
    w.plan->roll[w.plan->rolls_n++] = (struct plan_roll){ 1, 9, .6, 0 };
    w.plan->bump[w.plan->bumps_n++] = (struct plan_bump){ 5, 6 };
    signal_world_run(&w);
    for (size_t i = signal_world_at(&w, 4.9); i < signal_world_at(&w, 7); i++)
        for (int axle = 0; axle < 2; axle++) {
            double g = signal_world_cell(&w, i, axle ? 0 : 2, false) + signal_world_cell(&w, i, axle ? 1 : 3, false);

            if (g > peak[axle]) {
                peak[axle] = g;
                when[axle] = w.signal.cell[i].t;
            }
        }
    assert_near(when[1] - when[0], base / .6, .04);
    assert_true(peak[0] > 50);
    for (size_t i = signal_world_imu(&w, 5); i < signal_world_imu(&w, 5.1); i++)
        pitch = fmax(pitch, (double)w.signal.imu[i].imu.gyro_rads[0]);
    assert_true(pitch > .02);                  /* the nose goes up first */
    signal_world_done(&w);
}

/* Rolling over a rough floor: the accelerometer in the middle of the basket predicts the sum of the cells. */
static void shaking_is_one_for_all_sensors(void **state)
{
    double xy = 0, xx = 0, yy = 0, slope;
    struct signal_world w;
    size_t n = 0;

    (void)state;
    signal_world_make(&w, true, "'cells': {'resonance_hz': [90, 90], 'damping': [0.7, 0.7], 'filter_s': 0, 'hz': 80}, 'imu': {'hz': 80, 'ahead_m': 0.31, 'right_m': 0}, 'motion': {'roughness_ms2': [0.4, 0.4], 'vibration_hz': 8, 'wheelbase_m': 0.62}", 40);
    signal_world_load(&w, .5, .6, .5 * w.store->cart.basket.size_m[0], .5 * w.store->cart.basket.size_m[1], 4000, false);
    w.plan->roll[w.plan->rolls_n++] = (struct plan_roll){ 1, 39, 1, 0 };
    signal_world_run(&w);
    for (size_t i = signal_world_at(&w, 4); i < signal_world_at(&w, 36); i++, n++) {
        double a = (double)w.signal.imu[i].imu.accel_ms2[2] - RIDE_GRAVITY_MS2, g = signal_world_sum(&w, (double)(i) / 80, false) - 4000;

        xy += a * g;
        xx += a * a;
        yy += g * g;
    }
    slope = xy / xx * RIDE_GRAVITY_MS2;
    print_message("# shaking: r %.3f, %.0f g on the cells move with it\n", xy / sqrt(xx * yy), slope);
    assert_true(xy / sqrt(xx * yy) > .9);
    assert_near(slope, 4000 + w.suite->cells.pan_g, .15 * 6600);
    assert_true(sqrt(xx / (double)n) > .1);
    signal_world_done(&w);
}

static void a_lean_is_a_cause_and_leaves_no_trace(void **state)
{
    struct signal_world w;
    double mean, top;

    (void)state;
    signal_world_make(&w, true, "'motion': {'tilt_deg_kg': 0.02}", 14);
    w.disturbs.d[w.disturbs.n++] = (struct disturb){ .kind = DISTURB_LEAN, .t0 = 4, .t1 = 10, .rise_s = .3, .fall_s = .2, .x_m = 0, .y_m = .4, .g = 2500, .sway = .2,
                                                     .sway_hz = .5 };
    signal_world_run(&w);
    top = signal_world_mean(&w, 5, 9);
    mean = signal_world_mean(&w, 4, 10);
    assert_near(signal_world_mean(&w, 1, 3.9), 0, .02);
    assert_near(top, 2500, 25);
    assert_near(signal_world_mean(&w, 11, 14), 0, .05);
    assert_true(fabs(signal_world_sum(&w, 6.5, false) - signal_world_sum(&w, 7.5, false)) > 500);      /* sways */
    assert_int_equal(w.signal.causes_n, 1);
    assert_string_equal(w.signal.cause[0].name, "lean");
    assert_near(w.signal.cause[0].cell_g[0] + w.signal.cause[0].cell_g[1] + w.signal.cause[0].cell_g[2] + w.signal.cause[0].cell_g[3], mean, 10);
    assert_near(w.signal.cause[0].peak_g, 3000, 10);
    assert_true(w.signal.cause[0].cell_g[1] < 0 && w.signal.cause[0].cell_g[3] < 0);     /* beyond the left cells: the right ones are relieved */
    /* the chassis gives way to the left, and gravity is seen there */
    assert_true((double)w.signal.imu[signal_world_imu(&w, 7.5)].imu.accel_ms2[0] > .002);
    assert_near(w.signal.imu[signal_world_imu(&w, 3)].imu.accel_ms2[0], 0, 1e-4);
    signal_world_done(&w);
}

static void a_bag_swings_as_a_pendulum(void **state)
{
    double crossings = 0, first = 0, last = 0, before = 0;
    struct signal_world w;

    (void)state;
    signal_world_make(&w, true, "", 16);
    w.disturbs.d[w.disturbs.n++] = (struct disturb){ .kind = DISTURB_BAG, .t0 = 2, .t1 = 20, .rise_s = .4, .fall_s = .4, .x_m = .2, .y_m = -.04, .g = 1200, .length_m = .3 };
    signal_world_run(&w);
    assert_near(signal_world_mean(&w, 3, 15), 1200, 15);
    assert_near(signal_world_mean(&w, .5, 1.9), 0, .02);
    for (size_t i = signal_world_at(&w, 3); i < signal_world_at(&w, 15); i++) {
        double rear = signal_world_cell(&w, i, 0, false) + signal_world_cell(&w, i, 1, false) - 1200 * (1 + (.04 + w.suite->cells.inset_m) /
                      (w.store->true_cells.cell[2].y_m - w.store->true_cells.cell[0].y_m));

        if (before < 0 && rear >= 0) {
            first = crossings == 0 ? w.signal.cell[i].t : first;
            last = w.signal.cell[i].t;
            crossings++;
        }
        before = rear;
    }
    assert_true(crossings > 5);
    assert_near((last - first) / (crossings - 1), 2 * PI * sqrt(.3 / RIDE_GRAVITY_MS2), .05);
    signal_world_done(&w);
}

/* Frozen food cools the cells that come near, and each of them answers by its own coefficient. */
static void cold_air_shifts_the_zero(void **state)
{
    size_t frozen = 0;
    struct signal_world w;

    (void)state;
    signal_world_make(&w, true, "'cells': {'zero_gk': 1, 'thermal_s': 20, 'cold_k': 8, 'warm_k': [0, 0]}", 60);
    while (!w.store->product[frozen].category || strncmp(w.store->product[frozen].category->name, "frozen/", 7) != 0)
        frozen++;
    assert_near(load_cell_air_k(w.store, w.store->product[frozen].zone_x_m, w.store->product[frozen].zone_y_m), -8, 1e-9);
    assert_near(load_cell_air_k(w.store, 1e3, 1e3), 0, 1e-9);
    w.plan->stay[0].t = 10;
    w.plan->stay[0].x = w.store->product[frozen].zone_x_m;
    w.plan->stay[0].y = w.store->product[frozen].zone_y_m;
    w.plan->stays_n = 1;
    signal_world_run(&w);
    for (int k = 0; k < 4; k++) {
        double a = signal_world_cell(&w, signal_world_at(&w, 30), k, false), b = signal_world_cell(&w, signal_world_at(&w, 59), k, false);

        assert_near(signal_world_cell(&w, signal_world_at(&w, 9), k, false), 0, .01);
        assert_true(fabs(b) > fabs(a) && fabs(a) > .01);
        assert_near(a / b, (1 - exp(-18.0 / 20)) / (1 - exp(-47.0 / 20)), .05);      /* the walk there takes 3 s */
    }
    signal_world_done(&w);
}

/* t_settle as docs/simulator.md says: from then on 0.2 s within 1 sd of the sum, and not a reading earlier. */
static void settle_times_are_as_docs_say(void **state)
{
    const double load[3] = { 800, 60, 3000 };
    struct signal_world w;
    double sd, sum = 0;

    (void)state;
    signal_world_make(&w, true, "'cells': {'white_g': 0.4}", 12);
    sd = 2 * w.store->true_cells.cell[0].sd_g;
    assert_near(sd, .8, 1e-9);
    for (int i = 0; i < 3; i++) {
        double t = 2 + 3 * i;

        signal_world_load(&w, t, t + .015, .25, .35, load[i], false);
        signal_world_load(&w, t, t + .015, .25, .35, 20 * load[i], true);
        w.plan->event[w.plan->events_n++] = (struct plan_event){ .kind = TRUNDLE_EVENT_PUT, .t_load = t + .015 };
    }
    w.plan->event[w.plan->events_n++] = (struct plan_event){ .kind = TRUNDLE_EVENT_TAKE, .t_load = NAN };
    signal_world_run(&w);
    w.suite->cells.white_g = 0;                /* the same trip without noise is what the rule looks at */
    {
        double settle[3];

        for (int i = 0; i < 3; i++)
            settle[i] = w.signal.t_settle[i];
        assert_true(isnan(w.signal.t_settle[3]));
        signal_world_run(&w);
        for (int i = 0; i < 3; i++) {
            size_t from = (size_t)(settle[i] * 80 + .5);

            sum += load[i];
            assert_true(settle[i] >= 2 + 3 * i + .015 && settle[i] < 3 + 3 * i);
            for (size_t k = from; k <= from + 16; k++)
                assert_near(signal_world_sum(&w, (double)(k) / 80, false), sum, sd + .01);
            if (settle[i] > 2 + 3 * i + .015 + 1. / 80)
                assert_true(fabs(signal_world_sum(&w, (double)(from - 1) / 80, false) - sum) > sd - .01);
        }
        print_message("# %.0f, %.0f and %.0f g settle in %.3f, %.3f and %.3f s\n", load[0], load[1], load[2], settle[0] - 2, settle[1] - 5, settle[2] - 8);
    }
    signal_world_done(&w);
}

/* Over whole trips of v1: what is drawn is what the fields say, and it is told in the trip's file. */
static void disturbances_are_as_often_as_stated(void **state)
{
    struct signal_world w;
    double minutes = 0, n[DISTURB_KINDS] = { 0 }, bags = 0, ramps = 0, rolls = 0;
    enum { TRIPS = 400 };

    (void)state;
    signal_world_make(&w, false, "'motion': {'lean_per_min': 0.5, 'bag_share': 0.2, 'child_share': 0.1, 'slope_share': 0.1}", 60);
    for (int64_t seed = 0; seed < TRIPS; seed++) {
        struct disturbs d;
        double last = 0;

        w.plan->seed = seed;
        w.plan->end_s = 90;
        w.plan->rolls_n = 6;
        for (size_t i = 0; i < 6; i++)
            w.plan->roll[i] = (struct plan_roll){ 2 + 14.0 * (double)i, 10 + 14.0 * (double)i, .8, 0 };
        forces_make(w.plan, &d);
        minutes += 1.5;
        rolls += 6;
        for (size_t i = 0; i < d.n; i++) {
            n[d.d[i].kind]++;
            bags += d.d[i].kind == DISTURB_BAG;
            ramps += d.d[i].kind == DISTURB_SLOPE;
            assert_true(d.d[i].t0 >= last && d.d[i].t1 > d.d[i].t0);
            last = d.d[i].t0;
            assert_near(disturb_weight(&d.d[i], d.d[i].t0), 0, 1e-9);
            assert_near(disturb_weight(&d.d[i], d.d[i].t0 + d.d[i].rise_s), 1, 1e-9);
            if (d.d[i].kind == DISTURB_LEAN)
                assert_true(d.d[i].g >= w.suite->motion.lean_g.lo && d.d[i].g <= w.suite->motion.lean_g.hi);
        }
    }
    print_message("# %.2f leans a minute, bags in %.3f of trips, %.3f of rolls on ramps\n", n[DISTURB_LEAN] / minutes, bags / TRIPS, ramps / rolls);
    assert_near(n[DISTURB_LEAN] / minutes, .45, .08);      /* none in the last seconds, none during another */
    assert_near(bags / TRIPS, .2, .06);
    assert_near(ramps / rolls, .1, .03);
    assert_near(n[DISTURB_CHILD] / TRIPS, .2 * .9, .08);   /* one to three pulls of one child */
    w.plan->end_s = 2;
    w.plan->rolls_n = 0;
    forces_make(w.plan, &w.disturbs);                      /* no room: none */
    assert_int_equal(w.disturbs.n, 0);
    signal_world_done(&w);
}

/* The same in a trip's file: causes with loads per cell. */
static void a_trip_tells_its_causes(void **state)
{
    struct trundle_error err = { 0 };
    struct trundle_message m;
    struct trip_reader *reader = NULL;
    char path[4096];
    unsigned leans = 0, bags = 0;
    struct signal_world w;

    (void)state;
    signal_world_make(&w, false, "'motion': {'lean_per_min': 4, 'bag_share': 1}", 1);
    (void)snprintf(path, sizeof path, "%s/15.mcap", support_scratch());
    support_ok(sim_trip_write(w.store, 15, path, false, NULL, &err), &err);
    support_ok(trip_open(path, &reader, &err), &err);
    while (trip_next(reader, &m, &err) == TRUNDLE_OK) {
        Trundle__V1__Truth *truth;

        if (m.channel != TRUNDLE_TRUTH)
            continue;
        truth = trundle__v1__truth__unpack(NULL, m.truth.bytes_n, m.truth.bytes);
        assert_non_null(truth);
        if (truth->what_case == TRUNDLE__V1__TRUTH__WHAT_CAUSE && (!strcmp(truth->cause->name, "lean") || !strcmp(truth->cause->name, "hanging bag"))) {
            float sum = 0;

            assert_int_equal(truth->cause->n_cell_g, 4);
            for (int k = 0; k < 4; k++)
                sum += truth->cause->cell_g[k];
            assert_true(sum > 50 && sum <= truth->cause->peak_g && truth->cause->t1_ns > truth->cause->t0_ns);
            leans += truth->cause->name[0] == 'l';
            bags += truth->cause->name[0] == 'h';
        }
        trundle__v1__truth__free_unpacked(truth, NULL);
    }
    trip_free(reader);
    assert_true(leans >= 1);
    assert_int_equal(bags, 1);
    signal_world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_is_shared_and_weighed),
        cmocka_unit_test(a_loop_closes_and_is_as_wide_as_stated),
        cmocka_unit_test(creep_is_slow_and_small),
        cmocka_unit_test(a_slope_is_one_for_all_sensors),
        cmocka_unit_test(a_turn_is_one_for_all_sensors),
        cmocka_unit_test(a_bump_passes_from_front_to_rear),
        cmocka_unit_test(shaking_is_one_for_all_sensors),
        cmocka_unit_test(a_lean_is_a_cause_and_leaves_no_trace),
        cmocka_unit_test(a_bag_swings_as_a_pendulum),
        cmocka_unit_test(cold_air_shifts_the_zero),
        cmocka_unit_test(settle_times_are_as_docs_say),
        cmocka_unit_test(disturbances_are_as_often_as_stated),
        cmocka_unit_test(a_trip_tells_its_causes),
    };

    return support_run(tests);
}
