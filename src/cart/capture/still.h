/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture/still - whether a camera still stands where the cart file says, from its own pictures.
 *
 *     TRY(still_new(&cart.camera[0], &cart.basket, &s, err));
 *     if (still_wants(s, t_ns) && still_push(s, rgb, w, h, stride, t_ns) == STILL_MOVED)
 *         stop_storing();
 *
 * What is looked at is where the floor of the basket meets its solid walls: the cart file says where in the picture those edges are. Each visible half of an edge is
 * crossed at STILL_SAMPLES places; across it brightness steps from floor to wall, everywhere up or everywhere down. The median of the steps over the places,
 * averaged over pictures, at each offset up to STILL_REACH_PX says how much the half looks like lying there (a step counts only so much, so that a pack's print says no
 * more than an edge). Moves of the picture (shift, turn, scale) are tried, and those that leave the floor's corners within STILL_MOVED_PX (rms, of a picture
 * 320 wide) are held against those that do not, by how many halves they explain. The camera has moved when a move away explains four fifths of the halves that
 * show anything, two more than any near the stated place, and that one less than half of them, in STILL_TIMES pictures in a row. That verdict stays: a calibration makes a new value.
 *
 * A basket so full that its floor's edges are hidden, or a camera that looks at wire, cannot be measured; then the last verdict holds. Works on raw and on masked pictures: the edges lie
 * within the mask. After still_new nothing allocates. `trundle sim still` prints how often it is wrong and what it finds.
 */
#pragma once

#include "cart/calib/cart_file.h"

enum still_state { STILL_UNKNOWN = 0, STILL_RIGHT = 1, STILL_MOVED = 2 };

enum { STILL_SAMPLES = 24, STILL_TIMES = 8, STILL_REACH_PX = 40 };
#define STILL_MOVED_PX 6.0
#define STILL_EVERY_NS INT64_C(400000000)

struct still;

/* UNSUPPORTED: the camera sees fewer than five halves of edges, so it cannot be measured; its pictures stay on the cart (runtime/clip_file.h). NO_MEMORY. */
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
