/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/isa - which vector instructions may be used here. TRUNDLE_ISA masks them, for tests and comparisons. */
#include "base/net/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

static const struct { unsigned bit; const char *name; } names[] = {
    { NET_ISA_AVX2, "avx2" }, { NET_ISA_AVX512, "avx512" }, { NET_ISA_VNNI, "vnni" }, { NET_ISA_NEON, "neon" }, { NET_ISA_DOT, "dot" },
};

static unsigned machine(void)
{
    unsigned isa = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        isa |= NET_ISA_AVX2;
    if ((isa & NET_ISA_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        isa |= NET_ISA_AVX512;
    if ((isa & NET_ISA_AVX512) && __builtin_cpu_supports("avx512vnni"))
        isa |= NET_ISA_VNNI;
#elif defined(__aarch64__)
    isa |= NET_ISA_NEON;
    if (getauxval(AT_HWCAP) & (1UL << 20))         /* HWCAP_ASIMDDP */
        isa |= NET_ISA_DOT;
#endif
    return isa;
}

unsigned net_isa_here(void)
{
    static const struct { const char *name; unsigned keep; } masks[] = {
        { "none", 0 },
        { "avx2", NET_ISA_AVX2 },
        { "avx512", NET_ISA_AVX2 | NET_ISA_AVX512 },
        { "vnni", NET_ISA_AVX2 | NET_ISA_AVX512 | NET_ISA_VNNI },
        { "neon", NET_ISA_NEON },
        { "dot", NET_ISA_NEON | NET_ISA_DOT },
    };
    unsigned isa = machine();
    const char *mask = getenv("TRUNDLE_ISA");
    for (size_t i = 0; mask && i < sizeof masks / sizeof masks[0]; i++)
        if (strcmp(mask, masks[i].name) == 0)
            return isa & masks[i].keep;
    return isa;
}

const char *net_isa_text(unsigned isa, char out[64])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (isa & names[i].bit)
            used += (size_t)snprintf(out + used, 64 - used, used ? " %s" : "%s", names[i].name);
    if (!used)
        memcpy(out, "none", 5);
    return out;
}
