/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A camera is found right where it stands right, moved where it was moved, and not to be told where nothing can be seen. */
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/capture/still.h"
#include "tests/support/support.h"

#include <math.h>
#include <string.h>

enum { W = 320, H = 240 };

static const struct cart_basket basket = { .size_m = { .55, .75, .45 }, .wall = { CART_WALL_SOLID, CART_WALL_SOLID, CART_WALL_SOLID, CART_WALL_SOLID } };
static uint8_t rgb[H][W][3];

/* At the left rim, looking down into the basket; turned by so much about its own axes (degrees), shifted (m). */
static struct cart_camera camera(double pan, double roll, double dx, double dy)
{
    struct cart_camera c = { .role = CART_CAMERA_BASKET, .width_px = W, .height_px = H, .fps = 15, .fx_px = 157, .fy_px = 157, .cx_px = 159.5, .cy_px = 119.5 };
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

/* Floor and walls as the line of sight meets them; `contrast` between them; items as squares on the floor. */
static void draw(const struct cart_camera *c, double contrast, int items, uint64_t seed)
{
    struct rng r = rng_seed(seed, "still");
    double place[64][2];

    for (int i = 0; i < items; i++) {
        place[i][0] = rng_range(&r, 0, .55);
        place[i][1] = rng_range(&r, 0, .75);
    }
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
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
}

/* Verdict on a camera that stands like `real` after four seconds. */
static enum still_state watch(const struct cart_camera *real, double contrast, int items)
{
    const struct cart_camera stated = camera(0, 0, 0, 0);
    struct trundle_error err;
    enum still_state state;
    struct still *s;

    support_ok(still_new(&stated, &basket, &s, &err), &err);
    for (int i = 0; i < 10; i++) {
        assert_true(still_wants(s, i * STILL_EVERY_NS));
        draw(real, contrast, items, support_seed());
        if (still_push(s, &rgb[0][0][0], W, H, sizeof rgb[0], i * STILL_EVERY_NS) != STILL_MOVED)
            assert_false(still_wants(s, i * STILL_EVERY_NS + STILL_EVERY_NS / 2));
    }
    state = still_state(s);
    still_free(s);
    return state;
}

static void right_is_right(void **state)
{
    struct cart_camera c = camera(0, 0, 0, 0), off = camera(.4, -.3, .003, .002);

    (void)state;
    assert_int_equal(watch(&c, 40, 0), STILL_RIGHT);
    assert_int_equal(watch(&c, -40, 0), STILL_RIGHT);
    assert_int_equal(watch(&c, 40, 6), STILL_RIGHT);
    assert_int_equal(watch(&off, 40, 0), STILL_RIGHT);
}

static void moved_is_moved_and_stays_so(void **state)
{
    const struct cart_camera moved[] = { camera(8, 0, 0, 0), camera(7, 3, 0, 0), camera(0, 0, 0, .06), camera(-8, 5, .03, .02), camera(10, 0, 0, 0) };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(moved); i++)
        if (watch(&moved[i], 40, 0) != STILL_MOVED)
            fail_msg("move %zu was not found", i);
}

static void nothing_to_see_is_not_told(void **state)
{
    struct cart_camera c = camera(0, 0, 0, 0);

    (void)state;
    assert_int_equal(watch(&c, 0, 0), STILL_UNKNOWN);
    assert_int_not_equal(watch(&c, 40, 60), STILL_MOVED);
}

static void wire_is_no_edge(void **state)
{
    const struct cart_camera c = camera(0, 0, 0, 0);
    struct cart_basket wire = basket;
    struct trundle_error err;
    struct still *s;

    (void)state;
    wire.wall[0] = wire.wall[1] = CART_WALL_WIRE;
    assert_int_equal(still_new(&c, &wire, &s, &err), TRUNDLE_UNSUPPORTED);
    assert_non_null(strstr(err.what, "halves"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_is_right),
        cmocka_unit_test(moved_is_moved_and_stays_so),
        cmocka_unit_test(nothing_to_see_is_not_told),
        cmocka_unit_test(wire_is_no_edge),
    };

    return support_run(tests);
}
