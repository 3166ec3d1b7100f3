/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Skins of rich produce from unripe to ripe, on tiles; stems; film and sticker of a bag. */
#include "lab/sim/model_inner.h"
#include "lab/sim/print_inner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zint.h>

static bool named(const struct sim_product *p, const char *part)
{
    return strstr(p->name, part) != NULL;
}

/* Smooth noise that wraps in x, 0..1. */
static double cloud(double x, double y, uint64_t seed)
{
    double a = (double)(seed & 255) * .1, b = (double)(seed >> 8 & 255) * .1;

    return .5 + .2 * sin(6.2832 * (2 * x) + 5 * y + a) + .15 * sin(6.2832 * (3 * x) - 9 * y + b) + .15 * sin(6.2832 * (5 * x) + 13 * y + a - b);
}

static uint32_t skin_at(const struct sim_product *p, double s, double t, double ripe, struct rng *r)
{
    uint32_t base = print_rgb(p->base), other = print_rgb(p->accent), rgb;
    double grain = rng_unit(r), c = cloud(s, t, p->art), ends = fmax(0, fabs(2 * t - 1) - .8) * 5;

    switch (p->produce->form) {
    case SUITE_BANANA:
        rgb = print_mix(print_mix(base, 0x98b040, fmax(0, .5 - ripe) * 1.6), other, fmin(1, ends * .9));
        if (ripe > .6 && cloud(7 * s, 5 * t, p->art >> 3) + .2 * grain > 1.35 - .6 * ripe)
            rgb = print_mix(rgb, 0x4a3010, .7);
        return print_mix(rgb, 0x302010, .06 * grain);
    case SUITE_LEAFY:
        rgb = print_mix(base, other, .5 + .5 * sin(46 * s + 9 * sin(9 * t)));
        return print_mix(rgb, 0x203010, .25 * grain);
    case SUITE_BUNCH:
        if (named(p, "Broccoli"))
            return print_mix(print_mix(base, other, c), grain > .7 ? 0x98b878 : 0x203818, .35 * grain);
        return print_mix(print_mix(base, other, .5 * ripe + .3 * c), 0xf0f4e8, .12 * grain * c);
    default:
        break;
    }
    if (p->produce->form == SUITE_LUMPY && !named(p, "Potato") && !named(p, "Ginger"))     /* the other colour is that of the ends */
        rgb = print_mix(print_mix(base, other, ripe < .25 ? .5 * c : 0), 0, .12 * c);
    else
        rgb = print_mix(base, other, fmin(1, fmax(0, .9 * (ripe - .2)) * (.35 + .9 * c)));
    if (named(p, "Fuji") || named(p, "Peach") || named(p, "Mango"))
        rgb = print_mix(base, other, fmin(1, fmax(0, (.3 + ripe) * c + .35 * sin(37 * 6.2832 / 6 * s + 3 * c))));
    if (named(p, "Orange") || named(p, "Lemon") || named(p, "Lime") || named(p, "Avocado"))
        rgb = print_mix(rgb, 0, grain > .8 ? .16 : 0);
    if (named(p, "Apple") || named(p, "Pear"))
        rgb = print_mix(rgb, 0xf0e8c0, grain > .965 ? .6 : 0);
    if (named(p, "Potato") || named(p, "Ginger") || named(p, "Kiwi"))
        rgb = print_mix(rgb, 0x40301c, .3 * grain + (grain > .985 ? .4 : 0));
    if (named(p, "Onion") || named(p, "Shallot") || named(p, "Garlic"))
        rgb = print_mix(rgb, 0x503018, .22 * (.5 + .5 * sin(6.2832 * 11 * s)));
    if (named(p, "Cucumber") || named(p, "Courgette"))
        rgb = print_mix(rgb, other, .5 * fmax(0, sin(6.2832 * 8 * s)) * (.4 + t));
    if (named(p, "Carrot"))
        rgb = print_mix(rgb, 0x803810, .35 * fmax(0, sin(90 * t + 3 * c) - .6));
    if (p->produce->form == SUITE_LUMPY && !named(p, "Potato") && !named(p, "Ginger"))
        rgb = print_mix(rgb, other, fmin(1, ends));
    return print_mix(rgb, 0x302010, .08 * grain);
}

static void skins(const struct sim_product *p, uint32_t *px)
{
    const int k = PRINT_SIDE / MODEL_SHEET;

    for (int tile = 0; tile < SKIN_TILES; tile++) {
        struct model_region in = model_skin_tile(tile);
        struct rng r = rng_seed(p->art + (uint64_t)tile, "print/skin");
        double ripe = (tile + .5) / SKIN_TILES, w = (double)(in.x1 - in.x0), h = (double)(in.y1 - in.y0);

        for (int y = 0; y < (int)h; y++)
            for (int x = 0; x < (int)w; x++) {
                uint32_t rgb = 0xff000000 | skin_at(p, (x + .5) / w, (y + .5) / h, ripe, &r);

                for (int i = 0; i < k * k; i++)
                    px[(((int)in.y0 + y) * k + i / k) * PRINT_SIDE + ((int)in.x0 + x) * k + i % k] = rgb;
            }
    }
}

static void fill(uint32_t *px, const struct model_region *region, uint32_t rgb)
{
    const int k = PRINT_SIDE / MODEL_SHEET;

    for (int y = (int)region->y0 * k; y < (int)region->y1 * k; y++)
        for (int x = (int)region->x0 * k; x < (int)region->x1 * k; x++)
            px[y * PRINT_SIDE + x] = 0xff000000 | rgb;
}

/* Film: what shines through it where a renderer takes it for opaque, with streaks of light. */
static void film(const struct sim_product *p, uint32_t *px)
{
    const int k = PRINT_SIDE / MODEL_SHEET;
    uint32_t base = print_rgb(p->base);

    for (int y = (int)model_film.y0 * k; y < (int)model_film.y1 * k; y++)
        for (int x = (int)model_film.x0 * k; x < (int)model_film.x1 * k; x++) {
            double s = (double)(x - (int)model_film.x0 * k) / ((double)(model_film.x1 - model_film.x0) * k), t = (double)y / (.6 * PRINT_SIDE);
            double c = cloud(3 * s, 4 * t, p->art), streak = fmax(0, sin(6.2832 * 9 * s + 8 * sin(7 * t)) - .75) * 3;

            px[y * PRINT_SIDE + x] = print_mix(print_mix(base, 0xf0f4f4, .08 + .3 * c), 0xffffff, .5 * streak);
        }
}

/* GTIN-14 of a weighed product under the prefix for demonstrations, check digit by GS1 General Specifications 7.9. */
static void gtin14(int64_t plu, char out[16])
{
    char body[32];
    int sum = 0;

    (void)snprintf(body, sizeof body, "9952000%06lld", (long long)plu % 1000000);
    for (int i = 0; i < 13; i++)
        sum += (body[i] - '0') * (i % 2 ? 1 : 3);
    (void)snprintf(out, 16, "%.13s%d", body, (10 - sum % 10) % 10);
}

void print_sticker_text(const struct sim_product *p, const struct sim_look *look, char out[64])
{
    char gtin[16];

    gtin14(p->produce->plu, gtin);
    (void)snprintf(out, 64, "[01]%s[3103]%06d", gtin, (int)lrint(fmin(look->mass_g, 999999)));
}

static enum trundle_status sticker(const struct sim_product *p, const struct sim_look *look, uint32_t *px, struct sim_code_place *place)
{
    static const struct lettering bold = { .6f, 0, .9f }, thin = { .45f, 0, .85f };
    struct panel f = panel_make(px, &model_sticker, 1, .305);
    char name[SUITE_TEXT], line[64];
    size_t n = 0;

    for (; p->name[n] && n + 1 < sizeof name; n++)
        name[n] = (char)(p->name[n] >= 'a' && p->name[n] <= 'z' ? p->name[n] - 'a' + 'A' : p->name[n]);
    name[n] = 0;
    panel_rect(&f, 0, 0, 1, f.tall, 0, 0xfafaf6, 0xf4f4f0);
    panel_text(&f, name, .03f, .02f, .62f, .085f, &bold, -1, 0x101010);
    (void)snprintf(line, sizeof line, "%.3f KG", look->mass_g / 1000);
    panel_text(&f, line, .64f, .02f, .97f, .075f, &thin, 1, 0x101010);
    (void)snprintf(line, sizeof line, "%lld.%02lld", (long long)look->cents / 100, (long long)look->cents % 100);
    panel_text(&f, line, .66f, .2f, .97f, .29f, &bold, 1, 0x101010);
    print_sticker_text(p, look, line);
    return panel_code(&f, BARCODE_DBAR_EXP, line, .33f, .195f, .17f, 3, place);
}

static enum trundle_status sheet(const struct sim_product *p, const struct sim_look *look, uint32_t *px, struct sim_code_place *place)
{
    static const struct model_region rest = { 384, 384, 512, 512 };
    bool green = named(p, "Tomato") || named(p, "Pepper") || named(p, "Grape");

    skins(p, px);
    fill(px, &(struct model_region){ 384, 0, 448, 64 }, green ? 0x587830 : 0x5c4428);
    fill(px, &(struct model_region){ 448, 0, 512, 64 }, named(p, "Passion") ? 0x705840 : 0x4c7c2c);
    film(p, px);
    fill(px, &rest, 0xf0f0ec);
    return look->bagged ? sticker(p, look, px, place) : TRUNDLE_OK;
}

enum trundle_status print_produce(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out,
                                  struct sim_code_place *out_place)
{
    struct sim_texture t = { 0 };
    enum trundle_status status = print_sheet(PRINT_SIDE, &t);

    if (status == TRUNDLE_OK)
        status = sheet(p, look, t.level[0], out_place);
    if (status == TRUNDLE_OK)
        status = print_levels(&t);
    if (status != TRUNDLE_OK) {
        sim_texture_done(&t);
        return status;
    }
    *out = t;
    return TRUNDLE_OK;
}
