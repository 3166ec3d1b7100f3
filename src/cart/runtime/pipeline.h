/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/pipeline - messages in log order through the senses, on one thread or several, and out again in the same order
 * with the evidence each one made. What comes out does not depend on the number of threads.
 *
 *     struct pipeline *p;
 *     TRY(pipeline_new(senses, 2, consume, user, &p, err));
 *     TRY(pipeline_push(p, &m));          // calls consume() for messages that are done, on this thread
 *     pipeline_flush(p);                  // all of them
 *     pipeline_free(p);
 *
 * threads 1: no threads are made. More: threads - 1 workers, each with its lanes of the senses; a bounded ring of
 * PIPELINE_SLOTS messages between, whose oldest is consumed first. When it is full, pipeline_push waits: what devices bring
 * meanwhile is dropped and counted by the inbox before it.
 */
#pragma once

#include "cart/brain/senses.h"

enum { PIPELINE_SLOTS = 64, PIPELINE_EVIDENCE = 4, PIPELINE_THREADS_MAX = 8 };

struct pipeline;

/* What the senses made of one message. Lives, with what it points at, until the call returns. */
struct pipeline_result {
    const struct trundle_message *m;
    int lane;                          /* -1: no sense took it */
    struct sense_live live;            /* of the lane, after the message */
    size_t n;
    const struct trundle_evidence *evidence;
};
typedef void pipeline_consume(void *user, const struct pipeline_result *r);

/* The senses are borrowed; NULL: nothing is sensed, messages only pass. IO: threads cannot be made. */
TRUNDLE_MUST_USE enum trundle_status pipeline_new(struct senses *senses, int threads, pipeline_consume *consume, void *user,
                                                  struct pipeline **out, struct trundle_error *err);
/* Copies the message with what it points at. NO_MEMORY; TOO_LARGE for what is over 4 MiB. */
TRUNDLE_MUST_USE enum trundle_status pipeline_push(struct pipeline *p, const struct trundle_message *m);
/* Consumes what is done; waits up to `wait_ns` for the oldest when it is not. */
void pipeline_drain(struct pipeline *p, int64_t wait_ns);
void pipeline_flush(struct pipeline *p);
/* Without flushing; NULL is fine. */
void pipeline_free(struct pipeline *p);
