/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/f32_avx512 - convolution, transposed convolution and matrix product in fp32, with AVX-512. */
#define F32_AVX512
#include "base/net/op/f32_kernels.h"
