/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Sequential ranks into a CUSUM (drift.h). */
#include "hub/watch/drift.h"

#include "base/std/hash.h"
#include "base/std/time.h"

#include <math.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * NS_PER_S)

int drift_part(int64_t unix_ns)
{
    int64_t in_day = unix_ns % DAY_NS;

    return (int)((in_day < 0 ? in_day + DAY_NS : in_day) / (DAY_NS / DRIFT_PARTS));
}

double drift_chance(const char *text)
{
    uint64_t h = hash64(text, strlen(text), 0);

    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);      /* splitmix64's finish: FNV's upper bits alone are not even */
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    h ^= h >> 31;
    return ((double)(h >> 11) + 0.5) * 0x1p-53;
}

double drift_normal(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01,
                                2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00, 4.374664141464968e+00,
                                2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00 };
    double q, r, x, e, u;

    if (p < 0.02425 || p > 1 - 0.02425) {
        q = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
        x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
        x = p < 0.5 ? x : -x;
    } else {
        q = p - 0.5;
        r = q * q;
        x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
    }
    e = 0.5 * erfc(-x / sqrt(2)) - p;
    u = e * sqrt(2 * 3.14159265358979323846) * exp(x * x / 2);
    return x - u / (1 + x * u / 2);
}

double drift_score(size_t less, size_t equal, size_t n, double chance)
{
    /* The number itself is one of the n + 1, and takes any place among its equals with the same chance. */
    return n < DRIFT_PAST_LEAST ? 0 : drift_normal(((double)less + chance * (double)(equal + 1)) / (double)(n + 1));
}

void drift_push(struct drift *d, double score, double limit)
{
    d->up = fmin(2 * limit, fmax(0, d->up + score - DRIFT_SLACK));
    d->down = fmin(2 * limit, fmax(0, d->down - score - DRIFT_SLACK));
}

/* Siegmund's approximation of the mean run length, two sides. */
static double run_length(double limit)
{
    double b = limit + 1.166, k2 = 2 * DRIFT_SLACK;

    return (exp(k2 * b) - k2 * b - 1) / (k2 * k2 / 2) / 2;
}

double drift_limit(double run)
{
    double lo = 0, hi = 40;

    for (int i = 0; i < 100; i++) {
        double middle = (lo + hi) / 2;

        *(run_length(middle) < run ? &lo : &hi) = middle;
    }
    return hi;
}

bool drift_high(const struct drift *d, double limit)
{
    return d->up > limit || d->down > limit;
}

bool drift_low(const struct drift *d, double limit)
{
    return d->up < limit / 4 && d->down < limit / 4;
}
