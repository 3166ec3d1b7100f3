/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/port - "serial:/dev/ttyUSB0,115200", "evdev:/dev/input/event3", "csv:PATH": read such a text, open what it names,
 * wait for bytes, cut bytes into lines. Not for cameras.
 */
#pragma once

#include "base/std/status.h"
#include "cart/calib/cart_file.h"

#include <stdbool.h>
#include <stdint.h>

enum port_kind { PORT_SERIAL = 1, PORT_EVDEV = 2, PORT_CSV = 4 };

struct port_source {
    enum port_kind kind;
    char path[CART_TEXT];
    unsigned baud;             /* serial: default 115200 */
};

/* `kinds`: the sum of those that make sense here. BAD_INPUT: another kind, no path, or a baud rate that termios does not have. */
TRUNDLE_MUST_USE enum trundle_status port_parse(const char *text, unsigned kinds, const char *where, struct port_source *out, struct trundle_error *err);

/* Opens for reading, without waiting: a serial port raw (8N1, no flow control, for us alone), an evdev device grabbed, so that
 * no other program types what is scanned. The caller closes the descriptor. A FIFO may stand in for either.
 * DEVICE: it cannot be opened now; err->what says why. */
TRUNDLE_MUST_USE enum trundle_status port_open(const struct port_source *source, int *out_fd, struct trundle_error *err);

/* READY may be a false alarm, after a signal: read() then says EAGAIN. */
enum port_event { PORT_READY, PORT_TIMEOUT, PORT_WOKEN };
/* Waits for bytes (or a hang-up, which read() then shows) on fd, or for a byte on wake_fd. fd < 0: only for wake_fd. */
enum port_event port_wait(int fd, int wake_fd, int64_t timeout_ns);

/* Bytes to lines. CR and LF both end a line, empty ones are none. A line that does not fit is thrown away up to its end. */
enum { PORT_LINE_MAX = 320 };
struct port_line {
    size_t n;
    bool over;                 /* the line in hand is too long already */
    bool whole;                /* the last push ended it */
    char text[PORT_LINE_MAX];
};
enum port_line_event { PORT_LINE_MORE, PORT_LINE_WHOLE, PORT_LINE_TOO_LONG };
/* WHOLE: text[0..n) is a line, valid until the next call, which starts a new one. */
enum port_line_event port_line_push(struct port_line *line, uint8_t byte);
