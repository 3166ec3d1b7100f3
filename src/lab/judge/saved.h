/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/saved - results of trips in a file, to be compared with others later or pooled again.
 *
 *     struct judge_saved s = { .system = "trundle" };
 *     TRY(judge_saved_add(&s, &result, err));                  // a copy of what can be pooled
 *     TRY(judge_saved_print(&s, &lines));
 *     TRY(judge_saved_read("a.jsonl", &s, err));
 *     judge_saved_done(&s);
 *
 * Format, version 1 (docs/evaluation.md): JSON lines; first the head
 *     {"trundle_results":1,"build":"0.1.0","suite":"v1","system":"trundle","senses":"all","trips":300}
 * then a trip a line, in order of stores and seeds
 *     {"trip":17,"store":"3","suite":"v1","unaided":{KEY:[numerator,denominator,n],...,"audit":[..],"latency_s":[..]},"aided":null|{..},
 *      "slices":{NAME:{"unaided":{..},"aided":{..}}}}
 * Sums that are all zero are left out, and in slices those keys that count a trip whole.
 */
#pragma once

#include "lab/judge/judge.h"

enum { JUDGE_SAVED_BYTES = 1 << 30, JUDGE_SAVED_TRIPS = 200000, JUDGE_SAVED_NAME = 64 };

struct judge_saved {
    char build[JUDGE_SAVED_NAME], suite[JUDGE_STORE], system[JUDGE_SAVED_NAME], senses[JUDGE_SAVED_NAME];
    struct judge_result *result;           /* owned */
    size_t n, room;
};
void judge_saved_done(struct judge_saved *saved);
/* Copies the sums. NO_MEMORY, TOO_LARGE. */
TRUNDLE_MUST_USE enum trundle_status judge_saved_add(struct judge_saved *saved, const struct judge_result *result, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_saved_print(const struct judge_saved *saved, struct bytes *out);
/* BAD_INPUT names file, line and field: another version, a key that this build does not have, a trip that comes twice, a file that
 * ends early. */
TRUNDLE_MUST_USE enum trundle_status judge_saved_parse(const void *bytes, size_t n, const char *where, struct judge_saved *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_saved_read(const char *path, struct judge_saved *out, struct trundle_error *err);
