/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* How far means of 1, 2, 4 ... 128 samples stray while nothing happens: the Allan variance, half the mean square of the difference of
 * neighbouring means (Allan, Proc. IEEE 54(2), 1966), learned while quiet, per state of motion. White or not, it is measured as it is; a
 * level that is off by a constant does not feed it, so an unnoticed step cannot hide behind the noise that it would make. */
#include "cart/weigh/inner.h"

#include <math.h>

enum { MEMORY_BLOCKS = 64, PRIOR_BLOCKS = 3 };

static const double motion_ms2[WEIGH_MOTIONS] = { 0.02, 0.3, 1.0, 3.0 };        /* what a state of motion shakes by, before it is known better */

static double prior_g2(const struct weigh *w, uint8_t motion)
{
    double v = 0, load = 0, shaken;

    for (int i = 0; i < w->cells.n; i++) {
        v += w->cells.cell[i].sd_g * w->cells.cell[i].sd_g;
        load += fabs(w->level_g[i]);
    }
    shaken = motion ? (w->imu_known ? 0.15 : 0.7) * motion_ms2[motion] * load / GRAVITY_MS2 : 0;
    return v + shaken * shaken;
}

/* At one dyadic scale. A scale that was never seen falls a little slower than white noise does. */
static double at_scale(const struct weigh *w, uint8_t motion, int k)
{
    const struct weigh_noise *noise = &w->noise[motion];
    double floor = 0.02 * w->config.least_g, v = prior_g2(w, motion), white;

    if (noise->seen[0])
        v = (noise->seen[0] * noise->v_g2[0] + PRIOR_BLOCKS * v) / (noise->seen[0] + PRIOR_BLOCKS);
    white = v;
    for (int j = 1; j <= k; j++) {
        v *= 0.6;
        white *= 0.5;
        if (noise->seen[j])
            v = (noise->seen[j] * noise->v_g2[j] + PRIOR_BLOCKS * v) / (noise->seen[j] + PRIOR_BLOCKS);
        v = fmax(v, white);
    }
    return v + floor * floor;
}

double weigh_noise_of(const struct weigh *w, uint8_t motion, uint32_t n)
{
    int k = 0;
    double v, next;

    while (k + 1 < WEIGH_SCALES && (2u << k) <= n)
        k++;
    v = at_scale(w, motion, k);
    if (n > (1u << k) && k + 1 < WEIGH_SCALES) {
        next = at_scale(w, motion, k + 1);
        v += (next - v) * (double)(n - (1u << k)) / (double)(1u << k);
    }
    return v;
}

uint8_t weigh_motion_of(struct weigh *w, uint32_t n)
{
    uint8_t most = 0;

    for (uint32_t i = 0; i < n && i < w->held; i++)
        if (weigh_back(w, i)->motion > most)
            most = weigh_back(w, i)->motion;
    return most;
}

void weigh_noise_learn(struct weigh *w)
{
    for (int k = 0; k < WEIGH_SCALES; k++) {
        uint32_t n = 1u << k;
        uint8_t motion;
        double sum = 0, x, v;
        struct weigh_noise *noise;

        if (2 * n > w->held || 2 * n > w->quiet_n || w->quiet_n % n)
            return;
        for (uint32_t i = 0; i < 2 * n; i++) {
            if (weigh_back(w, i)->live != (1u << w->cells.n) - 1)
                return;
            sum += i < n ? (double)weigh_back(w, i)->sum_g : -(double)weigh_back(w, i)->sum_g;
        }
        motion = weigh_motion_of(w, 2 * n);
        noise = &w->noise[motion];
        v = at_scale(w, motion, k);
        x = fmin(0.5 * (sum / n) * (sum / n), 9 * v);
        if (noise->seen[k] < MEMORY_BLOCKS)
            noise->seen[k]++;
        noise->v_g2[k] += (x - noise->v_g2[k]) / noise->seen[k];
    }
}

void weigh_noise_adopt(struct weigh *w, uint32_t n, double mean_g)
{
    struct weigh_noise *noise = &w->noise[weigh_motion_of(w, n)];

    for (int k = 0; k < WEIGH_SCALES; k++) {
        uint32_t size = 1u << k, blocks = n / size;
        double v = 0;

        if (blocks < 4) {
            noise->seen[k] = 0;
            continue;
        }
        for (uint32_t b = 0; b < blocks; b++) {
            double sum = 0;

            for (uint32_t i = 0; i < size; i++)
                sum += (double)weigh_back(w, b * size + i)->sum_g - mean_g;
            v += sum / size * (sum / size) / (blocks - 1);
        }
        noise->v_g2[k] = v;
        noise->seen[k] = blocks < MEMORY_BLOCKS ? blocks : MEMORY_BLOCKS;
    }
}
