/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx/inside - what the importer's files share: values known at import ("fixed"), and a node being imported.
 *
 *     read.c       bytes to messages, tensors to fixed values
 *     fold.c       fixed values from fixed values (shape arithmetic)
 *     fixed.c      making and moving them
 *     import.c     the walk over the nodes, names, shapes
 *     node.c       what the operators below are written with
 *     pieces.c     small pieces of graph
 *     import_*.c   one function for each ONNX operator, listed in import.c
 *     qdq.c        quantise/dequantise pairs to u8 nodes
 *     fuse.c       patterns of many nodes to one (GELU, layer norm ...)
 */
#pragma once

#include "base/net/onnx/onnx.h"
#include "onnx.pb-c.h"

/* ONNX's numbers for types. */
enum { ONNX_FLOAT = 1, ONNX_UINT8 = 2, ONNX_INT8 = 3, ONNX_UINT16 = 4, ONNX_INT16 = 5, ONNX_INT32 = 6, ONNX_INT64 = 7, ONNX_STRING = 8, ONNX_BOOL = 9,
       ONNX_FLOAT16 = 10, ONNX_DOUBLE = 11, ONNX_UINT32 = 12, ONNX_UINT64 = 13, ONNX_BFLOAT16 = 16 };
/* The two batches under which shapes are followed: what differs between them depends on the batch. */
enum { ONNX_BATCH_A = 2, ONNX_BATCH_B = 3, ONNX_IN_MAX = 256 };
#define ONNX_FOLD_MAX ((int64_t)1 << 28)       /* elements of one value computed at import */

/* A value known at import. With per_batch it is data + per_batch * batch, element by element (I64 only).
 * With scale it stands for scale * data, one scale or one along `axis` (I8 only, zero 0). */
struct fixed {
    struct net_onnx_tensor t;
    int64_t *per_batch;                /* owned; NULL: none */
    float   *scale;                    /* owned; NULL: none */
    int      scale_n, axis;
};

struct value {
    const char *name;                  /* in the model */
    bool defined;
    bool has_fixed;
    struct fixed fixed;
    int tensor;                        /* -1: not in the graph (yet) */
};

struct import {
    const struct net_onnx_options *options;
    const char *where;
    OnnxFile__Graph *model;
    int64_t opset;
    struct net_graph *g;
    struct net_shape *b_shape;         /* of each tensor under ONNX_BATCH_B; the graph holds those under ONNX_BATCH_A */
    int b_room;
    struct value *value;
    int values_n, values_room;
    int *slot, slots;                  /* hash of names: value + 1 */
    bool batch;                        /* an input has one */
    struct trundle_error *err;
};

/* A node being imported. in[i] NULL: absent. */
struct op {
    struct import *m;
    const OnnxFile__Node *node;
    const char *type;
    char name[NET_NAME_MAX];           /* the node's, or its first output's */
    struct value **in;
    int in_n, out_n;
    uint64_t *seen;                    /* attributes that were asked for: what nobody asks for is not understood */
    int *capture;                      /* output 0 goes there instead of to its name; NULL: no */
    struct trundle_error *err;
};

/* --- read.c --- */
TRUNDLE_MUST_USE enum trundle_status onnx_model_read(const void *bytes, size_t n, const char *where, OnnxFile__Model **out, struct trundle_error *err);
void onnx_model_free(OnnxFile__Model *model);
TRUNDLE_MUST_USE enum trundle_status onnx_tensor_from(const OnnxFile__Tensor *t, struct net_onnx_tensor *out, struct trundle_error *err);
const char *onnx_type_name(int onnx_type);

/* --- fixed.c, fold.c --- */
TRUNDLE_MUST_USE enum trundle_status fixed_new(struct fixed *f, int onnx_type, enum net_type type, int rank, const int64_t *d, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status fixed_copy(const struct fixed *from, struct fixed *to, struct trundle_error *err);
void fixed_done(struct fixed *f);
/* With its scales multiplied in, when it has any. */
TRUNDLE_MUST_USE enum trundle_status fixed_plain(struct fixed *f, struct trundle_error *err);
double fixed_number(const struct fixed *f, int64_t i);
int64_t fixed_integer(const struct fixed *f, int64_t i);
/* Axes moved: out axis i is in axis axes[i]. */
TRUNDLE_MUST_USE enum trundle_status fixed_transpose(const struct fixed *f, const int *axes, struct fixed *out, struct trundle_error *err);
/* All inputs are fixed. AGAIN: this operator is not folded. */
TRUNDLE_MUST_USE enum trundle_status fold(struct op *o, struct fixed *out, int *out_n);

/* --- attributes and inputs of a node (node.c) --- */
const OnnxFile__Attribute *attr_find(const struct op *o, const char *name);
int64_t attr_i(const struct op *o, const char *name, int64_t or);
float attr_f(const struct op *o, const char *name, float or);
/* Compares a string attribute; absent counts as `or`. */
bool attr_is(const struct op *o, const char *name, const char *text, const char *or);
/* Integers of an attribute or, from some opset on, of input `in` (-1: never). *out_n -1: neither is there. UNSUPPORTED when the input is not fixed. */
TRUNDLE_MUST_USE enum trundle_status op_integers(struct op *o, const char *attribute, int in, int64_t *out, int most, int *out_n);
bool op_has(const struct op *o, int i);
bool op_fixed(const struct op *o, int i);
/* UNSUPPORTED at the node, saying what would work. */
TRUNDLE_PRINTF(3, 4) enum trundle_status op_refuse(const struct op *o, const char *hint, const char *what, ...);
TRUNDLE_PRINTF(2, 3) enum trundle_status op_bad(const struct op *o, const char *what, ...);
/* Input i as a tensor of the graph; fixed ones become constants. */
TRUNDLE_MUST_USE enum trundle_status op_tensor(struct op *o, int i, int *out);
/* The same, and it must be F32. */
TRUNDLE_MUST_USE enum trundle_status op_f32(struct op *o, int i, int *out);
TRUNDLE_MUST_USE enum trundle_status op_constant(struct op *o, const struct fixed *f, const char *suffix, int *out);
TRUNDLE_MUST_USE enum trundle_status op_scalar(struct op *o, float value, int *out);
/* Appends a node and follows its shape. */
TRUNDLE_MUST_USE enum trundle_status op_emit(struct op *o, const struct net_node *node, int *out);
struct net_node op_node(const struct op *o, enum net_op op, const int *in, int in_n);
/* The node's output k is this tensor, or this fixed value (which is taken). */
TRUNDLE_MUST_USE enum trundle_status op_out(struct op *o, int k, int tensor);
TRUNDLE_MUST_USE enum trundle_status op_out_fixed(struct op *o, int k, struct fixed *f);

const struct net_shape *op_shape(const struct op *o, int tensor);      /* under ONNX_BATCH_A */
const struct net_shape *op_shape_b(const struct op *o, int tensor);
bool op_varies(const struct op *o, int tensor, int axis);               /* with the batch */
int op_rank(const struct op *o, int tensor);
/* -rank..rank-1 to 0..rank-1; BAD_INPUT beyond. */
TRUNDLE_MUST_USE enum trundle_status op_axis(const struct op *o, int64_t axis, int rank, int *out);

/* A new value of the model; the table was made large enough beforehand, so that pointers into it stay. */
TRUNDLE_MUST_USE enum trundle_status value_new(struct import *m, const char *name, struct value **out);
struct value *value_find(const struct import *m, const char *name);
/* b_shape of tensors from `known` on. */
TRUNDLE_MUST_USE enum trundle_status follow_room(struct import *m, int known);

/* --- small graph pieces (pieces.c) --- */
TRUNDLE_MUST_USE enum trundle_status put_transpose(struct op *o, int x, const int *axes, int *out);
TRUNDLE_MUST_USE enum trundle_status put_last(struct op *o, int x, int *out);    /* [N,C,H,W] -> [N,H,W,C] */
TRUNDLE_MUST_USE enum trundle_status put_first(struct op *o, int x, int *out);   /* and back */
/* Reshape to what these two shapes say for the two batches. */
TRUNDLE_MUST_USE enum trundle_status put_reshape(struct op *o, int x, const struct net_shape *a, const struct net_shape *b, int *out);
TRUNDLE_MUST_USE enum trundle_status put_unary(struct op *o, int x, enum net_act act, float alpha, float beta, int *out);
TRUNDLE_MUST_USE enum trundle_status put_binary(struct op *o, enum net_binary kind, int a, int b, int *out);
TRUNDLE_MUST_USE enum trundle_status put_scaled(struct op *o, enum net_binary kind, int a, float b, int *out);   /* with a number */
TRUNDLE_MUST_USE enum trundle_status put_reduce(struct op *o, enum net_reduce kind, int x, const int *axes, int axes_n, bool keep, int *out);
/* Elements begin..end-1 of one axis. */
TRUNDLE_MUST_USE enum trundle_status put_slice(struct op *o, int x, int axis, int64_t begin, int64_t end, int *out);
TRUNDLE_MUST_USE enum trundle_status put_concat(struct op *o, const int *x, int n, int axis, int *out);

/* --- operators --- */
enum trundle_status import_image(struct op *o), import_shape(struct op *o), import_math(struct op *o), import_quant(struct op *o), import_attention(struct op *o);

/* --- passes over the finished graph --- */
TRUNDLE_MUST_USE enum trundle_status onnx_fuse(struct net_graph *g, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status onnx_qdq(struct net_graph *g, struct trundle_error *err);
