/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/submission - events from elsewhere, a JSON object a line (contracts.md):
 *
 *     {"trip":"17","t_s":12.34,"kind":"put","product":"gtin:04011200296908","count":1}
 *     {"trip":"17","t_s":20.5,"kind":"take","product":"plu:4011","weight_g":182}
 *
 * so that any other system can be scored beside the cart. The list owns its events; read-only after parsing.
 */
#pragma once

#include "base/std/bytes.h"
#include "lab/judge/score.h"

enum { JUDGE_SUBMISSION_BYTES = 256 << 20, JUDGE_SUBMISSION_TRIPS = 100000 };

struct judge_submission;

/* BAD_INPUT: `where` names file and line, `what` the field and value, `hint` the right form; an event that is said twice names both
 * lines. TOO_LARGE: over JUDGE_EVENTS_MAX items in a trip, a line over the limit. Empty lines pass. Nothing is kept of a bad file. */
TRUNDLE_MUST_USE enum trundle_status judge_submission_parse(const void *bytes, size_t n, const char *where, struct judge_submission **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_submission_read(const char *path, struct judge_submission **out, struct trundle_error *err);
void judge_submission_free(struct judge_submission *s);
size_t judge_submission_trips(const struct judge_submission *s);
/* Name of trip i, and the line that named it first. */
const char *judge_submission_trip(const struct judge_submission *s, size_t i, size_t *out_line);
/* BAD_INPUT: a trip that is none of the n scored seeds, with its line. */
TRUNDLE_MUST_USE enum trundle_status judge_submission_names(const struct judge_submission *s, const int64_t *seed, size_t n, struct trundle_error *err);
/* BAD_INPUT, with the line: an event of this trip after its end, or of a product that its catalog (NULL: not known) does not hold. */
TRUNDLE_MUST_USE enum trundle_status judge_submission_check(const struct judge_submission *s, const char *trip, const struct catalog *catalog, int64_t end_ns,
                                                            struct trundle_error *err);
/* Appends the lines that say these events of trip `seed`: what judge_submission_parse reads back as the same. Equal items put or taken
 * at one instant become a count; an event before the trip's start moves to it. */
TRUNDLE_MUST_USE enum trundle_status judge_submission_print(int64_t seed, const struct judge_event *event, size_t n, struct bytes *out);
/* The events said of a trip, as a prediction that the caller owns; a trip that is not named has none. */
TRUNDLE_MUST_USE enum trundle_status judge_submission_of(const struct judge_submission *s, const char *trip, struct judge_prediction *out, struct trundle_error *err);
