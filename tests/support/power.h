/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * power - a disk that loses power. While it watches, every write, sync, rename, unlink, mkdir, rmdir, truncate and making of a file by this program and of SQLite is counted (these calls are defined here and so
 * come before those of the C library); what a sync made durable is remembered. The Nth call and all after it fail and do nothing. Then the folder is built anew as a power cut may leave it.
 *
 *     power_watch(root, n);
 *     ... work under root until it fails ...
 *     calls = power_stop();
 *     power_rebuild(to, POWER_SYNCED, 0);
 */
#pragma once

#include <stdint.h>

enum power_left {
    POWER_SYNCED,      /* nothing but what was synced: content by the file's sync, names by the folder's */
    POWER_ALL,         /* all that was written */
    POWER_MIXED,       /* for each file and name one or the other, or a file cut in between */
    POWER_BUT_ONE      /* all that was written but the one that `seed` counts to, from 0: what came later overtook it */
};

/* `fail_at` counts from 1; 0: never. `root` exists; what is in it counts as synced. */
void power_watch(const char *root, long fail_at);
/* The same, but the power stays: only that one call fails. */
void power_watch_one(const char *root, long fail_at);
/* Calls from now on work again. Returns how many there were. */
long power_stop(void);
/* Returns how many contents and names were not synced as they are. */
uint64_t power_rebuild(const char *to, enum power_left left, uint64_t seed);
