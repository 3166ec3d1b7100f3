/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/graph - a neural network as data: tensors, and nodes in the order in which they run. Importers and trainers build it,
 * passes rewrite it (passes.h), a plan runs it (plan.h). It computes nothing.
 *
 *     struct net_graph *g = net_graph_new();
 *     int x, w, y;
 *     TRY(net_graph_input(g, "x", NET_F32, &NET_SHAPE(0, 224, 224, 3), &x, err));      // 0: the batch, known when planned
 *     TRY(net_graph_constant(g, "w", NET_F32, &NET_SHAPE(64, 7, 7, 3), weights, &w, err));
 *     struct net_node conv = net_node_of(NET_CONV, "stem", (int[]){ x, w }, 2);
 *     conv.attr.stride[0] = conv.attr.stride[1] = 2;
 *     TRY(net_graph_node(g, &conv, &y, err));
 *     TRY(net_graph_output(g, y, err));
 *     TRY(net_graph_infer(g, 1, err));                                                  // shapes and types of everything, batch 1
 *
 * Two decisions keep this small (docs/net.md):
 *  - Channels last. Images are [N, H, W, C]; a tensor is always dense and row-major, there are no layouts and no strides.
 *    ONNX's channels-first form is made and unmade by transposes at the door.
 *  - A node has one output. What splits is several slices.
 *
 * Quantised tensors are u8 with one scale and zero point: real = scale * (value - zero). Weights are i8 with a scale for each
 * output channel and zero point 0. A bias is always f32 in real units. So a CONV whose input is u8 is the int8 convolution.
 *
 * Lifetime: the graph owns everything in it, except constant data that was borrowed (net_graph_constant_borrow), which must
 * outlive it. Threads: one at a time; a graph that nobody changes may be read by many.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { NET_RANK_MAX = 6, NET_IN_MAX = 16, NET_NAME_MAX = 96, NET_NODES_MAX = 16384 };
#define NET_ELEMENTS_MAX ((int64_t)1 << 31)   /* of one tensor */

/* Values are stored in files. */
enum net_type { NET_NONE = 0, NET_F32 = 1, NET_U8 = 2, NET_I8 = 3, NET_I32 = 4, NET_I64 = 5, NET_TYPE_COUNT };

struct net_shape {
    int     rank;                  /* 0: a scalar */
    int32_t d[NET_RANK_MAX];       /* > 0; d[0] == 0 in a graph input: the batch */
};
#define NET_SHAPE(...) ((struct net_shape){ (int)(sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t)), { __VA_ARGS__ } })

/* real = scale * (stored - zero). n == 0: not quantised. n == 1: the whole tensor. Else one scale for each of d[axis], zero 0. */
struct net_quant {
    int     n, axis;
    int32_t zero;
    float  *scale;                 /* n of them, owned by the graph, > 0 and finite */
};

struct net_tensor {
    char             name[NET_NAME_MAX];   /* unique in its graph, not empty */
    enum net_type    type;
    struct net_shape shape;                /* final after net_graph_infer */
    struct net_quant quant;
    const void      *data;                 /* constants: dense, 64-byte aligned when owned; NULL for what is computed */
    bool             owned;
    bool             batched;              /* an input given with d[0] == 0: every infer fills in its batch. A writer of files writes 0 */
};

/* Everything of one input: name, arguments, attributes. X(id, "name", least inputs, most inputs).
 * Shapes: N batch, H W image, C channels; "..." any leading axes. Optional inputs are -1. */
#define NET_OPS(X) \
    X(CONV,           "conv",           2, 4)  /* x[N,H,W,C] w[O,KH,KW,C/groups] bias[O]? residual[as out]? -> [N,OH,OW,O]; act(conv + bias + residual) */ \
    X(CONV_TRANSPOSE, "conv_transpose", 2, 3)  /* x[N,H,W,C] w[C,KH,KW,O/groups] bias[O]? -> [N,OH,OW,O]; act */ \
    X(MATMUL,         "matmul",         2, 4)  /* a[...,M,K] b[...,K,N] (flip_b: [...,N,K]) bias[N]? residual[as out]? -> [...,M,N]; leading axes broadcast; act. A linear layer has constant b with flip_b: w[N,K] */ \
    X(BATCH_NORM,     "batch_norm",     5, 5)  /* x[...,C] gamma beta mean var [C]; eps; act */ \
    X(LAYER_NORM,     "layer_norm",     1, 3)  /* x, gamma? beta? over the last axes from axes[0] on; eps */ \
    X(UNARY,          "unary",          1, 1)  /* act applied to each element */ \
    X(BINARY,         "binary",         2, 2)  /* kind add sub mul div max min pow; numpy broadcast; act after it */ \
    X(POOL,           "pool",           1, 1)  /* x[N,H,W,C]; kind max or average; kernel 0,0: the whole image */ \
    X(RESIZE,         "resize",         1, 1)  /* x[N,H,W,C] -> dims[0] x dims[1]; or scale[2] when dims_n == 0; mode, coords, nearest */ \
    X(CONCAT,         "concat",         1, 16) /* along axes[0] */ \
    X(SLICE,          "slice",          1, 1)  /* begin[], end[], step[] for every axis (dims_n == rank); end is clamped, INT32_MAX: to the end; step may be negative */ \
    X(PAD,            "pad",            1, 1)  /* begin[], end[] elements for every axis (negative crops); mode, value */ \
    X(RESHAPE,        "reshape",        1, 1)  /* dims[dims_n]: 0 copies the axis, one -1 takes the rest */ \
    X(TRANSPOSE,      "transpose",      1, 1)  /* axes[]: out axis i is in axis axes[i] */ \
    X(EXPAND,         "expand",         1, 1)  /* numpy broadcast to dims[]; 0 copies the axis (aligned right) */ \
    X(SOFTMAX,        "softmax",        1, 1)  /* along axes[0]; log_: its logarithm */ \
    X(REDUCE,         "reduce",         1, 1)  /* kind sum mean max min prod l1 l2 sumsq logsumexp over axes; keep */ \
    X(L2_NORM,        "l2_norm",        1, 1)  /* x / max(sqrt(sum x^2), eps) along axes[0] */ \
    X(ATTENTION,      "attention",      3, 4)  /* q[N,T,D] k[N,S,D] v[N,S,E] mask[broadcast to N,heads,T,S]? heads, scale[0] (0: 1/sqrt(D/heads)) -> [N,T,E] */ \
    X(QUANTIZE,       "quantize",       1, 1)  /* f32 or u8 -> u8 with the output's quant (out_scale, out_zero) */ \
    X(DEQUANTIZE,     "dequantize",     1, 1)  /* u8 or i8 -> f32 */

enum net_op {
#define X(id, name, least, most) NET_##id,
    NET_OPS(X)
#undef X
    NET_OP_COUNT
};

/* Functions of one value, alone (UNARY) or fused behind another operator (attr.act). a, b are attr.alpha, attr.beta.
 * F(id, "name") */
#define NET_ACTS(X) \
    X(IDENTITY, "identity") X(RELU, "relu") X(LEAKY_RELU, "leaky_relu" /* a: slope */) X(CLIP, "clip" /* a..b */) \
    X(HARD_SIGMOID, "hard_sigmoid" /* clip(a x + b, 0, 1) */) X(HARD_SWISH, "hard_swish" /* x clip(x/6 + 1/2, 0, 1) */) \
    X(SIGMOID, "sigmoid") X(SILU, "silu") X(TANH, "tanh") X(GELU, "gelu" /* by erf */) X(GELU_TANH, "gelu_tanh") X(ELU, "elu" /* a */) \
    X(SOFTPLUS, "softplus") X(MISH, "mish") X(EXP, "exp") X(LOG, "log") X(SQRT, "sqrt") X(ABS, "abs") X(NEG, "neg") X(RECIPROCAL, "reciprocal") \
    X(ERF, "erf") X(FLOOR, "floor") X(CEIL, "ceil") X(ROUND, "round" /* half to even */) X(SIGN, "sign") X(SIN, "sin") X(COS, "cos")

enum net_act {
#define X(id, name) NET_ACT_##id,
    NET_ACTS(X)
#undef X
    NET_ACT_COUNT
};

/* What `kind` says, by operator. Values are stored in files. */
enum net_binary { NET_ADD, NET_SUB, NET_MUL, NET_DIV, NET_MAX, NET_MIN, NET_POW, NET_BINARY_COUNT };
enum net_pool { NET_POOL_MAX, NET_POOL_AVERAGE, NET_POOL_COUNT };
enum net_reduce { NET_SUM, NET_MEAN, NET_REDUCE_MAX, NET_REDUCE_MIN, NET_PROD, NET_L1, NET_L2, NET_SUMSQ, NET_LOGSUMEXP, NET_REDUCE_COUNT };
enum net_resize { NET_NEAREST, NET_BILINEAR, NET_RESIZE_COUNT };
enum net_coords { NET_HALF_PIXEL, NET_ASYMMETRIC, NET_ALIGN_CORNERS, NET_PYTORCH_HALF_PIXEL, NET_COORDS_COUNT };
enum net_rounding { NET_ROUND_PREFER_FLOOR, NET_ROUND_PREFER_CEIL, NET_FLOOR, NET_CEIL, NET_ROUNDING_COUNT };
enum net_pad { NET_PAD_CONSTANT, NET_PAD_EDGE, NET_PAD_REFLECT, NET_PAD_COUNT };

/* Every attribute of every operator; which ones an operator reads stands in NET_OPS. net_node_of() gives the defaults. */
struct net_attr {
    int32_t kernel[2];             /* POOL (a CONV's is its weight's shape); height, width */
    int32_t stride[2];             /* default 1 */
    int32_t dilation[2];           /* default 1 */
    int32_t pad[4];                /* top, left, bottom, right; POOL average: see count_pad */
    int32_t output_pad[2];         /* CONV_TRANSPOSE: rows and columns added below and right */
    int32_t groups;                /* default 1 */
    int32_t heads;                 /* ATTENTION; default 1 */
    enum net_act act;              /* default IDENTITY */
    float   alpha, beta;
    int32_t kind, mode, coords, nearest;
    bool    ceil_, count_pad, keep, log_, flip_b;
    int     axes_n, dims_n;
    int32_t axes[NET_RANK_MAX];    /* >= 0 after net_graph_infer; negative counts from the end */
    int32_t dims[NET_RANK_MAX];
    int32_t begin[NET_RANK_MAX], end[NET_RANK_MAX], step[NET_RANK_MAX];
    float   scale[2];
    float   eps, value;
    enum net_type out_type;        /* what the node makes when it is not what its first input is: NONE, or U8 of a quantised node */
    float   out_scale;             /* quantisation of a u8 output; 0: as the first input */
    int32_t out_zero;
};

struct net_node {
    enum net_op op;
    char        name[NET_NAME_MAX];
    int         in_n;
    int         in[NET_IN_MAX];    /* tensors; -1: an optional input that is absent */
    int         out;               /* tensor; set by net_graph_node */
    struct net_attr attr;
};

struct net_graph {
    struct net_tensor *tensor;     /* tensors_n, owned */
    int tensors_n, tensors_room;
    struct net_node *node;         /* nodes_n, owned; a node's inputs are inputs, constants or outputs of earlier nodes */
    int nodes_n, nodes_room;
    int *input, *output;           /* tensors */
    int inputs_n, outputs_n;
    int *names, names_room;        /* internal: tensors by the hash of their names; passes that rename call net_graph_reindex */
};

struct net_graph *net_graph_new(void);              /* NULL: no memory */
void net_graph_free(struct net_graph *g);           /* takes NULL */
/* A deep copy; constants are copied too, unless `borrow`, which leaves them with the original. */
TRUNDLE_MUST_USE enum trundle_status net_graph_copy(const struct net_graph *g, bool borrow, struct net_graph **out, struct trundle_error *err);

/* A node with every attribute at its default. Names longer than NET_NAME_MAX - 1 are cut. */
struct net_node net_node_of(enum net_op op, const char *name, const int *in, int in_n);

/* Each gives the tensor's index. CONFLICT: the name is taken; TOO_LARGE: over a limit above. `name` NULL or "" makes one up. */
TRUNDLE_MUST_USE enum trundle_status net_graph_input(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, int *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status net_graph_constant(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, const void *data, int *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status net_graph_constant_borrow(struct net_graph *g, const char *name, enum net_type type, const struct net_shape *shape, const void *data, int *out, struct trundle_error *err);
/* Appends the node (copied); its output tensor gets the node's name, or one made of it. */
TRUNDLE_MUST_USE enum trundle_status net_graph_node(struct net_graph *g, const struct net_node *node, int *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status net_graph_output(struct net_graph *g, int tensor, struct trundle_error *err);
/* Sets the quantisation of a tensor (scales are copied). */
TRUNDLE_MUST_USE enum trundle_status net_graph_quant(struct net_graph *g, int tensor, int n, int axis, const float *scale, int32_t zero, struct trundle_error *err);
/* Room for a constant's data that the caller will fill (owned, 64-byte aligned, zeroed). Used by trainers: weights may change. */
void *net_graph_writable(struct net_graph *g, int tensor);
/* CONFLICT: another tensor has the name. */
TRUNDLE_MUST_USE enum trundle_status net_graph_rename(struct net_graph *g, int tensor, const char *name, struct trundle_error *err);
/* After tensors were renamed or moved by hand. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status net_graph_reindex(struct net_graph *g, struct trundle_error *err);
int net_graph_find(const struct net_graph *g, const char *tensor_name);      /* -1: none */

/* Checks every node (arity, types, attributes, order) and fills in every shape, type and quantisation for this batch.
 * BAD_INPUT / UNSUPPORTED name the node. Idempotent; call again with another batch. Defined in infer.c. */
TRUNDLE_MUST_USE enum trundle_status net_graph_infer(struct net_graph *g, int batch, struct trundle_error *err);

/* The same for one node, whose inputs have final shapes: importers look at shapes while they build. */
TRUNDLE_MUST_USE enum trundle_status net_graph_infer_node(struct net_graph *g, int node, struct trundle_error *err);

const char *net_op_name(enum net_op op);            /* "?" for none */
const char *net_act_name(enum net_act act);
const char *net_type_name(enum net_type type);      /* "f32" ... */
size_t net_type_bytes(enum net_type type);
int64_t net_shape_elements(const struct net_shape *s);
size_t net_tensor_bytes(const struct net_tensor *t);
bool net_shape_equal(const struct net_shape *a, const struct net_shape *b);
/* "1x224x224x3" into out; returns out. */
const char *net_shape_text(const struct net_shape *s, char out[80]);
/* Multiply-accumulates of one run of the node, by the shapes that infer left; 0 for what does not multiply. */
int64_t net_node_macs(const struct net_graph *g, const struct net_node *node);
