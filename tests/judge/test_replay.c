/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/replay: what a cart is given, unaided and aided, and how the shopper answers. The cart here is a script. */
#include "tests/judge/hand_trip.h"

#include <stdio.h>

/* A cart that notes what it is pushed. Each cell sample makes a piece of evidence; each piece of evidence with an even id is
 * asked about; an answer adds a line of what was answered. */
enum { NOTES = 4096 };
struct script { struct trundle_message note[NOTES]; size_t notes; struct trundle_message out[NOTES]; size_t outs, polled; uint32_t next; };
static struct script *last_cart[8];
static size_t carts;
static struct { bool withdraw, rescan, see; enum trundle_status push; } how;

static enum trundle_status script_open(const struct trundle_setup *setup, void **out, struct trundle_error *err)
{
    (void)setup;
    (void)err;
    *out = last_cart[carts++] = calloc(1, sizeof(struct script));
    return TRUNDLE_OK;
}

static struct trundle_decision *script_decide(struct script *s, enum trundle_decision_kind kind, int64_t t_ns)
{
    struct trundle_message *m = &s->out[s->outs++];

    m->channel = TRUNDLE_DECISION;
    m->log_ns = t_ns;
    m->decision.id = ++s->next;
    m->decision.kind = kind;
    m->decision.t_ns = m->decision.t_event_ns = t_ns;
    m->decision.event_kind = TRUNDLE_EVENT_PUT;
    m->decision.count = 1;
    return &m->decision;
}

static void script_evidence(struct script *s, const struct trundle_message *m, uint32_t id)
{
    struct trundle_decision *d;

    if (id % 2)
        return;
    d = script_decide(s, how.rescan ? TRUNDLE_DECIDE_RESCAN : TRUNDLE_DECIDE_ASK, m->log_ns);
    d->question = id;
    d->options_n = 2;
    d->options[0].kind = d->options[1].kind = TRUNDLE_EVENT_PUT;
    d->options[0].product = MILK;
    d->options[1].product = OATS;
    if (how.withdraw)
        script_decide(s, TRUNDLE_DECIDE_WITHDRAW, m->log_ns)->question = id;
}

static enum trundle_status script_push(void *cart, const struct trundle_message *m, struct trundle_error *err)
{
    struct script *s = cart;

    if (s->notes && (m->log_ns < s->note[s->notes - 1].log_ns || m->sequence <= s->note[s->notes - 1].sequence))
        return error_set(err, TRUNDLE_BAD_ARG, "script", NULL, "log order");
    s->note[s->notes++] = *m;
    if (how.push != TRUNDLE_OK && m->channel == TRUNDLE_CODE)
        return error_set(err, how.push, "script", NULL, "told to");
    if (m->channel == TRUNDLE_CELL) {
        struct trundle_message *e = &s->out[s->outs++];

        e->channel = TRUNDLE_EVIDENCE;
        e->log_ns = m->log_ns;
        e->evidence.id = (uint32_t)m->cell.raw[0];
        if (how.see) {                 /* every third sees nothing it knows */
            e->evidence.sense = TRUNDLE_SENSE_SEE;
            e->evidence.products_n = m->cell.raw[0] % 3 ? 1 : 0;
            e->evidence.products[0].llr = e->evidence.llr_unknown = (float)m->cell.raw[0];
        }
        script_evidence(s, m, e->evidence.id);
    } else if (m->channel == TRUNDLE_EVIDENCE) {
        script_evidence(s, m, m->evidence.id);
    } else if (m->channel == TRUNDLE_TOUCH && m->touch.kind == TRUNDLE_TOUCH_ANSWER && m->touch.option == TRUNDLE_OPTION_PRODUCT) {
        struct trundle_decision *d = script_decide(s, TRUNDLE_DECIDE_ADD, m->log_ns);

        d->t_event_ns = m->log_ns - JUDGE_ANSWER_NS;
        d->line = d->event = m->touch.ref;
        d->product = m->touch.product;
    }
    return TRUNDLE_OK;
}

static enum trundle_status script_poll(void *cart, struct trundle_message *out)
{
    struct script *s = cart;

    if (s->polled == s->outs)
        return TRUNDLE_AGAIN;
    *out = s->out[s->polled++];
    return TRUNDLE_OK;
}

static void script_close(void *cart)
{
    (void)cart;                    /* kept, to be looked at */
}

static const struct judge_cart_ops script = { script_open, script_push, script_poll, script_close };

static int setup(void **state)
{
    (void)state;
    carts = 0;
    memset(&how, 0, sizeof how);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < carts; i++)
        free(last_cart[i]);
    return 0;
}

static void push(struct judge_replay *r, enum trundle_channel channel, double t_s, int32_t raw, uint32_t *sequence)
{
    struct trundle_message m = { .channel = channel, .log_ns = S_NS(t_s), .sensed_ns = S_NS(t_s), .sequence = ++*sequence };
    struct trundle_error err = { 0 };

    if (channel == TRUNDLE_CELL)
        m.cell.raw[0] = raw;
    if (channel == TRUNDLE_TOUCH)
        m.touch.kind = (enum trundle_touch_kind)raw;
    support_ok(judge_replay_push(r, &m, &err), &err);
}

/* n questions 10 s apart (evidence 2, 4, ...), each about a milk put at that time, with ticks between. */
static void drive(int64_t seed, size_t n, struct judge_prediction *unaided, struct judge_prediction *aided)
{
    struct trundle_setup none = { .start_wall_ns = 0 };
    struct judge_event *event = calloc(n, sizeof *event);
    struct judge_truth truth = { .seed = seed, .e_g = 5, .event = event, .events_n = n };
    struct judge_replay *r;
    struct trundle_error err = { 0 };
    uint32_t sequence = 0;

    support_ok(judge_replay_new(&script, &none, &r, &err), &err);
    for (size_t i = 0; i < n; i++) {
        double t = 10.0 * (double)(i + 1);

        event[i] = event_at(t, TRUNDLE_EVENT_PUT, MILK);
        push(r, TRUNDLE_CELL, t, 2 * (int32_t)(i + 1), &sequence);
        push(r, TRUNDLE_TICK, t, 0, &sequence);
        push(r, TRUNDLE_TICK, t + 2.5, 0, &sequence);
        push(r, TRUNDLE_TICK, t + 5, 0, &sequence);
    }
    support_ok(judge_replay_unaided(r, unaided, &err), &err);
    support_ok(judge_replay_aided(r, &truth, aided, &err), &err);
    judge_replay_free(r);
    free(event);
}

static void the_unaided_cart_gets_what_was_sensed(void **state)
{
    static const enum trundle_channel in[] = { TRUNDLE_CELL, TRUNDLE_IMU, TRUNDLE_CAM, TRUNDLE_CODE, TRUNDLE_LOC, TRUNDLE_TICK, TRUNDLE_DROP };
    static const enum trundle_channel out[] = { TRUNDLE_EVIDENCE, TRUNDLE_BELIEF, TRUNDLE_DECISION, TRUNDLE_TRUTH };
    struct trundle_setup none = { .start_wall_ns = 0 };
    struct judge_replay *r;
    struct trundle_error err = { 0 };
    struct judge_truth truth = { .seed = 1, .e_g = 5 };
    struct judge_prediction p;
    uint32_t sequence = 0;
    size_t k = 0;

    (void)state;
    support_ok(judge_replay_new(&script, &none, &r, &err), &err);
    for (size_t i = 0; i < COUNT_OF(in); i++)
        push(r, in[i], 1, 1, &sequence);
    for (size_t i = 0; i < COUNT_OF(out); i++)
        push(r, out[i], 2, 1, &sequence);
    push(r, TRUNDLE_TOUCH, 3, TRUNDLE_TOUCH_ANSWER, &sequence);
    push(r, TRUNDLE_TOUCH, 3, TRUNDLE_TOUCH_REMOVE, &sequence);
    assert_int_equal(last_cart[0]->notes, COUNT_OF(in) + 1);     /* answers belong to the shopper, the rest of the touches to the trip */
    for (size_t i = 0; i < COUNT_OF(in); i++)
        assert_int_equal(last_cart[0]->note[i].channel, in[i]);
    support_ok(judge_replay_aided(r, &truth, &p, &err), &err);
    {
        static const enum trundle_channel aided[] = { TRUNDLE_EVIDENCE, TRUNDLE_CODE, TRUNDLE_LOC, TRUNDLE_TICK, TRUNDLE_TOUCH };

        assert_int_equal(last_cart[1]->notes, COUNT_OF(aided));
        for (; k < COUNT_OF(aided); k++)
            assert_int_equal(last_cart[1]->note[k].channel, aided[k]);
    }
    judge_prediction_done(&p);
    judge_replay_free(r);
}

static void answers_come_in_time_at_the_stated_rates(void **state)
{
    enum { N = 400 };
    struct judge_prediction unaided, aided;
    size_t answers = 0, right = 0;
    const struct script *cart;

    (void)state;
    drive(17, N, &unaided, &aided);
    assert_int_equal(unaided.asks, N);
    assert_int_equal(aided.asks, N);
    assert_int_equal(unaided.events_n, 0);
    cart = last_cart[1];
    for (size_t i = 0; i < cart->notes; i++) {
        const struct trundle_message *m = &cart->note[i];

        if (m->channel != TRUNDLE_TOUCH)
            continue;
        answers++;
        right += m->touch.option == TRUNDLE_OPTION_PRODUCT && m->touch.product.key == MILK.key;
        assert_true(m->log_ns == S_NS(10.0 * m->touch.ref / 2) + JUDGE_ANSWER_NS);
        assert_true(cart->note[i - 1].channel == TRUNDLE_TICK && cart->note[i - 1].log_ns == m->log_ns);
    }
    assert_near((double)answers / N, JUDGE_ANSWER_RATE, 4 * sqrt(0.9 * 0.1 / N));
    assert_near((double)right / (double)answers, JUDGE_ANSWER_RIGHT, 4 * sqrt(0.97 * 0.03 / N));
    assert_true(right < answers);
    judge_prediction_done(&unaided);
    judge_prediction_done(&aided);
}

/* The same trip is answered the same way; another one otherwise; and a question keeps its answer when others are not asked. */
static void answers_repeat(void **state)
{
    struct judge_event milk[50];
    struct judge_truth truth = { .seed = 5, .e_g = 5, .event = milk, .events_n = 50 }, other = truth;
    static struct judge_shopper a, b, c;
    size_t differ = 0;

    (void)state;
    other.seed = 6;
    a.truth = b.truth = &truth;
    c.truth = &other;
    for (size_t i = 0; i < 50; i++)
        milk[i] = event_at(10.0 * (double)i, TRUNDLE_EVENT_PUT, MILK);
    for (uint32_t i = 0; i < 50; i++) {
        struct trundle_decision q = { .kind = TRUNDLE_DECIDE_ASK, .question = i + 1, .id = 2 * i, .t_ns = S_NS(10.0 * i + 1), .t_event_ns = S_NS(10.0 * i),
                                      .event_kind = TRUNDLE_EVENT_PUT };
        struct trundle_message x = { .log_ns = 0 }, y = { .log_ns = 0 }, z = { .log_ns = 0 };
        bool ax, by, cz;

        if (i % 3 == 0)
            continue;              /* a asks all but these, b asks all */
        ax = judge_shopper_answer(&a, &q, &x);
        by = judge_shopper_answer(&b, &q, &y);
        cz = judge_shopper_answer(&c, &q, &z);
        assert_int_equal(ax, by);
        assert_memory_equal(&x, &y, sizeof x);
        differ += ax != cz || x.touch.option != z.touch.option;
    }
    assert_true(differ > 0);
}

static void right_answers_fit_the_truth(void **state)
{
    struct judge_event e[3] = { event_at(10, TRUNDLE_EVENT_PUT, MILK), event_at(30, TRUNDLE_EVENT_PUT, BANANA), event_at(10.2, TRUNDLE_EVENT_PUT, OATS) };
    struct judge_truth truth = { .e_g = 5, .event = e, .events_n = 3 };
    size_t seen[3] = { 0 };

    (void)state;
    for (int64_t seed = 0; seed < 200; seed++) {
        static const double t_s[3] = { 10.05, 30.5, 50 };
        static struct judge_shopper shopper;

        memset(&shopper, 0, sizeof shopper);
        shopper.truth = &truth;
        truth.seed = seed;
        for (uint32_t i = 0; i < 3; i++) {
            struct trundle_decision q = { .kind = TRUNDLE_DECIDE_ASK, .question = i + 1, .t_event_ns = S_NS(t_s[i]), .event_kind = TRUNDLE_EVENT_PUT, .options_n = 2 };
            struct trundle_message m;

            q.options[0] = (struct trundle_alternative){ TRUNDLE_EVENT_PUT, MILK, 1, 0.5f };
            q.options[1] = (struct trundle_alternative){ TRUNDLE_EVENT_PUT, OATS, 1, 0.4f };
            if (!judge_shopper_answer(&shopper, &q, &m))
                continue;
            assert_int_equal(m.touch.ref, i + 1);
            if (i == 0)
                seen[i] += m.touch.option == TRUNDLE_OPTION_PRODUCT && m.touch.product.key == MILK.key;
            else
                seen[i] += m.touch.option == (i == 1 ? TRUNDLE_OPTION_ELSE : TRUNDLE_OPTION_NOTHING);
        }
    }
    for (size_t i = 0; i < 3; i++)
        assert_true(seen[i] > 150 && seen[i] < 200);     /* ~ 0.9 * 0.97 * 200 */
}

static void a_rescan_prompt_yields_a_scan(void **state)
{
    enum { N = 100 };
    struct judge_prediction unaided, aided;
    size_t scans = 0;

    (void)state;
    how.rescan = true;
    drive(3, N, &unaided, &aided);
    for (size_t i = 0; i < last_cart[1]->notes; i++) {
        const struct trundle_message *m = &last_cart[1]->note[i];

        if (m->channel != TRUNDLE_CODE)
            continue;
        scans++;
        assert_string_equal(m->code.text, "4011200296908");
        assert_int_equal(m->code.symbology, TRUNDLE_SYM_EAN13);
        assert_int_equal(m->code.text_bytes, 13);
    }
    assert_true(scans > 70 && scans < 100);
    judge_prediction_done(&unaided);
    judge_prediction_done(&aided);
}

static void a_withdrawn_question_is_not_answered(void **state)
{
    struct judge_prediction unaided, aided;

    (void)state;
    how.withdraw = true;
    drive(3, 20, &unaided, &aided);
    for (size_t i = 0; i < last_cart[1]->notes; i++)
        assert_int_not_equal(last_cart[1]->note[i].channel, TRUNDLE_TOUCH);
    judge_prediction_done(&unaided);
    judge_prediction_done(&aided);
}

static void refused_input_is_counted_and_errors_end_it(void **state)
{
    struct trundle_setup none = { .start_wall_ns = 0 };
    struct trundle_message m = { .channel = TRUNDLE_CODE, .log_ns = 1, .sequence = 1 };
    struct judge_replay *r;
    struct trundle_error err = { 0 };

    (void)state;
    support_ok(judge_replay_new(&script, &none, &r, &err), &err);
    how.push = TRUNDLE_BAD_INPUT;
    support_ok(judge_replay_push(r, &m, &err), &err);
    assert_int_equal(judge_replay_refused(r), 1);
    how.push = TRUNDLE_NO_MEMORY;
    m.sequence = 2;
    assert_int_equal(judge_replay_push(r, &m, &err), TRUNDLE_NO_MEMORY);
    judge_replay_free(r);
}

/* Shuffled product lists are the same lists, with the same evidence, in other places; nothing else is touched, and nobody answers. */
static void shuffled_lists_are_the_same_lists(void **state)
{
    enum { N = 60 };
    struct trundle_setup none = { .start_wall_ns = 0 };
    struct judge_replay *r;
    struct judge_prediction p = { .events_n = 0 };
    struct trundle_error err = { 0 };
    uint32_t sequence = 0, moved = 0;
    unsigned seen[N + 1] = { 0 };
    const struct script *again;

    (void)state;
    how.see = true;
    support_ok(judge_replay_new(&script, &none, &r, &err), &err);
    for (int32_t i = 1; i <= N; i++) {
        push(r, TRUNDLE_CELL, i, i, &sequence);
        push(r, TRUNDLE_TICK, i + 0.5, 0, &sequence);
    }
    judge_replay_shuffle(r, 5);
    support_ok(judge_replay_again(r, &none, &p, &err), &err);
    assert_int_equal(carts, 2);
    again = last_cart[1];
    assert_int_equal(again->notes, 2 * N);             /* evidence and ticks; no cells, no answers */
    for (size_t i = 0; i < again->notes; i++) {
        const struct trundle_evidence *e = &again->note[i].evidence;

        if (again->note[i].channel != TRUNDLE_EVIDENCE)
            continue;
        assert_int_equal(e->products_n, e->id % 3 ? 1 : 0);
        if (!e->products_n)
            continue;
        assert_near(e->llr_unknown, e->products[0].llr, 0);
        seen[(int)e->products[0].llr]++;
        moved += (uint32_t)e->products[0].llr != e->id;
    }
    for (uint32_t i = 1; i <= N; i++)
        assert_int_equal(seen[i], i % 3 ? 1 : 0);
    assert_true(moved > N / 2);
    judge_prediction_done(&p);
    judge_replay_free(r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_unaided_cart_gets_what_was_sensed), TEST(answers_come_in_time_at_the_stated_rates), TEST(answers_repeat), TEST(right_answers_fit_the_truth),
        TEST(a_rescan_prompt_yields_a_scan), TEST(a_withdrawn_question_is_not_answered), TEST(refused_input_is_counted_and_errors_end_it),
        TEST(shuffled_lists_are_the_same_lists) };

    return support_run(tests);
}
