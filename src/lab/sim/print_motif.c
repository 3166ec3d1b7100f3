/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Pictures on packs: what is inside, as a heap of it. */
#include "lab/sim/print_inner.h"

#include <math.h>
#include <string.h>

enum kind { BALLS, SLICES, LEAVES, GRAINS, SQUARES, BEANS, DROPS, BUBBLES, CHIPS, CUTS, SPLASH, STRANDS, CAPSULES, RAYS };

static const struct { const char *word; uint32_t rgb; enum kind kind; } sense[] = {
    { "STRAWBERRY", 0xc8202c, BALLS }, { "CHERRY", 0x8c1024, BALLS },   { "PEACH", 0xf0a060, BALLS },    { "APPLE", 0x84b030, BALLS },
    { "ORANGE", 0xf08418, SLICES },    { "LEMON", 0xf2d430, SLICES },   { "MANGO", 0xf4a428, BALLS },    { "APRICOT", 0xf0a040, BALLS },
    { "BLUEBERRY", 0x35407c, BALLS },  { "RASPBERRY", 0xc02850, BALLS }, { "BERRY", 0x702050, BALLS },    { "GRAPE", 0x6a3070, BALLS },
    { "PEAR", 0xbcc050, BALLS },       { "MULTI", 0xe87830, SLICES },   { "FRUIT", 0xe06040, SLICES },   { "FOREST", 0x702848, BALLS },
    { "TOMATO", 0xd03020, BALLS },     { "TOMATOES", 0xd03020, BALLS }, { "PEAS", 0x6ca038, BALLS },     { "CORN", 0xf0c030, BALLS },
    { "PAPRIKA", 0xd04020, CUTS },     { "CHILI", 0xc02018, CUTS },     { "HOT", 0xd02818, RAYS },       { "SPICY", 0xd03820, RAYS },
    { "MINT", 0x40a068, LEAVES },      { "HERBS", 0x588838, LEAVES },   { "GREEN", 0x70a040, LEAVES },   { "ORGANIC", 0x4c8c3c, LEAVES },
    { "CAMOMILE", 0xe8d060, LEAVES },  { "ALOE", 0x78b478, LEAVES },    { "BASIL", 0x489038, LEAVES },   { "GARDEN", 0x508c3c, LEAVES },
    { "SPINACH", 0x3c7c38, LEAVES },   { "LETTUCE", 0x78b048, LEAVES }, { "TEA", 0x8c7838, LEAVES },     { "SEEDS", 0x8c6c38, GRAINS },
    { "WHEAT", 0xd8a850, GRAINS },     { "RYE", 0x906838, GRAINS },     { "OAT", 0xd8b878, GRAINS },     { "SPELT", 0xc8a060, GRAINS },
    { "WHOLE GRAIN", 0xa87840, GRAINS }, { "MUESLI", 0xc89850, GRAINS }, { "FLAKES", 0xe0a838, CHIPS },   { "FLOUR", 0xe8dcc0, GRAINS },
    { "BASMATI", 0xf0e8d0, GRAINS },   { "JASMINE", 0xf0e8d0, GRAINS }, { "CHOCO", 0x5a3420, SQUARES },  { "CHOCOLATE", 0x5a3420, SQUARES },
    { "DARK 70%", 0x38201a, SQUARES }, { "COCOA", 0x684028, SQUARES },  { "MILK", 0xf4f0e4, SPLASH },    { "FARM MILK", 0xf4f0e4, SPLASH },
    { "CREAM", 0xf4ecd8, SPLASH },     { "YOGURT", 0xf8f4ec, SPLASH },  { "VANILLA", 0xf0dc90, SPLASH }, { "CARAMEL", 0xb87028, SPLASH },
    { "HONEY", 0xe0a020, DROPS },      { "NUT", 0x9c6434, BEANS },      { "HAZEL", 0x98602c, BEANS },    { "NUTS", 0xa06c38, BEANS },
    { "COFFEE", 0x482c1c, BEANS },     { "ESPRESSO", 0x341c14, BEANS }, { "BEANS", 0xa04830, BEANS },    { "PISTACHIO", 0x9cb060, BEANS },
    { "CHIPS", 0xe8b440, CHIPS },      { "CRACKERS", 0xd8a050, CHIPS }, { "CHEESE", 0xf0b838, SQUARES }, { "GOUDA", 0xf0b838, SQUARES },
    { "FETA", 0xf4f0e0, SQUARES },     { "BISCUITS", 0xcc9448, CHIPS }, { "COOKIES", 0xb47838, CHIPS },  { "WAFFLES", 0xd09c48, SQUARES },
    { "BUTTER", 0xf4dc78, SQUARES },   { "POPCORN", 0xf4e4b0, BALLS },  { "GUMS", 0xd84060, BALLS },     { "DROPS", 0xd06030, BALLS },
    { "HAM", 0xe08c84, CUTS },         { "SALAMI", 0xa83430, CUTS },    { "SAUSAGE", 0xb05848, CUTS },   { "PORK", 0xe0948c, CUTS },
    { "BEEF", 0xa02c30, CUTS },        { "CHICKEN", 0xe8bc98, CUTS },   { "TURKEY", 0xe0a890, CUTS },    { "MINCE", 0xb04038, STRANDS },
    { "SALMON", 0xec8c68, CUTS },      { "FISH", 0x90a8c0, CUTS },      { "TUNA", 0xc08878, CUTS },      { "DUCK", 0xa86850, CUTS },
    { "PASTA", 0xe8c868, STRANDS },    { "SPAGHETTI", 0xe8c868, STRANDS }, { "PENNE", 0xe8c868, CAPSULES }, { "FUSILLI", 0xe8c868, STRANDS },
    { "PIZZA", 0xd87838, CUTS },       { "WATER", 0x70b8e0, BUBBLES },  { "STILL", 0x78b8e4, DROPS },    { "SPARKLING", 0x48a0d8, BUBBLES },
    { "SODA", 0x50a0d0, BUBBLES },     { "COLA", 0x702018, BUBBLES },   { "ZERO", 0x282828, BUBBLES },   { "CLASSIC", 0xc02020, BUBBLES },
    { "BEER", 0xe0a030, BUBBLES },     { "LAGER", 0xe8b040, BUBBLES },  { "PILS", 0xd8b038, GRAINS },    { "RED", 0x781828, BALLS },
    { "WHITE", 0xd0cc90, BALLS },      { "ROSE", 0xe898a0, BALLS },     { "OLIVE", 0x788030, BALLS },    { "SUNFLOWER", 0xf0c020, RAYS },
    { "OCEAN", 0x2878c0, BUBBLES },    { "POWER", 0xe04020, RAYS },     { "ICE", 0xa0d8f0, BUBBLES },    { "GARLIC", 0xe8e0d0, BEANS },
    { "ONION", 0xc89858, BALLS },      { "CURRY", 0xd8a020, GRAINS },   { "PEPPER", 0x484038, GRAINS },  { "CINNAMON", 0xa86030, STRANDS },
    { "SALT", 0xb8d0e0, SQUARES },     { "SUGAR", 0xf4f4f0, SQUARES },  { "FRESH", 0x58b0d8, DROPS },    { "GINGER", 0xd0a860, SLICES },
    { "EGGS", 0xd8a878, BALLS },       { "BATTERIES", 0xc88830, CAPSULES }, { "CANDLES", 0xf0e0b0, CAPSULES }, { "LIGHT BULB", 0xf4e890, RAYS },
    { "SOAP", 0xd8e8f0, BUBBLES },     { "DETERGENT", 0x3890d0, BUBBLES }, { "ROLLS", 0xc88c48, BALLS },  { "BREAD", 0xb07838, CUTS },
    { "COCOS", 0xf0ece4, BALLS },      { "FLOWERS", 0xe060a0, RAYS },   { "RADISH", 0xd03868, BALLS },
};

static int sense_of(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(sense); i++)
        if (!strcmp(sense[i].word, word))
            return (int)i;
    return -1;
}

bool print_flavour(const char *word, uint32_t *out_rgb)
{
    int i = sense_of(word);

    if (i >= 0)
        *out_rgb = sense[i].rgb;
    return i >= 0;
}

static void leaf(const struct panel *p, float x, float y, float size, float turn, uint32_t rgb)
{
    panel_disc(p, x, y, size, .42f * size, turn, rgb, .35f);
    panel_line(p, x - .8f * size * cosf(turn), y - .8f * size * sinf(turn), x + .8f * size * cosf(turn), y + .8f * size * sinf(turn), .03f * size,
               print_mix(rgb, 0xffffff, .4));
}

static void slice(const struct panel *p, float x, float y, float size, uint32_t rgb)
{
    panel_disc(p, x, y, size, size, 0, rgb, 0);
    panel_disc(p, x, y, .87f * size, .87f * size, 0, print_mix(rgb, 0xffffff, .75), 0);
    for (int i = 0; i < 8; i++) {
        float a = .7854f * (float)i + .2f;

        panel_disc(p, x + .47f * size * cosf(a), y + .47f * size * sinf(a), .33f * size, .14f * size, a, print_mix(rgb, 0xffffff, .12), .3f);
    }
}

static void one(const struct panel *p, enum kind kind, float x, float y, float size, uint32_t rgb, struct rng *r)
{
    float turn = (float)rng_range(r, -1.5, 1.5);

    rgb = print_mix(rgb, rng_unit(r) < .5 ? 0xffffff : 0x000000, rng_range(r, 0, .12));
    switch (kind) {
    case BALLS:
        panel_disc(p, x, y, size, .95f * size, turn, rgb, .9f);
        break;
    case SLICES:
        slice(p, x, y, size, rgb);
        break;
    case LEAVES:
        leaf(p, x, y, 1.2f * size, turn, rgb);
        break;
    case GRAINS:
        panel_disc(p, x, y, .75f * size, .3f * size, turn, rgb, .6f);
        break;
    case SQUARES:
        panel_rect(p, x - size, y - .8f * size, x + size, y + .8f * size, .12f * size, print_mix(rgb, 0xffffff, .2), print_mix(rgb, 0, .2));
        panel_rect(p, x - .7f * size, y - .52f * size, x + .7f * size, y + .52f * size, .1f * size, rgb, print_mix(rgb, 0xffffff, .12));
        break;
    case BEANS:
        panel_disc(p, x, y, .9f * size, .58f * size, turn, rgb, .8f);
        panel_line(p, x - .6f * size * cosf(turn), y - .6f * size * sinf(turn), x + .6f * size * cosf(turn), y + .6f * size * sinf(turn), .06f * size,
                   print_mix(rgb, 0, .45));
        break;
    case DROPS:
        panel_disc(p, x, y, .5f * size, .5f * size, 0, rgb, 1);
        panel_disc(p, x, y - .45f * size, .2f * size, .55f * size, 0, rgb, .6f);
        break;
    case BUBBLES:
        panel_disc(p, x, y, .6f * size, .6f * size, 0, print_mix(rgb, 0xffffff, .35), .8f);
        panel_disc(p, x, y, .45f * size, .45f * size, 0, rgb, .9f);
        break;
    case CHIPS:
        panel_disc(p, x, y, 1.1f * size, .85f * size, turn, print_mix(rgb, 0, .25), 0);
        panel_disc(p, x - .04f * size, y - .06f * size, 1.05f * size, .8f * size, turn, rgb, .55f);
        break;
    case CUTS:
        panel_disc(p, x, y, 1.2f * size, .8f * size, .3f * turn, print_mix(rgb, 0xffffff, .45), 0);
        panel_disc(p, x, y, 1.1f * size, .7f * size, .3f * turn, rgb, .35f);
        for (int i = 0; i < 5; i++)
            panel_disc(p, x + (float)rng_range(r, -.6, .6) * size, y + (float)rng_range(r, -.35, .35) * size, .1f * size, .06f * size, turn,
                       print_mix(rgb, 0xffffff, .5), 0);
        break;
    case STRANDS:
        panel_line(p, x - 1.4f * size * cosf(turn), y - 1.4f * size * sinf(turn), x + 1.4f * size * cosf(turn), y + 1.4f * size * sinf(turn), .13f * size,
                   print_mix(rgb, 0, .3));
        panel_line(p, x - 1.4f * size * cosf(turn), y - 1.4f * size * sinf(turn) - .04f * size, x + 1.4f * size * cosf(turn),
                   y + 1.4f * size * sinf(turn) - .04f * size, .09f * size, rgb);
        break;
    case CAPSULES:
        panel_rect(p, x - .3f * size, y - 1.2f * size, x + .3f * size, y + 1.2f * size, .1f * size, print_mix(rgb, 0xffffff, .2), rgb);
        panel_rect(p, x - .3f * size, y - .2f * size, x + .3f * size, y + 1.2f * size, .1f * size, 0x303030, 0x181818);
        break;
    default:
        break;
    }
}

static void heap(const struct panel *p, enum kind kind, uint32_t rgb, float x0, float y0, float x1, float y1, struct rng *r)
{
    float w = x1 - x0, h = y1 - y0, size = .2f * fminf(w, 1.6f * h) * (float)rng_range(r, .8, 1.25);
    int rows = 2 + (int)rng_below(r, 3);

    size = kind == GRAINS || kind == BUBBLES ? .6f * size : size;
    rows = kind == GRAINS || kind == STRANDS ? rows + 3 : rows;
    for (int j = 0; j < rows; j++) {            /* back to front, wider below */
        float f = (float)(j + 1) / (float)rows, half = .5f * w * (.35f + .6f * f);
        int n = 1 + (int)(2 * half / (1.5f * size));

        for (int i = 0; i < n; i++)
            one(p, kind, .5f * (x0 + x1) + half * (2 * ((float)i + .5f) / (float)n - 1) * .85f + (float)rng_range(r, -.2, .2) * size,
                y0 + size + (h - 2 * size) * f * .9f + (float)rng_range(r, -.15, .15) * size, size, rgb, r);
    }
}

void print_motif(const struct panel *p, const struct sim_product *product, float x0, float y0, float x1, float y1, struct rng *r)
{
    int i = product->text_only ? -1 : sense_of(product->flavour);
    int k = sense_of(product->word);
    uint32_t rgb;
    enum kind kind;

    i = i < 0 ? k : i;
    rgb = i < 0 ? print_rgb(product->accent) : sense[i].rgb;
    kind = i < 0 ? (enum kind)(product->art % 3 == 0 ? RAYS : product->art % 3 == 1 ? BUBBLES : DROPS) : sense[i].kind;
    if (kind == RAYS) {
        float cx = .5f * (x0 + x1), cy = .5f * (y0 + y1), far = .48f * fminf(x1 - x0, y1 - y0);

        panel_star(p, cx, cy, far, 9 + (int)rng_below(r, 7), .18f, rgb);
        panel_disc(p, cx, cy, .5f * far, .5f * far, 0, print_mix(rgb, 0xffffff, .6), .5f);
        return;
    }
    if (kind == SPLASH) {
        struct panel part = panel_part(p, x0, y0, x1, y1);

        panel_wave(&part, .45f * part.tall, 0, .1f * part.tall, 1.5f, (float)rng_unit(r), rgb, print_mix(rgb, 0xb0a890, .35));
        for (int n = 0; n < 7; n++)
            panel_disc(&part, (float)rng_range(r, .15, .85), (float)rng_range(r, .08, .42) * part.tall, (float)rng_range(r, .02, .05),
                       (float)rng_range(r, .025, .06), 0, rgb, .6f);
        return;
    }
    heap(p, kind, rgb, x0, y0, x1, y1, r);
    if (k >= 0 && k != i && sense[k].kind != SPLASH && sense[k].kind != RAYS && rng_unit(r) < .5) {   /* and the product itself beside it */
        float mid = x0 + .55f * (x1 - x0);

        heap(p, sense[k].kind, sense[k].rgb, mid, y0 + .3f * (y1 - y0), x1, y1, r);
    }
}
