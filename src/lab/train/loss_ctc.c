/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Connectionist temporal classification: the sum over all ways in which a target can lie in the frames, with blanks between, by a forward
 * and a backward recursion in logarithms.
 */
#include "lab/train/loss.h"

#include <math.h>
#include <stdlib.h>

#define NOTHING (-HUGE_VAL)      /* log 0 */

static double log_add(double a, double b)
{
    double hi = a > b ? a : b, lo = a > b ? b : a;

    return hi == NOTHING ? hi : hi + log1p(exp(lo - hi));
}

struct lattice { int t, k, states; const int32_t *target; int32_t blank; double *log_p, *alpha, *beta; };

static int32_t symbol(const struct lattice *l, int state)
{
    return state & 1 ? l->target[state / 2] : l->blank;
}

/* May one go from `state` - 2 to `state`? Not over a blank between two of the same. */
static bool jumps(const struct lattice *l, int state)
{
    return (state & 1) && state >= 2 && symbol(l, state) != symbol(l, state - 2);
}

static double recur(const struct lattice *l)
{
    int s = l->states;

    for (int t = 0; t < l->t; t++)
        for (int i = 0; i < s; i++) {
            double a = t == 0 ? (i < 2 ? 0 : NOTHING) : l->alpha[(t - 1) * s + i];

            if (t > 0 && i >= 1)
                a = log_add(a, l->alpha[(t - 1) * s + i - 1]);
            if (t > 0 && jumps(l, i))
                a = log_add(a, l->alpha[(t - 1) * s + i - 2]);
            l->alpha[t * s + i] = a + l->log_p[t * l->k + symbol(l, i)];
        }
    for (int t = l->t - 1; t >= 0; t--)
        for (int i = s - 1; i >= 0; i--) {
            double b = t == l->t - 1 ? (i >= s - 2 ? 0 : NOTHING) : l->beta[(t + 1) * s + i] + l->log_p[(t + 1) * l->k + symbol(l, i)];

            if (t < l->t - 1 && i + 1 < s)
                b = log_add(b, l->beta[(t + 1) * s + i + 1] + l->log_p[(t + 1) * l->k + symbol(l, i + 1)]);
            if (t < l->t - 1 && i + 2 < s && jumps(l, i + 2))
                b = log_add(b, l->beta[(t + 1) * s + i + 2] + l->log_p[(t + 1) * l->k + symbol(l, i + 2)]);
            l->beta[t * s + i] = b;
        }
    return log_add(l->alpha[(l->t - 1) * s + s - 1], s > 1 ? l->alpha[(l->t - 1) * s + s - 2] : NOTHING);
}

static void gradient(const struct lattice *l, double all, double scale, float *grad)
{
    for (int t = 0; t < l->t; t++) {
        for (int i = 0; i < l->k; i++)
            grad[t * l->k + i] += (float)(scale * exp(l->log_p[t * l->k + i]));
        for (int i = 0; i < l->states; i++)
            grad[t * l->k + symbol(l, i)] -= (float)(scale * exp(l->alpha[t * l->states + i] + l->beta[t * l->states + i] - all));
    }
}

enum trundle_status loss_ctc(const float *logits, const int32_t *length, const int32_t *target, const int32_t *target_length, int64_t n, int t, int k, int s,
                             int32_t blank, double scale, float *grad, double *out_value, int *out_skipped)
{
    double *room, value = 0;
    size_t states = 2 * (size_t)s + 1;
    int skipped = 0;

    if (blank < 0 || blank >= k)
        return TRUNDLE_BAD_ARG;
    for (int64_t r = 0; r < n; r++) {
        if (target_length[r] < 0 || target_length[r] > s || (length && (length[r] < 0 || length[r] > t)))
            return TRUNDLE_BAD_ARG;
        for (int i = 0; i < target_length[r]; i++)
            if (target[r * s + i] < 0 || target[r * s + i] >= k || target[r * s + i] == blank)
                return TRUNDLE_BAD_ARG;
    }
    room = malloc((size_t)(t > 0 ? t : 1) * ((size_t)k + 2 * states) * sizeof *room);
    if (!room)
        return TRUNDLE_NO_MEMORY;
    for (int64_t r = 0; r < n; r++) {
        struct lattice l = { length ? length[r] : t, k, 2 * target_length[r] + 1, target + r * s, blank, room, room + (size_t)t * (size_t)k, NULL };
        double all;

        l.beta = l.alpha + (size_t)t * states;
        for (int f = 0; f < l.t; f++) {
            const float *x = logits + (r * t + f) * k;
            double most = (double)x[0], sum = 0;

            for (int i = 1; i < k; i++)
                most = (double)x[i] > most ? (double)x[i] : most;
            for (int i = 0; i < k; i++)
                sum += exp((double)x[i] - most);
            for (int i = 0; i < k; i++)
                l.log_p[f * k + i] = (double)x[i] - most - log(sum);
        }
        all = l.t > 0 ? recur(&l) : NOTHING;
        if (all == NOTHING) {
            skipped++;
            continue;
        }
        value -= all;
        if (grad)
            gradient(&l, all, scale, grad + r * t * k);
    }
    free(room);
    *out_value = value * scale;
    if (out_skipped)
        *out_skipped = skipped;
    return TRUNDLE_OK;
}
