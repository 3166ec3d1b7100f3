/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/journal - the decisions that were acknowledged, one SQLite row each, committed with full sync before anybody hears
 * of them. It is a proof, not a second history: what a restart believes comes from the trip.
 *
 *     TRY(journal_open("out/17.mcap.journal", &j, err));
 *     TRY(journal_append(j, rows, n, &again, &differing, err));
 *     journal_close(j);
 *
 * One thread at a time.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <trundle/message.h>

struct journal;

/* Makes the file when it is not there. UNSUPPORTED: written by a newer version. */
TRUNDLE_MUST_USE enum trundle_status journal_open(const char *path, struct journal **out, struct trundle_error *err);
/* n decisions in one transaction. Rows that are there already (by decision id) are compared: equal ones count in *out_again,
 * different ones in *out_differing and are replaced. */
TRUNDLE_MUST_USE enum trundle_status journal_append(struct journal *j, const struct trundle_message *decisions, size_t n, size_t *out_again,
                                                    size_t *out_differing, struct trundle_error *err);
/* Rows; the id of the last, 0 when empty. */
TRUNDLE_MUST_USE enum trundle_status journal_count(struct journal *j, uint64_t *out_rows, uint32_t *out_last_id, struct trundle_error *err);
void journal_close(struct journal *j);

/* With SQLite's own files beside it: a write-ahead log that stays behind would bring old rows back. What is not there is fine. */
void journal_remove(const char *path);
void journal_rename(const char *path, const char *to);
