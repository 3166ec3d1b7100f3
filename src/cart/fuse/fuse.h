/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * fuse - evidence to events and the K most probable baskets, and to the actions of least expected cost.
 *
 *     fuse_evidence(f, &evidence, now_ns);      // or fuse_code, fuse_answer, fuse_place
 *     fuse_run(f, now_ns);
 *     while (fuse_poll(f, &action)) ...
 *
 * What happens in the last `window_ns` is a short list of entries in order of time: events (a weight step with what the
 * cameras saw, or a sighting alone) and codes. A basket hypothesis explains every entry: an event is nothing, a put of one
 * product (once or twice) or of two, or a take of something that is inside; a code belongs to one put, before or after it,
 * or to none. The K best hypotheses are found by folding the entries over the hypotheses that were frozen before them. New
 * evidence for any entry folds the window again, so a late code, a late camera and a late answer need no case of their own.
 *
 * Score of an explanation = ln prior + the llr of each sense (see below) ; units are nats, against "nothing happened".
 *   mass: ln p(m | product) - ln p(m | any), p(m | product) = (1-w) N(mean, sd^2 + step sd^2) + w bg; bg log-uniform
 *   (a mixture keeps one wrong catalog mass from vetoing all else)
 *   sight: per camera the best of its regions, times `see_weight`
 * Action: with q the posterior of an event and C the cost table, show argmin_a sum_x q(x) C(a, x); ask when asking, with the
 * answer rate of the table, costs less in expectation. Waiting for a camera is an action as well, with its own cost.
 *
 * A `struct fuse` is allocated once; no heap call, clock or I/O after. One thread at a time.
 */
#pragma once

#include "base/catalog/catalog.h"
#include "cart/fuse/params.h"

#include <trundle/message.h>

enum {
    FUSE_HYPOTHESES = 48,
    FUSE_ITEMS_MAX  = 160,
    FUSE_LINES_MAX  = 200,
    FUSE_ENTRIES    = 48,
    FUSE_SIGHTS     = 6,
    FUSE_ANSWERS    = 6,
    FUSE_KEYS       = 24,
};

/* What an explanation says, or what is shown: the same type. */
struct fuse_key {
    enum trundle_event_kind kind;      /* NOTHING (MOVE counts as it), PUT, TAKE */
    struct trundle_product a, b;       /* b: a second, different product put at the same time; unknown key 0 when none */
    int32_t  count;                    /* of a: 1 or 2; TAKE 1 */
    uint32_t ref;                      /* TAKE: the event that had put it */
};

struct fuse_belief { struct fuse_key key; float p; uint32_t code_a, code_b; };

enum fuse_action_kind { FUSE_SHOW = 1, FUSE_ASK = 2, FUSE_RESCAN = 3, FUSE_WITHDRAW = 4, FUSE_BELIEF = 5 };

/* One thing to do. SHOW comes with the lines as they should stand now: fuse_lines(). */
struct fuse_action {
    enum fuse_action_kind kind;
    uint32_t event;
    int64_t  t_event_ns;
    struct fuse_key key;               /* what is (now) shown for the event */
    float    p, cost, cost_next;
    float    mass_g, mass_sd_g;
    uint32_t code_sequence;
    uint8_t  evidence_n;
    struct { enum trundle_sense sense; uint8_t sensor; uint32_t id; } evidence[TRUNDLE_DECISION_EVIDENCE];
    uint8_t  options_n;
    struct trundle_alternative options[TRUNDLE_BELIEF_MAX];   /* ASK: up to TRUNDLE_OPTIONS_MAX; BELIEF: all */
    float    basket_p;
};

/* A line as it should be shown. */
struct fuse_line {
    uint32_t event;                    /* of the put; its second product has event + 1 */
    struct trundle_product product;
    int32_t  count;
    double   mass_g;                   /* measured share of this line; NAN not known */
    int64_t  t_ns;
};

struct fuse;

/* The catalog is borrowed. cameras: how many look into the basket (0: no waiting for them). */
TRUNDLE_MUST_USE enum trundle_status fuse_new(const struct catalog *catalog, const struct fuse_params *params, int cameras, struct fuse **out);
void fuse_free(struct fuse *f);

/* FINAL evidence of weigh and see; other stages are ignored. */
void fuse_evidence(struct fuse *f, const struct trundle_evidence *e, int64_t now_ns);
/* A code that was read, or a PLU that was picked (typed). weight_g: from the label, NAN otherwise. */
void fuse_code(struct fuse *f, struct trundle_product product, double weight_g, bool typed, uint32_t sequence, int64_t t_ns);
/* Takes back the last typed code that no event used. */
void fuse_code_cancel(struct fuse *f);
void fuse_place(struct fuse *f, const char *zone);
/* An answer about an event: it was `product`, it was nothing, or it was something other than `product`. */
void fuse_answer(struct fuse *f, uint32_t event, enum trundle_touch_option option, struct trundle_product product, int32_t count);

/* Brings beliefs and actions up to now. */
void fuse_run(struct fuse *f, int64_t now_ns);
bool fuse_poll(struct fuse *f, struct fuse_action *out);
/* The lines that should be shown. */
const struct fuse_line *fuse_lines(const struct fuse *f, size_t *out_n);
/* For guard: how many items are expected to be inside and on no line. */
double fuse_expected_missing(const struct fuse *f);
