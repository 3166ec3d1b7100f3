/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as tracks: refused with an error, or tracks that are like themselves. */
#include "lab/judge/mot.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mot_tracks t = { 0 };
    struct mot_figures f;
    struct trundle_error err = { 0 };

    if (mot_parse(data, n, "fuzz", &t, &err) != TRUNDLE_OK)
        return t.box || !err.where[0] || !err.what[0] ? abort(), 0 : 0;
    if (mot_score(&t, &t, &f, &err) != TRUNDLE_OK)
        abort();
    if (!isfinite(f.figure[MOT_HOTA]) || f.figure[MOT_HOTA] > 1 + 1e-9 || f.figure[MOT_IDSW] < 0)
        abort();
    mot_tracks_done(&t);
    return 0;
}
