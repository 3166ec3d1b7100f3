/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Two rings: one of fixed places for messages, one of bytes for what they point at. The byte ring is written in one piece per
 * message (a tail too short is skipped), and messages whose bytes are written over go first. */
#include "cart/capture/ring.h"

#include <stdlib.h>
#include <string.h>

struct place {
    struct trundle_message m;
    uint64_t from;                         /* in the endless byte stream; modulo bytes_n is the place */
    size_t   n;
};

struct ring {
    struct place *place;                   /* owned, places_n */
    uint8_t *bytes;                        /* owned, bytes_n */
    size_t   places_n, bytes_n;
    uint64_t begin, end;                   /* numbers of the messages kept */
    uint64_t written;                      /* end of the byte stream */
    uint64_t refused;
};

enum trundle_status ring_new(size_t bytes, struct ring **out, struct trundle_error *err)
{
    struct ring *r;

    if (bytes < RING_BYTES_LEAST)
        return error_set(err, TRUNDLE_BAD_ARG, "ring", NULL, "%zu bytes, at least %d", bytes, RING_BYTES_LEAST);
    r = calloc(1, sizeof *r);
    if (r) {
        r->places_n = bytes / 4 / sizeof *r->place;      /* a quarter for messages */
        r->bytes_n = bytes - r->places_n * sizeof *r->place;
        r->place = calloc(r->places_n, sizeof *r->place);
        r->bytes = malloc(r->bytes_n);
    }
    if (!r || !r->place || !r->bytes) {
        ring_free(r);
        return error_set(err, TRUNDLE_NO_MEMORY, "ring", NULL, "no memory for %zu bytes", bytes);
    }
    *out = r;
    return TRUNDLE_OK;
}

void ring_free(struct ring *r)
{
    if (!r)
        return;
    free(r->place);
    free(r->bytes);
    free(r);
}

void ring_clear(struct ring *r)
{
    r->begin = r->end;
}

static const uint8_t *pointed(const struct trundle_message *m, size_t *n)
{
    *n = m->channel == TRUNDLE_CAM ? m->frame.jpeg_bytes : m->channel == TRUNDLE_TRUTH ? m->truth.bytes_n : 0;
    return m->channel == TRUNDLE_CAM ? m->frame.jpeg : m->channel == TRUNDLE_TRUTH ? m->truth.bytes : NULL;
}

void ring_push(struct ring *r, const struct trundle_message *m)
{
    size_t n;
    const uint8_t *bytes = pointed(m, &n);
    struct place *p;

    if (n > r->bytes_n / 4) {
        r->refused++;
        return;
    }
    if (r->bytes_n - r->written % r->bytes_n < n)
        r->written += r->bytes_n - r->written % r->bytes_n;
    while (r->begin < r->end) {
        const struct place *old = &r->place[r->begin % r->places_n];
        bool over = old->from + r->bytes_n < r->written + n;

        if (!over && r->end - r->begin < r->places_n)
            break;
        r->begin++;
    }
    p = &r->place[r->end % r->places_n];
    p->m = *m;
    p->from = r->written;
    p->n = n;
    if (n)
        memcpy(r->bytes + r->written % r->bytes_n, bytes, n);
    r->written += n;
    r->end++;
}

uint64_t ring_begin(const struct ring *r)
{
    return r->begin;
}

uint64_t ring_end(const struct ring *r)
{
    return r->end;
}

uint64_t ring_refused(const struct ring *r)
{
    return r->refused;
}

/* Log times do not fall. */
uint64_t ring_find(const struct ring *r, int64_t t_ns)
{
    uint64_t lo = r->begin, hi = r->end;

    while (lo < hi) {
        uint64_t at = lo + (hi - lo) / 2;

        if (r->place[at % r->places_n].m.log_ns < t_ns)
            lo = at + 1;
        else
            hi = at;
    }
    return lo;
}

enum trundle_status ring_get(const struct ring *r, uint64_t at, struct trundle_message *out, uint8_t *room, size_t room_bytes)
{
    const struct place *p;

    if (at < r->begin || at >= r->end)
        return TRUNDLE_NOT_FOUND;
    p = &r->place[at % r->places_n];
    if (p->n > room_bytes)
        return TRUNDLE_TOO_LARGE;
    *out = p->m;
    if (p->n)
        memcpy(room, r->bytes + p->from % r->bytes_n, p->n);
    if (p->m.channel == TRUNDLE_CAM)
        out->frame.jpeg = room;
    else if (p->m.channel == TRUNDLE_TRUTH)
        out->truth.bytes = room;
    return TRUNDLE_OK;
}
