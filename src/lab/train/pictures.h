/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/pictures - labelled pictures out of nothing: picture i of a seed, for training and judging nets without a data set.
 *
 *     uint8_t rgb[64 * 64 * 3];
 *     int label;
 *     pictures_draw(1, 4711, 64, rgb, &label);
 *
 * 32 classes: eight shapes (box, can, bottle, round fruit, banana, bag, pear, tray), each with four siblings of which two differ in
 * hue only and two in texture only. Pose, light and its colour, background, occlusion, blur and noise vary as much as makes a
 * small net miss one in ten. Not a picture of any real thing, and nothing about real products may be concluded from it.
 *
 * Picture i of seed s is a function of (s, i, size) alone, so sets of different seeds are different draws of one distribution:
 * train on one seed, judge on another. Threads: no state. About 80 us at 64 pixels.
 */
#pragma once

#include <stdint.h>

enum { PICTURES_SHAPES = 8, PICTURES_SIBLINGS = 4, PICTURES_CLASSES = PICTURES_SHAPES * PICTURES_SIBLINGS, PICTURES_SIZE_MIN = 16, PICTURES_SIZE_MAX = 256 };

/* out_rgb[size * size * 3], rows from the top. *out_label in [0, PICTURES_CLASSES). size must be in range; out_label may be NULL. */
void pictures_draw(uint64_t seed, uint64_t i, int size, uint8_t *out_rgb, int *out_label);
/* "can-2"; static storage; "?" out of range. */
const char *pictures_class(int label);
