/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Which of the compiled loops this machine runs. */
#include "base/net/kernel.h"
#include "lab/train/vec.h"

const struct train_vec *train_vec_here(void)
{
#if defined(__x86_64__)
    static const struct train_vec *here;       /* every thread would write the same */

    if (!here) {
        unsigned isa = net_isa_here();

        here = isa & NET_ISA_AVX512 ? &train_vec_avx512 : isa & NET_ISA_AVX2 ? &train_vec_avx2 : &train_vec_plain;
    }
    return here;
#else
    return &train_vec_plain;
#endif
}
