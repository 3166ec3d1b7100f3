/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/scale_line - what a scale says: one line of the serial protocol (docs/devices.md), one row of a recording, and
 * when it was. Pure functions; hostile bytes are refused, never misread.
 *
 *     C 1234567 8391200 8388100 8402000 8395500 12 -30 9806*FE        a reading
 *     T 1 4 80 3 trundle-scale*09                                     hello: version, cells, Hz, IMU axes, name
 *
 * Serial IMU units are whole mm/s2 and mrad/s, those of a recording m/s2 and rad/s; basket frame in both.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <trundle/message.h>

enum { SCALE_PROTOCOL = 1, SCALE_ACCEL_MAX_MMS2 = 400000, SCALE_GYRO_MAX_MRADS = 100000 };

struct scale_reading {
    struct trundle_cell cell;      /* TRUNDLE_CELL_NONE where the converter gave nothing */
    uint8_t imu_axes;              /* 0, 3 or 6: how many of imu are there; the others are NAN */
    struct trundle_imu imu;
};

struct scale_hello {
    uint8_t cells_n, imu_axes;
    uint16_t hz;
    char name[32];                 /* printable ASCII */
};

enum scale_line_kind { SCALE_LINE_READING, SCALE_LINE_HELLO, SCALE_LINE_NOTE };

struct scale_line {
    enum scale_line_kind kind;
    uint32_t t_us;                 /* of a reading: the board's clock, wraps after 71.6 minutes */
    struct scale_reading reading;
    struct scale_hello hello;
};

/* One line without its end. CORRUPT: the checksum is missing or wrong. UNSUPPORTED: a hello of another version. CONFLICT: a
 * hello with another number of cells than `cells_n` (1..4). BAD_INPUT: anything else that is not exactly the form. */
TRUNDLE_MUST_USE enum trundle_status scale_line_parse(const char *text, size_t n, uint8_t cells_n, struct scale_line *out, struct trundle_error *err);

/* CRC-8 of SMBus: polynomial x^8+x^2+x+1 (0x07), start 0, not reflected; of "123456789" it is 0xF4 (System Management Bus
 * Specification 3.1, section 5.4, packet error check). */
uint8_t scale_crc8(const char *text, size_t n);

/* One row `t_s,c1,...,cn[,ax,ay,az[,gx,gy,gz]]`. Cells are whole converter counts; an empty field or `nan` is "nothing".
 * A header row has exactly these names, and gives AGAIN. BAD_INPUT: anything else; columns in grams say so. */
TRUNDLE_MUST_USE enum trundle_status scale_row_parse(const char *text, size_t n, uint8_t cells_n, int64_t *out_t_ns, struct scale_reading *out,
                                                     struct trundle_error *err);

/* The board's microseconds to ours. Lines arrive late by a varying delay, never early: the least delay seen is taken as the
 * offset between the clocks (and let go by 200 ppm, more than two crystals differ), so readings keep the board's even spacing.
 * A zeroed struct is ready. */
struct scale_clock {
    bool set;
    uint32_t last_us;
    int64_t board_ns, offset_ns, last_ns;
};
/* True: the clocks disagree by more than a second or the board's ran backwards; time goes on from the arrival. */
bool scale_clock_board(struct scale_clock *clock, uint32_t t_us, int64_t arrival_ns, int64_t *out_ns);
/* The same for a recording: true when its time ran backwards or leapt by more than 10 s; it then goes on one period later. */
bool scale_clock_row(struct scale_clock *clock, int64_t t_ns, int64_t period_ns, int64_t *out_ns);
