/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Small graphs for tests of files, plans and passes. */
#pragma once

#include "base/net/graph.h"

/* A little residual net on [batch,12,10,3]: conv + batch norm + relu, two branches added, concat, pool, reshape, linear, softmax: f32, unfused,
 * seeded. Fails the running test when it cannot be built. */
struct net_graph *nets_small(uint64_t seed);
/* quantize -> int8 conv with a residual -> dequantize, on [batch,8,8,16] f32. */
struct net_graph *nets_small_int8(uint64_t seed);
