/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/clip_file - cuts the seconds of a clip out of the ring, into a trip file that is sealed to the hub.
 *
 *     struct clip_cut cut = { .ring = ring, .lock = &lock, .head = &head, .want = &want, ... };
 *     TRY(clip_file_write(box, &cut, &clip, draft, sizeof draft, &cut_short, err));
 *     TRY(outbox_clip_add(box, draft, key, &clip, err));
 *
 * The plain trip file is in memory (/dev/shm) and has no name; where there is no room, in the state folder, also without a name: a kill leaves nothing of it.
 * Pictures of a camera that nothing can check for having moved are left out unless the policy wants them (unchecked_cameras).
 * Pictures of a camera that turned out to have moved are left out, also those from before that was known: what they show is not what the mask was made for.
 */
#pragma once

#include "base/seal/seal.h"
#include "base/trip/trip.h"
#include "cart/capture/clip.h"
#include "cart/capture/ring.h"
#include "cart/runtime/outbox.h"

#include <pthread.h>

/* All borrowed. The lock is held for the copy of one message at a time. */
struct clip_cut {
    const struct ring *ring;
    pthread_mutex_t *lock;
    uint8_t *room;                         /* for one picture */
    size_t room_bytes;
    const struct trip_head *head;
    const void *cart_json;
    size_t cart_json_n;
    const struct clip_want *want;
    const struct policy_trigger *trigger;
    const uint8_t *seal_key;               /* SEAL_PUBLIC bytes */
    const char *cart, *trip;               /* names */
    double worth;
    bool left_out[TRUNDLE_CAMERAS_MAX];    /* cameras whose pictures are */
};

/* The cameras of a cart file for which nothing says whether they still stand where it says (UNSUPPORTED of still_new), and those that are not in it. */
void clip_file_unchecked(const void *cart_json, size_t n, bool out[TRUNDLE_CAMERAS_MAX]);

/* The name of the attachment that says why the clip is there. */
#define CLIP_JSON "clip.json"

/* Fills in `clip` but for its hash and size. *out_short: the ring had forgotten its first messages. NOT_FOUND: all of them. */
TRUNDLE_MUST_USE enum trundle_status clip_file_write(struct outbox *box, const struct clip_cut *cut, struct outbox_clip *clip, char *draft, size_t draft_size,
                                                     bool *out_short, struct trundle_error *err);
