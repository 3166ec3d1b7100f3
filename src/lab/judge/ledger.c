/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* From a cart's decisions to the events and the basket it stands for; and from bare events to a basket. */
#include "base/std/status.h"
#include "lab/judge/score.h"

#include <math.h>
#include <stdlib.h>

enum { LINES_MAX = 4 * JUDGE_EVENTS_MAX, COUNT_MAX = 99 };

struct line {
    uint32_t id, event;
    struct trundle_product product;
    int64_t t_ns, shown_ns, weight_mg, cents;
    float   p;
    int32_t put, now;              /* items its put stands for; items in the basket */
};

struct take {
    size_t  line;
    uint32_t event;
    struct trundle_product product;
    int64_t t_ns, weight_mg;
    int32_t count;                 /* 0: undone */
};

struct ask { uint32_t event, line; };

/* Flags that do not fit are no better than none: a cart that prompts this often flags everything. */
enum { FLAGS_MAX = 2 * JUDGE_EVENTS_MAX };

struct judge_ledger {
    struct line line[LINES_MAX];
    struct take take[LINES_MAX];
    struct ask ask[LINES_MAX];
    struct judge_removal removal[LINES_MAX];
    struct judge_flag flag[FLAGS_MAX];
    size_t lines_n, takes_n, asks_n, rescans_n, removals_n, flags_n;
    bool paid;
};

enum trundle_status judge_ledger_new(struct judge_ledger **out, struct trundle_error *err)
{
    struct judge_ledger *ledger = calloc(1, sizeof *ledger);

    if (!ledger)
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for a ledger");
    *out = ledger;
    return TRUNDLE_OK;
}

void judge_ledger_free(struct judge_ledger *ledger)
{
    free(ledger);
}

static enum trundle_status refuse(const struct trundle_decision *d, enum trundle_status status, const char *what, struct trundle_error *err)
{
    return error_set(err, status, "/decision", NULL, "decision %u: %s (line %u, count %d)", (unsigned)d->id, what, (unsigned)d->line, (int)d->count);
}

static struct line *find(struct judge_ledger *ledger, uint32_t id)
{
    for (size_t i = ledger->lines_n; i--;)
        if (ledger->line[i].id == id && ledger->line[i].now > 0)
            return &ledger->line[i];
    return NULL;
}

/* What an ADD brings back: the line of the same event and product of which something was taken. */
static struct line *find_taken(struct judge_ledger *ledger, const struct trundle_decision *d)
{
    for (size_t i = ledger->takes_n; d->event && i--;) {
        struct line *line = &ledger->line[ledger->take[i].line];

        if (ledger->take[i].count && line->now == 0 && line->event == d->event && line->product.key == d->product.key)
            return line;
    }
    return NULL;
}

static size_t in_basket(const struct judge_ledger *ledger, struct trundle_product product)
{
    size_t n = 0;

    for (size_t i = 0; i < ledger->lines_n; i++)
        if (ledger->line[i].product.key == product.key)
            n += (size_t)ledger->line[i].now;
    return n;
}

static void raise_count(struct judge_ledger *ledger, struct line *line, int32_t count)
{
    size_t index = (size_t)(line - ledger->line);

    for (size_t i = ledger->takes_n; i-- && line->now < count;) {
        int32_t back = count - line->now;

        if (ledger->take[i].line != index)
            continue;
        if (back > ledger->take[i].count)
            back = ledger->take[i].count;
        ledger->take[i].count -= back;
        line->now += back;
    }
    line->put += count - line->now;
    line->now = count;
}

static enum trundle_status lower_count(struct judge_ledger *ledger, struct line *line, int32_t count, const struct trundle_decision *d,
                                       struct trundle_error *err)
{
    int32_t less = line->now - count;

    if (ledger->takes_n == LINES_MAX || ledger->removals_n == LINES_MAX)
        return refuse(d, TRUNDLE_TOO_LARGE, "too many removals in one trip", err);
    if (d->event_kind == TRUNDLE_EVENT_TAKE)
        ledger->take[ledger->takes_n++] = (struct take){ .line = (size_t)(line - ledger->line), .event = d->event, .product = line->product,
                                                         .t_ns = d->t_event_ns, .weight_mg = line->weight_mg, .count = less };
    else
        line->put -= less;
    line->now = count;
    ledger->removal[ledger->removals_n++] = (struct judge_removal){ .product = line->product, .t_ns = d->t_ns, .removed = (size_t)less,
                                                                    .left = in_basket(ledger, line->product) };
    return TRUNDLE_OK;
}

static void describe(struct line *line, const struct trundle_decision *d)
{
    line->product = d->product;
    line->weight_mg = d->weight_mg;
    line->cents = d->line_cents;
    line->p = d->p;
    if (d->event_kind == TRUNDLE_EVENT_PUT && (d->event == line->event || !line->event)) {
        line->event = d->event;
        line->t_ns = d->t_event_ns;
    }
}

static enum trundle_status add(struct judge_ledger *ledger, const struct trundle_decision *d, struct trundle_error *err)
{
    struct line *line;

    if (d->count < 1 || d->count > COUNT_MAX)
        return refuse(d, TRUNDLE_BAD_INPUT, "adds an impossible count", err);
    if (find(ledger, d->line))
        return refuse(d, TRUNDLE_BAD_INPUT, "adds a line that is there", err);
    line = find_taken(ledger, d);
    if (line) {
        line->id = d->line;
        line->weight_mg = d->weight_mg;
        line->cents = d->line_cents;
        raise_count(ledger, line, d->count);
        return TRUNDLE_OK;
    }
    if (ledger->lines_n == LINES_MAX)
        return refuse(d, TRUNDLE_TOO_LARGE, "too many lines in one trip", err);
    line = &ledger->line[ledger->lines_n++];
    *line = (struct line){ .id = d->line, .event = d->event, .t_ns = d->t_event_ns, .shown_ns = d->t_ns, .put = d->count, .now = d->count };
    describe(line, d);
    return TRUNDLE_OK;
}

static enum trundle_status change(struct judge_ledger *ledger, const struct trundle_decision *d, struct trundle_error *err)
{
    struct line *line = find(ledger, d->line);

    if (!line)
        return refuse(d, TRUNDLE_BAD_INPUT, "changes a line that is not there", err);
    if (d->count < 1 || d->count > COUNT_MAX)
        return refuse(d, TRUNDLE_BAD_INPUT, "sets an impossible count", err);
    if (d->count < line->now)
        TRY(lower_count(ledger, line, d->count, d, err));
    else
        raise_count(ledger, line, d->count);
    if (d->product.key != line->product.key)
        line->shown_ns = d->t_ns;
    describe(line, d);
    return TRUNDLE_OK;
}

static enum trundle_status flag(struct judge_ledger *ledger, const struct trundle_decision *d, struct trundle_error *err)
{
    if (ledger->paid)
        return TRUNDLE_OK;
    if (ledger->flags_n == FLAGS_MAX)
        return refuse(d, TRUNDLE_TOO_LARGE, "too many prompts and audits in one trip", err);
    ledger->flag[ledger->flags_n++] = (struct judge_flag){ .audit = d->kind == TRUNDLE_DECIDE_AUDIT, .t_ns = d->t_ns, .t_event_ns = d->t_event_ns,
                                                           .whole_trip = d->kind == TRUNDLE_DECIDE_AUDIT && !d->event };
    return TRUNDLE_OK;
}

enum trundle_status judge_ledger_add(struct judge_ledger *ledger, const struct trundle_decision *d, struct trundle_error *err)
{
    struct line *line;

    if (!judge_is_time(d->t_ns) || !judge_is_time(d->t_event_ns))
        return refuse(d, TRUNDLE_BAD_INPUT, "has an impossible time", err);
    switch (d->kind) {
    case TRUNDLE_DECIDE_ADD:
        return add(ledger, d, err);
    case TRUNDLE_DECIDE_CHANGE:
        return change(ledger, d, err);
    case TRUNDLE_DECIDE_REMOVE:
        line = find(ledger, d->line);
        return line ? lower_count(ledger, line, 0, d, err) : refuse(d, TRUNDLE_BAD_INPUT, "removes a line that is not there", err);
    case TRUNDLE_DECIDE_ASK:
    case TRUNDLE_DECIDE_RESCAN:
        if (ledger->asks_n == LINES_MAX)
            return refuse(d, TRUNDLE_TOO_LARGE, "too many questions in one trip", err);
        ledger->ask[ledger->asks_n++] = (struct ask){ d->event, d->event_kind == TRUNDLE_EVENT_TAKE ? 0 : d->line };
        ledger->rescans_n += d->kind == TRUNDLE_DECIDE_RESCAN;
        return d->kind == TRUNDLE_DECIDE_RESCAN ? flag(ledger, d, err) : TRUNDLE_OK;
    case TRUNDLE_DECIDE_AUDIT:
        return flag(ledger, d, err);
    case TRUNDLE_DECIDE_PHASE:
        ledger->paid = ledger->paid || d->phase == TRUNDLE_PHASE_PAID;
        return TRUNDLE_OK;
    default:
        return TRUNDLE_OK;
    }
}

static bool asked(const struct judge_ledger *ledger, const struct line *line)
{
    for (size_t i = 0; i < ledger->asks_n; i++)
        if ((ledger->ask[i].event && ledger->ask[i].event == line->event) || (ledger->ask[i].line && ledger->ask[i].line == line->id))
            return true;
    return false;
}

enum trundle_status judge_ledger_read(const struct judge_ledger *ledger, struct judge_prediction *out, struct trundle_error *err)
{
    struct judge_prediction p = { .asks = ledger->asks_n, .rescans = ledger->rescans_n, .has_decisions = true };
    size_t events_n = 0, items_n = 0;

    for (size_t i = 0; i < ledger->lines_n; i++) {
        events_n += (size_t)ledger->line[i].put;
        items_n += (size_t)ledger->line[i].now;
    }
    for (size_t i = 0; i < ledger->takes_n; i++)
        events_n += (size_t)ledger->take[i].count;
    if (events_n > JUDGE_EVENTS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "/decision", NULL, "%zu items put or taken in one trip, limit %d", events_n, JUDGE_EVENTS_MAX);
    p.event = calloc(events_n + 1, sizeof *p.event);
    p.item = calloc(items_n + 1, sizeof *p.item);
    p.removal = calloc(ledger->removals_n + 1, sizeof *p.removal);
    p.flag = calloc(ledger->flags_n + 1, sizeof *p.flag);
    if (!p.event || !p.item || !p.removal || !p.flag) {
        judge_prediction_done(&p);
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu events", events_n);
    }
    for (size_t i = 0; i < ledger->lines_n; i++) {
        const struct line *line = &ledger->line[i];
        bool by_weight = line->weight_mg > 0, was_asked = asked(ledger, line);
        double weight_g = by_weight ? (double)line->weight_mg * 1e-3 : 0;

        for (int32_t k = 0; k < line->put; k++)
            p.event[p.events_n++] = (struct judge_event){ .kind = TRUNDLE_EVENT_PUT, .product = line->product, .t_ns = line->t_ns, .by_weight = by_weight,
                                                          .weight_g = weight_g, .shown_ns = line->shown_ns, .asked = was_asked, .p = line->p };
        for (int32_t k = 0; k < line->now; k++)
            p.item[p.items_n++] = (struct judge_item){ .product = line->product, .by_weight = by_weight, .weight_g = weight_g,
                                                       .cents = line->cents / line->now };
    }
    for (size_t i = 0; i < ledger->takes_n; i++) {
        const struct take *take = &ledger->take[i];

        for (int32_t k = 0; k < take->count; k++)
            p.event[p.events_n++] = (struct judge_event){ .kind = TRUNDLE_EVENT_TAKE, .product = take->product, .t_ns = take->t_ns,
                                                          .by_weight = take->weight_mg > 0, .weight_g = (double)take->weight_mg * 1e-3,
                                                          .shown_ns = INT64_MIN, .p = NAN };
    }
    for (size_t i = 0; i < ledger->removals_n; i++)
        p.removal[p.removals_n++] = ledger->removal[i];
    for (size_t i = 0; i < ledger->flags_n; i++)
        p.flag[p.flags_n++] = ledger->flag[i];
    *out = p;
    return TRUNDLE_OK;
}

static void take_out(struct judge_prediction *p, const struct judge_event *e)
{
    size_t best = SIZE_MAX, left = 0;

    for (size_t i = 0; i < p->items_n; i++) {
        if (p->item[i].product.key != e->product.key)
            continue;
        left++;
        if (best == SIZE_MAX || fabs(p->item[i].weight_g - e->weight_g) < fabs(p->item[best].weight_g - e->weight_g))
            best = i;
    }
    if (best == SIZE_MAX)
        return;
    p->item[best] = p->item[--p->items_n];
    p->removal[p->removals_n++] = (struct judge_removal){ .product = e->product, .t_ns = e->t_ns, .removed = 1, .left = left - 1 };
}

enum trundle_status judge_prediction_settle(struct judge_prediction *p, struct trundle_error *err)
{
    struct judge_item *item = calloc(p->events_n + 1, sizeof *item);
    struct judge_removal *removal = calloc(p->events_n + 1, sizeof *removal);

    if (!item || !removal) {
        free(item);
        free(removal);
        return error_set(err, TRUNDLE_NO_MEMORY, "judge", NULL, "no memory for %zu items", p->events_n);
    }
    free(p->item);
    free(p->removal);
    p->item = item;
    p->removal = removal;
    p->items_n = p->removals_n = 0;
    if (p->events_n)
        qsort(p->event, p->events_n, sizeof *p->event, judge_event_order);
    for (size_t i = 0; i < p->events_n; i++) {
        const struct judge_event *e = &p->event[i];

        if (e->kind == TRUNDLE_EVENT_PUT)
            item[p->items_n++] = (struct judge_item){ .product = e->product, .by_weight = e->by_weight, .weight_g = e->weight_g, .cents = -1 };
        else
            take_out(p, e);
    }
    return TRUNDLE_OK;
}

void judge_prediction_done(struct judge_prediction *prediction)
{
    free(prediction->event);
    free(prediction->item);
    free(prediction->removal);
    free(prediction->flag);
    *prediction = (struct judge_prediction){ 0 };
}
