/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/session - one trip being shopped: inputs through senses and brain, everything into the trip file, every decision
 * into the journal before anybody hears of it. Live and replay are the same; only where inputs come from differs.
 *
 *     TRY(session_open(&config, &s, err));
 *     for (skip = session_inputs(s); next_input(&m); )              // a killed trip goes on where it stopped
 *         TRY(session_push(s, &m, err));
 *     TRY(session_finish(s, err));
 *
 * Numbers: the n-th input gets sequence n * SESSION_STRIDE, what it causes the numbers after it; so a trip that was recorded
 * and one that is replayed from it have the same ones, and evidence that refers to samples says the same.
 *
 * Recording (config.record): the trip is written to that file, and beside it FILE.journal (SQLite, full sync) gets a row per
 * decision. Order for each input: message, evidence, beliefs and decisions to the trip; the trip's chunk closed and synced;
 * the rows committed; only then `output` is called. When the file is there and has no end, it was killed: what is whole of it
 * is driven through the session first, into a new file, and the rows are compared. FILE.killed exists while that is under way.
 *
 * Threads: all calls from one thread; the callbacks run on it.
 */
#pragma once

#include "base/trip/trip.h"
#include "cart/brain/brain.h"
#include "cart/brain/senses.h"

#include <trundle/trundle.h>

enum { SESSION_STRIDE = 128 };

struct session;

struct session_config {
    struct trundle_setup setup;            /* borrowed during session_open */
    struct trip_head head;                 /* start_wall_ns is taken from the killed trip when one goes on */
    int threads;                           /* 1: no threads; see pipeline.h */
    const char *record;                    /* path of the trip to write; NULL: nothing is kept, and `output` comes at once */
    bool recorded_evidence;                /* replay A: evidence is an input, and the senses rest */
    void *user;
    /* The head that the trip has: of a killed one that goes on, its own. Before any message; may be NULL. */
    void (*begun)(void *user, const struct trip_head *head);
    /* Every message that goes into the trip, in its order and with its numbers, before anything is durable; may be NULL. */
    void (*kept)(void *user, const struct trundle_message *m);
    /* A belief or decision, durable if recording. `again`: it had been acknowledged before the cart was killed. May be NULL. */
    void (*output)(void *user, const struct trundle_message *m, bool again);
    /* An input that has been consumed, after its outputs. May be NULL. */
    void (*consumed)(void *user, const struct trundle_message *m);
};

/* CONFLICT: the file is there and is no killed trip, or one of another cart, catalog or trip. CORRUPT: decisions were acknowledged,
 * and nothing of the trip is whole. In each case all files stay. Else as trundle_open, trip_create and the journal say. */
TRUNDLE_MUST_USE enum trundle_status session_open(const struct session_config *config, struct session **out, struct trundle_error *err);
/* The head of the killed trip that a session on this file would go on with. NOT_FOUND: none, it begins a new one (or says why not). */
TRUNDLE_MUST_USE enum trundle_status session_killed(const char *record, struct trip_head *out, struct trundle_error *err);
/* Takes an input: cell, imu, cam, code, loc, touch, tick, drop, truth (kept, not read). Evidence, beliefs and decisions are
 * ignored: the session makes its own. log_ns that goes back is lifted to the last. BAD_INPUT: a time a year away, a camera that cannot
 * be, a field out of range (codec_check); nothing was taken, and the session goes on. IO: the disk is full or gone; nothing that
 * was acknowledged is lost, and every later call fails the same way. */
TRUNDLE_MUST_USE enum trundle_status session_push(struct session *s, const struct trundle_message *m, struct trundle_error *err);
/* Consumes what the senses have done; waits up to wait_ns for the oldest. */
TRUNDLE_MUST_USE enum trundle_status session_drain(struct session *s, int64_t wait_ns, struct trundle_error *err);
/* Waits until everything pushed has been consumed. */
TRUNDLE_MUST_USE enum trundle_status session_settle(struct session *s, struct trundle_error *err);
/* Everything consumed, the trip closed with its summary. Frees s in every case. */
TRUNDLE_MUST_USE enum trundle_status session_finish(struct session *s, struct trundle_error *err);
/* Frees s as a power cut would leave it. NULL is fine. */
void session_abandon(struct session *s);

/* Inputs consumed so far, those of a killed trip included. */
uint64_t session_inputs(const struct session *s);
int64_t  session_now_ns(const struct session *s);
int64_t  session_start_wall_ns(const struct session *s);
const struct brain *session_brain(const struct session *s);
const struct catalog *session_catalog(const struct session *s);
const struct cart_file *session_cart(const struct session *s);
/* How a lane was after its last sample that was consumed. */
const struct sense_live *session_live(const struct session *s, int lane);
struct session_counts { uint64_t inputs, evidence, decisions, bad_inputs, recovered_inputs, recovered_rows, differing_rows; };
struct session_counts session_counts(const struct session *s);
