/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * scan/prepare - pictures made better readable: other sizes, even light, sharper. For picture.c.
 * A plane owns its pixels and keeps them between pictures.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plane { uint8_t *pixel; int width, height; size_t capacity; };

/* Room for width x height. False: no memory. */
bool plane_size(struct plane *p, int width, int height);
void plane_done(struct plane *p);
/* Copies rows `stride` apart. */
bool plane_copy(struct plane *to, const uint8_t *luma, int width, int height, int stride);
/* Bicubic (Keys 1981, a = -0.5) to another size, stretched when shrinking so that it averages. */
bool plane_resize(struct plane *to, const struct plane *from, int width, int height);
/* Even light: grey relative to the mean and spread in a window of `radius` pixels. In place from -> to. */
bool plane_even(struct plane *to, const struct plane *from, int radius);
/* Unsharp mask along the rows: p + amount * (p - box mean of radius). */
bool plane_sharpen(struct plane *to, const struct plane *from, int radius, double amount);
