/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is printed on packs: a small bitmap font, bands and motifs of the brand, the code; and the skins of produce. */
#include "lab/sim/model.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zint.h>

/* 5 x 7, a row in 5 bits, top first. */
static const char glyphs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .%&+-/";
static const uint8_t font[][7] = {
    { 14, 17, 17, 31, 17, 17, 17 }, { 30, 17, 17, 30, 17, 17, 30 }, { 14, 17, 16, 16, 16, 17, 14 }, { 30, 17, 17, 17, 17, 17, 30 },
    { 31, 16, 16, 30, 16, 16, 31 }, { 31, 16, 16, 30, 16, 16, 16 }, { 14, 17, 16, 23, 17, 17, 15 }, { 17, 17, 17, 31, 17, 17, 17 },
    { 14, 4, 4, 4, 4, 4, 14 },      { 7, 2, 2, 2, 2, 18, 12 },      { 17, 18, 20, 24, 20, 18, 17 }, { 16, 16, 16, 16, 16, 16, 31 },
    { 17, 27, 21, 21, 17, 17, 17 }, { 17, 25, 21, 19, 17, 17, 17 }, { 14, 17, 17, 17, 17, 17, 14 }, { 30, 17, 17, 30, 16, 16, 16 },
    { 14, 17, 17, 17, 21, 18, 13 }, { 30, 17, 17, 30, 20, 18, 17 }, { 15, 16, 16, 14, 1, 1, 30 },   { 31, 4, 4, 4, 4, 4, 4 },
    { 17, 17, 17, 17, 17, 17, 14 }, { 17, 17, 17, 17, 17, 10, 4 },  { 17, 17, 17, 21, 21, 27, 17 }, { 17, 17, 10, 4, 10, 17, 17 },
    { 17, 17, 10, 4, 4, 4, 4 },     { 31, 1, 2, 4, 8, 16, 31 },     { 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },
    { 14, 17, 1, 6, 8, 16, 31 },    { 31, 2, 4, 2, 1, 17, 14 },     { 2, 6, 10, 18, 31, 2, 2 },     { 31, 16, 30, 1, 1, 17, 14 },
    { 6, 8, 16, 30, 17, 17, 14 },   { 31, 1, 2, 4, 8, 8, 8 },       { 14, 17, 17, 14, 17, 17, 14 }, { 14, 17, 17, 15, 1, 2, 12 },
    { 0, 0, 0, 0, 0, 0, 0 },        { 0, 0, 0, 0, 0, 12, 12 },      { 24, 25, 2, 4, 8, 19, 3 },     { 12, 18, 20, 8, 21, 18, 13 },
    { 0, 4, 4, 31, 4, 4, 0 },       { 0, 0, 0, 31, 0, 0, 0 },       { 1, 1, 2, 4, 8, 16, 16 } };

struct canvas { uint32_t *px; struct model_region in; };

static uint32_t colour(const uint8_t c[3])
{
    return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
}

static uint32_t mix(uint32_t a, uint32_t b, double f)
{
    uint32_t out = 0;

    for (int k = 0; k < 24; k += 8)
        out |= (uint32_t)((double)(a >> k & 255) + f * ((double)(b >> k & 255) - (double)(a >> k & 255))) << k;
    return out;
}

/* Rectangle in parts of the region, 0..1. */
static void fill(const struct canvas *c, double x0, double y0, double x1, double y1, uint32_t from, uint32_t to)
{
    double w = (double)(c->in.x1 - c->in.x0), h = (double)(c->in.y1 - c->in.y0);
    int left = (int)((double)c->in.x0 + fmax(0, x0) * w), right = (int)((double)c->in.x0 + fmin(1, x1) * w);
    int top = (int)((double)c->in.y0 + fmax(0, y0) * h), bottom = (int)((double)c->in.y0 + fmin(1, y1) * h);

    for (int y = top; y < bottom; y++) {
        uint32_t here = from == to ? from : mix(from, to, (double)(y - top) / (bottom - top));

        for (int x = left; x < right; x++)
            c->px[y * MODEL_SHEET + x] = here;
    }
}

static void disc(const struct canvas *c, double cx, double cy, double rx, double ry, uint32_t rgb)
{
    double w = (double)(c->in.x1 - c->in.x0), h = (double)(c->in.y1 - c->in.y0);

    for (int y = (int)c->in.y0; y < (int)c->in.y1; y++)
        for (int x = (int)c->in.x0; x < (int)c->in.x1; x++) {
            double dx = ((x - (double)c->in.x0) / w - cx) / rx, dy = ((y - (double)c->in.y0) / h - cy) / ry;

            if (dx * dx + dy * dy < 1)
                c->px[y * MODEL_SHEET + x] = rgb;
        }
}

/* Text centred in a box given in parts of the region; as large as fits. */
static void text(const struct canvas *c, const char *words, double x0, double y0, double x1, double y1, uint32_t rgb)
{
    double w = (double)(c->in.x1 - c->in.x0), h = (double)(c->in.y1 - c->in.y0);
    size_t n = strlen(words);
    int columns = (int)n * 6 - 1;
    double sx, sy, left, top;

    if (n == 0)
        return;
    sx = (x1 - x0) * w / columns;
    sy = fmin((y1 - y0) * h / 7, 2.2 * sx);
    sx = fmin(sx, 1.4 * sy);
    left = (double)c->in.x0 + .5 * (x0 + x1) * w - .5 * sx * columns;
    top = (double)c->in.y0 + .5 * (y0 + y1) * h - .5 * sy * 7;
    for (int y = 0; y < (int)(7 * sy); y++)
        for (int x = 0; x < (int)(columns * sx); x++) {
            int column = (int)(x / sx), px = (int)left + x, py = (int)top + y;
            const char *glyph = strchr(glyphs, words[column / 6]);

            if (!glyph || column % 6 == 5 || px < (int)c->in.x0 || px >= (int)c->in.x1 || py < (int)c->in.y0 || py >= (int)c->in.y1)
                continue;
            if (font[glyph - glyphs][(int)(y / sy)] >> (4 - column % 6) & 1)
                c->px[py * MODEL_SHEET + px] = rgb;
        }
}

/* The code as libzint draws it, whole texels per module, with its quiet zone. */
static enum trundle_status code(const struct canvas *c, const struct sim_product *p, double cx, double cy)
{
    struct zint_symbol *symbol = ZBarcode_Create();
    enum trundle_status status = TRUNDLE_OK;
    char digits[16];
    int modules, scale, left, top, tall;

    if (!symbol)
        return TRUNDLE_NO_MEMORY;
    symbol->symbology = p->upca ? BARCODE_UPCA : BARCODE_EANX;
    symbol->show_hrt = 0;
    symbol->scale = .5f;                       /* a pixel per module */
    (void)sim_product_code(p, digits);
    if (ZBarcode_Encode_and_Buffer(symbol, (unsigned char *)digits, 0, 0) >= ZINT_ERROR || symbol->bitmap_width < 95) {
        status = TRUNDLE_BAD_INPUT;
        goto out;
    }
    modules = symbol->bitmap_width;
    scale = (int)(.96f * (c->in.x1 - c->in.x0)) / (modules + 18) > 1 ? 2 : 1;
    if (c->in.x1 - c->in.x0 > 256)
        scale = 1;
    tall = 44;
    left = (int)(c->in.x0 + (float)cx * (c->in.x1 - c->in.x0)) - scale * modules / 2;
    top = (int)(c->in.y0 + (float)cy * (c->in.y1 - c->in.y0)) - tall / 2;
    for (int y = top - 6; y < top + tall + 6; y++)
        for (int x = left - 9 * scale; x < left + (modules + 9) * scale; x++) {
            int m = x - left < 0 ? -1 : (x - left) / scale;
            bool dark = m >= 0 && m < modules && y >= top && y < top + tall && symbol->bitmap[3 * (symbol->bitmap_height / 4 * modules + m)] == 0;
            int wrapped = x < 0 ? x + MODEL_SHEET : x % MODEL_SHEET;

            if (y >= 0 && y < MODEL_SHEET)
                c->px[y * MODEL_SHEET + wrapped] = dark ? 0x101010 : 0xf6f6f6;
        }
out:
    ZBarcode_Delete(symbol);
    return status;
}

static void motif(const struct canvas *c, const struct sim_product *p, double x0, double x1)
{
    uint32_t accent = colour(p->accent);
    double w = x1 - x0, mid = .5 * (x0 + x1);

    switch (p->layout % 5) {
    case 0:
        disc(c, mid, .5, .34 * w, .17, accent);
        disc(c, mid, .5, .24 * w, .12, mix(accent, 0xffffff, .45));
        break;
    case 1:
        for (int i = 0; i < 5; i++)
            fill(c, x0 + w * (.08 + .18 * i), .38, x0 + w * (.18 + .18 * i), .62, accent, mix(accent, 0, .4));
        break;
    case 2:
        for (int i = 0; i < 14; i++)
            fill(c, x0 + w * (.03 * i), .36 + .018 * i, x0 + w * (.45 + .035 * i), .378 + .018 * i, accent, accent);
        break;
    case 3:
        for (int i = 0; i < 7; i++)
            disc(c, x0 + w * (.2 + .1 * i), .5 + .06 * sin(2.1 * i + (double)p->layout), .1 * w, .05, i % 2 ? accent : mix(accent, 0xffffff, .5));
        break;
    default:
        fill(c, x0 + .1 * w, .38, x1 - .1 * w, .62, mix(accent, 0xffffff, .3), accent);
        disc(c, mid, .38, .2 * w, .06, accent);
        break;
    }
}

static void face(const struct canvas *c, const struct sim_product *p, double x0, double x1)
{
    uint32_t base = colour(p->base), ink = colour(p->ink), strip = colour(p->strip);
    double w = x1 - x0, name_top = p->layout >> 4 & 1 ? .06 : .12;
    char quantity[24];

    if (p->layout >> 5 & 1)
        fill(c, x0, name_top - .03, x1, name_top + .2, colour(p->accent), colour(p->accent));
    text(c, p->brand, x0 + .06 * w, name_top, x1 - .06 * w, name_top + .17, p->layout >> 5 & 1 ? mix(base, 0xffffff, .75) : ink);
    motif(c, p, x0, x1);
    text(c, p->word, x0 + .1 * w, .64, x1 - .1 * w, .74, ink);
    fill(c, x0, .76, x1, .87, strip, mix(strip, 0, .15));
    text(c, p->flavour, x0 + .07 * w, .775, x1 - .07 * w, .855, 0xffffff);
    (void)snprintf(quantity, sizeof quantity, "%g %s", p->quantity, !strcmp(p->category->unit, "ml") ? "ML" : !strcmp(p->category->unit, "g") ? "G" : "PCS");
    text(c, quantity, x0 + .5 * w, .9, x1 - .06 * w, .96, ink);
}

static enum trundle_status add_levels(struct sim_texture *t)
{
    t->levels = 1;
    while (t->levels < SIM_MIPS_MAX) {
        int w = t->w >> t->levels, h = t->h >> t->levels;
        const uint32_t *above = t->level[t->levels - 1];
        uint32_t *level;

        if (w < 1 || h < 1)
            break;
        level = malloc((size_t)w * (size_t)h * sizeof *level);
        if (!level)
            return TRUNDLE_NO_MEMORY;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const uint32_t *q = above + 2 * y * 2 * w + 2 * x;
                uint32_t even = ((q[0] & 0xff00ff) + (q[1] & 0xff00ff) + (q[2 * w] & 0xff00ff) + (q[2 * w + 1] & 0xff00ff)) >> 2 & 0xff00ff;
                uint32_t odd = ((q[0] & 0xff00) + (q[1] & 0xff00) + (q[2 * w] & 0xff00) + (q[2 * w + 1] & 0xff00)) >> 2 & 0xff00;

                level[y * w + x] = even | odd;
            }
        t->level[t->levels++] = level;
    }
    return TRUNDLE_OK;
}

static enum trundle_status texture_make(int side, struct sim_texture *t)
{
    *t = (struct sim_texture){ .w = side, .h = side, .levels = 1 };
    t->level[0] = calloc((size_t)side * (size_t)side, sizeof *t->level[0]);
    return t->level[0] ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

void sim_texture_done(struct sim_texture *texture)
{
    if (!texture)
        return;
    for (int i = 0; i < SIM_MIPS_MAX; i++)
        free(texture->level[i]);
    *texture = (struct sim_texture){ 0 };
}

static enum trundle_status print_pack(const struct sim_product *p, uint32_t *px)
{
    bool round = p->pack == SUITE_CAN || p->pack == SUITE_BOTTLE || p->pack == SUITE_JAR;
    uint32_t base = colour(p->base), dark = mix(base, 0, .25);
    struct canvas c = { px, model_region[MODEL_BODY] };

    fill(&c, 0, 0, 1, 1, p->pack == SUITE_BOTTLE ? mix(colour(p->accent), 0x909890, .4) : mix(colour(p->strip), 0xb09070, .4), colour(p->accent));
    c.in = model_region[MODEL_LID];
    fill(&c, 0, 0, 1, 1, colour(p->strip), mix(colour(p->strip), 0, .3));
    c.in = model_region[MODEL_METAL];
    fill(&c, 0, 0, 1, 1, 0xd0d0d4, 0x9a9aa0);
    if (round) {
        c.in = model_region[MODEL_LABEL];
        fill(&c, 0, 0, 1, 1, base, dark);
        face(&c, p, .3, .7);
        for (int i = 0; i < 6; i++)
            text(&c, p->word, .78, .3 + .07 * i, .88, .34 + .07 * i, colour(p->ink));
        return code(&c, p, 0, .55);
    }
    c.in = model_region[MODEL_FRONT];
    fill(&c, 0, 0, 1, 1, base, dark);
    face(&c, p, 0, 1);
    c.in = model_region[MODEL_SIDE];
    fill(&c, 0, 0, 1, 1, mix(base, 0, .1), dark);
    text(&c, p->brand, .06, .1, .94, .2, colour(p->ink));
    fill(&c, 0, .76, 1, .87, colour(p->strip), colour(p->strip));
    c.in = model_region[MODEL_TOP];
    fill(&c, 0, 0, 1, 1, mix(base, 0xffffff, .15), base);
    text(&c, p->brand, .1, .2, .9, .8, colour(p->ink));
    c.in = model_region[MODEL_BOTTOM];
    fill(&c, 0, 0, 1, 1, dark, dark);
    c.in = model_region[MODEL_BACK];
    fill(&c, 0, 0, 1, 1, mix(base, 0xffffff, .2), base);
    text(&c, p->word, .1, .06, .9, .13, colour(p->ink));
    for (int i = 0; i < 8; i++)
        fill(&c, .1, .2 + .045 * i, i % 3 == 2 ? .6 : .9, .215 + .045 * i, mix(base, colour(p->ink), .6), mix(base, colour(p->ink), .6));
    return code(&c, p, .5, .78);
}

static void print_skin(const struct sim_product *p, uint32_t *px)
{
    struct rng r = rng_seed(p->key.key, "print/skin");
    uint32_t base = colour(p->base), accent = colour(p->accent);

    for (int y = 0; y < MODEL_SHEET; y++)
        for (int x = 0; x < MODEL_SHEET; x++) {
            double s = x * 6.283185307 / MODEL_SHEET, t = (double)y / MODEL_SHEET;
            double cloud = .5 + .25 * sin(2 * s + 5 * t) + .25 * sin(3 * s - 9 * t + 2);
            double ends = p->produce->form == SUITE_BANANA || p->produce->form == SUITE_LUMPY ? fmax(0, fabs(2 * t - 1) - .8) * 4.5 : 0;

            px[y * MODEL_SHEET + x] = mix(mix(mix(base, accent, .35 * cloud), accent, fmin(1, ends)), 0x302010, .12 * rng_unit(&r));
        }
}

enum trundle_status sim_print_product(const struct sim_product *p, struct sim_texture *out)
{
    struct sim_texture t = { 0 };
    enum trundle_status status = texture_make(MODEL_SHEET, &t);

    if (status == TRUNDLE_OK && p->produce)
        print_skin(p, t.level[0]);
    else if (status == TRUNDLE_OK)
        status = print_pack(p, t.level[0]);
    if (status == TRUNDLE_OK)
        status = add_levels(&t);
    if (status != TRUNDLE_OK) {
        sim_texture_done(&t);
        return status;
    }
    *out = t;
    return TRUNDLE_OK;
}

enum trundle_status sim_print_plain(const double rgb[3], double speckle, int side, uint64_t seed, struct sim_texture *out)
{
    struct sim_texture t = { 0 };
    struct rng r = rng_seed(seed, "print/plain");
    enum trundle_status status = texture_make(side, &t);

    for (int i = 0; status == TRUNDLE_OK && i < side * side; i++) {
        double gain = 1 + speckle * (2 * rng_unit(&r) - 1);
        uint32_t value = 0;

        for (int k = 0; k < 3; k++)
            value = value << 8 | (uint32_t)fmin(255, fmax(0, rgb[k] * gain));
        t.level[0][i] = value;
    }
    if (status == TRUNDLE_OK)
        status = add_levels(&t);
    if (status != TRUNDLE_OK) {
        sim_texture_done(&t);
        return status;
    }
    *out = t;
    return TRUNDLE_OK;
}
