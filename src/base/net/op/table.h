/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/table - the list of kernel arrays, in order of preference for each operator (the first that fits and is exact is the default).
 * A file of kernels adds one line here, under the instruction set its suffix names, and itself to meson.build:
 *
 *     const struct net_kernel net_int8_vnni[] = { { .name = "conv.int8.vnni", ... }, { .name = NULL } };      // ends with no name
 *     X(net_int8_vnni)
 *
 * The arrays of an instruction set that this build has not are not referred to. Inexact kernels stand here too.
 */
#pragma once

#include "base/net/kernel.h"

/* One array a line; the better instruction set first. */
#if defined(__x86_64__)
#define NET_KERNELS_FAST(X) \
    X(net_conv_int8_depthwise_vnni) \
    X(net_int8_vnni) \
    X(net_f32_avx512) \
    X(net_rows_avx512) \
    X(net_conv_int8_depthwise_avx2) \
    X(net_int8_avx2) \
    X(net_f32_avx2) \
    X(net_rows_avx2) \
    /* end of x86-64 */
#endif
#if defined(__aarch64__)
#define NET_KERNELS_FAST(X) \
    X(net_conv_int8_depthwise_neon) \
    X(net_int8_dot) \
    X(net_int8_neon) \
    X(net_f32_neon) \
    X(net_rows_neon) \
    /* end of arm64 */
#endif
#if !defined(NET_KERNELS_FAST)
#define NET_KERNELS_FAST(X)
#endif

/* Plain C, one kernel each: op/NAME/ref.c. */
#define NET_KERNELS_REF(X) \
    X(net_conv_ref) X(net_conv_transpose_ref) X(net_matmul_ref) X(net_batch_norm_ref) X(net_layer_norm_ref) X(net_unary_ref) X(net_binary_ref) \
    X(net_pool_ref) X(net_resize_ref) X(net_concat_ref) X(net_slice_ref) X(net_pad_ref) X(net_reshape_ref) X(net_transpose_ref) X(net_expand_ref) \
    X(net_softmax_ref) X(net_reduce_ref) X(net_l2_norm_ref) X(net_attention_ref) X(net_quantize_ref) X(net_dequantize_ref)

#define NET_KERNEL_LISTS(X) \
    NET_KERNELS_FAST(X) X(net_moves) NET_KERNELS_REF(X)

#define X(list) extern const struct net_kernel list[];
NET_KERNEL_LISTS(X)
#undef X
