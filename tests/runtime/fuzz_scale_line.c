/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Whatever a scale's port or recording holds: a line is refused, or says something within its ranges. */
#include "base/std/time.h"
#include "cart/runtime/port.h"
#include "cart/runtime/scale_line.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_reading(const struct scale_reading *r)
{
    check(r->cell.n == 4 && r->imu_axes % 3 == 0 && r->imu_axes <= 6);
    for (int i = 0; i < 3; i++)
        check(!(r->imu.accel_ms2[i] > 400.01f || r->imu.accel_ms2[i] < -400.01f || r->imu.gyro_rads[i] > 100.01f || r->imu.gyro_rads[i] < -100.01f));
}

static void take(const char *text, size_t n, struct scale_clock *board, struct scale_clock *row)
{
    struct scale_line line;
    struct scale_reading reading;
    char fixed[PORT_LINE_MAX + 3];
    int64_t t_ns, before;

    memcpy(fixed, text, n);
    if (n >= 3) {                              /* a fuzzer that had to guess the checksum would test nothing else */
        static const char digits[] = "0123456789ABCDEF";
        uint8_t crc = scale_crc8(text, n - 3);

        fixed[n - 3] = '*';
        fixed[n - 2] = digits[crc >> 4];
        fixed[n - 1] = digits[crc & 15];
    }
    for (int i = 0; i < 2; i++)
        if (scale_line_parse(i ? fixed : text, n, 4, &line, NULL) == TRUNDLE_OK && line.kind == SCALE_LINE_READING) {
            check_reading(&line.reading);
            before = board->last_ns;
            (void)scale_clock_board(board, line.t_us, before + 12500000, &t_ns);
            check(t_ns >= before && t_ns <= before + 12500000);
        }
    if (scale_row_parse(text, n, 4, &t_ns, &reading, NULL) == TRUNDLE_OK) {
        check_reading(&reading);
        check(t_ns >= 0);
        before = row->last_ns;
        (void)scale_clock_row(row, t_ns, 12500000, &t_ns);
        check(t_ns >= before && t_ns <= before + 10 * NS_PER_S);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct port_line line = { .n = 0 };
    struct scale_clock board = { 0 }, row = { 0 };

    for (size_t i = 0; i < n; i++)
        if (port_line_push(&line, data[i]) == PORT_LINE_WHOLE)
            take(line.text, line.n, &board, &row);
    return 0;
}
