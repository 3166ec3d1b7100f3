/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * device_bench - a bench to plug devices into: a sink that remembers what came (counted last, so that
 * what is counted may be read), waits for it, and a pseudo-terminal that is the
 * other end of a serial port.
 */
#pragma once

#include "cart/runtime/device.h"
#include "tests/support/support.h"

#include <pthread.h>
#include <stdatomic.h>

enum { BENCH_KEEP = 4096 };

struct bench {
    struct cart_file cart;
    struct device_config config;
    struct devices *devices;
    pthread_mutex_t lock;
    atomic_uint cells_n, imus_n, codes_n, drops_n, dropped, pictures_n, backwards;
    struct trundle_message cell[BENCH_KEEP], imu[BENCH_KEEP], code[64];
    int64_t picture_ns[BENCH_KEEP];
    uint32_t picture_hash[BENCH_KEEP];         /* CRC of all its rows */
    int64_t last_ns;
    int64_t any_ns;                            /* of the last picture or reading */
    unsigned disorder;                         /* how often any_ns ran backwards */
    struct device_picture picture;             /* the last; rgb is NULL */
    atomic_uint health_n[8];                   /* how often each was said */
    atomic_int health;                         /* the last one */
    char text[8][512];                         /* the last text of each */
    int64_t slow_ns;                           /* how long a picture's callback works */
};

/* An empty cart: one 64 x 48 camera at 30 a second, four cells at 80 Hz, no source. Static storage, one at a time. */
struct bench *bench_new(void);
void bench_open(struct bench *b);
/* The error of an opening that must fail. */
enum trundle_status bench_refused(struct bench *b, struct trundle_error *err);
/* Closes, and fails when it took more than 2 s. */
void bench_close(struct bench *b);
/* Waits until *count >= n; false after the time (stretched under sanitizers). */
bool bench_wait(const atomic_uint *count, unsigned n, double seconds);
/* Whether the last text of a health holds `words`. */
bool bench_said(struct bench *b, enum device_health health, const char *words);
struct device_counters bench_counters(struct bench *b, enum device_kind kind);

/* A pseudo-terminal: returns the board's end; `path` is a fresh symbolic link (given again: moved) to the cart's end. */
int bench_terminal(const char *path);
void bench_type(int fd, const void *bytes, size_t n);
/* Writes one line of the scale's protocol with its checksum. */
TRUNDLE_PRINTF(2, 3) void bench_line(int fd, const char *format, ...);
