/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Twelve independent chains keep two units of latency up to six busy. Inline assembly, so that no compiler improves the measure. */
#include "cmd/lab/net_peak.h"

#include "base/net/kernel.h"
#include "base/std/time.h"

#include <stddef.h>

enum { TIMES = 12, LOOPS = 100000, CHAINS = 12 };

#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

#if defined(__x86_64__)
#include <immintrin.h>

/* NAME(target, vector type, zero, assembly of one chain, registers of constants) */
#define LOOP(name, isa, vector, zero, ...)                                                \
    __attribute__((target(isa), noinline)) static void name(void)                         \
    {                                                                                     \
        vector a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero, a8 = zero, a9 = zero, a10 = zero, a11 = zero, b = zero, c = zero, t = zero; \
        for (int i = 0; i < LOOPS; i++) {                                                 \
            __asm__ volatile(__VA_ARGS__                                                  \
                             : "+v"(a0), "+v"(a1), "+v"(a2), "+v"(a3), "+v"(a4), "+v"(a5), "+v"(a6), "+v"(a7), "+v"(a8), "+v"(a9), "+v"(a10), "+v"(a11), "+v"(t) \
                             : "v"(b), "v"(c));                                           \
        }                                                                                 \
    }
#define FMA(k) "vfmadd231ps %13, %14, %" #k "\n\t"
#define DOT(k) "vpdpbusd %13, %14, %" #k "\n\t"
#define WIDEN(k) "vpmaddubsw %13, %14, %12\n\tvpmaddwd %13, %12, %12\n\tvpaddd %12, %" #k ", %" #k "\n\t"
LOOP(fma512, "avx512f", __m512, _mm512_setzero_ps(), TWELVE(FMA))
LOOP(dot512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), TWELVE(DOT))
LOOP(widen512, "avx512f,avx512bw", __m512i, _mm512_setzero_si512(), TWELVE(WIDEN))
LOOP(fma256, "avx2,fma", __m256, _mm256_setzero_ps(), TWELVE(FMA))
LOOP(widen256, "avx2", __m256i, _mm256_setzero_si256(), TWELVE(WIDEN))
#elif defined(__aarch64__)
#include <arm_neon.h>
#define LOOP(name, attribute, vector, ...)                                                \
    attribute __attribute__((noinline)) static void name(void)                            \
    {                                                                                     \
        vector a0 = { 0 }, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0, a11 = a0, b = a0, c = a0; \
        for (int i = 0; i < LOOPS; i++)                                                   \
            __asm__ volatile(__VA_ARGS__                                                  \
                             : "+w"(a0), "+w"(a1), "+w"(a2), "+w"(a3), "+w"(a4), "+w"(a5), "+w"(a6), "+w"(a7), "+w"(a8), "+w"(a9), "+w"(a10), "+w"(a11) \
                             : "w"(b), "w"(c));                                           \
    }
#define FMA(k) "fmla %" #k ".4s, %12.4s, %13.4s\n\t"
#define DOT(k) "sdot %" #k ".4s, %12.16b, %13.16b\n\t"
LOOP(fma128, , float32x4_t, TWELVE(FMA))
LOOP(dot128, __attribute__((target("arch=armv8.2-a+dotprod"))), int8x16_t, TWELVE(DOT))
#endif

double net_peak(bool int8, unsigned isa)
{
    struct { void (*run)(void); double lanes; } best = { NULL, 0 };
#if defined(__x86_64__)
    if (int8 && isa & NET_ISA_VNNI)
        best.run = dot512, best.lanes = 64;
    else if (int8 && isa & NET_ISA_AVX512)
        best.run = widen512, best.lanes = 64;
    else if (int8 && isa & NET_ISA_AVX2)
        best.run = widen256, best.lanes = 32;
    else if (!int8 && isa & NET_ISA_AVX512)
        best.run = fma512, best.lanes = 16;
    else if (!int8 && isa & NET_ISA_AVX2)
        best.run = fma256, best.lanes = 8;
#elif defined(__aarch64__)
    if (int8 && isa & NET_ISA_DOT)
        best.run = dot128, best.lanes = 16;
    else if (!int8 && isa & NET_ISA_NEON)
        best.run = fma128, best.lanes = 4;
#endif
    double fastest = 0;
    for (int i = 0; best.run && i < TIMES; i++) {
        int64_t start = clock_mono_ns();
        best.run();
        double speed = 2 * best.lanes * CHAINS * LOOPS / ((double)(clock_mono_ns() - start) * 1e-9);
        fastest = speed > fastest ? speed : fastest;
    }
    (void)isa;
    (void)int8;
    return fastest;
}
