/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The window: entries in order of time, sightings that find their event, what leaves the window and is frozen. Explanations
 * are in explain.c, actions in decide.c.
 */
#include "cart/fuse/inner.h"

#include "base/std/time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTION_HOLDS_S = 60 };

static void look_again(struct fuse *f)
{
    for (size_t i = 0; i < f->entries_n; i++)
        f->entry[i].candidates_n = 0;
}

static void make_priors(struct fuse *f)
{
    double zone = 0;

    look_again(f);
    for (size_t i = 0; i < catalog_n(f->catalog); i++)
        if (f->zone[0] && !strcmp(catalog_at(f->catalog, i)->zone, f->zone))
            zone += catalog_at(f->catalog, i)->popularity;
    for (size_t i = 0; i < catalog_n(f->catalog); i++) {
        const struct catalog_product *p = catalog_at(f->catalog, i);
        double share = p->popularity / f->popularity_sum, here = 0;
        double weight = zone > 0 ? f->p.prior.zone : 0;

        if (zone > 0 && !strcmp(p->zone, f->zone))
            here = p->popularity / zone;
        f->prior[i] = log((1 - weight) * share + weight * here + 1e-12);
    }
}

enum trundle_status fuse_new(const struct catalog *catalog, const struct fuse_params *params, int cameras, struct fuse **out)
{
    size_t n = catalog_n(catalog);
    struct fuse *f = calloc(1, sizeof *f);

    if (!f)
        return TRUNDLE_NO_MEMORY;
    f->prior = calloc(n ? n : 1, sizeof *f->prior);
    f->memory = calloc(1, likely_memory_bytes());
    if (!f->prior || !f->memory) {
        fuse_free(f);
        return TRUNDLE_NO_MEMORY;
    }
    f->catalog = catalog;
    f->p = *params;
    f->cameras = cameras;
    f->next_event = 1;
    f->base_n = 1;
    for (size_t i = 0; i < n; i++)
        f->popularity_sum += catalog_at(catalog, i)->popularity;
    make_priors(f);
    *out = f;
    return TRUNDLE_OK;
}

void fuse_free(struct fuse *f)
{
    if (!f)
        return;
    free(f->memory);
    free(f->prior);
    free(f);
}

/* Entry i becomes part of what is taken as known. Events do so in order of time, a code after all events that it can reach. */
static void freeze(struct fuse *f, size_t i)
{
    struct entry *e = &f->entry[i];
    double best = -HUGE_VAL;

    memcpy(f->beam, f->base, f->base_n * sizeof f->base[0]);
    f->beam_n = f->base_n;
    explain_entry(f, i);
    for (size_t k = 0; k < f->beam_n; k++) {
        struct hypothesis *h = &f->beam[k];

        for (uint8_t n = 0; n < h->lifted_n; n++)
            h->lifted[n].entry = -1;
        if (e->kind == ENTRY_CODE) {
            if (!(h->codes_used >> e->bit & 1) && !e->spoken_for)
                h->logp += log(f->p.prior.code_unused);
            h->codes_used &= ~(UINT64_C(1) << e->bit);
        }
        if (h->logp > best)
            best = h->logp;
    }
    for (size_t k = 0; k < f->beam_n; k++) {
        f->beam[k].logp -= best;
        f->base[k] = f->beam[k];
    }
    f->base_n = f->beam_n;
    if (e->kind == ENTRY_EVENT) {
        f->frozen_n = decide_apply(f, e, f->frozen, f->frozen_n);
        for (uint8_t k = 0; k < e->keys_n; k++) {
            int more = key_items(&e->key[k].key) - key_items(&e->shown);

            if (more > 0)
                f->frozen_missing += (double)e->key[k].p * more;
        }
    }
    memmove(&f->entry[i], &f->entry[i + 1], (f->entries_n - i - 1) * sizeof f->entry[0]);
    f->entries_n--;
    f->dirty = true;
}

/* Whether an event that is still open to doubt may use the code. */
static bool reachable(const struct fuse *f, const struct entry *code)
{
    for (size_t i = 0; i < f->entries_n; i++) {
        double dt_s = ns_s(code->t_ns - f->entry[i].t_ns);

        if (f->entry[i].kind == ENTRY_EVENT && dt_s >= -f->p.prior.code_before_s && dt_s <= f->p.prior.code_after_s)
            return true;
    }
    return false;
}

/* What is over: an event when its window is, or a minute later when a question about it is open; a code when it reaches no event. */
static bool settled(const struct fuse *f, const struct entry *e)
{
    double age_s = ns_s(f->now_ns - e->t_end_ns);

    if (e->kind == ENTRY_CODE)
        return age_s > f->p.prior.code_before_s + 1 && !reachable(f, e);
    return age_s > (e->question_open ? (double)QUESTION_HOLDS_S : f->p.prior.window_s);
}

/* The entry to freeze next: the oldest event, or a code that no event can use. `forced`: something has to go. */
static bool freeze_next(struct fuse *f, bool forced)
{
    size_t event = f->entries_n;

    for (size_t i = f->entries_n; i-- > 0;)
        if (f->entry[i].kind == ENTRY_EVENT)
            event = i;
    if (event < f->entries_n && (forced || settled(f, &f->entry[event]))) {
        freeze(f, event);
        return true;
    }
    for (size_t i = 0; i < f->entries_n; i++) {
        if (f->entry[i].kind == ENTRY_CODE && (forced || settled(f, &f->entry[i]))) {
            freeze(f, i);
            return true;
        }
    }
    return false;
}

/* Makes room and inserts in order of time. The result is zeroed but for its times. */
static struct entry *insert(struct fuse *f, enum entry_kind kind, int64_t t_ns, int64_t t_end_ns)
{
    size_t i;

    if (f->entries_n == FUSE_ENTRIES)
        (void)freeze_next(f, true);
    for (i = f->entries_n; i > 0 && f->entry[i - 1].t_ns > t_ns; i--)
        f->entry[i] = f->entry[i - 1];
    memset(&f->entry[i], 0, sizeof f->entry[i]);
    f->entry[i].kind = kind;
    f->entry[i].t_ns = t_ns;
    f->entry[i].t_end_ns = t_end_ns;
    f->entries_n++;
    f->dirty = true;
    return &f->entry[i];
}

static struct entry *new_event(struct fuse *f, int64_t t0_ns, int64_t t1_ns, int64_t now_ns)
{
    struct entry *e = insert(f, ENTRY_EVENT, t0_ns, t1_ns);

    e->id = f->next_event;
    f->next_event += 2;
    e->made_ns = now_ns;
    e->told_p = -1;
    return e;
}

/* Seconds between two spans; negative where they overlap. */
static double gap_s(int64_t a0, int64_t a1, int64_t b0, int64_t b1)
{
    return ns_s((a0 > b0 ? a0 : b0) - (a1 < b1 ? a1 : b1));
}

static bool signs_agree(const struct entry *e, const struct sight *s)
{
    bool put = s->llr_put >= s->llr_take;

    return !e->weighed || (e->mass_g > 0) == put;
}

/* The event that a sighting belongs to: nearest in time, of the same direction first. */
static struct entry *event_for(struct fuse *f, const struct sight *s)
{
    struct entry *best = NULL;
    double best_gap = 0;

    for (size_t i = 0; i < f->entries_n; i++) {
        struct entry *e = &f->entry[i];
        double gap = e->kind == ENTRY_EVENT ? gap_s(e->t_ns, e->t_end_ns, s->t0_ns, s->t1_ns) : HUGE_VAL;

        if (gap > f->p.prior.see_slack_s || e->sights_n == FUSE_SIGHTS)
            continue;
        gap += signs_agree(e, s) ? 0 : f->p.prior.see_slack_s * 2;
        if (!best || gap < best_gap) {
            best = e;
            best_gap = gap;
        }
    }
    return best;
}

/* When it happened. A step on a standing cart begins as the item touches down; on a rolling one its window is wide, and the
 * cameras, which see the hand go, know better. Offsets: hand and item part a moment after touch-down, and the hand is gone a
 * moment after that; a take crosses the mouth a moment after the lift. */
static int64_t when(const struct entry *e)
{
    int64_t sum = 0;

    if (e->weighed && e->t_end_ns - e->t_ns < MS_NS(800))
        return e->t_ns + (e->mass_g > 0 ? MS_NS(100) : MS_NS(300));
    for (uint8_t i = 0; i < e->sights_n; i++)
        sum += e->sight[i].t1_ns;
    if (e->sights_n)
        return sum / e->sights_n - MS_NS(150);
    return e->t_ns + (e->t_end_ns - e->t_ns) / 2;
}

static void attach(struct fuse *f, struct entry *e, const struct sight *s)
{
    e->sight[e->sights_n++] = *s;
    e->candidates_n = 0;
    e->event_ns = when(e);
    f->dirty = true;
}

/* A sighting that had become an event of its own before the scale, on a rolling cart, was sure of its step. */
static struct entry *seen_before(struct fuse *f, const struct trundle_evidence *w)
{
    struct entry as_if = { .weighed = true, .mass_g = w->mass_g };

    for (size_t i = f->entries_n; i-- > 0;) {
        struct entry *e = &f->entry[i];

        if (e->kind == ENTRY_EVENT && !e->weighed && e->sights_n && signs_agree(&as_if, &e->sight[0]) &&
            gap_s(e->t_ns, e->t_end_ns, w->t0_ns, w->t1_ns) <= f->p.prior.see_slack_s)
            return e;
    }
    return NULL;
}

static void weigh_event(struct fuse *f, const struct trundle_evidence *w, int64_t now_ns)
{
    struct entry *e = seen_before(f, w);
    size_t kept = 0;

    if (!e)
        e = new_event(f, w->t0_ns, w->t1_ns, now_ns);

    e->candidates_n = 0;
    e->weighed = isfinite(w->mass_g) && isfinite(w->mass_sd_g);
    e->mass_g = w->mass_g;
    e->sd_g = w->mass_sd_g;
    e->llr_put = w->llr_put;
    e->llr_take = w->llr_take;
    e->llr_move = w->llr_move;
    e->llr_bump = w->llr_bump;
    e->weigh_id = w->id;
    e->event_ns = when(e);
    f->dirty = true;
    for (size_t i = 0; i < f->waiting_n; i++) {
        struct sight *s = &f->waiting[i];

        if (gap_s(e->t_ns, e->t_end_ns, s->t0_ns, s->t1_ns) <= f->p.prior.see_slack_s && signs_agree(e, s) && e->sights_n < FUSE_SIGHTS)
            attach(f, e, s);
        else
            f->waiting[kept++] = *s;
    }
    f->waiting_n = kept;
}

/* A sighting that no weight step has claimed in time is an event of its own. */
static void give_up_waiting(struct fuse *f, bool all)
{
    while (f->waiting_n) {
        struct sight s = f->waiting[0];
        struct entry *e;

        if (!all && ns_s(f->now_ns - s.seen_ns) < f->p.prior.see_slack_s && f->waiting_n < FUSE_SIGHTS)
            return;
        memmove(&f->waiting[0], &f->waiting[1], (--f->waiting_n) * sizeof f->waiting[0]);
        e = event_for(f, &s);
        if (!e) {
            e = new_event(f, s.t0_ns, s.t1_ns, s.seen_ns);
            e->mass_g = e->sd_g = (double)NAN;
        }
        attach(f, e, &s);
    }
}

static float finite_or(float x, float otherwise)
{
    return isfinite(x) ? x : otherwise;
}

void fuse_evidence(struct fuse *f, const struct trundle_evidence *ev, int64_t now_ns)
{
    bool blind = ev->sense == TRUNDLE_SENSE_WEIGH ? !isfinite(ev->mass_g) && (ev->faults & TRUNDLE_FAULT_CELL_DEAD) : f->scale_blind;

    f->now_ns = now_ns;
    if (blind != f->scale_blind)
        look_again(f);
    f->scale_blind = blind;
    if (ev->stage != TRUNDLE_STAGE_FINAL)
        return;
    if (ev->sense == TRUNDLE_SENSE_WEIGH && isfinite(ev->mass_g)) {
        weigh_event(f, ev, now_ns);
    } else if (ev->sense == TRUNDLE_SENSE_SEE) {
        struct sight s = { .sensor = ev->sensor, .id = ev->id, .t0_ns = ev->t0_ns, .t1_ns = ev->t1_ns, .seen_ns = now_ns,
                           .llr_put = finite_or(ev->llr_put, 0), .llr_take = finite_or(ev->llr_take, 0),
                           .llr_move = finite_or(ev->llr_move, 0), .llr_unknown = finite_or(ev->llr_unknown, 0) };
        struct entry *e;

        s.n = ev->products_n < TRUNDLE_EVIDENCE_PRODUCTS ? ev->products_n : TRUNDLE_EVIDENCE_PRODUCTS;
        memcpy(s.product, ev->products, sizeof s.product);
        e = event_for(f, &s);
        if (e && signs_agree(e, &s)) {
            attach(f, e, &s);
        } else {
            if (f->waiting_n == FUSE_SIGHTS)
                give_up_waiting(f, false);
            f->waiting[f->waiting_n++] = s;
        }
    }
}

void fuse_code(struct fuse *f, struct trundle_product product, double weight_g, bool typed, uint32_t sequence, int64_t t_ns)
{
    struct entry *e = insert(f, ENTRY_CODE, t_ns, t_ns);

    e->product = product;
    e->weight_g = weight_g;
    e->typed = typed;
    e->sequence = sequence;
    e->bit = (uint8_t)(f->next_bit++ % CODE_BITS);
}

void fuse_code_cancel(struct fuse *f)
{
    for (size_t i = f->entries_n; i-- > 0;) {
        if (f->entry[i].kind == ENTRY_CODE && f->entry[i].typed) {
            memmove(&f->entry[i], &f->entry[i + 1], (f->entries_n - i - 1) * sizeof f->entry[0]);
            f->entries_n--;
            f->dirty = true;
            return;
        }
    }
}

void fuse_place(struct fuse *f, const char *zone)
{
    if (strncmp(f->zone, zone, sizeof f->zone - 1) == 0)
        return;
    (void)strncpy(f->zone, zone, sizeof f->zone - 1);
    make_priors(f);
}

/* An answer about something that is no longer open to doubt changes what is taken as known. */
static void answer_frozen(struct fuse *f, uint32_t event, enum trundle_touch_option option, struct trundle_product product, int32_t count)
{
    bool gone = option != TRUNDLE_OPTION_PRODUCT;

    for (size_t k = 0; k < f->base_n; k++) {
        struct hypothesis *h = &f->base[k];
        uint16_t kept = 0;

        for (uint16_t i = 0; i < h->items_n; i++) {
            if (h->item[i].event == event && !gone)
                h->item[i].product = product;
            if (h->item[i].event != event || !gone)
                h->item[kept++] = h->item[i];
        }
        h->items_n = kept;
    }
    for (size_t i = 0; i < f->frozen_n; i++) {
        if (f->frozen[i].event != event)
            continue;
        if (gone) {
            memmove(&f->frozen[i], &f->frozen[i + 1], (f->frozen_n - i - 1) * sizeof f->frozen[0]);
            f->frozen_n--;
        } else {
            f->frozen[i].product = product;
            if (count > 0)
                f->frozen[i].count = count;
        }
        break;
    }
    f->dirty = true;
    (void)decide_show(f, &(struct entry){ .kind = ENTRY_EVENT, .id = event, .t_ns = f->now_ns, .event_ns = f->now_ns, .shown_p = (float)f->p.prior.answer_right,
                                          .shown = { .kind = gone ? TRUNDLE_EVENT_NOTHING : TRUNDLE_EVENT_PUT, .a = product, .count = 1 } });
}

/* The codes behind the line that a shopper speaks of: when it was not that, they are no items of their own either. */
static void speak_for_codes(struct fuse *f, const struct entry *e)
{
    for (uint8_t k = 0; k < e->keys_n; k++)
        for (size_t i = 0; i < f->entries_n && same_product(e->key[k].key.a, e->shown.a); i++)
            if (f->entry[i].kind == ENTRY_CODE && (f->entry[i].sequence == e->key[k].code_a || f->entry[i].sequence == e->key[k].code_b))
                f->entry[i].spoken_for = true;
}

void fuse_answer(struct fuse *f, uint32_t event, enum trundle_touch_option option, struct trundle_product product, int32_t count)
{
    for (size_t i = 0; i < f->entries_n; i++) {
        struct entry *e = &f->entry[i];

        if (e->kind != ENTRY_EVENT || (e->id != event && e->id + 1 != event))
            continue;
        if (e->answers_n == FUSE_ANSWERS) {
            memmove(&e->answer[0], &e->answer[1], (FUSE_ANSWERS - 1) * sizeof e->answer[0]);
            e->answers_n--;
        }
        e->answer[e->answers_n++] = (struct answer){ option, product, count };
        e->candidates_n = 0;
        speak_for_codes(f, e);
        f->dirty = true;
        return;
    }
    answer_frozen(f, event, option, product, count);
}

/* A code that no event explains becomes an event of its own: the scale may have missed its item, and the cameras too. What is
 * sold by weight needs a step, or a label, to be anything. True: there is a new one. */
static bool codes_alone(struct fuse *f)
{
    for (size_t i = 0; i < f->entries_n; i++) {
        struct entry *code = &f->entry[i], *e;
        const struct catalog_product *p = catalog_find(f->catalog, code->product);
        int64_t t_ns = code->t_ns + S_NS(f->p.prior.code_put_s);
        uint32_t sequence = code->sequence;

        if (code->kind != ENTRY_CODE || code->told_alone || code->spoken_for || code->used_p > 0.5f || ns_s(f->now_ns - code->t_ns) < f->p.prior.code_alone_s || !p ||
            (p->by_weight && !isfinite(code->weight_g)))
            continue;
        code->told_alone = true;
        e = new_event(f, t_ns, t_ns, f->now_ns);
        e->alone = sequence;
        e->mass_g = e->sd_g = (double)NAN;
        e->event_ns = t_ns;
        return true;
    }
    return false;
}

static void fold(struct fuse *f)
{
    memcpy(f->beam, f->base, f->base_n * sizeof f->base[0]);
    f->beam_n = f->base_n;
    for (size_t i = 0; i < f->entries_n; i++)
        explain_entry(f, i);
}

void fuse_run(struct fuse *f, int64_t now_ns)
{
    f->now_ns = now_ns;
    give_up_waiting(f, false);
    if (f->dirty)
        fold(f);
    f->dirty = false;
    explain_posterior(f);
    while (codes_alone(f)) {
        fold(f);
        f->dirty = false;
        explain_posterior(f);
    }
    decide(f);
    while (freeze_next(f, false))
        ;
}

bool fuse_poll(struct fuse *f, struct fuse_action *out)
{
    if (!f->action_n)
        return false;
    *out = f->action[f->action_head];
    f->action_head = (f->action_head + 1) % COUNT_OF(f->action);
    f->action_n--;
    return true;
}

const struct fuse_line *fuse_lines(const struct fuse *f, size_t *out_n)
{
    *out_n = f->lines_n;
    return f->lines;
}

double fuse_expected_missing(const struct fuse *f)
{
    double sum = f->frozen_missing;

    for (size_t i = 0; i < f->entries_n; i++) {
        const struct entry *e = &f->entry[i];

        for (uint8_t k = 0; e->kind == ENTRY_EVENT && k < e->keys_n; k++) {
            int more = key_items(&e->key[k].key) - key_items(&e->shown);

            if (more > 0)
                sum += (double)e->key[k].p * more;
        }
    }
    return sum;
}
