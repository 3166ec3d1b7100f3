/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/compare - two nets on the same samples: who is right where the other is wrong.
 *
 *     struct compare c;
 *     TRY(compare_graphs(fp32, int8, &source, 10000, &(struct compare_options){ .batch = 32 }, &c, err));
 *     printf("drop %.2f points, at most %.2f\n", 100 * compare_drop(&c), 100 * compare_drop_most(&c));
 *
 * Both have one input of the same size and a first output [N, classes]; the answer is the index of its largest element, the first of equals.
 */
#pragma once

#include "base/net/graph.h"
#include "lab/train/source.h"

struct compare_options {
    int batch, threads;            /* 0: 32, 1 */
    void (*progress)(void *user, size_t done, size_t total);
    void *user;
};

struct compare {
    uint64_t n, right_a, right_b, only_a, only_b;      /* only_a: a is right and b is not */
    uint64_t same;                 /* equal answers, right or wrong */
    double   difference;           /* root mean square of b - a over that of a, first outputs */
};

/* `b` may be NULL: only a is judged, and b counts as a. Samples 0 .. n - 1 of the source; labels are needed. UNSUPPORTED: outputs that do not fit. */
TRUNDLE_MUST_USE enum trundle_status compare_graphs(const struct net_graph *a, const struct net_graph *b, const struct source *source, uint64_t n,
                                                    const struct compare_options *options, struct compare *out, struct trundle_error *err);
/* Accuracy of a less that of b, as shares; and its upper end of the 95 % interval, from the paired outcomes: the variance of a difference that is 1, 0 or -1. */
double compare_drop(const struct compare *c);
double compare_drop_most(const struct compare *c);
