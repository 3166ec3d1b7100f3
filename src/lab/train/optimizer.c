/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The rules of optimizer.h over flat buffers; the loops are vec.c's. */
#include "lab/train/optimizer.h"

#include "lab/train/vec.h"

#include <math.h>

void optimizer_step(const struct optimizer_config *c, int64_t step, double rate, bool decay, float scale, size_t n, float *weight, const float *gradient, float *first,
                    float *second)
{
    float shrink = decay ? (float)c->weight_decay : 0;

    if (c->kind == OPTIMIZER_ADAMW)
        train_vec_here()->adam(weight, gradient, first, second, n, (float)rate, shrink, (float)c->beta1, (float)c->beta2, (float)c->eps,
                               (float)(1 / (1 - pow(c->beta1, (double)step + 1))), (float)(1 / (1 - pow(c->beta2, (double)step + 1))), scale);
    else
        train_vec_here()->sgd(weight, gradient, first, n, (float)rate, shrink, (float)c->momentum, scale, c->nesterov);
}

void optimizer_average(const struct optimizer_config *c, int64_t step, size_t n, float *average, const float *weight)
{
    double keep = (1 + (double)step) / (10 + (double)step);

    train_vec_here()->lerp(average, weight, n, (float)(keep < c->average ? keep : c->average));
}

double optimizer_sumsq(const float *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)v[i] * (double)v[i];
    return sum;
}

double schedule_rate(const struct schedule *s, int64_t step)
{
    double along;

    if (step < s->warm_steps)
        return s->rate * (double)(step + 1) / (double)s->warm_steps;
    if (step >= s->steps)
        return s->least;
    along = (double)(step - s->warm_steps) / (double)(s->steps - s->warm_steps);
    return s->least + (s->rate - s->least) * 0.5 * (1 + cos(3.14159265358979323846 * along));
}
