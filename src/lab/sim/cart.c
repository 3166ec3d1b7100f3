/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The cart of a store. */
#include "lab/sim/cart.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double range_of(struct rng *r, struct suite_range range)
{
    return rng_range(r, range.lo, range.hi);
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void unit(double v[3])
{
    double n = sqrt(dot(v, v));

    for (int k = 0; k < 3; k++)
        v[k] /= n;
}

/* OpenCV axes: z ahead (to the target), y down in the picture, x = y cross z. `up` is what should be up in the picture. */
static void look_at(struct cart_camera *c, const double eye[3], const double target[3], const double up[3])
{
    double z[3], x[3], y[3];

    for (int k = 0; k < 3; k++)
        z[k] = target[k] - eye[k];
    unit(z);
    x[0] = z[1] * up[2] - z[2] * up[1];
    x[1] = z[2] * up[0] - z[0] * up[2];
    x[2] = z[0] * up[1] - z[1] * up[0];
    unit(x);
    y[0] = z[1] * x[2] - z[2] * x[1];
    y[1] = z[2] * x[0] - z[0] * x[2];
    y[2] = z[0] * x[1] - z[1] * x[0];
    for (int k = 0; k < 3; k++) {
        c->T_basket_cam[4 * k + 0] = x[k];
        c->T_basket_cam[4 * k + 1] = y[k];
        c->T_basket_cam[4 * k + 2] = z[k];
        c->T_basket_cam[4 * k + 3] = eye[k];
    }
}

/* Places on the rim: along it from the rear left corner, all around. */
static void rim_place(const double size[3], double along, double out[3])
{
    double round = 2 * (size[0] + size[1]), at = (along - floor(along)) * round;

    out[0] = at < size[0] ? at : at < size[0] + size[1] ? size[0] : at < 2 * size[0] + size[1] ? 2 * size[0] + size[1] - at : 0;
    out[1] = at < size[0] ? 0 : at < size[0] + size[1] ? at - size[0] : at < 2 * size[0] + size[1] ? size[1] : round - at;
}

static void make_camera(struct sim_store *store, int i, const double eye[3], const double toward[2], struct rng *r)
{
    const struct sim_suite *s = store->suite;
    struct cart_camera *c = &store->cart.camera[i];
    double target[3] = { toward[0], toward[1], .15 };
    static const double up[3] = { 0, 0, 1 };

    for (int k = 0; k < 3; k++)
        target[k] += s->cart.aim_jitter_m * rng_normal(r);
    *c = (struct cart_camera){ .role = CART_CAMERA_BASKET, .width_px = (int)s->camera.width_px, .height_px = (int)s->camera.height_px,
                               .fps = s->camera.fps, .tolerance_deg = s->cart.tolerance_deg, .tolerance_m = s->cart.tolerance_m };
    c->fx_px = c->fy_px = range_of(r, s->cart.focal_px);
    c->cx_px = .5 * (c->width_px - 1);
    c->cy_px = .5 * (c->height_px - 1);
    c->distortion[0] = range_of(r, s->cart.k1);
    look_at(c, eye, target, up);
}

/* A camera pushed `by_m` some way, its aim kept. */
static void push(struct cart_camera *c, double by_m, struct rng *r)
{
    double d[3], n;

    do {
        for (int k = 0; k < 3; k++)
            d[k] = rng_normal(r);
        n = sqrt(dot(d, d));
    } while (n < 1e-3);
    for (int k = 0; k < 3; k++)
        c->T_basket_cam[4 * k + 3] += by_m * d[k] / n;
}

/* The first two at the sides are drawn from the cart's own numbers; all that was added later from others, so that they stay what they are. */
static void make_cameras(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *s = store->suite;
    const double *size = store->cart.basket.size_m;
    uint64_t seed = hash64(&store->id, sizeof store->id, hash64(s->root, strlen(s->root), 0));
    struct rng more = rng_seed(seed, "cart/cameras"), moved = rng_seed(seed, "cart/moved"), shifted = rng_seed(seed, "cart/shifted");
    double first = rng_unit(&more);

    store->cart.cameras_n = (uint8_t)s->cart.cameras;
    for (int i = 0; i < store->cart.cameras_n; i++) {
        double middle[2] = { .5 * size[0], .5 * size[1] }, eye[3];

        if (i < 2) {
            eye[0] = i ? size[0] : 0;
            eye[1] = .5 * size[1] + s->cart.camera_jitter_m * rng_normal(r);
            eye[2] = size[2] + range_of(r, s->cart.camera_above_m);
            make_camera(store, i, eye, (const double[2]){ middle[0] + (i ? -.06 : .06), middle[1] }, r);
        } else if (s->cart.camera_place == 0) {
            eye[0] = .5 * size[0] + s->cart.camera_jitter_m * rng_normal(&more);
            eye[1] = i == 2 ? size[1] : 0;
            eye[2] = size[2] + range_of(&more, s->cart.camera_above_m);
            make_camera(store, i, eye, (const double[2]){ middle[0], middle[1] + (i == 2 ? -.06 : .06) }, &more);
        }
        if (s->cart.camera_place == 1) {
            rim_place(size, first + (i + rng_range(&more, -.15, .15)) / store->cart.cameras_n, eye);
            eye[2] = size[2] + range_of(&more, s->cart.camera_above_m);
            make_camera(store, i, eye, (const double[2]){ middle[0] + .12 * (middle[0] - eye[0]), middle[1] + .12 * (middle[1] - eye[1]) }, &more);
        }
        push(&store->cart.camera[i], s->cart.camera_move_m, &moved);
        store->true_camera[i] = store->cart.camera[i];
        push(&store->true_camera[i], s->cart.camera_shift_m, &shifted);
    }
}

static void make_cells(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *s = store->suite;
    const double *size = store->cart.basket.size_m;
    struct cart_cells *stated = &store->cart.cells;

    stated->n = 4;
    stated->hz = s->cells.hz;
    for (int i = 0; i < 4; i++) {
        struct cart_cell *c = &stated->cell[i];

        c->x_m = i & 1 ? size[0] - s->cells.inset_m : s->cells.inset_m;
        c->y_m = i & 2 ? size[1] - s->cells.inset_m : s->cells.inset_m;
        c->gain_g = s->cells.gain_g * (1 + s->cells.gain_spread * fmin(3, fmax(-3, rng_normal(r))));
        c->offset = round(s->cells.offset_sd * rng_normal(r));
        c->sd_g = fmax(s->cells.white_g, c->gain_g);
        c->raw_min = -8388608;
        c->raw_max = 8388607;
    }
    store->true_cells = *stated;
    for (int i = 0; i < 4; i++) {
        store->true_cells.cell[i].gain_g *= 1 + s->cells.calibration_gain_sd * rng_normal(r);
        store->true_cells.cell[i].offset += s->cells.calibration_offset_g / stated->cell[i].gain_g * rng_normal(r);
    }
}

void sim_cart_make(struct sim_store *store, struct rng *r)
{
    const struct sim_suite *s = store->suite;
    struct cart_file *cart = &store->cart;

    memset(cart, 0, sizeof *cart);
    cart->version = 1;
    (void)snprintf(cart->id, sizeof cart->id, "%s-store-%lld", s->name, (long long)store->id);
    cart->basket.size_m[0] = range_of(r, s->cart.width_m);
    cart->basket.size_m[1] = range_of(r, s->cart.length_m);
    cart->basket.size_m[2] = range_of(r, s->cart.height_m);
    for (int i = 0; i < 4; i++)
        cart->basket.wall[i] = rng_unit(r) < s->cart.wire_share ? CART_WALL_WIRE : CART_WALL_SOLID;
    make_cameras(store, r);
    make_cells(store, r);
    cart->scale.e_g = s->cart.e_g;
    cart->scale.max_g = s->cart.max_g;
    store->resonance_hz = range_of(r, s->cells.resonance_hz);
    store->damping = range_of(r, s->cells.damping);
    store->roughness_ms2 = range_of(r, s->motion.roughness_ms2);
    for (int k = 0; k < 3; k++)
        store->tint[k] = k == 1 ? 1 : exp(s->light.tint_sd * rng_normal(r));
}
