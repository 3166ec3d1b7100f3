/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/f32_neon - convolution, transposed convolution and matrix product in fp32, with NEON. */
#define F32_NEON
#include "base/net/op/f32_kernels.h"
