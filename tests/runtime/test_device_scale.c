/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The scale: its lines, its clock, a pseudo-terminal that is plugged and unplugged, and recordings. */
#include "tests/runtime/device_bench.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/runtime/scale_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum trundle_status parse(const char *text, struct scale_line *out)
{
    char line[400];
    int n = snprintf(line, sizeof line, "%s*%02X", text, scale_crc8(text, strlen(text)));
    struct trundle_error err = { 0 };
    enum trundle_status status = scale_line_parse(line, (size_t)n, 4, out, &err);

    assert_true(status == TRUNDLE_OK || err.what[0]);
    return status;
}

/* The check value of CRC-8/SMBUS, and the very lines of docs/devices.md. */
static void the_page_is_right(void **state)
{
    static const char *const kinds[] = { "T 1 4 80 3 trundle-scale*09", "C 1234567 8391200 8388100 8402000 8395500 12 -30 9806*FE", "# warming up*0B" };
    struct bytes page = { 0 };
    struct trundle_error err;
    struct scale_line line;

    (void)state;
    assert_int_equal(scale_crc8("123456789", 9), 0xf4);
    support_ok(file_read(support_source("docs/devices.md"), 1 << 20, &page, &err), &err);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        support_ok(scale_line_parse(kinds[i], strlen(kinds[i]), 4, &line, &err), &err);
        assert_non_null(strstr((const char *)page.data, kinds[i]));
    }
    bytes_done(&page);
}

static void reads_a_line(void **state)
{
    struct scale_line line;

    (void)state;
    assert_int_equal(parse("C 4294967295 -12 0 2147483647 - 12 -30 9806 1 -2 3", &line), TRUNDLE_OK);
    assert_int_equal(line.kind, SCALE_LINE_READING);
    assert_int_equal(line.t_us, UINT32_MAX);
    assert_int_equal(line.reading.cell.n, 4);
    assert_int_equal(line.reading.cell.raw[0], -12);
    assert_int_equal(line.reading.cell.raw[2], INT32_MAX);
    assert_int_equal(line.reading.cell.raw[3], TRUNDLE_CELL_NONE);
    assert_int_equal(line.reading.imu_axes, 6);
    assert_near(line.reading.imu.accel_ms2[2], 9.806, 1e-6);
    assert_near(line.reading.imu.gyro_rads[1], -0.002, 1e-9);
    assert_int_equal(parse("C 0 1 2 nan NaN", &line), TRUNDLE_OK);
    assert_int_equal(line.reading.imu_axes, 0);
    assert_int_equal(line.reading.cell.raw[2], TRUNDLE_CELL_NONE);
    assert_true(isnan(line.reading.imu.accel_ms2[0]));
    assert_int_equal(parse("T 1 4 80 6 a name", &line), TRUNDLE_OK);
    assert_string_equal(line.hello.name, "a name");
}

static void refuses_all_else(void **state)
{
    static const char *const wrong[] = { "", "C", "C ", "C 1", "C 1 1 2 3", "C 1 1 2 3 4 ", "C 1 1 2 3 4 5", "C 1 1 2 3 4 5 6 7 8", "C 1 1 2 3 4 5 6 7 8 9 10 11",
                                         "C -1 1 2 3 4", "C 4294967296 1 2 3 4", "C 1 1 2 3 2147483648", "C 1 1 2 3 -2147483648", "C 1 +1 2 3 4", "C  1 1 2 3 4",
                                         "C 1 1.5 2 3 4", "C 1 1 2 3 4 0 0 400001", "C 1 0x1 2 3 4", "c 1 1 2 3 4", "D 1 1 2 3 4", "C 1 1 2 3 inf",
                                         "C 1 99999999999999999999 2 3 4", "T 1 4 80 4 n", "T 1 4 80 3", "T 1 5 80 3 n",
                                         "T 1 4 80 3 a-name-of-more-than-31-characters" };
    struct scale_line line, before;
    char text[] = "C 7 1 2 3 4*00";

    (void)state;
    memset(&before, 0x77, sizeof before);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        memcpy(&line, &before, sizeof line);
        assert_int_equal(parse(wrong[i], &line), wrong[i][0] ? TRUNDLE_BAD_INPUT : TRUNDLE_CORRUPT);
        assert_memory_equal(&line, &before, sizeof line);
    }
    assert_int_equal(parse("T 2 4 80 3 n", &line), TRUNDLE_UNSUPPORTED);
    assert_int_equal(parse("T 1 2 80 3 n", &line), TRUNDLE_CONFLICT);
    assert_int_equal(scale_line_parse(text, strlen(text), 4, &line, NULL), TRUNDLE_CORRUPT);
    assert_int_equal(scale_line_parse("C 7 1 2 3 4", 11, 4, &line, NULL), TRUNDLE_CORRUPT);
}

/* Every single wrong bit is seen. */
static void every_wrong_bit_is_seen(void **state)
{
    static const char good[] = "C 1234567 8391200 8388100 8402000 8395500 12 -30 9806*FE";
    struct scale_line line;

    (void)state;
    for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
        char bad[sizeof good];

        memcpy(bad, good, sizeof good);
        bad[bit / 8] ^= (char)(1u << bit % 8);
        assert_int_not_equal(scale_line_parse(bad, sizeof good - 1, 4, &line, NULL), TRUNDLE_OK);
    }
    /* The mutant: the line itself is fine. */
    assert_int_equal(scale_line_parse(good, sizeof good - 1, 4, &line, NULL), TRUNDLE_OK);
}

static void reads_a_row(void **state)
{
    static const char *const wrong[] = { "1", "1,1,2,3", "1,1,2,3,4.5", "-1,1,2,3,4", "1,1,2,3,4,5", "1,1,2,3,4,0,0,500", "1;1;2;3;4", "\"1\",1,2,3,4", "nan,1,2,3,4",
                                         "1e99,1,2,3,4", "1,1,2,3,1e12", "t_s,c1_g,c2_g,c3_g,c4_g", "t_s,c1,c2,c3", "t_s,c1,c2,c3,c4,ax", "t_s,c1,c2,c3,c4,ax,ay,az,gx,gy,gz,q",
                                         "1,1,2,3,4,0,0,9,0,0,0,0", "1,1,2,3,4 ", "0x1,1,2,3,4" };
    static const char *const headers[] = { "t_s,c1,c2,c3,c4", "\xef\xbb\xbft_s,c1,c2,c3,c4,ax,ay,az", "t_s,c1,c2,c3,c4,ax,ay,az,gx,gy,gz" };
    struct scale_reading r;
    struct trundle_error err;
    int64_t t_ns;

    (void)state;
    support_ok(scale_row_parse("12.0125,-5,8388607,,nan,0.1,-2e-1,9.81", 38, 4, &t_ns, &r, &err), &err);
    assert_true(t_ns == 12012500000);
    assert_int_equal(r.cell.raw[0], -5);
    assert_int_equal(r.cell.raw[1], 8388607);
    assert_int_equal(r.cell.raw[2], TRUNDLE_CELL_NONE);
    assert_int_equal(r.cell.raw[3], TRUNDLE_CELL_NONE);
    assert_int_equal(r.imu_axes, 3);
    assert_near(r.imu.accel_ms2[1], -0.2, 1e-7);
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        assert_int_equal(scale_row_parse(headers[i], strlen(headers[i]), 4, &t_ns, &r, &err), TRUNDLE_AGAIN);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(scale_row_parse(wrong[i], strlen(wrong[i]), 4, &t_ns, &r, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(scale_row_parse(wrong[11], strlen(wrong[11]), 4, &t_ns, &r, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.hint, "grams"));
}

/* A board at 80 Hz whose clock is 100 ppm fast and wraps; lines 2 to 12 ms late. The times we give it keep its even pace. */
static void the_clock_keeps_an_even_pace(void **state)
{
    struct scale_clock clock = { 0 };
    struct rng r = rng_seed(support_seed(), "scale clock");
    double worst_ns = 0, late_ns = 0;

    (void)state;
    for (int64_t i = 0; i < 80 * 60; i++) {
        int64_t true_ns = 5 * NS_PER_S + i * 12500000, got_ns;
        uint32_t t_us = (uint32_t)(4294000000u + (uint64_t)((double)i * 12500 * 1.0001));

        assert_false(scale_clock_board(&clock, t_us, true_ns + (int64_t)rng_range(&r, 2e6, 12e6), &got_ns));
        if (i > 400 && fabs((double)(got_ns - true_ns) - 2e6) > worst_ns)
            worst_ns = fabs((double)(got_ns - true_ns) - 2e6);
        if ((double)(got_ns - true_ns) > late_ns)
            late_ns = (double)(got_ns - true_ns);
    }
    printf("# worst deviation from the least delay %.3f ms of a jitter of 10 ms\n", worst_ns * 1e-6);
    assert_true(worst_ns < 2e6 && late_ns <= 12e6);
}

static void a_clock_that_leaps_is_taken_as_it_comes(void **state)
{
    struct scale_clock clock = { 0 };
    int64_t t, last = 0;
    uint32_t wild[] = { 0, 12500, 25000, 3000000000u, 3000012500u, 5, 12505, 4294967295u, 0, 12500 };
    int leaps = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        int64_t arrival = NS_PER_S + (int64_t)i * 12500000;

        leaps += scale_clock_board(&clock, wild[i], arrival, &t);
        assert_true(t >= last && t <= arrival);
        assert_true(arrival - t < 13 * NS_PER_MS);
        last = t;
    }
    assert_int_equal(leaps, 3);
    memset(&clock, 0, sizeof clock);
    assert_false(scale_clock_row(&clock, 1700000000 * NS_PER_S, 1000, &t));
    assert_int_equal(t, 0);
    assert_false(scale_clock_row(&clock, 1700000001 * NS_PER_S, 1000, &t));
    assert_true(t == NS_PER_S);
    assert_true(scale_clock_row(&clock, 3 * NS_PER_S, 1000, &t));
    assert_true(t == NS_PER_S + 1000);
    assert_true(scale_clock_row(&clock, 300 * NS_PER_S, 1000, &t));
    assert_true(t == NS_PER_S + 2000);
}

static struct bench *scale(const char *source)
{
    struct bench *b = bench_new();

    (void)snprintf(b->cart.scale.source, sizeof b->cart.scale.source, "%s", source);
    return b;
}

static const char *port_path(char out[400], const char *name)
{
    (void)snprintf(out, 400, "%s/%s", support_scratch(), name);
    return out;
}

/* Plugs a board in and waits until it is heard (the port throws away what was sent before it was opened). */
static int plug(struct bench *b, const char *path, uint32_t *t_us)
{
    unsigned before = b->cells_n;
    int fd = bench_terminal(path);

    if (!b->devices)
        bench_open(b);
    for (int i = 0; i < 400 && b->cells_n == before; i++) {
        bench_line(fd, "C %u 1 2 3 4", *t_us += 12500);
        (void)bench_wait(&b->cells_n, before + 1, 0.005);
    }
    assert_true(b->cells_n > before);
    return fd;
}

static void a_board_is_read_through_garbage(void **state)
{
    char path[400], source[512], junk[2000];
    struct bench *b;
    struct rng r = rng_seed(support_seed(), "scale junk");
    uint32_t t_us = 1000;
    unsigned before, imus;
    int fd;

    (void)state;
    (void)snprintf(source, sizeof source, "serial:%s,115200", port_path(path, "scale0"));
    b = scale(source);
    fd = plug(b, path, &t_us);
    clock_sleep_until_ns(clock_mono_ns() + 50 * NS_PER_MS);      /* what plug() sent is through */
    bench_line(fd, "T 1 4 80 3 test");
    before = b->cells_n;
    for (int i = 0; i < 40; i++)
        bench_line(fd, "C %u 10 20 30 %d 0 0 9807", t_us += 12500, i);
    assert_true(bench_wait(&b->imus_n, 40, 2));
    assert_int_equal(b->cells_n, before + 40);
    assert_int_equal(b->cell[before + 39].cell.raw[3], 39);
    assert_true(b->imu[39].sensed_ns == b->cell[before + 39].sensed_ns);
    assert_near(b->imu[39].imu.accel_ms2[2], 9.807, 1e-5);
    assert_int_equal(b->health, DEVICE_OK);

    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < sizeof junk; i++)
            junk[i] = (char)rng_u64(&r);
        bench_type(fd, junk, sizeof junk);
        bench_type(fd, "\n", 1);
        before = b->cells_n;
        imus = b->imus_n;
        bench_line(fd, "C %u 1 2 3 4 0 0 9807", t_us += 12500);
        assert_true(bench_wait(&b->imus_n, imus + 1, 2));
        assert_int_equal(b->cells_n, before + 1);
    }
    assert_true(b->health_n[DEVICE_GARBAGE] >= 1);
    assert_true(bench_counters(b, DEVICE_SCALE).garbage >= 5);
    bench_line(fd, "C %u nan nan nan nan - - -", t_us += 12500);
    bench_line(fd, "C 5 1 2 3 4 0 0 9807");
    assert_true(bench_wait(&b->cells_n, before + 3, 2));
    assert_int_equal(bench_counters(b, DEVICE_SCALE).jumps, 1);
    bench_close(b);
    (void)close(fd);
}

/* One cell and three axes look like four cells. The hello tells them apart. */
static void a_board_of_another_kind_is_not_believed(void **state)
{
    char path[400], source[512];
    struct bench *b;
    uint32_t t_us = 0;
    unsigned before;
    int fd;

    (void)state;
    (void)snprintf(source, sizeof source, "serial:%s", port_path(path, "scale3"));
    b = scale(source);
    fd = plug(b, path, &t_us);
    clock_sleep_until_ns(clock_mono_ns() + 50 * NS_PER_MS);
    before = b->cells_n;
    bench_line(fd, "T 1 1 80 3 other");
    bench_line(fd, "C %u 8391200 12 -30 9806", t_us += 12500);
    assert_true(bench_wait(&b->health_n[DEVICE_GARBAGE], 1, 1));
    bench_line(fd, "T 1 4 80 3 ours");
    bench_line(fd, "C %u 1 2 3 4", t_us += 12500);
    bench_line(fd, "C %u 1 2 3 4 12 -30 9806", t_us += 12500);
    assert_true(bench_wait(&b->imus_n, 1, 1));
    assert_int_equal(bench_counters(b, DEVICE_SCALE).garbage, 3);
    bench_close(b);
    assert_int_equal(b->cells_n, before + 1);
    (void)close(fd);
}

static void a_board_is_unplugged_and_comes_back(void **state)
{
    char path[400], source[512];
    struct bench *b;
    uint32_t t_us = 0;
    int fd;

    (void)state;
    (void)snprintf(source, sizeof source, "serial:%s", port_path(path, "scale1"));
    b = scale(source);
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 1));
    assert_true(bench_said(b, DEVICE_GONE, path));
    fd = plug(b, path, &t_us);
    assert_int_equal(b->health, DEVICE_OK);
    (void)close(fd);
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 2, 1));
    t_us = 0;
    fd = plug(b, path, &t_us);
    assert_true(bench_wait(&b->health_n[DEVICE_OK], 2, 1));
    assert_true(bench_counters(b, DEVICE_SCALE).opened >= 2);
    assert_int_equal(bench_counters(b, DEVICE_SCALE).jumps, 0);
    bench_close(b);
    (void)close(fd);
}

static void a_board_that_stops_is_silent(void **state)
{
    char path[400], source[512];
    struct bench *b;
    uint32_t t_us = 0;
    int fd;

    (void)state;
    (void)snprintf(source, sizeof source, "serial:%s,9600", port_path(path, "scale2"));
    b = scale(source);
    b->config.silent_ns = 100 * NS_PER_MS;
    fd = plug(b, path, &t_us);
    assert_true(bench_wait(&b->health_n[DEVICE_SILENT], 1, 1));
    bench_line(fd, "C %u 1 2 3 4", t_us += 500000);
    assert_true(bench_wait(&b->health_n[DEVICE_OK], 2, 1));
    bench_close(b);
    (void)close(fd);
}

static struct bench *recording(const char *content)
{
    static char source[512];
    struct trundle_error err;
    static int number;

    (void)snprintf(source, sizeof source, "csv:%s/scale%d.csv", support_scratch(), number++);
    support_ok(file_write(source + 4, content, strlen(content), &err), &err);
    return scale(source);
}

static void a_recording_plays_fast_or_at_its_pace(void **state)
{
    static const char text[] = "t_s,c1,c2,c3,c4,ax,ay,az\r\n0.0,1,2,3,4,0,0,9.8\r\n0.1,1,2,3,5,0,0,9.8\r\nrubbish\r\n0.2,1,2,3,6,0,0,9.8\r\n"
                               "0.05,1,2,3,7,,,\r\n100.0,,,,,0,0,9.8\r\n100.1,1,2,3,9,0,0,9.8";
    struct bench *b = recording(text);

    (void)state;
    b->config.fast = true;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 1));
    assert_int_equal(bench_counters(b, DEVICE_SCALE).garbage, 1);
    assert_int_equal(bench_counters(b, DEVICE_SCALE).jumps, 2);
    bench_close(b);
    assert_int_equal(b->cells_n, 6);
    assert_int_equal(b->imus_n, 6);
    assert_true(b->cell[2].sensed_ns == 200 * NS_PER_MS);
    assert_true(b->cell[3].sensed_ns == 212500000);
    assert_true(b->cell[5].sensed_ns == 325 * NS_PER_MS);
    assert_int_equal(b->cell[5].cell.raw[3], 9);

    b = recording("0,1,2,3,4\n0.15,1,2,3,4\n0.3,1,2,3,4\n");
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 1));
    assert_true(clock_mono_ns() - b->config.start_mono_ns >= 300 * NS_PER_MS);
    bench_close(b);
    assert_near(ns_s(b->cell[2].sensed_ns - b->cell[0].sensed_ns), 0.3, 1e-6);

    b = recording("0,1,2,3,4\n0.0125,1,2,3,4\n");
    b->config.fast = b->config.loop = true;
    bench_open(b);
    assert_true(bench_wait(&b->cells_n, 100, 1));
    bench_close(b);
    assert_true(b->cell[99].sensed_ns == 99 * 12500000);
}

/* Two cameras of 30 and 10 a second, one of them slow to look at, and a scale of 80 Hz: one order, by time. */
static void recordings_keep_in_step(void **state)
{
    static char text[20000];
    struct bench *b;
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 160; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.4f,1,2,3,%d,0,0,9.8\n", i * 0.0125, i);
    b = recording(text);
    b->cart.cameras_n = 2;
    b->cart.camera[1] = b->cart.camera[0];
    (void)snprintf(b->cart.camera[0].source, CART_TEXT, "videotestsrc num-buffers=60 ! video/x-raw,width=64,height=48,framerate=30/1");
    (void)snprintf(b->cart.camera[1].source, CART_TEXT, "videotestsrc num-buffers=20 ! video/x-raw,width=64,height=48,framerate=10/1");
    b->config.fast = true;
    b->slow_ns = NS_PER_MS;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 3, 3));
    bench_close(b);
    assert_int_equal(b->cells_n, 160);
    assert_int_equal(b->pictures_n, 80);
    assert_int_equal(b->disorder, 0);
}

/* Stopped in a gap of nine seconds. */
static void a_gap_in_a_recording_holds_nobody_up(void **state)
{
    struct bench *b = recording("0,1,2,3,4\n9,1,2,3,4\n");

    (void)state;
    b->config.silent_ns = 100 * NS_PER_MS;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_SILENT], 1, 1));
    bench_close(b);
    assert_int_equal(b->cells_n, 1);
}

static void a_wrong_source_is_refused(void **state)
{
    static const struct { const char *source, *says; enum trundle_status status; } wrong[] = {
        { "tty:/dev/ttyUSB0", "tty:", TRUNDLE_BAD_INPUT }, { "serial:", "path", TRUNDLE_BAD_INPUT }, { "serial:/dev/ttyUSB0,12345", "12345", TRUNDLE_BAD_INPUT },
        { "serial:/dev/ttyUSB0,", "", TRUNDLE_BAD_INPUT }, { "serial:/dev/ttyUSB0,-9600", "", TRUNDLE_BAD_INPUT }, { "evdev:/dev/input/event0", "evdev", TRUNDLE_BAD_INPUT },
        { "csv:/nowhere/at/all.csv", "No such file", TRUNDLE_NOT_FOUND }, { "csv:", "path", TRUNDLE_BAD_INPUT },
    };
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(bench_refused(scale(wrong[i].source), &err), wrong[i].status);
        assert_non_null(strstr(err.what, wrong[i].says));
    }
    assert_int_equal(bench_refused(recording("t_s,c1_g,c2_g,c3_g,c4_g\n0,1,2,3,4\n"), &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(bench_refused(recording(""), &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(bench_refused(recording("0,1,2\n"), &err), TRUNDLE_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_right),
        cmocka_unit_test(reads_a_line),
        cmocka_unit_test(refuses_all_else),
        cmocka_unit_test(every_wrong_bit_is_seen),
        cmocka_unit_test(reads_a_row),
        cmocka_unit_test(the_clock_keeps_an_even_pace),
        cmocka_unit_test(a_clock_that_leaps_is_taken_as_it_comes),
        cmocka_unit_test(a_board_is_read_through_garbage),
        cmocka_unit_test(a_board_of_another_kind_is_not_believed),
        cmocka_unit_test(a_board_is_unplugged_and_comes_back),
        cmocka_unit_test(a_board_that_stops_is_silent),
        cmocka_unit_test(a_recording_plays_fast_or_at_its_pace),
        cmocka_unit_test(recordings_keep_in_step),
        cmocka_unit_test(a_gap_in_a_recording_holds_nobody_up),
        cmocka_unit_test(a_wrong_source_is_refused),
    };

    return support_run(tests);
}
