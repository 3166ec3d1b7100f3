/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/write - ONNX messages put down field by field, in the order in which they come; no message is built in memory twice.
 * Errors (no memory) are kept in the writer and looked at once, at the end.
 */
#pragma once

#include "base/net/graph.h"
#include "base/std/bytes.h"

struct onnx_writer {
    struct bytes graph;                /* the fields of the GraphProto so far */
    const struct net_graph *g;
    int opset, fresh;                  /* fresh: names made up so far */
    bool *raw;                         /* of each tensor: its constant stands in the graph as it is */
    enum trundle_status status;
    struct trundle_error *err;
};

/* Attributes of a node being written. A zeroed one is empty. */
struct onnx_attrs { struct bytes b; bool failed; };
void onnx_attr_i(struct onnx_attrs *a, const char *name, int64_t v);
void onnx_attr_f(struct onnx_attrs *a, const char *name, float v);
void onnx_attr_s(struct onnx_attrs *a, const char *name, const char *v);
void onnx_attr_ints(struct onnx_attrs *a, const char *name, const int64_t *v, int n);

typedef struct { char text[NET_NAME_MAX + 32]; } onnx_name;

onnx_name onnx_fresh(struct onnx_writer *w, const char *stem, const char *what);
/* A node of one output; attributes are taken and emptied; NULL: none. Empty names in `in` are absent inputs. */
void onnx_node(struct onnx_writer *w, const char *op, const char *const *in, int in_n, const char *out, struct onnx_attrs *attrs);
void onnx_constant(struct onnx_writer *w, const char *name, int onnx_type, const int64_t *d, int rank, const void *data, size_t bytes);
onnx_name onnx_ints(struct onnx_writer *w, const char *stem, const int64_t *v, int n);          /* a 1-D constant */
onnx_name onnx_floats(struct onnx_writer *w, const char *stem, const float *v, int n);          /* n 0: a scalar */
/* A graph input or output; dims that differ between the two shapes are called "N". */
void onnx_port(struct onnx_writer *w, bool input, const struct net_tensor *t, const struct net_shape *a, const struct net_shape *b);
/* The whole model, into an empty buffer. */
TRUNDLE_MUST_USE enum trundle_status onnx_finish(struct onnx_writer *w, struct bytes *out);

/* --- export_node.c: one node of a graph that net_layout turned channels-first --- */
TRUNDLE_MUST_USE enum trundle_status onnx_export_node(struct onnx_writer *w, const struct net_node *node);
/* --- export_act.c --- */
/* y = act(x): nodes that make `out` of `in`. */
TRUNDLE_MUST_USE enum trundle_status onnx_export_act(struct onnx_writer *w, const struct net_attr *a, const char *in, const char *out, const char *stem);
