/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The scale's protocol and clock as pure functions; reading the port is in scale.c. */
#include "cart/runtime/scale_line.h"

#include "base/std/time.h"

#include <math.h>
#include <string.h>

uint8_t scale_crc8(const char *text, size_t n)
{
    unsigned crc = 0;

    for (size_t i = 0; i < n; i++) {
        crc ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80 ? (crc << 1 ^ 0x07) & 0xff : crc << 1;
    }
    return (uint8_t)crc;
}

/* The text still to be read. */
struct rest { const char *at, *end; };

/* [-]digits, at most 10 of them, within lo..hi. */
static bool take_integer(struct rest *r, int64_t lo, int64_t hi, int64_t *out)
{
    const char *p = r->at;
    bool minus = p < r->end && *p == '-';
    int64_t v = 0;
    int digits = 0;

    for (p += minus; p < r->end && *p >= '0' && *p <= '9' && digits <= 10; p++, digits++)
        v = v * 10 + (*p - '0');
    v = minus ? -v : v;
    if (digits == 0 || digits > 10 || v < lo || v > hi)
        return false;
    r->at = p;
    *out = v;
    return true;
}

static bool take_char(struct rest *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* `nan` in any case. */
static bool take_nan(struct rest *r)
{
    if (r->end - r->at < 3 || (r->at[0] | 32) != 'n' || (r->at[1] | 32) != 'a' || (r->at[2] | 32) != 'n')
        return false;
    r->at += 3;
    return true;
}

static const struct scale_reading nothing = { .imu = { .accel_ms2 = { NAN, NAN, NAN }, .gyro_rads = { NAN, NAN, NAN } } };

static enum trundle_status take_reading(struct rest *r, uint8_t cells_n, struct scale_line *line, struct trundle_error *err)
{
    int64_t v;

    line->reading = nothing;
    line->reading.cell.n = cells_n;
    if (!take_integer(r, 0, UINT32_MAX, &v))
        return error_set(err, TRUNDLE_BAD_INPUT, "", "microseconds, 0 to 4294967295", "the time is no number");
    line->t_us = (uint32_t)v;
    for (uint8_t i = 0; i < cells_n; i++) {
        if (!take_char(r, ' '))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "the cart file says how many cells there are", "%d of %d cells", i, cells_n);
        v = TRUNDLE_CELL_NONE;
        if (!take_integer(r, -INT32_MAX, INT32_MAX, &v) && !take_nan(r) && !take_char(r, '-'))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "a whole number, or - for nothing", "cell %d is no number", i + 1);
        line->reading.cell.raw[i] = (int32_t)v;
    }
    for (int i = 0; i < 6 && r->at < r->end; i++) {
        float *axis = i < 3 ? &line->reading.imu.accel_ms2[i] : &line->reading.imu.gyro_rads[i - 3];
        int64_t limit = i < 3 ? SCALE_ACCEL_MAX_MMS2 : SCALE_GYRO_MAX_MRADS;

        if (!take_char(r, ' '))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "", "something follows the %s", i ? "axis" : "cell");
        if (take_integer(r, -limit, limit, &v))
            *axis = (float)((double)v * 1e-3);
        else if (!take_nan(r) && !take_char(r, '-'))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "whole mm/s2, mrad/s", "axis %d is no number within its range", i + 1);
        line->reading.imu_axes = (uint8_t)(i + 1);
    }
    if (line->reading.imu_axes % 3 || r->at != r->end)
        return error_set(err, TRUNDLE_BAD_INPUT, "", "none, three or six", "%d axes%s", line->reading.imu_axes, r->at != r->end ? " and more" : "");
    line->kind = SCALE_LINE_READING;
    return TRUNDLE_OK;
}

static enum trundle_status take_hello(struct rest *r, uint8_t cells_n, struct scale_line *line, struct trundle_error *err)
{
    int64_t version, cells, hz, axes;
    size_t name_n;

    if (!take_integer(r, 0, 1000, &version))
        return error_set(err, TRUNDLE_BAD_INPUT, "", "", "the hello has no version");
    if (version != SCALE_PROTOCOL)
        return error_set(err, TRUNDLE_UNSUPPORTED, "", "", "the board speaks version %d, we speak %d", (int)version, SCALE_PROTOCOL);
    if (!take_char(r, ' ') || !take_integer(r, 1, TRUNDLE_CELLS_MAX, &cells) || !take_char(r, ' ') || !take_integer(r, 1, 10000, &hz)
        || !take_char(r, ' ') || !take_integer(r, 0, 6, &axes) || axes % 3 || !take_char(r, ' '))
        return error_set(err, TRUNDLE_BAD_INPUT, "", "T version cells Hz axes name", "the hello is not of its form");
    name_n = (size_t)(r->end - r->at);
    if (name_n == 0 || name_n >= sizeof line->hello.name)
        return error_set(err, TRUNDLE_BAD_INPUT, "", "1 to 31 characters", "the name has %zu", name_n);
    if (cells != cells_n)
        return error_set(err, TRUNDLE_CONFLICT, "", "calibrate, or mend the cart file", "the board has %d cells, the cart file %d", (int)cells, cells_n);
    line->hello = (struct scale_hello){ .cells_n = (uint8_t)cells, .imu_axes = (uint8_t)axes, .hz = (uint16_t)hz };
    memcpy(line->hello.name, r->at, name_n);
    line->kind = SCALE_LINE_HELLO;
    r->at = r->end;
    return TRUNDLE_OK;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum trundle_status scale_line_parse(const char *text, size_t n, uint8_t cells_n, struct scale_line *out, struct trundle_error *err)
{
    struct scale_line line = { .kind = SCALE_LINE_NOTE };
    struct rest r;

    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return error_set(err, TRUNDLE_BAD_INPUT, "", "is the baud rate right?", "byte 0x%02x is not of the protocol", (unsigned)(uint8_t)text[i]);
    if (n < 4 || text[n - 3] != '*' || hex(text[n - 2]) < 0 || hex(text[n - 1]) < 0)
        return error_set(err, TRUNDLE_CORRUPT, "", "*XX ends every line", "no checksum");
    if (hex(text[n - 2]) * 16 + hex(text[n - 1]) != scale_crc8(text, n - 3))
        return error_set(err, TRUNDLE_CORRUPT, "", "", "checksum %.2s, the line gives %02X", text + n - 2, scale_crc8(text, n - 3));
    r = (struct rest){ text, text + n - 3 };
    if (!take_char(&r, '#')) {
        char kind = *r.at++;

        if ((kind != 'C' && kind != 'T') || !take_char(&r, ' '))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "C, T or #", "a line of an unknown kind");
        TRY(kind == 'C' ? take_reading(&r, cells_n, &line, err) : take_hello(&r, cells_n, &line, err));
    }
    *out = line;
    return TRUNDLE_OK;
}

/* [-]digits[.digits][e[-+]digits], correctly rounded for up to 15 digits; independent of the locale. */
static bool take_decimal(struct rest *r, double *out)
{
    const char *p = r->at;
    bool minus = p < r->end && *p == '-', point = false;
    int64_t mantissa = 0, exponent = 0;
    int digits = 0;
    double v;

    for (p += minus; p < r->end && ((*p >= '0' && *p <= '9') || (*p == '.' && !point)); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        digits++;
        if (mantissa < INT64_C(100000000000000)) {
            mantissa = mantissa * 10 + (*p - '0');
            exponent -= point;
        } else {
            exponent += !point;
        }
    }
    if (digits == 0 || digits > 40)
        return false;
    if (p < r->end && (*p | 32) == 'e') {
        struct rest e = { p + 1, r->end };
        int64_t more;

        (void)take_char(&e, '+');
        if (!take_integer(&e, -60, 60, &more))
            return false;
        exponent += more;
        p = e.at;
    }
    v = (double)mantissa;
    v = exponent < 0 ? v / pow(10, (double)-exponent) : v * pow(10, (double)exponent);
    r->at = p;
    *out = minus ? -v : v;
    return true;
}

/* A field up to the comma: a decimal, or nothing at all or `nan`, which give NAN. */
static bool take_field(struct rest *r, double *out)
{
    *out = NAN;
    return (r->at == r->end || *r->at == ',' || take_nan(r) || take_decimal(r, out)) && (r->at == r->end || *r->at == ',');
}

static enum trundle_status header_check(const char *text, size_t n, uint8_t cells_n, struct trundle_error *err)
{
    static const char *const axes[] = { "ax", "ay", "az", "gx", "gy", "gz" };
    struct rest r = { text + 3, text + n };

    for (int i = 0; i < cells_n + 6; i++) {
        char number[2] = { 'c', (char)('1' + i) };
        const char *name = i < cells_n ? number : axes[i - cells_n];

        if (r.at == r.end && (i == cells_n || i == cells_n + 3))
            return TRUNDLE_AGAIN;
        if (r.end - r.at < 3 || r.at[0] != ',' || r.at[1] != name[0] || r.at[2] != name[1] || (r.end - r.at > 3 && r.at[3] != ',')) {
            bool grams = r.end - r.at >= 5 && memcmp(r.at + 3, "_g", 2) == 0;

            return error_set(err, TRUNDLE_BAD_INPUT, "", grams ? "this is calibrated grams: `trundle weigh` reads that; here go converter counts"
                             : "t_s,c1,...[,ax,ay,az[,gx,gy,gz]]", "column %d is not named %.2s", i + 2, name);
        }
        r.at += 3;
    }
    return r.at == r.end ? TRUNDLE_AGAIN
                         : error_set(err, TRUNDLE_BAD_INPUT, "", "t_s,c1,...[,ax,ay,az[,gx,gy,gz]]", "more than %d columns", cells_n + 7);
}

enum trundle_status scale_row_parse(const char *text, size_t n, uint8_t cells_n, int64_t *out_t_ns, struct scale_reading *out, struct trundle_error *err)
{
    struct scale_reading reading = nothing;
    struct rest r = { text, text + n };
    double t_s, v;
    int axes = 0;

    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.at += 3;
    if (r.end - r.at >= 3 && memcmp(r.at, "t_s", 3) == 0)
        return header_check(r.at, (size_t)(r.end - r.at), cells_n, err);
    if (!take_field(&r, &t_s) || !(t_s >= 0 && t_s <= 4e9))
        return error_set(err, TRUNDLE_BAD_INPUT, "", "seconds, from 0", "the time is no number");
    reading.cell.n = cells_n;
    for (uint8_t i = 0; i < cells_n; i++) {
        if (!take_char(&r, ','))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "the cart file says how many cells there are", "%d of %d cells", i, cells_n);
        if (!take_field(&r, &v) || (v == v && (v < -INT32_MAX || v > INT32_MAX || v != floor(v))))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "converter counts, not grams; empty for nothing", "cell %d is no whole number", i + 1);
        reading.cell.raw[i] = v == v ? (int32_t)v : TRUNDLE_CELL_NONE;
    }
    for (; axes < 6 && take_char(&r, ','); axes++) {
        double limit = 1e-3 * (axes < 3 ? SCALE_ACCEL_MAX_MMS2 : SCALE_GYRO_MAX_MRADS);

        if (!take_field(&r, &v) || (v == v && fabs(v) > limit))
            return error_set(err, TRUNDLE_BAD_INPUT, "", "m/s2, rad/s", "axis %d is no number within %g", axes + 1, limit);
        *(axes < 3 ? &reading.imu.accel_ms2[axes] : &reading.imu.gyro_rads[axes - 3]) = (float)v;
    }
    if (r.at != r.end || axes % 3)
        return error_set(err, TRUNDLE_BAD_INPUT, "", "t_s,c1,...[,ax,ay,az[,gx,gy,gz]]", "the row does not have the columns of a scale of %d cells", cells_n);
    reading.imu_axes = (uint8_t)axes;
    *out_t_ns = (int64_t)llround(t_s * 1e9);
    *out = reading;
    return TRUNDLE_OK;
}

bool scale_clock_board(struct scale_clock *clock, uint32_t t_us, int64_t arrival_ns, int64_t *out_ns)
{
    uint32_t step_us = t_us - clock->last_us;      /* a wrapped clock steps forward as well */
    int64_t delay_ns;
    bool leapt;

    clock->board_ns += clock->set ? (int64_t)step_us * 1000 : 0;
    clock->offset_ns += clock->set ? (int64_t)(step_us / 5) : 0;      /* 200 ppm */
    delay_ns = arrival_ns - (clock->board_ns + clock->offset_ns);
    leapt = clock->set && (step_us > INT32_MAX || delay_ns > NS_PER_S || delay_ns < -NS_PER_S);
    if (!clock->set || leapt) {
        clock->board_ns = 0;
        clock->offset_ns = arrival_ns;
    } else if (delay_ns < 0) {
        clock->offset_ns += delay_ns;
    }
    clock->set = true;
    clock->last_us = t_us;
    if (clock->board_ns + clock->offset_ns > clock->last_ns)
        clock->last_ns = clock->board_ns + clock->offset_ns;
    *out_ns = clock->last_ns;
    return leapt;
}

bool scale_clock_row(struct scale_clock *clock, int64_t t_ns, int64_t period_ns, int64_t *out_ns)
{
    int64_t step_ns = t_ns - clock->board_ns;
    bool leapt = step_ns < 0 || step_ns > 10 * NS_PER_S;

    clock->last_ns += !leapt ? step_ns : clock->set ? period_ns : 0;
    clock->board_ns = t_ns;
    leapt = leapt && clock->set;
    clock->set = true;
    *out_ns = clock->last_ns;
    return leapt;
}
