/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/outbox - what a cart has to say until the hub has said that it is on its disk: records, and clips by path.
 *
 *     TRY(outbox_open(dir, OUTBOX_WRITE, &box, err));
 *     TRY(outbox_boot(box, &boot, err));                       // once per start of who sends
 *     TRY(outbox_put(box, &(struct outbox_record){ .kind = "health", .body = json, .t_ns = now }, NULL, err));
 *     TRY(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, err));
 *     TRY(outbox_confirm(box, first, last, err));              // the hub has them
 *
 * DIR/outbox.sqlite (full sync) and DIR/clips/. What outbox_put said OK to survives power loss, keeps its (boot, sequence), and
 * is there until it is confirmed; so what is sent twice is known as the same by the hub. A record with a `key` is taken once,
 * also after it was sent: a trip that is driven again after a kill says nothing twice. A clip's file is on disk before its
 * row; a file without a row is litter and goes at the next start, a row without a file is counted as lost and says so.
 *
 * Threads: one at a time per value; several values and processes may open the same folder (one of them sends: outbox_lock).
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct outbox;

enum outbox_mode { OUTBOX_READ, OUTBOX_WRITE };
enum { OUTBOX_BODY_MAX = 15 << 10, OUTBOX_LINE_MAX = 16 << 10, OUTBOX_KEY = 96, OUTBOX_SHA = 65, OUTBOX_NAME = 41 };

struct outbox_record {
    const char *kind;                      /* docs/hub.md */
    const char *body;                      /* a JSON object as text */
    int64_t     t_ns;                      /* Unix */
    const char *key;                       /* NULL: none */
};

/* A clip on disk, sealed. */
struct outbox_clip {
    char    sha256[OUTBOX_SHA];
    char    trip[OUTBOX_NAME], trigger[OUTBOX_NAME], purpose[OUTBOX_NAME];
    int64_t bytes, t_ns;                   /* wall time of the moment: its day is the budget's */
    int     keep_days;
    double  t0_s, t1_s, worth, moment_s;   /* in the trip */
    uint32_t decision;
    int64_t sent;                          /* bytes that the hub has */
    bool    announced;                     /* its record was made: it is being sent, and no budget drops it */
};

struct outbox_state {
    int64_t boot, records, record_bytes, clips, clip_bytes, clips_announced, dropped_clips, dropped_bytes, lost_clips, refused_records, sent_records, sent_clips;
    int64_t oldest_ns;                     /* of the records that wait; 0 none */
};

/* WRITE makes folder and file, and removes litter. UNSUPPORTED: written by a newer version. */
TRUNDLE_MUST_USE enum trundle_status outbox_open(const char *dir, enum outbox_mode mode, struct outbox **out, struct trundle_error *err);
void outbox_close(struct outbox *box);
/* Only one process at a time may send. CONFLICT: another does. Held until outbox_close. */
TRUNDLE_MUST_USE enum trundle_status outbox_lock(struct outbox *box, struct trundle_error *err);
/* The next boot number, on disk before it is used; sequence starts at 1 again. The first one is the time, so that a new outbox repeats no number of an old one. */
TRUNDLE_MUST_USE enum trundle_status outbox_boot(struct outbox *box, int64_t *out_boot, struct trundle_error *err);

/* BAD_ARG: a body over OUTBOX_BODY_MAX or no JSON object. *out_taken (may be NULL) false: the key was there. */
TRUNDLE_MUST_USE enum trundle_status outbox_put(struct outbox *box, const struct outbox_record *r, bool *out_taken, struct trundle_error *err);
/* n in one transaction. */
TRUNDLE_MUST_USE enum trundle_status outbox_put_all(struct outbox *box, const struct outbox_record *r, size_t n, size_t *out_taken, struct trundle_error *err);
/* NDJSON of the oldest records, at most `limit` bytes and `most` lines (0: any number). END: none wait. */
TRUNDLE_MUST_USE enum trundle_status outbox_batch(struct outbox *box, size_t limit, size_t most, struct bytes *out_lines, int64_t *out_first, int64_t *out_last,
                                                  struct trundle_error *err);
/* Rows first..last of outbox_batch are gone. */
TRUNDLE_MUST_USE enum trundle_status outbox_confirm(struct outbox *box, int64_t first, int64_t last, struct trundle_error *err);
/* The hub has another record under the number of row `id` (this folder is an older copy of itself): the row gets the next number of the newest boot, and
 * that is first raised by `skip` when the row is of it. */
TRUNDLE_MUST_USE enum trundle_status outbox_renumber(struct outbox *box, int64_t id, int64_t skip, struct trundle_error *err);
/* The hub does not understand row `id`: it is set aside with the reason, for people; it blocks nothing. */
TRUNDLE_MUST_USE enum trundle_status outbox_set_aside(struct outbox *box, int64_t id, const char *why, struct trundle_error *err);

/* Whether a clip with this key was kept or dropped before: nothing is to be done. */
TRUNDLE_MUST_USE enum trundle_status outbox_clip_known(struct outbox *box, const char *key, bool *out_known, struct trundle_error *err);
/* Clips of a trigger kept on the day of t_ns: the k of clip_worth. */
TRUNDLE_MUST_USE enum trundle_status outbox_clips_today(struct outbox *box, const char *trigger, int64_t t_ns, uint32_t *out_n, struct trundle_error *err);
/* A path in DIR/clips for a file that is being written; it is litter until outbox_clip_add. */
void outbox_clip_draft(const struct outbox *box, char *out, size_t size);
/* Takes the synced file `draft` over: renamed to its hash, folder synced, row committed. `key`: taken once. */
TRUNDLE_MUST_USE enum trundle_status outbox_clip_add(struct outbox *box, const char *draft, const char *key, const struct outbox_clip *clip, struct trundle_error *err);
struct capture_policy;
/* Drops what is over the policy's budgets, least worth first. */
TRUNDLE_MUST_USE enum trundle_status outbox_clips_fit(struct outbox *box, const struct capture_policy *policy, size_t *out_dropped, struct trundle_error *err);
/* The clip to send: one that is announced, else the worthiest, whose record is put now. END: none. */
TRUNDLE_MUST_USE enum trundle_status outbox_clip_next(struct outbox *box, struct outbox_clip *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status outbox_clip_sent(struct outbox *box, const char *sha256, int64_t have, struct trundle_error *err);
/* It is to be announced again. */
TRUNDLE_MUST_USE enum trundle_status outbox_clip_again(struct outbox *box, const char *sha256, struct trundle_error *err);
/* The hub has all of it: the file goes; the row stays some days, since it counts for its day's budget. */
TRUNDLE_MUST_USE enum trundle_status outbox_clip_done(struct outbox *box, const char *sha256, struct trundle_error *err);
/* The hub refuses it for good: the same, and it counts as dropped. */
TRUNDLE_MUST_USE enum trundle_status outbox_clip_refused(struct outbox *box, const char *sha256, const char *why, struct trundle_error *err);
void outbox_clip_path(const struct outbox *box, const char *sha256, char *out, size_t size);

TRUNDLE_MUST_USE enum trundle_status outbox_state(struct outbox *box, struct outbox_state *out, struct trundle_error *err);
