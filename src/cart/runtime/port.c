/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Serial ports, input devices and line cutting; what the bytes mean is in scale_line.c and scan_bytes.c. */
#define _DEFAULT_SOURCE            /* the baud rates above 38400, TIOCEXCL */
#include "cart/runtime/port.h"

#include "base/std/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const struct { unsigned baud; speed_t code; } speeds[] = {
    { 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 },
    { 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 921600, B921600 },
};

static bool speed_find(unsigned baud, speed_t *out_code)
{
    for (size_t i = 0; i < COUNT_OF(speeds); i++)
        if (speeds[i].baud == baud) {
            *out_code = speeds[i].code;
            return true;
        }
    return false;
}

enum trundle_status port_parse(const char *text, unsigned kinds, const char *where, struct port_source *out, struct trundle_error *err)
{
    static const struct { const char *prefix; enum port_kind kind; } forms[] = { { "serial:", PORT_SERIAL }, { "evdev:", PORT_EVDEV }, { "csv:", PORT_CSV } };
    struct port_source source = { .baud = 115200 };
    const char *hint = kinds & PORT_EVDEV ? "\"evdev:/dev/input/event3\" or \"serial:/dev/ttyACM0,9600\""
                                          : "\"serial:/dev/ttyUSB0,115200\" or \"csv:PATH\"";
    const char *path = NULL, *comma;
    size_t path_n;

    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if ((kinds & forms[i].kind) && strncmp(text, forms[i].prefix, strlen(forms[i].prefix)) == 0) {
            source.kind = forms[i].kind;
            path = text + strlen(forms[i].prefix);
        }
    if (!path)
        return error_set(err, TRUNDLE_BAD_INPUT, where, hint, "\"%.80s\" is no source that we know here", text);
    path_n = strlen(path);
    comma = source.kind == PORT_SERIAL ? strrchr(path, ',') : NULL;
    if (comma) {
        char *end = NULL;
        unsigned long baud = strtoul(comma + 1, &end, 10);
        speed_t code;

        if (comma[1] < '0' || comma[1] > '9' || *end || baud > 921600 || !speed_find((unsigned)baud, &code))
            return error_set(err, TRUNDLE_BAD_INPUT, where, "1200 2400 4800 9600 19200 38400 57600 115200 230400 460800 or 921600",
                             "baud rate \"%.20s\" does not exist", comma + 1);
        source.baud = (unsigned)baud;
        path_n = (size_t)(comma - path);
    }
    if (path_n == 0 || path_n >= sizeof source.path)
        return error_set(err, TRUNDLE_BAD_INPUT, where, hint, "\"%.80s\" names no path", text);
    memcpy(source.path, path, path_n);
    *out = source;
    return TRUNDLE_OK;
}

static enum trundle_status serial_set(int fd, const struct port_source *source, struct trundle_error *err)
{
    struct termios t;
    speed_t code = B115200;

    if (tcgetattr(fd, &t) != 0)
        return error_set(err, TRUNDLE_DEVICE, source->path, "", "is no serial port: %s", strerror(errno));
    (void)speed_find(source->baud, &code);
    t.c_iflag = 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (cfsetispeed(&t, code) != 0 || cfsetospeed(&t, code) != 0 || tcsetattr(fd, TCSANOW, &t) != 0)
        return error_set(err, TRUNDLE_DEVICE, source->path, "", "cannot be set to %u baud: %s", source->baud, strerror(errno));
    (void)ioctl(fd, TIOCEXCL);
    (void)tcflush(fd, TCIFLUSH);
    return TRUNDLE_OK;
}

static enum trundle_status evdev_set(int fd, const struct port_source *source, struct trundle_error *err)
{
    int version;

    if (ioctl(fd, EVIOCGVERSION, &version) != 0)
        return error_set(err, TRUNDLE_DEVICE, source->path, "ls -l /dev/input/by-id", "is no input device: %s", strerror(errno));
    if (ioctl(fd, EVIOCGRAB, 1) != 0)
        return error_set(err, TRUNDLE_DEVICE, source->path, "end the other program that holds it", "cannot be had for us alone: %s", strerror(errno));
    return TRUNDLE_OK;
}

enum trundle_status port_open(const struct port_source *source, int *out_fd, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct stat s;
    int fd = open(source->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, TRUNDLE_DEVICE, source->path, errno == EACCES ? "add the user to the groups dialout and input" : "is it plugged in?",
                         "cannot be opened: %s", strerror(errno));
    if (fstat(fd, &s) != 0 || !S_ISFIFO(s.st_mode))
        status = source->kind == PORT_SERIAL ? serial_set(fd, source, err) : evdev_set(fd, source, err);
    if (status != TRUNDLE_OK) {
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    return TRUNDLE_OK;
}

enum port_event port_wait(int fd, int wake_fd, int64_t timeout_ns)
{
    struct pollfd p[2] = { { .fd = wake_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
    int64_t ms = timeout_ns <= 0 ? 0 : (timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
    int got = poll(p, fd < 0 ? 1 : 2, ms > 60000 ? 60000 : (int)ms);

    if (got == 0 || (got < 0 && fd < 0))
        return PORT_TIMEOUT;
    return got > 0 && p[0].revents ? PORT_WOKEN : PORT_READY;
}

enum port_line_event port_line_push(struct port_line *line, uint8_t byte)
{
    if (line->whole)
        line->n = 0, line->over = line->whole = false;
    if (byte == '\n' || byte == '\r') {
        line->whole = line->over || line->n > 0;
        return !line->whole ? PORT_LINE_MORE : line->over ? PORT_LINE_TOO_LONG : PORT_LINE_WHOLE;
    }
    if (line->n == sizeof line->text)
        line->over = true;
    else
        line->text[line->n++] = (char)byte;
    return PORT_LINE_MORE;
}
