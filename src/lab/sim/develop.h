/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/develop - from light to a file: lens blur, exposure, sensor noise, the cart's mask, JPEG.
 *
 *     struct developer *d;
 *     TRY(developer_new(320, 240, 2.5, seed, &d));
 *     TRY(developer_jpeg(d, &view, gain, mask, 82, &jpeg, &n));     // jpeg lives until the next call
 *     developer_free(d);
 */
#pragma once

#include "lab/sim/render.h"

#include "base/std/rng.h"

#include <stddef.h>

struct developer;

TRUNDLE_MUST_USE enum trundle_status developer_new(int w, int h, double noise_dn, uint64_t seed, struct developer **out);
/* More noise in the dark, where display values stretch what the sensor reads: sd noise_dn + dark_dn at black, straight to noise_dn at white;
 * dark_dn counts up to 3 noise_dn. 0 (as made): the same everywhere. */
void developer_dark_noise(struct developer *d, double dark_dn);
/* `gain` of red, green, blue. `mask` w x h, 0 blank; NULL keeps all. */
TRUNDLE_MUST_USE enum trundle_status developer_jpeg(struct developer *d, const struct sim_view *view, const double gain[3], const uint8_t *mask,
                                                    int quality, const unsigned char **out_jpeg, size_t *out_n);
/* The developed picture of the last call, RGB, w x h x 3. */
const uint8_t *developer_rgb(const struct developer *d);
void developer_free(struct developer *d);
