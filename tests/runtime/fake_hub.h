/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * fake_hub - a hub's end of docs/hub.md on plain sockets, in memory, behind a line that loses, cuts, repeats and reorders.
 *
 *     struct fake_hub *hub = fake_hub_start(seed);
 *     fake_hub_expect(hub, identity.public_key);
 *     fake_hub_trouble(hub, 0.3);                       // share of requests that something happens to
 *     ... carts talk to fake_hub_url(hub) ...
 *     assert_int_equal(fake_hub_records(hub, "decision"), n);
 *     fake_hub_stop(hub);
 *
 * With fake_hub_forward it is the line alone, in front of a real hub.
 *
 * Every request's signature is checked; a body under a (boot, sequence) that was there with another body is counted as forged. Threads: one of
 * its own; the functions lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_hub;

struct fake_hub_counts { unsigned requests, bad_signatures, forged, lost_requests, lost_answers, cut_answers, repeated, reordered, refused, late_clips; };

struct fake_hub *fake_hub_start(uint64_t seed);
void fake_hub_stop(struct fake_hub *hub);
const char *fake_hub_url(const struct fake_hub *hub);      /* http://127.0.0.1:PORT */
/* Hands what gets through to the hub at this address ("https://127.0.0.1:PORT"), as it is, and its answers back; what a hub that is gone does not answer is lost. Nothing
 * is kept or checked here then. */
void fake_hub_forward(struct fake_hub *hub, const char *url);
/* base64 of the only key whose signatures are good; NULL: none is checked. */
void fake_hub_expect(struct fake_hub *hub, const char *public_key);
void fake_hub_trouble(struct fake_hub *hub, double share);
/* Its clock is so many seconds ahead; it then refuses what is not signed with its time. */
void fake_hub_skew(struct fake_hub *hub, int64_t seconds);
/* Answers this status to everything (429 and 507: to all but who asks for orders); 0: normally. `retry_after` < 0: not said. */
void fake_hub_answer(struct fake_hub *hub, int status, int retry_after);
/* Answers this status to the next `times` requests about clips. */
void fake_hub_answer_clips(struct fake_hub *hub, int status, int times);
/* Lines that hold this text are not understood, and nothing of their body is taken; NULL: none. */
void fake_hub_dislike(struct fake_hub *hub, const char *text);
/* What /join and /orders answer, as JSON. Borrowed. */
void fake_hub_say(struct fake_hub *hub, const char *join, const char *orders);

struct fake_hub_counts fake_hub_counts(struct fake_hub *hub);
/* How many different records of a kind it has (NULL: any), and the i-th line; borrowed until stop. */
size_t fake_hub_records(struct fake_hub *hub, const char *kind);
const char *fake_hub_record(struct fake_hub *hub, const char *kind, size_t i);
/* Whole clips whose hash is right. */
size_t fake_hub_clips(struct fake_hub *hub);
const void *fake_hub_clip(struct fake_hub *hub, size_t i, size_t *out_n, char out_sha256[65]);
/* Body of the last request, as received. Borrowed until the next. */
const char *fake_hub_last(struct fake_hub *hub);
