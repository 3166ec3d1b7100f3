/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/requant - from an exact integer sum to a stored u8: the one definition that every int8 kernel reproduces bit for bit.
 *
 *     real = fma((float)sum, in_scale * w_scale[o], bias[o])         product of the scales rounded once to f32; no bias: 0
 *     real = fma((float)(r - r_zero), r_scale, real)                 with a residual
 *     real = act(real)                                               op/exact.h
 *     out  = round_half_even(clamp(real * (1 / out_scale), -out_zero, 255 - out_zero)) + out_zero
 *
 * sum = the sum over taps of w * (x - x_zero); a padded tap counts as x = x_zero. |sum| < 2^31 is the importer's and infer's duty.
 * Vector forms: cvtepi32_ps, fmadd, mul, max(v, lo), min(v, hi), cvtps_epi32 (x86); vcvtq, vfmaq, vmulq, vmaxnmq, vminnmq, vcvtnq (arm64).
 */
#pragma once

#include <math.h>
#include <stdint.h>

static inline uint8_t net_requant(float real, float out_inverse_scale, int32_t out_zero)
{
    float v = real * out_inverse_scale, lo = (float)-out_zero, hi = (float)(255 - out_zero);
    v = v > lo ? v : lo;           /* not a number (an infinite bias): lo */
    v = v < hi ? v : hi;
    return (uint8_t)((int32_t)rintf(v) + out_zero);
}
