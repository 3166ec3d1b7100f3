/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What outbox.c and outbox_clip.c share. */
#pragma once

#include "base/db/db.h"
#include "cart/runtime/outbox.h"

enum { OUTBOX_PATH = 1400 };

/* States of a clip; stable: stored. Rows of sent and dropped ones stay for some days, since they count for their day. */
enum outbox_clip_step { CLIP_WAITS = 0, CLIP_ANNOUNCED = 1, CLIP_SENT = 2, CLIP_DROPPED = 3, CLIP_LOST = 4 };

struct outbox {
    char dir[1024];
    struct db *db;
    struct db_statement *put, *put_key, *has_key, *meta, *meta_set, *batch, *confirm;
    int  opened_fd, lock_fd;               /* who has it open; who sends */
    bool writes;
};

/* Within a transaction of the caller. */
TRUNDLE_MUST_USE enum trundle_status outbox_insert(struct outbox *box, const struct outbox_record *r, bool *out_taken, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status outbox_key_take(struct outbox *box, const char *key, bool *out_taken, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status outbox_count(struct outbox *box, const char *name, int64_t by, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status outbox_clips_clean(struct outbox *box, bool alone, struct trundle_error *err);
