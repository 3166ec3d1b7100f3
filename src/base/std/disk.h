/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/disk - files and folders that are whole and synced, or as they were: what a power cut may leave is decided here.
 *
 *     TRY(disk_put("DIR/slots.json", "DIR/slots.json.new", 0644, text, n, err));
 *     TRY(disk_remove("DIR/old", err));
 *
 * Unlike std's file_write every failed sync, the folder's too, is an error: a row may only name what a power cut leaves. Errors are those of `disk_error`, `where` is the path.
 * tests/support/power.h cuts the power at each call that is made in here.
 */
#pragma once

#include "base/std/bytes.h"
#include "base/std/hash.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { DISK_PATH = 4096 };

/* IO with `doing` and errno's text; NOT_FOUND for ENOENT. */
enum trundle_status disk_error(struct trundle_error *err, const char *path, const char *doing);
/* "a/b" into out. TOO_LARGE. */
TRUNDLE_PRINTF(4, 5) TRUNDLE_MUST_USE enum trundle_status disk_path(char *out, size_t size, struct trundle_error *err, const char *format, ...);

/* ---- a file that is open ---- */

/* Must not exist. */
TRUNDLE_MUST_USE enum trundle_status disk_create(const char *path, mode_t mode, int *out_fd, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status disk_write(int fd, const void *data, size_t n, const char *path, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status disk_sync(int fd, const char *path, struct trundle_error *err);
/* Syncs and closes; closes also on failure. */
TRUNDLE_MUST_USE enum trundle_status disk_close(int fd, const char *path, struct trundle_error *err);

/* ---- files by name ---- */

/* Creates, writes, syncs; what was begun is removed on failure. The folder is not synced. */
TRUNDLE_MUST_USE enum trundle_status disk_file(const char *path, mode_t mode, const void *data, size_t n, struct trundle_error *err);
/* Writes `path` by way of `temporary`, which may have been left by a power cut: whole, synced, or as it was. */
TRUNDLE_MUST_USE enum trundle_status disk_put(const char *path, const char *temporary, mode_t mode, const void *data, size_t n, struct trundle_error *err);
/* Renames a synced file and syncs the folder it comes to. */
TRUNDLE_MUST_USE enum trundle_status disk_place(const char *from, const char *to, struct trundle_error *err);
/* Gone, and the folder synced. Not there is fine. */
TRUNDLE_MUST_USE enum trundle_status disk_remove(const char *path, struct trundle_error *err);
bool disk_there(const char *path, int64_t *out_bytes);             /* a regular file; out_bytes may be NULL */
/* Of a file that others wrote. */
TRUNDLE_MUST_USE enum trundle_status disk_file_sync(const char *path, struct trundle_error *err);
/* sha256 and size of a whole file; out_bytes may be NULL. */
TRUNDLE_MUST_USE enum trundle_status disk_hash(const char *path, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err);
/* A copy, synced, and the hash of what was copied. `to` is replaced; on failure it is removed. The folder is not synced. NOT_FOUND is for `from`. */
TRUNDLE_MUST_USE enum trundle_status disk_copy(const char *from, const char *to, mode_t mode, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err);

/* ---- folders ---- */

/* One folder; there already is fine. Its parent is synced when it is new. */
TRUNDLE_MUST_USE enum trundle_status disk_folder(const char *path, mode_t mode, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status disk_folder_sync(const char *folder, struct trundle_error *err);
/* The folder that `path` lies in. */
TRUNDLE_MUST_USE enum trundle_status disk_parent_sync(const char *path, struct trundle_error *err);
/* Calls for every entry of a folder but . and ..; a status other than OK stops and is returned. A folder that is not there has none. */
typedef enum trundle_status disk_entry(void *user, const char *folder, const char *name, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status disk_list(const char *folder, disk_entry *each, void *user, struct trundle_error *err);
/* A folder and all folders in it; not their files. */
TRUNDLE_MUST_USE enum trundle_status disk_tree_sync(const char *folder, struct trundle_error *err);
/* A file, or a folder with all in it; nothing there is fine. Links are removed, never followed. Nothing is synced. */
TRUNDLE_MUST_USE enum trundle_status disk_tree_remove(const char *path, struct trundle_error *err);
