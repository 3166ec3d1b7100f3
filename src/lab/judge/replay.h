/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/replay - drives a cart with what a trip holds, once as it was and once with a shopper who answers.
 *
 *     struct judge_replay *r;
 *     TRY(judge_replay_new(&judge_cart_trundle, &setup, &r, err));
 *     while (next(&m))
 *         TRY(judge_replay_push(r, &m, err));                     // every message of the trip, in log order
 *     TRY(judge_replay_unaided(r, &prediction, err));
 *     TRY(judge_replay_aided(r, &truth, &prediction, err));
 *     judge_replay_free(r);
 *
 * The unaided run takes samples, codes, touches, places, drops and ticks; recorded evidence, beliefs, decisions and answers
 * are left out. The aided run takes the evidence of the unaided run in place of the samples (senses do not depend on what a
 * shopper answers), all else as before, and the shopper's answers in log order; sequences are counted afresh.
 *
 * The shopper answers 90 % of questions, 2.5 s after the decision in log time, right 97 % of the time. Each question draws from
 * a stream of its own (trip seed, question). A question that was withdrawn before is not answered, nor one after the end.
 */
#pragma once

#include "lab/judge/score.h"

#include <trundle/trundle.h>

/* What a cart must do to be judged; libtrundle does, and so do the small carts of the tests. Same meaning as <trundle/trundle.h>. */
struct judge_cart_ops {
    enum trundle_status (*open)(const struct trundle_setup *setup, void **out_cart, struct trundle_error *err);
    enum trundle_status (*push)(void *cart, const struct trundle_message *message, struct trundle_error *err);
    enum trundle_status (*poll)(void *cart, struct trundle_message *out);
    void (*close)(void *cart);
};
extern const struct judge_cart_ops judge_cart_trundle;

#define JUDGE_ANSWER_RATE  0.90
#define JUDGE_ANSWER_RIGHT 0.97
#define JUDGE_ANSWER_NS    INT64_C(2500000000)

struct judge_replay;

/* The setup is borrowed until judge_replay_free. */
TRUNDLE_MUST_USE enum trundle_status judge_replay_new(const struct judge_cart_ops *ops, const struct trundle_setup *setup, struct judge_replay **out, struct trundle_error *err);
/* A sample that the cart refuses as BAD_INPUT is counted, as the cart itself does, and the trip goes on. */
TRUNDLE_MUST_USE enum trundle_status judge_replay_push(struct judge_replay *r, const struct trundle_message *m, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_replay_unaided(struct judge_replay *r, struct judge_prediction *out, struct trundle_error *err);
/* After the last push. Opens a second cart. */
TRUNDLE_MUST_USE enum trundle_status judge_replay_aided(struct judge_replay *r, const struct judge_truth *truth, struct judge_prediction *out, struct trundle_error *err);
/* What the cart was given and said as evidence, once more through a fresh cart opened with `setup`; nobody answers. After the last push. */
TRUNDLE_MUST_USE enum trundle_status judge_replay_again(const struct judge_replay *r, const struct trundle_setup *setup, struct judge_prediction *out, struct trundle_error *err);
/* Deals the product lists of the cameras' evidence out anew among that evidence, at random; for judge_replay_again. */
void judge_replay_shuffle(struct judge_replay *r, uint64_t seed);
size_t judge_replay_refused(const struct judge_replay *r);
void judge_replay_free(struct judge_replay *r);

/* What the shopper does about one ASK or RESCAN: true fills *out (channel CODE or TOUCH, log and sensed time; sequence 0). */
struct judge_shopper {
    const struct judge_truth *truth;       /* borrowed */
    uint8_t claimed[JUDGE_EVENTS_MAX];     /* truth events that a question was already answered about */
};
bool judge_shopper_answer(struct judge_shopper *shopper, const struct trundle_decision *question, struct trundle_message *out);
