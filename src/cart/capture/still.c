/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/capture/still.h"

#include "base/std/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HALVES = 8, SIDE = 4, REACH = STILL_REACH_PX, SPAN = 2 * REACH + 1, ACROSS = SPAN + 2 * SIDE, UNKNOWNS = 4, LEAST_HALVES = 5, LEAST_SAMPLES = 6,
    TURNS = 4, SCALES = 2, SHIFTS = 17
};

static const double STEP_DN = 4, WEAK_DN = 1.5, KEEP = .6, SHIFT_PX = 2, RIGHT_SHARE = .5, RIGHT_LESS = .5, MOVED_SHARE = .8, MOVED_MORE = 2, NEAR_LEFT = .55;

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
        for (int k = 0; k < 2 && basket->wall[e] == CART_WALL_SOLID; k++)      /* through wire the floor's edge is not the picture's */
            if (make_half(s, camera, basket, e, k, &s->half[s->halves_n]))
                s->halves_n++;
    }
    if (s->halves_n < LEAST_HALVES) {
        size_t n = s->halves_n;

        free(s);
        return error_set(err, TRUNDLE_UNSUPPORTED, "still", "aim the camera so that it sees the edges of the basket's floor", "sees %zu of the 8 halves of the floor's edges at solid walls, needed are %d", n, LEAST_HALVES);
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

/* How well a half's step at an offset says "here is the edge", 0 to 1. `sign`: floors are brighter (1) or darker (-1) than walls, all around. A step counts up to
 * `most`, so that the print of a pack says no more than an edge. */
static double says(const struct half *h, double offset, double sign, double most)
{
    double at = offset + REACH, f = at - floor(at), step;
    int o = (int)floor(at);

    if (o < 0 || o + 1 >= SPAN)
        return 0;
    step = sign * ((1 - f) * h->step[o] + f * h->step[o + 1]);
    return step <= WEAK_DN ? 0 : fmin(1, (step - WEAK_DN) / (most - WEAK_DN));
}

/* What a move of the picture does at r: shift x, y; turn and scale in hundredths. */
static void moved_by(const double move[UNKNOWNS], const double r[2], double out[2])
{
    out[0] = move[0] + (-r[1] * move[2] + r[0] * move[3]) / 100;
    out[1] = move[1] + (r[0] * move[2] + r[1] * move[3]) / 100;
}

static double displaced(const struct still *s, const double move[UNKNOWNS])
{
    double sum = 0, by[2];

    for (int i = 0; i < 4; i++) {
        moved_by(move, s->corner[i], by);
        sum += by[0] * by[0] + by[1] * by[1];
    }
    return sqrt(sum / 4);
}

/* The best move near the stated place, and the best one away from it, by how many halves they explain. */
struct found { double near, away, away_px, near_px; };

static void search(const struct still *s, double sign, const double *most, struct found *out)
{
    double move[UNKNOWNS];

    *out = (struct found){ 0, 0, 0, 0 };
    for (int turn = -TURNS; turn <= TURNS; turn++)
        for (int scale = -SCALES; scale <= SCALES; scale++)
            for (int y = -SHIFTS; y <= SHIFTS; y++)
                for (int x = -SHIFTS; x <= SHIFTS; x++) {
                    double sum = 0, px, by[2];

                    move[0] = SHIFT_PX * x;
                    move[1] = SHIFT_PX * y;
                    move[2] = 3.5 * turn;
                    move[3] = 3.5 * scale;
                    for (size_t i = 0; i < s->halves_n; i++) {
                        if (most[i] <= 0)
                            continue;
                        moved_by(move, s->half[i].r, by);
                        sum += says(&s->half[i], by[0] * s->half[i].n[0] + by[1] * s->half[i].n[1], sign, most[i]);
                    }
                    px = displaced(s, move);
                    if (px < STILL_MOVED_PX && sum > out->near) {
                        out->near = sum;
                        out->near_px = px;
                    } else if (px >= STILL_MOVED_PX && sum > out->away) {
                        out->away = sum;
                        out->away_px = px;
                    }
                }
}

/* -1 right, 1 moved, 0 not to be told. */
static int measure(const struct still *s, double *out_px)
{
    int verdict = 0;
    double best = 0;

    for (int k = 0; k < 2; k++) {
        double sign = k ? -1 : 1, most[HALVES], seen_n = 0;
        struct found f;

        for (size_t i = 0; i < s->halves_n; i++) {
            double top = 0;

            for (int o = 0; o < SPAN; o++)
                top = fmax(top, sign * s->half[i].step[o]);
            most[i] = top < STEP_DN ? 0 : fmax(WEAK_DN + 3, fmin(20, .8 * top));
            seen_n += most[i] > 0;
        }
        if (seen_n < LEAST_HALVES)
            continue;
        search(s, sign, most, &f);
        if (fmax(f.near, f.away) <= best)
            continue;
        best = fmax(f.near, f.away);
        if (f.near >= RIGHT_SHARE * seen_n && f.near > f.away - RIGHT_LESS) {
            verdict = -1;
            *out_px = f.near_px;
        } else if (f.away >= MOVED_SHARE * seen_n && f.away >= f.near + MOVED_MORE && f.near <= NEAR_LEFT * seen_n) {
            verdict = 1;
            *out_px = f.away_px;
        } else {
            verdict = 0;
        }
    }
    return verdict;
}

enum still_state still_push(struct still *s, const uint8_t *rgb, int w, int h, size_t stride, int64_t t_ns)
{
    double d = 0;
    int verdict;

    if (w != s->w || h != s->h || s->state == STILL_MOVED)
        return s->state;
    s->last_ns = t_ns;
    for (size_t i = 0; i < s->halves_n; i++)
        look(&s->half[i], rgb, w, stride);
    verdict = measure(s, &d);
    if (!verdict)
        return s->state;
    s->displacement = d;
    s->measured++;
    s->far = verdict > 0 ? s->far + 1 : 0;
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
