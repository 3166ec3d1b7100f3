/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Trip files that are handed in: sealed here, to the hub's own key, and then rows and blobs like clips, so that opening, retention, deletion, receipts and lineage are those of
 * clips. What is handed in twice is known by the sha256 of its content, which goes with the deletion.
 */
#include "hub/depot/inside.h"

#include "base/std/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536 };

struct whole {
    struct depot            *d;
    const struct depot_trip *trip;
    const char              *was;          /* file of the trip that this one takes the place of: "" none, else one that lay here in the clear */
    const char              *purpose;
    int64_t                  keep_days, since_ns, bytes;
    char                     content[DEPOT_SHA], sha256[DEPOT_SHA];
    bool                     repeated;     /* it is here already, as `sha256` */
};

/* Into the file `path`, synced. */
static enum trundle_status seal(struct whole *w, const char *path, depot_source *source, void *user, struct trundle_error *err)
{
    struct seal_header header = { .trigger = "whole", .keep_days = w->keep_days, .t1_s = (double)(w->trip->ended_ns - w->trip->started_ns) / 1e9 };
    uint8_t piece[PIECE], digest[crypto_hash_sha256_BYTES];
    struct seal_writer *writer = NULL;
    crypto_hash_sha256_state hash;
    enum trundle_status status;
    size_t n = 0;

    (void)snprintf(header.cart, sizeof header.cart, "%s", w->trip->cart);
    (void)snprintf(header.trip, sizeof header.trip, "%s", w->trip->trip);
    (void)snprintf(header.purpose, sizeof header.purpose, "%s", w->purpose);
    TRY(seal_write_file(w->d->seal.public_key, &header, path, &writer, err));
    (void)crypto_hash_sha256_init(&hash);
    do {
        TRY_GOTO(status, source(user, piece, sizeof piece, &n, err), out);
        (void)crypto_hash_sha256_update(&hash, piece, n);
        TRY_GOTO(status, seal_write_add(writer, piece, n, err), out);
    } while (n);
    status = seal_write_finish(writer, err);
    (void)crypto_hash_sha256_final(&hash, digest);
    (void)sodium_bin2hex(w->content, sizeof w->content, digest, sizeof digest);
out:
    seal_write_free(writer);
    sodium_memzero(piece, sizeof piece);
    return status == TRUNDLE_OK ? disk_hash(path, w->sha256, &w->bytes, err) : status;
}

/* By a receipt, of a trip that this database knows no file of: it was set back. */
static enum trundle_status deleted_once(struct db *db, const struct whole *w, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM depot_clip WHERE cart = ? AND trip = ? AND whole = 1 AND state = 2", "tt", w->trip->cart, w->trip->trip));
    status = db_step(s, err);
    db_free(s);
    if (status == TRUNDLE_OK)
        return error_set(err, TRUNDLE_UNSUPPORTED, w->trip->trip, "its receipt says when and why", "its file was deleted, and is not taken again");
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* What the trip has already: the same (`repeated`), another, one that was deleted, or nothing. */
static enum trundle_status compare(struct db *db, struct whole *w, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT t.file, c.state, c.content FROM depot_trip t LEFT JOIN depot_clip c ON c.sha256 = t.file WHERE t.cart = ? AND t.trip = ?", "tt", w->trip->cart,
                    w->trip->trip));
    status = db_step(s, err);
    if (status == TRUNDLE_END || (status == TRUNDLE_OK && strcmp(db_text(s, 0), w->was) == 0)) {
        status = deleted_once(db, w, err);
    } else if (status == TRUNDLE_OK && db_integer(s, 1) == DEPOT_CLIP_DELETED) {
        status = error_set(err, TRUNDLE_UNSUPPORTED, w->trip->trip, "its receipt says when and why", "its file was deleted, and is not taken again");
    } else if (status == TRUNDLE_OK && strcmp(db_text(s, 2), w->content) != 0) {
        status = error_set(err, TRUNDLE_CONFLICT, w->trip->trip, "a trip's file is never replaced", "has another file already");
    } else if (status == TRUNDLE_OK) {
        (void)snprintf(w->sha256, sizeof w->sha256, "%s", db_text(s, 0));
        w->repeated = true;
    }
    db_free(s);
    return status;
}

static enum trundle_status keep_job(struct db *db, void *user, struct trundle_error *err)
{
    struct whole *w = user;
    const struct depot_trip *t = w->trip;

    w->repeated = false;
    TRY(compare(db, w, err));
    if (w->repeated)
        return TRUNDLE_OK;
    TRY(depot_blob_name(w->d, db, w->sha256, "clip", w->since_ns, err));
    TRY(db_do(db, err, "INSERT INTO depot_clip(sha256, cart, trip, trigger, purpose, bytes, keep_days, t0_s, t1_s, worth, decision, state, announced_ns, here_ns, expires_ns, whole, content)"
                  " VALUES(?1,?2,?3,'whole',?4,?5,?6,0,?7,NULL,-1,1,?8,?8,?9,1,?10)", "ttttiiniit", w->sha256, t->cart, t->trip, w->purpose, w->bytes, w->keep_days,
                  (double)(t->ended_ns - t->started_ns) / 1e9, w->since_ns, depot_expires_ns(w->d, w->keep_days, w->since_ns), w->content));
    TRY(db_do(db, err, "INSERT INTO depot_trip(cart, trip, store, bundle, started_ns, ended_ns, boot, sequence, file) VALUES(?,?,?,?,?,?,0,0,?)"
                  " ON CONFLICT(cart, trip) DO UPDATE SET file = excluded.file", "ttttiit", t->cart, t->trip, t->store, t->bundle, t->started_ns, t->ended_ns, w->sha256));
    if (!w->was[0])
        return TRUNDLE_OK;
    TRY(db_do(db, err, "DELETE FROM depot_blob WHERE sha256 = ?1 AND owner = 'trip' AND NOT EXISTS(SELECT 1 FROM depot_trip WHERE file = ?1)", "t", w->was));
    return depot_doom(db, w->was, NULL, err);
}

static enum trundle_status compare_now(struct whole *w, struct trundle_error *err)
{
    enum trundle_status status;
    struct db *db = NULL;

    TRY(depot_read_begin(w->d, &db, err));
    status = compare(db, w, err);
    depot_read_end(w->d, db);
    return status;
}

static enum trundle_status keep(struct whole *w, depot_source *source, void *user, struct trundle_error *err)
{
    char path[DISK_PATH], temporary[DISK_PATH];
    enum trundle_status status;

    TRY(depot_temporary(w->d, temporary, err));
    TRY_GOTO(status, seal(w, temporary, source, user, err), out);
    TRY_GOTO(status, compare_now(w, err), out);
    if (w->repeated)
        goto out;
    TRY_GOTO(status, depot_blob_place(w->d, w->sha256, path, err), out);
    TRY_GOTO(status, disk_place(temporary, path, err), out);
    status = depot_write(w->d, keep_job, w, err);
    if (w->repeated || status == TRUNDLE_CONFLICT || status == TRUNDLE_UNSUPPORTED)      /* another was first; nobody else can have sealed the same */
        (void)unlink(path);
out:
    (void)unlink(temporary);
    return status;
}

enum trundle_status depot_trip_terms(const struct depot *d, const char *purpose, int64_t keep_days, struct trundle_error *err)
{
    if (purpose && !depot_printable(purpose, SEAL_TEXT))
        return error_set(err, TRUNDLE_BAD_INPUT, "purpose", "what it may be used for, as with clips: improve, label, ...", "1 to %d bytes of printable ASCII", SEAL_TEXT - 1);
    if (keep_days > d->options.keep_days_max)
        return error_set(err, TRUNDLE_BAD_INPUT, "keep_days", "trundle hub --keep-days sets the limit", "%lld days, this hub keeps nothing longer than %lld", (long long)keep_days,
                         (long long)d->options.keep_days_max);
    return TRUNDLE_OK;
}

enum trundle_status depot_trip_file(struct depot *d, const struct depot_trip *trip, const char *purpose, int64_t keep_days, depot_source *source, void *user, int64_t now_ns,
                                    char out_sha256[DEPOT_SHA], struct trundle_error *err)
{
    struct whole w = { .d = d, .trip = trip, .was = "", .purpose = purpose ? purpose : DEPOT_TRIP_PURPOSE, .since_ns = now_ns };

    w.keep_days = keep_days >= 0 ? keep_days : DEPOT_TRIP_DAYS < d->options.keep_days_max ? DEPOT_TRIP_DAYS : d->options.keep_days_max;
    TRY(depot_name_check(trip->cart, "cart", err));
    TRY(depot_trip_check(trip->trip, "trip", err));
    if (trip->ended_ns < trip->started_ns)
        return error_set(err, TRUNDLE_BAD_INPUT, trip->trip, NULL, "ends before it starts");
    TRY(depot_trip_terms(d, purpose, keep_days, err));
    TRY(keep(&w, source, user, err));
    memcpy(out_sha256, w.sha256, sizeof w.sha256);
    return TRUNDLE_OK;
}

/* ---- those of folders that kept them in the clear ---- */

struct clear { struct depot_trip trip; int64_t since_ns; };

static enum trundle_status from_fd(void *user, void *to, size_t room, size_t *out_n, struct trundle_error *err)
{
    const int *fd = user;
    ssize_t n;

    do
        n = read(*fd, to, room);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set(err, TRUNDLE_IO, "trip", NULL, "cannot be read: %s", strerror(errno));
    *out_n = (size_t)n;
    return TRUNDLE_OK;
}

static enum trundle_status clear_ones(struct db *db, struct clear **out, size_t *out_n, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct clear *list = NULL;
    enum trundle_status status;
    size_t n = 0, room = 0;

    TRY(db_prepare(db, "SELECT t.cart, t.trip, t.store, t.bundle, t.started_ns, t.ended_ns, t.file, b.since_ns FROM depot_trip t JOIN depot_blob b ON b.sha256 = t.file AND b.owner = 'trip'"
                   " WHERE NOT EXISTS(SELECT 1 FROM depot_clip c WHERE c.sha256 = t.file)", &s, err));
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct clear c = { { .started_ns = db_integer(s, 4), .ended_ns = db_integer(s, 5) }, db_integer(s, 7) };

        (void)snprintf(c.trip.cart, sizeof c.trip.cart, "%s", db_text(s, 0));
        (void)snprintf(c.trip.trip, sizeof c.trip.trip, "%s", db_text(s, 1));
        (void)snprintf(c.trip.store, sizeof c.trip.store, "%s", db_text(s, 2));
        (void)snprintf(c.trip.bundle, sizeof c.trip.bundle, "%s", db_text(s, 3));
        (void)snprintf(c.trip.file, sizeof c.trip.file, "%s", db_text(s, 6));
        if (!list_grow((void **)&list, sizeof *list, n, &room)) {
            status = error_set(err, TRUNDLE_NO_MEMORY, "trips", NULL, "no memory for a list");
            break;
        }
        list[n++] = c;
    }
    db_free(s);
    if (status != TRUNDLE_END) {
        free(list);
        return status;
    }
    *out = list;
    *out_n = n;
    return TRUNDLE_OK;
}

/* Nobody said how long: as long as this hub keeps anything. */
static enum trundle_status seal_clear(struct depot *d, const struct clear *c, struct trundle_error *err)
{
    struct whole w = { .d = d, .trip = &c->trip, .was = c->trip.file, .purpose = DEPOT_TRIP_PURPOSE, .keep_days = d->options.keep_days_max, .since_ns = c->since_ns };
    enum trundle_status status;
    int64_t bytes = 0;
    int fd = -1;

    status = depot_blob_open(d, c->trip.file, &fd, &bytes, err);
    if (status == TRUNDLE_NOT_FOUND)                   /* fsck tells of it */
        return TRUNDLE_OK;
    TRY(status);
    status = keep(&w, from_fd, &fd, err);
    (void)close(fd);
    return status == TRUNDLE_CONFLICT ? TRUNDLE_OK : status;       /* another process did it at the same time */
}

enum trundle_status depot_whole_upgrade(struct depot *d, struct trundle_error *err)
{
    enum trundle_status status;
    struct clear *list = NULL;
    struct db *db = NULL;
    size_t n = 0;

    TRY(depot_read_begin(d, &db, err));
    status = clear_ones(db, &list, &n, err);
    depot_read_end(d, db);
    for (size_t i = 0; i < n && status == TRUNDLE_OK; i++)
        status = seal_clear(d, &list[i], err);
    free(list);
    return status;
}
