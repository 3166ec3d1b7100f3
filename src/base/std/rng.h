/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/rng - seeded random numbers, the same on every machine. Not for secrets.
 *
 *     struct rng r = rng_seed(17, "sim/shopper");
 *     double noise_g = 2.0 * rng_normal(&r);
 *
 * One value per purpose: the stream name keeps a new draw in one place from shifting all others.
 * Generator: xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64.
 */
#pragma once

#include <stdint.h>

struct rng {
    uint64_t s[4];
    double   spare;        /* second half of a normal pair */
    int      has_spare;
};

struct rng rng_seed(uint64_t seed, const char *stream);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, 1). */
double rng_unit(struct rng *r);
/* Uniform in [lo, hi). */
double rng_range(struct rng *r, double lo, double hi);
/* Uniform integer in [0, n), n > 0, without modulo bias. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* Standard normal (Marsaglia polar). */
double rng_normal(struct rng *r);
/* Exponential with the given mean. */
double rng_exponential(struct rng *r, double mean);
