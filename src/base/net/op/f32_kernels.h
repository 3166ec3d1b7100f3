/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/f32_kernels - the table of dense fp32 kernels that f32_avx2.c, f32_avx512.c and f32_neon.c each make of the same bodies. */
#pragma once

#include "base/net/op/conv/f32_depthwise.h"
#include "base/net/op/conv/f32_direct.h"
#include "base/net/op/conv/f32_winograd.h"
#include "base/net/op/conv_transpose/f32_phases.h"
#include "base/net/op/matmul/f32_panels.h"
#include "base/net/op/table.h"

#define F32_WINOGRAD(m) \
    { .name = F32_NAME("conv.winograd" #m), .op = NET_CONV, .isa = F32_ISA, .exact = false, .fits = wino_fits, .packed_bytes = wino##m##_packed_bytes, \
      .pack = wino##m##_pack, .scratch_bytes = wino##m##_scratch_bytes, .run = wino##m##_run }

const struct net_kernel F32_ID(net_f32)[] = {
    { .name = F32_NAME("conv.depthwise"), .op = NET_CONV, .isa = F32_ISA, .exact = true, .fits = dw_fits, .packed_bytes = dw_packed_bytes, .pack = dw_pack,
      .run = dw_run },
    { .name = F32_NAME("conv.direct"), .op = NET_CONV, .isa = F32_ISA, .exact = true, .fits = direct_fits, .packed_bytes = direct_packed_bytes,
      .pack = direct_pack, .scratch_bytes = direct_scratch_bytes, .run = direct_run },
    F32_WINOGRAD(2),
    F32_WINOGRAD(4),
    F32_WINOGRAD(6),
    { .name = F32_NAME("matmul.packed"), .op = NET_MATMUL, .isa = F32_ISA, .exact = true, .fits = mm_fits_packed, .packed_bytes = mm_packed_bytes,
      .pack = mm_pack, .run = mm_run },
    { .name = F32_NAME("matmul.dynamic"), .op = NET_MATMUL, .isa = F32_ISA, .exact = true, .fits = mm_fits, .scratch_bytes = mm_scratch_bytes, .run = mm_run },
    { .name = F32_NAME("conv_transpose.phases"), .op = NET_CONV_TRANSPOSE, .isa = F32_ISA, .exact = true, .fits = phases_fits,
      .packed_bytes = phases_packed_bytes, .pack = phases_pack, .scratch_bytes = phases_scratch_bytes, .run = phases_run },
    { .name = NULL },
};
