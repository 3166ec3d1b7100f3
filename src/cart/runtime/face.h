/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/face - a session's touchscreen: publishes the view when it changes, keeps the picture of the moment of each line,
 * takes touches into an inbox. Outlives sessions, so that one screen serves trip after trip.
 *
 *     TRY(face_new(&(struct face_config){ .inbox = inbox }, &face));
 *     TRY(screen_start(&(struct screen_config){ .user = face, .touch = face_touch, .picture = face_picture }, &screen, err));
 *     face_target(face, publish, screen);
 *     face_begin(face, session, pictures_dir);
 *     face_output(face, &m); face_consumed(face, &m);      // from the session's callbacks
 *     face_end(face);
 *
 * Threads: begin, output, consumed, end on the session's thread; the screen's callbacks on the server's.
 */
#pragma once

#include "cart/runtime/inbox.h"
#include "cart/runtime/session.h"
#include "cart/runtime/view.h"

struct face;

/* Where a view goes: screen_publish, or a test's function. */
typedef enum trundle_status face_publish(void *to, const char *json, size_t n);

struct face_config {
    struct inbox *inbox;                     /* borrowed; touches go here */
    face_publish *publish;
    void *to;
    bool till;                               /* the page may say "paid" and switch staff mode: demonstrations only */
};

TRUNDLE_MUST_USE enum trundle_status face_new(const struct face_config *config, struct face **out);
void face_free(struct face *f);
/* pictures_dir: enrol/<product>/<k>.jpg is below it; NULL none. */
void face_begin(struct face *f, const struct session *session, const char *pictures_dir);
void face_output(struct face *f, const struct trundle_message *m);
void face_consumed(struct face *f, const struct trundle_message *m);
/* The state as it is now, out of turn (a device changed). */
void face_refresh(struct face *f);
void face_end(struct face *f);
struct view *face_view(struct face *f);
void face_target(struct face *f, face_publish *publish, void *to);

/* The callbacks of struct screen_config, with the face as user. */
enum trundle_status face_picture(void *face, struct trundle_product product, struct bytes *out, const char **out_type, struct trundle_error *err);
enum trundle_status face_moment(void *face, uint32_t line, struct bytes *out, const char **out_type, struct trundle_error *err);
enum trundle_status face_find(void *face, const char *query, struct bytes *out, struct trundle_error *err);
enum trundle_status face_touch(void *face, const struct trundle_touch *touch, struct trundle_error *err);
