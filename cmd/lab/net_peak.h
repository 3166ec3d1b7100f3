/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* How many operations a second one core can do at most: what a net's speed is a share of. A multiply-accumulate counts two. */
#pragma once

#include <stdbool.h>

/* Registers only, no memory: fused multiply-adds of f32; u8 by i8 dot products (VNNI; without it multiply, widen, add of AVX2; arm64 dot
 * product). The best of some ten runs of a few milliseconds each. 0: no loop for this machine under this mask (NET_ISA_*). */
double net_peak(bool int8, unsigned isa);
