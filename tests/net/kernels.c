/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Running a kernel on a site and comparing it with its reference. The sites are made in kernels_site.c. */
#include "tests/net/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 256, RUBBISH = 0xa5 };

static size_t up64(size_t n) { return (n + 63) / 64 * 64; }

const char *kernels_run(const struct net_kernel *k, const struct kernels_site *s, int parts, void *out)
{
    size_t bytes = net_tensor_bytes(s->site.out), packed_bytes = k->packed_bytes ? k->packed_bytes(&s->site) : 0;
    size_t scratch_bytes = k->scratch_bytes ? k->scratch_bytes(&s->site, parts) : 0;
    unsigned char *around = aligned_alloc(64, up64(bytes) + 2 * GUARD);
    void *packed = packed_bytes ? aligned_alloc(64, up64(packed_bytes)) : NULL, *scratch = scratch_bytes ? aligned_alloc(64, up64(scratch_bytes)) : NULL;
    const char *wrong = NULL;

    if (!around || (packed_bytes && !packed) || (scratch_bytes && !scratch))
        abort();
    memset(around, RUBBISH, up64(bytes) + 2 * GUARD);
    if (packed) {
        memset(packed, 0, up64(packed_bytes));
        k->pack(&s->site, packed);
    }
    for (int part = 0; part < parts; part++) {
        struct net_call c = { .site = &s->site, .out = around + GUARD, .packed = packed, .scratch = scratch, .part = part, .parts = parts };
        for (int i = 0; i < s->site.in_n; i++)
            c.in[i] = s->in[i];
        if (scratch)
            memset(scratch, 0xff, scratch_bytes);
        k->run(&c);
    }
    for (size_t i = 0; i < GUARD; i++)
        if (around[i] != RUBBISH || around[GUARD + bytes + i] != RUBBISH)
            wrong = "it wrote outside its output";
    memcpy(out, around + GUARD, bytes);
    free(around);
    free(packed);
    free(scratch);
    return wrong;
}

double kernels_difference(const struct net_tensor *t, const void *a, const void *b)
{
    int64_t n = net_shape_elements(&t->shape);
    double worst = 0, rms = 0;

    if (t->type != NET_F32) {
        for (int64_t i = 0; i < n; i++)
            if (t->type == NET_U8)
                worst = fmax(worst, abs(((const uint8_t *)a)[i] - ((const uint8_t *)b)[i]));
        return worst > 0 ? worst : memcmp(a, b, net_tensor_bytes(t)) ? 1 : 0;
    }
    const float *x = a, *y = b;
    for (int64_t i = 0; i < n; i++)
        rms += isfinite(y[i]) ? (double)y[i] * (double)y[i] : 0;
    rms = sqrt(rms / (double)n);
    for (int64_t i = 0; i < n; i++) {
        if (memcmp(&x[i], &y[i], sizeof x[i]) == 0 || (isnan(x[i]) && isnan(y[i])))
            continue;
        double d = isfinite(x[i]) && isfinite(y[i]) ? fabs((double)x[i] - (double)y[i]) / fmax(rms, 1e-30) : 1e30;
        worst = fmax(worst, fmax(d, 1e-30));
    }
    return worst;
}

struct kernels_result kernels_check(const struct net_kernel *k, uint64_t seed, int sites, double tolerance)
{
    struct kernels_result result = { 0 };
    const struct net_kernel *ref = net_kernel_ref(k->op);
    struct rng r = rng_seed(seed, k->name);
    char text[512];

    for (int i = 0; i < sites; i++) {
        struct kernels_site s;
        int parts = (int)rng_below(&r, 4) + 1;
        if (!kernels_site_make(&s, k->op, k, 4000, &r)) {
            if (!result.sites)
                (void)snprintf(result.first, sizeof result.first, "%s fits no site that is tried", k->name);
            break;
        }
        size_t bytes = net_tensor_bytes(s.site.out) + 64;
        void *got = malloc(bytes), *wanted = malloc(bytes);
        if (!got || !wanted)
            abort();
        (void)kernels_run(ref, &s, 1, wanted);
        const char *wrong = kernels_run(k, &s, parts, got);
        double d = kernels_difference(s.site.out, got, wanted);
        result.worst = fmax(result.worst, d);
        if (!wrong && d > (k->exact ? 0 : tolerance))
            wrong = "it differs from the reference";
        if (wrong && !result.wrong++) {
            int at = snprintf(result.first, sizeof result.first, "%s, site %d, %d parts: %s by %g of the rms; %s", k->name, i, parts, wrong, d, kernels_site_text(&s, text));
            int64_t n = net_shape_elements(&s.site.out->shape), e = 0;
            size_t size = net_type_bytes(s.site.out->type);
            while (e < n && memcmp((char *)got + (size_t)e * size, (char *)wanted + (size_t)e * size, size) == 0)
                e++;
            if (e < n && s.site.out->type == NET_F32)
                (void)snprintf(result.first + at, sizeof result.first - (size_t)at, "; element %lld is %.9g, not %.9g", (long long)e, (double)((float *)got)[e], (double)((float *)wanted)[e]);
            else if (e < n && s.site.out->type == NET_U8)
                (void)snprintf(result.first + at, sizeof result.first - (size_t)at, "; element %lld is %d, not %d", (long long)e, ((uint8_t *)got)[e], ((uint8_t *)wanted)[e]);
        }
        result.sites++;
        free(got);
        free(wanted);
        kernels_site_free(&s);
    }
    return result;
}
