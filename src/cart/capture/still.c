/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/capture/still.h"

#include "base/std/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HALVES = 8, SIDE = 4, REACH = STILL_REACH_PX, SPAN = 2 * REACH + 1, ACROSS = SPAN + 2 * SIDE, UNKNOWNS = 4, LEAST_HALVES = 5, LEAST_SAMPLES = 6
};

static const double STEP_DN = 3, ALONE = 1.5, FIT_PX = 1.6, KEEP = .6;

struct half {
    int32_t at[STILL_SAMPLES][ACROSS];     /* places of pixels across the edge, outside to inside; -1: outside the picture */
    double  r[2], n[2];                    /* middle of the half from the picture's, and inwards; in units of 320 wide */
    double  step[SPAN];                    /* running mean over pictures */
    double  weight;
    int     samples;                       /* whose places are all in the picture */
};

struct still {
    int w, h;
    double scale;                          /* pixels per unit */
    size_t halves_n;
    struct half half[HALVES];
    double corner[4][2];                   /* of the floor, from the picture's middle */
    enum still_state state;
    int     far;                           /* measurements in a row that said moved */
    double  displacement;
    uint64_t measured;
    int64_t last_ns;
};

static bool seen(const struct cart_camera *c, const double p[3], double out[2])
{
    return cart_camera_project(c, p, out);
}

/* Half `k` of edge `e` of the floor: rear, right, front, left. False: too little of it is in the picture. */
static bool make_half(struct still *s, const struct cart_camera *c, const struct cart_basket *b, int e, int k, struct half *out)
{
    const double w = b->size_m[0], l = b->size_m[1];
    const double from[4][2] = { { 0, 0 }, { w, 0 }, { w, l }, { 0, l } };
    double middle[2] = { 0, 0 }, inward[2] = { 0, 0 };

    memset(out, 0, sizeof *out);
    for (int i = 0; i < STILL_SAMPLES; i++) {
        double f = (k + (i + .5) / STILL_SAMPLES) / 2, px[2], next[2], in[2], t[2], n[2], length;
        const double *a = from[e], *z = from[(e + 1) % 4];
        double p[3] = { a[0] + f * (z[0] - a[0]), a[1] + f * (z[1] - a[1]), 0 }, q[3] = { p[0] + .005 * (z[0] - a[0]), p[1] + .005 * (z[1] - a[1]), 0 };
        double inside[3] = { p[0] + .02 * (w / 2 - p[0]), p[1] + .02 * (l / 2 - p[1]), 0 };
        bool whole = true;

        for (int j = 0; j < ACROSS; j++)
            out->at[i][j] = -1;
        if (!seen(c, p, px) || !seen(c, q, next) || !seen(c, inside, in))
            continue;
        t[0] = next[0] - px[0];
        t[1] = next[1] - px[1];
        length = hypot(t[0], t[1]);
        if (length < 1e-9)
            continue;
        n[0] = -t[1] / length;
        n[1] = t[0] / length;
        if (n[0] * (in[0] - px[0]) + n[1] * (in[1] - px[1]) < 0) {
            n[0] = -n[0];
            n[1] = -n[1];
        }
        for (int j = 0; j < ACROSS; j++) {
            double o = (j - ACROSS / 2) * s->scale, x = px[0] + o * n[0], y = px[1] + o * n[1];
            int ix = (int)lround(x), iy = (int)lround(y);

            if (x > 0 && y > 0 && ix < s->w && iy < s->h)
                out->at[i][j] = iy * s->w + ix;
            else if (abs(j - ACROSS / 2) <= 12 + SIDE)
                whole = false;
        }
        if (!whole) {
            for (int j = 0; j < ACROSS; j++)
                out->at[i][j] = -1;
            continue;
        }
        middle[0] += (px[0] - c->cx_px) / s->scale;
        middle[1] += (px[1] - c->cy_px) / s->scale;
        inward[0] += n[0];
        inward[1] += n[1];
        out->samples++;
    }
    if (out->samples < LEAST_SAMPLES)
        return false;
    for (int i = 0; i < 2; i++) {
        out->r[i] = middle[i] / out->samples;
        out->n[i] = inward[i] / hypot(inward[0], inward[1]);
    }
    return true;
}

enum trundle_status still_new(const struct cart_camera *camera, const struct cart_basket *basket, struct still **out, struct trundle_error *err)
{
    struct still *s = calloc(1, sizeof *s);

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "still", NULL, "no memory");
    s->w = camera->width_px;
    s->h = camera->height_px;
    s->scale = camera->width_px / 320.0;
    s->displacement = (double)NAN;
    s->last_ns = INT64_MIN / 2;
    for (int e = 0; e < 4; e++) {
        const double corner[3] = { e == 1 || e == 2 ? basket->size_m[0] : 0, e >= 2 ? basket->size_m[1] : 0, 0 };
        double px[2] = { camera->cx_px, camera->cy_px };

        (void)seen(camera, corner, px);
        s->corner[e][0] = fmax(-200, fmin(200, (px[0] - camera->cx_px) / s->scale));
        s->corner[e][1] = fmax(-200, fmin(200, (px[1] - camera->cy_px) / s->scale));
        for (int k = 0; k < 2; k++)
            if (make_half(s, camera, basket, e, k, &s->half[s->halves_n]))
                s->halves_n++;
    }
    if (s->halves_n < LEAST_HALVES) {
        size_t n = s->halves_n;

        free(s);
        return error_set(err, TRUNDLE_UNSUPPORTED, "still", "aim the camera so that it sees the edges of the basket's floor", "sees %zu of the 8 halves of the floor's edges, needed are %d", n, LEAST_HALVES);
    }
    *out = s;
    return TRUNDLE_OK;
}

void still_free(struct still *s)
{
    free(s);
}

bool still_wants(const struct still *s, int64_t t_ns)
{
    return t_ns - s->last_ns >= STILL_EVERY_NS || t_ns < s->last_ns;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median step at each offset into the half's running mean. */
static void look(struct half *h, const uint8_t *rgb, int w, size_t stride)
{
    static const double NONE = 1e9;
    double step[STILL_SAMPLES][SPAN];

    for (int i = 0; i < STILL_SAMPLES; i++) {
        double sum[ACROSS + 1] = { 0 };
        int known[ACROSS + 1] = { 0 };

        for (int j = 0; j < ACROSS; j++) {
            int32_t at = h->at[i][j];
            const uint8_t *p = at < 0 ? NULL : rgb + (size_t)(at / w) * stride + (size_t)(at % w) * 3;
            bool lit = p && p[0] + p[1] + p[2] > 12;       /* what the mask blanks is no wall */

            sum[j + 1] = sum[j] + (lit ? .3 * p[0] + .6 * p[1] + .1 * p[2] : 0);
            known[j + 1] = known[j] + lit;
        }
        for (int o = 0; o < SPAN; o++) {
            int m = o + SIDE, a = m - SIDE, z = m + SIDE;

            step[i][o] = known[z] - known[a] == 2 * SIDE ? (sum[z] - sum[m] - (sum[m] - sum[a])) / SIDE : NONE;
        }
    }
    for (int o = 0; o < SPAN; o++) {
        double value[STILL_SAMPLES], median = 0;
        size_t n = 0;

        for (int i = 0; i < STILL_SAMPLES; i++)
            if (step[i][o] < NONE)
                value[n++] = step[i][o];
        if (n >= LEAST_SAMPLES) {
            qsort(value, n, sizeof value[0], by_size);
            median = value[n / 2];
        }
        h->step[o] = (KEEP * h->weight * h->step[o] + median) / (KEEP * h->weight + 1);
    }
    h->weight = KEEP * h->weight + 1;
}

/* Offset of the half's step, in units; false: it is weak or not alone. */
static bool find(const struct half *h, double *out)
{
    int best = 0;
    double second = 0, left, right;

    for (int o = 0; o < SPAN; o++)
        if (fabs(h->step[o]) > fabs(h->step[best]))
            best = o;
    for (int o = 0; o < SPAN; o++)
        if (abs(o - best) > 2 * SIDE)
            second = fmax(second, fabs(h->step[o]));
    if (fabs(h->step[best]) < STEP_DN || fabs(h->step[best]) < ALONE * second || best == 0 || best == SPAN - 1)
        return false;
    left = fabs(h->step[best - 1]);
    right = fabs(h->step[best + 1]);
    *out = best - REACH + .5 * (right - left) / fmax(1e-9, 2 * fabs(h->step[best]) - left - right);
    if (fabs(*out - (best - REACH)) > 1)
        *out = best - REACH;
    return true;
}

/* Shift x, y, turn, scale by normal equations with a little pull to zero; NAN when singular. */
static double fit(const struct half *const *half, const double *offset, size_t n, double out[UNKNOWNS])
{
    double a[UNKNOWNS][UNKNOWNS + 1] = { { 0 } }, rms = 0;

    for (size_t i = 0; i < n; i++) {
        const double *r = half[i]->r, *m = half[i]->n;
        const double row[UNKNOWNS] = { m[0], m[1], (m[1] * r[0] - m[0] * r[1]) / 100, (m[0] * r[0] + m[1] * r[1]) / 100 };

        for (int j = 0; j < UNKNOWNS; j++) {
            for (int k = 0; k < UNKNOWNS; k++)
                a[j][k] += row[j] * row[k];
            a[j][UNKNOWNS] += row[j] * offset[i];
        }
    }
    for (int j = 0; j < UNKNOWNS; j++)
        a[j][j] += .02;
    for (int j = 0; j < UNKNOWNS; j++)     /* positive definite: no pivots needed */
        for (int k = 0; k < UNKNOWNS; k++) {
            double f = k == j ? 0 : a[k][j] / a[j][j];

            for (int m = 0; m <= UNKNOWNS && k != j; m++)
                a[k][m] -= f * a[j][m];
        }
    for (int j = 0; j < UNKNOWNS; j++)
        out[j] = a[j][UNKNOWNS] / a[j][j];
    for (size_t i = 0; i < n; i++) {
        const double *r = half[i]->r, *m = half[i]->n;
        double off = offset[i] - (m[0] * out[0] + m[1] * out[1] + (m[1] * r[0] - m[0] * r[1]) / 100 * out[2] + (m[0] * r[0] + m[1] * r[1]) / 100 * out[3]);

        rms += off * off;
    }
    return sqrt(rms / (double)n);
}

static double displaced(const struct still *s, const double move[UNKNOWNS])
{
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        const double *r = s->corner[i];
        double x = move[0] + (-r[1] * move[2] + r[0] * move[3]) / 100, y = move[1] + (r[0] * move[2] + r[1] * move[3]) / 100;

        sum += x * x + y * y;
    }
    return sqrt(sum / 4);
}

static bool measure(const struct still *s, double *out)
{
    const struct half *half[HALVES], *fewer[HALVES];
    double offset[HALVES], rest[HALVES], move[UNKNOWNS];
    size_t n = 0;

    for (size_t i = 0; i < s->halves_n; i++)
        if (find(&s->half[i], &offset[n]))
            half[n++] = &s->half[i];
    if (n < LEAST_HALVES)
        return false;
    if (fit(half, offset, n, move) <= FIT_PX) {
        *out = displaced(s, move);
        return true;
    }
    for (size_t without = 0; n > LEAST_HALVES && without < n; without++) {
        size_t m = 0;

        for (size_t i = 0; i < n; i++)
            if (i != without) {
                fewer[m] = half[i];
                rest[m++] = offset[i];
            }
        if (fit(fewer, rest, m, move) <= FIT_PX / 2) {
            *out = displaced(s, move);
            return true;
        }
    }
    return false;
}

enum still_state still_push(struct still *s, const uint8_t *rgb, int w, int h, size_t stride, int64_t t_ns)
{
    double d;

    if (w != s->w || h != s->h || s->state == STILL_MOVED)
        return s->state;
    s->last_ns = t_ns;
    for (size_t i = 0; i < s->halves_n; i++)
        look(&s->half[i], rgb, w, stride);
    if (!measure(s, &d))
        return s->state;
    s->displacement = d;
    s->measured++;
    s->far = d >= STILL_MOVED_PX ? s->far + 1 : 0;
    if (s->far >= STILL_TIMES)
        s->state = STILL_MOVED;
    else if (!s->far)
        s->state = STILL_RIGHT;
    return s->state;
}

enum still_state still_state(const struct still *s)
{
    return s->state;
}

double still_displacement_px(const struct still *s)
{
    return s->displacement;
}

uint64_t still_measured(const struct still *s)
{
    return s->measured;
}
