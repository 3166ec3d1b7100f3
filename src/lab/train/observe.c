/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Ranges: the extremes first, then a histogram of what lies between, then a choice. */
#include "lab/train/observe.h"

#include <math.h>

void observe_range(struct observer *o, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            continue;
        if (!o->seen) {
            o->lo = o->hi = x[i];
            o->seen = true;
        }
        o->lo = x[i] < o->lo ? x[i] : o->lo;
        o->hi = x[i] > o->hi ? x[i] : o->hi;
    }
}

void observe_count(struct observer *o, const float *x, size_t n)
{
    float per = o->hi > o->lo ? (float)OBSERVE_BINS / (o->hi - o->lo) : 0;

    for (size_t i = 0; i < n; i++) {
        float at;

        if (!isfinite(x[i])) {
            o->strange++;
            continue;
        }
        o->n++;
        if (x[i] == 0) {
            o->zeros++;
            continue;
        }
        at = (x[i] - o->lo) * per;
        o->bin[at >= (float)(OBSERVE_BINS - 1) ? OBSERVE_BINS - 1 : at > 0 ? (int)at : 0]++;
    }
}

static double width(const struct observer *o)
{
    return ((double)o->hi - (double)o->lo) / OBSERVE_BINS;
}

double observe_error(const struct observer *o, float lo, float hi, int steps)
{
    double step = ((double)hi - (double)lo) / steps, sum = 0, each = width(o);

    if (!(step > 0) || o->n == 0)
        return 0;
    for (int i = 0; i < OBSERVE_BINS; i++) {
        double v, q;

        if (!o->bin[i])
            continue;
        v = (double)o->lo + (i + 0.5) * each;
        q = step * rint(fmin(fmax(v, (double)lo), (double)hi) / step);
        sum += (v - q) * (v - q) * o->bin[i];
    }
    return sum / (double)o->n;
}

static void percentile(const struct observer *o, double percent, float *out_lo, float *out_hi)
{
    double cut = (double)o->n * (100 - percent) / 200, below = 0, above = 0, each = width(o);
    int first = 0, last = OBSERVE_BINS - 1, zero_bin = (int)fmin(OBSERVE_BINS - 1, fmax(0, each > 0 ? -(double)o->lo / each : 0));

    for (; first < OBSERVE_BINS - 1; first++) {
        below += o->bin[first] + (first == zero_bin ? (double)o->zeros : 0);
        if (below > cut)
            break;
    }
    for (; last > first; last--) {
        above += o->bin[last] + (last == zero_bin ? (double)o->zeros : 0);
        if (above > cut)
            break;
    }
    *out_lo = (float)((double)o->lo + first * each);
    *out_hi = (float)((double)o->lo + (last + 1) * each);
}

/* Shrinks one end, then the other, in hundredths of what was seen, until neither helps. */
static void least_error(const struct observer *o, float *lo, float *hi)
{
    const float full[2] = { *lo, *hi };
    double best = observe_error(o, *lo, *hi, 255);

    for (int round = 0; round < 3; round++) {
        bool better = false;

        for (int end = 0; end < 2; end++)
            for (int k = 4; full[end] != 0 && k <= 100; k++) {
                float try = full[end] * (float)k / 100, a = end ? *lo : try, b = end ? try : *hi;
                double e = observe_error(o, a, b, 255);

                if (e < best) {
                    best = e;
                    *lo = a;
                    *hi = b;
                    better = true;
                }
            }
        if (!better)
            break;
    }
}

void observe_choose(const struct observer *o, enum observe_kind kind, double percent, float *out_lo, float *out_hi)
{
    float lo = o->lo, hi = o->hi;

    if (kind == OBSERVE_PERCENTILE && o->n)
        percentile(o, percent, &lo, &hi);
    lo = lo < 0 ? lo : 0;
    hi = hi > 0 ? hi : 0;
    if (kind == OBSERVE_MSE && o->n)
        least_error(o, &lo, &hi);
    *out_lo = lo;
    *out_hi = hi;
}

void observe_affine(float lo, float hi, float *out_scale, int32_t *out_zero)
{
    double scale = ((double)hi - (double)lo) / 255, zero;

    if (!(scale > 1e-30) || !isfinite(scale))
        scale = 1.0 / 255;
    zero = rint(-(double)lo / scale);
    *out_scale = (float)scale;
    *out_zero = (int32_t)(zero < 0 ? 0 : zero > 255 ? 255 : zero);
}

static double squared(const float *w, size_t n, double scale, int most)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double q = fmin(fmax(rint((double)w[i] / scale), -most), most) * scale - (double)w[i];

        sum += q * q;
    }
    return sum;
}

float observe_weights(const float *w, size_t n, int bits, bool mse)
{
    int most = (1 << (bits - 1)) - 1;
    double largest = 0, best, error;
    float scale;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)w[i]));
    if (!(largest > 1e-30) || !isfinite(largest))
        return 1;
    best = largest / most;
    if (mse) {
        error = squared(w, n, best, most);
        for (int k = 60; k < 100; k += 2) {
            double scale_k = largest * k / 100 / most, e = squared(w, n, scale_k, most);

            if (e < error) {
                error = e;
                best = scale_k;
            }
        }
    }
    scale = (float)best;
    return scale > 0 ? scale : 1;
}

const char *observe_name(enum observe_kind kind)
{
    static const char *const name[OBSERVE_KINDS] = { "min-max", "percentile", "mse" };

    return (unsigned)kind < OBSERVE_KINDS ? name[kind] : "?";
}
