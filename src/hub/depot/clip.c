/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Clips: announced by a record, sent in pieces, checked, looked at. */
#include "hub/depot/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    memcpy(out, text, n);
    out[n] = '\0';
}

void depot_clip_row(const struct db_statement *s, struct depot_clip *out)
{
    struct depot_clip c = { .bytes = db_integer(s, 5), .keep_days = db_integer(s, 6), .t0_s = db_number(s, 7), .t1_s = db_number(s, 8), .worth = db_number(s, 9),
                            .decision = db_integer(s, 10), .state = (enum depot_clip_state)db_integer(s, 11), .announced_ns = db_integer(s, 12),
                            .here_ns = db_integer(s, 13), .expires_ns = db_integer(s, 14), .whole = db_integer(s, 15) != 0 };

    copy_text(c.sha256, sizeof c.sha256, db_text(s, 0));
    copy_text(c.cart, sizeof c.cart, db_text(s, 1));
    copy_text(c.trip, sizeof c.trip, db_text(s, 2));
    copy_text(c.trigger, sizeof c.trigger, db_text(s, 3));
    copy_text(c.purpose, sizeof c.purpose, db_text(s, 4));
    *out = c;
}

int64_t depot_expires_ns(const struct depot *d, int64_t keep_days, int64_t since_ns)
{
    int64_t days = keep_days < d->options.keep_days_max ? keep_days : d->options.keep_days_max;

    return days > (INT64_MAX - since_ns) / DEPOT_DAY_NS ? INT64_MAX : since_ns + days * DEPOT_DAY_NS;
}

enum trundle_status depot_clip_find(struct db *db, const char *sha256, struct depot_clip *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT " DEPOT_CLIP_COLUMNS " FROM depot_clip c WHERE c.sha256 = ?", "t", sha256));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        depot_clip_row(s, out);
    db_free(s);
    return status == TRUNDLE_END ? error_set(err, TRUNDLE_NOT_FOUND, sha256, NULL, "no such clip") : status;
}

enum trundle_status depot_clip_get(struct depot *d, const char *sha256, struct depot_clip *out, struct trundle_error *err)
{
    enum trundle_status status;
    struct db *db = NULL;

    TRY(depot_sha_check(sha256, "clip", err));
    TRY(depot_read_begin(d, &db, err));
    status = depot_clip_find(db, sha256, out, err);
    depot_read_end(d, db);
    return status;
}

static enum trundle_status of_cart(struct depot *d, const char *cart, const char *sha256, struct depot_clip *out, struct trundle_error *err)
{
    struct depot_clip c;

    TRY(depot_clip_get(d, sha256, &c, err));
    if (strcmp(c.cart, cart) != 0)
        return error_set(err, TRUNDLE_NOT_FOUND, sha256, "send its record first", "this cart announced no such clip");
    if (c.state == DEPOT_CLIP_DELETED)
        return error_set(err, TRUNDLE_UNSUPPORTED, sha256, "drop it", "this clip was deleted");
    if (c.state == DEPOT_CLIP_REFUSED && c.bytes > d->options.clip_max_bytes)
        return error_set(err, TRUNDLE_TOO_LARGE, sha256, "drop it", "%lld bytes, limit %lld", (long long)c.bytes, (long long)d->options.clip_max_bytes);
    if (c.state == DEPOT_CLIP_REFUSED)
        return error_set(err, TRUNDLE_UNSUPPORTED, sha256, "drop it; there is room again when clips of this cart expire or are deleted",
                         "this cart had no room for its %lld bytes: the hub keeps up to %lld for each cart", (long long)c.bytes, (long long)d->options.cart_max_bytes);
    *out = c;
    return TRUNDLE_OK;
}

struct arrival {
    struct depot *d;
    const char   *sha256;
    int64_t       now_ns;
    bool          deleted;
};

static enum trundle_status arrive(struct db *db, void *user, struct trundle_error *err)
{
    struct arrival *a = user;
    struct depot_clip c;

    TRY(depot_clip_find(db, a->sha256, &c, err));
    a->deleted = c.state == DEPOT_CLIP_DELETED;
    if (a->deleted)                                    /* while it was on its way */
        return depot_doom(db, a->sha256, NULL, err);
    TRY(depot_blob_name(a->d, db, a->sha256, "clip", a->now_ns, err));
    return db_do(db, err, "UPDATE depot_clip SET state = 1, here_ns = ? WHERE sha256 = ? AND state = 0", "it", a->now_ns, a->sha256);
}

/* The file has its name and is synced; now the row. */
static enum trundle_status settle(struct depot *d, const char *sha256, int64_t now_ns, struct trundle_error *err)
{
    struct arrival a = { d, sha256, now_ns, false };

    TRY(depot_write(d, arrive, &a, err));
    if (!a.deleted)
        return TRUNDLE_OK;
    TRY(depot_write(d, depot_doom_run, &(struct depot_dooms){ d, 0 }, err));
    return error_set(err, TRUNDLE_UNSUPPORTED, sha256, "drop it", "this clip was deleted");
}

pthread_mutex_t *depot_stripe(struct depot *d, const char *sha256)
{
    return &d->stripe[(sha256[0] <= '9' ? sha256[0] - '0' : sha256[0] - 'a' + 10) % DEPOT_STRIPES];
}

/* The file says when its last byte came, by the clock of the call: depot_sweep counts from then. */
static enum trundle_status part_write(const char *path, int64_t have, const uint8_t *data, size_t n, int64_t now_ns, struct trundle_error *err)
{
    const struct timespec now = { .tv_sec = (time_t)(now_ns / 1000000000), .tv_nsec = (long)(now_ns % 1000000000) }, times[2] = { now, now };
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    enum trundle_status status = TRUNDLE_OK;

    if (fd < 0)
        return disk_error(err, path, "create");
    if (ftruncate(fd, (off_t)have) != 0 || lseek(fd, (off_t)have, SEEK_SET) < 0)
        status = disk_error(err, path, "go on with");
    if (status == TRUNDLE_OK)
        status = disk_write(fd, data, n, path, err);
    if (status == TRUNDLE_OK && futimens(fd, times) != 0)
        status = disk_error(err, path, "set the time of");
    if (close(fd) != 0 && status == TRUNDLE_OK)
        status = disk_error(err, path, "close");
    return status;
}

static enum trundle_status header_check(struct depot *d, const struct depot_clip *c, const char *path, struct trundle_error *err)
{
    struct seal_header h;
    enum trundle_status status = seal_peek_file(&d->seal, path, &h, err);

    if (status == TRUNDLE_CORRUPT || status == TRUNDLE_TRUNCATED || status == TRUNDLE_UNSUPPORTED || status == TRUNDLE_BAD_INPUT)
        return error_set(err, TRUNDLE_BAD_INPUT, c->sha256, "seal clips to the key that this hub gave with the join", "is no clip sealed to this hub");
    TRY(status);
    if (strcmp(h.cart, c->cart) != 0 || strcmp(h.trip, c->trip) != 0 || strcmp(h.purpose, c->purpose) != 0 || h.keep_days != c->keep_days)
        return error_set(err, TRUNDLE_BAD_INPUT, c->sha256, "announce what the clip's header says", "its header says cart %.20s, trip %.20s, purpose %.20s, %lld days", h.cart, h.trip,
                         h.purpose, (long long)h.keep_days);
    return TRUNDLE_OK;
}

/* All bytes are there: what is wrong with them ends them. */
static enum trundle_status finish(struct depot *d, const struct depot_clip *c, const char *part, int64_t now_ns, struct trundle_error *err)
{
    char path[DISK_PATH], sha256[DEPOT_SHA];
    enum trundle_status status;
    int fd;

    TRY(disk_hash(part, sha256, NULL, err));
    if (strcmp(sha256, c->sha256) != 0)
        status = error_set(err, TRUNDLE_CORRUPT, c->sha256, "begin again at offset 0", "its bytes have the sha256 %s", sha256);
    else
        status = header_check(d, c, part, err);
    if (status == TRUNDLE_CORRUPT || status == TRUNDLE_BAD_INPUT)
        (void)unlink(part);
    TRY(status);
    fd = open(part, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return disk_error(err, part, "open");
    status = disk_sync(fd, part, err);
    (void)close(fd);
    TRY(status);
    TRY(depot_blob_place(d, c->sha256, path, err));
    TRY(disk_place(part, path, err));
    return settle(d, c->sha256, now_ns, err);
}

/* How much is there. What a kill or a power cut left just before its end is brought to it here, else nobody would. */
static enum trundle_status part_have(struct depot *d, const struct depot_clip *c, int64_t now_ns, int64_t *out, struct trundle_error *err)
{
    char path[DISK_PATH];
    enum trundle_status status;
    int64_t bytes = 0;

    if (c->state == DEPOT_CLIP_HERE) {
        *out = c->bytes;
        return TRUNDLE_OK;
    }
    /* Has its name, given only after its hash was checked, and no row. It may still be no clip: a cart that announces the hash of a bundle must not become its owner. */
    TRY(depot_blob_path(d, c->sha256, path, err));
    if (disk_there(path, &bytes) && d->mode != DEPOT_READ) {
        if (bytes != c->bytes)
            return error_set(err, TRUNDLE_BAD_INPUT, c->sha256, "announce what the clip is", "has %lld bytes, not %lld", (long long)bytes, (long long)c->bytes);
        TRY(header_check(d, c, path, err));
        TRY(disk_parent_sync(path, err));
        TRY(settle(d, c->sha256, now_ns, err));
        *out = c->bytes;
        return TRUNDLE_OK;
    }
    TRY(depot_part_path(d, c->sha256, path, err));
    if (!disk_there(path, &bytes) || bytes > c->bytes)
        bytes = 0;
    if (bytes == c->bytes && d->mode != DEPOT_READ) {
        status = finish(d, c, path, now_ns, err);
        if (status == TRUNDLE_CORRUPT || status == TRUNDLE_BAD_INPUT)
            bytes = 0;                                 /* dropped: from the beginning */
        else
            TRY(status);
    }
    *out = bytes;
    return TRUNDLE_OK;
}

enum trundle_status depot_clip_have(struct depot *d, const char *cart, const char *sha256, int64_t *out_have, struct trundle_error *err)
{
    struct depot_clip c;
    enum trundle_status status;

    TRY(depot_sha_check(sha256, "clip", err));
    (void)pthread_mutex_lock(depot_stripe(d, sha256));
    status = of_cart(d, cart, sha256, &c, err);
    if (status == TRUNDLE_OK)
        status = part_have(d, &c, c.announced_ns, out_have, err);
    (void)pthread_mutex_unlock(depot_stripe(d, sha256));
    return status;
}

/* Under the clip's stripe, so that a deletion comes before or after it as a whole. */
static enum trundle_status put(struct depot *d, const struct depot_clip *c, int64_t offset, const uint8_t *data, size_t n, int64_t now_ns, int64_t *out_have,
                               struct trundle_error *err)
{
    char part[DISK_PATH];
    int64_t have = 0, skip;

    TRY(part_have(d, c, now_ns, &have, err));
    if (offset > have)
        return error_set(err, TRUNDLE_CONFLICT, c->sha256, "ask how much is here and go on from there", "offset %lld, but only %lld bytes are here", (long long)offset, (long long)have);
    skip = have - offset;
    if (skip < (int64_t)n && have < c->bytes) {
        TRY(depot_part_path(d, c->sha256, part, err));
        TRY(part_write(part, have, data + skip, n - (size_t)skip, now_ns, err));
        have += (int64_t)n - skip;
        if (have == c->bytes)
            TRY(finish(d, c, part, now_ns, err));
    }
    *out_have = have;
    return TRUNDLE_OK;
}

static enum trundle_status size_check(const struct depot_clip *c, int64_t offset, int64_t size, size_t n, struct trundle_error *err)
{
    if (size != c->bytes)
        return error_set(err, TRUNDLE_CONFLICT, c->sha256, NULL, "%lld bytes, but %lld were announced", (long long)size, (long long)c->bytes);
    if (offset < 0 || offset > size || (int64_t)n > size - offset)
        return error_set(err, TRUNDLE_BAD_INPUT, c->sha256, NULL, "%zu bytes at offset %lld of %lld", n, (long long)offset, (long long)size);
    return TRUNDLE_OK;
}

enum trundle_status depot_clip_put(struct depot *d, const char *cart, const char *sha256, int64_t offset, int64_t size, const void *data, size_t n, int64_t now_ns,
                                   int64_t *out_have, struct trundle_error *err)
{
    struct depot_clip c;
    enum trundle_status status;

    if (n > DEPOT_CHUNK_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, sha256, "send less at a time", "%zu bytes, limit %d", n, DEPOT_CHUNK_MAX);
    if (d->mode == DEPOT_READ)
        return error_set(err, TRUNDLE_BAD_ARG, d->folder, NULL, "is open for reading only");
    TRY(depot_sha_check(sha256, "clip", err));
    (void)pthread_mutex_lock(depot_stripe(d, sha256));
    status = of_cart(d, cart, sha256, &c, err);
    if (status == TRUNDLE_OK)
        status = size_check(&c, offset, size, n, err);
    if (status == TRUNDLE_OK)
        status = put(d, &c, offset, data, n, now_ns, out_have, err);
    (void)pthread_mutex_unlock(depot_stripe(d, sha256));
    return status;
}

enum trundle_status depot_look(struct depot *d, const char *sha256, const struct depot_access *look, int64_t now_ns, struct seal_reader **out, struct trundle_error *err)
{
    char path[DISK_PATH];
    struct depot_clip c;

    TRY(depot_clip_get(d, sha256, &c, err));
    if (c.state != DEPOT_CLIP_HERE)
        return error_set(err, TRUNDLE_NOT_FOUND, sha256, NULL, c.state == DEPOT_CLIP_DELETED ? "was deleted" : c.state == DEPOT_CLIP_REFUSED ? "was refused" : "was announced, its bytes are still to come");
    TRY(depot_access(d, look, now_ns, err));
    TRY(depot_blob_path(d, sha256, path, err));
    return seal_open_file(&d->seal, path, out, err);
}

enum trundle_status depot_clip_open(struct depot *d, const char *sha256, const char *who, const char *why, int64_t now_ns, struct seal_reader **out, struct trundle_error *err)
{
    return depot_look(d, sha256, &(struct depot_access){ who, "look", "clip", sha256, why }, now_ns, out, err);
}

enum trundle_status depot_clips(struct depot *d, const struct depot_clip_query *q, depot_each_clip *each, void *user, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct depot_clip c;
    struct db *db = NULL;
    enum trundle_status status;
    int limit = q->limit ? q->limit : 100;

    if (limit < 1 || limit > 1000)
        return error_set(err, TRUNDLE_BAD_ARG, "clips", NULL, "limit %d, allowed are 1 to 1000", limit);
    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT " DEPOT_CLIP_COLUMNS " FROM depot_clip c WHERE c.whole = 0 AND (?1 IS NULL OR c.cart = ?1) AND (?2 IS NULL OR c.trip = ?2)"
                                 " AND (?3 IS NULL OR c.purpose = ?3) AND (?4 IS NULL OR c.trigger = ?4) AND (?5 < 0 OR c.state = ?5)"
                                 " AND (?6 IS NULL OR c.id < (SELECT id FROM depot_clip WHERE sha256 = ?6)) ORDER BY c.id DESC LIMIT ?7", "ttttiti", q->cart, q->trip, q->purpose,
                                 q->trigger, (int64_t)q->state, q->before, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        depot_clip_row(s, &c);
        each(user, &c);
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}
