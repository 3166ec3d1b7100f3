/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Suites whose fields are each within bounds and together impossible. */
#include "lab/sim/suite_read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { STEPS_PER_READING = 16 };           /* of signal.c */
static const double PI = 3.14159265358979323846;
static const double LEAST_VIEW_DEG = 10;   /* of a camera across its picture */
static const double LEAST_SPAN_M = .1;     /* from cell to cell */

struct checking { const struct sim_suite *s; const char *where; struct trundle_error *err; };

TRUNDLE_PRINTF(3, 4) static enum trundle_status refuse(const struct checking *c, const char *field, const char *why, ...)
{
    char where[200], what[200];
    va_list args;

    va_start(args, why);
    (void)vsnprintf(what, sizeof what, why, args);
    va_end(args);
    (void)snprintf(where, sizeof where, "%.120s: %s", c->where, field);
    return error_set(c->err, TRUNDLE_BAD_INPUT, where, "each field is within its bounds, together they are no world", "%s", what);
}

static double sum_of(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

static enum trundle_status check_shares(const struct checking *c)
{
    const struct sim_suite *s = c->s;
    const double together[] = { s->shopper.double_share, s->shopper.in_hand_share, s->shopper.overlap_share, s->shopper.bag_share };
    const double faults[] = { s->faults.camera_dead, s->faults.camera_smeared, s->faults.frames_late, s->faults.frames_lost, s->faults.cell_drift,
                              s->faults.cell_stuck, s->faults.cell_dead, s->faults.scanner_mute, s->faults.no_location, s->faults.clock_jump,
                              s->faults.no_network, s->faults.power_loss };
    const double weighed[] = { s->shrink.swap_after_weigh, s->shrink.heavier_after_weigh, s->shrink.lean_on_scale };
    const double shrink[] = { s->shrink.no_scan, s->shrink.scan_one_of_two, s->shrink.cheap_code, s->shrink.take_and_replace, s->shrink.hidden,
                              s->shrink.past_cameras, s->shrink.cart_swap, sum_of(weighed, COUNT_OF(weighed)) };

    if (s->shopper.take_share + s->shopper.move_share > 1)
        return refuse(c, "shopper.take_share", "take_share and move_share add up to over 1");
    if (sum_of(together, COUNT_OF(together)) > 1)
        return refuse(c, "shopper.double_share", "double_share, in_hand_share, overlap_share and bag_share add up to over 1");
    if (s->shopper.items_median < s->shopper.items.lo || s->shopper.items_median > s->shopper.items.hi)
        return refuse(c, "shopper.items_median", "%g is not within items, %g to %g", s->shopper.items_median, s->shopper.items.lo, s->shopper.items.hi);
    if (s->faults.share > 0 && !(sum_of(faults, COUNT_OF(faults)) > 0))
        return refuse(c, "faults.share", "%g of the trips have a fault, and no fault has a weight", s->faults.share);
    if (s->shrink.share > 0 && !(sum_of(shrink, COUNT_OF(shrink)) > 0))
        return refuse(c, "shrink.share", "%g of the trips have a scenario, and none has a weight", s->shrink.share);
    if (s->shrink.share > 0 && sum_of(weighed, COUNT_OF(weighed)) > 0 && !s->produce_n)
        return refuse(c, "shrink.share", "swap_after_weigh, heavier_after_weigh and lean_on_scale need produce to be weighed");
    if (s->produce_n ? !(s->store.produce_share > 0 && s->store.produce_share < 1) : s->store.produce_share > 0)
        return refuse(c, "store.produce_share", "%g, with %zu kinds of produce and %zu categories to be bought from", s->store.produce_share, s->produce_n, s->categories_n);
    return TRUNDLE_OK;
}

/* Oscillators that are followed in steps: not stable, or not true, when these are too long. */
static bool follows(double hz, double damping, double dt)
{
    double w = 2 * PI * hz * dt;

    return w <= 1 && 2 * damping * w <= 1;
}

static enum trundle_status check_sensors(const struct checking *c)
{
    const struct sim_suite *s = c->s;
    double dt = 1 / (STEPS_PER_READING * s->cells.hz), narrow = fmin(s->cart.width_m.lo, s->cart.length_m.lo), frame_ms = 1000 / s->camera.fps;
    double view_deg = 2 * atan(.5 * s->camera.width_px / s->cart.focal_px.hi) * 180 / PI;

    if (!follows(s->cells.resonance_hz.hi, s->cells.damping.hi, dt))
        return refuse(c, "cells.resonance_hz", "%g Hz with damping %g cannot be followed at cells.hz %g", s->cells.resonance_hz.hi, s->cells.damping.hi, s->cells.hz);
    if (!follows(s->motion.vibration_hz, .5, dt))
        return refuse(c, "motion.vibration_hz", "%g Hz cannot be followed at cells.hz %g", s->motion.vibration_hz, s->cells.hz);
    if (s->imu.hz > STEPS_PER_READING * s->cells.hz)
        return refuse(c, "imu.hz", "%g is more than %d times cells.hz, %g", s->imu.hz, STEPS_PER_READING, s->cells.hz);
    if (narrow - 2 * s->cells.inset_m < LEAST_SPAN_M)
        return refuse(c, "cells.inset_m", "%g leaves less than %g m between the cells of a cart %g m wide", s->cells.inset_m, LEAST_SPAN_M, narrow);
    if (s->camera.exposure_ms > frame_ms || s->camera.readout_ms > frame_ms)
        return refuse(c, s->camera.exposure_ms > frame_ms ? "camera.exposure_ms" : "camera.readout_ms", "longer than a frame, %g ms at fps %g", frame_ms, s->camera.fps);
    if (view_deg < LEAST_VIEW_DEG)
        return refuse(c, "cart.focal_px", "%g sees %.1f degrees in %g px, hardly anything", s->cart.focal_px.hi, view_deg, s->camera.width_px);
    return TRUNDLE_OK;
}

/* Upright or lying, along or across the smallest cart. */
static bool fits(const struct sim_suite *s, const double size[3])
{
    double w = s->cart.width_m.lo - .024, l = s->cart.length_m.lo - .024, h = s->cart.height_m.lo - .02;

    for (int lying = 0; lying < 2; lying++) {
        double a = size[0], b = size[lying ? 2 : 1], up = size[lying ? 1 : 2];

        if (up <= h && ((a <= w && b <= l) || (a <= l && b <= w)))
            return true;
    }
    return false;
}

static bool category_fits(const struct sim_suite *s, const struct suite_category *c)
{
    for (int p = 0; p < SUITE_PACKS; p++)
        for (size_t q = 0; c->packs >> p & 1 && q < c->quantities_n; q++) {
            const double *aspect = s->pack[p].aspect;
            double unit = cbrt(c->quantity[q] * c->ml_per_unit * 1e-6 / s->pack[p].fill / (aspect[0] * aspect[1] * aspect[2]));

            if (fits(s, (const double[3]){ unit * aspect[0], unit * aspect[1], unit * aspect[2] }))
                return true;
        }
    return false;
}

static enum trundle_status check_things(const struct checking *c)
{
    const struct sim_suite *s = c->s;

    for (size_t i = 0; i < s->categories_n; i++)
        if (!category_fits(s, &s->category[i]))
            return refuse(c, "categories", "nothing of %s fits into a cart of %g x %g x %g m", s->category[i].name, s->cart.width_m.lo, s->cart.length_m.lo,
                          s->cart.height_m.lo);
    for (size_t i = 0; i < s->produce_n; i++)
        if (!fits(s, (const double[3]){ s->produce[i].length_m, s->produce[i].diameter_m, s->produce[i].diameter_m }))
            return refuse(c, "produce", "%s does not fit into a cart of %g x %g x %g m", s->produce[i].name, s->cart.width_m.lo, s->cart.length_m.lo,
                          s->cart.height_m.lo);
    return TRUNDLE_OK;
}

enum trundle_status suite_check(const struct sim_suite *s, const char *where, struct trundle_error *err)
{
    const struct checking c = { s, where, err };

    TRY(check_shares(&c));
    TRY(check_sensors(&c));
    return check_things(&c);
}
