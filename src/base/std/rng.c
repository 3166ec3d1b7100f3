/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* xoshiro256** and the few distributions that are needed. */
#include "base/std/rng.h"

#include "base/std/hash.h"

#include <math.h>
#include <string.h>

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct rng rng_seed(uint64_t seed, const char *stream)
{
    struct rng r = { .has_spare = 0 };
    uint64_t x = seed ^ hash64(stream, strlen(stream), 0);

    for (int i = 0; i < 4; i++)
        r.s[i] = splitmix64(&x);
    return r;
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t result = rotl(r->s[1] * 5, 7) * 9;
    uint64_t t = r->s[1] << 17;

    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotl(r->s[3], 45);
    return result;
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1.0p-53;
}

double rng_range(struct rng *r, double lo, double hi)
{
    return lo + (hi - lo) * rng_unit(r);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t limit = (UINT64_C(1) << 32) - (UINT64_C(1) << 32) % n;
    uint64_t x;

    do
        x = rng_u64(r) >> 32;
    while (x >= limit);
    return (uint32_t)(x % n);
}

double rng_normal(struct rng *r)
{
    double u, v, s;

    if (r->has_spare) {
        r->has_spare = 0;
        return r->spare;
    }
    do {
        u = rng_range(r, -1, 1);
        v = rng_range(r, -1, 1);
        s = u * u + v * v;
    } while (s >= 1 || s <= 0);
    s = sqrt(-2 * log(s) / s);
    r->spare = v * s;
    r->has_spare = 1;
    return u * s;
}

double rng_exponential(struct rng *r, double mean)
{
    return -mean * log(1 - rng_unit(r));
}
