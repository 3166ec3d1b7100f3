/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * fuse/params - the priors and the cost table, each one JSON file of the model directory (fuse.json, costs.json), each field
 * documented by effect and unit here and nowhere else. Unknown and missing fields are refused by name.
 */
#pragma once

#include "base/std/status.h"

#include <stddef.h>
#include <stdint.h>

/* X(field, least, most, effect and unit) */
#define FUSE_PRIOR_FIELDS(X)                                                                                         \
    X(put, 1e-6, 1, "probability that something that stirred a sense was a put")                                     \
    X(take, 1e-6, 1, "... a take")                                                                                   \
    X(move, 1e-6, 1, "... a move inside the basket")                                                                 \
    X(nothing, 1e-6, 1, "... nothing: a bump, a hand alone")                                                         \
    X(twice, 1e-9, 1, "share of puts that are two of one product at once")                                           \
    X(pair, 1e-9, 1, "share of puts that are two products at once")                                                  \
    X(pair_coded, 1e-9, 1, "... when codes of both are free")                                                        \
    X(returns, 1e-9, 1, "probability that an item that was lifted is put down again: it was moved")                  \
    X(unknown, 1e-9, 1, "share of puts of a product that the catalog does not hold")                                 \
    X(scanned, 1e-6, 1, "probability that a put with a free code near it is of that code's product")                 \
    X(code_late, 1e-6, 1, "share of scans that come after the put")                                                  \
    X(code_unused, 1e-9, 1, "probability that a scanned item is not put in")                                         \
    X(code_alone_s, 0.1, 60, "a code that nothing near it explains is taken for an item that no sense felt after this long, s")   \
    X(code_put_s, 0, 10, "... and that item was put in this long after the code was read, s")                         \
    X(code_before_s, 0.1, 60, "a code reaches forward to puts this many seconds later")                              \
    X(code_after_s, 0.1, 60, "a code reaches back to puts this many seconds earlier")                                \
    X(zone, 0, 1, "share of unscanned puts that come from the planogram zone where the cart stands")                 \
    X(mass_wild, 1e-9, 0.5, "share of items whose mass is not what the catalog says")                                \
    X(mass_floor_g, 0, 100, "sd added to every weight step, g: what the step's own sd does not know of")             \
    X(mass_unknown_sd, 0.001, 1, "relative sd of an item whose catalog row has a mass and no sd")                    \
    X(miss_g, 0.1, 500, "mass of which half the steps are missed by the scale, g")                                   \
    X(miss_sd_g, 0.1, 500, "softness of that, g")                                                                    \
    X(miss_wild, 1e-9, 0.9, "share of steps of scanned items that the scale misses whatever their mass: a bump or a push hid them") \
    X(see_weight, 0, 2, "what one camera's product llr is worth; below 1 because errors of cameras are shared")      \
    X(see_limit, 0.1, 50, "largest product llr of one camera taken at face value, nats")                             \
    X(see_wild, 1e-6, 0.9, "share of sightings that say nothing about the product")                                  \
    X(see_split, 1e-6, 1, "probability that one thing that was put is seen as two regions")                          \
    X(see_slack_s, 0, 10, "how far apart in time a sighting and a weight step may be and still be one event, s")     \
    X(see_wait_s, 0, 10, "how long a camera may take after a step has settled, s")                                   \
    X(take_after_s, 0, 10, "a line goes this long after its item was lifted: it may only be moved, s")               \
    X(move_s, 0.05, 30, "how long an item that is moved inside stays in the hand, mean, s")                          \
    X(ask_after_s, 0, 30, "no question before this time after a step: a scan often follows, s")                      \
    X(answer_right, 0.5, 1, "probability that a touch says what is so")                                              \
    X(window_s, 1, 120, "how long an event may still change, s")

#define FUSE_COST_FIELDS(X)                                                                                          \
    X(missing, 0, 1000, "an item inside that is not on the list")                                                    \
    X(phantom, 0, 1000, "an item on the list that is not inside")                                                    \
    X(wrong, 0, 1000, "an item on the list as another product")                                                      \
    X(false_removal, 0, 1000, "an item taken off the list that is still inside")                                     \
    X(ask, 0, 1000, "a question with pictures")                                                                      \
    X(rescan, 0, 1000, "please scan this one")                                                                       \
    X(change, 0, 1000, "a line that changes after it was shown")                                                     \
    X(wait, 0, 1000, "expected cost up to which a line is shown without waiting for the cameras")                    \
    X(answered, 0, 1, "share of questions that get an answer")                                                       \
    X(audit_cents, 0, 1e9, "value that a look at the trip costs, in cents")

struct fuse_params {
#define X(field, least, most, text) double field;
    struct { FUSE_PRIOR_FIELDS(X) } prior;
    struct { FUSE_COST_FIELDS(X) } cost;
#undef X
};

/* n 0 takes the built-in table of that half. */
TRUNDLE_MUST_USE enum trundle_status fuse_params_parse(const void *fuse_json, size_t fuse_n, const void *costs_json, size_t costs_n,
                                                       struct fuse_params *out, struct trundle_error *err);
