/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/device - the cart's cameras, scale and scanner as they are plugged in: opened from the cart file, read on their
 * own threads, handed on as messages and raw pictures. It decides nothing and keeps nothing.
 *
 *     struct device_sink sink = { .user = me, .sample = on_sample, .picture = on_picture, .health = on_health };
 *     struct device_config config = DEVICE_CONFIG_DEFAULT;
 *     config.start_mono_ns = clock_mono_ns();
 *     TRY(devices_open(&cart, &config, &sink, &devices, err));
 *     ...
 *     devices_close(devices);
 *
 * Lifetime: `devices_open` copies what it needs of cart file, config and sink; `sink.user` must live until `devices_close`
 * has returned. After that no callback runs.
 * Threads: one of ours per device, and those that GStreamer starts. Callbacks of one device come one at a time, in order;
 * those of different devices come at the same time, so the sink must be safe for that. A callback may not call
 * devices_close, and returns quickly: while a camera's callback works, newer pictures push older ones out (see below). One that
 * waits (with `fast`, for room in a queue) must give up before devices_close can end. Signals are blocked in our threads.
 * Memory: no heap call per sample or picture in our code; GStreamer has its own pools.
 *
 * What is dropped, and when:
 *   camera    two finished pictures wait at most; a third pushes out the oldest. Every loss is counted, and said by a
 *             TRUNDLE_DROP message before the next picture of that camera.
 *   scale     nothing is dropped here; a line that does not hold (checksum, range, form) is counted as `garbage`.
 *   scanner   nothing is dropped here; a code that is cut short, too long or binary is counted as `garbage`.
 *   recorded sources with `fast`   nothing: the source waits for the callback.
 *
 * When a device goes wrong: it is never an error of the cart. A device that is unplugged (read error, hang-up, end of a
 * live stream) is GONE and tried again after 0.25 s, 0.5 s, ... up to 4 s; see `enum device_health`.
 * How each is plugged in, and the bytes of the scale's lines: docs/devices.md.
 */
#pragma once

#include "base/std/status.h"
#include "cart/calib/cart_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <trundle/message.h>

struct devices;

enum device_kind { DEVICE_CAMERA = 0, DEVICE_SCALE = 1, DEVICE_SCANNER = 2 };

/* Said when it changes, not again and again. */
enum device_health {
    DEVICE_OK = 0,        /* samples come; the first is said as well */
    DEVICE_SILENT = 1,    /* connected, but nothing came for `silent_ns` (a scanner may be silent for ever) */
    DEVICE_DARK = 2,      /* a camera whose pictures are black for a second: covered, or the light is out. They are handed on */
    DEVICE_GONE = 3,      /* unplugged, not there yet, or stopped; tried again */
    DEVICE_GARBAGE = 4,   /* it sends what cannot be believed: text says what. Only what is whole was handed on */
    DEVICE_END = 5        /* a recorded source has no more; its thread has ended */
};

/* A raw camera picture: 8-bit RGB, rows from the top. Borrowed for the duration of the call, and never to be kept, sent
 * or shown unmasked. Width and height are those of the cart file, whatever the camera sends. */
struct device_picture {
    const uint8_t *rgb;        /* 3 bytes a pixel */
    int width_px, height_px;
    size_t stride_bytes;       /* from row to row; >= 3 * width_px */
    int64_t sensed_ns;         /* when the camera took it; as in struct trundle_message */
};

struct device_sink {
    void *user;                /* borrowed */
    /* A sample of scale (TRUNDLE_CELL, and TRUNDLE_IMU of the same instant after it) or scanner (TRUNDLE_CODE), or a camera's
     * TRUNDLE_DROP. `sensor` and `sensed_ns` are set; `log_ns` and `sequence` are 0. Borrowed for the duration of the call. */
    void (*sample)(void *user, const struct trundle_message *m);
    /* `camera` is its place in the cart file. Cameras of role CART_CAMERA_SCANNER come here as well. */
    void (*picture)(void *user, unsigned camera, const struct device_picture *picture);
    /* `text` is one English sentence for a log, without personal data. May be NULL. */
    void (*health)(void *user, enum device_kind kind, unsigned index, enum device_health health, const char *text);
};

struct device_config {
    int64_t start_mono_ns;     /* clock_mono_ns() at the start of the trip: sensed_ns counts from here */
    int64_t silent_ns;         /* nothing for so long is SILENT; default 2 s; 0.05 to 60 s. A camera is restarted after 5 times this */
    bool    fast;              /* recorded sources (video files, csv:) run as fast as the callbacks take them, and sensed_ns is
                                  their own time from 0, handed on in the order of that time over all recordings, one at a time
                                  (ties: cameras, then scale); default false: at the speed at which they were recorded */
    bool    loop;              /* recorded sources begin again at their end instead of DEVICE_END; default false */
};

#define DEVICE_CONFIG_DEFAULT { .silent_ns = 2000000000 }

struct device_counters {
    uint64_t samples;          /* pictures, readings or codes handed on */
    uint64_t dropped;          /* whole pictures that nobody took in time */
    uint64_t garbage;          /* lines, codes or pictures refused */
    uint64_t jumps;            /* times that the device's clock leapt */
    uint64_t opened;           /* times that it was opened (1: never lost) */
};

/* Opens every device of the cart file whose `source` is not empty, and starts reading. Source texts are checked here; what is
 * not plugged in is only DEVICE_GONE.
 * BAD_INPUT: a source text is of no known form, or GStreamer refuses the launch string (the error names the element).
 * NOT_FOUND: a recorded file. UNSUPPORTED: a video file of a kind we do not open by path. DEVICE: no decoder, no GStreamer.
 * NO_MEMORY, IO: threads or pipes. On error nothing is open and no callback will come. */
TRUNDLE_MUST_USE enum trundle_status devices_open(const struct cart_file *cart, const struct device_config *config, const struct device_sink *sink,
                                                  struct devices **out_devices, struct trundle_error *err);

/* Stops and joins all threads, within 2 s. A driver that does not return in that time is left behind with its own memory, and
 * cannot reach the sink any more. NULL is fine. */
void devices_close(struct devices *devices);

/* How many devices still read or may come back; 0 when there were none, or all recorded ones have ended. */
unsigned devices_running(const struct devices *devices);

/* NOT_FOUND: the cart has no such device. Any thread. */
TRUNDLE_MUST_USE enum trundle_status devices_counters(const struct devices *devices, enum device_kind kind, unsigned index, struct device_counters *out);

/* "camera", "scale", "scanner"; "ok", "silent", "dark", "gone", "garbage", "end". Static; "?" for anything else. */
const char *device_kind_text(enum device_kind kind);
const char *device_health_text(enum device_health health);
