/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/xnnpack_engine - XNNPACK as an engine for f32, meant for arm64: convolutions, linear layers, pooling, additions and hard-swish.
 * Debian's is of February 2022. One thread. Results are not ours bit for bit.
 */
#pragma once

#include "base/net/engine.h"

extern const struct net_engine net_engine_xnnpack;
