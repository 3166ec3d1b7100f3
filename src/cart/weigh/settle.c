/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Departures and arrivals. Quiet until a mean of 1, 2, 4 ... 128 samples strays beyond what it does by itself; then away until
 * a window is calm: at the old level it was a bump, at another a step. */
#include "base/std/time.h"
#include "cart/weigh/inner.h"

#include <math.h>
#include <string.h>

enum { WINDOW_MOST = 1 << (WEIGH_SCALES - 1) };

static const double sure_sd = 5;           /* a step is this far from nothing */

static double mean_of(struct weigh *w, uint32_t from, uint32_t n)
{
    double sum = 0;

    for (uint32_t i = from; i < from + n; i++)
        sum += (double)weigh_back(w, i)->sum_g;
    return sum / n;
}

/* Mean acceleration of the newest n samples, above that at which the levels were found. */
static double accel_off(struct weigh *w, uint32_t n)
{
    double sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += (double)weigh_back(w, i)->accel_ms2 - w->accel_home;
    return sum / n;
}

/* Noise of a mean of n samples, and that of the reference levels, which rest on the last few seconds. */
static double spread_g2(struct weigh *w, uint32_t n)
{
    uint8_t motion = weigh_motion_of(w, n);
    double v = weigh_noise_of(w, motion, n);
    uint32_t rest = (uint32_t)fmax(4 * w->hz, 4);
    double off;

    if (rest > w->level_n)
        rest = w->level_n ? w->level_n : 1;
    v += weigh_noise_of(w, w->level_motion, rest);
    off = weigh_doubt(w) * accel_off(w, n);
    v += off * off;
    if (weigh_back(w, 0)->live != (1u << w->cells.n) - 1)
        v *= 2;                            /* what a dead cell carries is inferred from noisy ones */
    return v;
}

/* ---- quiet ---- */

/* Where the stray began: the split that explains the newest `most` samples best as "at the level, then off it". */
static uint32_t departed_for(struct weigh *w, uint32_t most)
{
    double sum = 0, best = -1, sd = sqrt(weigh_noise_of(w, weigh_back(w, 0)->motion, 1));
    uint32_t n = 1;

    for (uint32_t i = 0; i < most && i < w->held; i++) {
        double score;

        sum += (double)weigh_back(w, i)->sum_g;
        score = sum * sum / (i + 1);
        if (score > best) {
            best = score;
            n = i + 1;
        }
    }
    while (n < w->held && fabs((double)weigh_back(w, n)->sum_g) > 3 * sd && n < most + w->settle_n)
        n++;
    return n;
}

static void depart(struct weigh *w, uint32_t window)
{
    uint32_t n = departed_for(w, 2 * window);

    w->away = true;
    w->away_n = n;
    w->away_ns = weigh_back(w, n - 1)->t_ns;
    w->away_sequence = weigh_back(w, n - 1)->sequence;
    w->first_sent = false;
    w->best.n = 0;
    w->quiet_n = 0;
}

static bool look_for_departure(struct weigh *w)
{
    for (uint32_t n = 1; n <= WINDOW_MOST && n <= w->held; n *= 2) {
        double mean = fabs(mean_of(w, 0, n));

        if (mean > w->config.least_g / 2 && mean > sure_sd * sqrt(spread_g2(w, n))) {
            depart(w, n);
            return true;
        }
    }
    return false;
}

/* ---- away ---- */

static void sort(float *x, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        float v = x[i];
        uint32_t j = i;

        for (; j > 0 && x[j - 1] > v; j--)
            x[j] = x[j - 1];
        x[j] = v;
    }
}

static double median_of(struct weigh *w, uint32_t n)
{
    float x[WINDOW_MOST];

    for (uint32_t i = 0; i < n; i++)
        x[i] = weigh_back(w, i)->sum_g;
    sort(x, n);
    return n % 2 ? (double)x[n / 2] : 0.5 * ((double)x[n / 2 - 1] + (double)x[n / 2]);
}

enum unrest { CALM, SHORT, RESTLESS };     /* SHORT: calm, but a longer window must show that it is not on its way */

/* Is the window of the newest n samples as calm as a level is? Fills it in without lonely spikes and gaps (one in four at most). */
static enum unrest calm(struct weigh *w, uint32_t n, struct weigh_window *out)
{
    uint8_t motion = weigh_motion_of(w, n), live = 0;
    double v1 = weigh_noise_of(w, motion, 1), middle = median_of(w, n), cut = 4.5 * sqrt(v1) + 0.01 * fabs(middle), s2 = 0, sum = 0;
    double half[2] = { 0 }, slack = 0.003 * fabs(middle), vh = weigh_noise_of(w, motion, n / 2), slope, slope_sd, bend;
    uint32_t kept = 0, half_n[2] = { 0 };
    struct weigh_window win = { .n = n };

    for (int c = 0; c < w->cells.n; c++) {     /* a cell that missed a few samples is alive, those samples are left out */
        uint32_t there = 0;

        for (uint32_t i = 0; i < n; i++)
            there += weigh_back(w, i)->live >> c & 1;
        if (4 * there >= 3 * n)
            live |= (uint8_t)(1u << c);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct weigh_sample *s = weigh_back(w, i);
        double e = (double)s->sum_g;

        if ((n >= 8 && fabs(e - middle) > cut) || (s->live & live) != live)
            continue;
        kept++;
        sum += e;
        s2 += (e - middle) * (e - middle);
        half[i < n / 2] += e;
        half_n[i < n / 2]++;
        for (int c = 0; c < w->cells.n; c++)
            win.delta_g[c] += (double)s->e_g[c];
    }
    if (kept < n - n / 4 || !half_n[0] || !half_n[1])
        return RESTLESS;
    s2 /= kept;
    if (s2 > 1.5 * (1 + 4 * sqrt(2.0 / n)) * v1 + slack * slack)
        return RESTLESS;
    bend = half[1] / half_n[1] - half[0] / half_n[0];
    if (fabs(bend) > 4 * sqrt(2 * vh) + slack)
        return RESTLESS;
    for (int c = 0; c < w->cells.n; c++)
        win.delta_g[c] = live & (1u << c) ? win.delta_g[c] / kept : 0;
    win.live = live;
    win.sum_g = sum / kept;
    /* still on its way: a slow take must not be cut into small steps */
    slope = fabs(bend) * 2 * w->hz / n;
    slope_sd = sqrt(2 * weigh_noise_of(w, motion, 1) / (n / 2)) * 2 * w->hz / n;
    if (fabs(win.sum_g) > sure_sd * sqrt(spread_g2(w, n)) && slope + (n < w->sure_n ? 2 * slope_sd : -slope_sd) > 0.25 * fabs(win.sum_g))
        return SHORT;
    win.sd_g = sqrt(spread_g2(w, n) * fmax(1, s2 / v1));
    *out = win;
    return CALM;
}

/* The first sample of a calm window, moved back over samples that were already at its level. */
static int64_t arrived_ns(struct weigh *w, const struct weigh_window *win)
{
    uint32_t n = win->n;
    double near = 2 * sqrt(weigh_noise_of(w, weigh_motion_of(w, n), 1)) + 0.001 * fabs(win->sum_g);

    while (n < w->away_n && n < w->held && fabs((double)weigh_back(w, n)->sum_g - win->sum_g) <= near)
        n++;
    return weigh_back(w, n - 1)->t_ns;
}

/* Makes the level of a window the reference. `after`: samples newer than the window. */
static void settle_at(struct weigh *w, const struct weigh_window *win, uint32_t after)
{
    uint32_t keep = win->n + after;

    for (int c = 0; c < w->cells.n; c++) {
        if (!(win->live & (1u << c))) {
            w->level_known &= (uint8_t)~(1u << c);
            w->fresh_n[c] = 0;
            continue;
        }
        w->level_g[c] += win->delta_g[c];
        w->cov_ea[c] += win->delta_g[c] / GRAVITY_MS2 * w->cov_aa;
    }
    w->accel_home += accel_off(w, win->n);
    w->level_n = win->n;
    w->level_motion = weigh_motion_of(w, keep);
    w->held = keep < w->held ? keep : w->held;
    for (uint32_t i = 0; i < w->held; i++) {
        struct weigh_sample *s = weigh_back(w, i);
        double e[TRUNDLE_CELLS_MAX] = { 0 }, sum = 0;

        s->live &= win->live;
        for (int c = 0; c < w->cells.n; c++) {
            if (!(s->live & (1u << c)))
                continue;
            s->e_g[c] -= (float)win->delta_g[c];
            e[c] = (double)s->e_g[c];
        }
        (void)weigh_infer(w, e, s->live, 0);
        for (int c = 0; c < w->cells.n; c++)
            sum += e[c];
        s->sum_g = (float)sum;
    }
}

/* Home again: nothing changed, or too little to tell. */
static void come_home(struct weigh *w, const struct weigh_window *win)
{
    if (w->first_sent)
        weigh_report(w, TRUNDLE_STAGE_FINAL, win);
    w->counts.bumps++;
    w->away = false;
    w->held = win->n;
}

/* A step of this window: told, unless it is too small or not in the basket. */
static void step(struct weigh *w, const struct weigh_window *win)
{
    struct weigh_window told = *win;
    float place[3], cov[6];
    double extra = weigh_infer(w, told.delta_g, told.live, told.sd_g), small = 0;

    told.sum_g = 0;
    for (int c = 0; c < w->cells.n; c++)
        told.sum_g += told.delta_g[c];
    told.sd_g = sqrt(told.sd_g * told.sd_g + extra * extra + 1e-6 * told.sum_g * told.sum_g);    /* 0.1 % of linearity */
    if (fabs(told.sum_g) < w->config.least_g) {
        w->hidden_g += told.sum_g;         /* followed as zero, but not forgotten */
        if (fabs(w->hidden_g) < 2 * w->config.least_g) {
            if (w->first_sent)
                weigh_report(w, TRUNDLE_STAGE_FINAL, &told);
            return;
        }
        small = w->hidden_g - told.sum_g;
        w->hidden_g = 0;
    }
    told.sum_g += small;
    if (weigh_place(w, &told, place, cov)) {
        w->counts.outside++;
        if (!w->first_sent)
            return;
        told.sum_g = 0;
    }
    weigh_report(w, TRUNDLE_STAGE_FINAL, &told);
}

static bool enough(const struct weigh *w, const struct weigh_window *win)
{
    return win->sd_g <= w->config.sd_goal_g || win->sd_g <= 0.02 * fabs(win->sum_g) || win->n >= w->sure_n || win->n >= WINDOW_MOST;
}

/* The longest calm window that ends now. */
static bool longest_calm(struct weigh *w, struct weigh_window *out)
{
    uint32_t most = w->away_n < w->held ? w->away_n : w->held;
    uint32_t hand = (uint32_t)(0.3 * w->hz);   /* the hand's part of it is no level, even where the noise hides that */
    bool found = false;

    most = most > hand + w->settle_n ? most - hand : most < w->settle_n ? most : w->settle_n;
    if (most > WINDOW_MOST)
        most = WINDOW_MOST;
    for (uint32_t n = w->settle_n; n <= most; n = n < most && n + n / 2 + 1 > most ? most : n + n / 2 + 1) {
        enum unrest unrest = calm(w, n, out);

        if (unrest == RESTLESS)
            break;
        found |= unrest == CALM;
    }
    return found;
}

/* Unrest that stays is a new state of motion (without an accelerometer, rolling looks like this): its own spread becomes the noise. */
static bool new_regime(struct weigh *w, struct weigh_window *out)
{
    uint32_t hold = (uint32_t)fmax(ceil((w->imu_known ? 4 : 2) * w->hz), 12), n = hold < WINDOW_MOST ? hold : WINDOW_MOST, part = n / 8;
    double mean, block[8];

    if (w->away_n < hold || w->held < n || part == 0)
        return false;
    n = 8 * part;
    mean = mean_of(w, 0, n);
    for (uint32_t b = 0; b < 8; b++)
        block[b] = mean_of(w, b * part, part) - mean;
    for (uint32_t split = 1; split < 8 && w->away_n < 10 * hold; split++) {      /* a step in it is no noise */
        double one = 0, two = 0, within = 0;

        for (uint32_t b = 0; b < 8; b++)
            *(b < split ? &one : &two) += block[b];
        one /= split;
        two /= 8 - split;
        for (uint32_t b = 0; b < 8; b++)
            within += (block[b] - (b < split ? one : two)) * (block[b] - (b < split ? one : two)) / 6;
        if ((one - two) * (one - two) > 9 * within * (1.0 / split + 1.0 / (8 - split)))
            return false;
    }
    weigh_noise_adopt(w, n, mean);
    return calm(w, n, out) == CALM;
}

static void arrive(struct weigh *w, struct weigh_window *win, uint32_t after)
{
    w->away = false;
    step(w, win);
    settle_at(w, win, after);
    w->quiet_n = 0;
}

static void remember(struct weigh *w, struct weigh_window *win)
{
    win->t1_ns = arrived_ns(w, win);
    win->last_sequence = weigh_back(w, 0)->sequence;
    if (win->n >= w->best.n) {
        w->best = *win;
        w->since_best = 0;
    }
}

static void look_for_arrival(struct weigh *w)
{
    struct weigh_window win;

    w->away_n++;
    w->since_best++;
    if (!longest_calm(w, &win) && !new_regime(w, &win)) {
        /* left a level that was calm for long, before it was sure enough: it was one all the same */
        if (w->best.n >= 2 * w->settle_n && w->since_best >= w->settle_n / 2 + 1 && fabs(w->best.sum_g) > 8 * w->best.sd_g &&
            w->since_best + w->best.n < w->held) {
            uint32_t after = w->since_best;

            win = w->best;
            arrive(w, &win, after);
            depart(w, after);
        } else if (!w->first_sent && w->config.first_after_ns > 0 && w->away_n >= w->settle_n / 2 &&
                   weigh_back(w, 0)->t_ns - w->away_ns >= w->config.first_after_ns) {
            uint32_t n = w->away_n < w->settle_n ? w->away_n : w->settle_n;

            win = (struct weigh_window){ .n = n, .sum_g = median_of(w, n < w->held ? n : w->held), .t1_ns = weigh_back(w, 0)->t_ns,
                                         .last_sequence = weigh_back(w, 0)->sequence };
            win.sd_g = fmax(0.2 * fabs(win.sum_g), sqrt(spread_g2(w, 1)));
            weigh_report(w, TRUNDLE_STAGE_FIRST, &win);
            w->first_sent = true;
        }
        return;
    }
    remember(w, &win);
    if (fabs(win.sum_g) <= sure_sd * win.sd_g) {
        if (fabs(win.sum_g) <= 2.5 * win.sd_g || enough(w, &win))
            come_home(w, &win);
        return;
    }
    if (enough(w, &win))
        arrive(w, &win, 0);
}

void weigh_look(struct weigh *w)
{
    double leak = w->config.zero_track_g_per_s / w->hz;

    w->hidden_g = fabs(w->hidden_g) <= leak ? 0 : w->hidden_g - copysign(leak, w->hidden_g);
    if (w->away) {
        look_for_arrival(w);
        return;
    }
    if (w->quiet_n < UINT32_MAX)
        w->quiet_n++;
    (void)look_for_departure(w);
}
