/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/infer's inside: one node while it is being checked. infer.c walks the graph, infer_ops.c knows the operators. */
#pragma once

#include "base/net/graph.h"

struct infer {
    struct net_graph        *g;
    struct net_node         *node;
    struct net_attr         *a;
    const struct net_tensor *in[NET_IN_MAX];       /* NULL: absent */
    int                      in_n;
    /* What the operator makes of it. */
    struct net_shape         shape;
    enum net_type            type;
    float                    scale;                /* > 0 of a u8 output */
    int32_t                  zero;
    struct trundle_error    *err;
};

/* The error's where is the node; `hint` says what would work. */
TRUNDLE_PRINTF(4, 5) enum trundle_status infer_fail(const struct infer *f, enum trundle_status status, const char *hint, const char *what, ...);
/* Fills shape, type, scale and zero. */
enum trundle_status infer_node(struct infer *f);
