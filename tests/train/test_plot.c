/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Plots: points land where they should, text is escaped, nothing that is not finite gets out. */
#include "tests/support/support.h"

#include "lab/train/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char *drawn(const struct plot *p, struct bytes *b)
{
    struct trundle_error err;

    b->n = 0;
    support_ok(plot_svg(p, b, &err), &err);
    return (char *)b->data;
}

static void draws_points_to_scale(void **state)
{
    const double x[] = { 0, 5, 10 }, y[] = { 0, 20, 10 }, z[] = { 0.5, 1, 0 };
    const struct plot_series s[] = { { .name = "loss", .x = x, .y = y, .n = 3 }, { .name = "right", .x = x, .y = z, .n = 3, .right = true, .dots = true } };
    const struct plot p = { .title = "t", .x = "step", .y = "loss", .right = "accuracy", .series = s, .n = 2 };
    struct bytes b = { 0 };
    const char *svg = drawn(&p, &b);

    (void)state;
    /* the frame is 72..728 by 40..428 */
    assert_non_null(strstr(svg, "points=\"72.0,428.0 400.0,40.0 728.0,234.0 "));
    assert_non_null(strstr(svg, "<circle cx=\"400.0\" cy=\"40.0\""));
    assert_non_null(strstr(svg, ">20<"));
    assert_non_null(strstr(svg, ">accuracy<"));
    assert_non_null(strstr(svg, "</svg>"));
    bytes_done(&b);
}

static void leaves_out_what_is_not_finite(void **state)
{
    const double x[] = { 1, 2, 3, 4, INFINITY }, y[] = { 1, NAN, -1, 4, 5 }, low[] = { -INFINITY, 0, 0, 3, 0 }, high[] = { 2, 2, 2, NAN, 0 };
    const struct plot_series s[] = { { .name = "a<b>&\"c\"", .x = x, .y = y, .low = low, .high = high, .n = 5, .both = true }, { .n = 0 } };
    struct plot p = { .title = "<script>", .series = s, .n = 2 };
    struct bytes b = { 0 };

    (void)state;
    for (int k = 0; k < 4; k++) {
        const char *svg;

        p.log_x = k & 1;
        p.log_y = k & 2;
        svg = drawn(&p, &b);
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "inf"));
        assert_null(strstr(svg, "<script>"));
        assert_non_null(strstr(svg, "&lt;script&gt;"));
        assert_non_null(strstr(svg, "a&lt;b&gt;&amp;&quot;c&quot;"));
    }
    p.series = NULL;
    p.n = 1;
    assert_int_equal(plot_svg(&p, &b, NULL), TRUNDLE_BAD_ARG);
    p.n = 0;                                               /* an empty frame */
    assert_non_null(strstr(drawn(&p, &b), "</svg>"));
    bytes_done(&b);
}

static void writes_whole_or_not(void **state)
{
    const double one[] = { 7 };
    const struct plot_series s = { .x = one, .y = one, .n = 1, .dots = true };
    const struct plot p = { .series = &s, .n = 1 };
    struct trundle_error err;
    struct bytes b = { 0 };
    char path[4200];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/a.svg", support_scratch());
    support_ok(plot_write(&p, path, &err), &err);
    support_ok(file_read(path, 1 << 20, &b, &err), &err);
    assert_int_equal(strncmp((char *)b.data, "<svg ", 5), 0);
    bytes_done(&b);
    assert_int_not_equal(plot_write(&p, "/nowhere/a.svg", &err), TRUNDLE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_points_to_scale),
        cmocka_unit_test(leaves_out_what_is_not_finite),
        cmocka_unit_test(writes_whole_or_not),
    };
    return support_run(tests);
}
