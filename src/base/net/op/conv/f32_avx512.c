/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/conv/f32_avx512 - the fp32 convolutions, with AVX-512. */
#define F32_AVX512
#include "base/net/op/conv/f32_kernels.h"
