/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* still_scene - a basket with a floor of another brightness than its walls, as a camera at the left rim sees it. */
#pragma once

#include "cart/calib/cart_file.h"

enum { STILL_W = 320, STILL_H = 240 };

extern const struct cart_basket still_basket;
/* At the left rim, looking down into the basket; turned by so much about its own axes (degrees), shifted (m). */
struct cart_camera still_camera(double pan, double roll, double dx, double dy);
/* Floor and walls as the line of sight meets them; `contrast` between them; items as squares on the floor. RGB of STILL_W x STILL_H, the function's own. */
const uint8_t *still_draw(const struct cart_camera *c, double contrast, int items, uint64_t seed);
