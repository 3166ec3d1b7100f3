/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/capture/still_scene.h"

#include "base/std/rng.h"

#include <math.h>

const struct cart_basket still_basket = { .size_m = { .55, .75, .45 }, .wall = { CART_WALL_SOLID, CART_WALL_SOLID, CART_WALL_SOLID, CART_WALL_SOLID } };
struct cart_camera still_camera(double pan, double roll, double dx, double dy)
{
    struct cart_camera c = { .role = CART_CAMERA_BASKET, .width_px = STILL_W, .height_px = STILL_H, .fps = 15, .fx_px = 157, .fy_px = 157, .cx_px = 159.5, .cy_px = 119.5 };
    const double tilt = atan2(.33, .57), p = pan * 0.0174532925, q = roll * 0.0174532925;
    /* ahead, before the turns: into the basket and down; right: along -y; down: the rest */
    const double z[3] = { sin(tilt), 0, -cos(tilt) }, x[3] = { 0, -1, 0 }, y[3] = { -cos(tilt), 0, -sin(tilt) };
    double ax[3], ay[3], az[3];

    for (int i = 0; i < 3; i++) {
        az[i] = cos(p) * z[i] + sin(p) * x[i];
        ax[i] = cos(q) * (cos(p) * x[i] - sin(p) * z[i]) + sin(q) * y[i];
        ay[i] = cos(q) * y[i] - sin(q) * (cos(p) * x[i] - sin(p) * z[i]);
    }
    for (int i = 0; i < 3; i++) {
        c.T_basket_cam[4 * i] = ax[i];
        c.T_basket_cam[4 * i + 1] = ay[i];
        c.T_basket_cam[4 * i + 2] = az[i];
    }
    c.T_basket_cam[3] = dx;
    c.T_basket_cam[7] = .375 + dy;
    c.T_basket_cam[11] = .57;
    return c;
}

const uint8_t *still_draw(const struct cart_camera *c, double contrast, int items, uint64_t seed)
{
    static uint8_t rgb[STILL_H][STILL_W][3];
    struct rng r = rng_seed(seed, "still");
    double place[64][2];

    for (int i = 0; i < items; i++) {
        place[i][0] = rng_range(&r, 0, .55);
        place[i][1] = rng_range(&r, 0, .75);
    }
    for (int y = 0; y < STILL_H; y++)
        for (int x = 0; x < STILL_W; x++) {
            double o[3], d[3], t, at[2], value = 110 - contrast / 2;

            cart_camera_ray(c, x, y, o, d);
            t = d[2] < -1e-6 ? -o[2] / d[2] : 1e9;
            at[0] = o[0] + t * d[0];
            at[1] = o[1] + t * d[1];
            if (at[0] > 0 && at[0] < .55 && at[1] > 0 && at[1] < .75) {
                value += contrast;
                for (int i = 0; i < items; i++)
                    if (fabs(at[0] - place[i][0]) < .05 && fabs(at[1] - place[i][1]) < .07)
                        value = 40 + 13.0 * (i % 14);
            }
            for (int k = 0; k < 3; k++)
                rgb[y][x][k] = (uint8_t)fmax(20, fmin(255, value + 3 * rng_normal(&r)));
        }
    return &rgb[0][0][0];
}
