/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture/still - whether a camera still stands where the cart file says, from its own pictures.
 *
 *     TRY(still_new(&cart.camera[0], &cart.basket, &s, err));
 *     if (still_wants(s, t_ns) && still_push(s, rgb, w, h, stride, t_ns) == STILL_MOVED)
 *         stop_storing();
 *
 * What is looked at is where the floor of the basket meets its walls: the cart file says where in the picture those four edges are. Each visible half of an edge is
 * crossed at STILL_SAMPLES places; across it brightness steps from floor to wall, and how far from the stated place the largest step lies (median
 * over the places, averaged over pictures) is that half's offset. Items hide some places, and a half whose step is weak or not alone is not used.
 * From at least five halves a shift, a turn and a scale of the picture are fitted (least squares, one half may be left out); when the fit is good, the
 * camera has been measured, and its displacement is how far the corners of the floor moved in the picture (rms). At STILL_MOVED_PX (of a picture 320 wide;
 * in proportion) or more in STILL_TIMES measurements in a row the camera has moved, and that verdict stays: a calibration makes a new value.
 *
 * A basket so full that its floor's edges are hidden cannot be measured; then the last verdict holds. Works on raw and on masked pictures: the edges lie
 * within the mask. After still_new nothing allocates. `trundle sim still` prints how often it is wrong and what it finds.
 */
#pragma once

#include "cart/calib/cart_file.h"

enum still_state { STILL_UNKNOWN = 0, STILL_RIGHT = 1, STILL_MOVED = 2 };

enum { STILL_SAMPLES = 24, STILL_TIMES = 4, STILL_REACH_PX = 40 };
#define STILL_MOVED_PX 4.5
#define STILL_EVERY_NS INT64_C(400000000)

struct still;

/* UNSUPPORTED: the camera sees fewer than five halves of edges, so it cannot be measured (its pictures are kept as before). NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status still_new(const struct cart_camera *camera, const struct cart_basket *basket, struct still **out, struct trundle_error *err);
void still_free(struct still *s);          /* NULL is fine */
/* Whether it is time for another picture: 2.5 a second are enough. */
bool still_wants(const struct still *s, int64_t t_ns);
/* An RGB picture of the camera's size; another size changes nothing. */
enum still_state still_push(struct still *s, const uint8_t *rgb, int w, int h, size_t stride, int64_t t_ns);
enum still_state still_state(const struct still *s);
/* Of the last measurement, px of a picture 320 wide; NAN: none yet. */
double still_displacement_px(const struct still *s);
uint64_t still_measured(const struct still *s);
