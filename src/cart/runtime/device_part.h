/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/device_part - what camera.c, scale.c and scanner.c share with device.c; not for others. One `struct device` per
 * thing plugged in, with its thread, the way out to the sink, and its health.
 */
#pragma once

#include "cart/runtime/device.h"
#include "cart/runtime/port.h"
#include "cart/runtime/turns.h"

#include <pthread.h>
#include <stdatomic.h>

enum { DEVICE_FIRST_PAUSE_MS = 250, DEVICE_LAST_PAUSE_MS = 4000 };

struct device_camera {
    struct cart_camera cart;
    char launch[2 * CART_TEXT];        /* the whole pipeline's text, before the part that is ours */
    char file[CART_TEXT];              /* not empty: `source` named a video file */
};

struct device {
    enum device_kind kind;
    unsigned index;
    struct device_config config;
    struct device_sink sink;
    struct turns *turns;               /* counted; with `fast`, whose turn it is among the recordings */
    unsigned place;
    int64_t opened_ns;                 /* monotonic; recorded sources play from here */
    union {
        struct device_camera camera;
        struct {
            struct port_source source;
            uint8_t cells_n;
            int64_t period_ns;         /* nominal, of a scale */
        } port;
    };
    void (*run)(struct device *d);     /* reads until device_stopping, or until a recorded source has ended */

    pthread_t thread;
    int wake[2];                       /* a byte in the pipe ends every wait */
    atomic_bool stop;
    pthread_mutex_t lock;              /* held while a callback runs */
    pthread_cond_t ended_now;
    bool ended, closed;                /* under lock: the thread is over; the sink may not be called any more */
    atomic_int owners;                 /* the thread and the struct devices */
    atomic_bool running;
    atomic_uint_least64_t samples, dropped, garbage, jumps, opened;

    /* Of the device's thread alone. */
    enum device_health health;
    bool health_said;
    int64_t bad_ns;                    /* when the last bad thing came */
    int64_t last_sensed_ns;
};

static inline bool device_stopping(const struct device *d)
{
    return atomic_load(&d->stop);
}

/* Hands one message or picture on, with sensed_ns pulled forward where it would run backwards. */
void device_sample(struct device *d, struct trundle_message *m);
void device_picture(struct device *d, struct device_picture *picture);
/* Says a health when it is another than the last one said. */
TRUNDLE_PRINTF(3, 4) void device_say(struct device *d, enum device_health health, const char *text, ...);
/* Something good came: OK again, but only a second after the last bad thing. */
void device_good(struct device *d);
/* Something bad came: counts it, and says GARBAGE. */
TRUNDLE_PRINTF(2, 3) void device_bad(struct device *d, const char *text, ...);
/* With `fast`: waits until no other recording can come with something earlier. Before each hand-over of a recording. */
void device_turn(struct device *d, int64_t sensed_ns);
/* This one is live, or has nothing for now: the recordings need not wait for it. */
void device_no_turn(struct device *d);
/* Waits; false when the device is to stop. */
bool device_pause(struct device *d, int64_t ns);
/* The pause before the next try: 0.25 s, 0.5 s, ... 4 s. *pause_ms is 0 at first, and again after a good run. */
bool device_retry(struct device *d, unsigned *pause_ms);

/* Each checks its source text and fills in what its thread needs; nothing is started. */
TRUNDLE_MUST_USE enum trundle_status camera_prepare(struct device *d, const struct cart_camera *camera, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status scale_prepare(struct device *d, const struct cart_file *cart, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status scanner_prepare(struct device *d, const struct cart_file *cart, struct trundle_error *err);
