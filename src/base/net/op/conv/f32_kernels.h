/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/conv/f32_kernels - the table of fp32 convolutions that f32_avx2.c, f32_avx512.c and f32_neon.c each make. */
#pragma once

#include "base/net/op/conv/f32_depthwise.h"
#include "base/net/op/conv/f32_direct.h"
#include "base/net/op/table.h"

const struct net_kernel F32_ID(net_conv_f32)[] = {
    { .name = F32_NAME("conv.depthwise"), .op = NET_CONV, .isa = F32_ISA, .exact = true, .fits = dw_fits, .packed_bytes = dw_packed_bytes, .pack = dw_pack,
      .run = dw_run },
    { .name = F32_NAME("conv.direct"), .op = NET_CONV, .isa = F32_ISA, .exact = true, .fits = direct_fits, .packed_bytes = direct_packed_bytes,
      .pack = direct_pack, .scratch_bytes = direct_scratch_bytes, .run = direct_run },
    { .name = NULL },
};
