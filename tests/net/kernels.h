/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * kernels - random sites for any operator, and any kernel against its reference on them: bit for bit when it says exact, else within a
 * tolerance. Needs base/net and base/std only, no cmocka, so that it also runs under qemu.
 *
 *     struct kernels_result r = kernels_check(net_kernel_named("conv.int8.vnni"), seed, 40, 0);
 *     if (r.wrong || !r.sites) puts(r.first);
 *
 * Outputs and scratch hold rubbish before a run; what lies around the output is checked after it; inputs end where their 64 readable bytes end.
 */
#pragma once

#include "base/net/kernel.h"
#include "base/std/rng.h"

struct kernels_site {
    struct net_graph *g;               /* owned; one node */
    struct net_site   site;
    void             *in[NET_IN_MAX];  /* owned copies of everything, constants too */
};

/* A random site of this operator that infer takes; `fit` (may be NULL) must take it too. false: none was found in `tries`. */
bool kernels_site_make(struct kernels_site *s, enum net_op op, const struct net_kernel *fit, int tries, struct rng *r);
void kernels_site_free(struct kernels_site *s);
/* "conv f32 1x7x9x16 ..." into out. */
const char *kernels_site_text(const struct kernels_site *s, char out[512]);

/* Runs all parts one after the other into `out` (net_tensor_bytes of the output, + 64). NULL: well; else what it did wrong (a write outside). */
const char *kernels_run(const struct net_kernel *k, const struct kernels_site *s, int parts, void *out);

/* The largest difference of two outputs: 0 for the same bits (any two NaN are the same), else relative to the rms of `b`; 1e30 where only one is NaN. */
double kernels_difference(const struct net_tensor *t, const void *a, const void *b);

struct kernels_result {
    int    sites, wrong;               /* compared; of which differ */
    double worst;
    char   first[1024];                /* the first that differs, or why there were no sites */
};
/* `tolerance` is for inexact kernels; an exact one must have the reference's bits. */
struct kernels_result kernels_check(const struct net_kernel *k, uint64_t seed, int sites, double tolerance);
