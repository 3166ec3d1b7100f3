/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/inside - what the trainer is made of; only train's own files use it.
 *
 * A step is a node with a forward and a backward. Samples never mix, except in a batch norm's statistics; so the net is cut there into
 * stages, each thread takes its share of the samples through a stage, and a share goes through in chunks that stay in the cache:
 *
 *     stage s:  chunk 0: normalise + act -> scratch -> convolve -> stored -> sums      (thread 0)
 *               chunk 1: ...
 *     all threads meet; the sums become the statistics of stage s + 1
 *
 * What only this chunk needs lies in scratch and is computed again in backward when it is cheap (`again`); what later stages or backward need is stored
 * for the whole batch. docs/training.md has the pictures.
 */
#pragma once

#include "base/net/kernel.h"
#include "base/net/threads.h"
#include "lab/train/train.h"
#include "lab/train/vec.h"

enum { TRAIN_SIZES = 8, TRAIN_THREADS_MAX = 64 };

/* One tensor of one call: n samples of it, or all of a tensor without a batch (weights). */
struct train_view {
    const float *v;
    float *w;                               /* out, in forward: the same memory, to be written */
    float *g;                               /* its gradient; NULL: not wanted */
    struct net_shape shape;                 /* d[0] for the n samples of the call */
    bool batched;
};

struct train_layer;

/* One step on one chunk. forward writes out.w; backward reads out.g and gives in[i].g: added where the tensor is not batched, or the
 * step's `adds`; else overwritten. */
struct train_call {
    struct train_layer *layer;
    int   n, size;                          /* samples; which of the sizes of its stage */
    int   first, part;                      /* the first sample; the thread */
    bool  learn, fresh;                     /* fresh: the first chunk of this thread in this stage */
    int   in_n;
    struct train_view in[NET_IN_MAX], out;
    float *scratch;
};

struct train_op {
    const char *name;
    bool again;                             /* cheap: computed again in backward instead of stored */
    bool adds;                              /* backward adds to the gradients of batched inputs (they are zero before the first) */
    bool late;                              /* runs as late as it can */
    void (*forward)(const struct train_call *c);
    void (*backward)(const struct train_call *c);
};

/* Batch norm between its two steps, for all threads. */
struct train_norm {
    int    channels, input, parameter[2];   /* layer's tensors: gamma and beta, as tensor indices */
    size_t statistics;                      /* offset of mean, var follows */
    double eps;
    int64_t rows;                           /* of the whole batch of this rank */
    double *sums;                           /* [threads][2][channels] */
    float  *scale, *shift, *mean, *inverse; /* [channels] each: y scale + shift */
    float  *pull, *drift;                   /* backward: dy = scale g + pull y + drift */
    float  *g;                              /* stored gradient of what was normalised, without the act */
    size_t  g_at;
    int     sums_stage, norm_stage;
    int64_t per;                            /* floats of a sample */
};

/* How a layer hands a gradient to an input. */
enum train_give { GIVE_NONE, GIVE_SET, GIVE_TEMP, GIVE_CLEAR, GIVE_ADD };

struct train_layer {
    const struct train_op *op;
    struct net_node node;                   /* attributes, and the tensors of train->tensor */
    int   stage;
    struct train_norm *norm;                /* shared by the two steps of a batch norm */
    void *own;                              /* conv: its primitives */
    bool  backward;                         /* it has a gradient, and something before it wants one */
    bool  weights;                          /* no batch: a function of weights */
    unsigned char give[NET_IN_MAX];
    size_t scratch;                         /* floats of its own */
};

struct train_tensor {
    char  name[NET_NAME_MAX];
    struct net_shape shape;
    bool  batched, wanted;                  /* wanted: a gradient is made */
    bool  constant;                         /* a constant that is not f32 */
    int   parameter;                        /* -1, or its index */
    int64_t statistics;                     /* -1, or where it is in the running statistics */
    int64_t per;                            /* floats of a sample, or of all when not batched */
    int   maker;                            /* layer; -1: input or constant */
    bool  stored, grad_stored;
    float *value;                           /* stored: the batch; a derived weight: all */
    float *grad;
    size_t value_at, grad_at;               /* in a thread's chunk scratch, floats; or in the flat gradient of a derived weight */
    int   first_stage, last_stage;          /* of its readers and itself */
    bool  fed;                              /* somebody gives it a gradient */
};

struct train_stage {
    int   chunk;                            /* samples */
    int   sizes_n, size[TRAIN_SIZES];       /* chunk sizes that occur */
    int   layers_n, *layer;                 /* in order */
    size_t scratch;                         /* floats a thread needs: chunk tensors; behind them a layer's own */
    size_t temp_at, own_at;                 /* gradients that are made first and added then */
};

struct train {
    struct train_config config;
    int    threads, ranks;
    struct net_graph *origin, *graph;       /* as given; with shapes for the batch, weights borrowed from origin */
    struct train_tensor *tensor;
    int    tensors_n, tensors_room;
    struct train_layer *layer;
    int    layers_n, layers_room;
    struct train_stage *stage;
    int    stages_n;
    struct train_norm **norm;
    int    norms_n;
    struct train_parameter *parameter;
    int    parameters_n;
    size_t weights_n, derived_n, statistics_n;
    float *weights, *used, *gradients, *statistics, *average, *average_statistics, *first, *second;
    const float *now, *now_statistics;      /* what forward reads */
    float *part_gradients[TRAIN_THREADS_MAX];   /* weights_n + derived_n each */
    float *scratch[TRAIN_THREADS_MAX];
    float *store, *grad_store, *norm_store; /* stored tensors; their gradients, places shared */
    size_t store_n, grad_store_n, scratch_n;
    double *sums;
    struct net_threads *pool;
    const struct train_vec *vec;
    enum train_mode mode;
    bool   forward_done;
    int64_t step;
    int    running;                         /* the stage that the threads are in */
    char   describe[512];
    size_t bytes;
};

extern const struct train_op train_op_unary, train_op_add, train_op_norm_sums, train_op_norm, train_op_conv, train_op_conv_transpose, train_op_matmul,
    train_op_attention, train_op_layer_norm, train_op_l2_norm, train_op_softmax, train_op_binary, train_op_quantize, train_op_pool, train_op_resize,
    train_op_concat, train_op_slice, train_op_pad, train_op_reshape, train_op_transpose, train_op_expand, train_op_reduce;

/* conv.c: the primitives of a layer for the sizes of its stage. */
TRUNDLE_MUST_USE enum trundle_status train_conv_make(struct train *t, struct train_layer *l, const struct train_stage *s, struct trundle_error *err);
void train_conv_free(struct train_layer *l);
/* Weights into the library's layout, before forward; and the gradients of one thread back, after backward. */
void train_conv_pack(struct train *t, struct train_layer *l);
void train_conv_unpack(struct train *t, struct train_layer *l, int part);
const char *train_conv_describe(const struct train_layer *l);

/* norm.c: between stages. */
void train_norm_forward(struct train *t, struct train_norm *n);
void train_norm_backward(struct train *t, struct train_norm *n);

/* Chunk c of a share: as even as can be. */
struct train_piece { int first, n; };
static inline struct train_piece train_chunk(int64_t share, int c, int chunks)
{
    int64_t a, b;

    net_share(share, c, chunks, &a, &b);
    return (struct train_piece){ (int)a, (int)(b - a) };
}

static inline int64_t train_elements(const struct train_view *v)
{
    return net_shape_elements(&v->shape);
}
/* Rows of the last axis. */
static inline int64_t train_rows(const struct train_view *v)
{
    return v->shape.rank ? net_shape_elements(&v->shape) / v->shape.d[v->shape.rank - 1] : 1;
}
static inline int train_columns(const struct train_view *v)
{
    return v->shape.rank ? v->shape.d[v->shape.rank - 1] : 1;
}
