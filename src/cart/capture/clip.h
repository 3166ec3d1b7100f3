/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture/clip - which seconds of a trip are worth keeping, and which of the clips go when there are too many bytes.
 *
 *     clip_watch_init(&w, &policy, "20260601t0915-17");
 *     clip_watch(&w, &m);                                       // every message of the trip, in order
 *     while (clip_due(&w, now_ns, &want) == TRUNDLE_OK)         // its last second has passed
 *         cut(want.t0_ns, want.t1_ns);
 *
 * A moment for which a trigger fires wants [t - before, t + after]. Moments whose spans touch are one clip of at most
 * longest_s, named after its worthiest moment, so no second is kept twice.
 *
 * Worth of a clip: w (0.5 + d) / (1 + k / 8), where w is the trigger's worth, d = 1 - p the doubt of the decision (0.5 where
 * p is not known), and k the clips of the same trigger that were kept on that day before it: the tenth look at the same
 * thing teaches less than the first. Over a budget the least worth go first, of equal ones the older.
 *
 * Plain values; nothing allocates. One thread at a time per value.
 */
#pragma once

#include "cart/capture/policy.h"

#include <trundle/message.h>

enum { CLIP_OPEN = 8, CLIP_RECENT = 32, CLIP_TRIP = 41 };

/* What is to be cut out. */
struct clip_want {
    int64_t  t0_ns, t1_ns;                 /* log time, both inclusive */
    int64_t  t_ns;                         /* the moment it is named after */
    uint32_t decision;                     /* its id; of a belief 0 */
    uint32_t event;
    double   p;                            /* NAN: not known */
    size_t   trigger;                      /* in policy.trigger */
    uint32_t moments;                      /* how many it holds */
};

struct clip_watch {
    const struct capture_policy *policy;   /* borrowed */
    char     trip[CLIP_TRIP];
    uint64_t trip_hash;
    struct clip_want open[CLIP_OPEN];      /* in time order */
    size_t   open_n;
    int64_t  taken_ns;                     /* up to here seconds are in clips that were handed out */
    struct { int64_t t_ns; uint32_t event; uint8_t trigger; bool used; } rest[CLIP_RECENT];
    size_t   rest_next;
    /* what the facts are made of */
    int64_t  code_ns, motion_ns, fault_ns; /* when there was the last one */
    int64_t  corrected_ns;                 /* when a touch last said otherwise */
    struct clip_seen { uint32_t id; uint8_t sensor, products_n; struct trundle_likelihood product[TRUNDLE_EVIDENCE_PRODUCTS]; } seen[CLIP_RECENT];
    struct { uint32_t question; struct trundle_product best; } asked[CLIP_RECENT];
    struct { uint32_t event; float second; } belief[CLIP_RECENT];
    size_t   seen_next, asked_next, belief_next;
    uint64_t moments, refused;             /* refused: more clips at once than CLIP_OPEN */
};

void clip_watch_init(struct clip_watch *w, const struct capture_policy *policy, const char *trip);
/* True: a trigger fired. */
bool clip_watch(struct clip_watch *w, const struct trundle_message *m);
/* The oldest clip whose end is before now_ns; INT64_MAX at the end of a trip: all of them. AGAIN: none. */
TRUNDLE_MUST_USE enum trundle_status clip_due(struct clip_watch *w, int64_t now_ns, struct clip_want *out);
/* Whether what the shopper did last contradicts the cart; for the record of a decision. */
bool clip_corrected(const struct clip_watch *w, const struct trundle_decision *d);
/* Only for tests and explanations: the facts of a decision or belief at this point of the trip. */
void clip_facts(const struct clip_watch *w, const struct trundle_message *m, struct trigger_facts *out);

double clip_worth(const struct policy_trigger *trigger, double p, uint32_t kept_today);

/* One clip that is kept, for the budget. */
struct clip_kept {
    int64_t id, day, bytes;                /* the UTC day, since 1970; of ids the smaller is the older */
    double  worth;
    bool    bound, sent;                   /* bound: being sent, or sent: it stays, and counts for its day; sent: no longer on the cart */
};
/* Marks what goes so that no day holds more than bytes_per_day and those not sent hold no more than store_bytes together.
 * `out_drop[i]` is for clip[i]. O(n^2); n is at most some thousands. Returns how many go. */
size_t clip_budget(const struct capture_policy *policy, const struct clip_kept *clip, size_t n, bool *out_drop);
