/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Axes with round numbers, lines, marks, bars and a legend, as SVG text. */
#include "lab/train/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 800, HEIGHT = 480, LEFT = 72, TOP = 40, BOTTOM = 52, TICKS = 6 };

static const char *const colour[8] = { "#1f5fa8", "#c4501b", "#2e7d4f", "#8a3fa0", "#a68400", "#3aa0a8", "#b03060", "#555555" };

struct axis { double lo, hi, step; bool log_; };
struct canvas { struct bytes *out; const struct plot *p; struct axis x, y[2]; double right; };

static double forward(const struct axis *a, double v)
{
    return a->log_ ? (v > 0 ? log10(v) : (double)NAN) : v;
}

static void widen(struct axis *a, double v)
{
    v = forward(a, v);
    if (!isfinite(v))
        return;
    a->lo = fmin(a->lo, v);
    a->hi = fmax(a->hi, v);
}

/* Round numbers around what was seen: steps of 1, 2 or 5 times a power of ten. */
static void settle(struct axis *a)
{
    double raw, power;

    if (!(a->lo <= a->hi)) {
        a->lo = 0;
        a->hi = 1;
    }
    if (a->hi - a->lo < 1e-12 * fmax(1, fabs(a->hi))) {
        double around = fmax(0.5, 0.1 * fabs(a->hi));

        a->lo -= around;
        a->hi += around;
    }
    raw = (a->hi - a->lo) / TICKS;
    power = pow(10, floor(log10(raw)));
    a->step = raw / power <= 1 ? power : raw / power <= 2 ? 2 * power : raw / power <= 5 ? 5 * power : 10 * power;
    if (a->log_ && a->step < 1)
        a->step = a->hi - a->lo < 2 ? 0.25 : 0.5;
    a->lo = a->step * floor(a->lo / a->step + 1e-9);
    a->hi = a->step * ceil(a->hi / a->step - 1e-9);
}

static double place_x(const struct canvas *c, double v)
{
    return LEFT + (WIDTH - LEFT - c->right) * (forward(&c->x, v) - c->x.lo) / (c->x.hi - c->x.lo);
}

static double place_y(const struct canvas *c, int side, double v)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (forward(&c->y[side], v) - c->y[side].lo) / (c->y[side].hi - c->y[side].lo);
}

/* Text from outside into SVG: the five that XML reserves, and no control characters. */
static enum trundle_status text(struct bytes *out, double x, double y, const char *more, const char *s)
{
    TRY(bytes_print(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, more));
    for (; s && *s; s++) {
        const char *as = *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '&' ? "&amp;" : *s == '"' ? "&quot;" : NULL;

        if (as)
            TRY(bytes_print(out, "%s", as));
        else if ((unsigned char)*s >= 32)
            TRY(bytes_append(out, s, 1));
    }
    return bytes_print(out, "</text>\n");
}

static enum trundle_status draw_ticks(const struct canvas *c)
{
    char number[40];

    for (int k = 0; k < 3; k++) {
        const struct axis *a = k == 0 ? &c->x : &c->y[k - 1];
        int n = (int)lround((a->hi - a->lo) / a->step);

        if (k == 2 && !c->p->right)
            break;
        for (int i = 0; i <= n && i < 64; i++) {
            double v = a->lo + i * a->step, real = a->log_ ? pow(10, v) : fabs(v) < 1e-9 * a->step ? 0 : v;
            double x = k == 0 ? place_x(c, real) : 0, y = k == 0 ? 0 : place_y(c, k - 1, real);

            if (k == 0 && a->log_)
                x = LEFT + (WIDTH - LEFT - c->right) * (v - a->lo) / (a->hi - a->lo);
            (void)snprintf(number, sizeof number, a->log_ ? "%.3g" : "%.6g", real);
            if (k == 0)
                TRY(bytes_print(c->out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>\n", x, TOP, x, HEIGHT - BOTTOM));
            else if (k == 1)
                TRY(bytes_print(c->out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", LEFT, y, WIDTH - c->right, y));
            if (k == 0)
                TRY(text(c->out, x, HEIGHT - BOTTOM + 18, "text-anchor=\"middle\"", number));
            else if (k == 1)
                TRY(text(c->out, LEFT - 8, y + 4, "text-anchor=\"end\"", number));
            else
                TRY(text(c->out, WIDTH - c->right + 8, y + 4, "", number));
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status draw_series(const struct canvas *c, const struct plot_series *s, const char *ink)
{
    int side = s->right && c->p->right;
    bool open = false;

    for (size_t i = 0; i < s->n && !s->dots; i++) {
        double x = place_x(c, s->x[i]), y = place_y(c, side, s->y[i]);

        if (isfinite(x) && isfinite(y))
            TRY(bytes_print(c->out, "%s%.1f,%.1f ", open ? "" : "<polyline fill=\"none\" stroke-width=\"1.8\" points=\"", x, y));
        else if (open)
            TRY(bytes_print(c->out, "\" stroke=\"%s\"/>\n", ink));
        open = isfinite(x) && isfinite(y);
    }
    if (open)
        TRY(bytes_print(c->out, "\" stroke=\"%s\"/>\n", ink));
    for (size_t i = 0; i < s->n; i++) {
        double x = place_x(c, s->x[i]), y = place_y(c, side, s->y[i]);

        if (!isfinite(x) || !isfinite(y))
            continue;
        if (s->low && s->high && isfinite(place_y(c, side, s->low[i])) && isfinite(place_y(c, side, s->high[i])))
            TRY(bytes_print(c->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x, place_y(c, side, s->low[i]), x,
                            place_y(c, side, s->high[i]), ink));
        if (s->dots || s->both)
            TRY(bytes_print(c->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\" fill=\"%s\"/>\n", x, y, ink));
        if (s->label && s->label[i])
            TRY(x < 0.75 * WIDTH ? text(c->out, x + 6, y - 6, "font-size=\"11\"", s->label[i])
                                 : text(c->out, x - 6, y - 6, "font-size=\"11\" text-anchor=\"end\"", s->label[i]));
    }
    return TRUNDLE_OK;
}

static enum trundle_status draw(struct canvas *c)
{
    const struct plot *p = c->p;

    TRY(bytes_print(c->out,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
                    "font-size=\"12\">\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
                    WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT));
    TRY(draw_ticks(c));
    TRY(bytes_print(c->out, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"none\" stroke=\"#444\"/>\n", LEFT, TOP,
                    WIDTH - LEFT - c->right, HEIGHT - TOP - BOTTOM));
    TRY(text(c->out, WIDTH / 2.0, 22, "text-anchor=\"middle\" font-size=\"15\"", p->title));
    TRY(text(c->out, (LEFT + WIDTH - c->right) / 2, HEIGHT - 12, "text-anchor=\"middle\"", p->x));
    TRY(text(c->out, 0, 0, "text-anchor=\"middle\" transform=\"translate(16,230) rotate(-90)\"", p->y));
    if (p->right)
        TRY(text(c->out, 0, 0, "text-anchor=\"middle\" transform=\"translate(790,230) rotate(-90)\"", p->right));
    for (size_t i = 0; i < p->n; i++)
        TRY(draw_series(c, &p->series[i], colour[i % COUNT_OF(colour)]));
    for (size_t i = 0, row = 0; i < p->n; i++) {
        if (!p->series[i].name)
            continue;
        TRY(bytes_print(c->out, "<rect x=\"%d\" y=\"%zu\" width=\"14\" height=\"4\" fill=\"%s\"/>\n", LEFT + 12, TOP + 13 + 16 * row,
                        colour[i % COUNT_OF(colour)]));
        TRY(text(c->out, LEFT + 32, (double)(TOP + 19 + 16 * row), "", p->series[i].name));
        row++;
    }
    return bytes_print(c->out, "</svg>\n");
}

enum trundle_status plot_svg(const struct plot *p, struct bytes *out, struct trundle_error *err)
{
    struct canvas c = { .out = out, .p = p };
    size_t before;

    if (!p || !out || (p->n && !p->series))
        return error_set(err, TRUNDLE_BAD_ARG, "plot", NULL, "an argument is NULL");
    before = out->n;
    c.right = p->right ? 72 : 24;
    c.x = (struct axis){ HUGE_VAL, -HUGE_VAL, 1, p->log_x };
    c.y[0] = (struct axis){ HUGE_VAL, -HUGE_VAL, 1, p->log_y };
    c.y[1] = (struct axis){ HUGE_VAL, -HUGE_VAL, 1, false };
    for (size_t i = 0; i < p->n; i++) {
        const struct plot_series *s = &p->series[i];
        struct axis *y = &c.y[s->right && p->right];

        for (size_t k = 0; k < s->n; k++) {
            if (!isfinite(forward(&c.x, s->x[k])) || !isfinite(forward(y, s->y[k])))
                continue;
            widen(&c.x, s->x[k]);
            widen(y, s->y[k]);
            if (s->low && s->high) {
                widen(y, s->low[k]);
                widen(y, s->high[k]);
            }
        }
    }
    settle(&c.x);
    settle(&c.y[0]);
    settle(&c.y[1]);
    if (draw(&c) != TRUNDLE_OK) {
        out->n = before;
        return error_set(err, TRUNDLE_NO_MEMORY, "plot", NULL, "no memory for the picture");
    }
    return TRUNDLE_OK;
}

enum trundle_status plot_write(const struct plot *p, const char *path, struct trundle_error *err)
{
    struct bytes svg = { 0 };
    enum trundle_status status = plot_svg(p, &svg, err);

    if (status == TRUNDLE_OK)
        status = file_write(path, svg.data, svg.n, err);
    bytes_done(&svg);
    return status;
}
