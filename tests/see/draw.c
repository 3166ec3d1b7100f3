/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The pictures of draw.h. */
#include "tests/see/draw.h"

#include <string.h>
#include <turbojpeg.h>

enum { CARD_W = 30, CARD_H = 22 };

struct cart_camera draw_camera(void)
{
    return (struct cart_camera){ .width_px = DRAW_W, .height_px = DRAW_H, .fps = 15, .fx_px = 170, .fy_px = 170, .cx_px = 79.5, .cy_px = 59.5,
                                 .T_basket_cam = { 1, 0, 0, 0.25, 0, -1, 0, 0.2, 0, 0, -1, 0.6 }, .tolerance_deg = 0.2, .tolerance_m = 0.002 };
}

struct cart_basket draw_basket(void)
{
    return (struct cart_basket){ .size_m = { 0.5, 0.4, 0.3 },
                                 .wall = { CART_WALL_SOLID, CART_WALL_SOLID, CART_WALL_SOLID, CART_WALL_SOLID } };
}

struct draw draw_start(uint64_t seed)
{
    return (struct draw){ .rng = rng_seed(seed, "draw"), .light = 1, .carries = -1 };
}

static void dot(struct draw *d, int w, int h, int x, int y, const int colour[3])
{
    if (x < 0 || y < 0 || x >= w || y >= h)
        return;
    for (int c = 0; c < 3; c++) {
        float v = d->light * (float)colour[c] + (float)rng_normal(&d->rng) * 2.0f;

        d->rgb[3 * (y * w + x) + c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

/* Six designs: two colours each, in stripes, squares or halves. */
static void card(struct draw *d, int w, int h, int design, int cx, int cy, int scale)
{
    static const int colour[6][2][3] = { { { 200, 30, 30 }, { 240, 230, 60 } }, { { 30, 60, 190 }, { 240, 240, 240 } },
                                         { { 20, 130, 50 }, { 230, 120, 30 } }, { { 240, 240, 235 }, { 190, 30, 30 } },
                                         { { 40, 30, 30 }, { 80, 190, 220 } },  { { 150, 60, 160 }, { 60, 180, 70 } } };

    for (int y = -CARD_H * scale / 2; y < CARD_H * scale / 2; y++)
        for (int x = -CARD_W * scale / 2; x < CARD_W * scale / 2; x++) {
            int u = (x + CARD_W * scale) / scale, v = (y + CARD_H * scale) / scale;
            int which = design % 3 == 0 ? (u / 4) % 2 : design % 3 == 1 ? (u / 6 + v / 6) % 2 : v > CARD_H;

            dot(d, w, h, cx + x, cy + y, colour[design][which]);
        }
}

static void encode(struct draw *d, int w, int h)
{
    tjhandle encoder = tjInitCompress();
    unsigned char *to = d->jpeg;
    unsigned long n = sizeof d->jpeg;

    d->jpeg_bytes = 0;
    if (encoder && tjCompress2(encoder, d->rgb, w, 0, h, TJPF_RGB, &to, &n, TJSAMP_420, 85, TJFLAG_NOREALLOC) == 0)
        d->jpeg_bytes = n;
    if (encoder)
        (void)tjDestroy(encoder);
}

void draw_frame(struct draw *d)
{
    static const int skin[3] = { 205, 150, 120 };

    for (int y = 0; y < DRAW_H; y++)
        for (int x = 0; x < DRAW_W; x++) {
            int grey = 110 + ((x / 5 + y / 5) % 2) * 12;

            if (d->elsewhere)
                dot(d, DRAW_W, DRAW_H, x, y, (const int[3]){ x / 7 % 2 ? 230 : 20, 40 + y, y / 9 % 2 ? 20 : 220 });
            else
                dot(d, DRAW_W, DRAW_H, x, y, (const int[3]){ grey, grey, grey + 4 });
        }
    for (int i = 0; i < DRAW_CARDS; i++)
        if (d->card[i].there)
            card(d, DRAW_W, DRAW_H, d->card[i].design, d->card[i].x, d->card[i].y, 1);
    if (d->arm > 0 && d->carries >= 0)
        card(d, DRAW_W, DRAW_H, d->carries, d->arm_x, d->arm, 1);
    for (int y = 0; y < d->arm; y++)
        for (int x = d->arm_x - 9; x < d->arm_x + 9; x++)
            dot(d, DRAW_W, DRAW_H, x, y, skin);
    encode(d, DRAW_W, DRAW_H);
}

void draw_alone(struct draw *d, int design, int side)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            dot(d, side, side, x, y, (const int[3]){ 225, 225, 225 });
    card(d, side, side, design, side / 2, side / 2, side / 40);
    encode(d, side, side);
}
