/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * fuse, basket and guard in one loop: a message goes to whom it concerns, then what fuse wants shown is compared with the
 * basket line by line, and every difference is a decision.
 */
#include "cart/brain/brain.h"

#include "cart/fuse/fuse.h"
#include "cart/guard/guard.h"
#include "cart/scan/gs1.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE = 256, QUESTIONS = 16, ROOM_PER_PUSH = 96 };

struct question { uint32_t id, event; bool by_touch; struct trundle_decision asked; };

struct brain {
    const struct catalog *catalog;
    struct fuse_params params;
    struct fuse *fuse;                       /* owned */
    struct basket basket;
    int64_t now_ns;
    enum trundle_phase phase;
    uint32_t next_decision, next_question;
    struct trundle_product weighing;         /* PLU that was picked and not yet put down; unknown: none */
    bool audited;
    uint64_t bad_inputs, lost;
    size_t questions_n;
    struct question question[QUESTIONS];     /* open ones, oldest first */
    size_t head, n;
    struct trundle_message queue[QUEUE];
};

enum trundle_status brain_new(const struct brain_setup *setup, struct brain **out, struct trundle_error *err)
{
    int cameras = 0;
    enum trundle_status status;
    struct brain *b = calloc(1, sizeof *b);

    if (!b)
        return error_set(err, TRUNDLE_NO_MEMORY, "brain", NULL, "no memory");
    b->catalog = setup->catalog;
    b->next_decision = b->next_question = 1;
    TRY_GOTO(status, fuse_params_parse(setup->fuse_json, setup->fuse_n, setup->costs_json, setup->costs_n, &b->params, err), out);
    for (uint8_t i = 0; i < setup->cart->cameras_n; i++)
        cameras += setup->cart->camera[i].role == CART_CAMERA_BASKET;
    status = fuse_new(setup->catalog, &b->params, cameras, &b->fuse);
    if (status != TRUNDLE_OK) {
        (void)error_set(err, status, "brain", NULL, "no memory");
        goto out;
    }
    basket_init(&b->basket, setup->catalog, (int64_t)llround(setup->cart->scale.e_g * 1000), setup->start_wall_ns);
    *out = b;
    b = NULL;
out:
    brain_free(b);
    return status;
}

void brain_free(struct brain *b)
{
    if (!b)
        return;
    fuse_free(b->fuse);
    free(b);
}

static struct trundle_message *emit(struct brain *b, enum trundle_channel channel)
{
    struct trundle_message *m;

    if (b->n == QUEUE) {                     /* brain_push refuses before it comes to this */
        b->lost++;
        b->head = (b->head + 1) % QUEUE;
        b->n--;
    }
    m = &b->queue[(b->head + b->n++) % QUEUE];
    memset(m, 0, sizeof *m);
    m->channel = channel;
    m->sensed_ns = m->log_ns = b->now_ns;
    return m;
}

/* A decision with the totals as they are now. */
static struct trundle_decision *decide(struct brain *b, enum trundle_decision_kind kind)
{
    struct trundle_decision *d = &emit(b, TRUNDLE_DECISION)->decision;
    struct basket_totals t = basket_totals(&b->basket);

    d->id = b->next_decision++;
    d->kind = kind;
    d->t_ns = d->t_event_ns = b->now_ns;
    d->total_cents = t.total_cents;
    d->savings_cents = t.savings_cents;
    d->tax_cents = t.tax_cents;
    d->phase = b->phase;
    d->p = 1;
    d->mass_g = d->mass_sd_g = NAN;
    return d;
}

static void because(struct trundle_decision *d, const struct fuse_action *a)
{
    d->event = a->event;
    d->event_kind = a->key.kind;
    d->t_event_ns = a->t_event_ns;
    d->p = a->p;
    d->cost = a->cost;
    d->cost_next = a->cost_next;
    d->mass_g = a->mass_g;
    d->mass_sd_g = a->mass_sd_g;
    d->code_sequence = a->code_sequence;
    d->evidence_n = a->evidence_n;
    for (uint8_t i = 0; i < a->evidence_n; i++) {
        d->evidence[i].sense = a->evidence[i].sense;
        d->evidence[i].sensor = a->evidence[i].sensor;
        d->evidence[i].id = a->evidence[i].id;
    }
}

static void describe_line(struct trundle_decision *d, const struct basket_line *line)
{
    d->line = line->id;
    d->product = line->item.product;
    d->count = line->item.count;
    d->weight_mg = line->by_weight ? line->item.weight_mg : 0;
    d->line_cents = line->gross_cents - line->saving_cents;
}

static void set_phase(struct brain *b, enum trundle_phase phase)
{
    if (b->phase == phase)
        return;
    b->phase = phase;
    (void)decide(b, TRUNDLE_DECIDE_PHASE);
}

static void end_weighing(struct brain *b)
{
    struct trundle_decision *d;

    if (!b->weighing.key)
        return;
    d = decide(b, TRUNDLE_DECIDE_WEIGHING);
    d->product = b->weighing;
    d->count = 0;
    b->weighing = (struct trundle_product){ 0 };
}

/* What a fuse line is as a basket item: by-weight products in whole scale intervals of the measured mass. */
static struct basket_item item_of(const struct brain *b, const struct fuse_line *line)
{
    const struct catalog_product *p = catalog_find(b->catalog, line->product);
    struct basket_item item = { .product = line->product, .count = line->count, .event = line->event, .t_ns = line->t_ns };

    if (p && p->by_weight) {
        item.count = 1;
        item.weight_mg = basket_weight_mg(&b->basket, isfinite(line->mass_g) ? line->mass_g : isfinite(p->mass_g) ? p->mass_g : 0);
    }
    return item;
}

static bool same_item(const struct basket_item *a, const struct basket_item *b)
{
    return a->product.key == b->product.key && a->count == b->count && a->weight_mg == b->weight_mg;
}

static const struct fuse_line *line_of(const struct fuse_line *lines, size_t n, uint32_t event)
{
    for (size_t i = 0; i < n; i++)
        if (lines[i].event == event)
            return &lines[i];
    return NULL;
}

static void remove_line(struct brain *b, const struct basket_line *line, const struct fuse_action *a)
{
    struct trundle_decision removed = { .kind = TRUNDLE_DECIDE_REMOVE };
    struct trundle_decision *d;
    uint32_t put = line->item.event;

    describe_line(&removed, line);
    if (basket_remove(&b->basket, line->id) != TRUNDLE_OK)
        return;
    d = decide(b, TRUNDLE_DECIDE_REMOVE);
    because(d, a);
    if (d->event_kind != TRUNDLE_EVENT_TAKE)
        d->event = put;
    d->line = removed.line;
    d->product = removed.product;
    d->count = removed.count;
    d->weight_mg = removed.weight_mg;
    d->line_cents = removed.line_cents;
}

static void show_line(struct brain *b, struct basket_line *line, enum trundle_decision_kind kind, const struct fuse_action *a)
{
    struct trundle_decision *d = decide(b, kind);

    because(d, a);
    if (d->event_kind != TRUNDLE_EVENT_TAKE || kind == TRUNDLE_DECIDE_ADD) {     /* it is about the put, whatever made it appear */
        d->event = line->item.event;
        d->event_kind = TRUNDLE_EVENT_PUT;
        d->t_event_ns = line->item.t_ns;
    }
    describe_line(d, line);
    line->why = *d;
    if (b->weighing.key && b->weighing.key == line->item.product.key)
        end_weighing(b);
}

/* Makes the basket what fuse wants shown, one decision a difference. */
static void show(struct brain *b, const struct fuse_action *a)
{
    size_t n;
    const struct fuse_line *lines = fuse_lines(b->fuse, &n);

    for (size_t i = b->basket.n; i-- > 0;)
        if (!line_of(lines, n, b->basket.line[i].item.event))
            remove_line(b, &b->basket.line[i], a);
    for (size_t i = 0; i < n; i++) {
        struct basket_item item = item_of(b, &lines[i]);
        const struct basket_line *there = basket_find_event(&b->basket, lines[i].event);
        uint32_t id;

        if (!there && basket_add(&b->basket, &item, &id) == TRUNDLE_OK)
            show_line(b, basket_find(&b->basket, id), TRUNDLE_DECIDE_ADD, a);
        else if (there && !same_item(&there->item, &item) && basket_change(&b->basket, there->id, &item) == TRUNDLE_OK)
            show_line(b, basket_find(&b->basket, there->id), TRUNDLE_DECIDE_CHANGE, a);
    }
    if (b->phase == TRUNDLE_PHASE_PAYING)    /* the total that was frozen is no longer the total */
        set_phase(b, TRUNDLE_PHASE_SHOPPING);
}

static void withdraw(struct brain *b, uint32_t event)
{
    for (size_t i = 0; i < b->questions_n; i++) {
        struct trundle_decision *d;

        if (b->question[i].event != event)
            continue;
        d = decide(b, TRUNDLE_DECIDE_WITHDRAW);
        d->event = event;
        d->question = b->question[i].id;
        memmove(&b->question[i], &b->question[i + 1], (b->questions_n - i - 1) * sizeof b->question[0]);
        b->questions_n--;
        return;
    }
}

static struct question *new_question(struct brain *b, uint32_t event)
{
    struct question *q;

    withdraw(b, event);
    if (b->questions_n == QUESTIONS)
        withdraw(b, b->question[0].event);
    q = &b->question[b->questions_n++];
    *q = (struct question){ .id = b->next_question++, .event = event };
    return q;
}

static void ask(struct brain *b, const struct fuse_action *a)
{
    struct question *q;
    const struct basket_line *line = basket_find_event(&b->basket, a->event);
    struct trundle_decision *d;

    if (b->phase == TRUNDLE_PHASE_PAID)
        return;
    q = new_question(b, a->event);
    d = decide(b, a->kind == FUSE_ASK ? TRUNDLE_DECIDE_ASK : TRUNDLE_DECIDE_RESCAN);
    because(d, a);
    d->question = q->id;
    d->line = line ? line->id : 0;
    d->options_n = a->options_n < TRUNDLE_OPTIONS_MAX ? a->options_n : TRUNDLE_OPTIONS_MAX;
    memcpy(d->options, a->options, d->options_n * sizeof d->options[0]);
    q->asked = *d;
}

static void tell(struct brain *b, const struct fuse_action *a)
{
    struct trundle_belief *belief = &emit(b, TRUNDLE_BELIEF)->belief;

    belief->event = a->event;
    belief->alternatives_n = a->options_n;
    memcpy(belief->alternatives, a->options, a->options_n * sizeof a->options[0]);
    belief->basket_p = a->basket_p;
}

static void run(struct brain *b)
{
    struct fuse_action a;

    fuse_run(b->fuse, b->now_ns);
    while (fuse_poll(b->fuse, &a)) {
        switch (a.kind) {
        case FUSE_SHOW: show(b, &a); break;
        case FUSE_ASK:
        case FUSE_RESCAN: ask(b, &a); break;
        case FUSE_WITHDRAW: withdraw(b, a.event); break;
        case FUSE_BELIEF: tell(b, &a); break;
        }
    }
}

static enum trundle_status bad_input(struct brain *b, struct trundle_error *err, const char *where, const char *what)
{
    b->bad_inputs++;
    return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "%s", what);
}

static enum trundle_status take_code(struct brain *b, const struct trundle_message *m, struct trundle_error *err)
{
    struct scan_item item;
    double weight_g = (double)NAN;
    int64_t cents;

    if (scan_parse(&m->code, b->catalog, &item, err) != TRUNDLE_OK) {
        b->bad_inputs++;
        return TRUNDLE_BAD_INPUT;
    }
    if (item.weight_g > 0)
        weight_g = item.weight_g;
    else if (item.price_cents > 0 && catalog_price(b->catalog, item.product, b->basket.start_wall_ns + b->now_ns, b->basket.member, &cents) == TRUNDLE_OK && cents > 0)
        weight_g = 1000.0 * (double)item.price_cents / (double)cents;
    for (size_t i = 0; i < b->questions_n; i++) {
        struct question q = b->question[i];

        if (!q.by_touch)
            continue;                        /* "that's wrong", and here is what it is */
        fuse_answer(b->fuse, q.event, TRUNDLE_OPTION_PRODUCT, item.product, 0);
        withdraw(b, q.event);
        return TRUNDLE_OK;
    }
    fuse_code(b->fuse, item.product, weight_g, m->code.source == TRUNDLE_CODE_TYPED, m->sequence, m->sensed_ns);
    return TRUNDLE_OK;
}

static enum trundle_status touch_line(struct brain *b, const struct trundle_touch *t, struct trundle_error *err)
{
    struct basket_line *line = basket_find(&b->basket, t->ref);
    struct trundle_decision *d;
    struct question *q;
    uint32_t event;

    if (!line)
        return bad_input(b, err, "touch", "names a line that is not there");
    event = line->item.event;
    if (t->kind == TRUNDLE_TOUCH_REMOVE) {
        fuse_answer(b->fuse, event, TRUNDLE_OPTION_NOTHING, line->item.product, 0);
        return TRUNDLE_OK;
    }
    if (t->kind == TRUNDLE_TOUCH_COUNT_SET) {
        if (t->count < 1 || t->count > BASKET_COUNT_MAX || line->by_weight)
            return bad_input(b, err, "touch", "sets a count that the line cannot have");
        fuse_answer(b->fuse, event, TRUNDLE_OPTION_PRODUCT, line->item.product, t->count);
        return TRUNDLE_OK;
    }
    q = new_question(b, event);
    q->by_touch = true;
    d = decide(b, TRUNDLE_DECIDE_RESCAN);
    d->event = event;
    d->question = q->id;
    d->line = line->id;
    q->asked = *d;
    return TRUNDLE_OK;
}

static enum trundle_status answer(struct brain *b, const struct trundle_touch *t, struct trundle_error *err)
{
    for (size_t i = 0; i < b->questions_n; i++) {
        struct question q = b->question[i];
        struct trundle_product product = t->product;

        if (q.id != t->ref)
            continue;
        if (t->option == TRUNDLE_OPTION_PRODUCT && !catalog_find(b->catalog, product))
            return bad_input(b, err, "touch", "answers with a product that the catalog does not hold");
        if (t->option == TRUNDLE_OPTION_ELSE) {         /* none of those that were named */
            for (uint8_t k = 0; k < q.asked.options_n; k++)
                fuse_answer(b->fuse, q.event, TRUNDLE_OPTION_ELSE, q.asked.options[k].product, 0);
        } else {
            fuse_answer(b->fuse, q.event, t->option, product, t->count);
        }
        withdraw(b, q.event);
        return TRUNDLE_OK;
    }
    return bad_input(b, err, "touch", "answers a question that is not open");
}

static void pay(struct brain *b)
{
    struct basket_totals t = basket_totals(&b->basket);
    struct guard_view view = { .expected_missing = fuse_expected_missing(b->fuse),
                               .mean_item_cents = t.items ? t.total_cents / t.items : 0,
                               .audit_cents = b->params.cost.audit_cents };
    struct guard_verdict g = guard_judge(&view);

    set_phase(b, TRUNDLE_PHASE_PAYING);
    if (g.audit && !b->audited) {
        struct trundle_decision *d = decide(b, TRUNDLE_DECIDE_AUDIT);

        d->cost = (float)g.expected_cents;
        d->cost_next = (float)view.audit_cents;
        b->audited = true;
    }
}

static enum trundle_status take_touch(struct brain *b, const struct trundle_message *m, struct trundle_error *err)
{
    const struct trundle_touch *t = &m->touch;

    switch (t->kind) {
    case TRUNDLE_TOUCH_ANSWER:
        return answer(b, t, err);
    case TRUNDLE_TOUCH_WRONG:
    case TRUNDLE_TOUCH_REMOVE:
    case TRUNDLE_TOUCH_COUNT_SET:
        return touch_line(b, t, err);
    case TRUNDLE_TOUCH_PLU: {
        struct trundle_decision *d;

        if (!catalog_find(b->catalog, t->product))
            return bad_input(b, err, "touch", "picks a product that the catalog does not hold");
        end_weighing(b);
        b->weighing = t->product;
        fuse_code(b->fuse, t->product, (double)NAN, true, m->sequence, m->sensed_ns);
        d = decide(b, TRUNDLE_DECIDE_WEIGHING);
        d->product = t->product;
        d->count = 1;
        return TRUNDLE_OK;
    }
    case TRUNDLE_TOUCH_PLU_CANCEL:
        fuse_code_cancel(b->fuse);
        end_weighing(b);
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH_PAY:
        pay(b);
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH_RESUME:
        set_phase(b, TRUNDLE_PHASE_SHOPPING);
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH_PAID:
        if (b->phase != TRUNDLE_PHASE_PAYING)
            return bad_input(b, err, "touch", "says paid, yet nothing was being paid");
        set_phase(b, TRUNDLE_PHASE_PAID);
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH_STAFF:
        set_phase(b, t->count ? TRUNDLE_PHASE_STAFF : TRUNDLE_PHASE_SHOPPING);
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH_MEMBER:
        basket_member(&b->basket, t->count != 0);
        (void)decide(b, TRUNDLE_DECIDE_PRICE);
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH_HELP:
        return TRUNDLE_OK;
    }
    return bad_input(b, err, "touch", "is of a kind that is not known");
}

bool brain_full(const struct brain *b)
{
    return b->n > QUEUE - ROOM_PER_PUSH;
}

enum trundle_status brain_push(struct brain *b, const struct trundle_message *m, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;

    if (m->log_ns < b->now_ns)
        return error_set(err, TRUNDLE_BAD_ARG, "brain", "push in log order", "message at %lld ns after one at %lld ns", (long long)m->log_ns,
                         (long long)b->now_ns);
    if (brain_full(b))
        return error_set(err, TRUNDLE_FULL, "brain", "poll first", "%zu messages wait", b->n);
    switch (m->channel) {
    case TRUNDLE_EVIDENCE:
        b->now_ns = m->log_ns;
        fuse_evidence(b->fuse, &m->evidence, m->log_ns);
        break;
    case TRUNDLE_CODE:
        b->now_ns = m->log_ns;
        status = take_code(b, m, err);
        break;
    case TRUNDLE_TOUCH:
        b->now_ns = m->log_ns;
        status = take_touch(b, m, err);
        break;
    case TRUNDLE_LOC:
        b->now_ns = m->log_ns;
        fuse_place(b->fuse, m->loc.zone);
        return TRUNDLE_OK;
    case TRUNDLE_TICK:
        b->now_ns = m->log_ns;
        break;
    default:
        return TRUNDLE_OK;
    }
    run(b);
    return status;
}

enum trundle_status brain_poll(struct brain *b, struct trundle_message *out)
{
    if (!b->n)
        return TRUNDLE_AGAIN;
    *out = b->queue[b->head];
    b->head = (b->head + 1) % QUEUE;
    b->n--;
    return TRUNDLE_OK;
}

const struct basket *brain_basket(const struct brain *b)
{
    return &b->basket;
}

enum trundle_phase brain_phase(const struct brain *b)
{
    return b->phase;
}

const struct trundle_decision *brain_question(const struct brain *b)
{
    return b->questions_n ? &b->question[0].asked : NULL;
}
