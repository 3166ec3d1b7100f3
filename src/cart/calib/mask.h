/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * calib/mask - which pixels of a basket camera may be kept: what is seen is what is kept.
 *
 *     uint8_t *mask = malloc(mask_bytes(&camera));
 *     TRY(mask_make(&camera, &cart.basket, mask, mask_bytes(&camera), err));
 *     mask_apply(mask, picture, width_px, height_px, stride_bytes, 3);
 *
 * A pixel is kept when its line of sight enters the volume that reaches from 15 cm above the mouth plane down, and ends on
 * the basket's floor or on the inner side of a solid wall - for its whole area, and for every pose within the camera's
 * stated tolerance (any rotation up to tolerance_deg, any shift up to tolerance_m). All else is blank: what is seen past
 * the rim, through wire, or from outside through a wall.
 *
 * Such a line crosses the mouth plane inside the rim, so that plane is what is tested; the slab above it needs no test of
 * its own. The tolerance is carried by interval arithmetic over origin and direction, so a kept pixel is kept by proof,
 * and some that could be kept are blank. Plain functions; memory is the caller's; no limits beyond the cart file's.
 */
#pragma once

#include "cart/calib/cart_file.h"

/* width * height: one byte a pixel, 1 kept, 0 blank, rows from the top without padding. */
size_t mask_bytes(const struct cart_camera *camera);
/* Fills `out`. A camera of role scanner keeps nothing (its codes are kept, never its pictures). BAD_ARG: `size` is under
 * mask_bytes; BAD_INPUT: nothing could be kept, which names the tolerance. `out` is all blank after an error. */
TRUNDLE_MUST_USE enum trundle_status mask_make(const struct cart_camera *camera, const struct cart_basket *basket, uint8_t *out, size_t size,
                                               struct trundle_error *err);
/* mask_make, less the pixels that may show somebody who stands against the rim beside or behind the camera: kept are those whose line, from where
 * it leaves the camera's housing on, stays over the basket and its rim, for the same poses. It takes for granted that the rim is MASK_RIM_M
 * wide from the basket's inner face, and that housing and post leave nobody nearer to the lens than MASK_HOUSING_M. Errors as above. */
#define MASK_RIM_M     0.01
#define MASK_HOUSING_M 0.05
TRUNDLE_MUST_USE enum trundle_status mask_among_people(const struct cart_camera *camera, const struct cart_basket *basket, uint8_t *mask, size_t size,
                                                       struct trundle_error *err);
/* Blanks (sets to 0) the pixels of an interleaved 8-bit picture of 1 (luma), 3 (RGB) or 4 channels in place. */
void mask_apply(const uint8_t *mask, uint8_t *pixels, int width_px, int height_px, size_t stride_bytes, int channels);
/* Blanks to `blank`, of a plane that is subsampled by 1 or 2 each way: I420 luma (1, 1, 16), chroma (2, 2, 128). A sample
 * stays only when every pixel it covers is kept. width and height are those of the mask. */
void mask_apply_plane(const uint8_t *mask, int width_px, int height_px, uint8_t *plane, size_t stride_bytes, int by_x, int by_y, uint8_t blank);
