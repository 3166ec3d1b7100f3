/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The row kernels (rows.h), compiled for avx2. */
#define F32_AVX2
#define ROWS_ISA NET_ISA_AVX2
#define ROWS_NAME(op) op ".rows.avx2"
#define ROWS_LIST net_rows_avx2
#include "base/net/op/rows_all.h"
