/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/plan - a graph made ready to run: kernels chosen, weights packed, every tensor given its place in one block of memory.
 *
 *     struct net_plan *plan = NULL;
 *     TRY(net_plan_new(graph, &(struct net_plan_options){ .batch = 1, .threads = 1 }, &plan, err));
 *     memcpy(net_plan_input(plan, 0), picture, bytes);
 *     TRY(net_plan_run(plan, err));                       // no heap call
 *     use(net_plan_output(plan, 0));
 *     net_plan_free(plan);
 *
 * Lifetime: the plan borrows the graph (whose constants the kernels read), the scratch and the engines.
 * Threads: one at a time for a plan, and for all plans that share a scratch. Plans of one graph are independent else.
 */
#pragma once

#include "base/net/engine.h"
#include "base/net/kernel.h"

/* Memory for what lives only during a run. Nets that run one after the other may share one: it has the size of the largest. */
struct net_scratch;
struct net_scratch *net_scratch_new(void);           /* NULL: no memory */
void   net_scratch_free(struct net_scratch *s);      /* after its plans; takes NULL */
size_t net_scratch_bytes(const struct net_scratch *s);

struct net_plan;

struct net_choice {                                  /* "this node by this kernel", from a tuned manifest (tune.h) */
    const char *node, *kernel;
};

struct net_plan_options {
    int batch;                                       /* 1..65536; 0: 1 */
    int threads;                                     /* 1..64; 0: 1 */
    unsigned isa;                                    /* NET_ISA_* that may be used; 0: net_isa_here(). NET_ISA_REF: only references */
    struct net_scratch *scratch;                     /* NULL: the plan has its own */
    const struct net_choice *choice;                 /* borrowed for the call */
    int choices_n;
    const struct net_engine *const *engine;          /* in order of preference; what none takes our kernels run */
    int engines_n;
    bool keep_all;                                   /* no memory is used twice: every tensor can be read after a run */
    int64_t (*clock)(void);                          /* ns; when given, net_plan_node_ns tells where the time went */
};
enum { NET_ISA_REF = 1 << 30 };

/* UNSUPPORTED: a chosen kernel is unknown, lacks its instructions here, or does not fit its node (named);
 * BAD_INPUT: the graph (net_graph_infer); NO_MEMORY; what an engine's compile says. */
TRUNDLE_MUST_USE enum trundle_status net_plan_new(const struct net_graph *g, const struct net_plan_options *options, struct net_plan **out, struct trundle_error *err);
void net_plan_free(struct net_plan *p);              /* takes NULL */

/* The graph with the shapes of this batch; borrowed. */
const struct net_graph *net_plan_graph(const struct net_plan *p);
/* Where to write input i before a run: dense, in the tensor's type. */
void *net_plan_input(struct net_plan *p, int i);
/* Output i, valid until the next run of this plan. */
const void *net_plan_output(const struct net_plan *p, int i);
/* Any tensor after a run: constants, inputs, outputs; with keep_all everything our kernels made. NULL: it is gone or was never here. */
const void *net_plan_tensor(const struct net_plan *p, int tensor);

/* Only an engine can fail. */
TRUNDLE_MUST_USE enum trundle_status net_plan_run(struct net_plan *p, struct trundle_error *err);

/* Who runs a node: a kernel's name, an engine's name, or "-" for what costs nothing (a reshape). */
const char *net_plan_node_by(const struct net_plan *p, int node);
int64_t net_plan_node_ns(const struct net_plan *p, int node);    /* of the last run; a stretch's time stands at its first node */
size_t net_plan_packed_bytes(const struct net_plan *p);          /* weights as the kernels want them */
size_t net_plan_arena_bytes(const struct net_plan *p);           /* of the scratch that this plan needs */
