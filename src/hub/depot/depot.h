/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * depot - everything the hub remembers: one folder with a database, blobs and the hub's keys (docs/hub.md).
 *
 *     struct depot *d = NULL;
 *     TRY(depot_open("hub", DEPOT_CREATE, NULL, &d, err));
 *     TRY(depot_batch_parse(body, body_n, &batch, err));                    // NDJSON of a cart, whole or refused with the line's number
 *     TRY(depot_ingest(d, "cart-7", batch, clock_wall_ns(), &count, err));  // on disk when it returns
 *     depot_batch_free(batch);
 *     depot_close(d);
 *
 * Writing. One thread of the depot writes. What callers hand in (depot_ingest, depot_write, and all calls here that change rows) waits in a queue; the
 * writer takes all that has gathered and what comes while it works, runs each as a savepoint of one transaction, commits once with full sync, and wakes the callers. One that fails is
 * undone alone, the others stand; when the commit fails all of them are told. So many threads that wait make one sync, and one thread alone makes one each.
 * Reading. Any number of threads at once, each on a connection of its own: depot_read_begin, depot_read_end.
 * Other rooms. `depot_lock(d)`, use depot_db(d) (begin and commit as you like), `depot_unlock(d)`: served in turn with the writer's groups.
 *
 * Threads: every function takes calls of several threads at once, except open, close and depot_hook_add (nobody else may be inside then). Between
 * depot_lock and depot_unlock, inside a depot_write function and inside a hook, call only functions that take a `struct db *`: the others would wait for
 * themselves.
 * Processes: several may open a folder (a command beside a running hub); depot_fsck with repair and depot_restore want it alone.
 * Durability: a function that returned TRUNDLE_OK has its effect on disk; one that failed has none. A blob's file and folder are synced before a row names it.
 * Rest: datasets, lineage, deletion in lineage.h; backup, restore, fsck in keep.h. All times are Unix ns, handed in; nothing here reads a clock.
 */
#pragma once

#include "base/db/db.h"
#include "base/seal/seal.h"
#include "base/std/hash.h"
#include "base/std/json.h"

enum {
    DEPOT_NAME = 41,                       /* cart, store, bundle, trip, with the NUL: docs/hub.md, Names */
    DEPOT_SHA = HASH_SHA256_TEXT,          /* 64 lower-case hex digits and the NUL */
    DEPOT_LINE_MAX = 16384,                /* bytes of a record */
    DEPOT_BATCH_MAX = 1 << 20,             /* bytes of a batch */
    DEPOT_CHUNK_MAX = 1 << 20,             /* bytes of one upload call */
    DEPOT_TEXT = 256,                      /* who, why, with the NUL */
    DEPOT_AWAIT_DAYS = 7                   /* a clip that was announced is awaited so long without a byte of it (depot_sweep) */
};

struct depot;                              /* owned by who opened it */
struct depot_access;                       /* access log, below */

enum depot_mode {
    DEPOT_READ = 0,                        /* must exist; nothing is changed */
    DEPOT_WRITE = 1,                       /* must exist */
    DEPOT_CREATE = 2                       /* made when absent, keys too */
};

/* Zero means the default. */
struct depot_options {
    int     readers;                       /* connections for reading, 1 to 64; default 8: more threads wait */
    int64_t clip_max_bytes;                /* largest clip a cart may send; default 256 MiB */
    int64_t cart_max_bytes;                /* of clips that one cart announced and that are not deleted yet; default 4 GiB. Beyond it clips are refused */
    int64_t keep_days_max;                 /* 1 to 36500, default 400: nothing is kept longer, whatever a cart asks */
};

/* Finishes what a power cut interrupted, brings tables to this version. NOT_FOUND, BAD_INPUT (a folder of something else, keys that others may read),
 * CORRUPT, UNSUPPORTED (written by a newer program), CONFLICT (a repair has the folder), IO. */
TRUNDLE_MUST_USE enum trundle_status depot_open(const char *folder, enum depot_mode mode, const struct depot_options *options, struct depot **out,
                                                struct trundle_error *err);
void depot_close(struct depot *d);         /* waits for what is queued. NULL is fine */
const char *depot_folder(const struct depot *d);

/* The hub's secrets, kept in secret.json (mode 0600). `seal` and `sign` are made with the folder; other rooms keep texts of their own there (TLS, sessions). */
const struct seal_key *depot_seal_key(const struct depot *d);
enum { DEPOT_SIGN_PUBLIC = 32 };
const uint8_t *depot_sign_key(const struct depot *d);       /* public half (Ed25519) of what signs receipts */
/* NOT_FOUND: no such name. The caller frees nothing: `out` is an empty buffer that it owns; a NUL follows. */
TRUNDLE_MUST_USE enum trundle_status depot_secret_get(struct depot *d, const char *name, struct bytes *out, struct trundle_error *err);
/* `name` like a cart's name; up to 64 KiB of text. CONFLICT: there is one already and `replace` is false. */
TRUNDLE_MUST_USE enum trundle_status depot_secret_set(struct depot *d, const char *name, const char *text, bool replace, struct trundle_error *err);

/* The name of a cart, store, bundle: a-z 0-9 - _ . , 1 to 40, a letter or digit first. BAD_INPUT names `where`. */
TRUNDLE_MUST_USE enum trundle_status depot_name_check(const char *name, const char *where, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_sha_check(const char *sha256, const char *where, struct trundle_error *err);

/* ---- the database ---- */

/* Runs in the writer, inside the group's transaction: changes rows, begins and ends nothing, waits for nothing. What it returns is what depot_write returns. */
typedef enum trundle_status depot_job(struct db *db, void *user, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_write(struct depot *d, depot_job *job, void *user, struct trundle_error *err);

void depot_lock(struct depot *d);
struct db *depot_db(struct depot *d);      /* only between lock and unlock; an open transaction is rolled back by unlock. DEPOT_READ: read only */
void depot_unlock(struct depot *d);

/* A connection that sees all that was committed before; give it back soon. Free statements first. */
TRUNDLE_MUST_USE enum trundle_status depot_read_begin(struct depot *d, struct db **out, struct trundle_error *err);
void depot_read_end(struct depot *d, struct db *db);

/* ---- records ---- */

enum { DEPOT_WHAT = 16 };
struct depot_record {
    int64_t     boot, sequence, t_ns;
    const char *kind;
    const char *body;                      /* JSON text as it was sent */
    json_t     *json;                      /* the same, an object; NULL for a plain decision */
    char        what[DEPOT_WHAT];          /* of a plain decision: its body's `kind`, a string; "" it has none */
    bool        corrected;                 /* of a plain decision: its body says so */
    bool        fresh;                     /* set by depot_ingest, once it is OK: the record was not here before */
    int         line;                      /* from 1 */
};

/* A parsed body; owned by the caller. BAD_INPUT, TOO_LARGE: `where` is "line N" or "line N: body.field". Every line is checked: shape and limits, names, and for
 * kinds `clip` and `trip` the fields that the depot keeps. Unknown kinds (name-shaped) and unknown fields are taken. Empty lines are skipped.
 * A decision in the form that carts print, with a flat body, is plain: it is read without making a tree of it. */
struct depot_batch;
TRUNDLE_MUST_USE enum trundle_status depot_batch_parse(const void *text, size_t n, struct depot_batch **out, struct trundle_error *err);
size_t depot_batch_count(const struct depot_batch *b);
const struct depot_record *depot_batch_record(const struct depot_batch *b, size_t i);
void depot_batch_free(struct depot_batch *b);

struct depot_count {
    int64_t accepted, repeated;
};
/* All of the batch, or on failure nothing. A record whose (cart, boot, sequence) is there already is counted as repeated; CONFLICT when it is there with other
 * content: the cart's outbox lost its count. BAD_INPUT: the name, a body that a hook refuses. `clip` and `trip` records also make the rows below. */
TRUNDLE_MUST_USE enum trundle_status depot_ingest(struct depot *d, const char *cart, struct depot_batch *batch, int64_t now_ns,
                                                  struct depot_count *out, struct trundle_error *err);

/* Called in the writer for every record that is new, exactly once, inside the transaction that makes it durable. Anything but OK refuses the whole batch. */
typedef enum trundle_status depot_hook(void *user, struct db *db, const char *cart, const struct depot_record *record, int64_t now_ns, struct trundle_error *err);
/* Up to 4, called in the order set. Before the first ingest. FULL. */
TRUNDLE_MUST_USE enum trundle_status depot_hook_add(struct depot *d, depot_hook *hook, void *user, struct trundle_error *err);

/* Records of a cart in the order of (boot, sequence), from the one after `boot`, `sequence`, `limit` (1 to 10000) at most; kind NULL: all. */
typedef void depot_each_record(void *user, const char *cart, const struct depot_record *record, int64_t received_ns);      /* record->json is NULL */
TRUNDLE_MUST_USE enum trundle_status depot_records(struct depot *d, const char *cart, const char *kind, int64_t boot, int64_t sequence, int limit,
                                                   depot_each_record *each, void *user, struct trundle_error *err);
/* Those of a trip: what its cart said from its start to the record that ended it. NOT_FOUND: no such trip. */
TRUNDLE_MUST_USE enum trundle_status depot_trip_records(struct depot *d, const char *cart, const char *trip, int limit, depot_each_record *each, void *user,
                                                        struct trundle_error *err);

/* ---- blobs ---- */

/* Stores bytes; durable when it returns. Nothing names it yet: do depot_blob_name soon, else it is litter. */
TRUNDLE_MUST_USE enum trundle_status depot_blob_put(struct depot *d, const void *data, size_t n, char out_sha256[DEPOT_SHA], struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_blob_put_file(struct depot *d, const char *path, char out_sha256[DEPOT_SHA], int64_t *out_bytes, struct trundle_error *err);
/* Whole, its hash checked, into an empty buffer. NOT_FOUND, CORRUPT, TOO_LARGE (over `limit`). */
TRUNDLE_MUST_USE enum trundle_status depot_blob_get(struct depot *d, const char *sha256, size_t limit, struct bytes *out, struct trundle_error *err);
/* For ranges: an open descriptor (the caller closes it) and the size. The hash is not checked. */
TRUNDLE_MUST_USE enum trundle_status depot_blob_open(struct depot *d, const char *sha256, int *out_fd, int64_t *out_bytes, struct trundle_error *err);

/* In a write (depot_write, or between lock and unlock inside db_begin and db_commit): from now on `owner` ("bundle:NAME", a room's own word) holds the blob; naming
 * twice is once. NOT_FOUND: there is no such file. */
TRUNDLE_MUST_USE enum trundle_status depot_blob_name(struct depot *d, struct db *db, const char *sha256, const char *owner, int64_t now_ns, struct trundle_error *err);
/* `owner` lets go; a blob that nobody holds is removed with the next depot_sweep. */
TRUNDLE_MUST_USE enum trundle_status depot_blob_drop(struct depot *d, struct db *db, const char *sha256, const char *owner, int64_t now_ns, struct trundle_error *err);

/* ---- clips ---- */

enum depot_clip_state {
    DEPOT_CLIP_ANNOUNCED = 0,              /* a record told of it; its bytes are to come */
    DEPOT_CLIP_HERE = 1,
    DEPOT_CLIP_DELETED = 2,                /* the row stays, to refuse it for ever */
    DEPOT_CLIP_REFUSED = 3                 /* too large, or its cart had no room left, when it was announced; the row stays likewise */
};
struct depot_clip {
    char    sha256[DEPOT_SHA], cart[DEPOT_NAME], trip[DEPOT_NAME];
    char    trigger[SEAL_TEXT], purpose[SEAL_TEXT];
    int64_t bytes, keep_days;
    double  t0_s, t1_s, worth;             /* of the trip; worth NAN: not said */
    int64_t decision;                      /* sequence of the record it is about; -1 none */
    enum depot_clip_state state;
    bool    whole;                         /* the file of a trip (depot_trip_file): no cart announced it */
    int64_t announced_ns, here_ns;
    int64_t expires_ns;                    /* keep_days (keep_days_max of the options at most) after announced_ns: by the hub's clock, not the cart's */
};
TRUNDLE_MUST_USE enum trundle_status depot_clip_get(struct depot *d, const char *sha256, struct depot_clip *out, struct trundle_error *err);

/* How many bytes of a clip are there (all of them when it is complete). NOT_FOUND: never announced by this cart. UNSUPPORTED: it was deleted, or its cart
 * had no room: do not send it. TOO_LARGE: likewise. */
TRUNDLE_MUST_USE enum trundle_status depot_clip_have(struct depot *d, const char *cart, const char *sha256, int64_t *out_have, struct trundle_error *err);
/* Bytes from `offset` on of a clip of `size` bytes. What is there already is skipped; *out_have is where to go on. With the last byte the hash and the sealed header
 * (cart, trip, purpose, keep_days as announced, sealed to this hub) are checked, and the clip is durable when it returns.
 * CONFLICT: a gap (`offset` beyond what is there), or another size than announced. CORRUPT: the whole is not what its hash says: it is dropped, begin again.
 * BAD_INPUT: no sealed clip, or its header says otherwise: dropped. NOT_FOUND, UNSUPPORTED as above. TOO_LARGE: over DEPOT_CHUNK_MAX. */
TRUNDLE_MUST_USE enum trundle_status depot_clip_put(struct depot *d, const char *cart, const char *sha256, int64_t offset, int64_t size, const void *data, size_t n,
                                                    int64_t now_ns, int64_t *out_have, struct trundle_error *err);
/* Opens a clip that is here for somebody: the look is in the access log before the first byte is given. */
TRUNDLE_MUST_USE enum trundle_status depot_clip_open(struct depot *d, const char *sha256, const char *who, const char *why, int64_t now_ns,
                                                     struct seal_reader **out, struct trundle_error *err);

/* The same, or the file of a trip, with an entry of the caller's in the access log. */
TRUNDLE_MUST_USE enum trundle_status depot_look(struct depot *d, const char *sha256, const struct depot_access *look, int64_t now_ns, struct seal_reader **out,
                                                struct trundle_error *err);

struct depot_clip_query {
    const char *cart, *trip, *purpose, *trigger;   /* NULL: any */
    int         state;                             /* enum depot_clip_state, -1: any */
    const char *before;                            /* the last sha256 of the answer before; NULL begins */
    int         limit;                             /* 1 to 1000; 0: 100 */
};
typedef void depot_each_clip(void *user, const struct depot_clip *clip);
/* Newest first; no trip files. */
TRUNDLE_MUST_USE enum trundle_status depot_clips(struct depot *d, const struct depot_clip_query *query, depot_each_clip *each, void *user, struct trundle_error *err);

/* ---- trips, products, labels ---- */

struct depot_trip {
    char    cart[DEPOT_NAME], trip[DEPOT_NAME], store[DEPOT_NAME], bundle[DEPOT_SHA];
    int64_t started_ns, ended_ns;
    int64_t boot, sequence;                /* of the record that ended it; 0: none came */
    char    file[DEPOT_SHA];               /* the trip file, sealed, when it was handed in (also when it was deleted since); else "" */
};
TRUNDLE_MUST_USE enum trundle_status depot_trip_get(struct depot *d, const char *cart, const char *trip, struct depot_trip *out, struct trundle_error *err);
/* Gives up to `room` bytes, in order; 0 at the end. */
typedef enum trundle_status depot_source(void *user, void *to, size_t room, size_t *out_n, struct trundle_error *err);
#define DEPOT_TRIP_PURPOSE "improve"
enum { DEPOT_TRIP_DAYS = 30 };
/* Whether a trip's file may be kept for this: BAD_INPUT as below, before anything is sent. */
TRUNDLE_MUST_USE enum trundle_status depot_trip_terms(const struct depot *d, const char *purpose, int64_t keep_days, struct trundle_error *err);
/* Seals what the source gives as the file of a trip; the trip is made when no record told of it. From then on it is what a clip is (depot_clip_get, depot_look,
 * depot_clip_delete, depot_sweep), by *out_sha256. `purpose` NULL: DEPOT_TRIP_PURPOSE. keep_days -1: DEPOT_TRIP_DAYS, or less where the hub keeps nothing so long.
 * The same content again changes nothing. CONFLICT: the trip has another file. UNSUPPORTED: its file was deleted. BAD_INPUT: purpose, or more days than the hub allows. */
TRUNDLE_MUST_USE enum trundle_status depot_trip_file(struct depot *d, const struct depot_trip *trip, const char *purpose, int64_t keep_days, depot_source *source, void *user,
                                                     int64_t now_ns, char out_sha256[DEPOT_SHA], struct trundle_error *err);

/* `code` is gtin: or plu: (docs/contracts.md); `body` a JSON object with what the catalog says. A new body is a new version; the old ones stay. */
TRUNDLE_MUST_USE enum trundle_status depot_product_put(struct depot *d, const char *code, const char *body, int64_t now_ns, struct trundle_error *err);
struct depot_product {
    const char *code, *body;
    int64_t     since_ns;
};
typedef void depot_each_product(void *user, const struct depot_product *product);
/* With a code: its versions, newest first. Without (NULL): the newest of each whose code comes after `after` ("" begins), by code. */
TRUNDLE_MUST_USE enum trundle_status depot_products(struct depot *d, const char *code, const char *after, int limit, depot_each_product *each, void *user, struct trundle_error *err);
/* What somebody says of a clip: rows are added, never changed. `product` a code or "?"; `body` a JSON object (boxes, times, whatever the task asks for).
 * NOT_FOUND: no such clip here. */
struct depot_label {
    const char *clip, *task, *product, *body, *who;
    double      t0_s, t1_s;
};
TRUNDLE_MUST_USE enum trundle_status depot_label_add(struct depot *d, const struct depot_label *label, int64_t now_ns, int64_t *out_id, struct trundle_error *err);
typedef void depot_each_label(void *user, int64_t id, int64_t made_ns, const struct depot_label *label);
/* Of a clip, oldest first, those with an id above `after`. */
TRUNDLE_MUST_USE enum trundle_status depot_labels(struct depot *d, const char *clip, int64_t after, int limit, depot_each_label *each, void *user, struct trundle_error *err);

/* ---- access log ---- */

/* Who looked at or did what to which thing, why. Each entry holds the hash of the one before: an entry changed or taken out later shows.
 * Texts are cut to DEPOT_TEXT - 1 bytes. `what` e.g. "clip", `ref` e.g. its sha256. */
struct depot_access {
    const char *who, *act, *what, *ref, *why;
};
TRUNDLE_MUST_USE enum trundle_status depot_access(struct depot *d, const struct depot_access *access, int64_t now_ns, struct trundle_error *err);
/* The same inside a write. */
TRUNDLE_MUST_USE enum trundle_status depot_access_in(struct db *db, const struct depot_access *access, int64_t now_ns, struct trundle_error *err);
typedef void depot_each_access(void *user, int64_t id, int64_t t_ns, const struct depot_access *access);
/* Newest first, those before id `before` (0 begins), whose `ref` or `who` is as given (NULL: any). */
TRUNDLE_MUST_USE enum trundle_status depot_access_list(struct depot *d, const char *who, const char *ref, int64_t before, int limit, depot_each_access *each, void *user,
                                                       struct trundle_error *err);
/* Walks the chain. CORRUPT names the first entry that does not follow. *out_head: hash of the last entry (of an empty log: of nothing); whoever keeps it can tell later
 * that none was cut off. */
TRUNDLE_MUST_USE enum trundle_status depot_access_verify(struct db *db, int64_t *out_n, char out_head[DEPOT_SHA], struct trundle_error *err);
