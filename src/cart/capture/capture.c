/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The mask stage: blank, then encode. */
#include "cart/capture/capture.h"

#include "base/std/status.h"
#include "cart/calib/mask.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

struct capture {
    int w, h, quality;
    uint8_t *visible;      /* owned, w x h */
    uint8_t *masked;       /* owned, w x h x 3 */
    tjhandle encoder;
};

struct cart_camera capture_camera(const struct cart_camera *camera, const struct capture_config *config)
{
    struct cart_camera wide = *camera;

    if (wide.tolerance_deg < config->margin_deg)
        wide.tolerance_deg = config->margin_deg;
    if (wide.tolerance_m < config->margin_m)
        wide.tolerance_m = config->margin_m;
    return wide;
}

enum trundle_status capture_new(const struct cart_camera *camera, const struct cart_basket *basket, const struct capture_config *config,
                                struct capture **out, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    struct cart_camera wide;
    struct capture *c;
    size_t n;

    if (!camera || !basket || !config || !out || config->quality < 1 || config->quality > 100 || camera->width_px < 1 ||
        camera->height_px < 1 || camera->width_px > CAPTURE_SIDE_MAX || camera->height_px > CAPTURE_SIDE_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "capture", NULL, "NULL, a quality outside 1..100, or a side outside 1..%d", CAPTURE_SIDE_MAX);
    if (camera->role != CART_CAMERA_BASKET)
        return error_set(err, TRUNDLE_UNSUPPORTED, "capture", NULL, "a scanner camera keeps codes, never pictures");
    c = calloc(1, sizeof *c);
    if (!c)
        return error_set(err, status, "capture", NULL, "no memory");
    n = (size_t)camera->width_px * (size_t)camera->height_px;
    c->w = camera->width_px;
    c->h = camera->height_px;
    c->quality = config->quality;
    c->visible = calloc(n, 1);
    c->masked = calloc(n, 3);
    c->encoder = tjInitCompress();
    if (!c->visible || !c->masked || !c->encoder) {
        (void)error_set(err, status, "capture", NULL, "no memory for a camera of %d x %d", c->w, c->h);
        goto out;
    }
    wide = capture_camera(camera, config);
    TRY_GOTO(status, (config->among_people ? mask_among_people : mask_make)(&wide, basket, c->visible, mask_bytes(camera), err), out);
    *out = c;
    return TRUNDLE_OK;
out:
    capture_free(c);
    return status;
}

size_t capture_bound(const struct capture *c)
{
    return tjBufSize(c->w, c->h, TJSAMP_420);
}

enum trundle_status capture_mask(struct capture *c, const struct capture_picture *picture, uint8_t *out, size_t capacity, size_t *out_bytes,
                                 struct trundle_error *err)
{
    unsigned long n = (unsigned long)capacity;
    unsigned char *to = out;

    if (!picture->rgb || picture->w != c->w || picture->h != c->h || picture->stride < 3 * (size_t)c->w)
        return error_set(err, TRUNDLE_BAD_INPUT, "capture", "width_px and height_px of the cart file",
                         "a picture of %d x %d from a camera of %d x %d", picture->w, picture->h, c->w, c->h);
    if (capacity < capture_bound(c))
        return error_set(err, TRUNDLE_TOO_LARGE, "capture", NULL, "room for %zu bytes, needed are %zu", capacity, capture_bound(c));
    for (int y = 0; y < c->h; y++)
        memcpy(c->masked + (size_t)y * (size_t)c->w * 3, picture->rgb + (size_t)y * picture->stride, (size_t)c->w * 3);
    mask_apply(c->visible, c->masked, c->w, c->h, (size_t)c->w * 3, 3);
    if (tjCompress2(c->encoder, c->masked, c->w, 3 * c->w, c->h, TJPF_RGB, &to, &n, TJSAMP_420, c->quality,
                    TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT) < 0)
        return error_set(err, TRUNDLE_BAD_INPUT, "capture", NULL, "the encoder refused: %s", tjGetErrorStr2(c->encoder));
    *out_bytes = n;
    return TRUNDLE_OK;
}

const uint8_t *capture_visible(const struct capture *c)
{
    return c->visible;
}

void capture_free(struct capture *c)
{
    if (!c)
        return;
    free(c->visible);
    free(c->masked);
    if (c->encoder)
        (void)tjDestroy(c->encoder);
    free(c);
}
