/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The folder: made, locked, opened, closed. */
#include "hub/depot/filed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool lock_take(int fd, short type)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
    int rc;

    do
        rc = fcntl(fd, F_SETLK, &lock);
    while (rc != 0 && errno == EINTR);
    return rc == 0;
}

enum trundle_status depot_lock_file(const char *folder, bool alone, int *out_fd, struct trundle_error *err)
{
    char path[DISK_PATH];
    int fd;

    TRY(disk_path(path, sizeof path, err, "%s/lock", folder));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_error(err, path, "open");
    if (!lock_take(fd, alone ? F_WRLCK : F_RDLCK)) {
        (void)close(fd);
        return error_set(err, TRUNDLE_CONFLICT, folder, alone ? "stop the hub first" : "wait until the repair is over", "another process has it open");
    }
    *out_fd = fd;
    return TRUNDLE_OK;
}

/* Alone for the time in which keys are made: two that begin at once must not make two. Whoever comes second finds them made. */
static enum trundle_status secrets(struct depot *d, bool fresh, struct trundle_error *err)
{
    char path[DISK_PATH];
    enum trundle_status status;

    if (!fresh)
        return depot_secret_open(d, false, err);
    if (lock_take(d->lock_fd, F_WRLCK)) {
        status = depot_secret_open(d, true, err);
        (void)lock_take(d->lock_fd, F_RDLCK);
        return status;
    }
    TRY(disk_path(path, sizeof path, err, "%s/secret.json", d->folder));
    if (!disk_there(path, NULL))
        return error_set(err, TRUNDLE_CONFLICT, d->folder, "try again", "another process is making it");
    return depot_secret_open(d, false, err);
}

static enum trundle_status folders(const struct depot *d, struct trundle_error *err)
{
    static const char *const names[] = { "blob", "part" };
    char path[DISK_PATH];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        TRY(disk_path(path, sizeof path, err, "%s/%s", d->folder, names[i]));
        TRY(disk_folder(path, 0700, err));
    }
    return disk_folder_sync(d->folder, err);
}

static enum trundle_status only_ours(void *user, const char *folder, const char *name, struct trundle_error *err)
{
    static const char *const ours[] = { "blob", "part", "lock", "secret.json", DEPOT_RECEIPTS, "hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm", "hub.sqlite-journal" };

    (void)user;
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (strcmp(name, ours[i]) == 0)
            return TRUNDLE_OK;
    if (strncmp(name, "secret.json.", 12) == 0)
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_INPUT, folder, "name an empty folder, or one that is not there", "is the folder of something else: it has '%.60s' and no hub.sqlite", name);
}

static enum trundle_status find_folder(struct depot *d, bool *out_fresh, struct trundle_error *err)
{
    char path[DISK_PATH];
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/hub.sqlite", d->folder));
    *out_fresh = !disk_there(path, NULL);
    if (!*out_fresh)
        return TRUNDLE_OK;
    if (d->mode != DEPOT_CREATE)
        return error_set(err, TRUNDLE_NOT_FOUND, d->folder, "trundle hub makes one", "is no hub's folder");
    status = folder_make(d->folder, err);
    if (status == TRUNDLE_NOT_FOUND) {     /* a place where nothing can be made: not what was asked for is wrong, but where */
        status = TRUNDLE_IO;
        if (err)
            err->status = status;
    }
    TRY(status);
    TRY(disk_list(d->folder, only_ours, NULL, err));
    return disk_parent_sync(d->folder, err);
}

/* SQLite would make it for everybody to read; its log takes the mode from it. */
static enum trundle_status database_make(const char *path, struct trundle_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd >= 0 && close(fd) == 0 ? TRUNDLE_OK : disk_error(err, path, "create");
}

static enum trundle_status database(struct depot *d, bool fresh, struct trundle_error *err)
{
    static const enum db_mode modes[] = { DB_READ, DB_WRITE, DB_CREATE };
    char path[DISK_PATH];

    TRY(disk_path(path, sizeof path, err, "%s/hub.sqlite", d->folder));
    if (fresh && d->mode == DEPOT_CREATE)
        TRY(database_make(path, err));
    TRY(db_open(path, modes[fresh ? DEPOT_CREATE : d->mode], &d->db, err));
    if (d->mode == DEPOT_READ)
        return TRUNDLE_OK;
    /* What is deleted is overwritten, in the file too. */
    TRY(db_exec(d->db, "PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=2000; PRAGMA cache_size=-16000", err));
    TRY(depot_tables(d->db, err));
    return fresh ? disk_folder_sync(d->folder, err) : TRUNDLE_OK;
}

static void init_locks(struct depot *d)
{
    (void)pthread_mutex_init(&d->secret_mutex, NULL);
    (void)pthread_mutex_init(&d->turn_mutex, NULL);
    (void)pthread_cond_init(&d->turn_change, NULL);
    (void)pthread_mutex_init(&d->queue_mutex, NULL);
    (void)pthread_cond_init(&d->queue_change, NULL);
    (void)pthread_mutex_init(&d->reader_mutex, NULL);
    (void)pthread_cond_init(&d->reader_change, NULL);
    for (size_t i = 0; i < DEPOT_STRIPES; i++)
        (void)pthread_mutex_init(&d->stripe[i], NULL);
}

static enum trundle_status open_as(const char *folder, enum depot_mode mode, const struct depot_options *options, int64_t *plain_again, struct depot **out, struct trundle_error *err)
{
    struct depot *d = calloc(1, sizeof *d);
    struct depot_dooms dooms = { d, 0 };
    struct depot_filed filed = { d, 0 };
    enum trundle_status status;
    bool fresh = false;

    if (!d)
        return error_set(err, TRUNDLE_NO_MEMORY, folder, NULL, "no memory for a depot");
    init_locks(d);
    d->lock_fd = -1;
    d->mode = mode;
    if (options)
        d->options = *options;
    if (!d->options.readers)
        d->options.readers = 8;
    if (!d->options.clip_max_bytes)
        d->options.clip_max_bytes = INT64_C(256) << 20;
    if (!d->options.cart_max_bytes)
        d->options.cart_max_bytes = INT64_C(4) << 30;
    if (!d->options.keep_days_max)
        d->options.keep_days_max = 400;
    if (d->options.readers < 1 || d->options.readers > DEPOT_READERS || d->options.clip_max_bytes < 1 || d->options.cart_max_bytes < 1 || d->options.keep_days_max < 1 ||
        d->options.keep_days_max > DEPOT_KEEP_DAYS) {
        status = error_set(err, TRUNDLE_BAD_ARG, "depot options", NULL, "%d readers (1 to %d), clips up to %lld bytes, %lld of a cart, %lld days (1 to %d)", d->options.readers, DEPOT_READERS,
                           (long long)d->options.clip_max_bytes, (long long)d->options.cart_max_bytes, (long long)d->options.keep_days_max, DEPOT_KEEP_DAYS);
        goto out;
    }
    TRY_GOTO(status, disk_path(d->folder, sizeof d->folder - 100, err, "%s", folder), out);
    TRY_GOTO(status, find_folder(d, &fresh, err), out);
    if (mode != DEPOT_READ)
        TRY_GOTO(status, depot_lock_file(d->folder, false, &d->lock_fd, err), out);
    TRY_GOTO(status, secrets(d, fresh, err), out);
    if (mode != DEPOT_READ)
        TRY_GOTO(status, folders(d, err), out);
    TRY_GOTO(status, database(d, fresh, err), out);
    if (mode != DEPOT_READ) {
        TRY_GOTO(status, depot_queue_start(d, err), out);
        TRY_GOTO(status, depot_write(d, depot_filed_sync, &filed, err), out);    /* deletions that a database which was set back does not know */
        if (plain_again)
            *plain_again += filed.again;
        else
            TRY_GOTO(status, depot_whole_upgrade(d, err), out);
        TRY_GOTO(status, depot_write(d, depot_doom_run, &dooms, err), out);      /* a deletion that a power cut interrupted */
    }
    *out = d;
    d = NULL;
out:
    depot_close(d);
    return status;
}

enum trundle_status depot_open(const char *folder, enum depot_mode mode, const struct depot_options *options, struct depot **out, struct trundle_error *err)
{
    return open_as(folder, mode, options, NULL, out, err);
}

enum trundle_status depot_open_plain(const char *folder, struct depot **out, int64_t *again, struct trundle_error *err)
{
    return open_as(folder, DEPOT_WRITE, NULL, again, out, err);
}

void depot_close(struct depot *d)
{
    if (!d)
        return;
    depot_queue_stop(d);
    for (int i = 0; i < d->readers_free; i++)
        db_close(d->reader[i]);
    db_close(d->db);
    if (d->lock_fd >= 0)
        (void)close(d->lock_fd);
    (void)pthread_mutex_destroy(&d->secret_mutex);
    (void)pthread_mutex_destroy(&d->turn_mutex);
    (void)pthread_cond_destroy(&d->turn_change);
    (void)pthread_mutex_destroy(&d->queue_mutex);
    (void)pthread_cond_destroy(&d->queue_change);
    (void)pthread_mutex_destroy(&d->reader_mutex);
    (void)pthread_cond_destroy(&d->reader_change);
    for (size_t i = 0; i < DEPOT_STRIPES; i++)
        (void)pthread_mutex_destroy(&d->stripe[i]);
    sodium_memzero(d, sizeof *d);
    free(d);
}

const char *depot_folder(const struct depot *d)
{
    return d->folder;
}

const struct seal_key *depot_seal_key(const struct depot *d)
{
    return &d->seal;
}

const uint8_t *depot_sign_key(const struct depot *d)
{
    return d->sign_public;
}
