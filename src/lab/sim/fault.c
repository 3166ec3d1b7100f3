/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Faults of sensors and of the computer. */
#include "lab/sim/fault.h"

#include "base/std/hash.h"
#include "base/std/rng.h"
#include "cart/calib/cart_file.h"

#include <math.h>
#include <string.h>

const char *const fault_name[FAULT_KINDS] = {
    "camera_dead", "camera_smeared", "frames_late", "frames_lost", "cell_drift", "cell_stuck", "cell_dead",
    "scanner_mute", "no_location", "clock_jump", "no_network", "power_loss" };

static double draw(struct rng *r, struct suite_range range)
{
    return rng_range(r, range.lo, range.hi);
}

static enum fault_kind pick_kind(const struct sim_suite *suite, struct rng *r)
{
    const double weight[FAULT_KINDS] = {
        [FAULT_CAMERA_DEAD] = suite->faults.camera_dead, [FAULT_CAMERA_SMEARED] = suite->faults.camera_smeared,
        [FAULT_FRAMES_LATE] = suite->faults.frames_late, [FAULT_FRAMES_LOST] = suite->faults.frames_lost,
        [FAULT_CELL_DRIFT] = suite->faults.cell_drift, [FAULT_CELL_STUCK] = suite->faults.cell_stuck, [FAULT_CELL_DEAD] = suite->faults.cell_dead,
        [FAULT_SCANNER_MUTE] = suite->faults.scanner_mute, [FAULT_NO_LOCATION] = suite->faults.no_location,
        [FAULT_CLOCK_JUMP] = suite->faults.clock_jump, [FAULT_NO_NETWORK] = suite->faults.no_network, [FAULT_POWER_LOSS] = suite->faults.power_loss };
    double sum = 0, x;

    for (int k = 0; k < FAULT_KINDS; k++)
        sum += weight[k];
    x = rng_unit(r) * sum;
    for (int k = 0; k < FAULT_KINDS; k++) {
        x -= weight[k];
        if (x < 0)
            return (enum fault_kind)k;
    }
    return FAULT_NO_NETWORK;
}

void faults_make(const struct sim_suite *suite, const struct cart_cells *cells, int cameras_n, int64_t seed, double end_s, struct faults *out)
{
    uint64_t mixed = hash64(&seed, sizeof seed, hash64(suite->root, strlen(suite->root), 0));
    struct rng r = rng_seed(mixed, "trip/faults");
    struct faults f = { .cells = cells, .seed = mixed };
    double sign;

    f.any = rng_unit(&r) < suite->faults.share;
    f.kind = pick_kind(suite, &r);
    f.t0 = end_s * rng_range(&r, .1, .5);
    f.t1 = f.t0 + draw(&r, suite->faults.lasts_s);
    f.sensor = (uint8_t)rng_below(&r, 64);
    f.at[0] = rng_range(&r, .25, .75);
    f.at[1] = rng_range(&r, .25, .75);
    sign = rng_unit(&r) < .5 ? -1 : 1;
    switch (f.kind) {
    case FAULT_CELL_DRIFT:
        f.amount = sign * draw(&r, suite->faults.drift_gs);
        f.t1 = end_s;
        break;
    case FAULT_CAMERA_SMEARED:
        f.amount = draw(&r, suite->faults.smear);
        f.t1 = end_s;
        break;
    case FAULT_FRAMES_LATE:
        f.amount = draw(&r, suite->faults.late_s);
        f.t1 = fmax(f.t0, fmin(f.t1, end_s - f.amount - 1));       /* all of it comes before the trip's end */
        break;
    case FAULT_FRAMES_LOST:
        f.amount = draw(&r, suite->faults.lost);
        break;
    case FAULT_CLOCK_JUMP:
        f.amount = sign * draw(&r, suite->faults.jump_s);
        f.t1 = end_s;
        break;
    case FAULT_POWER_LOSS:
        f.t1 = fmin(f.t0 + draw(&r, suite->faults.dark_s), end_s - 4);      /* the shopper pays with a cart that runs */
        break;
    case FAULT_CAMERA_DEAD:
    case FAULT_CELL_STUCK:
    case FAULT_CELL_DEAD:
    case FAULT_NO_NETWORK:
        f.t1 = end_s;
        break;
    case FAULT_SCANNER_MUTE:
    case FAULT_NO_LOCATION:
    case FAULT_KINDS:
        break;
    }
    f.t1 = fmin(f.t1, end_s);
    if (f.kind <= FAULT_FRAMES_LOST || f.kind == FAULT_CLOCK_JUMP)
        f.sensor = (uint8_t)(cameras_n ? f.sensor % cameras_n : 0);
    else if (f.kind <= FAULT_CELL_DEAD)
        f.sensor = (uint8_t)(f.sensor % cells->n);
    else
        f.sensor = 0;
    *out = f;
}

static bool now(const struct faults *f, enum fault_kind kind, double t)
{
    return f->any && f->kind == kind && t >= f->t0 && t < f->t1;
}

enum fault_fate faults_fate(const struct faults *f, enum fault_at at, uint8_t sensor, uint32_t index, double t)
{
    if (now(f, FAULT_POWER_LOSS, t))
        return FAULT_NEVER;
    if (at == FAULT_AT_CODE && now(f, FAULT_SCANNER_MUTE, t))
        return FAULT_NEVER;
    if (at == FAULT_AT_LOC && now(f, FAULT_NO_LOCATION, t))
        return FAULT_NEVER;
    if (at == FAULT_AT_CAMERA && sensor == f->sensor && now(f, FAULT_CAMERA_DEAD, t))
        return FAULT_NEVER;
    if (at == FAULT_AT_CAMERA && sensor == f->sensor && now(f, FAULT_FRAMES_LOST, t)) {
        struct rng r = rng_seed(f->seed + index, "trip/lost");

        return rng_unit(&r) < f->amount ? FAULT_LOST : FAULT_PASSES;
    }
    return FAULT_PASSES;
}

double faults_late_s(const struct faults *f, uint8_t camera, double t)
{
    return camera == f->sensor && now(f, FAULT_FRAMES_LATE, t) ? f->amount : 0;
}

double faults_clock_s(const struct faults *f, enum fault_at at, uint8_t sensor, double t)
{
    return at == FAULT_AT_CAMERA && sensor == f->sensor && now(f, FAULT_CLOCK_JUMP, t) ? f->amount : 0;
}

void faults_cell(struct faults *f, double t, struct trundle_cell *cell)
{
    int32_t *raw = &cell->raw[f->sensor];

    if (now(f, FAULT_CELL_DRIFT, t)) {
        const struct cart_cell *c = &f->cells->cell[f->sensor];

        *raw = (int32_t)fmin(c->raw_max, fmax(c->raw_min, round(*raw + f->amount * (t - f->t0) / c->gain_g)));
    } else if (now(f, FAULT_CELL_DEAD, t)) {
        *raw = TRUNDLE_CELL_NONE;
    } else if (now(f, FAULT_CELL_STUCK, t)) {
        if (!f->held)
            f->held_raw = *raw;
        f->held = true;
        *raw = f->held_raw;
    }
}

bool faults_smears(const struct faults *f, uint8_t camera, double t)
{
    return camera == f->sensor && now(f, FAULT_CAMERA_SMEARED, t);
}

/* A box blur of one row or column of the disc, by a running sum. */
static void blur_line(uint32_t *p, int n, int stride, int radius)
{
    enum { WINDOW = 64 };
    uint32_t ring[WINDOW];
    int sum[3] = { 0 }, window = 2 * radius + 1;

    if (n < window || window > WINDOW)
        return;
    for (int i = 0; i < window; i++) {
        ring[i] = p[i * stride];
        for (int k = 0; k < 3; k++)
            sum[k] += (int)(ring[i] >> 8 * k & 255);
    }
    for (int i = radius; i < n - radius; i++) {
        uint32_t value = 0;

        for (int k = 0; k < 3; k++)
            value |= (uint32_t)(sum[k] / window) << 8 * k;
        p[i * stride] = value;
        if (i + radius + 1 < n) {
            uint32_t *oldest = &ring[(i - radius) % window], next = p[(i + radius + 1) * stride];

            for (int k = 0; k < 3; k++)
                sum[k] += (int)(next >> 8 * k & 255) - (int)(*oldest >> 8 * k & 255);
            *oldest = next;
        }
    }
}

void faults_smear(const struct faults *f, uint32_t *rgb, int w, int h)
{
    double cx = f->at[0] * w, cy = f->at[1] * h, radius = f->amount * h;
    int y0 = (int)fmax(0, cy - radius), y1 = (int)fmin(h - 1, cy + radius), x0 = (int)fmax(0, cx - radius), x1 = (int)fmin(w - 1, cx + radius);
    int blur = (int)fmin(20, fmax(1, radius / 6));

    for (int y = y0; y <= y1; y++) {
        double half = sqrt(fmax(0, radius * radius - (y - cy) * (y - cy)));
        int a = (int)fmax(0, cx - half), b = (int)fmin(w - 1, cx + half);

        if (b > a)
            blur_line(&rgb[y * w + a], b - a + 1, 1, blur);
    }
    for (int x = x0; x <= x1; x++) {
        double half = sqrt(fmax(0, radius * radius - (x - cx) * (x - cx)));
        int a = (int)fmax(0, cy - half), b = (int)fmin(h - 1, cy + half);

        if (b > a)
            blur_line(&rgb[a * w + x], b - a + 1, w, blur);
        for (int y = a; y <= b; y++) {             /* the veil: a third of a light grey */
            uint32_t from = rgb[y * w + x], to = 0;

            for (int k = 0; k < 3; k++)
                to |= ((from >> 8 * k & 255) * 2 + 200) / 3 << 8 * k;
            rgb[y * w + x] = to;
        }
    }
}
