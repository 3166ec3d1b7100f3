/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The scale's thread: a serial port or a recording, to readings; the lines themselves are read by scale_line.c. */
#include "cart/runtime/device_part.h"
#include "cart/runtime/scale_line.h"

#include "base/std/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void hand_on(struct device *d, const struct scale_reading *reading, int64_t sensed_ns)
{
    struct trundle_message m = { .channel = TRUNDLE_CELL, .sensed_ns = sensed_ns };

    m.cell = reading->cell;
    atomic_fetch_add(&d->samples, 1);
    device_sample(d, &m);
    if (reading->imu_axes) {
        m = (struct trundle_message){ .channel = TRUNDLE_IMU, .sensed_ns = sensed_ns };
        m.imu = reading->imu;
        device_sample(d, &m);
    }
}

static bool all_nothing(const struct trundle_cell *cell)
{
    for (uint8_t i = 0; i < cell->n; i++)
        if (cell->raw[i] != TRUNDLE_CELL_NONE)
            return false;
    return true;
}

static void jumped(struct device *d)
{
    atomic_fetch_add(&d->jumps, 1);
    d->bad_ns = clock_mono_ns();
    device_say(d, DEVICE_GARBAGE, "the scale's clock leapt; its readings are timed anew from here");
}

/* A reading whose cells are all "nothing" is handed on, for `weigh` to see, but makes no scale healthy. */
static void judge(struct device *d, const struct scale_reading *reading)
{
    if (all_nothing(&reading->cell)) {
        d->bad_ns = clock_mono_ns();
        device_say(d, DEVICE_GARBAGE, "the scale's converters give nothing");
    } else {
        device_good(d);
    }
}

struct serial {
    struct port_line line;
    struct scale_clock clock;
    bool cut;                  /* the first line after opening may have lost its head */
    int axes;                  /* what the last hello promised; -1: none yet */
    bool strange;              /* the last hello was of a board that is not the cart file's */
    int64_t heard_ns;
};

static void take_line(struct device *d, struct serial *s, enum port_line_event event, int64_t arrival_ns)
{
    struct scale_line line;
    struct trundle_error err = { .status = TRUNDLE_TOO_LARGE, .what = "a line without end", .hint = "is the baud rate right?" };
    enum trundle_status status = TRUNDLE_TOO_LARGE;
    bool first = s->cut;
    int64_t mono_ns;

    s->cut = false;
    if (event == PORT_LINE_WHOLE)
        status = scale_line_parse(s->line.text, s->line.n, d->port.cells_n, &line, &err);
    if (status != TRUNDLE_OK) {
        if (!first || status == TRUNDLE_CONFLICT || status == TRUNDLE_UNSUPPORTED)
            device_bad(d, "scale: %s (%s)", err.what, err.hint);
        s->strange = s->strange || status == TRUNDLE_CONFLICT || status == TRUNDLE_UNSUPPORTED;
        return;
    }
    if (line.kind == SCALE_LINE_HELLO) {
        s->strange = false;
        s->axes = line.hello.imu_axes;
    }
    if (line.kind != SCALE_LINE_READING)
        return;
    /* One cell and three axes look like four cells: what the hello said decides. */
    if (s->strange || (s->axes >= 0 && s->axes != line.reading.imu_axes)) {
        device_bad(d, "scale: the readings are not those of the board that the cart file describes (see its hello)");
        return;
    }
    s->heard_ns = arrival_ns;
    if (scale_clock_board(&s->clock, line.t_us, arrival_ns, &mono_ns))
        jumped(d);
    hand_on(d, &line.reading, mono_ns - d->config.start_mono_ns);
    judge(d, &line.reading);
}

/* Reads an open port until it breaks; true when the device is to stop. */
static bool serial_read(struct device *d, int fd, bool *out_heard)
{
    struct serial s = { .cut = true, .axes = -1, .heard_ns = clock_mono_ns() };
    int64_t opened_ns = s.heard_ns;
    uint8_t bytes[1024];

    while (!device_stopping(d)) {
        enum port_event event = port_wait(fd, d->wake[0], d->config.silent_ns / 4);
        int64_t now = clock_mono_ns();
        ssize_t n;

        if (event == PORT_WOKEN)
            return true;
        if (now - s.heard_ns > d->config.silent_ns && now - d->bad_ns > d->config.silent_ns)
            device_say(d, DEVICE_SILENT, "the scale has said nothing for %.1f s", ns_s(now - s.heard_ns));
        if (event == PORT_TIMEOUT)
            continue;
        n = read(fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0) {
            device_say(d, DEVICE_GONE, "the scale hung up: %s", n < 0 ? strerror(errno) : "end of file");
            return false;
        }
        for (ssize_t i = 0; i < n; i++) {
            enum port_line_event got = port_line_push(&s.line, bytes[i]);

            if (got != PORT_LINE_MORE)
                take_line(d, &s, got, now);
        }
        *out_heard = s.heard_ns > opened_ns;
    }
    return true;
}

static void run_serial(struct device *d)
{
    unsigned pause_ms = 0;

    device_no_turn(d);
    do {
        struct trundle_error err;
        int fd;

        if (port_open(&d->port.source, &fd, &err) != TRUNDLE_OK) {
            device_say(d, DEVICE_GONE, "scale %s %s (%s)", err.where, err.what, err.hint);
        } else {
            bool heard = false, stop;

            atomic_fetch_add(&d->opened, 1);
            stop = serial_read(d, fd, &heard);
            (void)close(fd);
            if (stop)
                return;
            if (heard)
                pause_ms = 0;
        }
    } while (device_retry(d, &pause_ms));
}

struct playing {
    struct port_line line;
    struct scale_clock clock;
    int64_t base_ns;           /* where this round of the recording begins */
    int64_t last_ns;
};

/* One row; false when the device is to stop. */
static bool take_row(struct device *d, struct playing *p, enum port_line_event event)
{
    struct scale_reading reading;
    struct trundle_error err = { .status = TRUNDLE_TOO_LARGE, .what = "a row without end" };
    enum trundle_status status = TRUNDLE_TOO_LARGE;
    int64_t t_ns, wait_ns;

    if (event == PORT_LINE_WHOLE)
        status = scale_row_parse(p->line.text, p->line.n, d->port.cells_n, &t_ns, &reading, &err);
    if (status == TRUNDLE_AGAIN)
        return true;
    if (status != TRUNDLE_OK) {
        device_bad(d, "scale recording: %s (%s)", err.what, err.hint);
        return true;
    }
    if (scale_clock_row(&p->clock, t_ns, d->port.period_ns, &t_ns))
        jumped(d);
    p->last_ns = p->base_ns + t_ns;
    t_ns = p->last_ns;
    if (!d->config.fast) {
        t_ns += d->opened_ns;
        wait_ns = t_ns - clock_mono_ns();
        if (wait_ns > d->config.silent_ns) {
            if (!device_pause(d, d->config.silent_ns))
                return false;
            device_say(d, DEVICE_SILENT, "the recording has a gap of %.1f s", ns_s(wait_ns));
            wait_ns = t_ns - clock_mono_ns();
        }
        if (wait_ns > 0 && !device_pause(d, wait_ns))
            return false;
        t_ns -= d->config.start_mono_ns;
    }
    device_turn(d, t_ns);
    hand_on(d, &reading, t_ns);
    judge(d, &reading);
    return true;
}

/* One round through the file. */
static bool play(struct device *d, struct playing *p, FILE *f)
{
    char bytes[4096];
    size_t n;

    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        for (size_t i = 0; i < n; i++) {
            enum port_line_event event = port_line_push(&p->line, (uint8_t)bytes[i]);

            if (device_stopping(d) || (event != PORT_LINE_MORE && !take_row(d, p, event)))
                return false;
        }
    /* The last row may lack its line end. */
    return p->line.whole || p->line.n == 0 || take_row(d, p, port_line_push(&p->line, '\n'));
}

static void run_csv(struct device *d)
{
    struct playing p = { .base_ns = 0 };

    for (;;) {
        FILE *f = fopen(d->port.source.path, "re");
        uint64_t before = atomic_load(&d->samples);
        bool more;

        if (!f) {
            device_say(d, DEVICE_END, "the recording cannot be read: %s", strerror(errno));
            return;
        }
        atomic_fetch_add(&d->opened, 1);
        more = play(d, &p, f);
        (void)fclose(f);
        if (!more)
            return;
        if (!d->config.loop || atomic_load(&d->samples) == before) {
            device_say(d, DEVICE_END, "the recording of the scale has ended");
            return;
        }
        p = (struct playing){ .base_ns = p.last_ns + d->port.period_ns, .last_ns = p.last_ns };
    }
}

/* The first row already tells a recording of something else. */
static enum trundle_status csv_check(const struct device *d, struct trundle_error *err)
{
    const char *path = d->port.source.path;
    struct port_line line = { .n = 0 };
    struct scale_reading reading;
    enum port_line_event event = PORT_LINE_MORE;
    enum trundle_status status;
    int64_t t_ns;
    FILE *f = fopen(path, "re");
    int c;

    if (!f)
        return error_set(err, TRUNDLE_NOT_FOUND, path, "scale.source of the cart file", "cannot be read: %s", strerror(errno));
    while (event == PORT_LINE_MORE && (c = getc(f)) != EOF)
        event = port_line_push(&line, (uint8_t)c);
    (void)fclose(f);
    if (event == PORT_LINE_MORE)
        event = port_line_push(&line, '\n');
    if (event != PORT_LINE_WHOLE)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "t_s,c1,...[,ax,ay,az[,gx,gy,gz]]", event == PORT_LINE_MORE ? "is empty" : "is no recording of a scale");
    status = scale_row_parse(line.text, line.n, d->port.cells_n, &t_ns, &reading, err);
    if (status != TRUNDLE_OK && status != TRUNDLE_AGAIN) {
        error_within(err, "%s, row 1", path);
        return status;
    }
    return TRUNDLE_OK;
}

enum trundle_status scale_prepare(struct device *d, const struct cart_file *cart, struct trundle_error *err)
{
    double hz = cart->cells.hz >= 0.1 && cart->cells.hz <= 10000 ? cart->cells.hz : 80;

    if (cart->cells.n < 1 || cart->cells.n > TRUNDLE_CELLS_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, "cart file: cells", "", "a scale has 1 to %d cells, not %d", TRUNDLE_CELLS_MAX, cart->cells.n);
    TRY(port_parse(cart->scale.source, PORT_SERIAL | PORT_CSV, "cart file: scale.source", &d->port.source, err));
    d->port.cells_n = cart->cells.n;
    d->port.period_ns = (int64_t)(1e9 / hz);
    d->run = d->port.source.kind == PORT_CSV ? run_csv : run_serial;
    return d->port.source.kind == PORT_CSV ? csv_check(d, err) : TRUNDLE_OK;
}
