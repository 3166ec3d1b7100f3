/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/rows_all - the list of an instruction set's row kernels; included once by each rows_ISA.c. */
#include "base/net/op/rows.h"

#include "base/net/op/attention/rows.h"
#include "base/net/op/batch_norm/rows.h"
#include "base/net/op/binary/rows.h"
#include "base/net/op/concat/rows.h"
#include "base/net/op/dequantize/rows.h"
#include "base/net/op/l2_norm/rows.h"
#include "base/net/op/layer_norm/rows.h"
#include "base/net/op/pool/rows.h"
#include "base/net/op/quantize/rows.h"
#include "base/net/op/reduce/rows.h"
#include "base/net/op/resize/rows.h"
#include "base/net/op/softmax/rows.h"
#include "base/net/op/unary/rows.h"

#define ROWS(op_, name_) { .name = ROWS_NAME(#name_), .op = op_, .isa = ROWS_ISA, .exact = true, .fits = name_##_fits, .run = name_##_run },
#define ROWS_SCRATCH(op_, name_) \
    { .name = ROWS_NAME(#name_), .op = op_, .isa = ROWS_ISA, .exact = true, .fits = name_##_fits, .scratch_bytes = name_##_scratch, .run = name_##_run },

const struct net_kernel ROWS_LIST[] = {
    ROWS_SCRATCH(NET_ATTENTION, attention)
    ROWS_SCRATCH(NET_BATCH_NORM, batch_norm)
    ROWS(NET_BINARY, binary)
    ROWS(NET_CONCAT, concat)
    ROWS(NET_DEQUANTIZE, dequantize)
    ROWS(NET_L2_NORM, l2_norm)
    ROWS(NET_LAYER_NORM, layer_norm)
    ROWS(NET_POOL, pool)
    ROWS(NET_QUANTIZE, quantize)
    ROWS(NET_REDUCE, reduce)
    ROWS_SCRATCH(NET_RESIZE, resize)
    ROWS(NET_SOFTMAX, softmax)
    ROWS(NET_UNARY, unary)
    { .name = NULL },
};
