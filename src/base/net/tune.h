/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/tune - which kernel is fastest for each node here, measured; and the plan that remembers it, as JSON in a model's manifest:
 *
 *     {"version": 1, "isa": "avx2 avx512 vnni", "kernels": {"stem": "conv.winograd4.avx512", ...}}
 *
 * Only nodes whose choice is not the default stand in it. A plan is checked when it is used: a kernel that is unknown, lacks its
 * instructions, or does not fit is an error, never a silent other choice, for it may change bits (kernel.h).
 */
#pragma once

#include "base/net/plan.h"
#include "base/std/bytes.h"

struct net_tune_options {
    int batch, threads;
    bool exact_only;               /* choose among kernels with the reference's bits */
    double seconds;                /* for the whole graph; 0: 5 */
    int64_t (*clock)(void);
    void (*progress)(void *argument, int done, int total);       /* may be NULL */
    void *argument;
};

struct net_tuned {
    int node;                      /* of net_plan_graph */
    const char *before, *after;    /* kernels */
    double before_us, after_us;    /* fastest of several runs of the node alone */
};

/* Measures every kernel that fits on every node and writes the plan. out_tuned[] (owned, free()) has a row for each node that has a
 * choice; NULL when not wanted. */
TRUNDLE_MUST_USE enum trundle_status net_tune(const struct net_graph *g, const struct net_tune_options *options, struct bytes *out_json, struct net_tuned **out_tuned,
                                              int *out_tuned_n, struct trundle_error *err);

/* A plan's text as choices. The list and its texts are one block, owned by the caller: free(*out). */
TRUNDLE_MUST_USE enum trundle_status net_choices_parse(const char *json, size_t n, const char *where, struct net_choice **out, int *out_n, struct trundle_error *err);
