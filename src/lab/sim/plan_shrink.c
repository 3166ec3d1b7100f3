/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Shrink: ways in which things leave the store unpaid, and for each an honest twin that looks alike. docs/simulator.md tells them. */
#include "lab/sim/script.h"

#include <math.h>
#include <string.h>

enum { PICKS = 12, SWAPPED = 6, NO_ITEM = PLAN_ITEMS };

struct play {
    struct script *s;
    struct list *l;
    struct rng r;                          /* of what is chosen */
    struct plan_scenario *to;
    bool twin;
};

static const struct sim_product *product_of(const struct play *p, size_t index)
{
    return &p->s->plan->store->product[p->s->plan->item[index].product];
}

static int64_t cents_of(const struct play *p, size_t index)
{
    return sim_product_cents(p->s->plan->store, product_of(p, index), p->s->plan->item[index].mass_g, p->s->plan->member);
}

/* The one of some picks that a score likes best. */
static size_t choose(struct play *p, int picks, bool produce, double (*score)(const struct sim_product *product, const struct sim_product *than),
                     const struct sim_product *than)
{
    const struct sim_store *store = p->s->plan->store;
    size_t best = 0;
    double most = -INFINITY;

    for (int i = 0, tries = 0; i < picks && tries < 1000; tries++) {
        size_t k = produce ? rng_below(&p->r, (uint32_t)store->products_n) : sim_store_pick(store, &p->r);
        double x;

        if ((store->product[k].produce != NULL) != produce)
            continue;
        i++;
        x = score(&store->product[k], than);
        if (x > most) {
            most = x;
            best = k;
        }
    }
    return best;
}

static double dear(const struct sim_product *q, const struct sim_product *than)
{
    (void)than;
    return (double)q->cents;
}

static double cheap(const struct sim_product *q, const struct sim_product *than)
{
    (void)than;
    return -(double)q->cents;
}

/* As heavy as `than`, and much cheaper. */
static double decoy(const struct sim_product *q, const struct sim_product *than)
{
    return (q->cents < .7 * (double)than->cents ? 0 : -1000) - fabs(q->mass_g - than->mass_g) / than->mass_g - (double)q->cents / (double)than->cents;
}

static double roomy(const struct sim_product *q, const struct sim_product *than)
{
    bool holds = q->pack == SUITE_CARTON || q->pack == SUITE_BOX || q->pack == SUITE_POUCH;

    (void)than;
    return (holds ? 1 : .01) * q->size_m[0] * q->size_m[1] * q->size_m[2];
}

static bool fits(const struct sim_product *q, const struct sim_product *into)
{
    double a[3], b[3];

    memcpy(a, q->size_m, sizeof a);
    memcpy(b, into->size_m, sizeof b);
    for (int i = 0; i < 3; i++)
        for (int k = i + 1; k < 3; k++) {
            if (a[k] < a[i]) { double x = a[i]; a[i] = a[k]; a[k] = x; }
            if (b[k] < b[i]) { double x = b[i]; b[i] = b[k]; b[k] = x; }
        }
    return a[0] < .9 * b[0] && a[1] < .9 * b[1] && a[2] < .9 * b[2];
}

static double worth_hiding(const struct sim_product *q, const struct sim_product *carrier)
{
    return fits(q, carrier) ? (double)q->cents : -q->size_m[0] * q->size_m[1] * q->size_m[2];
}

/* A new item; scanned or picked as `code` (SIZE_MAX: not at all). s->t is when the hand may start. */
static size_t fetch(struct play *p, size_t product, size_t code)
{
    struct script *s = p->s;
    size_t index = s->plan->items_n;

    if (index == PLAN_ITEMS)
        return NO_ITEM;
    (void)script_item(s, &p->l->things, product);
    if (code != SIZE_MAX) {
        bool produce = s->plan->store->product[code].produce != NULL;
        double t = s->t + rng_range(&s->r, .1, .3);

        list_scan(s, index, code, t);
        s->t = fmax(t + .1, t + script_range(s, produce ? s->suite->shopper.pick_before_s : s->suite->shopper.scan_before_s) - .55);
    }
    return index;
}

/* Puts one thing, or two in one hand; how many found room. The events are the last ones. */
static size_t put(struct play *p, size_t n, const size_t *index, struct put how)
{
    memcpy(how.index, index, n * sizeof *index);
    how.n = n;
    how.t = p->s->t;
    how.haste = how.haste > 0 ? how.haste : 1;
    if (act_put(p->s, &how) < 0)
        return 0;
    return how.n;
}

static size_t put_one(struct play *p, size_t index, struct put how)
{
    how.hand = (int)rng_below(&p->s->r, PLAN_HANDS);
    return index == NO_ITEM ? 0 : put(p, 1, &index, how);
}

/* What a flag should point at: the last event. */
static void point_at(struct play *p, size_t event, size_t item)
{
    p->to->event[p->to->events_n++] = event;
    p->to->item[p->to->items_n++] = item;
    p->s->plan->item[item].kept = true;
}

static void point_at_last(struct play *p, size_t item)
{
    point_at(p, p->s->plan->events_n - 1, item);
}

static void owe(struct play *p, int64_t cents)
{
    if (!p->twin)
        p->to->value_cents += cents > 0 ? cents : 0;
}

/* ---- the scenarios: false when there was no room for them ---- */

/* Under cover of the other hand, and not scanned. Twin: so too, and scanned. */
static bool no_scan(struct play *p)
{
    size_t product = choose(p, PICKS, false, dear, NULL), index = fetch(p, product, p->twin ? product : SIZE_MAX);

    if (!put_one(p, index, (struct put){ .shaded = true }))
        return false;
    point_at_last(p, index);
    owe(p, cents_of(p, index));
    return true;
}

/* Two alike in one hand, one scanned. Twin: both. */
static bool scan_one_of_two(struct play *p)
{
    size_t product = choose(p, PICKS, false, dear, NULL), index[2];

    index[0] = fetch(p, product, product);
    index[1] = fetch(p, product, p->twin ? product : SIZE_MAX);
    if (index[1] == NO_ITEM || put(p, 2, index, (struct put){ .hand = (int)rng_below(&p->s->r, PLAN_HANDS) }) < 2)
        return false;
    point_at_last(p, index[1]);
    p->to->event[p->to->events_n++] = p->s->plan->events_n - 2;
    p->s->plan->item[index[0]].kept = true;
    owe(p, cents_of(p, index[1]));
    return true;
}

/* The code of something cheap, and something dear of its weight. Twin: the cheap thing and its code. */
static bool cheap_code(struct play *p)
{
    const struct sim_store *store = p->s->plan->store;
    size_t product = choose(p, PICKS, false, dear, NULL), code = choose(p, 80, false, decoy, &store->product[product]);
    size_t index = fetch(p, p->twin ? code : product, code);

    if (!put_one(p, index, (struct put){ .hand = 0 }))
        return false;
    point_at_last(p, index);
    owe(p, cents_of(p, index) - store->product[code].cents);
    return true;
}

/* A lot that is priced by weight, picked and put; then taken out again. */
static size_t weigh_and_take(struct play *p, size_t product, int hand)
{
    size_t index = fetch(p, product, product);

    if (index == NO_ITEM || !put(p, 1, &index, (struct put){ .hand = hand }))
        return NO_ITEM;
    p->s->t += rng_range(&p->s->r, .5, 1.2);
    stage_until(p->s, p->s->t);
    if (stage_covered(p->s, index) || !act_take(p->s, index, hand, .9, 0))
        return NO_ITEM;
    return index;
}

/* Weighed as one kind, changed for a dearer one. Twin: out for a look, and the same back in. */
static bool swap_after_weigh(struct play *p)
{
    size_t first = weigh_and_take(p, choose(p, 6, true, cheap, NULL), 0), other = first;

    if (first == NO_ITEM)
        return false;
    for (int tries = 0; !p->twin && tries < 8; tries++) {
        if (tries)
            p->s->plan->items_n--;
        other = fetch(p, choose(p, 6, true, dear, NULL), SIZE_MAX);
        if (other == NO_ITEM || cents_of(p, other) > cents_of(p, first))
            break;
    }
    if (!put_one(p, other, (struct put){ .near = p->s->plan->item[first].at }))
        return false;
    point_at_last(p, other);
    owe(p, cents_of(p, other) - cents_of(p, first));
    return true;
}

/* More of it after it was weighed. Twin: and weighed again. */
static bool heavier_after_weigh(struct play *p)
{
    size_t product = choose(p, 4, true, dear, NULL), first = weigh_and_take(p, product, 1), other = NO_ITEM;
    double t = p->s->t;

    if (first == NO_ITEM)
        return false;
    for (int tries = 0; tries < 20; tries++) {
        if (tries)
            p->s->plan->items_n--;
        other = fetch(p, product, SIZE_MAX);
        if (other == NO_ITEM || p->s->plan->item[other].mass_g > 1.25 * p->s->plan->item[first].mass_g)
            break;
    }
    if (other == NO_ITEM)
        return false;
    if (p->twin) {
        list_scan(p->s, other, product, t + .2);
        p->s->t = t + .3 + .5 * script_range(p->s, p->s->suite->shopper.pick_before_s);
    }
    if (!put_one(p, other, (struct put){ .near = p->s->plan->item[first].at }))
        return false;
    point_at_last(p, other);
    owe(p, cents_of(p, other) - cents_of(p, first));
    return true;
}

/* Something paid comes out, something dear goes in by the same hand. Twin: and is scanned. */
static bool take_and_replace(struct play *p)
{
    struct script *s = p->s;
    size_t out = act_free_item(s), product = choose(p, PICKS, false, dear, NULL), in;
    double t = s->t;

    if (out == PLAN_ITEMS || !act_take(s, out, (int)rng_below(&s->r, PLAN_HANDS), .9, 0))
        return false;
    in = fetch(p, product, SIZE_MAX);
    if (in == NO_ITEM)
        return false;
    if (p->twin)
        list_scan(s, in, product, fmax(s->t - .3, t + .2));
    if (!put_one(p, in, (struct put){ .near = s->plan->item[out].at, .haste = .9 }))
        return false;
    point_at_last(p, in);
    owe(p, cents_of(p, in) - (s->plan->item[out].scanned ? cents_of(p, out) : 0));
    return true;
}

/* A dear thing inside a roomy one that is scanned. Twin: the roomy one is full, at the heavy end of its kind. */
static bool hidden(struct play *p)
{
    struct script *s = p->s;
    const struct sim_store *store = s->plan->store;
    size_t carrier_product = choose(p, 20, false, roomy, NULL), carrier = fetch(p, carrier_product, carrier_product), inside = NO_ITEM;
    const struct sim_product *roomy_one = &store->product[carrier_product];

    if (carrier == NO_ITEM || s->plan->events_n + 2 > PLAN_EVENTS)
        return false;
    if (p->twin) {
        s->plan->item[carrier].mass_g = s->plan->item[carrier].carried_g = roomy_one->mass_g + 2.5 * roomy_one->mass_sd_g;
    } else {
        size_t product = choose(p, 200, false, worth_hiding, roomy_one);

        inside = fits(&store->product[product], roomy_one) ? fetch(p, product, SIZE_MAX) : NO_ITEM;
        if (inside == NO_ITEM)
            return false;
        s->plan->item[carrier].carried_g += s->plan->item[inside].mass_g;
    }
    if (!put_one(p, carrier, (struct put){ .hand = 0 }))
        return false;
    point_at_last(p, p->twin ? carrier : inside);
    s->plan->item[carrier].kept = true;
    if (!p->twin) {
        struct plan_event *e = script_event(s, TRUNDLE_EVENT_PUT, inside);
        size_t carried_by = s->plan->events_n - 2;

        e->slices = (s->plan->event[carried_by].slices & PLAN_CROWDED) | (e->slices & PLAN_LIGHT);
        e->hand = s->plan->event[carried_by].hand;
        e->scenario = s->scenario;
        e->with = carried_by + 1;
        s->plan->item[inside].inside = true;
        s->plan->item[inside].inside_of = carrier + 1;
        p->to->event[p->to->events_n++] = s->plan->events_n - 1;
        owe(p, cents_of(p, inside));
    }
    return true;
}

/* Fast and low over a corner of the rim and down beside it. Twin: so too, and scanned. */
static bool past_cameras(struct play *p)
{
    const double *size = p->s->plan->store->cart.basket.size_m;
    size_t product = choose(p, PICKS, false, dear, NULL), index = fetch(p, product, p->twin ? product : SIZE_MAX);
    int hand = (int)rng_below(&p->s->r, PLAN_HANDS);
    const double corner[3] = { hand ? size[0] - .1 : .1, .1, 0 };

    if (index == NO_ITEM || !put(p, 1, &index, (struct put){ .hand = hand, .past = true, .near = corner }))
        return false;
    point_at_last(p, index);
    owe(p, cents_of(p, index));
    return true;
}

/* A hand lifts the rim while a lot is weighed. Twin: it lets go before the lot comes. */
static bool lean_on_scale(struct play *p)
{
    struct script *s = p->s;
    const double *size = s->plan->store->cart.basket.size_m;
    size_t product = choose(p, 5, true, dear, NULL), index;
    double lean = script_range(s, s->suite->shrink.lean_g), t0 = s->t, t1;
    int hand = (int)rng_below(&s->r, PLAN_HANDS), other = 1 - hand;
    double rim[3] = { other ? size[0] : 0, rng_range(&s->r, .3, .6) * size[1], size[2] };
    struct reach reach = script_reach(s, other, rim, .02);
    const struct plan_event *e;

    t0 = fmax(t0, s->hand_free[other]) + .7;
    if (p->twin)
        s->t = t0 + 1.6;
    index = fetch(p, product, product);
    if (index == NO_ITEM)
        return false;
    lean = fmin(lean, .6 * s->plan->item[index].mass_g);
    if (!put(p, 1, &index, (struct put){ .hand = hand }))
        return false;
    e = &s->plan->event[s->plan->events_n - 1];
    t1 = p->twin ? t0 + 1.2 : e->t_load + rng_range(&s->r, 2.5, 4);
    script_load(s, (struct plan_load){ .t0 = t0, .t1 = t0 + .35, .x = rim[0], .y = rim[1], .g = -lean, .moved = true });
    script_load(s, (struct plan_load){ .t0 = t1, .t1 = t1 + .5, .x = rim[0], .y = rim[1], .g = lean, .moved = true });
    script_hand_key(s, &reach, t0 - .6, reach.outside, PLAN_EASE);
    script_hand_key(s, &reach, t0, rim, PLAN_REST);
    script_hand_key(s, &reach, t1 + .5, rim, PLAN_EASE);
    script_hand_key(s, &reach, t1 + 1, reach.outside, PLAN_HIDDEN);
    s->hand_free[other] = t1 + 1.02;
    s->t = fmax(s->t, t1 + 1);
    script_cause(s, "lean", t0, t1 + .5);
    point_at_last(p, index);
    owe(p, cents_of(p, index) -
           sim_product_cents(s->plan->store, &s->plan->store->product[product], s->plan->item[index].mass_g - lean, s->plan->member));
    return true;
}

/* Some of what is inside goes out, and others' things come in instead, all within seconds. Twin: the same things come in again. */
static bool cart_swap(struct play *p)
{
    struct script *s = p->s;
    size_t out[SWAPPED], n = 0, in = 0;
    int64_t value = 0;

    while (n < SWAPPED && (out[n] = act_free_item(s)) < PLAN_ITEMS && act_take(s, out[n], (int)(n & 1), .6, 0))
        value -= cents_of(p, out[n++]);
    for (size_t i = 0; i < n; i++) {
        size_t index = p->twin ? out[i] : fetch(p, choose(p, PICKS, false, dear, NULL), SIZE_MAX);
        struct put how = { .hand = (int)(i & 1), .haste = .6 };

        if (index == NO_ITEM || !put(p, 1, &index, how))
            continue;
        in++;
        point_at_last(p, index);
        value += cents_of(p, index);
    }
    owe(p, value);
    return in > 0;
}

/* ---- playing ---- */

struct shrink shrink_choose(struct script *s)
{
    const double weight[PLAN_SHRINKS] = {
        [PLAN_NO_SCAN] = s->suite->shrink.no_scan, [PLAN_SCAN_ONE_OF_TWO] = s->suite->shrink.scan_one_of_two,
        [PLAN_CHEAP_CODE] = s->suite->shrink.cheap_code, [PLAN_SWAP_AFTER_WEIGH] = s->suite->shrink.swap_after_weigh,
        [PLAN_HEAVIER_AFTER_WEIGH] = s->suite->shrink.heavier_after_weigh, [PLAN_TAKE_AND_REPLACE] = s->suite->shrink.take_and_replace,
        [PLAN_HIDDEN_INSIDE] = s->suite->shrink.hidden, [PLAN_PAST_CAMERAS] = s->suite->shrink.past_cameras,
        [PLAN_LEAN_ON_SCALE] = s->suite->shrink.lean_on_scale, [PLAN_CART_SWAP] = s->suite->shrink.cart_swap };
    struct rng r = rng_seed(s->seed, "trip/shrink");
    struct shrink shrink = { .any = rng_unit(&r) < s->suite->shrink.share, .twin = rng_unit(&r) < s->suite->shrink.twin_share };
    double sum = 0, x = rng_unit(&r);

    for (int i = 0; i < PLAN_SHRINKS; i++)
        sum += weight[i];
    for (int i = 0; i < PLAN_SHRINKS; i++) {
        shrink.name = (enum plan_shrink)i;
        x -= sum > 0 ? weight[i] / sum : 1;
        if (x < 0)
            break;
    }
    shrink.any = shrink.any && sum > 0;
    return shrink;
}

bool shrink_play(struct script *s, struct list *l, const struct shrink *shrink)
{
    static bool (*const scenario[PLAN_SHRINKS])(struct play *p) = {
        [PLAN_NO_SCAN] = no_scan, [PLAN_SCAN_ONE_OF_TWO] = scan_one_of_two, [PLAN_CHEAP_CODE] = cheap_code, [PLAN_SWAP_AFTER_WEIGH] = swap_after_weigh,
        [PLAN_HEAVIER_AFTER_WEIGH] = heavier_after_weigh, [PLAN_TAKE_AND_REPLACE] = take_and_replace, [PLAN_HIDDEN_INSIDE] = hidden,
        [PLAN_PAST_CAMERAS] = past_cameras, [PLAN_LEAN_ON_SCALE] = lean_on_scale, [PLAN_CART_SWAP] = cart_swap };
    struct plan *plan = s->plan;
    struct play p = { .s = s, .l = l, .r = rng_seed(s->seed, "trip/shrink things"), .to = &plan->scenario[plan->scenarios_n], .twin = shrink->twin };
    size_t first = plan->events_n;
    bool played;

    if (plan->scenarios_n == PLAN_SCENARIOS)
        return false;
    *p.to = (struct plan_scenario){ .name = shrink->name, .twin = shrink->twin };
    s->t += script_range(s, s->suite->shopper.pause_s) + .3;
    s->rolling = script_chance(s, s->suite->shopper.rolling_share);
    if (s->rolling)
        script_roll(s, rng_range(&s->r, 5, 8));
    p.to->t0 = s->t;
    s->scenario = (uint8_t)(plan->scenarios_n + 1);
    played = scenario[shrink->name](&p) && (shrink->twin || p.to->value_cents > 0);      /* a lot may come out lighter: nothing was stolen */
    s->scenario = 0;
    p.to->t1 = s->t;
    plan->scenarios_n += played;
    for (size_t i = first; i < plan->events_n && !played; i++)
        plan->event[i].scenario = 0;
    if (s->rolling && plan->rolls_n)
        s->t = fmax(s->t, plan->roll[plan->rolls_n - 1].t1 + .01);
    stage_until(s, s->t);
    act_settle(s);
    return played;
}
