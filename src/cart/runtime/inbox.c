/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/inbox.h"

#include "base/std/time.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS = INBOX_SAMPLES + INBOX_COMMANDS, SENSORS = 8 };

struct frame { uint8_t *bytes; bool used; };

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t  filled;
    size_t head, n, samples;
    struct trundle_message slot[SLOTS];
    int    slot_frame[SLOTS];                    /* index into frame, -1 none */
    struct frame frame[INBOX_FRAMES];
    int    lent;                                 /* frame that the last take handed out, -1 none */
    uint32_t dropped[TRUNDLE_CHANNEL_COUNT][SENSORS];
    uint64_t dropped_sum;
};

enum trundle_status inbox_new(struct inbox **out)
{
    pthread_condattr_t monotonic;
    struct inbox *in = calloc(1, sizeof *in);

    if (!in)
        return TRUNDLE_NO_MEMORY;
    in->lent = -1;
    (void)pthread_mutex_init(&in->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&in->filled, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    for (int i = 0; i < INBOX_FRAMES; i++) {
        in->frame[i].bytes = malloc(INBOX_FRAME_BYTES);
        if (!in->frame[i].bytes) {
            inbox_free(in);
            return TRUNDLE_NO_MEMORY;
        }
    }
    *out = in;
    return TRUNDLE_OK;
}

void inbox_free(struct inbox *in)
{
    if (!in)
        return;
    for (int i = 0; i < INBOX_FRAMES; i++)
        free(in->frame[i].bytes);
    (void)pthread_cond_destroy(&in->filled);
    (void)pthread_mutex_destroy(&in->lock);
    free(in);
}

static bool is_command(const struct trundle_message *m)
{
    return m->channel == TRUNDLE_CODE || m->channel == TRUNDLE_TOUCH;
}

static void append(struct inbox *in, const struct trundle_message *m, int frame)
{
    size_t i = (in->head + in->n++) % SLOTS;

    in->slot[i] = *m;
    in->slot_frame[i] = frame;
    in->samples += !is_command(m);
    (void)pthread_cond_signal(&in->filled);
}

static int free_frame(struct inbox *in)
{
    for (int i = 0; i < INBOX_FRAMES; i++)
        if (!in->frame[i].used)
            return i;
    return -1;
}

/* A message about drops that finds no room is no sample: what it counts is said later, of the sensor that it is about. */
static enum trundle_status drop(struct inbox *in, const struct trundle_message *m)
{
    bool said = m->channel == TRUNDLE_DROP && (int)m->drop.channel > 0 && m->drop.channel < TRUNDLE_CHANNEL_COUNT;

    in->dropped[said ? m->drop.channel : m->channel][m->sensor % SENSORS] += said ? m->drop.count : 1;
    in->dropped_sum += !said;
    return TRUNDLE_FULL;
}

/* Says what was dropped before the next sample of that sensor. */
static void say_dropped(struct inbox *in, const struct trundle_message *m)
{
    uint32_t *count = &in->dropped[m->channel][m->sensor % SENSORS];
    struct trundle_message said = { .channel = TRUNDLE_DROP, .sensor = m->sensor, .sensed_ns = m->sensed_ns };

    if (!*count)
        return;
    said.drop = (struct trundle_drop){ .channel = m->channel, .count = *count };
    *count = 0;
    append(in, &said, -1);
}

static enum trundle_status put_locked(struct inbox *in, const struct trundle_message *m)
{
    struct trundle_message copy = *m;
    int frame = -1;

    if (is_command(m) && in->n - in->samples == INBOX_COMMANDS)
        return TRUNDLE_FULL;
    if (!is_command(m) && in->samples + 2 > INBOX_SAMPLES)
        return drop(in, m);
    if (m->channel == TRUNDLE_CAM) {
        frame = free_frame(in);
        if (frame < 0)
            return drop(in, m);
        in->frame[frame].used = true;
        if (m->frame.jpeg_bytes)
            memcpy(in->frame[frame].bytes, m->frame.jpeg, m->frame.jpeg_bytes);
        copy.frame.jpeg = in->frame[frame].bytes;
    }
    say_dropped(in, m);
    append(in, &copy, frame);
    return TRUNDLE_OK;
}

enum trundle_status inbox_put(struct inbox *in, const struct trundle_message *m)
{
    enum trundle_status status;

    if (m->channel == TRUNDLE_CAM && m->frame.jpeg_bytes > INBOX_FRAME_BYTES)
        return TRUNDLE_TOO_LARGE;
    if ((int)m->channel <= 0 || m->channel >= TRUNDLE_CHANNEL_COUNT)
        return TRUNDLE_BAD_ARG;
    (void)pthread_mutex_lock(&in->lock);
    status = put_locked(in, m);
    (void)pthread_mutex_unlock(&in->lock);
    return status;
}

bool inbox_take(struct inbox *in, struct trundle_message *out, int64_t wait_ns)
{
    int64_t until = clock_mono_ns() + wait_ns;
    struct timespec t = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };
    int result = 0;
    bool got;

    (void)pthread_mutex_lock(&in->lock);
    if (in->lent >= 0)
        in->frame[in->lent].used = false;
    in->lent = -1;
    while (!in->n && wait_ns > 0 && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&in->filled, &in->lock, &t);
    got = in->n > 0;
    if (got) {
        *out = in->slot[in->head];
        in->lent = in->slot_frame[in->head];
        in->head = (in->head + 1) % SLOTS;
        in->n--;
        in->samples -= !is_command(out);
    }
    (void)pthread_mutex_unlock(&in->lock);
    return got;
}

bool inbox_roomy(struct inbox *in)
{
    int frames = 0;
    bool roomy;

    (void)pthread_mutex_lock(&in->lock);
    for (int i = 0; i < INBOX_FRAMES; i++)
        frames += in->frame[i].used;
    roomy = frames < INBOX_FRAMES / 2 && in->samples < INBOX_SAMPLES / 2 && in->n - in->samples < INBOX_COMMANDS / 2;
    (void)pthread_mutex_unlock(&in->lock);
    return roomy;
}

uint64_t inbox_dropped(struct inbox *in)
{
    uint64_t n;

    (void)pthread_mutex_lock(&in->lock);
    n = in->dropped_sum;
    (void)pthread_mutex_unlock(&in->lock);
    return n;
}
