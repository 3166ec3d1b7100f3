/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Events, baskets and money of one trip, counted (docs/evaluation.md). */
#include "lab/judge/score.h"

#include "base/std/status.h"
#include "base/std/time.h"
#include "lab/judge/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ROW(name, scale, kind, by, better, margin, least) { #name, scale, JUDGE_##kind, JUDGE_BY_##by, better, margin, least },
const struct judge_key_row judge_key_rows[JUDGE_KEY_COUNT] = { JUDGE_KEYS(KEY_ROW) };
#undef KEY_ROW

enum judge_key judge_key_find(const char *name)
{
    size_t k = 0;

    while (k < JUDGE_KEY_COUNT && strcmp(judge_key_rows[k].name, name) != 0)
        k++;
    return (enum judge_key)k;
}

static void count(struct judge_tally *tally, enum judge_key key, double num, double den, uint64_t n)
{
    tally->key[key].num += num;
    tally->key[key].den += den;
    tally->key[key].n += n;
}

void judge_tally_done(struct judge_tally *tally)
{
    free(tally->latency_s);
    *tally = (struct judge_tally){ 0 };
}

/* By-weight items must agree in weight to 2 e or 1 % of the true weight, whichever is more. */
static bool weight_fits(double true_g, double g, double e_g)
{
    return fabs(g - true_g) <= fmax(2 * e_g, 0.01 * true_g) + 1e-9;
}

struct pairing {
    const struct judge_truth *truth;
    const struct judge_prediction *prediction;
    bool any_product;
};

bool judge_event_fits(const struct judge_truth *truth, const struct judge_event *t, const struct judge_event *q, bool any_product, int64_t *out_cost)
{
    int64_t dt;

    if (t->kind != q->kind || __builtin_sub_overflow(t->t_ns, q->t_ns, &dt) || dt > JUDGE_MATCH_NS || dt < -JUDGE_MATCH_NS)
        return false;
    if (!any_product && (t->product.key != q->product.key || t->by_weight != q->by_weight))
        return false;
    if (t->by_weight && q->by_weight && !weight_fits(t->weight_g, q->weight_g, truth->e_g))
        return false;
    *out_cost = dt < 0 ? -dt : dt;
    return true;
}

static bool event_cost(const void *user, size_t i, size_t j, int64_t *out_cost)
{
    const struct pairing *p = user;

    return judge_event_fits(p->truth, &p->truth->event[i], &p->prediction->event[j], p->any_product, out_cost);
}

/* Slices of a predicted event that matched nothing: those of the nearest true event within the matching time. */
static uint64_t slices_near(const struct judge_truth *truth, int64_t t_ns)
{
    int64_t best = JUDGE_MATCH_NS;
    uint64_t slices = 0;
    bool found = false;

    for (size_t i = 0; i < truth->events_n; i++) {
        int64_t dt;

        if (__builtin_sub_overflow(truth->event[i].t_ns, t_ns, &dt) || dt > best || dt < -best)
            continue;
        if ((dt < 0 ? -dt : dt) < best || !found) {
            found = true;
            best = dt < 0 ? -dt : dt;
            slices = truth->event[i].slices;
        }
    }
    return slices;
}

struct scoring {
    const struct judge_truth *truth;
    const struct judge_prediction *prediction;
    size_t *exact, *any;           /* partner of each true event */
    struct judge_tally *out, *slices;
};

/* Adds to the whole and to every slice of `bits`. */
static void count_event(struct scoring *s, uint64_t bits, enum judge_key key, double num, double den, uint64_t n)
{
    bits |= s->truth->trip_slices;
    count(s->out, key, num, den, n);
    for (size_t i = 0; s->slices && i < s->truth->slices_n; i++)
        if (bits >> i & 1u)
            count(&s->slices[i], key, num, den, n);
}

static enum trundle_status add_latency(struct judge_tally *tally, double s)
{
    double *more = realloc(tally->latency_s, (tally->latencies_n + 1) * sizeof *more);

    if (!more)
        return TRUNDLE_NO_MEMORY;
    tally->latency_s = more;
    more[tally->latencies_n++] = s;
    return TRUNDLE_OK;
}

static enum trundle_status latency(struct scoring *s, const struct judge_event *t, const struct judge_event *q)
{
    double seconds;

    if (t->kind != TRUNDLE_EVENT_PUT || !t->settle_ns || q->shown_ns == INT64_MIN)
        return TRUNDLE_OK;
    seconds = ns_s(q->shown_ns - t->settle_ns);
    TRY(add_latency(s->out, seconds));
    for (size_t i = 0; s->slices && i < s->truth->slices_n; i++)
        if ((t->slices | s->truth->trip_slices) >> i & 1u)
            TRY(add_latency(&s->slices[i], seconds));
    return TRUNDLE_OK;
}

static enum trundle_status count_true_events(struct scoring *s)
{
    for (size_t i = 0; i < s->truth->events_n; i++) {
        const struct judge_event *t = &s->truth->event[i];
        const struct judge_event *q = s->exact[i] == SIZE_MAX ? NULL : &s->prediction->event[s->exact[i]];

        count_event(s, t->slices, JUDGE_event_recall, q != NULL, 1, 1);
        count_event(s, t->slices, JUDGE_event_f1, q ? 2 : 0, 1, 1);
        count_event(s, t->slices, JUDGE_detection_f1, s->any[i] == SIZE_MAX ? 0 : 2, 1, 1);
        if (s->prediction->has_decisions && t->kind == TRUNDLE_EVENT_PUT && !t->scanned)
            count_event(s, t->slices, JUDGE_auto_rate, q && !q->asked, 1, 1);
        if (!q)
            continue;
        count_event(s, t->slices, JUDGE_time_error_s, ns_s(llabs(t->t_ns - q->t_ns)), 1, 1);
        if (s->prediction->has_decisions)
            TRY(latency(s, t, q));
    }
    return TRUNDLE_OK;
}

static enum trundle_status count_predicted_events(struct scoring *s)
{
    const struct judge_truth *truth = s->truth;
    size_t n = s->prediction->events_n;
    size_t *exact = malloc((n + 1) * sizeof *exact), *any = malloc((n + 1) * sizeof *any);

    if (!exact || !any) {
        free(exact);
        free(any);
        return TRUNDLE_NO_MEMORY;
    }
    for (size_t j = 0; j < n; j++)
        exact[j] = any[j] = SIZE_MAX;
    for (size_t i = 0; i < truth->events_n; i++) {
        if (s->exact[i] != SIZE_MAX)
            exact[s->exact[i]] = i;
        if (s->any[i] != SIZE_MAX)
            any[s->any[i]] = i;
    }
    for (size_t j = 0; j < n; j++) {
        uint64_t near = slices_near(truth, s->prediction->event[j].t_ns);
        uint64_t bits = exact[j] == SIZE_MAX ? near : truth->event[exact[j]].slices;

        count_event(s, bits, JUDGE_event_precision, exact[j] != SIZE_MAX, 1, 1);
        count_event(s, bits, JUDGE_event_f1, 0, 1, 0);
        count_event(s, any[j] == SIZE_MAX ? near : truth->event[any[j]].slices, JUDGE_detection_f1, 0, 1, 0);
    }
    free(exact);
    free(any);
    return TRUNDLE_OK;
}

static enum trundle_status score_events(struct scoring *s)
{
    struct pairing pairing = { s->truth, s->prediction, false };
    size_t n = s->truth->events_n;
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    s->exact = malloc((n + 1) * sizeof *s->exact);
    s->any = malloc((n + 1) * sizeof *s->any);
    if (!s->exact || !s->any)
        goto out;
    TRY_GOTO(status, judge_match(n, s->prediction->events_n, event_cost, &pairing, s->exact), out);
    pairing.any_product = true;
    TRY_GOTO(status, judge_match(n, s->prediction->events_n, event_cost, &pairing, s->any), out);
    TRY_GOTO(status, count_true_events(s), out);
    status = count_predicted_events(s);
out:
    free(s->exact);
    free(s->any);
    return status;
}

/* The final basket, one product at a time. */
struct basket_count {
    size_t missing, phantom, lines, right_lines, phantom_lines;
    double under, over, worth;
    struct judge_unpaid *unpaid;   /* owned; room for every true item */
    size_t unpaid_n;
};

struct lots {
    const struct judge_item *a, *b;    /* true, predicted; all of one product and by weight */
    double e_g;
};

static bool lot_cost(const void *user, size_t i, size_t j, int64_t *out_cost)
{
    const struct lots *l = user;

    if (!weight_fits(l->a[i].weight_g, l->b[j].weight_g, l->e_g))
        return false;
    *out_cost = (int64_t)(1000 * fabs(l->a[i].weight_g - l->b[j].weight_g));
    return true;
}

/* Items of one product, counted ones or lots: a true, b predicted. */
static enum trundle_status score_group(const struct judge_item *a, size_t n_a, const struct judge_item *b, size_t n_b, double e_g, bool by_weight,
                                       struct basket_count *c)
{
    size_t right = n_a < n_b ? n_a : n_b;

    if (by_weight && n_a) {
        struct lots lots = { a, b, e_g };
        size_t *of = malloc(n_a * sizeof *of);

        if (!of || judge_match(n_a, n_b, lot_cost, &lots, of) != TRUNDLE_OK) {
            free(of);
            return TRUNDLE_NO_MEMORY;
        }
        right = 0;
        for (size_t i = 0; i < n_a; i++)
            right += of[i] != SIZE_MAX;
        free(of);
    }
    c->missing += n_a - right;
    c->phantom += n_b - right;
    if (by_weight) {
        c->lines += n_a;
        c->right_lines += right;
        c->phantom_lines += n_b > n_a ? n_b - n_a : 0;
    } else {
        c->lines += n_a > 0;
        c->right_lines += n_a > 0 && n_a == n_b;
        c->phantom_lines += n_a == 0 && n_b > 0;
    }
    return TRUNDLE_OK;
}

static double whole_intervals(const struct judge_truth *truth, double weight_g)
{
    return truth->e_g * round(weight_g / truth->e_g);
}

static double catalog_value(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_item *item, bool member)
{
    int64_t cents;

    if (!catalog || catalog_price(catalog, item->product, truth->start_wall_ns, member, &cents) != TRUNDLE_OK)
        return (double)NAN;
    return item->by_weight ? round((double)cents * whole_intervals(truth, item->weight_g) * 1e-3) : (double)cents;
}

static double true_value(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_item *item)
{
    double value = item->cents >= 0 ? (double)item->cents : catalog_value(truth, catalog, item, false);

    return isfinite(value) ? value : 0;
}

/* A lot at the price per kg of a true lot: the catalog's, member or not, if that gives the true lot its price; else in proportion. */
static double lot_value(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_item *lot, const struct judge_item *item)
{
    double worth = true_value(truth, catalog, lot);

    for (int member = 0; member < 2; member++)
        if (fabs(catalog_value(truth, catalog, lot, member) - worth) < 0.5)
            return catalog_value(truth, catalog, item, member);
    return round(worth / lot->weight_g * item->weight_g);
}

/* Right products are worth what the truth says, so that only what is in the basket is judged here; the rest by the catalog. */
static double charged_value(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_item *same, size_t same_n,
                            const struct judge_item *item)
{
    double value = (double)NAN;

    for (size_t i = 0; i < same_n && !isfinite(value); i++) {
        if (item->by_weight && same[i].by_weight && same[i].weight_g > 0)
            value = lot_value(truth, catalog, &same[i], item);
        else if (!item->by_weight && !same[i].by_weight)
            value = true_value(truth, catalog, &same[i]);
    }
    if (!isfinite(value))
        value = catalog_value(truth, catalog, item, false);
    if (!isfinite(value))
        value = item->cents >= 0 ? (double)item->cents : 0;
    return value;
}

static int by_product(const void *a, const void *b)
{
    const struct judge_item *x = a, *y = b;

    if (x->product.key != y->product.key)
        return x->product.key < y->product.key ? -1 : 1;
    if (x->by_weight != y->by_weight)
        return x->by_weight ? 1 : -1;
    return (x->weight_g > y->weight_g) - (x->weight_g < y->weight_g);
}

static struct judge_item *sorted(const struct judge_item *item, size_t n)
{
    struct judge_item *copy = malloc((n + 1) * sizeof *copy);

    for (size_t i = 0; copy && i < n; i++)
        copy[i] = item[i];
    if (copy && n)
        qsort(copy, n, sizeof *copy, by_product);
    return copy;
}

static size_t run_of(const struct judge_item *item, size_t n, uint64_t key)
{
    size_t k = 0;

    while (k < n && item[k].product.key == key)
        k++;
    return k;
}

static size_t counted_of(const struct judge_item *item, size_t n)
{
    size_t k = 0;

    while (k < n && !item[k].by_weight)
        k++;
    return k;
}

static enum trundle_status score_product(const struct judge_truth *truth, const struct catalog *catalog, const struct judge_item *a, size_t n_a,
                                         const struct judge_item *b, size_t n_b, struct basket_count *c)
{
    size_t counted_a = counted_of(a, n_a), counted_b = counted_of(b, n_b);
    double worth = 0, charged = 0;

    TRY(score_group(a, counted_a, b, counted_b, truth->e_g, false, c));
    TRY(score_group(a + counted_a, n_a - counted_a, b + counted_b, n_b - counted_b, truth->e_g, true, c));
    for (size_t i = 0; i < n_a; i++)
        worth += true_value(truth, catalog, &a[i]);
    for (size_t i = 0; i < n_b; i++)
        charged += charged_value(truth, catalog, a, n_a, &b[i]);
    c->worth += worth;
    c->under += fmax(0, worth - charged);
    if (worth > charged && n_a)
        c->unpaid[c->unpaid_n++] = (struct judge_unpaid){ a->product, worth - charged };
    c->over += fmax(0, charged - worth);
    return TRUNDLE_OK;
}

static enum trundle_status count_basket(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct catalog *catalog,
                                        struct basket_count *c)
{
    struct judge_item *a = sorted(truth->item, truth->items_n), *b = sorted(prediction->item, prediction->items_n);
    enum trundle_status status = a && b ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
    size_t i = 0, j = 0;

    while (status == TRUNDLE_OK && (i < truth->items_n || j < prediction->items_n)) {
        uint64_t key = i == truth->items_n ? b[j].product.key : j == prediction->items_n ? a[i].product.key
                     : a[i].product.key < b[j].product.key ? a[i].product.key : b[j].product.key;
        size_t n_a = run_of(a + i, truth->items_n - i, key), n_b = run_of(b + j, prediction->items_n - j, key);

        status = score_product(truth, catalog, a + i, n_a, b + j, n_b, c);
        i += n_a;
        j += n_b;
    }
    free(a);
    free(b);
    return status;
}

static size_t falsely_removed(const struct judge_truth *truth, const struct judge_removal *r)
{
    size_t inside = 0;

    for (size_t i = 0; i < truth->events_n; i++) {
        const struct judge_event *e = &truth->event[i];

        if (e->product.key != r->product.key)
            continue;
        if (e->kind == TRUNDLE_EVENT_PUT)
            inside += e->t_ns <= r->t_ns;
        else if (e->t_ns - JUDGE_MATCH_NS <= r->t_ns && inside)
            inside--;
    }
    inside = inside > r->left ? inside - r->left : 0;
    return inside < r->removed ? inside : r->removed;
}

static void count_sizes(size_t n, bool right, struct judge_tally *out)
{
    static const struct { size_t least, most; enum judge_key key; } sizes[] = {
        { 1, 4, JUDGE_basket_accuracy_1_4 }, { 5, 9, JUDGE_basket_accuracy_5_9 },
        { 10, 15, JUDGE_basket_accuracy_10_15 }, { 16, SIZE_MAX, JUDGE_basket_accuracy_16_up } };

    count(out, JUDGE_basket_accuracy, right, 1, 1);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        if (n >= sizes[i].least && n <= sizes[i].most)
            count(out, sizes[i].key, right, 1, 1);
}

static void count_bill(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct basket_count *c, struct judge_tally *out)
{
    size_t n = truth->items_n, puts = 0, removed = 0;
    /* One missing with one phantom item is one wrong item. */
    double errors = (double)(c->missing > c->phantom ? c->missing : c->phantom);

    count(out, JUDGE_errors_per_100, errors, (double)n, n);
    count(out, JUDGE_line_accuracy, (double)c->right_lines, (double)(c->lines + c->phantom_lines), c->lines + c->phantom_lines);
    count_sizes(n, !c->missing && !c->phantom, out);
    count(out, JUDGE_undercharge_bp, c->under, c->worth, n);
    count(out, JUDGE_overcharge_bp, c->over, c->worth, n);
    count(out, JUDGE_undercharge_cents, c->under, 1, 1);
    count(out, JUDGE_overcharge_cents, c->over, 1, 1);
    count(out, JUDGE_cents_per_error, c->under + c->over, errors, (uint64_t)errors);
    for (size_t i = 0; i < truth->events_n; i++)
        puts += truth->event[i].kind == TRUNDLE_EVENT_PUT;
    for (size_t i = 0; i < prediction->removals_n; i++)
        removed += falsely_removed(truth, &prediction->removal[i]);
    count(out, JUDGE_false_removals, (double)removed, 1, puts);
    if (truth->end_ns > 0)
        count(out, JUDGE_trip_s_per_item, ns_s(truth->end_ns), (double)puts, puts);
    if (!prediction->has_decisions)
        return;
    count(out, JUDGE_asks_per_100, (double)prediction->asks, (double)n, n);
    count(out, JUDGE_ask_s_per_item, JUDGE_ASK_S * (double)(prediction->asks - prediction->rescans) + JUDGE_RESCAN_S * (double)prediction->rescans, (double)puts,
          puts);
}

/* A slice holds the basket of each trip in which it has an event, whole. */
static enum trundle_status score_basket(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct catalog *catalog,
                                        struct judge_tally *out, struct judge_tally *slices)
{
    struct basket_count c = { .unpaid = malloc((truth->items_n + 1) * sizeof *c.unpaid) };
    enum trundle_status status = c.unpaid ? count_basket(truth, prediction, catalog, &c) : TRUNDLE_NO_MEMORY;

    if (status == TRUNDLE_OK) {
        count_bill(truth, prediction, &c, out);
        judge_score_shrink(truth, prediction, c.unpaid, c.unpaid_n, c.worth, out, slices);
    }
    free(c.unpaid);
    for (size_t i = 0; status == TRUNDLE_OK && slices && i < truth->slices_n; i++)
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
            if (judge_key_rows[k].by == JUDGE_BY_TRIP)
                slices[i].key[k] = out->key[k];
    return status;
}

enum trundle_status judge_score(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct catalog *catalog,
                                struct judge_tally *out, struct judge_tally *out_slices, struct trundle_error *err)
{
    struct judge_tally whole = { 0 }, slices[JUDGE_SLICES_MAX] = { 0 };
    struct scoring s = { .truth = truth, .prediction = prediction, .out = &whole, .slices = out_slices ? slices : NULL };
    enum trundle_status status;

    if (truth->events_n > JUDGE_EVENTS_MAX || prediction->events_n > JUDGE_EVENTS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "judge", NULL, "%zu true and %zu predicted events, limit %d", truth->events_n, prediction->events_n,
                         JUDGE_EVENTS_MAX);
    status = score_events(&s);
    if (status == TRUNDLE_OK)
        status = score_basket(truth, prediction, catalog, &whole, s.slices);
    if (status != TRUNDLE_OK) {
        judge_tally_done(&whole);
        for (size_t i = 0; i < JUDGE_SLICES_MAX; i++)
            judge_tally_done(&slices[i]);
        return error_set(err, status, "judge", NULL, "no memory to score a trip of %zu events", truth->events_n);
    }
    *out = whole;
    for (size_t i = 0; out_slices && i < truth->slices_n; i++)
        out_slices[i] = slices[i];
    return TRUNDLE_OK;
}
