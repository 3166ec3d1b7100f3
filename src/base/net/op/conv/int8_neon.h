/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/conv/int8_neon - the ends that the arm64 int8 tiles share. */
#pragma once

#include "base/net/op/int8_ends.h"

#include <arm_neon.h>

static inline int32x4_t int8_rounded(int32x4_t sum, const float *scale, const float *bias, const struct int8_post *p, bool has_residual, uint32x4_t residual)
{
    float32x4_t v = vfmaq_f32(vld1q_f32(bias), vcvtq_f32_s32(sum), vld1q_f32(scale));

    if (has_residual)
        v = vfmaq_f32(v, vcvtq_f32_s32(vsubq_s32(vreinterpretq_s32_u32(residual), vdupq_n_s32(p->residual_zero))), vdupq_n_f32(p->residual_scale));
    return vcvtnq_s32_f32(vmulq_f32(v, vdupq_n_f32(p->inverse)));
}

/* Eight channels of a pixel: a simple post. */
static inline void int8_store_eight(int32x4_t low, int32x4_t high, const float *scale, const float *bias, const struct int8_post *p, const uint8_t *residual, uint8_t *out, int width)
{
    uint8_t some[8] = { 0 };
    uint32x4_t rl = vdupq_n_u32(0), rh = rl;
    int16x8_t v;
    uint8x8_t b;

    if (residual) {
        memcpy(some, residual, (size_t)(width < 8 ? width : 8));
        uint16x8_t wide = vmovl_u8(vld1_u8(some));
        rl = vmovl_u16(vget_low_u16(wide));
        rh = vmovl_u16(vget_high_u16(wide));
    }
    v = vcombine_s16(vqmovn_s32(int8_rounded(low, scale, bias, p, residual, rl)), vqmovn_s32(int8_rounded(high, scale + 4, bias + 4, p, residual, rh)));
    b = vqmovun_s16(vqaddq_s16(v, vdupq_n_s16((int16_t)p->zero)));
    b = vmin_u8(vmax_u8(b, vdup_n_u8(p->low)), vdup_n_u8(p->high));
    if (width >= 8) {
        vst1_u8(out, b);
    } else {
        vst1_u8(some, b);
        memcpy(out, some, (size_t)width);
    }
}

/* acc[pixel][vector of four channels]; vectors is even. */
static inline __attribute__((always_inline)) void int8_store_tile(const struct int8_tile *t, const int32x4_t *acc, int pixels, int vectors, int row)
{
    if (t->post->simple) {
        for (int i = 0; i < pixels; i++)
            for (int j = 0; j < vectors && 4 * j < t->width; j += 2)
                int8_store_eight(acc[row * i + j], acc[row * i + j + 1], t->scale + 4 * j, t->bias + 4 * j, t->post,
                                 t->residual ? t->residual + i * t->out_step + 4 * j : NULL, (uint8_t *)t->out + i * t->out_step + 4 * j, t->width - 4 * j);
    } else {
        int32_t sums[INT8_PIXELS_MAX * INT8_ROW_MAX];
        for (int i = 0; i < pixels; i++)
            for (int j = 0; j < vectors; j++)
                vst1q_s32(sums + 4 * (vectors * i + j), acc[row * i + j]);
        int8_store_general(t, sums, pixels, 4 * vectors);
    }
}
