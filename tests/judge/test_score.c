/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/score: every figure by hand on small cases, and every comparator bent until it says no. */
#include "base/std/rng.h"
#include "proto/trundle.pb-c.h"
#include "tests/judge/hand_trip.h"

#include <stdio.h>

static void perfect_is_perfect(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    trip_score(&t, &y);
    assert_key(&y, event_precision, 1);
    assert_key(&y, event_recall, 1);
    assert_key(&y, event_f1, 1);
    assert_key(&y, detection_f1, 1);
    assert_key(&y, time_error_s, 0);
    assert_key(&y, errors_per_100, 0);
    assert_key(&y, line_accuracy, 1);
    assert_key(&y, basket_accuracy, 1);
    assert_key(&y, basket_accuracy_1_4, 1);
    assert_true(isnan(key_value(&y, JUDGE_basket_accuracy_5_9)));
    assert_key(&y, undercharge_bp, 0);
    assert_key(&y, overcharge_bp, 0);
    assert_key(&y, asks_per_100, 0);
    assert_key(&y, auto_rate, 1);
    assert_key(&y, false_removals, 0);
    assert_int_equal(y.latencies_n, 3);
    assert_near(y.latency_s[0], 0.25, 1e-9);
    judge_tally_done(&y);
}

static void a_dropped_detection_costs_recall(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[0] = t.event[3];
    t.prediction.events_n = 3;
    trip_score(&t, &y);
    assert_key(&y, event_precision, 1);
    assert_key(&y, event_recall, 0.75);
    assert_key(&y, event_f1, 6.0 / 7);
    assert_key(&y, detection_f1, 6.0 / 7);
    assert_key(&y, auto_rate, 2.0 / 3);
    judge_tally_done(&y);
}

static void an_added_detection_costs_precision(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[4] = event_at(10.2, TRUNDLE_EVENT_PUT, MILK);
    t.prediction.events_n = 5;
    trip_score(&t, &y);
    assert_key(&y, event_precision, 0.8);
    assert_key(&y, event_recall, 1);
    assert_key(&y, event_f1, 8.0 / 9);
    assert_key(&y, time_error_s, 0);     /* of the two the nearer is the match */
    judge_tally_done(&y);
}

static void a_shifted_time_is_no_match(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[0].t_ns += S_NS(1.0);        /* still one */
    t.event[1].t_ns -= S_NS(0.4);
    trip_score(&t, &y);
    assert_key(&y, event_f1, 1);
    assert_key(&y, time_error_s, 1.4 / 4);
    judge_tally_done(&y);
    t.event[0].t_ns += S_NS(0.1);
    trip_score(&t, &y);
    assert_key(&y, event_recall, 0.75);
    assert_key(&y, event_precision, 0.75);
    assert_key(&y, detection_f1, 0.75);
    assert_key(&y, time_error_s, 0.4 / 3);
    judge_tally_done(&y);
}

static void a_swapped_product_is_no_match_but_a_detection(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[0].product = OATS;
    t.item[0].product = OATS;
    trip_score(&t, &y);
    assert_key(&y, event_f1, 0.75);
    assert_key(&y, detection_f1, 1);
    assert_key(&y, errors_per_100, 100.0 / 2);     /* wrong once, not missing and phantom */
    assert_key(&y, line_accuracy, 1.0 / 3);
    assert_key(&y, basket_accuracy, 0);
    judge_tally_done(&y);
}

static void a_put_is_no_take(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[3].kind = TRUNDLE_EVENT_PUT;
    trip_score(&t, &y);
    assert_key(&y, event_f1, 0.75);
    assert_key(&y, detection_f1, 0.75);
    judge_tally_done(&y);
}

static void a_weight_off_by_three_e_is_wrong(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[2].weight_g = t.item[1].weight_g = 210;     /* 2 e */
    trip_score(&t, &y);
    assert_key(&y, event_f1, 1);
    assert_key(&y, basket_accuracy, 1);
    assert_key(&y, overcharge_bp, 1e4 * 2 / 340);       /* 40 cents for 200 g: 42 for 210 */
    judge_tally_done(&y);
    t.event[2].weight_g = t.item[1].weight_g = 215;     /* 3 e */
    trip_score(&t, &y);
    assert_key(&y, event_f1, 0.75);
    assert_key(&y, detection_f1, 0.75);
    assert_key(&y, basket_accuracy, 0);
    assert_key(&y, errors_per_100, 50);
    assert_key(&y, line_accuracy, 0.5);                 /* one line is wrong, none is a phantom */
    judge_tally_done(&y);
    t.true_event[2].weight_g = t.true_item[1].weight_g = 3000;    /* 1 % is more than 2 e here */
    t.event[2].weight_g = t.item[1].weight_g = 3030;
    trip_score(&t, &y);
    assert_key(&y, event_f1, 1);
    judge_tally_done(&y);
    t.event[2].weight_g = t.item[1].weight_g = 3031;
    trip_score(&t, &y);
    assert_key(&y, event_f1, 0.75);
    judge_tally_done(&y);
}

static void a_counted_item_is_no_lot(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.event[2].by_weight = t.item[1].by_weight = false;
    t.event[2].weight_g = t.item[1].weight_g = 0;
    trip_score(&t, &y);
    assert_key(&y, event_f1, 0.75);
    assert_key(&y, detection_f1, 1);
    assert_key(&y, basket_accuracy, 0);
    judge_tally_done(&y);
}

/* Truth: 3 milk at 1.00, 2 oats at 2.00 (7.00). Predicted: 2 milk, 3 oats, 1 unknown thing charged 0.70. */
static void money_and_errors_by_hand(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.truth.events_n = t.prediction.events_n = 0;
    t.truth.items_n = 5;
    for (int i = 0; i < 5; i++)
        t.true_item[i] = i < 3 ? item_of(MILK, 100) : item_of(OATS, 200);
    t.prediction.items_n = 6;
    for (int i = 0; i < 6; i++)
        t.item[i] = i < 2 ? item_of(MILK, -1) : i < 5 ? item_of(OATS, -1) : item_of((struct trundle_product){ 0 }, 70);
    trip_score(&t, &y);
    assert_key(&y, undercharge_bp, 1e4 * 100 / 700);
    assert_key(&y, overcharge_bp, 1e4 * 270 / 700);     /* never netted */
    assert_key(&y, undercharge_cents, 100);
    assert_key(&y, overcharge_cents, 270);
    assert_key(&y, cents_per_error, 370.0 / 2);
    assert_true(isnan(key_value(&y, JUDGE_trip_s_per_item)));   /* how long it was is not known */
    assert_key(&y, errors_per_100, 100.0 * 2 / 5);      /* 1 missing, 2 phantoms: one wrong, one phantom */
    assert_key(&y, line_accuracy, 0.0 / 3);
    assert_key(&y, basket_accuracy_5_9, 0);
    assert_true(isnan(key_value(&y, JUDGE_basket_accuracy_1_4)));
    assert_int_equal(y.key[JUDGE_errors_per_100].n, 5);
    assert_true(isnan(key_value(&y, JUDGE_event_f1)));
    judge_tally_done(&y);
    t.prediction.items_n = 0;
    trip_score(&t, &y);
    assert_key(&y, undercharge_bp, 1e4);
    assert_key(&y, overcharge_bp, 0);
    assert_key(&y, errors_per_100, 100);
    assert_key(&y, line_accuracy, 0);
    judge_tally_done(&y);
}

static void sizes_have_their_classes(void **state)
{
    static const struct { size_t n; enum judge_key key; } wanted[] = {
        { 1, JUDGE_basket_accuracy_1_4 }, { 4, JUDGE_basket_accuracy_1_4 }, { 5, JUDGE_basket_accuracy_5_9 }, { 9, JUDGE_basket_accuracy_5_9 },
        { 10, JUDGE_basket_accuracy_10_15 }, { 15, JUDGE_basket_accuracy_10_15 }, { 16, JUDGE_basket_accuracy_16_up }, { 40, JUDGE_basket_accuracy_16_up } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct trip t;
        struct judge_tally y;

        trip_init(&t);
        t.truth.items_n = t.prediction.items_n = wanted[i].n;
        for (size_t k = 0; k < wanted[i].n; k++)
            t.true_item[k] = t.item[k] = item_of(MILK, 100);
        trip_score(&t, &y);
        for (enum judge_key k = JUDGE_basket_accuracy_1_4; k <= JUDGE_basket_accuracy_16_up; k++)
            assert_int_equal(y.key[k].n, k == wanted[i].key);
        assert_key(&y, basket_accuracy, 1);
        judge_tally_done(&y);
    }
}

static void asks_and_auto_rate(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.true_event[1].scanned = true;      /* of the two unscanned puts one was asked about */
    t.event[0].asked = true;
    t.event[1].asked = true;
    t.prediction.asks = 3;
    t.prediction.rescans = 1;
    t.truth.end_ns = S_NS(60);
    trip_score(&t, &y);
    assert_key(&y, ask_s_per_item, (2 * 2.5 + 5) / 3);   /* three were put in */
    assert_key(&y, trip_s_per_item, 20);
    assert_key(&y, auto_rate, 0.5);
    assert_int_equal(y.key[JUDGE_auto_rate].n, 2);
    assert_key(&y, asks_per_100, 150);
    judge_tally_done(&y);
    t.prediction.has_decisions = false;
    trip_score(&t, &y);
    assert_true(isnan(key_value(&y, JUDGE_asks_per_100)));
    assert_true(isnan(key_value(&y, JUDGE_auto_rate)));
    assert_int_equal(y.latencies_n, 0);
    judge_tally_done(&y);
}

static void false_removals_are_of_things_inside(void **state)
{
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.prediction.removals_n = 1;
    t.removal[0] = (struct judge_removal){ OATS, S_NS(40.2), 1, 0 };    /* it really left */
    trip_score(&t, &y);
    assert_key(&y, false_removals, 0);
    judge_tally_done(&y);
    t.removal[0].t_ns = S_NS(39.2);                                     /* on its way out */
    trip_score(&t, &y);
    assert_key(&y, false_removals, 0);
    judge_tally_done(&y);
    t.removal[0].t_ns = S_NS(35);                                       /* still inside */
    trip_score(&t, &y);
    assert_key(&y, false_removals, 1);
    judge_tally_done(&y);
    t.removal[0].left = 1;                                              /* it had been on the list twice */
    trip_score(&t, &y);
    assert_key(&y, false_removals, 0);
    judge_tally_done(&y);
    t.removal[0] = (struct judge_removal){ MILK, S_NS(60), 2, 0 };      /* two lines gone, one item inside */
    trip_score(&t, &y);
    assert_key(&y, false_removals, 1);
    judge_tally_done(&y);
}

static void slices_hold_their_events(void **state)
{
    struct trip t;
    struct judge_tally y, slice[2];
    struct trundle_error err = { 0 };

    (void)state;
    trip_init(&t);
    t.truth.slices_n = 2;
    (void)snprintf(t.truth.slice[0], JUDGE_SLICE_NAME, "rolling");
    (void)snprintf(t.truth.slice[1], JUDGE_SLICE_NAME, "produce");
    t.true_event[0].slices = t.true_event[1].slices = 1;
    t.true_event[2].slices = 3;
    t.event[1].t_ns += S_NS(5);          /* missed, and a phantom that belongs nowhere */
    t.event[4] = event_at(30.5, TRUNDLE_EVENT_TAKE, MILK);
    t.prediction.events_n = 5;           /* a phantom in both slices */
    support_ok(judge_score(&t.truth, &t.prediction, NULL, &y, slice, &err), &err);
    assert_key(&slice[0], event_recall, 2.0 / 3);
    assert_key(&slice[0], event_precision, 2.0 / 3);
    assert_key(&slice[1], event_recall, 1);
    assert_key(&slice[1], event_precision, 0.5);
    assert_key(&slice[1], event_f1, 2.0 / 3);
    assert_int_equal(slice[1].latencies_n, 1);
    assert_key(&y, event_precision, 3.0 / 5);
    judge_tally_done(&y);
    judge_tally_done(&slice[0]);
    judge_tally_done(&slice[1]);
}

/* Products shuffled over a trip of many: the figures must come down to chance. */
static void shuffled_products_pull_the_scores_down(void **state)
{
    struct rng r = rng_seed(support_seed(), "judge/shuffle");
    struct trip t;
    struct judge_tally y;

    (void)state;
    trip_init(&t);
    t.truth.events_n = t.truth.items_n = t.prediction.events_n = t.prediction.items_n = 40;
    for (size_t i = 0; i < 40; i++) {
        t.true_event[i] = t.event[i] = event_at(10.0 * (double)(i + 1), TRUNDLE_EVENT_PUT, trundle_product_plu(4000 + (uint32_t)i));
        t.true_item[i] = t.item[i] = item_of(t.event[i].product, 100);
    }
    trip_score(&t, &y);
    assert_key(&y, event_f1, 1);
    judge_tally_done(&y);
    for (size_t i = 39; i > 0; i--) {
        size_t j = rng_below(&r, (uint32_t)i + 1);
        struct trundle_product p = t.event[i].product;

        t.event[i].product = t.event[j].product;
        t.event[j].product = p;
    }
    trip_score(&t, &y);
    assert_true(key_value(&y, JUDGE_event_f1) < 0.25);
    assert_key(&y, detection_f1, 1);
    judge_tally_done(&y);
}

/* From decisions. */
static struct trundle_decision decision(enum trundle_decision_kind kind, double t_s, uint32_t event, uint32_t line, enum trundle_event_kind event_kind,
                                        struct trundle_product product, int32_t count)
{
    static uint32_t id;

    return (struct trundle_decision){ .id = ++id, .kind = kind, .t_ns = S_NS(t_s + 1), .t_event_ns = S_NS(t_s), .event = event, .line = line,
                                      .event_kind = event_kind, .product = product, .count = count, .line_cents = 100 * count };
}

static struct judge_prediction read_all(const struct trundle_decision *d, size_t n)
{
    struct judge_ledger *ledger;
    struct judge_prediction p;
    struct trundle_error err = { 0 };

    support_ok(judge_ledger_new(&ledger, &err), &err);
    for (size_t i = 0; i < n; i++)
        support_ok(judge_ledger_add(ledger, &d[i], &err), &err);
    support_ok(judge_ledger_read(ledger, &p, &err), &err);
    judge_ledger_free(ledger);
    return p;
}

#define PUT TRUNDLE_EVENT_PUT
#define TAKE TRUNDLE_EVENT_TAKE

static void the_last_state_of_a_line_counts(void **state)
{
    const struct trundle_decision d[] = {
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 1), decision(TRUNDLE_DECIDE_CHANGE, 10.1, 1, 1, PUT, OATS, 2),
        decision(TRUNDLE_DECIDE_ADD, 20, 2, 2, PUT, MILK, 1), decision(TRUNDLE_DECIDE_REMOVE, 20, 2, 2, PUT, MILK, 1) };
    struct judge_prediction p = read_all(d, COUNT_OF(d));

    (void)state;
    assert_int_equal(p.events_n, 2);     /* two oats at 10.1; the milk was withdrawn */
    assert_true(p.event[0].product.key == OATS.key && p.event[1].product.key == OATS.key);
    assert_true(p.event[0].t_ns == S_NS(10.1) && p.event[0].shown_ns == S_NS(11.1));
    assert_int_equal(p.items_n, 2);
    assert_int_equal(p.removals_n, 1);
    judge_prediction_done(&p);
}

static void takes_are_events(void **state)
{
    const struct trundle_decision d[] = {
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 3), decision(TRUNDLE_DECIDE_CHANGE, 20, 2, 1, TAKE, MILK, 2),
        decision(TRUNDLE_DECIDE_REMOVE, 30, 3, 1, TAKE, MILK, 2) };
    struct judge_prediction p = read_all(d, COUNT_OF(d));

    (void)state;
    assert_int_equal(p.events_n, 6);
    assert_int_equal(p.items_n, 0);
    for (size_t i = 0; i < 6; i++)
        assert_true(p.event[i].kind == (i < 3 ? PUT : TAKE) && p.event[i].t_ns == S_NS(i < 3 ? 10 : i < 4 ? 20 : 30));
    judge_prediction_done(&p);
}

static void a_take_can_be_undone(void **state)
{
    const struct trundle_decision whole[] = {
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 1), decision(TRUNDLE_DECIDE_ADD, 12, 2, 2, PUT, OATS, 1),
        decision(TRUNDLE_DECIDE_REMOVE, 20, 3, 1, TAKE, MILK, 1),
        decision(TRUNDLE_DECIDE_REMOVE, 20, 3, 2, TAKE, OATS, 1), decision(TRUNDLE_DECIDE_ADD, 10, 1, 3, PUT, MILK, 1) };
    const struct trundle_decision part[] = {
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 2), decision(TRUNDLE_DECIDE_CHANGE, 20, 3, 1, TAKE, MILK, 1),
        decision(TRUNDLE_DECIDE_CHANGE, 20, 1, 1, TRUNDLE_EVENT_NOTHING, MILK, 2) };
    struct judge_prediction p = read_all(whole, COUNT_OF(whole));

    (void)state;
    assert_int_equal(p.events_n, 3);
    assert_true(p.event[2].kind == TAKE && p.event[2].product.key == OATS.key);
    assert_int_equal(p.items_n, 1);
    judge_prediction_done(&p);
    p = read_all(part, COUNT_OF(part));
    assert_int_equal(p.events_n, 2);
    assert_int_equal(p.items_n, 2);
    judge_prediction_done(&p);
}

/* The same product put again after a take is a new event, not an undone take. */
static void taken_and_put_again(void **state)
{
    const struct trundle_decision d[] = {
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 1), decision(TRUNDLE_DECIDE_REMOVE, 20, 2, 1, TAKE, MILK, 1),
        decision(TRUNDLE_DECIDE_ADD, 30, 3, 2, PUT, MILK, 1) };
    struct judge_prediction p = read_all(d, COUNT_OF(d));

    (void)state;
    assert_int_equal(p.events_n, 3);
    assert_int_equal(p.items_n, 1);
    judge_prediction_done(&p);
}

static void questions_are_counted_and_belong_to_events(void **state)
{
    const struct trundle_decision d[] = {
        decision(TRUNDLE_DECIDE_ASK, 10, 1, 0, PUT, MILK, 1), decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 1),
        decision(TRUNDLE_DECIDE_ADD, 20, 2, 2, PUT, OATS, 1), decision(TRUNDLE_DECIDE_RESCAN, 30, 3, 0, PUT, OATS, 1) };
    struct judge_prediction p = read_all(d, COUNT_OF(d));

    (void)state;
    assert_int_equal(p.asks, 2);
    assert_true(p.event[0].asked && !p.event[1].asked);
    judge_prediction_done(&p);
}

static void impossible_decisions_are_refused(void **state)
{
    struct trundle_decision bad[] = {
        decision(TRUNDLE_DECIDE_CHANGE, 10, 1, 9, PUT, MILK, 1), decision(TRUNDLE_DECIDE_REMOVE, 10, 1, 9, PUT, MILK, 1),
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 0), decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 1000000),
        decision(TRUNDLE_DECIDE_ADD, 10, 1, 1, PUT, MILK, 1), decision(TRUNDLE_DECIDE_RESCAN, 10, 1, 1, PUT, MILK, 1) };
    struct judge_ledger *ledger;
    struct trundle_error err = { 0 };

    (void)state;
    bad[4].t_event_ns = INT64_MIN;
    bad[5].t_ns = INT64_MAX;
    support_ok(judge_ledger_new(&ledger, &err), &err);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(judge_ledger_add(ledger, &bad[i], &err), TRUNDLE_BAD_INPUT);
        assert_non_null(strstr(err.what, "decision"));
    }
    judge_ledger_free(ledger);
}

/* Truth messages. */
static size_t pack_event(Trundle__V1__TruthEvent *e, uint8_t *out)
{
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;

    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_EVENT;
    truth.event = e;
    return trundle__v1__truth__pack(&truth, out);
}

static void truth_is_read(void **state)
{
    struct judge_truth truth = { .e_g = 5 };
    struct trundle_error err = { 0 };
    Trundle__V1__TruthEvent e = TRUNDLE__V1__TRUTH_EVENT__INIT;
    Trundle__V1__TruthBasket basket = TRUNDLE__V1__TRUTH_BASKET__INIT;
    Trundle__V1__TruthScenario scenario = TRUNDLE__V1__TRUTH_SCENARIO__INIT;
    Trundle__V1__TruthItem item = TRUNDLE__V1__TRUTH_ITEM__INIT, *items[] = { &item };
    Trundle__V1__Truth t = TRUNDLE__V1__TRUTH__INIT;
    char still[] = "still", *slices[] = { still };
    uint8_t bytes[512];

    (void)state;
    e.kind = TRUNDLE_EVENT_TAKE;
    e.product = MILK.key;
    e.count = 1;
    e.mass_g = -200;
    e.t_cross_ns = S_NS(5);
    support_ok(judge_truth_add(&truth, bytes, pack_event(&e, bytes), &err), &err);
    e.kind = TRUNDLE_EVENT_PUT;
    e.t_release_ns = S_NS(3);
    e.count = 2;
    e.n_slices = 1;
    e.slices = slices;
    support_ok(judge_truth_add(&truth, bytes, pack_event(&e, bytes), &err), &err);
    assert_int_equal(judge_truth_finish(&truth, &err), TRUNDLE_NOT_FOUND);
    item.product = MILK.key;
    item.price_cents = 99;
    basket.n_items = 1;
    basket.items = items;
    t.what_case = TRUNDLE__V1__TRUTH__WHAT_BASKET;
    t.basket = &basket;
    support_ok(judge_truth_add(&truth, bytes, trundle__v1__truth__pack(&t, bytes), &err), &err);
    support_ok(judge_truth_finish(&truth, &err), &err);
    assert_int_equal(truth.events_n, 3);
    assert_true(truth.event[0].kind == PUT && truth.event[1].kind == PUT && truth.event[2].kind == TAKE);
    assert_true(truth.event[0].t_ns == S_NS(3) && truth.event[2].t_ns == S_NS(5));
    assert_string_equal(truth.slice[0], "still");
    assert_int_equal(truth.event[0].slices, 1);
    assert_int_equal(truth.items_n, 1);
    assert_int_equal(truth.item[0].cents, 99);
    assert_int_equal(judge_truth_add(&truth, bytes, trundle__v1__truth__pack(&t, bytes), &err), TRUNDLE_BAD_INPUT);
    e.kind = 9;
    assert_int_equal(judge_truth_add(&truth, bytes, pack_event(&e, bytes), &err), TRUNDLE_BAD_INPUT);
    e.kind = PUT;
    e.mass_g = (double)NAN;
    assert_int_equal(judge_truth_add(&truth, bytes, pack_event(&e, bytes), &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(judge_truth_add(&truth, "\xff\xff", 2, &err), TRUNDLE_BAD_INPUT);
    e.mass_g = 200;
    e.t_release_ns = INT64_MIN;            /* times whose differences would overflow */
    assert_int_equal(judge_truth_add(&truth, bytes, pack_event(&e, bytes), &err), TRUNDLE_BAD_INPUT);
    e.t_release_ns = S_NS(3);
    e.t_settle_ns = INT64_MAX;
    assert_int_equal(judge_truth_add(&truth, bytes, pack_event(&e, bytes), &err), TRUNDLE_BAD_INPUT);
    scenario.name = still;
    scenario.t0_ns = INT64_MAX;
    scenario.t1_ns = INT64_MIN;
    t.what_case = TRUNDLE__V1__TRUTH__WHAT_SCENARIO;
    t.scenario = &scenario;
    assert_int_equal(judge_truth_add(&truth, bytes, trundle__v1__truth__pack(&t, bytes), &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "time"));
    judge_truth_done(&truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perfect_is_perfect), cmocka_unit_test(a_dropped_detection_costs_recall), cmocka_unit_test(an_added_detection_costs_precision),
        cmocka_unit_test(a_shifted_time_is_no_match), cmocka_unit_test(a_swapped_product_is_no_match_but_a_detection), cmocka_unit_test(a_put_is_no_take),
        cmocka_unit_test(a_weight_off_by_three_e_is_wrong), cmocka_unit_test(a_counted_item_is_no_lot), cmocka_unit_test(money_and_errors_by_hand),
        cmocka_unit_test(sizes_have_their_classes), cmocka_unit_test(asks_and_auto_rate), cmocka_unit_test(false_removals_are_of_things_inside),
        cmocka_unit_test(slices_hold_their_events), cmocka_unit_test(shuffled_products_pull_the_scores_down),
        cmocka_unit_test(the_last_state_of_a_line_counts), cmocka_unit_test(takes_are_events), cmocka_unit_test(a_take_can_be_undone),
        cmocka_unit_test(taken_and_put_again), cmocka_unit_test(questions_are_counted_and_belong_to_events),
        cmocka_unit_test(impossible_decisions_are_refused), cmocka_unit_test(truth_is_read) };

    return support_run(tests);
}
