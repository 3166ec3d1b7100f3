/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Actions of least expected cost. For every event of the window: what to show, given what is shown already and whether a
 * camera is still expected, and whether asking pays.
 */
#include "cart/fuse/inner.h"

#include "base/std/time.h"

#include <math.h>
#include <string.h>

static int overlap(const struct fuse_key *a, const struct fuse_key *x)
{
    int n = 0;

    if (same_product(a->a, x->a))
        n += a->count < x->count ? a->count : x->count;
    if (a->b.key && (same_product(a->b, x->b) || same_product(a->b, x->a)))
        n++;
    if (x->b.key && same_product(a->a, x->b))
        n++;
    return n;
}

/* What showing `a` costs when `x` is so. */
static double cost_of(const struct fuse *f, const struct fuse_key *a, const struct fuse_key *x)
{
    int shown = key_items(a), real = key_items(x);
    double cost = 0;

    if (shown && real) {
        int both = shown < real ? shown : real;

        cost += f->p.cost.wrong * (both - overlap(a, x));
        shown -= both;
        real -= both;
    }
    cost += f->p.cost.phantom * shown + f->p.cost.missing * real;
    if (a->kind == TRUNDLE_EVENT_TAKE)
        cost += x->kind == TRUNDLE_EVENT_TAKE && same_product(a->a, x->a) ? 0 : f->p.cost.false_removal;
    else if (x->kind == TRUNDLE_EVENT_TAKE)
        cost += f->p.cost.phantom;
    return cost;
}

static double expected_cost(const struct fuse *f, const struct entry *e, const struct fuse_key *a)
{
    double sum = 0;

    for (uint8_t k = 0; k < e->keys_n; k++)
        sum += (double)e->key[k].p * cost_of(f, a, &e->key[k].key);
    return sum;
}

static bool same_shown(const struct fuse_key *a, const struct fuse_key *b)
{
    return a->kind == b->kind && same_product(a->a, b->a) && same_product(a->b, b->b) && a->count == b->count && a->ref == b->ref;
}

static struct fuse_action *queue(struct fuse *f, const struct entry *e, enum fuse_action_kind kind)
{
    struct fuse_action *a;

    if (f->action_n == COUNT_OF(f->action)) {      /* the oldest belief or question is worth less than the newest line */
        f->action_head = (f->action_head + 1) % COUNT_OF(f->action);
        f->action_n--;
    }
    a = &f->action[(f->action_head + f->action_n++) % COUNT_OF(f->action)];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->event = e->id;
    a->t_event_ns = e->event_ns;
    a->key = e->shown;
    a->p = e->shown_p;
    a->mass_g = e->weighed ? (float)e->mass_g : NAN;
    a->mass_sd_g = e->weighed ? (float)e->sd_g : NAN;
    a->basket_p = f->basket_p;
    if (e->weighed) {
        a->evidence[a->evidence_n].sense = TRUNDLE_SENSE_WEIGH;
        a->evidence[a->evidence_n++].id = e->weigh_id;
    }
    for (uint8_t i = 0; i < e->sights_n && a->evidence_n < TRUNDLE_DECISION_EVIDENCE; i++) {
        a->evidence[a->evidence_n].sense = TRUNDLE_SENSE_SEE;
        a->evidence[a->evidence_n].sensor = e->sight[i].sensor;
        a->evidence[a->evidence_n++].id = e->sight[i].id;
    }
    return a;
}

struct fuse_action *decide_show(struct fuse *f, const struct entry *e)
{
    f->lines_n = f->frozen_n;
    memcpy(f->lines, f->frozen, f->frozen_n * sizeof f->frozen[0]);
    for (size_t i = 0; i < f->entries_n; i++)
        f->lines_n = decide_apply(f, &f->entry[i], f->lines, f->lines_n);
    return queue(f, e, FUSE_SHOW);
}

static void tell_belief(struct fuse *f, struct entry *e)
{
    struct fuse_action *a;

    if (fabsf(e->key[0].p - e->told_p) < 0.02f)
        return;
    e->told_p = e->key[0].p;
    a = queue(f, e, FUSE_BELIEF);
    for (uint8_t k = 0; k < e->keys_n && a->options_n < TRUNDLE_BELIEF_MAX; k++)
        a->options[a->options_n++] = (struct trundle_alternative){ .kind = e->key[k].key.kind, .product = e->key[k].key.a,
                                                                   .count = key_items(&e->key[k].key), .p = e->key[k].p };
}

static bool camera_expected(const struct fuse *f, const struct entry *e)
{
    int reported = 0;

    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++) {
        bool has = false;

        for (uint8_t i = 0; i < e->sights_n; i++)
            has = has || e->sight[i].sensor == camera;
        reported += has;
    }
    return reported < f->cameras && f->now_ns < e->made_ns + S_NS(f->p.prior.see_wait_s);
}

static bool is_one_put(const struct fuse_key *k)
{
    return k->kind == TRUNDLE_EVENT_PUT && !k->b.key;
}

/* Up to three products that a question would name. */
static uint8_t options_of(const struct entry *e, struct trundle_alternative *out)
{
    uint8_t n = 0;

    for (uint8_t k = 0; k < e->keys_n && n < TRUNDLE_OPTIONS_MAX; k++) {
        const struct fuse_belief *b = &e->key[k];
        bool listed = !is_one_put(&b->key) || !b->key.a.key;

        for (uint8_t i = 0; i < n; i++)
            listed = listed || same_product(out[i].product, b->key.a);
        if (!listed)
            out[n++] = (struct trundle_alternative){ .kind = b->key.kind, .product = b->key.a, .count = b->key.count, .p = b->p };
    }
    return n;
}

/* Expected cost after a question or a re-scan prompt: with an answer the doubt that it can settle is gone. */
static double cost_after(const struct fuse *f, const struct entry *e, const struct fuse_key *best, double now, bool rescan,
                         const struct trundle_alternative *options, uint8_t n)
{
    double left = 0;

    for (uint8_t k = 0; k < e->keys_n; k++) {
        const struct fuse_key *x = &e->key[k].key;
        const struct catalog_product *p = catalog_find(f->catalog, x->a);
        bool settles = rescan ? is_one_put(x) && (!p || !p->by_weight) : x->kind == TRUNDLE_EVENT_NOTHING;

        for (uint8_t i = 0; !rescan && i < n; i++)
            settles = settles || (is_one_put(x) && same_product(x->a, options[i].product) && x->count == 1);
        left += (double)e->key[k].p * (settles ? (1 - f->p.prior.answer_right) * f->p.cost.wrong : cost_of(f, best, x));
    }
    return (rescan ? f->p.cost.rescan : f->p.cost.ask) + (1 - f->p.cost.answered) * now + f->p.cost.answered * left;
}

/* The sequence of the newest code that the best explanation uses; 0 none. */
static uint32_t newest_code(const struct entry *e)
{
    const struct fuse_belief *best = &e->key[0];

    return !e->keys_n ? 0 : best->code_a > best->code_b ? best->code_a : best->code_b;
}

static void consider_asking(struct fuse *f, struct entry *e, const struct fuse_key *best, double cost)
{
    struct trundle_alternative options[TRUNDLE_OPTIONS_MAX];
    uint8_t n = options_of(e, options);
    double ask = e->asked || !n ? HUGE_VAL : cost_after(f, e, best, cost, false, options, n);
    double rescan = e->rescan_asked ? HUGE_VAL : cost_after(f, e, best, cost, true, options, n);
    bool by_scan = rescan < ask;
    double after = by_scan ? rescan : ask;
    struct fuse_action *a;

    if (e->question_open) {
        if (after >= cost && cost < f->p.cost.ask) {
            e->question_open = false;
            queue(f, e, FUSE_WITHDRAW);
        }
        return;
    }
    if (after >= cost || f->now_ns < e->t_end_ns + S_NS(f->p.prior.ask_after_s))
        return;
    e->question_open = true;
    e->asked = e->asked || !by_scan;
    e->rescan_asked = e->rescan_asked || by_scan;
    e->code_when_asked = newest_code(e);
    a = queue(f, e, by_scan ? FUSE_RESCAN : FUSE_ASK);
    a->cost = (float)after;
    a->cost_next = (float)cost;
    a->options_n = n;
    memcpy(a->options, options, n * sizeof options[0]);
}

/* Unanswered questions stay open until the event is settled; an answer closes them. */
static void close_answered(struct fuse *f, struct entry *e)
{
    if (e->question_open && (e->answers_n || (e->rescan_asked && newest_code(e) > e->code_when_asked))) {
        e->question_open = false;
        queue(f, e, FUSE_WITHDRAW);
    }
}

static void decide_event(struct fuse *f, struct entry *e)
{
    static const struct fuse_key nothing = { .kind = TRUNDLE_EVENT_NOTHING };
    struct fuse_belief best = { .key = nothing, .p = 0 };
    double cost = expected_cost(f, e, &nothing), next = HUGE_VAL, shown_cost;

    for (uint8_t k = 0; k < e->keys_n; k++) {
        const struct fuse_belief *b = &e->key[k];
        double c;

        if (b->key.kind == TRUNDLE_EVENT_NOTHING)
            best.p = best.key.kind == TRUNDLE_EVENT_NOTHING ? b->p : best.p;
        if (b->key.kind == TRUNDLE_EVENT_NOTHING || (b->key.kind == TRUNDLE_EVENT_PUT && !b->key.a.key))
            continue;
        c = expected_cost(f, e, &b->key);
        if (c < cost) {
            next = cost;
            cost = c;
            best = *b;
        } else if (c < next) {
            next = c;
        }
    }
    tell_belief(f, e);
    close_answered(f, e);
    if (camera_expected(f, e) && cost > f->p.cost.wait)
        return;
    if (best.key.kind == TRUNDLE_EVENT_TAKE && f->now_ns < e->t_end_ns + S_NS(f->p.prior.take_after_s))
        return;
    shown_cost = expected_cost(f, e, &e->shown);
    for (uint8_t k = 0; k < e->keys_n; k++)
        if (same_shown(&e->key[k].key, &e->shown))
            e->shown_p = e->key[k].p;
    if (!same_shown(&best.key, &e->shown) && shown_cost - cost > (key_items(&e->shown) ? f->p.cost.change : 0)) {
        struct fuse_action *a;

        e->shown = best.key;
        e->shown_p = best.p;
        a = decide_show(f, e);
        a->cost = (float)cost;
        a->cost_next = isfinite(next) ? (float)next : NAN;
        a->code_sequence = best.code_a;
        shown_cost = cost;
    }
    consider_asking(f, e, &e->shown, shown_cost);
}

void decide(struct fuse *f)
{
    for (size_t i = 0; i < f->entries_n; i++)
        if (f->entry[i].kind == ENTRY_EVENT && f->entry[i].keys_n)
            decide_event(f, &f->entry[i]);
}

static double labelled_mass(const struct fuse *f, const struct entry *e, struct trundle_product p, double mass_g)
{
    for (uint8_t k = 0; k < e->keys_n; k++) {
        if (!e->key[k].code_a || !same_product(e->key[k].key.a, p))
            continue;
        for (size_t i = 0; i < f->entries_n; i++)
            if (f->entry[i].kind == ENTRY_CODE && f->entry[i].sequence == e->key[k].code_a && isfinite(f->entry[i].weight_g))
                return f->entry[i].weight_g;
    }
    return mass_g;
}

/* What a step leaves for one product when the other one's mass is known. */
static double rest_of(const struct fuse *f, struct trundle_product other, double mass_g)
{
    const struct catalog_product *p = catalog_find(f->catalog, other);
    double rest = p && !p->by_weight ? mass_g - p->mass_g : (double)NAN;

    return rest > 0 ? rest : (double)NAN;
}

static size_t append(struct fuse_line *lines, size_t n, struct fuse_line line)
{
    if (n < FUSE_LINES_MAX)
        lines[n++] = line;
    return n;
}

size_t decide_apply(const struct fuse *f, const struct entry *e, struct fuse_line *lines, size_t n)
{
    const struct fuse_key *k = &e->shown;
    size_t found = n;

    if (e->kind != ENTRY_EVENT)
        return n;
    if (k->kind == TRUNDLE_EVENT_PUT) {
        double mass_g = e->weighed && e->mass_g > 0 ? e->mass_g : (double)NAN;

        n = append(lines, n, (struct fuse_line){ e->id, k->a, k->count, k->b.key ? rest_of(f, k->b, mass_g) : labelled_mass(f, e, k->a, mass_g), e->event_ns });
        if (k->b.key)
            n = append(lines, n, (struct fuse_line){ e->id + 1, k->b, 1, rest_of(f, k->a, mass_g), e->event_ns });
        return n;
    }
    if (k->kind != TRUNDLE_EVENT_TAKE)
        return n;
    for (size_t i = 0; i < n; i++)                  /* the line of that event, else any of that product */
        if (same_product(lines[i].product, k->a) && (found == n || lines[i].event == k->ref))
            found = i;
    if (found == n)
        return n;
    if (lines[found].count > 1) {
        lines[found].count--;
        return n;
    }
    memmove(&lines[found], &lines[found + 1], (n - found - 1) * sizeof lines[0]);
    return n - 1;
}
