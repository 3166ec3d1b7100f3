/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/conv/f32_neon - the fp32 convolutions, with NEON. */
#define F32_NEON
#include "base/net/op/conv/f32_kernels.h"
