/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Prints of rich packs. A family's design follows from its art seed: palette, ground, the brand's lettering and badge, where
 * word, picture and flavour stand. Its members change what the store says they change. An old print is another ground, badge
 * and lettering of the same brand and palette.
 */
#include "lab/sim/print_inner.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zint.h>

struct design {
    uint32_t base, second, ink, paper;     /* ground, its other colour, lettering on the ground, light panel */
    int ground, badge, banner;
    struct lettering brand, word, small;
    float logo_y, logo_h, picture_y, picture_h;
    uint32_t flavour;                      /* colour of the member */
    uint64_t seed;
};

static const struct lettering SMALL = { .45f, 0, .9f };

static void palette(const struct sim_product *p, struct design *d, struct rng *r)
{
    double hue = rng_unit(r), u = rng_unit(r), turn = rng_unit(r) < .5 ? rng_range(r, .04, .12) : rng_range(r, .4, .6);

    if (u < .3) {                               /* light packs with one strong colour */
        d->base = print_mix(0xf6f4ee, print_hsv(hue, .3, 1), rng_range(r, 0, .3));
        d->second = print_hsv(hue, rng_range(r, .6, .95), rng_range(r, .35, .85));
    } else if (u < .75) {
        d->base = print_hsv(hue, rng_range(r, .65, .95), rng_range(r, .4, .85));
        d->second = rng_unit(r) < .5 ? 0xf4f0e6 : print_hsv(hue + turn, rng_range(r, .5, .9), rng_range(r, .7, .98));
    } else if (u < .87) {                       /* dark and gold */
        d->base = print_mix(0x181410, print_hsv(hue, .6, .4), .4);
        d->second = 0xc8a050;
    } else {
        d->base = print_hsv(hue, rng_range(r, .2, .4), rng_range(r, .8, .95));
        d->second = print_hsv(hue + turn, rng_range(r, .5, .8), rng_range(r, .3, .6));
    }
    d->ink = print_luma(d->base) > 140 ? print_mix(d->second, 0x101010, print_luma(d->second) > 110 ? .75 : .2) : 0xfafaf4;
    d->paper = print_mix(0xfaf8f2, d->base, .08);
    d->flavour = print_rgb(p->strip);
    if (p->text_only || !print_flavour(p->flavour, &d->flavour))
        d->flavour = p->text_only ? print_mix(d->second, 0, .15) : d->flavour;
}

static struct design design_of(const struct sim_product *p, bool old)
{
    struct design d = { .seed = p->art };
    struct rng r = rng_seed(p->art, "print/palette");

    palette(p, &d, &r);
    if (old) {
        static const char tag[] = "old";

        d.seed = hash64(tag, sizeof tag, d.seed);
        d.base = print_mix(d.base, 0x909088, .12);
    }
    r = rng_seed(d.seed, "print/design");
    d.ground = (int)rng_below(&r, 6);
    d.badge = (int)rng_below(&r, 5);
    d.banner = (int)rng_below(&r, 3);
    d.brand = (struct lettering){ (float)rng_range(&r, .5, 1), rng_unit(&r) < .35 ? .18f : 0, (float)rng_range(&r, .75, 1.25) };
    d.word = (struct lettering){ (float)rng_range(&r, .4, .7), rng_unit(&r) < .2 ? .15f : 0, (float)rng_range(&r, .8, 1.1) };
    d.small = SMALL;
    d.logo_y = (float)rng_range(&r, .04, .1);
    d.logo_h = (float)rng_range(&r, .13, .2);
    d.picture_y = (float)rng_range(&r, .36, .42);
    d.picture_h = (float)rng_range(&r, .26, .34);
    return d;
}

static void ground(const struct panel *p, const struct design *d)
{
    struct rng r = rng_seed(d->seed, "print/ground");
    float h = p->tall;

    panel_rect(p, 0, 0, 1, h, 0, print_mix(d->base, 0xffffff, .06), print_mix(d->base, 0, .08));
    switch (d->ground) {
    case 0:
        panel_rect(p, 0, 0, 1, .3f * h, 0, d->second, print_mix(d->second, 0, .12));
        break;
    case 1:
        panel_wave(p, .62f * h, 0, .04f * h, .6f, (float)rng_unit(&r), d->second, print_mix(d->second, 0, .15));
        break;
    case 2:
        panel_wave(p, .3f * h, (float)rng_range(&r, -.5, .5) * h, 0, 1, 0, d->second, print_mix(d->second, d->base, .25));
        break;
    case 3:
        for (int i = 0; i < 7; i++)
            panel_rect(p, .02f + (float)i / 7, 0, .08f + (float)i / 7, h, 0, print_mix(d->base, d->second, .35), print_mix(d->base, d->second, .35));
        break;
    case 4:
        panel_disc(p, .5f, .5f * h, .62f, .46f * h, 0, d->second, .15f);
        break;
    default:
        panel_rect(p, .045f, .045f, .955f, h - .045f, .05f, d->second, d->second);
        panel_rect(p, .06f, .06f, .94f, h - .06f, .045f, d->base, print_mix(d->base, 0, .1));
        break;
    }
}

/* What stands on the ground there, so that lettering can keep away from its colour. */
static uint32_t reads_on(uint32_t under, uint32_t wanted)
{
    if (fabs(print_luma(under) - print_luma(wanted)) > 80)
        return wanted;
    return print_luma(under) > 128 ? print_mix(wanted, 0, .8) : print_mix(wanted, 0xffffff, .85);
}

static uint32_t texel_at(const struct panel *p, float x, float y)
{
    int tx = (int)(p->ox + x * p->sx), ty = (int)(p->oy + y * p->sy);

    tx = tx < 0 ? 0 : tx >= PRINT_SIDE ? PRINT_SIDE - 1 : tx;
    ty = ty < 0 ? 0 : ty >= PRINT_SIDE ? PRINT_SIDE - 1 : ty;
    return p->px[ty * PRINT_SIDE + tx] & 0xffffff;
}

static void logo(const struct panel *p, const struct design *d, const char *brand, float y, float h)
{
    float pad = .18f * h;
    uint32_t sign = print_luma(d->second) > 128 ? print_mix(d->base, 0, .35) : d->second, in = 0xfaf8f0;

    if (print_luma(sign) > 150)
        sign = print_mix(sign, 0x201810, .7);
    switch (d->badge) {
    case 0:
        panel_disc(p, .5f, y + .5f * h, .46f, .62f * h, 0, in, 0);
        panel_disc(p, .5f, y + .5f * h, .445f, .57f * h, 0, sign, .1f);
        break;
    case 1:
        panel_rect(p, 0, y - .5f * pad, 1, y + h + .5f * pad, 0, sign, print_mix(sign, 0, .15));
        break;
    case 2:
        panel_rect(p, .06f, y - .4f * pad, .94f, y + h + .4f * pad, .3f * h, sign, print_mix(sign, 0, .12));
        break;
    default:
        in = reads_on(texel_at(p, .5f, y + .5f * h), d->ink);
        break;
    }
    panel_text(p, brand, .1f, y + .14f * h, .9f, y + .86f * h, &d->brand, 0, in);
    if (d->badge == 3)
        panel_line(p, .2f, y + h, .8f, y + h, .012f, in);
}

static void quantity_text(const struct sim_product *p, char out[32])
{
    const char *unit = !strcmp(p->category->unit, "ml") ? "ML" : !strcmp(p->category->unit, "g") ? "G" : "PCS";

    if (p->count > 1)
        (void)snprintf(out, 32, "%d X %g %s", p->count, p->quantity, unit);
    else if (p->quantity >= 1000)
        (void)snprintf(out, 32, "%g %s", p->quantity / 1000, !strcmp(unit, "ML") ? "L" : !strcmp(unit, "G") ? "KG" : "K");
    else
        (void)snprintf(out, 32, "%g %s", p->quantity, unit);
}

static void banner(const struct panel *p, const struct design *d, const struct sim_product *product, float y, float h)
{
    uint32_t on = print_luma(d->flavour) > 150 ? 0x201810 : 0xffffff;

    if (d->banner == 0)
        panel_rect(p, 0, y, 1, y + h, 0, d->flavour, print_mix(d->flavour, 0, .12));
    else if (d->banner == 1)
        panel_rect(p, .1f, y, .9f, y + h, .5f * h, d->flavour, print_mix(d->flavour, 0, .12));
    else
        on = product->text_only ? reads_on(texel_at(p, .5f, y + .5f * h), d->ink) : reads_on(texel_at(p, .5f, y + .5f * h), d->flavour);
    panel_text(p, product->flavour, .15f, y + .14f * h, .85f, y + .86f * h, &d->word, 0, on);
}

static void face(const struct panel *p, const struct design *d, const struct sim_product *product, bool old)
{
    struct rng r = rng_seed(d->seed, "print/face");
    float h = p->tall;
    char quantity[32];

    if (h < .75f) {                             /* wide and low: picture at the right */
        logo(p, d, product->brand, .07f * h, .3f * h);
        print_motif(p, product, .58f, .4f * h, .98f, .97f * h, &r);
        panel_text(p, product->word, .05f, .42f * h, .56f, .58f * h, &d->word, -1, reads_on(texel_at(p, .3f, .5f * h), d->ink));
        {
            struct panel part = panel_part(p, 0, .62f * h, .56f, .84f * h);

            banner(&part, d, product, 0, part.tall);
        }
    } else {
        print_motif(p, product, .08f, d->picture_y * h, .92f, (d->picture_y + d->picture_h) * h, &r);
        logo(p, d, product->brand, d->logo_y * h, fminf(d->logo_h * h, .3f));
        panel_text(p, product->word, .1f, (d->logo_y + .01f) * h + fminf(d->logo_h * h, .3f) + .02f, .9f, d->picture_y * h, &d->word, 0,
                   reads_on(texel_at(p, .5f, (d->picture_y - .04f) * h), d->ink));
        banner(p, d, product, (d->picture_y + d->picture_h + .02f) * h, fminf(.11f * h, .2f));
    }
    quantity_text(product, quantity);
    panel_text(p, quantity, .55f, .91f * h, .95f, .97f * h, &d->small, 1, reads_on(texel_at(p, .8f, .94f * h), d->ink));
    if (product->redesign && !old) {            /* what changed says so */
        float y = (d->picture_y + .5f * d->picture_h) * h;

        panel_star(p, .86f, y, .12f, 16, .07f, 0xf0d020);
        panel_text(p, "NEW", .77f, y - .05f, .95f, y + .05f, &d->brand, 0, 0xb01010);
    }
}

/* Lines of small print, a table, and the code. */
static void small_print(const struct panel *p, const struct design *d, float x0, float y0, float x1, float y1, struct rng *r)
{
    uint32_t ink = print_mix(reads_on(texel_at(p, .5f * (x0 + x1), .5f * (y0 + y1)), d->ink), texel_at(p, .5f * (x0 + x1), y0), .25);
    float step = .035f;

    for (float y = y0; y + step < y1; y += step)
        for (float x = x0; x < x1 - .03f;) {     /* words of a line */
            float n = (float)rng_range(r, .02, .1);

            panel_rect(p, x, y, fminf(x + n, x1), y + .4f * step, .006f, ink, ink);
            x += n + .014f;
        }
}

static void table(const struct panel *p, float x0, float y0, float x1, float y1, struct rng *r)
{
    panel_rect(p, x0, y0, x1, y1, .01f, 0xf6f6f2, 0xf6f6f2);
    for (int i = 0; i < 6; i++) {
        float y = y0 + (y1 - y0) * ((float)i + .5f) / 6, w = (float)rng_range(r, .25, .5) * (x1 - x0);

        panel_rect(p, x0 + .02f, y - .01f, x0 + .02f + w, y + .01f, .004f, 0x303030, 0x303030);
        panel_rect(p, x1 - .12f * (x1 - x0) - .02f, y - .01f, x1 - .02f, y + .01f, .004f, 0x303030, 0x303030);
        panel_rect(p, x0, y0 + (y1 - y0) * (float)i / 6, x1, y0 + (y1 - y0) * (float)i / 6 + .004f, 0, 0x505050, 0x505050);
    }
}

/* Texels of a module as large as printers like it (.33 mm), and never under 2. */
static int module_texels(const struct panel *p, double wide_m)
{
    int texels = (int)lrint(.00036 * (double)p->sx / wide_m);

    return texels < 2 ? 2 : texels > 6 ? 6 : texels;
}

static enum trundle_status code(const struct panel *p, const struct sim_product *product, double wide_m, float cx, float cy,
                                struct sim_code_place *place)
{
    int texels = module_texels(p, wide_m);
    char digits[16];

    (void)sim_product_code(product, digits);
    return panel_code(p, product->upca ? BARCODE_UPCA : BARCODE_EANX, digits, cx, cy, fminf(.3f, (float)(60 * texels) / p->sy), texels, place);
}

static enum trundle_status back(const struct panel *p, const struct design *d, const struct sim_product *product, double wide_m,
                                struct sim_code_place *place)
{
    struct rng r = rng_seed(d->seed, "print/back");
    float h = p->tall;

    panel_rect(p, 0, 0, 1, h, 0, print_mix(d->base, 0xffffff, .12), d->base);
    panel_text(p, product->brand, .1f, .03f * h, .9f, .1f * h, &d->brand, 0, d->ink);
    panel_text(p, product->flavour, .1f, .11f * h, .9f, .15f * h, &d->word, 0, d->ink);
    small_print(p, d, .08f, .18f * h, .92f, .4f * h, &r);
    table(p, .08f, .43f * h, .92f, fmaxf(.43f * h + .15f, .62f * h), &r);
    return code(p, product, wide_m, .5f, .81f * h, place);
}

static void flat_sides(uint32_t *px, const struct design *d, const struct sim_product *product, const double size[3])
{
    struct rng r = rng_seed(d->seed, "print/side");
    struct panel p = panel_make(px, &model_region[MODEL_SIDE], size[1], size[2]);
    float h = p.tall;

    panel_rect(&p, 0, 0, 1, h, 0, print_mix(d->base, 0, .04), print_mix(d->base, 0, .12));
    if (d->ground == 0)
        panel_rect(&p, 0, 0, 1, .3f * h, 0, d->second, d->second);
    panel_text(&p, product->brand, .08f, .08f * h, .92f, .22f * h, &d->brand, 0, reads_on(texel_at(&p, .5f, .15f * h), d->ink));
    if (h > 1)
        table(&p, .1f, .4f * h, .9f, .68f * h, &r);
    if (d->banner == 0)
        panel_rect(&p, 0, .78f * h, 1, .88f * h, 0, d->flavour, d->flavour);
    p = panel_make(px, &model_region[MODEL_TOP], size[0], size[1]);
    panel_rect(&p, 0, 0, 1, p.tall, 0, print_mix(d->base, 0xffffff, .08), d->base);
    panel_text(&p, product->brand, .08f, .2f * p.tall, .92f, .8f * p.tall, &d->brand, 0, d->ink);
    p = panel_make(px, &model_region[MODEL_BOTTOM], size[0], size[1]);
    panel_rect(&p, 0, 0, 1, p.tall, 0, print_mix(d->base, 0, .2), print_mix(d->base, 0, .2));
}

/* Fills a region with what is not printed: glass, tin, a lid. `clear` leaves its top byte 0. */
static void material(uint32_t *px, enum model_part part, uint32_t above, uint32_t below, bool clear)
{
    struct panel p = panel_make(px, &model_region[part], 1, 1);

    panel_rect(&p, 0, 0, 1, 1, 0, above, below);
    for (int y = (int)p.clip[1]; clear && y < (int)p.clip[3]; y++)
        for (int x = (int)p.clip[0]; x < (int)p.clip[2]; x++)
            px[y * PRINT_SIDE + x] &= 0xffffff;
}

static void metal(uint32_t *px)
{
    struct panel p = panel_make(px, &model_region[MODEL_METAL], 1, 1);

    for (int i = 0; i < 40; i++)
        panel_rect(&p, (float)i / 40, 0, (float)(i + 1) / 40, 1, 0, print_mix(0xc8c8cc, 0x8c8c94, .5 + .5 * sin(i * 1.9)), 0xb4b4ba);
    panel_disc(&p, .5f, .5f, .2f, .1f, 0, 0x909098, .6f);
}

/* The content seen through a clear pack. */
static uint32_t content(const struct sim_product *p, const struct design *d)
{
    uint32_t rgb = d->flavour;
    const char *name = p->category->name;

    if (!strcmp(name, "drinks/water"))
        return 0xd8e8ee;
    if (!strcmp(name, "drinks/beer"))
        return 0x6a3c12;
    if (!strcmp(name, "drinks/wine"))
        return !strcmp(p->flavour, "WHITE") ? 0xa8ac60 : !strcmp(p->flavour, "ROSE") ? 0xd88888 : 0x30121c;
    if (!strcmp(name, "pantry/oil"))
        return !strcmp(p->word, "OIL") ? 0xb8a028 : 0x5c3018;
    if (!strcmp(name, "drinks/spirits"))
        return !strcmp(p->word, "GIN") || !strcmp(p->word, "VODKA") ? 0xdce4e8 : 0x9c5c1c;
    if (!print_flavour(p->flavour, &rgb) && !print_flavour(p->word, &rgb))
        rgb = d->flavour;
    return rgb;
}

static enum trundle_status label(uint32_t *px, const struct design *d, const struct sim_product *product, const double size[3], double share, bool old,
                                 struct sim_code_place *place)
{
    struct rng r = rng_seed(d->seed, "print/label");
    double around = 3.1416 * .5 * (size[0] + size[1]);
    struct panel whole = panel_make(px, &model_region[MODEL_LABEL], around, share * size[2]), front;
    float h = whole.tall, half = fminf(.19f, 1.1f * h);

    ground(&whole, d);
    front = panel_part(&whole, .5f - half, 0, .5f + half, h);
    if (product->photo) {
        TRY(panel_photo(&front, product->photo));
    } else {
        if (d->ground == 5 || d->ground == 4)
            panel_rect(&front, 0, 0, 1, front.tall, .1f, print_mix(d->base, 0xffffff, .1), d->base);
        face(&front, d, product, old);
    }
    small_print(&whole, d, .74f, .12f * h, .9f, .8f * h, &r);
    return code(&whole, product, around, .17f, .5f * h, place);
}

static enum trundle_status sheet(const struct sim_product *p, const struct sim_look *look, uint32_t *px, struct sim_code_place *place)
{
    struct design d = design_of(p, look->old_print);
    double size[3] = { p->size_m[0], p->size_m[1], p->size_m[2] };
    bool clear = p->clear > 0, tray = p->pack == SUITE_TRAY;
    uint32_t inside = content(p, &d);
    struct panel f;

    for (int i = 0; i < PRINT_SIDE * PRINT_SIDE; i++)
        px[i] = 0xff808080;
    if (p->count > 1 && !(p->art >> 8 & 1))     /* of a piece: its print is the label */
        for (int k = 0; k < 2; k++)
            size[k] /= k == 0 ? (p->count == 6 || p->count == 3 ? 3 : 2) : (p->count > 3 ? 2 : 1);
    material(px, MODEL_BODY, print_mix(inside, 0xffffff, .1), print_mix(inside, 0, .15), clear);
    material(px, MODEL_LID, print_mix(d.second, 0xffffff, .1), print_mix(d.second, 0, .2), false);
    metal(px);
    switch (p->pack) {
    case SUITE_MULTIPACK:
        if (p->art >> 8 & 1)
            break;
        TRY(label(px, &d, p, size, p->piece == SUITE_CAN ? .92 : .38, look->old_print, place));
        f = panel_make(px, &model_region[MODEL_TOP], p->size_m[0], p->size_m[1]);
        panel_rect(&f, 0, 0, 1, f.tall, 0, d.base, d.base);
        panel_text(&f, p->brand, .1f, .2f * f.tall, .9f, .8f * f.tall, &d.brand, 0, d.ink);
        f = panel_make(px, &model_region[MODEL_BOTTOM], p->size_m[0], .2 * p->size_m[2]);
        panel_rect(&f, 0, 0, 1, f.tall, 0, d.second, d.base);
        panel_text(&f, p->flavour, .05f, .1f * f.tall, .5f, .9f * f.tall, &d.word, 0, reads_on(d.second, d.ink));
        return code(&f, p, p->size_m[0], .75f, .5f * f.tall, place);
    case SUITE_CAN:
        return label(px, &d, p, size, .92, look->old_print, place);
    case SUITE_CUP:
        return label(px, &d, p, size, .9, look->old_print, place);
    case SUITE_JAR:
        return label(px, &d, p, size, .54, look->old_print, place);
    case SUITE_BOTTLE:
        material(px, MODEL_BODY, d.base, print_mix(d.base, 0, .25), false);
        return label(px, &d, p, size, .36, look->old_print, place);
    case SUITE_GLASS:
    case SUITE_CLEAR_BOTTLE:
        return label(px, &d, p, size, .36, look->old_print, place);
    default:
        break;
    }
    flat_sides(px, &d, p, size);
    f = panel_make(px, &model_region[MODEL_FRONT], size[0], tray ? size[1] : size[2]);
    ground(&f, &d);
    if (tray || p->pack == SUITE_BLISTER) {     /* goods in sight, a label on them */
        struct rng r = rng_seed(p->key.key, "print/goods");

        panel_rect(&f, 0, 0, 1, f.tall, 0, print_mix(inside, 0x181818, .5), print_mix(inside, 0x181818, .6));
        for (int i = 0; tray && i < 3; i++)
            print_motif(&f, p, .02f, .02f, .98f, f.tall - .02f, &r);
        for (int y = (int)f.clip[1]; tray && y < (int)f.clip[3]; y++)
            for (int x = (int)f.clip[0]; x < (int)f.clip[2]; x++)
                px[y * PRINT_SIDE + x] = (px[y * PRINT_SIDE + x] & 0xffffff) | 0xb0000000;
        {
            struct panel part = tray ? panel_part(&f, .08f, .1f * f.tall, .62f, .66f * f.tall) : panel_part(&f, 0, 0, 1, .42f * f.tall);

            ground(&part, &d);
            face(&part, &d, p, look->old_print);
        }
        if (!tray) {
            struct panel body = panel_make(px, &model_region[MODEL_BODY], .72, .5);

            panel_rect(&body, 0, 0, 1, body.tall, 0, 0xe8e8e8, 0xd0d0d0);
            print_motif(&body, p, .05f, .05f, .95f, body.tall - .05f, &r);
            ground(&f, &d);
            {
                struct panel part = panel_part(&f, 0, 0, 1, .45f * f.tall);

                face(&part, &d, p, look->old_print);
            }
        }
    } else if (p->photo) {
        TRY(panel_photo(&f, p->photo));
    } else {
        face(&f, &d, p, look->old_print);
    }
    if (tray)
        material(px, MODEL_SIDE, p->art >> 9 & 1 ? 0x202020 : 0xe4e4e0, p->art >> 9 & 1 ? 0x181818 : 0xc8c8c4, false);
    f = panel_make(px, &model_region[MODEL_BACK], size[0], tray ? size[1] : size[2]);
    return back(&f, &d, p, size[0], place);
}

enum trundle_status print_rich(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out,
                               struct sim_code_place *out_place)
{
    struct sim_texture t = { 0 };
    enum trundle_status status = print_sheet(PRINT_SIDE, &t);

    if (status == TRUNDLE_OK)
        status = sheet(p, look, t.level[0], out_place);
    if (status == TRUNDLE_OK && look->wear > 0) {
        struct rng r = rng_seed(look->seed, "print/wear");

        print_wear(t.level[0], look->wear, &r);
    }
    if (status == TRUNDLE_OK)
        status = print_levels(&t);
    if (status != TRUNDLE_OK) {
        sim_texture_done(&t);
        return status;
    }
    *out = t;
    return TRUNDLE_OK;
}
