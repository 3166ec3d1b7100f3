/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture - the mask stage: raw picture in, masked JPEG out. Nothing is kept, sent or shown to the core before it.
 *
 *     struct capture *capture;
 *     TRY(capture_new(&cart.camera[0], &cart.basket, &(struct capture_config)CAPTURE_CONFIG_DEFAULT, &capture, err));
 *     TRY(capture_mask(capture, &(struct capture_picture){ rgb, w, h, stride }, jpeg, capacity, &n, err));
 *     capture_free(capture);
 *
 * Hidden pixels are blanked (to 0) before the encoder sees the picture, so the JPEG is a function of the visible pixels
 * alone: whatever stood in the hidden ones, the bytes are the same. Blocks that lie wholly in the mask decode to that one value;
 * in blocks that the edge crosses, ringing of visible pixels may reach hidden places, never the other way round.
 *
 * A camera with role scanner keeps codes, never pictures: capture_new refuses it, so there is no way to encode its frames.
 *
 * Lifetime: capture_new makes all memory of ours. Threads: one at a time per value.
 */
#pragma once

#include "cart/calib/cart_file.h"

struct capture;

/* A borrowed raw picture, RGB, 3 bytes a pixel. */
struct capture_picture {
    const uint8_t *rgb;
    int w, h;
    size_t stride;                 /* bytes a row, >= 3 w */
};

struct capture_config {
    int quality;                   /* JPEG 1..100 */
    double margin_deg, margin_m;   /* the mask holds for poses off by so much, also when the cart file states a smaller tolerance; 0: as stated */
    bool among_people;             /* mask_among_people of calib/mask.h */
};
#define CAPTURE_CONFIG_DEFAULT { .quality = 80 }
/* Of a cart among people: a mount that was knocked by 3 degrees and 2 cm shows nobody. What is knocked further, still.h finds. */
#define CAPTURE_CONFIG_LIVE    { .quality = 80, .margin_deg = 3, .margin_m = 0.02, .among_people = true }

enum { CAPTURE_BLANK = 0, CAPTURE_SIDE_MAX = 8192 };   /* the value of hidden pixels in all three channels; px */

/* The pose tolerance that the mask carries: the larger of the cart file's and the margin. */
struct cart_camera capture_camera(const struct cart_camera *camera, const struct capture_config *config);
/* UNSUPPORTED: role scanner. BAD_INPUT: the camera sees nothing of the basket. BAD_ARG, NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status capture_new(const struct cart_camera *camera, const struct cart_basket *basket,
                                                 const struct capture_config *config, struct capture **out, struct trundle_error *err);
/* Bytes that always hold a JPEG of this camera. */
size_t capture_bound(const struct capture *capture);
/* Masks and encodes into `out`. BAD_INPUT: the picture has not the camera's size (nothing is written). TOO_LARGE: capacity under capture_bound. */
TRUNDLE_MUST_USE enum trundle_status capture_mask(struct capture *capture, const struct capture_picture *picture, uint8_t *out, size_t capacity,
                                                  size_t *out_bytes, struct trundle_error *err);
/* w x h bytes, 0 hidden, 1 visible; lives as long as `capture`. */
const uint8_t *capture_visible(const struct capture *capture);
void capture_free(struct capture *capture);
