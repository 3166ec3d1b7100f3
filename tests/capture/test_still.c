/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A camera is found right where it stands right, moved where it was moved, and not to be told where nothing can be seen. */
#include "base/std/time.h"
#include "cart/capture/still.h"
#include "tests/capture/still_scene.h"
#include "tests/support/support.h"

#include <string.h>

/* Verdict on a camera that stands like `real` after four seconds. */
static enum still_state watch(const struct cart_camera *real, double contrast, int items)
{
    const struct cart_camera stated = still_camera(0, 0, 0, 0);
    struct trundle_error err;
    enum still_state state;
    struct still *s;

    support_ok(still_new(&stated, &still_basket, &s, &err), &err);
    for (int i = 0; i < 10; i++) {
        assert_true(still_wants(s, i * STILL_EVERY_NS));
        if (still_push(s, still_draw(real, contrast, items, support_seed()), STILL_W, STILL_H, 3 * STILL_W, i * STILL_EVERY_NS) != STILL_MOVED)
            assert_false(still_wants(s, i * STILL_EVERY_NS + STILL_EVERY_NS / 2));
    }
    state = still_state(s);
    still_free(s);
    return state;
}

static void right_is_right(void **state)
{
    struct cart_camera c = still_camera(0, 0, 0, 0), off = still_camera(.4, -.3, .003, .002);

    (void)state;
    assert_int_equal(watch(&c, 40, 0), STILL_RIGHT);
    assert_int_equal(watch(&c, -40, 0), STILL_RIGHT);
    assert_int_equal(watch(&c, 40, 6), STILL_RIGHT);
    assert_int_equal(watch(&off, 40, 0), STILL_RIGHT);
}

static void moved_is_moved_and_stays_so(void **state)
{
    const struct cart_camera moved[] = { still_camera(8, 0, 0, 0), still_camera(7, 3, 0, 0), still_camera(0, 0, 0, .06), still_camera(-8, 5, .03, .02), still_camera(10, 0, 0, 0) };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(moved); i++)
        if (watch(&moved[i], 40, 0) != STILL_MOVED)
            fail_msg("move %zu was not found", i);
}

static void nothing_to_see_is_not_told(void **state)
{
    struct cart_camera c = still_camera(0, 0, 0, 0);

    (void)state;
    assert_int_equal(watch(&c, 0, 0), STILL_UNKNOWN);
    assert_int_not_equal(watch(&c, 40, 60), STILL_MOVED);
}

static void wire_is_no_edge(void **state)
{
    const struct cart_camera c = still_camera(0, 0, 0, 0);
    struct cart_basket wire = still_basket;
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
