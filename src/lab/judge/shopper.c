/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The judge's shopper: answers most questions, mostly right, always the same way for the same trip and question. */
#include "base/std/rng.h"
#include "lab/judge/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The true event that a question is about: of its kind, nearest in time within the matching time, unanswered ones first. */
static const struct judge_event *about(struct judge_shopper *s, const struct trundle_decision *q)
{
    enum trundle_event_kind kind = q->event_kind == TRUNDLE_EVENT_TAKE ? TRUNDLE_EVENT_TAKE : TRUNDLE_EVENT_PUT;
    size_t best = SIZE_MAX;
    int64_t best_dt = 0;

    for (size_t i = 0; i < s->truth->events_n; i++) {
        const struct judge_event *e = &s->truth->event[i];
        int64_t dt;

        if (e->kind != kind || __builtin_sub_overflow(e->t_ns, q->t_event_ns, &dt) || dt > JUDGE_MATCH_NS || dt < -JUDGE_MATCH_NS)
            continue;
        dt = dt < 0 ? -dt : dt;
        if (best == SIZE_MAX || s->claimed[i] < s->claimed[best] || (s->claimed[i] == s->claimed[best] && dt < best_dt)) {
            best = i;
            best_dt = dt;
        }
    }
    if (best == SIZE_MAX)
        return NULL;
    s->claimed[best] = 1;
    return &s->truth->event[best];
}

/* How many items of e's kind and product there were at its time: two cans put down together are one question. */
static int32_t together(const struct judge_truth *truth, const struct judge_event *e)
{
    int32_t n = 0;

    for (size_t i = 0; i < truth->events_n; i++) {
        const struct judge_event *f = &truth->event[i];

        n += f->kind == e->kind && f->product.key == e->product.key && llabs(f->t_ns - e->t_ns) <= JUDGE_MATCH_NS;
    }
    return n;
}

static struct trundle_touch right_answer(const struct judge_truth *truth, const struct trundle_decision *q, const struct judge_event *e)
{
    struct trundle_touch touch = { .kind = TRUNDLE_TOUCH_ANSWER, .ref = q->question, .option = e ? TRUNDLE_OPTION_ELSE : TRUNDLE_OPTION_NOTHING };
    int32_t n = e ? together(truth, e) : 0;

    for (uint8_t i = 0; e && i < q->options_n && i < TRUNDLE_OPTIONS_MAX; i++) {
        const struct trundle_alternative *o = &q->options[i];

        if (o->product.key != e->product.key || (o->kind != e->kind && o->kind != TRUNDLE_EVENT_NOTHING))
            continue;
        if (touch.option == TRUNDLE_OPTION_PRODUCT && abs(o->count - n) >= abs(touch.count - n))
            continue;
        touch.option = TRUNDLE_OPTION_PRODUCT;
        touch.product = o->product;
        touch.count = o->count;
    }
    return touch;
}

/* Any other of the buttons on the screen: the options that name a product, "something else", "nothing". */
static struct trundle_touch wrong_answer(const struct trundle_decision *q, struct trundle_touch right, struct rng *r)
{
    struct trundle_touch button[TRUNDLE_OPTIONS_MAX + 2];
    uint32_t n = 0;

    for (uint8_t i = 0; i < q->options_n && i < TRUNDLE_OPTIONS_MAX; i++) {
        bool same = right.option == TRUNDLE_OPTION_PRODUCT && q->options[i].product.key == right.product.key;

        if (q->options[i].product.key && !same)
            button[n++] = (struct trundle_touch){ .option = TRUNDLE_OPTION_PRODUCT, .product = q->options[i].product, .count = q->options[i].count };
    }
    if (right.option != TRUNDLE_OPTION_NOTHING)
        button[n++] = (struct trundle_touch){ .option = TRUNDLE_OPTION_NOTHING };
    if (right.option != TRUNDLE_OPTION_ELSE)
        button[n++] = (struct trundle_touch){ .option = TRUNDLE_OPTION_ELSE };
    button[0] = button[rng_below(r, n)];
    button[0].kind = right.kind;
    button[0].ref = right.ref;
    return button[0];
}

static void code_of(struct trundle_product product, struct trundle_code *out)
{
    uint64_t number = trundle_product_number(product);
    int n;

    if (trundle_product_is_plu(product)) {
        out->source = TRUNDLE_CODE_TYPED;
        n = snprintf(out->text, sizeof out->text, "%04" PRIu64, number);
    } else {
        out->source = TRUNDLE_CODE_SCANNER;
        out->symbology = number < UINT64_C(10000000000000) ? TRUNDLE_SYM_EAN13 : TRUNDLE_SYM_OTHER;
        n = snprintf(out->text, sizeof out->text, "%013" PRIu64, number);
    }
    out->text_bytes = (uint16_t)n;
}

/* Scans the item; a wrong scan is of some other item of the trip. False: there is nothing to scan. */
static bool rescan(const struct judge_truth *truth, const struct judge_event *e, bool right, struct rng *r, struct trundle_code *out)
{
    struct trundle_product product = e ? e->product : (struct trundle_product){ 0 };
    uint32_t others = 0, pick;

    if (right) {
        if (!product.key)
            return false;
        code_of(product, out);
        return true;
    }
    for (size_t i = 0; i < truth->events_n; i++)
        others += truth->event[i].kind == TRUNDLE_EVENT_PUT && truth->event[i].product.key != product.key;
    if (!others)
        return false;
    pick = rng_below(r, others);
    for (size_t i = 0; i < truth->events_n; i++)
        if (truth->event[i].kind == TRUNDLE_EVENT_PUT && truth->event[i].product.key != product.key && !pick--) {
            code_of(truth->event[i].product, out);
            return true;
        }
    return false;
}

bool judge_shopper_answer(struct judge_shopper *s, const struct trundle_decision *question, struct trundle_message *out)
{
    char stream[48];
    struct rng r;
    const struct judge_event *e;
    struct trundle_message m = { .log_ns = question->t_ns + JUDGE_ANSWER_NS, .sensed_ns = question->t_ns + JUDGE_ANSWER_NS };
    bool answers, right;

    (void)snprintf(stream, sizeof stream, "judge/shopper/%s/%u", question->question ? "question" : "decision",
                   (unsigned)(question->question ? question->question : question->id));
    r = rng_seed((uint64_t)s->truth->seed, stream);
    answers = rng_unit(&r) < JUDGE_ANSWER_RATE;
    right = rng_unit(&r) < JUDGE_ANSWER_RIGHT;
    if (!answers)
        return false;
    e = about(s, question);
    if (question->kind == TRUNDLE_DECIDE_RESCAN) {
        m.channel = TRUNDLE_CODE;
        if (!rescan(s->truth, e, right, &r, &m.code))
            return false;
    } else {
        m.channel = TRUNDLE_TOUCH;
        m.touch = right_answer(s->truth, question, e);
        if (!right)
            m.touch = wrong_answer(question, m.touch, &r);
    }
    *out = m;
    return true;
}
