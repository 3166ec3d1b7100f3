/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/dnnl_inside - what the two halves of the oneDNN engine share: dnnl_make.c makes one primitive of a node, dnnl.c
 * strings primitives together and gives them memory.
 */
#pragma once

#include "base/net/engine.h"
#include "base/net/engine/dnnl_shim.h"

enum dnnl_format { DNNL_PLAIN, DNNL_ANY, DNNL_BLOCKED };

struct dnnl_mode {
    enum dnnl_format format;
    bool winograd;
    int  block;                    /* 16 or 8 */
    bool vnni;                     /* false: oneDNN adds pairs of products in 16 bits, which only weights of 7 bits survive */
};

/* What a node becomes. Descriptors are what the primitive wants; owned. */
struct dnnl_made {
    dnnl_primitive_desc_t pd;
    int    in_n;                   /* tensors of the graph that are read, as src[] */
    int    in[NET_IN_MAX];
    int    which[NET_IN_MAX];      /* DNNL_ARG_... */
    shim_md src[NET_IN_MAX], dst;
    int    residual;               /* tensor that must lie in dst before; -1: none */
    int    constants_n;
    struct { int which; shim_md md; void *data; } constant[8];      /* 64-byte aligned, owned */
};

dnnl_engine_t dnnl_here(void);     /* the one CPU engine; NULL: none */

/* The descriptor of a tensor as it lies in our memory. */
bool dnnl_plain(const struct net_tensor *t, shim_md *out);
dnnl_data_type_t dnnl_type_of(enum net_type type);

/* Makes the primitive descriptor of a node. `with_constants`: also its packed weights. False: oneDNN has nothing fit for it. */
bool dnnl_make(const struct net_graph *g, const struct net_node *node, const struct dnnl_mode *mode, bool with_constants, struct dnnl_made *out);
void dnnl_made_done(struct dnnl_made *m);

/* Runs a reorder at once. */
bool dnnl_reorder_now(const shim_md *from, const void *data, const shim_md *to, void *out);
