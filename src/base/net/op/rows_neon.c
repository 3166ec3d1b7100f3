/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The row kernels (rows.h), compiled for neon. */
#define F32_NEON
#define ROWS_ISA NET_ISA_NEON
#define ROWS_NAME(op) op ".rows.neon"
#define ROWS_LIST net_rows_neon
#include "base/net/op/rows_all.h"
