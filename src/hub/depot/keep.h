/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * depot/keep - backup while it runs, restore, and a look for damage.
 *
 *     TRY(depot_backup("hub", "/mnt/2026-06-01", now_ns, each, user, &sum, err));
 *     TRY(depot_restore("/mnt/2026-06-01", "hub2", &(struct depot_restoring){ .receipts = "/mnt/newer/receipts.jsonl" }, each, user, &sum, err));
 *     TRY(depot_fsck("hub", false, each, user, &found, err));
 *
 * A backup is a folder: hub.sqlite, secret.json (mode 0600: it opens all clips, keep the folder as safe as the hub), receipts.jsonl (when something was ever deleted), blob/..., and,
 * written last, MANIFEST:
 *
 *     # trundle hub backup 2 made_ns 1780315200000000000 access 0f3a...
 *     64 hex digits, two spaces, path            (the form of sha256sum, sorted by path)
 *     # end, number of files, sha256 of all bytes above
 *
 * What was deleted after the backup was made is deleted again by a restore, by the receipts of the folder that it takes the place of, or of a file that is handed in (receipts.jsonl of a
 * newer backup, of a copy elsewhere). Where neither is there, it comes back: nobody says otherwise.
 * A folder without a whole MANIFEST is a half backup, which no function here takes.
 * Progress: `each` is called after every file, on the caller's thread; false stops (TRUNDLE_AGAIN). NULL is fine.
 */
#pragma once

#include "hub/depot/depot.h"

struct depot_sum {
    int64_t files, bytes;
    int64_t again;                         /* clips and trip files that a restore deleted again */
};
typedef bool depot_progress(void *user, const char *path, int64_t done, int64_t total);       /* files */

/* Consistent while hubs write: the database is copied at one moment, then the blobs that it names. CONFLICT: `to` exists. On failure `to` is removed. */
TRUNDLE_MUST_USE enum trundle_status depot_backup(const char *folder, const char *to, int64_t now_ns, depot_progress *each, void *user, struct depot_sum *out,
                                                  struct trundle_error *err);
/* Every file against the manifest, and every blob that the database names. TRUNCATED: half. CORRUPT: damaged, the file is named. */
TRUNDLE_MUST_USE enum trundle_status depot_backup_check(const char *from, depot_progress *each, void *user, struct depot_sum *out, struct trundle_error *err);
/* Zero and NULL: a new folder, no receipts but those in the backup. */
struct depot_restoring {
    const char *receipts;                  /* a file of receipts, one a line, of this hub */
    bool        over;                      /* a hub's folder of that name is moved to NAME.before, and its receipts are taken too. CONFLICT: a hub has it, or NAME.before is there */
};
/* Into a folder that does not exist yet (CONFLICT), unless `over`. Nothing has that name before all is checked, deleted again and synced. CORRUPT, TRUNCATED: also of receipts, by line. */
TRUNDLE_MUST_USE enum trundle_status depot_restore(const char *from, const char *folder, const struct depot_restoring *how, depot_progress *each, void *user, struct depot_sum *out,
                                                   struct trundle_error *err);

enum depot_fault {
    DEPOT_FAULT_MISSING,                   /* a row names a blob that is not there */
    DEPOT_FAULT_DAMAGED,                   /* a blob is not what its name says */
    DEPOT_FAULT_LITTER,                    /* a file that no row names (a running hub has some for a moment) */
    DEPOT_FAULT_CHAIN,                     /* the access log does not follow from itself */
    DEPOT_FAULT_TABLE,                     /* the database is damaged */
    DEPOT_FAULT_RECEIPT,                   /* a line of receipts.jsonl is broken, or not this hub's */
    DEPOT_FAULT_KINDS
};
struct depot_found {
    int64_t fault[DEPOT_FAULT_KINDS], repaired;
    int64_t blobs, bytes;                  /* looked at */
};
/* `what` is the path or sha256, `text` a sentence. */
typedef void depot_each_fault(void *user, enum depot_fault fault, const char *what, const char *text);
/* OK also when faults were found. `repair` removes litter, nothing else, and wants the folder alone (CONFLICT). */
TRUNDLE_MUST_USE enum trundle_status depot_fsck(const char *folder, bool repair, depot_each_fault *each, void *user, struct depot_found *out, struct trundle_error *err);

/* The manifest of a backup, for tests: `each` gets every line's path and hash. TRUNCATED: no end. CORRUPT. BAD_INPUT: a path that is none of a hub. */
typedef enum trundle_status depot_each_file(void *user, const char *path, const char *sha256, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status depot_manifest_parse(const char *text, size_t n, depot_each_file *each, void *user, struct trundle_error *err);
