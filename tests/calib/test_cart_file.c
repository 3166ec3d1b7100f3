/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* cart.json: what it says comes back, what it must not say is refused by name, pixels and lines of sight agree. */
#include "tests/support/support.h"

#include "base/std/rng.h"
#include "cart/calib/cart_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct bytes example(void)
{
    struct bytes b = { 0 };
    struct trundle_error err;

    support_ok(file_read(support_source("tests/fuzz/cart_file/example.json"), 1 << 20, &b, &err), &err);
    return b;
}

static struct cart_file cart_example(void)
{
    struct bytes b = example();
    struct cart_file cart;
    struct trundle_error err;

    support_ok(cart_file_parse(b.data, b.n, "cart.json", &cart, &err), &err);
    bytes_done(&b);
    return cart;
}

/* Parses the example with the first `from` replaced by `to`; wants `status` and, in where + what, `says`. */
static void wants(const char *from, const char *to, enum trundle_status status, const char *says)
{
    struct bytes b = example(), edited = { 0 };
    const char *at = strstr((const char *)b.data, from);
    struct cart_file out, before;
    struct trundle_error err = { 0 };
    char text[1024];

    assert_non_null(at);
    support_ok(bytes_print(&edited, "%.*s%s%s", (int)(at - (const char *)b.data), (const char *)b.data, to, at + strlen(from)), NULL);
    memset(&out, 0x5a, sizeof out);
    memcpy(&before, &out, sizeof out);
    assert_int_equal(cart_file_parse(edited.data, edited.n, "cart.json", &out, &err), status);
    if (status != TRUNDLE_OK) {
        assert_memory_equal(&out, &before, sizeof out);
        error_text(&err, text, sizeof text);
        if (!strstr(text, says))
            fail_msg("'%s' does not say '%s'", text, says);
    }
    bytes_done(&b);
    bytes_done(&edited);
}

static void what_is_printed_reads_back(void **state)
{
    struct cart_file a = cart_example(), b;
    struct bytes one = { 0 }, two = { 0 };
    struct trundle_error err;

    (void)state;
    a.camera[0].fx_px = 400.1 / 3;
    a.cells.cell[1].gain_g = 1e-3 / 7;
    strcpy(a.scale.source, "csv:/tmp/\"quoted\" \xc3\xa9.csv");
    support_ok(cart_file_print(&a, &one), NULL);
    support_ok(cart_file_parse(one.data, one.n, "cart.json", &b, &err), &err);
    support_ok(cart_file_print(&b, &two), NULL);
    assert_int_equal(one.n, two.n);
    assert_memory_equal(one.data, two.data, one.n);
    assert_true(a.camera[0].fx_px == b.camera[0].fx_px && a.cells.cell[1].gain_g == b.cells.cell[1].gain_g);
    assert_string_equal(a.scale.source, b.scale.source);
    a.cells.hz = (double)NAN;
    assert_int_equal(cart_file_print(&a, &one), TRUNDLE_BAD_INPUT);
    assert_int_equal(one.n, two.n);
    bytes_done(&one);
    bytes_done(&two);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    wants("\"version\": 1", "\"version\": 1", TRUNDLE_OK, "");
    wants("\"version\": 1", "\"version\": 2", TRUNDLE_UNSUPPORTED, "version is 2");
    wants("\"id\"", "\"colour\": \"red\", \"id\"", TRUNDLE_BAD_INPUT, "unknown field 'colour'");
    wants("\"fps\"", "\"gps\": 1, \"fps\"", TRUNDLE_BAD_INPUT, "cameras[0]: has an unknown field 'gps'");
    wants("\"gain_g\": 0.01", "\"gain_g\": 0", TRUNDLE_BAD_INPUT, "gain_g is zero");
    wants("\"gain_g\": 0.01", "\"gain_g\": NaN", TRUNDLE_BAD_INPUT, "not JSON");
    wants("\"gain_g\": 0.01", "\"gain_g\": \"NaN\"", TRUNDLE_BAD_INPUT, "gain_g");
    wants("\"x_m\": 0.55", "\"x_m\": 0.05", TRUNDLE_BAD_INPUT, "coincides with cell 0");
    wants("\"solid\"", "\"glass\"", TRUNDLE_BAD_INPUT, "is 'glass'");
    wants("\"walls\"", "\"wall\"", TRUNDLE_BAD_INPUT, "wall");
    wants("\"max_g\": 30000", "\"max_g\": 1e99", TRUNDLE_BAD_INPUT, "scale.max_g");
    wants("\"id\": \"demo\",", "", TRUNDLE_BAD_INPUT, "id");
    wants("[0.6, 0.9, 0.5]", "[0.6, 0.9]", TRUNDLE_BAD_INPUT, "size_m");
    wants("[0.6, 0.9, 0.5]", "[0.6, 0.9, 0]", TRUNDLE_BAD_INPUT, "size_m[2]");
}

static void a_camera_inside_out_is_refused(void **state)
{
    (void)state;
    /* turned about its x axis by 180 degrees: looks at the sky */
    wants("[1, 0, 0, 0.3,\n                       0, -0.8660254037844386, 0.5, 0.1,\n                       0, -0.5, -0.8660254037844386, 1.1]",
          "[1, 0, 0, 0.3, 0, 0.8660254037844386, -0.5, 0.1, 0, 0.5, 0.8660254037844386, 1.1]", TRUNDLE_BAD_INPUT, "looks away");
    wants("[1, 0, 0, 0.3", "[1, 0.2, 0, 0.3", TRUNDLE_BAD_INPUT, "not a rotation");
    wants("[1, 0, 0, 0.3", "[-1, 0, 0, 0.3", TRUNDLE_BAD_INPUT, "mirrors");
    wants("0.5, 0.1,\n", "0.5, 500,\n", TRUNDLE_BAD_INPUT, "at 500 m");
}

static void pixels_and_lines_of_sight_agree(void **state)
{
    struct cart_file cart = cart_example();
    struct cart_camera *c = &cart.camera[0];
    struct rng r = rng_seed(support_seed(), "pixels");

    (void)state;
    memcpy(c->distortion, (const double[5]){ -0.12, 0.04, 0.001, -0.0008, -0.002 }, sizeof c->distortion);
    for (int i = 0; i < 2000; i++) {
        double x = rng_range(&r, -0.5, c->width_px - 0.5), y = rng_range(&r, -0.5, c->height_px - 0.5), far = rng_range(&r, 0.1, 3);
        double origin[3], direction[3], point[3], px[2], norm = 0;

        cart_camera_ray(c, x, y, origin, direction);
        for (int k = 0; k < 3; k++) {
            point[k] = origin[k] + far * direction[k];
            norm += direction[k] * direction[k];
        }
        assert_near(norm, 1, 1e-12);
        assert_true(cart_camera_project(c, point, px));
        assert_near(px[0], x, 1e-6);
        assert_near(px[1], y, 1e-6);
        for (int k = 0; k < 3; k++)
            point[k] = origin[k] - far * direction[k];
        assert_false(cart_camera_project(c, point, px));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_camera_inside_out_is_refused),
        cmocka_unit_test(pixels_and_lines_of_sight_agree),
    };
    return support_run(tests);
}
