/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture/policy - what a cart keeps and sends: triggers, the seconds around them, budgets, the share of the line.
 *
 *     struct capture_policy policy;
 *     TRY(policy_parse(bytes, n, "policy.json", &policy, err));
 *
 * JSON, as the hub sends it; every field may be absent, then it has the default:
 *
 *     {"triggers": [{"name": "unsure", "when": "decision and p < 0.8", "purpose": "improve", "keep_days": 90, "worth": 3}],
 *      "before_s": 6, "after_s": 3, "longest_s": 20, "rest_s": 8, "bytes_per_day": 200000000, "store_bytes": 2000000000,
 *      "link_bps": 10000000, "carts": 50, "unchecked_cameras": false}
 *
 * Share of the line: a cart sends at most link_bps / carts bit/s, so that a store whose carts all send at once fills the
 * line and no more. A plain value.
 */
#pragma once

#include "base/std/bytes.h"
#include "cart/capture/trigger.h"

enum { POLICY_TRIGGERS = 16, POLICY_NAME = 41 };

struct policy_trigger {
    char   name[POLICY_NAME];              /* as all names of docs/hub.md */
    char   purpose[POLICY_NAME];           /* why it may be kept: improve, audit, measure... */
    int    keep_days;                      /* 1..3650: the hub deletes it after */
    double worth;                          /* of a clip of this trigger, 0..1000; see clip_worth */
    struct trigger when;
};

struct capture_policy {
    size_t  triggers_n;
    struct policy_trigger trigger[POLICY_TRIGGERS];
    double  before_s, after_s;             /* 0..60 around the moment */
    double  longest_s;                     /* of a clip that further moments make longer; at least before_s + after_s, up to 120 */
    double  rest_s;                        /* a trigger that fired rests so long for beliefs of the same event */
    int64_t bytes_per_day;                 /* of clips that are kept to be sent, a UTC day */
    int64_t store_bytes;                   /* of clips that wait on the cart */
    int64_t link_bps;                      /* of the store's line, and how many carts share it */
    int64_t carts;
    bool    unchecked_cameras;             /* clips may hold pictures of cameras that cannot be checked for having moved (capture/still.h) */
};

/* The defaults, triggers included. */
void policy_default(struct capture_policy *out);
/* BAD_INPUT names the field, and in a trigger the column. */
TRUNDLE_MUST_USE enum trundle_status policy_parse(const void *bytes, size_t n, const char *where, struct capture_policy *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status policy_print(const struct capture_policy *policy, struct bytes *out);
/* link_bps / carts. */
int64_t policy_share_bps(const struct capture_policy *policy);
