/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes, twice: as lines of a trace, and as a sequence of messages. No crash; what comes out is finite where it must be. */
#include "cart/weigh/csv.h"
#include "cart/weigh/weigh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct weigh weigh;

static void begin(uint8_t n, double hz)
{
    struct cart_cells cells = { .n = n, .hz = hz };
    struct weigh_config config = WEIGH_CONFIG_DEFAULT;

    for (int i = 0; i < n; i++)
        cells.cell[i] = (struct cart_cell){ .x_m = i % 2, .y_m = i / 2, .gain_g = 0.01, .sd_g = 1, .raw_min = -8388608, .raw_max = 8388607 };
    config.first_after_ns = 100000000;
    if (weigh_init(&weigh, &cells, &config, NULL) != TRUNDLE_OK)
        abort();
}

static void drain(void)
{
    struct trundle_evidence e;
    struct weigh_live live;

    while (weigh_poll(&weigh, &e) == TRUNDLE_OK)
        if (!isfinite(e.mass_g) || !(e.mass_sd_g > 0) || !isfinite((double)e.llr_put) || !isfinite((double)e.llr_take) ||
            !isfinite((double)e.llr_bump) || !isfinite((double)e.llr_move) || e.id == 0)
            abort();
    weigh_live(&weigh, &live);
    if (!isfinite(live.mass_g) || !isfinite(live.sd_g))
        abort();
}

static void as_lines(const uint8_t *data, size_t n)
{
    struct weigh_csv csv = { .hz = 10 };
    struct weigh_csv_sample s;
    bool begun = false;
    size_t at = 0;

    while (at < n) {
        const uint8_t *end = memchr(data + at, '\n', n - at);
        size_t length = end ? (size_t)(end - data) - at + 1 : n - at;

        if (weigh_csv_line(&csv, (const char *)data + at, length, &s, NULL) == TRUNDLE_OK) {
            struct trundle_message m = { .channel = TRUNDLE_CELL, .sensed_ns = (int64_t)(s.t_s * 1e9), .cell.n = (uint8_t)csv.columns };

            if (!begun)
                begin((uint8_t)csv.columns, 10);
            begun = true;
            for (unsigned i = 0; i < csv.columns; i++)
                m.cell.raw[i] = isfinite(s.value[i]) && fabs(s.value[i]) < 1e7 ? (int32_t)(s.value[i] * 100) : TRUNDLE_CELL_NONE;
            weigh_push(&weigh, &m);
            drain();
        }
        at += length;
    }
}

/* Eight bytes a message: kind, step in time, value. */
static void as_messages(const uint8_t *data, size_t n)
{
    int64_t t = 0;

    if (n < 8)
        return;
    begin((uint8_t)(1 + data[0] % 4), data[1] % 2 ? 80 : data[1] + 1.0);
    for (size_t i = 2; i + 8 <= n; i += 8) {
        struct trundle_message m = { .channel = data[i] & 1 ? TRUNDLE_IMU : TRUNDLE_CELL, .sequence = (uint32_t)i };
        uint32_t bits;

        t += (int64_t)(int8_t)data[i + 1] * (data[i] & 2 ? 100000000 : 1000000);
        if (data[i] & 4)
            t = (int64_t)((uint64_t)data[i + 2] << 55);
        m.sensed_ns = t;
        memcpy(&bits, data + i + 4, sizeof bits);
        if (m.channel == TRUNDLE_IMU) {
            for (int k = 0; k < 3; k++)
                memcpy(&m.imu.accel_ms2[k], &bits, sizeof bits);
        } else {
            m.cell.n = data[i] & 8 ? data[i + 3] : weigh.cells.n;
            for (int k = 0; k < TRUNDLE_CELLS_MAX; k++)
                m.cell.raw[k] = (int32_t)(data[i] & 16 ? bits : bits % 100000 + (uint32_t)k);
        }
        for (int again = data[i] >> 5; again >= 0; again--) {
            weigh_push(&weigh, &m);
            m.sensed_ns = t += 12500000;
        }
        drain();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    as_lines(data, n);
    as_messages(data, n);
    return 0;
}
