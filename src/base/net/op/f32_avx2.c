/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/f32_avx2 - convolution, transposed convolution and matrix product in fp32, with AVX2 and FMA. */
#define F32_AVX2
#include "base/net/op/f32_kernels.h"
