/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Lettering: each sign is a few polylines on a grid 4 wide and 6 high (pairs of digits x y, y down, '|' lifts the pen), drawn
 * with strokes of any weight, lean and width. So a brand has its own hand, and small print stays print.
 */
#include "lab/sim/print_inner.h"

#include <math.h>
#include <string.h>

struct glyph { char sign; uint8_t advance; const char *strokes; };     /* advance in the grid's units */

static const struct glyph glyphs[] = {
    { 'A', 6, "06 20 46|14 34" }, { 'B', 6, "00 06 36 45 44 33 03|00 30 41 42 33" }, { 'C', 6, "41 30 10 01 05 16 36 45" },
    { 'D', 6, "00 06 26 45 41 20 00" }, { 'E', 6, "40 00 06 46|03 33" }, { 'F', 6, "40 00 06|03 33" }, { 'G', 6, "41 30 10 01 05 16 36 45 43 23" },
    { 'H', 6, "00 06|40 46|03 43" }, { 'I', 3, "00 06" }, { 'J', 6, "40 45 36 16 05" }, { 'K', 6, "00 06|40 03 46" }, { 'L', 6, "00 06 46" },
    { 'M', 6, "06 00 23 40 46" }, { 'N', 6, "06 00 46 40" }, { 'O', 6, "10 30 41 45 36 16 05 01 10" }, { 'P', 6, "06 00 30 41 42 33 03" },
    { 'Q', 6, "10 30 41 45 36 16 05 01 10|24 46" }, { 'R', 6, "06 00 30 41 42 33 03|23 46" }, { 'S', 6, "41 30 10 01 02 13 33 44 45 36 16 05" },
    { 'T', 6, "00 40|20 26" }, { 'U', 6, "00 05 16 36 45 40" }, { 'V', 6, "00 26 40" }, { 'W', 6, "00 16 22 36 40" }, { 'X', 6, "00 46|40 06" },
    { 'Y', 6, "00 23 40|23 26" }, { 'Z', 6, "00 40 06 46" }, { '0', 6, "10 30 41 45 36 16 05 01 10" }, { '1', 5, "01 20 26" },
    { '2', 6, "01 10 30 41 42 06 46" }, { '3', 6, "00 40 23 33 44 45 36 16 05" }, { '4', 6, "36 30 04 44" }, { '5', 6, "40 00 03 33 44 45 36 16 05" },
    { '6', 6, "30 10 01 05 16 36 45 44 33 13 04" }, { '7', 6, "00 40 16" }, { '8', 6, "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33" },
    { '9', 6, "16 36 45 41 30 10 01 02 13 33 42" }, { '.', 3, "06 06" }, { ',', 3, "16 07" }, { ':', 3, "02 02|05 05" }, { '%', 6, "40 06|01 11|35 45" },
    { '&', 6, "46 12 11 20 31 32 05 16 26 44" }, { '+', 6, "03 43|21 25" }, { '-', 5, "03 33" }, { '/', 5, "06 30" }, { '(', 4, "20 02 04 26" },
    { ')', 4, "00 22 24 06" },
};

static const struct glyph *glyph_of(char sign)
{
    for (size_t i = 0; i < COUNT_OF(glyphs); i++)
        if (glyphs[i].sign == sign)
            return &glyphs[i];
    return NULL;
}

static float width_of(const char *text)
{
    float sum = 0;

    for (const char *c = text; *c; c++) {
        const struct glyph *g = glyph_of(*c);

        sum += g ? (float)g->advance : 4;
    }
    return sum - 2;
}

enum { POINTS = 20, SMOOTH = 4 * POINTS };
struct stroke { int n; float at[SMOOTH][2]; };

/* The next polyline of a glyph; false: no more. */
static bool next_stroke(const char **s, struct stroke *out)
{
    out->n = 0;
    while (**s == ' ' || **s == '|')
        (*s)++;
    for (; **s && **s != '|'; *s += **s == ' ' ? 1 : 2)
        if (**s != ' ' && out->n < POINTS) {
            out->at[out->n][0] = (float)((*s)[0] - '0');
            out->at[out->n++][1] = (float)((*s)[1] - '0');
        }
    return out->n > 0;
}

/* Cuts the corners that turn by less than a right angle (Chaikin 1974), so that bows are round and corners stay. */
static void smooth(struct stroke *s)
{
    struct stroke out = { 0 };

    for (int i = 0; i < s->n; i++) {
        const float *a = s->at[i > 0 ? i - 1 : 0], *b = s->at[i], *c = s->at[i + 1 < s->n ? i + 1 : i];
        float u[2] = { b[0] - a[0], b[1] - a[1] }, v[2] = { c[0] - b[0], c[1] - b[1] };
        bool bow = i > 0 && i + 1 < s->n && u[0] * v[0] + u[1] * v[1] > .05f && fabsf(u[0] * v[1] - u[1] * v[0]) > .05f;

        if (out.n + 2 >= SMOOTH)
            break;
        for (int k = 0; k < (bow ? 2 : 1); k++) {
            const float *to = k ? c : a;

            out.at[out.n][0] = bow ? .7f * b[0] + .3f * to[0] : b[0];
            out.at[out.n++][1] = bow ? .7f * b[1] + .3f * to[1] : b[1];
        }
    }
    *s = out;
}

static void draw_glyph(const struct panel *p, const struct glyph *g, float left, float top, float scale, const struct lettering *l, uint32_t rgb)
{
    const char *s = g->strokes;
    struct stroke stroke;

    while (next_stroke(&s, &stroke)) {
        float x0 = 0, y0 = 0;

        if (scale * p->sy > 3)                  /* small print needs no bows */
            smooth(&stroke);
        for (int i = 0; i < stroke.n; i++) {
            float x = left + scale * (l->wide * stroke.at[i][0] + l->slant * (6 - stroke.at[i][1])), y = top + scale * stroke.at[i][1];

            if (i > 0)
                panel_line(p, x0, y0, x, y, scale * l->weight, rgb);
            x0 = x;
            y0 = y;
        }
    }
}

void panel_text(const struct panel *p, const char *text, float x0, float y0, float x1, float y1, const struct lettering *l, int align, uint32_t rgb)
{
    float units = width_of(text) * l->wide + 6 * fabsf(l->slant) + 2 * l->weight, scale, left, top;

    if (!*text || units <= 0)
        return;
    scale = fminf((x1 - x0) / units, (y1 - y0) / (6 + 2 * l->weight));
    left = align < 0 ? x0 : align > 0 ? x1 - scale * units : .5f * (x0 + x1 - scale * units);
    left += scale * l->weight;
    top = .5f * (y0 + y1) - 3 * scale;
    for (const char *c = text; *c; c++) {
        const struct glyph *g = glyph_of(*c);

        if (g)
            draw_glyph(p, g, left, top, scale, l, rgb);
        left += scale * l->wide * (g ? (float)g->advance : 4);
    }
}
