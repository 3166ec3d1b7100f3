/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/fault - what breaks in a trip and when, by the rates of the suite; and what that does to each sample on its way.
 *
 *     struct faults f;
 *     faults_make(suite, cells, cameras_n, seed, end_s, &f);
 *     if (faults_fate(&f, FAULT_AT_CAMERA, c, i, t_s) != FAULT_PASSES) ...   // this sample never came
 *     faults_cell(&f, t_s, &cell);                                  // drifting, stuck, dead
 *
 * At most one fault a trip: its slice then says what it costs. Faults of a store's catalog are in store.h (a store has them
 * for all its trips). A plain value; draws from a stream of its own, so that a trip without faults is the same trip.
 */
#pragma once

#include "lab/sim/suite.h"

#include "cart/calib/cart_file.h"

#include <trundle/message.h>

enum fault_kind {
    FAULT_CAMERA_DEAD, FAULT_CAMERA_SMEARED, FAULT_FRAMES_LATE, FAULT_FRAMES_LOST, FAULT_CELL_DRIFT, FAULT_CELL_STUCK, FAULT_CELL_DEAD,
    FAULT_SCANNER_MUTE, FAULT_NO_LOCATION, FAULT_CLOCK_JUMP, FAULT_NO_NETWORK, FAULT_POWER_LOSS, FAULT_KINDS
};
extern const char *const fault_name[FAULT_KINDS];

struct faults {
    bool   any;
    enum fault_kind kind;
    uint8_t sensor;                /* camera or cell */
    double t0, t1;                 /* s since trip start */
    double amount;                 /* g/s of a drift, s of lateness and of a jump, share of lost frames, radius of a smear (of the height) */
    double at[2];                  /* a smear's middle, of width and height */
    const struct cart_cells *cells;/* borrowed: gains and limits */
    bool   held;                   /* a stuck cell has its value */
    int32_t held_raw;
    uint64_t seed;
};

void faults_make(const struct sim_suite *suite, const struct cart_cells *cells, int cameras_n, int64_t seed, double end_s, struct faults *out);

enum fault_at { FAULT_AT_CAMERA, FAULT_AT_CODE, FAULT_AT_LOC, FAULT_AT_OTHER };
enum fault_fate { FAULT_PASSES, FAULT_LOST, FAULT_NEVER };    /* lost: sensed and dropped, which a drop message says */
/* What becomes of the sample of a sensor at t. `index` numbers the samples of a sensor. */
enum fault_fate faults_fate(const struct faults *f, enum fault_at at, uint8_t sensor, uint32_t index, double t);
/* Seconds by which a sample of a camera comes later than it should. */
double faults_late_s(const struct faults *f, uint8_t camera, double t);
/* Seconds by which the clock that stamps a camera's pictures is off. */
double faults_clock_s(const struct faults *f, enum fault_at at, uint8_t sensor, double t);
/* Bends one reading; readings come in order of time. */
void faults_cell(struct faults *f, double t, struct trundle_cell *cell);
/* Grease on the lens: blurs and veils a disc of the picture (0x00RRGGBB, w x h), in place. */
bool faults_smears(const struct faults *f, uint8_t camera, double t);
void faults_smear(const struct faults *f, uint32_t *rgb, int w, int h);
