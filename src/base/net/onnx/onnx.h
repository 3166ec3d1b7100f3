/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/onnx - ONNX model files to graphs and back: the door to every other framework.
 *
 *     struct net_graph *g = NULL;
 *     TRY(net_onnx_import(bytes, n, &(struct net_onnx_options){ .where = path, .channels_last = true }, &g, err));
 *     ...
 *     TRY(net_onnx_export(g, &(struct net_onnx_export_options){ 0 }, &out, err));
 *
 * Import: opset 13 to 28, and older ones where an operator meant the same or is easily said (below 7 little is). ONNX's images are channels-first, ours are channels-last: transposes are put around what works on
 * images, and then moved through the graph until few or none are left (layout.h). What can be computed at import is: shape
 * arithmetic, with the batch as a symbol. QuantizeLinear / DequantizeLinear pairs become u8 nodes. What we lack is refused
 * with UNSUPPORTED, and the error says node, operator and what would work; docs/onnx.md lists what is taken.
 * A file is hostile: sizes and counts are limited, cycles, undefined and twice defined names are refused, nothing recurses.
 *
 * Export: channels-first for images, fp32; quantised nodes as QDQ with weights per channel.
 *
 * Threads: functions of their arguments. Ownership: the graph owns all its data; the file's bytes may go after import.
 */
#pragma once

#include "base/net/graph.h"
#include "base/std/bytes.h"

enum { NET_ONNX_RANK_MAX = 8, NET_ONNX_OPSET_LEAST = 1, NET_ONNX_OPSET_MOST = 28 };
#define NET_ONNX_BYTES_MAX ((size_t)INT32_MAX)            /* of a file: the format's own limit of one message */

/* A tensor as it stands in a file. f16, bf16 and f64 are read as F32, bool as U8. */
struct net_onnx_tensor {
    char    name[NET_NAME_MAX];
    int     onnx_type;                 /* the file's number: 1 float, 2 uint8, 3 int8, 6 int32, 7 int64, 9 bool ... */
    enum net_type type;
    int     rank;
    int64_t d[NET_ONNX_RANK_MAX];      /* >= 0 */
    int64_t n;                         /* elements */
    void   *data;                      /* owned; never NULL */
};
/* From a serialised TensorProto. UNSUPPORTED: strings, complex numbers, external data, sub-byte types. */
TRUNDLE_MUST_USE enum trundle_status net_onnx_tensor_read(const void *bytes, size_t n, struct net_onnx_tensor *out, struct trundle_error *err);
void net_onnx_tensor_done(struct net_onnx_tensor *t);      /* takes a zeroed one */

/* The shape of a graph input, in the file's own order of axes; d[0] == 0: the batch. */
struct net_onnx_shape {
    const char *name;
    struct net_shape shape;
};

struct net_onnx_options {
    const char *where;                 /* the file's name, for errors; NULL: "model" */
    bool channels_last;                /* images among inputs and outputs are [N, H, W, C]; false: as in the file */
    const struct net_onnx_shape *shape;        /* borrowed for the call */
    int shapes_n;
    const struct net_onnx_tensor *bind;        /* graph inputs (by .name) that are constants */
    int binds_n;
};
/* BAD_INPUT, TRUNCATED, TOO_LARGE: the file; UNSUPPORTED: a node or type we lack, named. */
TRUNDLE_MUST_USE enum trundle_status net_onnx_import(const void *bytes, size_t n, const struct net_onnx_options *options, struct net_graph **out, struct trundle_error *err);

struct net_onnx_export_options {
    int opset;                         /* 13..NET_ONNX_OPSET_MOST; 0: 17, which every current runtime takes */
    bool channels_last;                /* images among inputs and outputs stay [N, H, W, C]; false: [N, C, H, W], as people expect */
};
/* `out` must be empty. UNSUPPORTED: a node that ONNX has no word for (named). */
TRUNDLE_MUST_USE enum trundle_status net_onnx_export(const struct net_graph *g, const struct net_onnx_export_options *options, struct bytes *out, struct trundle_error *err);
