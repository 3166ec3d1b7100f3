/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One trip through the cart: unaided with its senses, then aided on the evidence of the first run. */
#include "lab/judge/replay.h"

#include "base/std/rng.h"
#include "base/std/status.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 4000000, PENDING_MAX = 256 };

struct judge_replay {
    const struct judge_cart_ops *ops;
    struct trundle_setup setup;
    void *cart;
    struct judge_ledger *ledger;
    struct trundle_message **kept;     /* owned: inputs of the aided run, in order; frames are never kept */
    size_t kept_n, kept_room, refused;
};

/* A run on what was kept: answers on their way, soonest first. */
struct aided {
    const struct judge_replay *r;
    void *cart;
    struct judge_ledger *ledger;
    struct judge_shopper *shopper;     /* NULL: nobody answers */
    struct { struct trundle_message m; uint32_t question; } pending[PENDING_MAX];
    size_t pending_n;
    uint32_t sequence;
};

enum trundle_status judge_replay_new(const struct judge_cart_ops *ops, const struct trundle_setup *setup, struct judge_replay **out,
                                     struct trundle_error *err)
{
    struct judge_replay *r = calloc(1, sizeof *r);
    enum trundle_status status;

    if (!r)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for a replay");
    r->ops = ops;
    r->setup = *setup;
    status = judge_ledger_new(&r->ledger, err);
    if (status == TRUNDLE_OK)
        status = ops->open(setup, &r->cart, err);
    if (status != TRUNDLE_OK) {
        judge_replay_free(r);
        return status;
    }
    *out = r;
    return TRUNDLE_OK;
}

void judge_replay_free(struct judge_replay *r)
{
    if (!r)
        return;
    if (r->cart)
        r->ops->close(r->cart);
    judge_ledger_free(r->ledger);
    for (size_t i = 0; i < r->kept_n; i++)
        free(r->kept[i]);
    free(r->kept);
    free(r);
}

size_t judge_replay_refused(const struct judge_replay *r)
{
    return r->refused;
}

static enum trundle_status keep(struct judge_replay *r, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_message *copy;

    if (r->kept_n == KEPT_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "judge", NULL, "more than %d codes, ticks and evidence in one trip", KEPT_MAX);
    if (r->kept_n == r->kept_room) {
        size_t room = r->kept_room ? 2 * r->kept_room : 1024;
        struct trundle_message **more = realloc(r->kept, room * sizeof *more);

        if (!more)
            return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory to keep %zu messages", room);
        r->kept = more;
        r->kept_room = room;
    }
    copy = malloc(sizeof *copy);
    if (!copy)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory to keep a message");
    *copy = *m;
    r->kept[r->kept_n++] = copy;
    return TRUNDLE_OK;
}

static enum trundle_status poll_unaided(struct judge_replay *r, struct trundle_error *err)
{
    struct trundle_message out;
    enum trundle_status status;

    while ((status = r->ops->poll(r->cart, &out)) == TRUNDLE_OK) {
        if (out.channel == TRUNDLE_EVIDENCE)
            TRY(keep(r, &out, err));
        else if (out.channel == TRUNDLE_DECISION)
            TRY(judge_ledger_add(r->ledger, &out.decision, err));
    }
    return status == TRUNDLE_AGAIN ? TRUNDLE_OK : error_set(err, status, "cart", NULL, "poll: %s", trundle_status_text(status));
}

enum trundle_status judge_replay_push(struct judge_replay *r, const struct trundle_message *m, struct trundle_error *err)
{
    enum trundle_status status;

    switch (m->channel) {
    case TRUNDLE_CODE:
    case TRUNDLE_LOC:
    case TRUNDLE_TICK:
        TRY(keep(r, m, err));
        break;
    case TRUNDLE_TOUCH:
        if (m->touch.kind == TRUNDLE_TOUCH_ANSWER)
            return TRUNDLE_OK;
        TRY(keep(r, m, err));
        break;
    case TRUNDLE_CELL:
    case TRUNDLE_IMU:
    case TRUNDLE_CAM:
    case TRUNDLE_DROP:             /* of samples: the senses' business */
        break;
    default:
        return TRUNDLE_OK;
    }
    status = r->ops->push(r->cart, m, err);
    if (status == TRUNDLE_FULL) {
        TRY(poll_unaided(r, err));
        status = r->ops->push(r->cart, m, err);
    }
    if (status == TRUNDLE_BAD_INPUT)
        r->refused++;
    else
        TRY(status);
    return poll_unaided(r, err);
}

enum trundle_status judge_replay_unaided(struct judge_replay *r, struct judge_prediction *out, struct trundle_error *err)
{
    return judge_ledger_read(r->ledger, out, err);
}

static void take_pending(struct aided *a, size_t i)
{
    a->pending_n--;
    memmove(&a->pending[i], &a->pending[i + 1], (a->pending_n - i) * sizeof a->pending[0]);
}

static void withdraw(struct aided *a, uint32_t question)
{
    for (size_t i = a->pending_n; question && i--;)
        if (a->pending[i].question == question)
            take_pending(a, i);
}

static enum trundle_status ask(struct aided *a, const struct trundle_decision *d, struct trundle_error *err)
{
    if (a->pending_n == PENDING_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "/decision", NULL, "more than %d questions at once", PENDING_MAX);
    if (judge_shopper_answer(a->shopper, d, &a->pending[a->pending_n].m))
        a->pending[a->pending_n++].question = d->question;
    return TRUNDLE_OK;
}

static enum trundle_status poll_aided(struct aided *a, struct trundle_error *err)
{
    struct trundle_message out;
    enum trundle_status status;

    while ((status = a->r->ops->poll(a->cart, &out)) == TRUNDLE_OK) {
        if (out.channel != TRUNDLE_DECISION)
            continue;
        TRY(judge_ledger_add(a->ledger, &out.decision, err));
        if (out.decision.kind == TRUNDLE_DECIDE_WITHDRAW)
            withdraw(a, out.decision.question);
        else if (a->shopper && (out.decision.kind == TRUNDLE_DECIDE_ASK || out.decision.kind == TRUNDLE_DECIDE_RESCAN))
            TRY(ask(a, &out.decision, err));
    }
    return status == TRUNDLE_AGAIN ? TRUNDLE_OK : error_set(err, status, "cart", NULL, "poll: %s", trundle_status_text(status));
}

static enum trundle_status push_aided(struct aided *a, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_message copy = *m;
    enum trundle_status status;

    copy.sequence = ++a->sequence;
    status = a->r->ops->push(a->cart, &copy, err);
    if (status == TRUNDLE_FULL) {
        TRY(poll_aided(a, err));
        status = a->r->ops->push(a->cart, &copy, err);
    }
    if (status != TRUNDLE_BAD_INPUT)
        TRY(status);
    return poll_aided(a, err);
}

/* Answers given before `t` go first; one given at `t` comes after all that the trip holds of that instant. */
static enum trundle_status push_answers(struct aided *a, int64_t t_ns, struct trundle_error *err)
{
    for (;;) {
        struct trundle_message m;
        size_t soonest = SIZE_MAX;

        for (size_t i = 0; i < a->pending_n; i++)
            if (a->pending[i].m.log_ns < t_ns && (soonest == SIZE_MAX || a->pending[i].m.log_ns < a->pending[soonest].m.log_ns))
                soonest = i;
        if (soonest == SIZE_MAX)
            return TRUNDLE_OK;
        m = a->pending[soonest].m;
        take_pending(a, soonest);
        TRY(push_aided(a, &m, err));
    }
}

/* A second run on what was kept. Without a shopper nobody answers. */
static enum trundle_status run_kept(const struct judge_replay *r, const struct trundle_setup *setup, struct judge_shopper *shopper, struct judge_prediction *out,
                                    struct trundle_error *err)
{
    struct aided *a = calloc(1, sizeof *a);
    enum trundle_status status;

    if (!a)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for a replay");
    a->r = r;
    a->shopper = shopper;
    TRY_GOTO(status, judge_ledger_new(&a->ledger, err), out);
    TRY_GOTO(status, r->ops->open(setup, &a->cart, err), out);
    for (size_t i = 0; i < r->kept_n; i++) {
        TRY_GOTO(status, push_answers(a, r->kept[i]->log_ns, err), out);
        TRY_GOTO(status, push_aided(a, r->kept[i], err), out);
    }
    status = judge_ledger_read(a->ledger, out, err);
out:
    if (a->cart)
        r->ops->close(a->cart);
    judge_ledger_free(a->ledger);
    free(a);
    return status;
}

enum trundle_status judge_replay_aided(struct judge_replay *r, const struct judge_truth *truth, struct judge_prediction *out, struct trundle_error *err)
{
    struct judge_shopper shopper = { .truth = truth };

    return run_kept(r, &r->setup, &shopper, out, err);
}

enum trundle_status judge_replay_again(const struct judge_replay *r, const struct trundle_setup *setup, struct judge_prediction *out, struct trundle_error *err)
{
    return run_kept(r, setup, NULL, out, err);
}

void judge_replay_shuffle(struct judge_replay *r, uint64_t seed)
{
    struct rng rng = rng_seed(seed, "judge/shuffle");
    size_t n = 0;

    /* Inside-out Fisher-Yates over the cameras' evidence. */
    for (size_t i = 0; i < r->kept_n; i++) {
        struct trundle_message *m = r->kept[i];
        uint32_t pick;

        if (m->channel != TRUNDLE_EVIDENCE || m->evidence.sense != TRUNDLE_SENSE_SEE || !m->evidence.products_n)
            continue;
        pick = rng_below(&rng, (uint32_t)++n);
        for (size_t k = 0; k <= i; k++) {
            struct trundle_message *other = r->kept[k];

            if (other->channel != TRUNDLE_EVIDENCE || other->evidence.sense != TRUNDLE_SENSE_SEE || !other->evidence.products_n || pick--)
                continue;
            if (other != m) {
                struct trundle_evidence was = m->evidence;

                m->evidence.products_n = other->evidence.products_n;
                memcpy(m->evidence.products, other->evidence.products, sizeof was.products);
                m->evidence.llr_unknown = other->evidence.llr_unknown;
                other->evidence.products_n = was.products_n;
                memcpy(other->evidence.products, was.products, sizeof was.products);
                other->evidence.llr_unknown = was.llr_unknown;
            }
            break;
        }
    }
}
