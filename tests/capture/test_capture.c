/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The mask stage: no hidden pixel has any part in the JPEG, and a scanner camera has no way to a picture. */
#include "tests/see/draw.h"
#include "tests/support/support.h"

#include "base/std/rng.h"
#include "cart/calib/mask.h"
#include "cart/capture/capture.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { BYTES = DRAW_W * DRAW_H * 3, MCU = 16 };

static struct capture *start(void)
{
    struct cart_camera camera = draw_camera();
    struct cart_basket basket = draw_basket();
    struct capture *c = NULL;
    struct trundle_error err;

    basket.size_m[0] = 0.33;   /* so that the camera sees past it */
    basket.size_m[1] = 0.26;
    support_ok(capture_new(&camera, &basket, &(struct capture_config)CAPTURE_CONFIG_DEFAULT, &c, &err), &err);
    return c;
}

static size_t encode(struct capture *c, const uint8_t *rgb, uint8_t *jpeg, size_t capacity)
{
    struct trundle_error err;
    size_t n = 0;

    support_ok(capture_mask(c, &(struct capture_picture){ rgb, DRAW_W, DRAW_H, (size_t)DRAW_W * 3 }, jpeg, capacity, &n, &err), &err);
    return n;
}

static void hidden_pixels_have_no_part_in_the_bytes(void **state)
{
    static uint8_t a[BYTES], b[BYTES];
    struct capture *c = start();
    size_t capacity = capture_bound(c), hidden = 0, n;
    uint8_t *jpeg = malloc(capacity), *again = malloc(capacity);
    struct rng r = rng_seed(support_seed(), "capture");

    (void)state;
    assert_non_null(jpeg);
    assert_non_null(again);
    for (size_t i = 0; i < BYTES; i++)
        a[i] = (uint8_t)rng_u64(&r);
    n = encode(c, a, jpeg, capacity);
    for (int round = 0; round < 8; round++) {
        hidden = 0;
        for (size_t i = 0; i < BYTES; i++) {
            b[i] = capture_visible(c)[i / 3] ? a[i] : (uint8_t)(round < 2 ? 255 * round : (int)(rng_u64(&r) & 255));
            hidden += !capture_visible(c)[i / 3];
        }
        assert_int_equal(encode(c, b, again, capacity), n);
        assert_memory_equal(jpeg, again, n);
    }
    assert_true(hidden > BYTES / 50);
    /* The check can fail: one visible pixel changes the bytes. */
    for (size_t i = 0; i < BYTES; i++)
        if (capture_visible(c)[i / 3]) {
            b[i] ^= 0x80;
            break;
        }
    assert_false(encode(c, b, again, capacity) == n && !memcmp(jpeg, again, n));
    free(jpeg);
    free(again);
    capture_free(c);
}

static void hidden_blocks_are_constant(void **state)
{
    static uint8_t rgb[BYTES];
    struct capture *c = start();
    size_t capacity = capture_bound(c), n, blocks = 0;
    uint8_t *jpeg = malloc(capacity);
    tjhandle decoder = tjInitDecompress();

    (void)state;
    assert_non_null(jpeg);
    memset(rgb, 255, sizeof rgb);
    n = encode(c, rgb, jpeg, capacity);
    assert_int_equal(tjDecompress2(decoder, jpeg, (unsigned long)n, rgb, DRAW_W, 0, DRAW_H, TJPF_RGB, TJFLAG_ACCURATEDCT), 0);
    for (int by = 0; by + MCU <= DRAW_H; by += MCU)
        for (int bx = 0; bx + MCU <= DRAW_W; bx += MCU) {
            bool visible = false;

            /* A pixel beyond each side: the decoder smooths chroma across blocks. */
            for (int y = by - 1; y <= by + MCU; y++)
                for (int x = bx - 1; x <= bx + MCU; x++)
                    visible = visible || (x >= 0 && y >= 0 && x < DRAW_W && y < DRAW_H && capture_visible(c)[y * DRAW_W + x]);
            if (visible)
                continue;
            blocks++;
            for (int y = by; y < by + MCU; y++)
                for (int x = bx; x < bx + MCU; x++)
                    for (int k = 0; k < 3; k++)
                        assert_int_equal(rgb[3 * (y * DRAW_W + x) + k], CAPTURE_BLANK);
        }
    assert_true(blocks > 0);
    (void)tjDestroy(decoder);
    free(jpeg);
    capture_free(c);
}

static void a_scanner_camera_keeps_no_pictures(void **state)
{
    struct cart_camera camera = draw_camera();
    struct cart_basket basket = draw_basket();
    struct capture *c = NULL;
    struct trundle_error err;

    (void)state;
    camera.role = CART_CAMERA_SCANNER;
    assert_int_equal(capture_new(&camera, &basket, &(struct capture_config)CAPTURE_CONFIG_DEFAULT, &c, &err), TRUNDLE_UNSUPPORTED);
    assert_null(c);
    camera = draw_camera();
    assert_int_equal(capture_new(&camera, &basket, &(struct capture_config){ 0 }, &c, &err), TRUNDLE_BAD_ARG);
    assert_null(c);
}

static void refuses_other_sizes_and_small_room(void **state)
{
    static uint8_t rgb[BYTES];
    struct capture *c = start();
    size_t capacity = capture_bound(c), n = 77;
    uint8_t *jpeg = malloc(capacity);
    struct trundle_error err;

    (void)state;
    assert_non_null(jpeg);
    assert_int_equal(capture_mask(c, &(struct capture_picture){ rgb, DRAW_W - 1, DRAW_H, (size_t)DRAW_W * 3 }, jpeg, capacity, &n, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(capture_mask(c, &(struct capture_picture){ rgb, DRAW_W, DRAW_H, DRAW_W }, jpeg, capacity, &n, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(capture_mask(c, &(struct capture_picture){ rgb, DRAW_W, DRAW_H, (size_t)DRAW_W * 3 }, jpeg, capacity - 1, &n, &err), TRUNDLE_TOO_LARGE);
    assert_int_equal(n, 77);
    free(jpeg);
    capture_free(c);
    capture_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_pixels_have_no_part_in_the_bytes), cmocka_unit_test(hidden_blocks_are_constant),
        cmocka_unit_test(a_scanner_camera_keeps_no_pictures), cmocka_unit_test(refuses_other_sizes_and_small_room),
    };

    return support_run(tests);
}
