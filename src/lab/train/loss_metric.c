/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Losses that teach a distance: supervised contrastive, and softmax with a margin. */
#include "lab/train/loss.h"

#include <math.h>
#include <stdlib.h>

enum trundle_status loss_contrastive(const float *embedding, const int32_t *label, int64_t n, int d, double temperature, double scale, float *grad, double *out_value)
{
    double *dot = malloc((size_t)(n > 0 ? n : 1) * sizeof *dot), value = 0;

    if (!dot)
        return TRUNDLE_NO_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        const float *x = embedding + i * d;
        int64_t partners = 0;
        double most = -HUGE_VAL, sum = 0, mean = 0;

        if (label[i] < 0)
            continue;
        for (int64_t j = 0; j < n; j++) {
            double s = 0;

            if (j == i || label[j] < 0)
                continue;
            for (int k = 0; k < d; k++)
                s += (double)x[k] * (double)embedding[j * d + k];
            dot[j] = s / temperature;
            most = dot[j] > most ? dot[j] : most;
            if (label[j] == label[i]) {
                partners++;
                mean += dot[j];
            }
        }
        if (!partners)
            continue;
        for (int64_t j = 0; j < n; j++)
            if (j != i && label[j] >= 0)
                sum += exp(dot[j] - most);
        value += most + log(sum) - mean / (double)partners;
        for (int64_t j = 0; j < n && grad; j++) {
            double by;

            if (j == i || label[j] < 0)
                continue;
            by = scale / temperature * (exp(dot[j] - most) / sum - (label[j] == label[i] ? 1 / (double)partners : 0));
            for (int k = 0; k < d; k++) {
                grad[i * d + k] += (float)(by * (double)embedding[j * d + k]);
                grad[j * d + k] += (float)(by * (double)x[k]);
            }
        }
    }
    free(dot);
    *out_value = value * scale;
    return TRUNDLE_OK;
}

double loss_margin(enum loss_margin kind, const float *cosines, const int32_t *label, int64_t n, int k, double margin, double sharp, double scale, float *grad)
{
    double value = 0;

    for (int64_t r = 0; r < n; r++) {
        const float *x = cosines + r * k;
        double c, slope = 1, own, most, sum = 0;

        if (label[r] < 0 || label[r] >= k)
            continue;
        c = (double)x[label[r]];
        own = c - margin;
        if (kind == LOSS_ARC) {
            double sine = sqrt(fmax(1 - c * c, 1e-12));

            if (c > -cos(margin)) {         /* theta + margin < pi */
                own = c * cos(margin) - sine * sin(margin);
                slope = cos(margin) + c / sine * sin(margin);
            } else {
                own = c - margin * sin(margin);
            }
        }
        most = own;
        for (int i = 0; i < k; i++)
            most = i != label[r] && (double)x[i] > most ? (double)x[i] : most;
        for (int i = 0; i < k; i++)
            sum += exp(sharp * ((i == label[r] ? own : (double)x[i]) - most));
        value += sharp * (most - own) + log(sum);
        for (int i = 0; i < k && grad; i++) {
            double p = exp(sharp * ((i == label[r] ? own : (double)x[i]) - most)) / sum;

            grad[r * k + i] += (float)(scale * sharp * (i == label[r] ? (p - 1) * slope : p));
        }
    }
    return value * scale;
}
