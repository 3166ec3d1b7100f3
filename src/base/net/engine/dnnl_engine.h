/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/engine/dnnl_engine - oneDNN as an engine: convolutions (f32; u8 by i8), transposed convolutions, linear layers, pooling, activations,
 * additions, concatenations and doublings. Results are not ours bit for bit.
 *
 * Inside a stretch tensors may lie in oneDNN's blocked formats; they are reordered at its borders. What oneDNN has only a
 * reference implementation for is not taken, so it stays with our kernels; describe() names what runs.
 * Three engines, because the fastest format depends on net and machine and may change bits: a manifest names one.
 *
 * oneDNN's instruction set is one of the process: the first compile fixes it, and another one later is refused (CONFLICT).
 * A part uses OpenMP threads of its caller when the plan has several.
 */
#pragma once

#include "base/net/engine.h"

extern const struct net_engine net_engine_dnnl;            /* "dnnl": channels last, as our tensors are */
extern const struct net_engine net_engine_dnnl_any;        /* "dnnl.any": every primitive chooses its formats */
extern const struct net_engine net_engine_dnnl_winograd;   /* "dnnl.winograd": as any, 3x3 f32 convolutions by Winograd where oneDNN has it */
extern const struct net_engine net_engine_dnnl_blocked;    /* "dnnl.blocked": 16 channels together (8 without AVX-512) */
