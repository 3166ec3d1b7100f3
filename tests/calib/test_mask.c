/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is kept is inside the basket for every pose within the tolerance; what could be kept mostly is; the check can fail. */
#include "tests/support/support.h"

#include "base/std/rng.h"
#include "cart/calib/mask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A camera at `at` that looks at `to`, picture upright. */
static struct cart_camera looking(const double at[3], const double to[3])
{
    struct cart_camera c = { .width_px = 96, .height_px = 72, .fx_px = 60, .fy_px = 60, .cx_px = 47.5, .cy_px = 35.5,
                             .distortion = { -0.05, 0.01, 0.0005, -0.0004, 0 }, .tolerance_deg = 1, .tolerance_m = 0.01 };
    double z[3], x[3], y[3], n = 0;

    for (int i = 0; i < 3; i++)
        n += (to[i] - at[i]) * (to[i] - at[i]);
    for (int i = 0; i < 3; i++)
        z[i] = (to[i] - at[i]) / sqrt(n);
    n = hypot(z[0], z[1]);
    x[0] = z[1] / n;
    x[1] = -z[0] / n;
    x[2] = 0;
    y[0] = z[1] * x[2] - z[2] * x[1];
    y[1] = z[2] * x[0] - z[0] * x[2];
    y[2] = z[0] * x[1] - z[1] * x[0];
    for (int i = 0; i < 3; i++) {
        c.T_basket_cam[4 * i] = x[i];
        c.T_basket_cam[4 * i + 1] = y[i];
        c.T_basket_cam[4 * i + 2] = z[i];
        c.T_basket_cam[4 * i + 3] = at[i];
    }
    return c;
}

/* The same camera turned by up to the tolerance about a random axis, and shifted by up to it. */
static struct cart_camera shaken(const struct cart_camera *c, struct rng *r)
{
    struct cart_camera out = *c;
    double u[3], n = 0, angle = c->tolerance_deg * 3.14159265358979 / 180 * (rng_below(r, 2) ? 1 : rng_unit(r)), R[3][3], s[3];

    for (int i = 0; i < 3; i++) {
        u[i] = rng_normal(r);
        n += u[i] * u[i];
    }
    for (int i = 0; i < 3; i++)
        u[i] /= sqrt(n);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            static const int next[3] = { 1, 2, 0 };
            double cross = i == j ? 0 : (next[i] == j ? -u[3 - i - j] : u[3 - i - j]);

            R[i][j] = cos(angle) * (i == j) + sin(angle) * cross + (1 - cos(angle)) * u[i] * u[j];
        }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out.T_basket_cam[4 * i + j] = R[i][0] * c->T_basket_cam[j] + R[i][1] * c->T_basket_cam[4 + j] + R[i][2] * c->T_basket_cam[8 + j];
    n = 0;
    for (int i = 0; i < 3; i++) {
        s[i] = rng_normal(r);
        n += s[i] * s[i];
    }
    for (int i = 0; i < 3; i++)
        out.T_basket_cam[4 * i + 3] += s[i] / sqrt(n) * c->tolerance_m;
    return out;
}

/* Independent of mask.c: walks along the line in steps of 2 mm. 1: enters from above the mouth and ends on the floor or on
 * the inside of a solid wall. */
static int walk(const struct cart_basket *b, const double o[3], const double d[3])
{
    const double *size = b->size_m;
    double before[3];
    bool inside = o[0] > 0 && o[0] < size[0] && o[1] > 0 && o[1] < size[1] && o[2] > 0 && o[2] < size[2] + 0.15;

    memcpy(before, o, sizeof before);
    for (double s = 0.002; s < 6; s += 0.002) {
        double p[3] = { o[0] + s * d[0], o[1] + s * d[1], o[2] + s * d[2] };
        bool in = p[0] > 0 && p[0] < size[0] && p[1] > 0 && p[1] < size[1] && p[2] > 0 && p[2] < size[2] + 0.15;

        if (in && !inside && before[2] < size[2])
            return 0;                      /* came in through a wall */
        if (!in && inside) {
            if (p[2] <= 0)
                return 1;
            if (p[2] > size[2])
                return 0;                  /* over the rim, or out of the top */
            return b->wall[p[1] <= 0 ? 0 : p[0] >= size[0] ? 1 : p[1] >= size[1] ? 2 : 3] == CART_WALL_SOLID;
        }
        inside = in;
        memcpy(before, p, sizeof before);
    }
    return 0;
}

struct tally { size_t kept, could, leaks; };

/* Shakes the camera and walks random points of kept pixels; counts the lines that leave. */
static struct tally check(const struct cart_camera *c, const struct cart_basket *b, const uint8_t *mask, struct rng *r, int poses)
{
    struct tally t = { 0 };
    double o[3], d[3];

    for (int y = 0; y < c->height_px; y++) {
        for (int x = 0; x < c->width_px; x++) {
            t.kept += mask[y * c->width_px + x];
            cart_camera_ray(c, x, y, o, d);
            if (d[2] < 0)
                t.could += (size_t)walk(b, o, d);
        }
    }
    for (int i = 0; i < poses; i++) {
        struct cart_camera other = shaken(c, r);

        for (int y = 0; y < c->height_px; y++) {
            for (int x = (int)rng_below(r, 5); x < c->width_px; x += 5) {
                bool edge = mask[y * c->width_px + x] && (x == 0 || y == 0 || x == c->width_px - 1 || y == c->height_px - 1 || !mask[y * c->width_px + x - 1] ||
                                                          !mask[y * c->width_px + x + 1] || !mask[(y - 1) * c->width_px + x] || !mask[(y + 1) * c->width_px + x]);

                if (!mask[y * c->width_px + x] || (!edge && rng_below(r, 20)))
                    continue;
                cart_camera_ray(&other, x + rng_range(r, -0.5, 0.5), y + rng_range(r, -0.5, 0.5), o, d);
                t.leaks += !walk(b, o, d);
            }
        }
    }
    return t;
}

static const double places[4][2][3] = {
    { { 0.3, 0.05, 1.0 }, { 0.3, 0.5, 0 } },
    { { 0.3, -0.2, 0.9 }, { 0.3, 0.5, 0.1 } },
    { { 0.55, 0.85, 0.6 }, { 0.2, 0.3, 0 } },
    { { 0.02, 0.45, 0.56 }, { 0.5, 0.5, 0.1 } },
};

static struct cart_basket basket_of(unsigned walls)
{
    struct cart_basket b = { .size_m = { 0.6, 0.9, 0.5 } };

    for (unsigned i = 0; i < 4; i++)
        b.wall[i] = walls >> i & 1 ? CART_WALL_SOLID : CART_WALL_WIRE;
    return b;
}

static void nothing_outside_is_kept(void **state)
{
    static uint8_t mask[96 * 72];
    struct rng r = rng_seed(support_seed(), "mask");
    size_t kept = 0, could = 0;

    (void)state;
    for (unsigned walls = 0; walls < 16; walls += 3) {
        struct cart_basket b = basket_of(walls);

        for (size_t i = 0; i < COUNT_OF(places); i++) {
            struct cart_camera c = looking(places[i][0], places[i][1]);
            struct trundle_error err;
            struct tally t;

            support_ok(mask_make(&c, &b, mask, sizeof mask, &err), &err);
            t = check(&c, &b, mask, &r, 6);
            assert_int_equal(t.leaks, 0);
            assert_true(t.kept <= t.could);
            kept += t.kept;
            could += t.could;
        }
    }
    printf("# kept %zu of the %zu pixels that end inside at the nominal pose, at 1 deg and 1 cm\n", kept, could);
    assert_true(kept > could / 2);         /* blank would be safe, and useless */
}

/* The mutant: a mask that knows no tolerance leaks, and the check must see it. */
static void a_mask_without_tolerance_leaks(void **state)
{
    static uint8_t mask[96 * 72];
    struct rng r = rng_seed(support_seed(), "mask");
    struct cart_camera c = looking(places[1][0], places[1][1]), sure = c;
    struct cart_basket b = basket_of(0);
    struct tally t;

    (void)state;
    sure.tolerance_deg = sure.tolerance_m = 0;
    support_ok(mask_make(&sure, &b, mask, sizeof mask, NULL), NULL);
    t = check(&c, &b, mask, &r, 40);
    assert_true(t.leaks > 0);
    assert_true(t.kept * 10 >= t.could * 8);    /* without tolerance nearly all of it is kept */
}

/* Walks kept pixels of shaken cameras from where the housing ends down to the mouth; counts the lines that pass over more than the rim. */
static size_t past_the_rim(const struct cart_camera *c, const struct cart_basket *b, const uint8_t *mask, struct rng *r)
{
    size_t leaks = 0;
    double o[3], d[3];

    for (int pose = 0; pose < 100; pose++) {
        struct cart_camera other = shaken(c, r);

        if (pose % 2)                      /* each other one right outwards */
            for (int k = 0; k < 3; k++)
                other.T_basket_cam[4 * k + 3] = c->T_basket_cam[4 * k + 3] + (k == 0) * c->tolerance_m;
        for (int i = 0; i < c->width_px * c->height_px; i++) {
            bool out = false;

            if (!mask[i])
                continue;
            cart_camera_ray(&other, i % c->width_px + rng_range(r, -0.5, 0.5), i / c->width_px + rng_range(r, -0.5, 0.5), o, d);
            for (double s = MASK_HOUSING_M; o[2] + s * d[2] > b->size_m[2] && s < 6; s += 0.002)
                for (int k = 0; k < 2; k++)
                    out = out || o[k] + s * d[k] < -MASK_RIM_M || o[k] + s * d[k] > b->size_m[k] + MASK_RIM_M;
            leaks += out;
        }
    }
    return leaks;
}

/* A camera on the rim that is knocked outwards looks past whoever stands there; one outside of it shows little else. */
static void who_stands_at_the_rim_is_not_kept(void **state)
{
    static uint8_t mask[96 * 72], all[96 * 72];
    const double rim[2][3] = { { 0.6, 0.45, 0.7 }, { 0.25, 0.5, 0.1 } }, behind[2][3] = { { 0.3, -0.4, 0.9 }, { 0.3, 0.5, 0.1 } };
    struct cart_camera c = looking(rim[0], rim[1]), far = looking(behind[0], behind[1]);
    struct cart_basket b = basket_of(15);
    struct rng r = rng_seed(support_seed(), "rim");
    size_t kept = 0, could = 0;
    struct trundle_error err;

    (void)state;
    c.fx_px = c.fy_px = 45;
    c.tolerance_deg = 3;
    c.tolerance_m = 0.02;
    support_ok(mask_make(&c, &b, all, sizeof all, &err), &err);
    support_ok(mask_among_people(&c, &b, mask, sizeof mask, &err), &err);
    for (size_t i = 0; i < sizeof mask; i++) {
        assert_true(mask[i] <= all[i]);
        kept += mask[i];
        could += all[i];
    }
    printf("# kept %zu of %zu\n", kept, could);
    assert_true(kept > could / 2);
    assert_int_equal(past_the_rim(&c, &b, mask, &r), 0);
    assert_true(past_the_rim(&c, &b, all, &r) > 0);     /* the mutant */
    support_ok(mask_make(&far, &b, all, sizeof all, &err), &err);
    assert_int_equal(mask_among_people(&far, &b, mask, sizeof mask, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.hint, "rim"));
    for (size_t i = 0; i < sizeof mask; i++)
        assert_int_equal(mask[i], 0);
}

static void pictures_are_blanked(void **state)
{
    uint8_t mask[4 * 4] = { 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 }, rgb[4 * 4 * 3], chroma[4];
    struct cart_camera c = looking(places[0][0], places[0][1]);
    struct cart_basket b = basket_of(15);
    static uint8_t big[96 * 72];
    struct trundle_error err;

    (void)state;
    memset(rgb, 9, sizeof rgb);
    mask_apply(mask, rgb, 4, 4, 12, 3);
    assert_true(rgb[0] == 0 && rgb[2] == 0 && rgb[3] == 9 && rgb[44] == 9 && rgb[45] == 0 && rgb[47] == 0);
    memset(chroma, 77, sizeof chroma);
    mask_apply_plane(mask, 4, 4, chroma, 2, 2, 2, 128);
    assert_true(chroma[0] == 128 && chroma[1] == 77 && chroma[2] == 77 && chroma[3] == 128);
    assert_int_equal(mask_make(&c, &b, big, 10, &err), TRUNDLE_BAD_ARG);
    c.tolerance_deg = 20;
    c.tolerance_m = 0.2;
    memset(big, 1, sizeof big);
    assert_int_equal(mask_make(&c, &b, big, sizeof big, &err), TRUNDLE_BAD_INPUT);
    for (size_t i = 0; i < sizeof big; i++)
        assert_int_equal(big[i], 0);
    c.role = CART_CAMERA_SCANNER;
    support_ok(mask_make(&c, &b, big, sizeof big, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_outside_is_kept),
        cmocka_unit_test(a_mask_without_tolerance_leaks),
        cmocka_unit_test(who_stands_at_the_rim_is_not_kept),
        cmocka_unit_test(pictures_are_blanked),
    };
    return support_run(tests);
}
