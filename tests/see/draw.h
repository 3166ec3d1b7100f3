/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A small generator of basket pictures: a floor with noise, cards that lie on it, an arm that reaches in. */
#pragma once

#include "base/std/rng.h"
#include "cart/calib/cart_file.h"

#include <stdbool.h>

enum { DRAW_W = 160, DRAW_H = 120, DRAW_JPEG = 65536, DRAW_CARDS = 8 };

struct draw_card { bool there; int design, x, y; };   /* centre, px */

struct draw {
    struct rng rng;
    float light;
    bool  elsewhere;               /* the camera looks at something else */
    int   arm;                     /* how far an arm reaches in from the top, px; 0 none */
    int   arm_x;
    int   carries;                 /* design of the card in the hand, -1 none */
    struct draw_card card[DRAW_CARDS];
    uint8_t rgb[DRAW_W * DRAW_H * 3];
    uint8_t jpeg[DRAW_JPEG];
    size_t  jpeg_bytes;
};

/* A camera straight above a basket of 0.5 x 0.4 x 0.4 m, 0.6 m over the floor; it sees the whole floor. */
struct cart_camera draw_camera(void);
struct cart_basket draw_basket(void);
struct draw draw_start(uint64_t seed);
/* Draws and encodes. */
void draw_frame(struct draw *d);
/* One card alone before a plain ground, side x side px, as an enrolment picture. */
void draw_alone(struct draw *d, int design, int side);
