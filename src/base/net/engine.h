/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine - somebody else who computes a stretch of a graph: oneDNN, ONNX Runtime, XNNPACK, a device. A plan (plan.h) cuts
 * the graph into stretches, each for one engine, moves tensors between their memories, and runs what nobody takes with our own
 * kernels (kernel.h).
 *
 *     engine->takes(g, node)          may this node be in your stretch?
 *     engine->compile(...)            a stretch of nodes, whose inputs and outputs are tensors in the engine's memory
 *     engine->run(part, in, out, stream)
 *
 * The order of work is the stream's: run and copy may return before the work is done, `finish` waits. An engine whose memory is
 * the host's has no device and does everything at once. tests/net has a null device whose memory the host cannot read, to prove
 * that plans keep to this.
 * Threads: an engine is a constant; a compiled stretch is used by one thread at a time.
 */
#pragma once

#include "base/net/graph.h"

struct net_stream;                 /* the engine's own; NULL for host engines */

struct net_memory {                /* a device's; an engine without one works in host memory */
    void *(*allocate)(size_t bytes);                            /* a handle, not to be read by the host; NULL: none left */
    void  (*release)(void *handle);
    enum trundle_status (*upload)(struct net_stream *s, void *to, const void *from, size_t bytes);
    enum trundle_status (*download)(struct net_stream *s, void *to, const void *from, size_t bytes);
    struct net_stream *(*stream_new)(void);
    void  (*stream_free)(struct net_stream *s);
    enum trundle_status (*finish)(struct net_stream *s, struct trundle_error *err);
};

struct net_stretch {               /* what is to be compiled; shapes are final */
    const struct net_graph *graph;
    const int *node;               /* indices, ascending */
    int nodes_n;
    const int *in, *out;           /* tensors that cross its border (constants are not among them) */
    int in_n, out_n;
    int threads;
    unsigned isa;                  /* NET_ISA_* that may be used */
};

struct net_engine {
    const char *name;              /* "dnnl", "onnxruntime", "xnnpack" */
    const struct net_memory *memory;                               /* NULL: host */
    /* Is it there (a library may be loaded at run time)? On false, `why` says what is missing and how to get it. */
    bool (*available)(char *why, size_t size);
    bool (*takes)(const struct net_graph *g, const struct net_node *node);
    enum trundle_status (*compile)(const struct net_stretch *stretch, void **out_part, struct trundle_error *err);
    /* in[] and out[] as in the stretch: host memory, or handles of the engine's memory. */
    enum trundle_status (*run)(void *part, const void *const *in, void *const *out, struct net_stream *s, struct trundle_error *err);
    void (*free)(void *part);
    /* One line for `trundle net info`: what was chosen ("brgconv:avx512_core_vnni"). May be NULL. */
    const char *(*describe)(const void *part, int node_of_stretch);
};
