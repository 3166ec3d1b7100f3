/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle/disk - every change that an installation makes to the disk goes through here, so that a test can let each of them fail, or cut the power there.
 *
 *     TRY(disk_file(disk, path, data, n, err));           // new file, synced
 *     TRY(disk_sync_folder(disk, folder, err));
 *     TRY(disk_rename(disk, temporary, path, err));
 *
 * `disk` NULL is the plain operating system. No state of its own.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>

enum disk_step { DISK_MAKE_FOLDER, DISK_CREATE, DISK_WRITE, DISK_SYNC, DISK_SYNC_FOLDER, DISK_RENAME, DISK_REMOVE };

struct disk {
    /* Called before each step; `other` is the target of a rename, else NULL. Not 0: the step is not done and fails with this errno. */
    int (*before)(void *user, enum disk_step step, const char *path, const char *other);
    void *user;
    bool  no_sync;                     /* syncs are announced and not done: for tests of many power cuts */
};

TRUNDLE_MUST_USE enum trundle_status disk_folder(const struct disk *disk, const char *path, struct trundle_error *err);      /* existing is fine; not its parents */
TRUNDLE_MUST_USE enum trundle_status disk_create(const struct disk *disk, const char *path, int *out_fd, struct trundle_error *err);   /* must not exist */
TRUNDLE_MUST_USE enum trundle_status disk_write(const struct disk *disk, int fd, const char *path, const void *data, size_t n, struct trundle_error *err);
/* Syncs and closes; closes also on failure. */
TRUNDLE_MUST_USE enum trundle_status disk_close(const struct disk *disk, int fd, const char *path, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status disk_sync_folder(const struct disk *disk, const char *path, struct trundle_error *err);
/* A folder and all folders in it. */
TRUNDLE_MUST_USE enum trundle_status disk_sync_tree(const struct disk *disk, const char *path, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status disk_rename(const struct disk *disk, const char *from, const char *to, struct trundle_error *err);
/* A file, or a folder with all that is in it; nothing there is fine. Links are removed, never followed. */
TRUNDLE_MUST_USE enum trundle_status disk_remove(const struct disk *disk, const char *path, struct trundle_error *err);
/* Creates, writes, syncs. */
TRUNDLE_MUST_USE enum trundle_status disk_file(const struct disk *disk, const char *path, const void *data, size_t n, struct trundle_error *err);
/* `folder/name` is the old or the new content, whatever happens: temporary file, sync, rename, sync of the folder. */
TRUNDLE_MUST_USE enum trundle_status disk_replace(const struct disk *disk, const char *folder, const char *name, const void *data, size_t n, struct trundle_error *err);
