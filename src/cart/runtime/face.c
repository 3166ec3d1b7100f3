/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/face.h"

#include "base/std/rng.h"
#include "base/std/time.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_FRAMES = 48, MOMENTS = 64, MOMENT_BYTES = 64 << 10, PICTURE_BYTES = 4 << 20, REFRESH_MS = 200 };

struct kept { int64_t t_ns; size_t n; uint8_t bytes[MOMENT_BYTES]; };

struct face {
    struct face_config config;
    pthread_mutex_t lock;                       /* guards moments, the folder, and what face_find reads */
    const struct session *session;              /* NULL: between trips */
    struct view view;
    struct bytes json;
    char     pictures[4096], token[40];
    int64_t  refreshed_ns;
    uint64_t digest;
    size_t   next_frame, next_moment;
    struct kept *frames;                        /* the last KEPT_FRAMES of the first basket camera */
    struct { uint32_t line; struct kept picture; } *moments;
};

enum trundle_status face_new(const struct face_config *config, struct face **out)
{
    struct face *f = calloc(1, sizeof *f);

    if (!f)
        return TRUNDLE_NO_MEMORY;
    f->config = *config;
    f->frames = calloc(KEPT_FRAMES, sizeof *f->frames);
    f->moments = calloc(MOMENTS, sizeof *f->moments);
    if (!f->frames || !f->moments) {
        free(f->frames);
        free(f->moments);
        free(f);
        return TRUNDLE_NO_MEMORY;
    }
    (void)pthread_mutex_init(&f->lock, NULL);
    *out = f;
    return TRUNDLE_OK;
}

void face_free(struct face *f)
{
    if (!f)
        return;
    (void)pthread_mutex_destroy(&f->lock);
    bytes_done(&f->json);
    free(f->frames);
    free(f->moments);
    free(f);
}

void face_target(struct face *f, face_publish *publish, void *to)
{
    f->config.publish = publish;
    f->config.to = to;
}

struct view *face_view(struct face *f)
{
    return &f->view;
}

void face_begin(struct face *f, const struct session *session, const char *pictures_dir)
{
    uint64_t seq = f->view.seq;
    struct rng r = rng_seed((uint64_t)clock_wall_ns(), "face/token");

    (void)pthread_mutex_lock(&f->lock);
    f->session = session;
    view_init(&f->view, session);
    f->view.seq = seq;                          /* grows over all trips: a page knows what is newer */
    (void)snprintf(f->token, sizeof f->token, "TRUNDLE-%016llx", (unsigned long long)rng_u64(&r));
    f->view.token = f->token;
    (void)snprintf(f->pictures, sizeof f->pictures, "%s", pictures_dir ? pictures_dir : "");
    for (size_t i = 0; i < KEPT_FRAMES; i++)
        f->frames[i].n = 0;
    for (size_t i = 0; i < MOMENTS; i++)
        f->moments[i].line = 0;
    (void)pthread_mutex_unlock(&f->lock);
    face_refresh(f);
}

void face_end(struct face *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->session = NULL;
    (void)pthread_mutex_unlock(&f->lock);
}

void face_refresh(struct face *f)
{
    if (!f->session || !f->config.publish || view_print(&f->view, &f->json) != TRUNDLE_OK)
        return;
    (void)f->config.publish(f->config.to, (const char *)f->json.data, f->json.n);
    f->refreshed_ns = session_now_ns(f->session);
    f->digest = view_digest(&f->view);
}

/* The frame nearest to the event becomes the line's picture. */
static void keep_moment(struct face *f, const struct trundle_decision *d)
{
    const struct kept *best = NULL;
    int64_t best_dt = 0;

    for (size_t i = 0; i < KEPT_FRAMES; i++) {
        int64_t dt = f->frames[i].t_ns - d->t_event_ns;

        dt = dt < 0 ? -dt : dt;
        if (f->frames[i].n && (!best || dt < best_dt)) {
            best = &f->frames[i];
            best_dt = dt;
        }
    }
    if (!best)
        return;
    (void)pthread_mutex_lock(&f->lock);
    f->moments[f->next_moment].line = d->line;
    f->moments[f->next_moment].picture.n = best->n;
    memcpy(f->moments[f->next_moment].picture.bytes, best->bytes, best->n);
    f->next_moment = (f->next_moment + 1) % MOMENTS;
    (void)pthread_mutex_unlock(&f->lock);
}

void face_output(struct face *f, const struct trundle_message *m)
{
    if (m->channel != TRUNDLE_DECISION)
        return;
    if (m->decision.kind == TRUNDLE_DECIDE_ADD)
        keep_moment(f, &m->decision);
    view_decision(&f->view, &m->decision);
    face_refresh(f);
}

void face_consumed(struct face *f, const struct trundle_message *m)
{
    if (m->channel == TRUNDLE_CAM && m->sensor == 0 && m->frame.jpeg_bytes <= MOMENT_BYTES) {
        struct kept *k = &f->frames[f->next_frame++ % KEPT_FRAMES];

        k->t_ns = m->sensed_ns;
        k->n = m->frame.jpeg_bytes;
        if (k->n)
            memcpy(k->bytes, m->frame.jpeg, k->n);
    }
    if (m->channel == TRUNDLE_TOUCH) {
        view_touch(&f->view, &m->touch);
        face_refresh(f);
    }
    if (m->channel == TRUNDLE_TICK && m->log_ns - f->refreshed_ns >= MS_NS(REFRESH_MS) && view_digest(&f->view) != f->digest)
        face_refresh(f);
}

enum trundle_status face_picture(void *face, struct trundle_product product, struct bytes *out, const char **out_type, struct trundle_error *err)
{
    struct face *f = face;
    char path[4096 + 64], key[TRUNDLE_PRODUCT_TEXT], *colon;
    struct bytes file = { 0 };
    enum trundle_status status;

    (void)trundle_product_text(product, key);
    colon = strchr(key, ':');
    if (colon)
        *colon = '-';
    (void)pthread_mutex_lock(&f->lock);
    (void)snprintf(path, sizeof path, "%s/enrol/%s/1.jpg", f->pictures, key);
    (void)pthread_mutex_unlock(&f->lock);
    status = file_read(path, PICTURE_BYTES, &file, err);
    if (status == TRUNDLE_OK)
        status = bytes_append(out, file.data, file.n);
    bytes_done(&file);
    *out_type = "image/jpeg";
    return status;
}

enum trundle_status face_moment(void *face, uint32_t line, struct bytes *out, const char **out_type, struct trundle_error *err)
{
    struct face *f = face;
    enum trundle_status status = error_set(err, TRUNDLE_NOT_FOUND, "moment", NULL, "no picture was kept of that line");

    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; line && i < MOMENTS; i++)
        if (f->moments[i].line == line)
            status = bytes_append(out, f->moments[i].picture.bytes, f->moments[i].picture.n);
    (void)pthread_mutex_unlock(&f->lock);
    *out_type = "image/jpeg";
    return status;
}

enum trundle_status face_find(void *face, const char *query, struct bytes *out, struct trundle_error *err)
{
    struct face *f = face;
    enum trundle_status status = TRUNDLE_NOT_FOUND;

    (void)pthread_mutex_lock(&f->lock);
    if (f->session)
        status = view_find(f->session, query, out);
    (void)pthread_mutex_unlock(&f->lock);
    return status == TRUNDLE_OK ? status : error_set(err, status, "catalog", NULL, "no trip is being shopped");
}

enum trundle_status face_touch(void *face, const struct trundle_touch *touch, struct trundle_error *err)
{
    struct face *f = face;
    struct trundle_message m = { .channel = TRUNDLE_TOUCH };

    if (!f->config.till && (touch->kind == TRUNDLE_TOUCH_PAID || touch->kind == TRUNDLE_TOUCH_STAFF))
        return error_set(err, TRUNDLE_BAD_INPUT, "touch", "the till and staff keys say so", "a shopper's screen may not say this");
    m.touch = *touch;
    if (inbox_put(f->config.inbox, &m) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_FULL, "touch", "try again", "the cart is busy");
    return TRUNDLE_OK;
}
