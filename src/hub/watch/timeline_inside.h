/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Inside timeline: for timeline.c and timeline_truth.c. */
#pragma once

#include "base/catalog/catalog.h"
#include "hub/watch/timeline.h"

#include <trundle/message.h>

struct timeline_truth;                     /* the judge's view of the trip while it is read */

TRUNDLE_MUST_USE enum trundle_status timeline_truth_new(int64_t start_wall_ns, double e_g, struct timeline_truth **out, struct trundle_error *err);
void timeline_truth_free(struct timeline_truth *t);
/* A /truth payload; what cannot be read is not shown. */
void timeline_truth_add(struct timeline_truth *t, const uint8_t *bytes, size_t n);
void timeline_truth_decision(struct timeline_truth *t, const struct trundle_decision *d);
/* Fills "truth" and "errors" of root, and names of products. Without truth both are null. */
TRUNDLE_MUST_USE enum trundle_status timeline_truth_print(struct timeline_truth *t, const struct catalog *catalog, json_t *root, struct trundle_error *err);

/* "gtin:..." as JSON, its name noted under "names". NULL: no memory. */
json_t *timeline_product(json_t *root, const struct catalog *catalog, struct trundle_product product);
const char *timeline_event_kind(enum trundle_event_kind kind);
