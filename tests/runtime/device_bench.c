/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#define _XOPEN_SOURCE 700
#include "tests/runtime/device_bench.h"

#include "base/std/hash.h"
#include "base/std/time.h"
#include "cart/runtime/scale_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void on_sample(void *user, const struct trundle_message *m)
{
    struct bench *b = user;

    (void)pthread_mutex_lock(&b->lock);
    if (m->log_ns != 0 || m->sequence != 0)
        b->backwards++;
    b->disorder += m->sensed_ns < b->any_ns;
    b->any_ns = m->sensed_ns;
    switch (m->channel) {
    case TRUNDLE_CELL:
        if (b->cells_n && m->sensed_ns < b->cell[(b->cells_n - 1) % BENCH_KEEP].sensed_ns)
            b->backwards++;
        b->cell[b->cells_n % BENCH_KEEP] = *m;
        b->cells_n++;
        break;
    case TRUNDLE_IMU: b->imu[b->imus_n % BENCH_KEEP] = *m, b->imus_n++; break;
    case TRUNDLE_CODE: b->code[b->codes_n % 64] = *m, b->codes_n++; break;
    case TRUNDLE_DROP:
        b->drops_n++;
        b->dropped += m->drop.count;
        break;
    default: b->backwards++;
    }
    (void)pthread_mutex_unlock(&b->lock);
}

static void on_picture(void *user, unsigned camera, const struct device_picture *p)
{
    struct bench *b = user;
    uint32_t crc = 0;

    (void)camera;
    for (int y = 0; y < p->height_px; y++)
        crc = hash_crc32(crc, p->rgb + (size_t)y * p->stride_bytes, 3 * (size_t)p->width_px);
    (void)pthread_mutex_lock(&b->lock);
    if (b->pictures_n && p->sensed_ns < b->last_ns)
        b->backwards++;
    b->last_ns = p->sensed_ns;
    b->disorder += p->sensed_ns < b->any_ns;
    b->any_ns = p->sensed_ns;
    b->picture_hash[b->pictures_n % BENCH_KEEP] = crc;
    b->picture_ns[b->pictures_n % BENCH_KEEP] = p->sensed_ns;
    b->picture = *p;
    b->picture.rgb = NULL;
    b->pictures_n++;
    (void)pthread_mutex_unlock(&b->lock);
    if (b->slow_ns)
        clock_sleep_until_ns(clock_mono_ns() + b->slow_ns);
}

static void on_health(void *user, enum device_kind kind, unsigned index, enum device_health health, const char *text)
{
    struct bench *b = user;

    (void)pthread_mutex_lock(&b->lock);
    printf("# %s %u %s: %s\n", device_kind_text(kind), index, device_health_text(health), text);
    (void)snprintf(b->text[health], sizeof b->text[0], "%s", text);
    b->health = (int)health;
    b->health_n[health]++;
    (void)pthread_mutex_unlock(&b->lock);
}

struct bench *bench_new(void)
{
    static struct bench b;

    memset(&b, 0, sizeof b);
    (void)pthread_mutex_init(&b.lock, NULL);
    b.config = (struct device_config)DEVICE_CONFIG_DEFAULT;
    b.cart.cameras_n = 1;
    b.cart.camera[0].width_px = 64;
    b.cart.camera[0].height_px = 48;
    b.cart.camera[0].fps = 30;
    b.cart.cells.n = 4;
    b.cart.cells.hz = 80;
    return &b;
}

enum trundle_status bench_refused(struct bench *b, struct trundle_error *err)
{
    const struct device_sink sink = { .user = b, .sample = on_sample, .picture = on_picture, .health = on_health };
    enum trundle_status status = devices_open(&b->cart, &b->config, &sink, &b->devices, err);

    if (status != TRUNDLE_OK) {
        printf("# refused: %s: %s (%s)\n", err->where, err->what, err->hint);
        assert_null(b->devices);
    }
    return status;
}

void bench_open(struct bench *b)
{
    struct trundle_error err = { 0 };

    b->config.start_mono_ns = clock_mono_ns();
    support_ok(bench_refused(b, &err), &err);
}

void bench_close(struct bench *b)
{
    int64_t before = clock_mono_ns();

    devices_close(b->devices);
    b->devices = NULL;
    assert_true(clock_mono_ns() - before < 2 * NS_PER_S);
    assert_int_equal(b->backwards, 0);
}

bool bench_wait(const atomic_uint *count, unsigned n, double seconds)
{
    int64_t until = clock_mono_ns() + S_NS(seconds * 4);       /* a loaded machine is no failure */

    while (*count < n && clock_mono_ns() < until)
        clock_sleep_until_ns(clock_mono_ns() + 2 * NS_PER_MS);
    return *count >= n;
}

bool bench_said(struct bench *b, enum device_health health, const char *words)
{
    bool said;

    (void)pthread_mutex_lock(&b->lock);
    said = strstr(b->text[health], words) != NULL;
    (void)pthread_mutex_unlock(&b->lock);
    return said;
}

struct device_counters bench_counters(struct bench *b, enum device_kind kind)
{
    struct device_counters c = { 0 };

    assert_int_equal(devices_counters(b->devices, kind, 0, &c), TRUNDLE_OK);
    return c;
}

int bench_terminal(const char *path)
{
    char fresh[4096];
    struct termios t;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);

    if (fd < 0)
        support_skip("this machine has no pseudo-terminals (/dev/pts)");
    assert_true(grantpt(fd) == 0 && unlockpt(fd) == 0);
    assert_int_equal(tcgetattr(fd, &t), 0);
    t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    (void)tcsetattr(fd, TCSANOW, &t);
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    assert_int_equal(symlink(ptsname(fd), fresh), 0);
    assert_int_equal(rename(fresh, path), 0);
    return fd;
}

void bench_type(int fd, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;

    while (n) {
        ssize_t done = write(fd, at, n);

        assert_true(done > 0 || errno == EINTR);
        at += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

void bench_line(int fd, const char *format, ...)
{
    char text[512], line[520];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    n = snprintf(line, sizeof line, "%s*%02X\r\n", text, scale_crc8(text, (size_t)n));
    bench_type(fd, line, (size_t)n);
}
