/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The barcode scanner's thread: a serial port or a keyboard wedge, to codes; the bytes are read by scan_bytes.c. */
#include "cart/runtime/device_part.h"
#include "cart/runtime/scan_bytes.h"

#include "base/std/time.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct scanner {
    struct port_line line;
    struct scan_keys keys;
};

static void take_byte(struct device *d, struct scanner *s, uint8_t byte, int64_t arrival_ns)
{
    struct trundle_message m = { .channel = TRUNDLE_CODE, .sensed_ns = arrival_ns - d->config.start_mono_ns };
    struct trundle_error err = { .what = "a code without end" };
    enum trundle_status status = TRUNDLE_AGAIN;

    if (d->port.source.kind == PORT_EVDEV) {
        status = scan_keys_byte(&s->keys, byte, &m.code, &err);
    } else {
        enum port_line_event event = port_line_push(&s->line, byte);

        if (event != PORT_LINE_MORE)
            status = event == PORT_LINE_WHOLE ? scan_line_code(s->line.text, s->line.n, &m.code, &err) : TRUNDLE_TOO_LARGE;
    }
    if (status == TRUNDLE_OK) {
        atomic_fetch_add(&d->samples, 1);
        device_sample(d, &m);
        device_good(d);
    } else if (status != TRUNDLE_AGAIN) {
        device_bad(d, "scanner: %s (%s)", err.what, err.hint);
    }
}

/* The end of a code did not come: half a code is none. */
static void cut_short(struct device *d, struct scanner *s)
{
    bool had = scan_keys_drop(&s->keys) || (!s->line.whole && (s->line.n || s->line.over));

    s->line = (struct port_line){ .n = 0 };
    if (had)
        device_bad(d, "scanner: a code without end (set the scanner to send Enter after each)");
}

/* Reads an open port until it breaks; true when the device is to stop. */
static bool scanner_read(struct device *d, int fd)
{
    struct scanner s = { .keys = { .n = 0 } };
    uint8_t bytes[1024];

    while (!device_stopping(d)) {
        enum port_event event = port_wait(fd, d->wake[0], MS_NS(SCAN_IDLE_MS));
        int64_t now = clock_mono_ns();
        ssize_t n;

        if (event == PORT_WOKEN)
            return true;
        if (event == PORT_TIMEOUT) {
            cut_short(d, &s);
            continue;
        }
        n = read(fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0) {
            cut_short(d, &s);
            device_say(d, DEVICE_GONE, "the scanner hung up: %s", n < 0 ? strerror(errno) : "end of file");
            return false;
        }
        for (ssize_t i = 0; i < n; i++)
            take_byte(d, &s, bytes[i], now);
    }
    return true;
}

static void run_scanner(struct device *d)
{
    unsigned pause_ms = 0;

    device_no_turn(d);
    do {
        struct trundle_error err;
        int fd;

        if (port_open(&d->port.source, &fd, &err) != TRUNDLE_OK) {
            device_say(d, DEVICE_GONE, "scanner %s %s (%s)", err.where, err.what, err.hint);
        } else {
            uint64_t before = atomic_load(&d->samples);
            bool stop;

            atomic_fetch_add(&d->opened, 1);
            device_good(d);            /* there is nothing to wait for: a scanner speaks when it scans */
            stop = scanner_read(d, fd);
            (void)close(fd);
            if (stop)
                return;
            if (atomic_load(&d->samples) > before)
                pause_ms = 0;
        }
    } while (device_retry(d, &pause_ms));
}

enum trundle_status scanner_prepare(struct device *d, const struct cart_file *cart, struct trundle_error *err)
{
    d->run = run_scanner;
    return port_parse(cart->scanner.source, PORT_SERIAL | PORT_EVDEV, "cart file: scanner.source", &d->port.source, err);
}
