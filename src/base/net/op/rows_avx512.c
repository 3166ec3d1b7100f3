/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The row kernels (rows.h), compiled for avx512. */
#define F32_AVX512
#define ROWS_ISA (NET_ISA_AVX2 | NET_ISA_AVX512)
#define ROWS_NAME(op) op ".rows.avx512"
#define ROWS_LIST net_rows_avx512
#include "base/net/op/rows_all.h"
