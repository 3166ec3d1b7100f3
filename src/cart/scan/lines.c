/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The line reader: candidates from edges and quiet zones, a dynamic programme that follows the module width along the code, and
 * digits by summed correlation under the rules of EAN-13 (GS1 General Specifications, 5.2).
 */
#include "cart/scan/lines.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    MODULES = 95, SYMBOLS = 15,          /* guard, six digits, centre, six digits, guard */
    OVER = 4,                            /* samples a module */
    WINDOW_MAX = 7 * OVER,
    BLURS = 4, PATTERNS = 32,            /* 0-9 L, 10-19 G, 20-29 R, guard, centre */
    GUARD = 30, CENTRE = 31,
    OFFSETS = 13,                        /* a boundary may stray this many quarter modules, centred */
    EDGES_MAX = 48, LINE_MAX = 8192, GROUPS_MAX = 24, BANDS = 48, RUNS_MAX = 160
};

static const double blur_modules[BLURS] = { 0.3, 0.6, 0.9, 1.2 };      /* standard deviation of the lens's spread */
static const double quality_near = 0.6, quality_least = 0.75, margin_least = 3.0, guard_least = 0.55;
enum { LINES_LEAST = 3 };

static const uint8_t l_codes[10] = { 0x0d, 0x19, 0x13, 0x3d, 0x23, 0x31, 0x2f, 0x3b, 0x37, 0x0b };      /* 7 bits, 1 is a bar */
static const uint8_t parity[10] = { 0x00, 0x0b, 0x0d, 0x0e, 0x13, 0x19, 0x1c, 0x15, 0x16, 0x1a };       /* 6 bits, 1 is G */
static const uint8_t symbol_modules[SYMBOLS] = { 3, 7, 7, 7, 7, 7, 7, 5, 7, 7, 7, 7, 7, 7, 3 };
static const uint8_t symbol_first[SYMBOLS] = { 0, 3, 10, 17, 24, 31, 38, 45, 50, 57, 64, 71, 78, 85, 92 };

struct template { int n; float sample[WINDOW_MAX]; };      /* zero mean, unit length; light is high */

struct edge { double at; double quiet_px; };

/* Lines that lie over each other with a code at about the same place. */
struct group {
    double x0, x1;
    int y, lines;
    bool mirrored;
    double score[12][20];      /* summed log-likelihood of each digit pattern */
    double quality;
};

struct line_reader {
    struct template template[BLURS][PATTERNS];
    float line[LINE_MAX];
    struct edge starts[EDGES_MAX], ends[EDGES_MAX];
    int starts_n, ends_n, runs;
    struct group group[GROUPS_MAX];
    int groups_n;
};

/* Bars of a symbol through a Gaussian: the integral of each bar under the bell, neighbours as the symbology has them. */
static void make_template(struct template *t, unsigned bits, int modules, bool dark_before, bool dark_after, double blur)
{
    double mean = 0, length = 0, value[WINDOW_MAX];

    t->n = modules * OVER;
    for (int i = 0; i < t->n; i++) {
        double at = (i + 0.5) / OVER, dark = 0;

        for (int k = -1; k <= modules; k++) {
            bool bar = k < 0 ? dark_before : k == modules ? dark_after : bits >> (modules - 1 - k) & 1;

            if (bar)
                dark += 0.5 * (erf((k + 1 - at) / (blur * 1.4142135623730951)) - erf((k - at) / (blur * 1.4142135623730951)));
        }
        value[i] = -dark;
        mean -= dark / t->n;
    }
    for (int i = 0; i < t->n; i++)
        length += (value[i] - mean) * (value[i] - mean);
    for (int i = 0; i < t->n; i++)
        t->sample[i] = (float)((value[i] - mean) / sqrt(length));
}

struct line_reader *line_reader_new(void)
{
    struct line_reader *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    for (int b = 0; b < BLURS; b++) {
        for (int d = 0; d < 10; d++) {
            unsigned l = l_codes[d], rr = ~l & 0x7fu, g = 0;

            for (int i = 0; i < 7; i++)
                g |= (rr >> i & 1u) << (6 - i);
            make_template(&r->template[b][d], l, 7, true, false, blur_modules[b]);
            make_template(&r->template[b][10 + d], g, 7, true, false, blur_modules[b]);
            make_template(&r->template[b][20 + d], rr, 7, false, true, blur_modules[b]);
        }
        make_template(&r->template[b][GUARD], 5, 3, false, false, blur_modules[b]);
        make_template(&r->template[b][CENTRE], 10, 5, true, true, blur_modules[b]);
    }
    return r;
}

void line_reader_free(struct line_reader *r)
{
    free(r);
}

/* Samples line[from, to) at n places; returns the length of the zero-mean vector. */
static double resample(const float *line, int width, double from, double to, int n, float *out)
{
    double step = (to - from) / n, mean = 0, length = 0;

    for (int i = 0; i < n; i++) {
        double at = from + (i + 0.5) * step - 0.5;
        int k = (int)floor(at);
        double part = at - k;
        int a = k < 0 ? 0 : k >= width ? width - 1 : k, b = k + 1 < 0 ? 0 : k + 1 >= width ? width - 1 : k + 1;

        out[i] = (float)((double)line[a] * (1 - part) + (double)line[b] * part);
        mean += (double)out[i] / n;
    }
    for (int i = 0; i < n; i++) {
        out[i] -= (float)mean;
        length += (double)out[i] * (double)out[i];
    }
    return sqrt(length);
}

static double correlate(const struct template *t, const float *window, double length)
{
    float dot = 0;

    for (int i = 0; i < t->n; i++)
        dot += t->sample[i] * window[i];
    return length > 2.0 * sqrt((double)t->n) ? (double)dot / length : 0;      /* under two grey levels it is a plain surface */
}

static void pattern_range(int symbol, int *first, int *last)
{
    if (symbol == 0 || symbol == SYMBOLS - 1)
        *first = *last = GUARD;
    else if (symbol == 7)
        *first = *last = CENTRE;
    else if (symbol < 7)
        *first = 0, *last = 19;
    else
        *first = 20, *last = 29;
}

/* One hypothesis: a code from x0 to x1 seen with one blur. */
struct fit { double quality; double r[12][20]; };

static double boundary(double x0, double module, int symbol, int offset)
{
    int modules = symbol == SYMBOLS ? MODULES : symbol_first[symbol];

    return x0 + module * (modules + 0.25 * (offset - OFFSETS / 2));
}

/* Follows the boundaries so that the summed correlation of the best patterns is greatest; then every pattern along that path. */
static void fit_code(const struct line_reader *r, int width, double x0, double x1, int blur, struct fit *out)
{
    double best[SYMBOLS + 1][OFFSETS], module = (x1 - x0) / MODULES, sum;
    int8_t from[SYMBOLS + 1][OFFSETS];
    float window[WINDOW_MAX];
    int path[SYMBOLS + 1];

    for (int o = 0; o < OFFSETS; o++)
        best[0][o] = abs(o - OFFSETS / 2) <= 4 ? 0 : -1e9;
    for (int s = 0; s < SYMBOLS; s++) {
        int first, last;

        pattern_range(s, &first, &last);
        for (int b = 0; b < OFFSETS; b++)
            best[s + 1][b] = -1e9;
        for (int a = 0; a < OFFSETS; a++) {
            if (best[s][a] < -1e8)
                continue;
            for (int b = a > 0 ? a - 1 : 0; b <= a + 1 && b < OFFSETS; b++) {
                double length = resample(r->line, width, boundary(x0, module, s, a), boundary(x0, module, s + 1, b), symbol_modules[s] * OVER, window);
                double top = -1, total;

                for (int p = first; p <= last; p++) {
                    double c = correlate(&r->template[blur][p], window, length);

                    top = c > top ? c : top;
                }
                total = best[s][a] + top * symbol_modules[s] - 0.02 * abs(b - a);
                if (total > best[s + 1][b]) {
                    best[s + 1][b] = total;
                    from[s + 1][b] = (int8_t)a;
                }
            }
        }
    }
    path[SYMBOLS] = 0;
    for (int o = 1; o < OFFSETS; o++)
        if (best[SYMBOLS][o] > best[SYMBOLS][path[SYMBOLS]])
            path[SYMBOLS] = o;
    sum = best[SYMBOLS][path[SYMBOLS]];
    for (int s = SYMBOLS; s > 0; s--)
        path[s - 1] = from[s][path[s]];
    out->quality = sum / MODULES;
    for (int k = 0; k < 12; k++) {
        int s = k < 6 ? k + 1 : k + 2, first, last;
        double length = resample(r->line, width, boundary(x0, module, s, path[s]), boundary(x0, module, s + 1, path[s + 1]), WINDOW_MAX, window);

        pattern_range(s, &first, &last);
        for (int p = 0; p < 20; p++)
            out->r[k][p] = first + p <= last ? correlate(&r->template[blur][first + p], window, length) : 0;
    }
}

/* Do the three guards stand where a code from x0 to x1 would have them? The best blur and shift of each. */
static double guards(const struct line_reader *r, int width, double x0, double x1)
{
    static const int symbols[3] = { 0, 7, SYMBOLS - 1 };
    double module = (x1 - x0) / MODULES, sum = 0;

    for (int i = 0; i < 3; i++) {
        int s = symbols[i], p = i == 1 ? CENTRE : GUARD;
        double top = -1;

        for (int o = i == 1 ? 0 : 3; o < (i == 1 ? OFFSETS : OFFSETS - 3); o++) {
            float window[WINDOW_MAX];
            double length = resample(r->line, width, boundary(x0, module, s, o), boundary(x0, module, s + 1, o), symbol_modules[s] * OVER, window);

            for (int b = 0; b < BLURS; b++) {
                double c = correlate(&r->template[b][p], window, length);

                top = c > top ? c : top;
            }
        }
        if (top < guard_least - 0.1)
            return 0;
        sum += top / 3;
    }
    return sum;
}

/* Edges with a quiet side: light to dark with quiet before, dark to light with quiet behind. */
static void find_edges(struct line_reader *r, int width)
{
    const float *p = r->line;

    r->starts_n = r->ends_n = 0;
    for (int x = 2; x + 3 < width; x++) {
        double d = (double)p[x + 1] - (double)p[x], before = (double)p[x] - (double)p[x - 1], after = (double)p[x + 2] - (double)p[x + 1];
        double size = fabs((double)p[x + 2] - (double)p[x - 1]), bend = before - 2 * d + after, shift;
        bool start = d < 0;
        int q;

        if (size < 12 || fabs(d) < fabs(before) || fabs(d) <= fabs(after))
            continue;
        shift = fabs(bend) > 1e-9 ? 0.5 * (before - after) / bend : 0;
        shift = shift > 0.5 ? 0.5 : shift < -0.5 ? -0.5 : shift;
        q = start ? x - 1 : x + 2;
        for (double level = (double)p[q]; q >= 0 && q < width && fabs((double)p[q] - level) < 0.4 * size + 4; q += start ? -1 : 1)
            ;
        if (q < 0 || q >= width)
            q = start ? -8 : width + 8;      /* quiet up to the picture's rim: some more may lie behind it */
        if (start && r->starts_n < EDGES_MAX)
            r->starts[r->starts_n++] = (struct edge){ x + 1 + shift, x - q };
        else if (!start && r->ends_n < EDGES_MAX)
            r->ends[r->ends_n++] = (struct edge){ x + 1 + shift, q - x };
    }
}

static struct group *group_of(struct line_reader *r, double x0, double x1, int y, int step, bool mirrored)
{
    double module = (x1 - x0) / MODULES;

    for (int i = 0; i < r->groups_n; i++) {
        struct group *g = &r->group[i];

        if (g->mirrored == mirrored && y - g->y <= 4 * step && fabs(g->x0 - x0) <= 3 * module + step && fabs(g->x1 - x1) <= 3 * module + step)
            return g;
    }
    if (r->groups_n == GROUPS_MAX)
        return NULL;
    r->group[r->groups_n] = (struct group){ .mirrored = mirrored };
    return &r->group[r->groups_n++];
}

/* Profile log-likelihood of a window given a pattern, gain, offset and noise unknown; seven modules count as about as many samples. */
static double log_likelihood(double correlation)
{
    double c = correlation > 0 ? correlation : 0;

    return -3.5 * log(1 - c * c + 0.02);
}

static void read_line(struct line_reader *r, int width, int y, int step, bool mirrored)
{
    struct fit best = { .quality = 0 }, fit;
    double x0 = 0, x1 = 0;
    struct group *g;

    find_edges(r, width);
    for (int i = 0; i < r->starts_n; i++)
        for (int k = 0; k < r->ends_n; k++) {
            double module = (r->ends[k].at - r->starts[i].at) / MODULES;

            if (module < 0.8 || module > 12 || r->starts[i].quiet_px < 3 * module || r->ends[k].quiet_px < 3 * module || r->runs >= RUNS_MAX)
                continue;
            if (guards(r, width, r->starts[i].at, r->ends[k].at) < guard_least)
                continue;
            r->runs++;
            for (int n = 0; n < BLURS; n++) {      /* a middling blur first: what does not nearly fit with it fits with none */
                int b = (n + 2) % BLURS;

                fit_code(r, width, r->starts[i].at, r->ends[k].at, b, &fit);
                if (n == 0 && fit.quality < quality_near)
                    break;
                if (fit.quality > best.quality) {
                    best = fit;
                    x0 = r->starts[i].at;
                    x1 = r->ends[k].at;
                }
            }
        }
    if (best.quality < quality_least)
        return;
    g = group_of(r, x0, x1, y, step, mirrored);
    if (!g)
        return;
    g->x0 = x0;
    g->x1 = x1;
    g->y = y;
    g->lines++;
    g->quality += best.quality;
    for (int k = 0; k < 12; k++)
        for (int p = 0; p < 20; p++)
            g->score[k][p] += log_likelihood(best.r[k][p]);
}

struct ranked { double score; uint8_t digits[12]; };

/* The two best rows of digits for one first digit whose weighted sum is 0 mod 10: dynamic programme over the sum. */
static void best_two(const struct group *g, int first_digit, struct ranked out[2])
{
    struct ranked state[10][2], next[10][2];

    for (int s = 0; s < 10; s++)
        state[s][0].score = state[s][1].score = -1e9;
    memset(state[first_digit][0].digits, 0, sizeof state[0][0].digits);
    state[first_digit][0].score = 0;
    for (int k = 0; k < 12; k++) {
        int weight = k % 2 ? 1 : 3;      /* of the 2nd, 3rd... digit */
        int base = k < 6 && (parity[first_digit] >> (5 - k) & 1) ? 10 : 0;

        for (int s = 0; s < 10; s++)
            next[s][0].score = next[s][1].score = -1e9;
        for (int s = 0; s < 10; s++)
            for (int j = 0; j < 2 && state[s][j].score > -1e8; j++)
                for (int d = 0; d < 10; d++) {
                    struct ranked *to = next[(s + weight * d) % 10];
                    double score = state[s][j].score + g->score[k][base + d];
                    int at = score > to[0].score ? 0 : score > to[1].score ? 1 : 2;

                    if (at == 2)
                        continue;
                    if (at == 0)
                        to[1] = to[0];
                    to[at] = state[s][j];
                    to[at].score = score;
                    to[at].digits[k] = (uint8_t)d;
                }
        memcpy(state, next, sizeof state);
    }
    out[0] = state[0][0];
    out[1] = state[0][1];
}

static bool decide(const struct group *g, struct line_code *out)
{
    struct ranked best = { .score = -1e9 }, two[2];
    double second = -1e9;
    int first = 0;

    if (g->lines < LINES_LEAST)
        return false;
    for (int f = 0; f < 10; f++) {
        best_two(g, f, two);
        if (two[0].score > best.score) {
            second = best.score > two[1].score ? best.score : two[1].score;
            best = two[0];
            first = f;
        } else if (two[0].score > second) {
            second = two[0].score;
        }
    }
    out->lines = g->lines;
    out->quality = g->quality / g->lines;
    out->margin = (best.score - second) / g->lines;
    out->digits[0] = (char)('0' + first);
    for (int k = 0; k < 12; k++)
        out->digits[k + 1] = (char)('0' + best.digits[k]);
    out->digits[13] = '\0';
    return out->margin >= margin_least;
}

int line_reader_read(struct line_reader *r, const uint8_t *luma, int width, int height, struct line_code out[LINE_CODES_MAX])
{
    int step = height / BANDS > 1 ? height / BANDS : 2, n = 0;

    if (width > LINE_MAX || width < MODULES || height < 8)
        return 0;
    r->groups_n = 0;
    /* Guards look the same from both ends: where none stood, none will. */
    for (int way = 0; way < 2 && (way == 0 || r->runs > 0); way++) {
        r->runs = 0;
        for (int y = step; y + step < height; y += step) {
            /* Mean of neighbouring lines: less noise, hardly more blur along upright bars. */
            for (int x = 0; x < width; x++) {
                int sum = 0;

                for (int i = -1; i <= 1; i++)
                    sum += luma[(size_t)(y + i) * (size_t)width + (size_t)x];
                r->line[way ? width - 1 - x : x] = (float)sum / 3;
            }
            read_line(r, width, y, step, way == 1);
        }
    }
    for (int i = 0; i < r->groups_n && n < LINE_CODES_MAX; i++)
        if (decide(&r->group[i], &out[n]))
            n++;
    return n;
}
