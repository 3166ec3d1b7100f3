/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Cell calibration on simulated cells: gains and places come back within the stated error; ill-posed sets are refused. */
#include "tests/support/support.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "cart/calib/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double places[7][2] = { { 0.08, 0.1 }, { 0.52, 0.1 }, { 0.08, 0.8 }, { 0.52, 0.8 }, { 0.3, 0.45 }, { 0.2, 0.6 }, { 0.45, 0.3 } };

static struct cart_cells cells_true(void)
{
    struct cart_cells c = { .n = 4, .hz = 80 };

    for (int i = 0; i < 4; i++)
        c.cell[i] = (struct cart_cell){ .x_m = 0.04 + 0.52 * (i % 2) + 0.004 * i, .y_m = 0.05 + 0.8 * (i / 2) - 0.003 * i, .gain_g = 0.0105 * (1 + 0.05 * i),
                                        .offset = 4000.0 * (i - 1), .sd_g = 1, .raw_min = -8388608, .raw_max = 8388607 };
    return c;
}

/* What an installer knows: equal gains, the drawing. */
static struct cart_cells cells_nominal(void)
{
    struct cart_cells c = cells_true();

    for (int i = 0; i < 4; i++) {
        c.cell[i].gain_g = 0.01;
        c.cell[i].offset = 0;
        c.cell[i].x_m = 0.05 + 0.5 * (i % 2);
        c.cell[i].y_m = 0.05 + 0.8 * (i / 2);
    }
    return c;
}

/* Counts with a mass at X, Y. The floor is soft (corner shares are products) or stiff (shares are affine); both balance exactly
 * about the true cells, which stand nearly on a rectangle: the small rest is spread by moments. */
static void put(const struct cart_cells *c, struct cells_place *p, bool soft, struct rng *r, double noise_counts)
{
    double u = (p->x_m - 0.046) / 0.52, v = (p->y_m - 0.0455) / 0.8, share[4], mass = 0, x = 0, y = 0;

    for (int i = 0; i < 4; i++) {
        double a = i % 2 ? u : 1 - u, b = i / 2 ? v : 1 - v;

        share[i] = soft ? a * b : (a + b) / 2 - 0.25;
    }
    for (int pass = 0; pass < 50; pass++) {          /* nudge the shares until force and moments balance */
        mass = x = y = 0;
        for (int i = 0; i < 4; i++) {
            mass += share[i];
            x += share[i] * c->cell[i].x_m;
            y += share[i] * c->cell[i].y_m;
        }
        for (int i = 0; i < 4; i++)
            share[i] += (1 - mass) / 4 + (i % 2 ? 1 : -1) * (p->x_m - x) + (i / 2 ? 1 : -1) * 0.6 * (p->y_m - y);
    }
    for (int i = 0; i < 4; i++) {
        p->raw[i] = p->mass_g * share[i] / c->cell[i].gain_g + c->cell[i].offset + noise_counts * rng_normal(r);
        p->raw_sd[i] = 80;
    }
}

static size_t session(const struct cart_cells *c, struct cells_place out[16], size_t n, bool soft, struct rng *r, double noise_counts)
{
    for (size_t k = 0; k <= n; k++) {
        out[k] = (struct cells_place){ .mass_g = k ? 1000 : 0, .x_m = k ? places[k - 1][0] : 0, .y_m = k ? places[k - 1][1] : 0 };
        put(c, &out[k], soft, r, noise_counts);
    }
    return n + 1;
}

static void gains_and_places_come_back(void **state)
{
    struct rng r = rng_seed(support_seed(), "cells");
    struct cart_cells truth = cells_true(), start = cells_nominal();
    struct cells_place place[16];
    struct cells_fit fit;
    struct trundle_error err;
    size_t n = session(&truth, place, 7, true, &r, 5);     /* 5 counts: 0.05 g, the mean of some seconds */

    (void)state;
    support_ok(cells_solve(&start, place, n, &fit, &err), &err);
    for (int i = 0; i < 4; i++) {
        assert_near(fit.cells.cell[i].gain_g / truth.cell[i].gain_g, 1, 0.01);
        assert_near(fit.cells.cell[i].gain_g / truth.cell[i].gain_g, 1, 4 * fit.gain_sd[i]);
        assert_near(fit.cells.cell[i].offset, truth.cell[i].offset, 20);
        assert_near(fit.cells.cell[i].x_m, truth.cell[i].x_m, 0.01);
        assert_near(fit.cells.cell[i].y_m, truth.cell[i].y_m, 0.01);
        assert_near(fit.cells.cell[i].sd_g, 80 * truth.cell[i].gain_g, 0.02);
    }
    assert_true(fit.mass_rms_g < 0.5 && fit.place_rms_m < 0.002);
}

/* On a stiff floor one combination of gains is not seen; loads and places must be right all the same. */
static void a_stiff_floor_weighs_right(void **state)
{
    struct rng r = rng_seed(support_seed(), "stiff");
    struct cart_cells truth = cells_true(), start = cells_nominal();
    struct cells_place place[16], other = { .mass_g = 640, .x_m = 0.15, .y_m = 0.7 };
    struct cells_fit fit;
    struct trundle_error err;
    double mass, x, y;
    size_t n = session(&truth, place, 5, false, &r, 5);

    (void)state;
    support_ok(cells_solve(&start, place, n, &fit, &err), &err);
    put(&truth, &other, false, &r, 5);
    cells_load(&fit.cells, other.raw, 1, &mass, &x, &y);
    assert_near(mass, 640, 1);
    assert_near(x, 0.15, 0.005);
    assert_near(y, 0.7, 0.005);
}

static void ill_posed_sets_are_refused(void **state)
{
    struct rng r = rng_seed(support_seed(), "ill");
    struct cart_cells truth = cells_true(), start = cells_nominal();
    struct cells_place place[16], kept[16];
    struct cells_fit fit;
    struct trundle_error err;
    size_t n = session(&truth, place, 7, true, &r, 5);

    (void)state;
    memcpy(kept, place, sizeof kept);
    assert_int_equal(cells_solve(&start, place + 1, n - 1, &fit, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "empty"));
    assert_int_equal(cells_solve(&start, place, 5, &fit, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "4 different places"));
    for (size_t k = 1; k < n; k++) {
        place[k].x_m = 0.3;
        place[k].y_m = 0.1 * (double)k;
    }
    assert_int_equal(cells_solve(&start, place, n, &fit, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "one line"));
    memcpy(place, kept, sizeof kept);
    for (size_t k = 0; k < n; k++)
        place[k].raw[2] = 17;
    assert_int_equal(cells_solve(&start, place, n, &fit, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "cell 3 does not react"));
    memcpy(place, kept, sizeof kept);
    place[4].raw[1] = (double)NAN;
    assert_int_equal(cells_solve(&start, place, n, &fit, &err), TRUNDLE_BAD_INPUT);
}

/* The mutant: a mass that lay elsewhere than was said is found, and named. */
static void a_wrong_place_is_named(void **state)
{
    struct rng r = rng_seed(support_seed(), "wrong");
    struct cart_cells truth = cells_true(), start = cells_nominal();
    struct cells_place place[16];
    struct cells_fit fit;
    struct trundle_error err;
    size_t n = session(&truth, place, 7, true, &r, 5);

    (void)state;
    place[6].x_m += 0.3;
    assert_int_equal(cells_solve(&start, place, n, &fit, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "does not fit"));
}

static void record(const char *folder, const char *name, const struct cells_place *p, struct rng *r)
{
    struct bytes b = { 0 };
    char path[4200];
    struct trundle_error err;

    support_ok(bytes_print(&b, "t_s,c1,c2,c3,c4\n"), NULL);
    for (int k = 0; k < 100; k++) {
        support_ok(bytes_print(&b, "%.3f", k / 80.0), NULL);
        for (int i = 0; i < 4; i++)
            support_ok(bytes_print(&b, ",%.0f", p->raw[i] + 80 * rng_normal(r)), NULL);
        support_ok(bytes_print(&b, "\n"), NULL);
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    support_ok(file_write(path, b.data, b.n, &err), &err);
    bytes_done(&b);
}

/* The command: writes only the cells, and nothing at all when it refuses. */
static void the_command_writes_the_cart_file(void **state)
{
    struct rng r = rng_seed(support_seed(), "command");
    struct cart_cells truth = cells_true();
    struct cart_file before, after;
    struct cells_place place[16];
    const char *folder = support_scratch();
    char cart[4200], command[8000];
    struct bytes b = { 0 };
    struct trundle_error err;
    size_t n = session(&truth, place, 5, true, &r, 0), used;

    (void)state;
    support_ok(file_read(support_source("tests/fuzz/cart_file/example.json"), 1 << 20, &b, &err), &err);
    support_ok(cart_file_parse(b.data, b.n, "example", &before, &err), &err);
    for (int i = 0; i < 4; i++)
        before.cells.cell[i].gain_g = 0.01;
    b.n = 0;
    support_ok(cart_file_print(&before, &b), NULL);
    (void)snprintf(cart, sizeof cart, "%s/cart.json", folder);
    support_ok(file_write(cart, b.data, b.n, &err), &err);
    used = (size_t)snprintf(command, sizeof command, "'%s' calibrate cells --cart '%s' --mass 1000", support_build("trundle-cart"), cart);
    for (size_t k = 0; k < n; k++) {
        char name[16];

        (void)snprintf(name, sizeof name, "%zu.csv", k);
        record(folder, name, &place[k], &r);
        if (k)
            used += (size_t)snprintf(command + used, sizeof command - used, " %g,%g='%s/%s'", place[k].x_m, place[k].y_m, folder, name);
        if (k == 3)
            assert_int_equal(support_shell(NULL, "%s 2>/dev/null", command), 3);     /* too few places, no empty basket */
    }
    assert_int_equal(support_shell(NULL, "%s 'empty=%s/0.csv' >/dev/null", command, folder), 0);
    bytes_done(&b);
    support_ok(file_read(cart, 1 << 20, &b, &err), &err);
    support_ok(cart_file_parse(b.data, b.n, cart, &after, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_near(after.cells.cell[i].gain_g / truth.cell[i].gain_g, 1, 0.02);
    assert_memory_equal(&after.basket, &before.basket, sizeof after.basket);
    assert_memory_equal(&after.camera[0].T_basket_cam, &before.camera[0].T_basket_cam, sizeof after.camera[0].T_basket_cam);
    assert_string_equal(after.scale.source, before.scale.source);
    assert_int_equal(support_shell(NULL, "'%s' calibrate cells 2>/dev/null", support_build("trundle-cart")), 2);
    bytes_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gains_and_places_come_back), cmocka_unit_test(a_stiff_floor_weighs_right),
        cmocka_unit_test(ill_posed_sets_are_refused), cmocka_unit_test(a_wrong_place_is_named),
        cmocka_unit_test(the_command_writes_the_cart_file),
    };
    return support_run(tests);
}
