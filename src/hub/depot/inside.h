/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the files of hub/depot share; not for other rooms. */
#pragma once

#include "base/db/query.h"
#include "base/std/disk.h"
#include "hub/depot/depot.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

enum {
    DEPOT_HOOKS = 4, DEPOT_READERS = 64, DEPOT_STRIPES = 16,
    DEPOT_KEEP_DAYS = 36500,               /* what a sealed header can say */
    DEPOT_SEQUENCE_BITS = 40,              /* of a record's key, under the boot's number */
    DEPOT_VERSION = 3                      /* of the tables */
};

#define DEPOT_DAY_NS INT64_C(86400000000000)

struct depot_waiting {                     /* on its caller's stack */
    depot_job            *job;
    void                 *user;
    struct trundle_error *err;
    enum trundle_status   status;
    bool                  done;
    pthread_cond_t        woken;
    struct depot_waiting *next;
};

struct depot {
    char             folder[DISK_PATH];
    enum depot_mode  mode;
    struct depot_options options;
    int              lock_fd;
    atomic_uint      temporaries;

    struct seal_key  seal;
    uint8_t          sign_public[DEPOT_SIGN_PUBLIC], sign_secret[crypto_sign_SECRETKEYBYTES];
    pthread_mutex_t  secret_mutex;

    struct db       *db;                   /* the one that writes; under the turn */
    pthread_mutex_t  turn_mutex;           /* turns in the order of asking, so that a busy writer starves nobody */
    pthread_cond_t   turn_change;
    uint64_t         turn_next, turn_now;

    pthread_mutex_t  queue_mutex;
    pthread_cond_t   queue_change;
    struct depot_waiting *head, *tail;
    bool             stopping, writer_started;
    pthread_t        writer;

    pthread_mutex_t  reader_mutex;
    pthread_cond_t   reader_change;
    struct db       *reader[DEPOT_READERS];        /* free ones */
    int              readers_free, readers_open;

    pthread_mutex_t  stripe[DEPOT_STRIPES];        /* uploads of one clip follow each other */
    struct { depot_hook *hook; void *user; } hook[DEPOT_HOOKS];
    size_t           hooks;
};

/* queue.c */
TRUNDLE_MUST_USE enum trundle_status depot_queue_start(struct depot *d, struct trundle_error *err);
void depot_queue_stop(struct depot *d);

/* tables.c */
TRUNDLE_MUST_USE enum trundle_status depot_tables(struct db *db, struct trundle_error *err);

/* secret.c */
TRUNDLE_MUST_USE enum trundle_status depot_secret_open(struct depot *d, bool make, struct trundle_error *err);

/* open.c: depot_open without looking for trip files that lie in the clear: their time follows from options that a restore does not have.
 * Adds to *again what was deleted once more. */
TRUNDLE_MUST_USE enum trundle_status depot_open_plain(const char *folder, struct depot **out, int64_t *again, struct trundle_error *err);
/* DIR/lock. Shared by all who write, alone for a repair. CONFLICT. */
TRUNDLE_MUST_USE enum trundle_status depot_lock_file(const char *folder, bool alone, int *out_fd, struct trundle_error *err);

/* blob.c */
TRUNDLE_MUST_USE enum trundle_status depot_blob_path(const struct depot *d, const char *sha256, char out[DISK_PATH], struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_part_path(const struct depot *d, const char *sha256, char out[DISK_PATH], struct trundle_error *err);
/* Makes blob/ab and gives the path. */
TRUNDLE_MUST_USE enum trundle_status depot_blob_place(const struct depot *d, const char *sha256, char out[DISK_PATH], struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_temporary(struct depot *d, char out[DISK_PATH], struct trundle_error *err);
/* In a write: the blob goes when nobody holds it. `receipt` (may be NULL) is signed once it is gone. */
TRUNDLE_MUST_USE enum trundle_status depot_doom(struct db *db, const char *sha256, const char *receipt, struct trundle_error *err);

/* delete.c: removes what is doomed, signs what waits for it. A job; user is this. */
struct depot_dooms {
    struct depot *d;
    int64_t       removed;
};
depot_job depot_doom_run;
/* Each as depot_clip_delete. */
TRUNDLE_MUST_USE enum trundle_status depot_delete_clips(struct depot *d, const char *const *sha256, size_t n, const char *who, const char *why, int64_t now_ns,
                                                        struct trundle_error *err);

/* whole.c: trip files that lay in the clear, from before they were sealed. After the queue has started. */
TRUNDLE_MUST_USE enum trundle_status depot_whole_upgrade(struct depot *d, struct trundle_error *err);

/* lineage.c. A node's number; clips and trips get one when they are first asked for. NOT_FOUND. */
TRUNDLE_MUST_USE enum trundle_status depot_node_id(struct db *db, const char *kind, const char *ref, int64_t now_ns, int64_t *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_node_find(struct db *db, const char *kind, const char *ref, int64_t *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_node_make(struct db *db, const char *kind, const char *ref, const char *body, int64_t now_ns, int64_t *out, struct trundle_error *err);
/* All that was made of a node: FROM this WHERE ..., with ?1 the node. Gives node, split, depth. */
#define DEPOT_WALK_ON "WITH RECURSIVE walk(node, split, depth) AS (SELECT ?1, '', 0 UNION SELECT e.child, CASE n.kind WHEN 'dataset' THEN e.split ELSE '' END, w.depth + 1" \
    " FROM walk w JOIN depot_edge e ON e.parent = w.node JOIN depot_node n ON n.id = e.child WHERE w.split = '' OR e.split = '' OR e.split = w.split) "
#define DEPOT_WALK_BACK "WITH RECURSIVE walk(node, split, depth) AS (SELECT ?1, '', 0 UNION SELECT e.parent, CASE n.kind WHEN 'dataset' THEN e.split ELSE '' END, w.depth + 1" \
    " FROM walk w JOIN depot_edge e ON e.child = w.node JOIN depot_node n ON n.id = e.parent WHERE w.split = '' OR e.split = w.split) "

/* dataset.c. In a write: the newest version of `name` without the listed clips (sha256) and trips (CART/TRIP) becomes a new version; *out_id is its id. */
TRUNDLE_MUST_USE enum trundle_status depot_dataset_reduce(struct depot *d, struct db *db, const char *name, const char *const *gone, size_t n, int64_t now_ns,
                                                          char out_id[DEPOT_SHA], struct trundle_error *err);

pthread_mutex_t *depot_stripe(struct depot *d, const char *sha256);

/* batch.c: whether a trip's name may be one. */
TRUNDLE_MUST_USE enum trundle_status depot_trip_check(const char *trip, const char *where, struct trundle_error *err);
bool depot_printable(const char *text, size_t size);
struct depot_record *depot_batch_at(struct depot_batch *b, size_t i);

/* clip.c: columns in the order of DEPOT_CLIP_COLUMNS from `first` on. */
#define DEPOT_CLIP_COLUMNS "c.sha256, c.cart, c.trip, c.trigger, c.purpose, c.bytes, c.keep_days, c.t0_s, c.t1_s, c.worth, c.decision, c.state, c.announced_ns, c.here_ns, c.expires_ns, c.whole"
void depot_clip_row(const struct db_statement *s, struct depot_clip *out);
int64_t depot_expires_ns(const struct depot *d, int64_t keep_days, int64_t since_ns);
TRUNDLE_MUST_USE enum trundle_status depot_clip_find(struct db *db, const char *sha256, struct depot_clip *out, struct trundle_error *err);

/* plain.c: a line of n bytes (and a NUL) into *out, whose `line` stays; the text is cut behind the body. False: it is none, and nothing was changed. */
bool depot_plain_line(char *text, size_t n, struct depot_record *out);
