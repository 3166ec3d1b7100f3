/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/conv/f32_avx2 - the fp32 convolutions, with AVX2 and FMA. */
#define F32_AVX2
#include "base/net/op/conv/f32_kernels.h"
