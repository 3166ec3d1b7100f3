/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/f32_vec - the few vector operations that the fp32 kernels are written in, one set for each instruction set. A kernel's
 * body is a header (f32_tile.h, conv/f32_direct.h ...), and each conv/f32_avx2.c, f32_avx512.c, f32_neon.c includes it with its flags.
 *
 * v_max(a, b) is a > b ? a : b, and v_min(a, b) a < b ? a : b: what MAXPS does with NaN and -0, on every machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define F32_INLINE static inline __attribute__((always_inline))

#if defined(F32_AVX512)
#include <immintrin.h>
enum { VL = 16, F32_G = 2, F32_H = 7 };       /* lanes of a vector; groups of a tile and pixels of a group: f32_tile.h */

#define F32_ISA (NET_ISA_AVX2 | NET_ISA_AVX512)
#define F32_NAME(base) base ".avx512"
#define F32_ID(base) base##_avx512
typedef __m512 v_f32;
F32_INLINE v_f32 v_zero(void) { return _mm512_setzero_ps(); }
F32_INLINE v_f32 v_load(const float *p) { return _mm512_loadu_ps(p); }
F32_INLINE void v_store(float *p, v_f32 a) { _mm512_storeu_ps(p, a); }
F32_INLINE v_f32 v_dup(float x) { return _mm512_set1_ps(x); }
F32_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return _mm512_fmadd_ps(a, b, c); }
F32_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return _mm512_add_ps(a, b); }
F32_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return _mm512_sub_ps(a, b); }
F32_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return _mm512_mul_ps(a, b); }
F32_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return _mm512_max_ps(a, b); }
F32_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return _mm512_min_ps(a, b); }
/* The first n lanes, 0 < n <= VL; the others of a load are 0. */
F32_INLINE v_f32 v_load_n(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)(0xffffu >> (16 - n)), p); }
F32_INLINE void v_store_n(float *p, int n, v_f32 a) { _mm512_mask_storeu_ps(p, (__mmask16)(0xffffu >> (16 - n)), a); }

#elif defined(F32_AVX2)
#include <immintrin.h>
enum { VL = 8, F32_G = 6, F32_H = 1 };

#define F32_ISA NET_ISA_AVX2
#define F32_NAME(base) base ".avx2"
#define F32_ID(base) base##_avx2
typedef __m256 v_f32;
F32_INLINE v_f32 v_zero(void) { return _mm256_setzero_ps(); }
F32_INLINE v_f32 v_load(const float *p) { return _mm256_loadu_ps(p); }
F32_INLINE void v_store(float *p, v_f32 a) { _mm256_storeu_ps(p, a); }
F32_INLINE v_f32 v_dup(float x) { return _mm256_set1_ps(x); }
F32_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return _mm256_fmadd_ps(a, b, c); }
F32_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return _mm256_add_ps(a, b); }
F32_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return _mm256_sub_ps(a, b); }
F32_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return _mm256_mul_ps(a, b); }
F32_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return _mm256_max_ps(a, b); }
F32_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return _mm256_min_ps(a, b); }
F32_INLINE __m256i v_mask(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
F32_INLINE v_f32 v_load_n(const float *p, int n) { return _mm256_maskload_ps(p, v_mask(n)); }
F32_INLINE void v_store_n(float *p, int n, v_f32 a) { _mm256_maskstore_ps(p, v_mask(n), a); }

#elif defined(F32_NEON)
#include <arm_neon.h>
enum { VL = 4, F32_G = 8, F32_H = 1 };

#define F32_ISA NET_ISA_NEON
#define F32_NAME(base) base ".neon"
#define F32_ID(base) base##_neon
typedef float32x4_t v_f32;
F32_INLINE v_f32 v_zero(void) { return vdupq_n_f32(0); }
F32_INLINE v_f32 v_load(const float *p) { return vld1q_f32(p); }
F32_INLINE void v_store(float *p, v_f32 a) { vst1q_f32(p, a); }
F32_INLINE v_f32 v_dup(float x) { return vdupq_n_f32(x); }
F32_INLINE v_f32 v_fma(v_f32 a, v_f32 b, v_f32 c) { return vfmaq_f32(c, a, b); }
F32_INLINE v_f32 v_add(v_f32 a, v_f32 b) { return vaddq_f32(a, b); }
F32_INLINE v_f32 v_sub(v_f32 a, v_f32 b) { return vsubq_f32(a, b); }
F32_INLINE v_f32 v_mul(v_f32 a, v_f32 b) { return vmulq_f32(a, b); }
F32_INLINE v_f32 v_max(v_f32 a, v_f32 b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
F32_INLINE v_f32 v_min(v_f32 a, v_f32 b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
F32_INLINE v_f32 v_load_n(const float *p, int n)
{
    float t[4] = { 0 };
    memcpy(t, p, (size_t)n * sizeof(float));
    return vld1q_f32(t);
}
F32_INLINE void v_store_n(float *p, int n, v_f32 a)
{
    float t[4];
    vst1q_f32(t, a);
    memcpy(p, t, (size_t)n * sizeof(float));
}
#else
#error "f32_vec.h: define F32_AVX512, F32_AVX2 or F32_NEON first"
#endif
