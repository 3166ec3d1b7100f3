/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see/jpeg - decoding with turbojpeg, with limits: pictures over the limits are refused from their header.
 * A picture that turbojpeg only warns about (a broken or short scan) counts as broken: half a picture would look like an event.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEE_JPEG_BYTES_MAX = 8 << 20 };

struct see_jpeg { void *decoder; };

bool see_jpeg_init(struct see_jpeg *j);
void see_jpeg_done(struct see_jpeg *j);
/* Size from the header. False: not a JPEG, or one side over `limit`. */
bool see_jpeg_size(struct see_jpeg *j, const uint8_t *jpeg, size_t n, int limit, int *out_w, int *out_h);
/* RGB, tightly packed, at full size; the caller knows w and h from see_jpeg_size. False: broken; `out` is then undefined. */
bool see_jpeg_rgb(struct see_jpeg *j, const uint8_t *jpeg, size_t n, int w, int h, uint8_t *out);
/* Luma at a quarter of the size (rounded up), by a scaled inverse transform. */
bool see_jpeg_quarter(struct see_jpeg *j, const uint8_t *jpeg, size_t n, int w, int h, uint8_t *out);
