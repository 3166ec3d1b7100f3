/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Losses of classes and values: cross-entropy, sigmoid, focal, heat map, smooth L1, squared, distillation. */
#include "lab/train/loss.h"

#include <math.h>

/* log(1 + e^x) */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* log of the sum of e^(x by), and its largest. */
static double log_sum(const float *x, int k, double by)
{
    double most = (double)x[0], sum = 0;

    for (int i = 1; i < k; i++)
        most = (double)x[i] > most ? (double)x[i] : most;
    for (int i = 0; i < k; i++)
        sum += exp(((double)x[i] - most) * by);
    return most * by + log(sum);
}

double loss_cross_entropy(const float *logits, const float *soft, const int32_t *label, int64_t n, int k, double smoothing, double scale, float *grad)
{
    double value = 0, even = smoothing / k;

    for (int64_t r = 0; r < n; r++) {
        const float *x = logits + r * k;
        double all, mass = 0;

        if (!soft && (label[r] < 0 || label[r] >= k))
            continue;
        all = log_sum(x, k, 1);
        for (int i = 0; i < k; i++) {
            double t = soft ? (double)soft[r * k + i] : i == label[r];

            t = (1 - smoothing) * t + even;
            mass += t;
            value += t * (all - (double)x[i]);
        }
        for (int i = 0; i < k && grad; i++) {
            double t = soft ? (double)soft[r * k + i] : i == label[r];

            grad[r * k + i] += (float)(scale * (mass * exp((double)x[i] - all) - ((1 - smoothing) * t + even)));
        }
    }
    return value * scale;
}

double loss_binary(const float *logits, const float *target, const float *weight, int64_t n, double scale, float *grad)
{
    double value = 0;

    for (int64_t i = 0; i < n; i++) {
        double x = (double)logits[i], t = (double)target[i], w = weight ? (double)weight[i] : 1;

        if (w == 0)
            continue;
        value += w * (softplus(x) - t * x);
        if (grad)
            grad[i] += (float)(scale * w * (sigmoid(x) - t));
    }
    return value * scale;
}

double loss_focal(const float *logits, const float *target, int64_t n, double alpha, double gamma, double scale, float *grad)
{
    double value = 0;

    for (int64_t i = 0; i < n; i++) {
        bool yes = target[i] > 0.5F;
        double x = yes ? (double)logits[i] : -(double)logits[i];        /* of being right */
        double p = sigmoid(x), log_p = -softplus(-x), away = sigmoid(-x), a = alpha < 0 ? 1 : yes ? alpha : 1 - alpha, power;

        if (target[i] < 0)
            continue;
        power = pow(away, gamma);
        value -= a * power * log_p;
        if (grad)                           /* d/dx: (1 - p)^g (g p log p - (1 - p)) */
            grad[i] += (float)(scale * a * power * (gamma * p * log_p - away) * (yes ? 1 : -1));
    }
    return value * scale;
}

double loss_heatmap(const float *logits, const float *target, int64_t n, double scale, float *grad)
{
    double value = 0;

    for (int64_t i = 0; i < n; i++) {
        double x = (double)logits[i], t = (double)target[i], p = sigmoid(x), q = sigmoid(-x);

        if (target[i] < 0)
            continue;
        if (t >= 1) {
            double log_p = -softplus(-x);

            value -= q * q * log_p;
            if (grad)
                grad[i] += (float)(scale * q * q * (2 * p * log_p - q));
        } else {
            double log_q = -softplus(x), far = (1 - t) * (1 - t) * (1 - t) * (1 - t);

            value -= far * p * p * log_q;
            if (grad)
                grad[i] += (float)(scale * far * p * p * (p - 2 * q * log_q));
        }
    }
    return value * scale;
}

double loss_smooth_l1(const float *v, const float *target, const float *weight, int64_t n, double beta, double scale, float *grad)
{
    double value = 0;

    for (int64_t i = 0; i < n; i++) {
        double d = (double)v[i] - (double)target[i], w = weight ? (double)weight[i] : 1;
        bool near = fabs(d) < beta;

        if (w == 0)
            continue;
        value += w * (near ? d * d / (2 * beta) : fabs(d) - beta / 2);
        if (grad)
            grad[i] += (float)(scale * w * (near ? d / beta : d > 0 ? 1 : d < 0 ? -1 : 0));
    }
    return value * scale;
}

double loss_squared(const float *v, const float *target, const float *weight, int64_t n, double scale, float *grad)
{
    double value = 0;

    for (int64_t i = 0; i < n; i++) {
        double d = (double)v[i] - (double)target[i], w = weight ? (double)weight[i] : 1;

        if (w == 0)
            continue;
        value += w * d * d;
        if (grad)
            grad[i] += (float)(scale * w * 2 * d);
    }
    return value * scale;
}

double loss_distill(const float *student, const float *teacher, int64_t n, int k, double temperature, double scale, float *grad)
{
    double value = 0, by = 1 / temperature;

    for (int64_t r = 0; r < n; r++) {
        const float *s = student + r * k, *t = teacher + r * k;
        double all_s = log_sum(s, k, by), all_t = log_sum(t, k, by);

        for (int i = 0; i < k; i++) {
            double log_s = (double)s[i] * by - all_s, log_t = (double)t[i] * by - all_t, p = exp(log_t);

            value += temperature * temperature * p * (log_t - log_s);
            if (grad)
                grad[r * k + i] += (float)(scale * temperature * (exp(log_s) - p));
        }
    }
    return value * scale;
}
