/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Opening and closing all devices of a cart, and the way from a device's thread to the sink. */
#include "cart/runtime/device_part.h"

#include "base/std/time.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES_MAX = TRUNDLE_CAMERAS_MAX + 2, CLOSE_MS = 1500 };

struct devices {
    unsigned n;
    struct turns *turns;
    struct device *device[DEVICES_MAX];     /* each owned together with its thread */
};

const char *device_kind_text(enum device_kind kind)
{
    static const char *const texts[] = { "camera", "scale", "scanner" };

    return (unsigned)kind < COUNT_OF(texts) ? texts[kind] : "?";
}

const char *device_health_text(enum device_health health)
{
    static const char *const texts[] = { "ok", "silent", "dark", "gone", "garbage", "end" };

    return (unsigned)health < COUNT_OF(texts) ? texts[health] : "?";
}

static void sensed_forward(struct device *d, int64_t *sensed_ns)
{
    if (*sensed_ns < d->last_sensed_ns)
        *sensed_ns = d->last_sensed_ns;
    d->last_sensed_ns = *sensed_ns;
}

void device_sample(struct device *d, struct trundle_message *m)
{
    m->sensor = (uint8_t)d->index;
    sensed_forward(d, &m->sensed_ns);
    (void)pthread_mutex_lock(&d->lock);
    if (!d->closed)
        d->sink.sample(d->sink.user, m);
    (void)pthread_mutex_unlock(&d->lock);
}

void device_picture(struct device *d, struct device_picture *picture)
{
    sensed_forward(d, &picture->sensed_ns);
    (void)pthread_mutex_lock(&d->lock);
    if (!d->closed)
        d->sink.picture(d->sink.user, d->index, picture);
    (void)pthread_mutex_unlock(&d->lock);
}

TRUNDLE_PRINTF(3, 0) static void say(struct device *d, enum device_health health, const char *format, va_list args)
{
    char text[512];

    if (d->health_said && d->health == health)
        return;
    d->health_said = true;
    d->health = health;
    (void)vsnprintf(text, sizeof text, format, args);
    (void)pthread_mutex_lock(&d->lock);
    if (!d->closed && d->sink.health)
        d->sink.health(d->sink.user, d->kind, d->index, health, text);
    (void)pthread_mutex_unlock(&d->lock);
}

void device_say(struct device *d, enum device_health health, const char *text, ...)
{
    va_list args;

    va_start(args, text);
    say(d, health, text, args);
    va_end(args);
}

void device_good(struct device *d)
{
    if (d->health_said && d->health == DEVICE_GARBAGE && clock_mono_ns() - d->bad_ns < NS_PER_S)
        return;
    device_say(d, DEVICE_OK, "%s %u works", device_kind_text(d->kind), d->index);
}

void device_bad(struct device *d, const char *text, ...)
{
    va_list args;

    d->bad_ns = clock_mono_ns();
    atomic_fetch_add(&d->garbage, 1);
    va_start(args, text);
    say(d, DEVICE_GARBAGE, text, args);
    va_end(args);
}

void device_turn(struct device *d, int64_t sensed_ns)
{
    if (d->config.fast)
        turns_wait(d->turns, d->place, sensed_ns < d->last_sensed_ns ? d->last_sensed_ns : sensed_ns, &d->stop);
}

void device_no_turn(struct device *d)
{
    turns_leave(d->turns, d->place);
}

bool device_pause(struct device *d, int64_t ns)
{
    int64_t until = clock_mono_ns() + ns, left;

    while (!device_stopping(d) && (left = until - clock_mono_ns()) > 0)
        if (port_wait(-1, d->wake[0], left) == PORT_WOKEN)
            break;
    return !device_stopping(d);
}

bool device_retry(struct device *d, unsigned *pause_ms)
{
    *pause_ms = *pause_ms == 0 ? DEVICE_FIRST_PAUSE_MS : *pause_ms * 2 > DEVICE_LAST_PAUSE_MS ? DEVICE_LAST_PAUSE_MS : *pause_ms * 2;
    return device_pause(d, MS_NS(*pause_ms));
}

static void device_unref(struct device *d)
{
    if (atomic_fetch_sub(&d->owners, 1) != 1)
        return;
    for (int i = 0; i < 2; i++)
        if (d->wake[i] >= 0)
            (void)close(d->wake[i]);
    (void)pthread_cond_destroy(&d->ended_now);
    (void)pthread_mutex_destroy(&d->lock);
    turns_unref(d->turns);
    free(d);
}

static void *device_thread(void *user)
{
    struct device *d = user;

    d->run(d);
    device_no_turn(d);
    atomic_store(&d->running, false);
    (void)pthread_mutex_lock(&d->lock);
    d->ended = true;
    (void)pthread_cond_signal(&d->ended_now);
    (void)pthread_mutex_unlock(&d->lock);
    device_unref(d);
    return NULL;
}

static struct device *device_new(enum device_kind kind, unsigned index, const struct device_config *config, const struct device_sink *sink)
{
    struct device *d = calloc(1, sizeof *d);
    pthread_condattr_t monotonic;

    if (!d)
        return NULL;
    d->kind = kind;
    d->index = index;
    d->config = *config;
    d->sink = *sink;
    d->wake[0] = d->wake[1] = -1;
    atomic_store(&d->owners, 1);
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&d->ended_now, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return d;
}

static enum trundle_status device_start(struct device *d, int64_t opened_ns, struct trundle_error *err)
{
    sigset_t all, before;
    int code;

    if (pipe(d->wake) != 0) {
        d->wake[0] = d->wake[1] = -1;
        return error_set(err, TRUNDLE_IO, device_kind_text(d->kind), "ulimit -n", "no pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++)
        (void)fcntl(d->wake[i], F_SETFD, FD_CLOEXEC);
    d->opened_ns = opened_ns;
    atomic_store(&d->running, true);
    atomic_store(&d->owners, 2);
    (void)sigfillset(&all);                /* signals are the program's business, not that of our threads or GStreamer's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&d->thread, NULL, device_thread, d);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        atomic_store(&d->owners, 1);
        return error_set(err, code == EAGAIN ? TRUNDLE_NO_MEMORY : TRUNDLE_IO, device_kind_text(d->kind), "ulimit -u", "no thread: %s", strerror(code));
    }
    return TRUNDLE_OK;
}

static enum trundle_status add(struct devices *all, enum device_kind kind, unsigned index, const struct cart_file *cart, const struct device_config *config,
                               const struct device_sink *sink, struct trundle_error *err)
{
    struct device *d = device_new(kind, index, config, sink);

    if (!d)
        return error_set(err, TRUNDLE_NO_MEMORY, device_kind_text(kind), "", "no memory for a device");
    d->turns = turns_ref(all->turns);
    d->place = all->n;
    all->device[all->n++] = d;
    switch (kind) {
    case DEVICE_CAMERA: return camera_prepare(d, &cart->camera[index], err);
    case DEVICE_SCALE: return scale_prepare(d, cart, err);
    default: return scanner_prepare(d, cart, err);
    }
}

enum trundle_status devices_open(const struct cart_file *cart, const struct device_config *config, const struct device_sink *sink,
                                 struct devices **out_devices, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct devices *all;
    unsigned started = 0;
    int64_t now;

    if (!cart || !config || !sink || !sink->sample || !sink->picture || !out_devices || cart->cameras_n > TRUNDLE_CAMERAS_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "devices_open", "", "cart, config, sink with sample and picture, and out_devices are needed");
    if (config->silent_ns < 50 * NS_PER_MS || config->silent_ns > 60 * NS_PER_S)
        return error_set(err, TRUNDLE_BAD_ARG, "devices_open", "DEVICE_CONFIG_DEFAULT", "silent_ns is %lld; 0.05 to 60 s", (long long)config->silent_ns);
    all = calloc(1, sizeof *all);
    if (!all)
        return error_set(err, TRUNDLE_NO_MEMORY, "devices_open", "", "no memory");
    all->turns = turns_new();
    if (!all->turns) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "devices_open", "", "no memory");
        goto out;
    }
    for (unsigned i = 0; i < cart->cameras_n; i++)
        if (cart->camera[i].source[0])
            TRY_GOTO(status, add(all, DEVICE_CAMERA, i, cart, config, sink, err), out);
    if (cart->scale.source[0])
        TRY_GOTO(status, add(all, DEVICE_SCALE, 0, cart, config, sink, err), out);
    if (cart->scanner.source[0])
        TRY_GOTO(status, add(all, DEVICE_SCANNER, 0, cart, config, sink, err), out);
    for (unsigned i = 0; i < all->n; i++)
        turns_enter(all->turns, i);
    now = clock_mono_ns();
    for (; started < all->n; started++)
        TRY_GOTO(status, device_start(all->device[started], now, err), out);
    *out_devices = all;
    return TRUNDLE_OK;

out:
    for (unsigned i = started; i < all->n; i++)
        device_unref(all->device[i]);
    all->n = started;
    devices_close(all);
    return status;
}

/* Waits for the thread until the deadline, then leaves it behind; the sink is out of reach either way. */
static void device_close(struct device *d, const struct timespec *deadline)
{
    bool ended;

    (void)pthread_mutex_lock(&d->lock);
    while (!d->ended && pthread_cond_timedwait(&d->ended_now, &d->lock, deadline) != ETIMEDOUT)
        continue;
    ended = d->ended;
    d->closed = true;
    (void)pthread_mutex_unlock(&d->lock);
    if (ended)
        (void)pthread_join(d->thread, NULL);
    else
        (void)pthread_detach(d->thread);
    device_unref(d);
}

void devices_close(struct devices *devices)
{
    int64_t until = clock_mono_ns() + MS_NS(CLOSE_MS);
    struct timespec deadline = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };

    if (!devices)
        return;
    for (unsigned i = 0; i < devices->n; i++) {
        atomic_store(&devices->device[i]->stop, true);
        while (write(devices->device[i]->wake[1], "", 1) < 0 && errno == EINTR)
            continue;
    }
    if (devices->n)
        turns_wake(devices->turns);
    for (unsigned i = 0; i < devices->n; i++)
        device_close(devices->device[i], &deadline);
    turns_unref(devices->turns);
    free(devices);
}

unsigned devices_running(const struct devices *devices)
{
    unsigned n = 0;

    for (unsigned i = 0; i < devices->n; i++)
        n += atomic_load(&devices->device[i]->running);
    return n;
}

enum trundle_status devices_counters(const struct devices *devices, enum device_kind kind, unsigned index, struct device_counters *out)
{
    for (unsigned i = 0; i < devices->n; i++) {
        const struct device *d = devices->device[i];

        if (d->kind != kind || d->index != index)
            continue;
        *out = (struct device_counters){ .samples = atomic_load(&d->samples), .dropped = atomic_load(&d->dropped), .garbage = atomic_load(&d->garbage),
                                         .jumps = atomic_load(&d->jumps), .opened = atomic_load(&d->opened) };
        return TRUNDLE_OK;
    }
    return TRUNDLE_NOT_FOUND;
}
