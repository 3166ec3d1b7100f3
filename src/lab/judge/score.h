/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/score - one trip's truth against one list of predicted events and one predicted basket: the sums behind every figure.
 *
 *     struct judge_truth truth = { 0 };
 *     struct judge_ledger *ledger;
 *     TRY(judge_truth_add(&truth, bytes, n, err));              // every truth message of the trip
 *     TRY(judge_truth_finish(&truth, err));
 *     TRY(judge_ledger_add(ledger, &decision, err));            // every decision of the trip
 *     TRY(judge_ledger_read(ledger, &prediction, err));
 *     TRY(judge_score(&truth, &prediction, catalog, &tally, slices, err));
 *
 * Definitions: docs/evaluation.md. Every figure but the latencies is scale * sum(num) / sum(den) over trips (a count:
 * sum(num); a loss less what rationed audits find), so that trips pool, and resample, by adding. No I/O and no clock here.
 * Memory: truth, prediction and tally own their lists; *_done frees them and takes a zeroed one. One thread at a time.
 */
#pragma once

#include "base/catalog/catalog.h"

#include <trundle/message.h>

enum {
    JUDGE_EVENTS_MAX = 2000,       /* single items put or taken in one trip; truth or prediction */
    JUDGE_SLICES_MAX = 64,         /* slice names in one trip */
    JUDGE_SCENARIOS_MAX = 16,      /* shrink scenarios and twins in one trip */
    JUDGE_SCENARIO_REFS = 16,      /* events, and items, of one */
    JUDGE_SLICE_NAME = 32,
    JUDGE_STORE = 128
};

#define JUDGE_MATCH_NS INT64_C(1000000000)

#define JUDGE_ASK_S    2.5             /* what a question costs the shopper: the time the judge's one takes to answer */
#define JUDGE_RESCAN_S 5.0             /* what finding an item again and scanning it costs */
#define JUDGE_AUDITS_MOST 0.03         /* share of trips that staff can look through */
#define JUDGE_PROMPT_P    0.5          /* chance that a re-scan prompt recovers what was not paid; an audit always does */

/* K(key, scale, kind, by, better, margin, least). Ratio, share: scale * num / den. Count: num. Quantiles are of the tally's latencies.
 * by: what a slice counts: its events; its trips, whole; in slices of a scenario that scenario, in others those of its trips.
 * better: 1 more, -1 less. margin: the difference that counts (of a count: a trip). least: n below which there is no figure. */
#define JUDGE_KEYS(K)                                        \
    K(event_precision, 1, SHARE, EVENT, 1, 0.01, 0)          \
    K(event_recall, 1, SHARE, EVENT, 1, 0.01, 0)             \
    K(event_f1, 1, SHARE, EVENT, 1, 0.01, 0)                 \
    K(detection_f1, 1, SHARE, EVENT, 1, 0.01, 0)             \
    K(time_error_s, 1, RATIO, EVENT, -1, 0.05, 0)            \
    K(errors_per_100, 100, RATIO, TRIP, -1, 1, 0)            \
    K(line_accuracy, 1, SHARE, TRIP, 1, 0.01, 0)             \
    K(basket_accuracy, 1, SHARE, TRIP, 1, 0.01, 0)           \
    K(basket_accuracy_1_4, 1, SHARE, TRIP, 1, 0.01, 0)       \
    K(basket_accuracy_5_9, 1, SHARE, TRIP, 1, 0.01, 0)       \
    K(basket_accuracy_10_15, 1, SHARE, TRIP, 1, 0.01, 0)     \
    K(basket_accuracy_16_up, 1, SHARE, TRIP, 1, 0.01, 0)     \
    K(undercharge_bp, 10000, RATIO, TRIP, -1, 10, 0)         \
    K(overcharge_bp, 10000, RATIO, TRIP, -1, 10, 0)          \
    K(undercharge_cents, 1, RATIO, TRIP, -1, 5, 0)           \
    K(overcharge_cents, 1, RATIO, TRIP, -1, 5, 0)            \
    K(cents_per_error, 1, RATIO, TRIP, -1, 10, 0)            \
    K(asks_per_100, 100, RATIO, TRIP, -1, 1, 0)              \
    K(auto_rate, 1, SHARE, EVENT, 1, 0.01, 0)                \
    K(false_removals, 1, COUNT, TRIP, -1, 0.01, 0)           \
    K(trip_s_per_item, 1, RATIO, TRIP, -1, 0.5, 0)           \
    K(ask_s_per_item, 1, RATIO, TRIP, -1, 0.1, 0)            \
    K(scenario_recall, 1, SHARE, SCENARIO, 1, 0.01, 100)     \
    K(scenario_stopped, 1, SHARE, SCENARIO, 1, 0.01, 100)    \
    K(false_alarms_per_100, 100, RATIO, TRIP, -1, 1, 0)      \
    K(twin_alarms_per_100, 100, RATIO, SCENARIO, -1, 1, 100) \
    K(loss_left_pct, 100, LOSS, SCENARIO, -1, 1, 0)          \
    K(loss_left_bp, 10000, LOSS, SCENARIO, -1, 10, 0)        \
    K(line_latency_log_s, 1, MEDIAN, EVENT, -1, 0.1, 0)      \
    K(line_latency_log_p90_s, 1, P90, EVENT, -1, 0.1, 64)    \
    K(line_latency_log_p99_s, 1, P99, EVENT, -1, 0.1, 662)

#define JUDGE_KEY_ENUM(name, scale, kind, by, better, margin, least) JUDGE_##name,
enum judge_key { JUDGE_KEYS(JUDGE_KEY_ENUM) JUDGE_KEY_COUNT };
#undef JUDGE_KEY_ENUM

enum judge_kind { JUDGE_RATIO, JUDGE_SHARE, JUDGE_COUNT, JUDGE_LOSS, JUDGE_MEDIAN, JUDGE_P90, JUDGE_P99 };
enum judge_by { JUDGE_BY_EVENT, JUDGE_BY_TRIP, JUDGE_BY_SCENARIO };
struct judge_key_row { const char *name; double scale; enum judge_kind kind; enum judge_by by; int better; double margin; uint64_t least; };
extern const struct judge_key_row judge_key_rows[JUDGE_KEY_COUNT];
/* By name; JUDGE_KEY_COUNT when there is none. */
enum judge_key judge_key_find(const char *name);

/* One put or take of one item; what a count of n stands for is n of these. */
struct judge_event {
    enum trundle_event_kind kind;          /* PUT or TAKE */
    struct trundle_product product;
    int64_t  t_ns;                         /* of a put the release, of a take the crossing */
    bool     by_weight;
    double   weight_g;                     /* by weight; else 0 */
    /* truth only */
    int64_t  settle_ns;                    /* of a put; 0 not known */
    bool     scanned;
    uint32_t id, item;                     /* in the truth; 0 not known */
    uint64_t slices;                       /* bits into judge_truth.slice */
    /* prediction only */
    int64_t  shown_ns;                     /* log time from which the line showed this product; INT64_MIN not known */
    bool     asked;                        /* a question or re-scan prompt was about it */
    float    p;                            /* what the cart gave for it, puts only; NAN not known */
};

/* One item in the basket at the end; one weighed lot. */
struct judge_item {
    struct trundle_product product;
    bool    by_weight;
    double  weight_g;
    int64_t cents;                         /* what it is worth, or was charged; -1 not known */
};

/* A shrink scenario that was played, or its honest twin. */
struct judge_scenario {
    bool     twin;
    int64_t  t0_ns, t1_ns;
    uint32_t event[JUDGE_SCENARIO_REFS], item[JUDGE_SCENARIO_REFS];    /* ids of what a flag should point at */
    size_t   events_n, items_n;
    int64_t  value_cents;                  /* what walks out unpaid when nobody notices */
    uint64_t slice;                        /* its own slice, a bit */
};

struct judge_truth {
    int64_t seed;                          /* names the trip and seeds the judge's shopper */
    char    store[JUDGE_STORE];            /* the cluster for intervals */
    int64_t start_wall_ns;                 /* for prices */
    int64_t end_ns;                        /* how long the trip was; 0 not known */
    double  e_g;                           /* scale interval of the cart; > 0 */
    struct judge_event *event;             /* owned; in time order after judge_truth_finish */
    size_t  events_n, events_room;
    struct judge_item *item;               /* owned */
    size_t  items_n, items_room;
    char    slice[JUDGE_SLICES_MAX][JUDGE_SLICE_NAME];
    size_t  slices_n;
    uint64_t trip_slices;                  /* of scenarios, twins and faults: hold for every event of the trip */
    struct judge_scenario scenario[JUDGE_SCENARIOS_MAX];
    size_t  scenarios_n;
    bool    has_basket;                    /* a TruthBasket was seen */
};

/* Within 36 years: of truth and decisions nothing later is taken, so that differences do not overflow. */
bool judge_is_time(int64_t t_ns);
/* Takes one message of the /truth channel (protobuf trundle.v1.Truth). A scenario makes the slice shrink_NAME or
 * twin_NAME, a fault fault_NAME. Moves, causes and frames are not scored and pass.
 * BAD_INPUT: not a Truth, an impossible kind, time, count or mass; TOO_LARGE: over the limits above. */
TRUNDLE_MUST_USE enum trundle_status judge_truth_add(struct judge_truth *truth, const void *bytes, size_t n, struct trundle_error *err);
/* Sorts. NOT_FOUND: the trip holds no truth, or no final basket. */
TRUNDLE_MUST_USE enum trundle_status judge_truth_finish(struct judge_truth *truth, struct trundle_error *err);
void judge_truth_done(struct judge_truth *truth);
/* For qsort: by time, puts before takes, then by product and weight. */
int judge_event_order(const void *a, const void *b);

/* An item went off the predicted basket at t; `left` items (or lots) of its product stayed. */
struct judge_removal { struct trundle_product product; int64_t t_ns; size_t removed, left; };

/* A re-scan prompt, or a mark for staff to look. */
struct judge_flag {
    bool    audit;
    bool    whole_trip;                    /* of an audit that names no event */
    int64_t t_ns, t_event_ns;
};

struct judge_prediction {
    struct judge_event *event;             /* owned */
    size_t events_n;
    struct judge_item *item;               /* owned */
    size_t items_n;
    struct judge_removal *removal;         /* owned */
    size_t removals_n;
    struct judge_flag *flag;               /* owned; those before the till confirmed */
    size_t flags_n;
    size_t asks, rescans;                  /* ASK and RESCAN decisions; RESCAN ones of them */
    bool   has_decisions;                  /* false: asks, flags, auto rate and latency cannot be known (a submission) */
};
void judge_prediction_done(struct judge_prediction *prediction);

/* From decisions to events. The last state of a line counts. A REMOVE, or a CHANGE to a smaller count, with event_kind TAKE is
 * a take; any other REMOVE undoes the put that made the line. An ADD for the event of a taken line undoes that take. */
struct judge_ledger;
TRUNDLE_MUST_USE enum trundle_status judge_ledger_new(struct judge_ledger **out, struct trundle_error *err);
/* BAD_INPUT: a count or time out of range, a change of a line that is not there. TOO_LARGE: over JUDGE_EVENTS_MAX items. */
TRUNDLE_MUST_USE enum trundle_status judge_ledger_add(struct judge_ledger *ledger, const struct trundle_decision *decision, struct trundle_error *err);
/* The caller owns *out. */
TRUNDLE_MUST_USE enum trundle_status judge_ledger_read(const struct judge_ledger *ledger, struct judge_prediction *out, struct trundle_error *err);
void judge_ledger_free(struct judge_ledger *ledger);

/* From a list of events (a submission) to a prediction: fills items and removals from prediction->event. */
TRUNDLE_MUST_USE enum trundle_status judge_prediction_settle(struct judge_prediction *prediction, struct trundle_error *err);

/* One-to-one matching of n_a with n_b things, at most one pair per thing: most pairs, then least total cost.
 * `cost` returns false when i and j may not be paired, else sets *out_cost >= 0. out_of_a[i] is the partner of i, or SIZE_MAX.
 * Successive shortest augmenting paths (Ahuja, Magnanti, Orlin, Network Flows, section 9.7). NO_MEMORY. */
typedef bool judge_cost_fn(const void *user, size_t i, size_t j, int64_t *out_cost);
TRUNDLE_MUST_USE enum trundle_status judge_match(size_t n_a, size_t n_b, judge_cost_fn *cost, const void *user, size_t *out_of_a);

/* May true event t be predicted event q? Without `any_product` products must be the same too. True sets *out_cost, the time between them. */
bool judge_event_fits(const struct judge_truth *truth, const struct judge_event *t, const struct judge_event *q, bool any_product, int64_t *out_cost);

struct judge_sum { double num, den; uint64_t n; };
struct judge_tally {
    struct judge_sum key[JUDGE_KEY_COUNT];
    struct judge_sum audit;                /* of one trip: cents that an audit would still recover, 1 when it is marked for one, 1 */
    double *latency_s;                     /* owned */
    size_t  latencies_n;
};
void judge_tally_done(struct judge_tally *tally);

/* Scores. `catalog` prices what the truth does not hold; NULL: by the prediction's own cents, else nothing. out_slices has room
 * for truth->slices_n tallies, in the order of truth->slice, or is NULL. The caller owns what the tallies hold. */
TRUNDLE_MUST_USE enum trundle_status judge_score(const struct judge_truth *truth, const struct judge_prediction *prediction,
                                                 const struct catalog *catalog, struct judge_tally *out, struct judge_tally *out_slices,
                                                 struct trundle_error *err);
