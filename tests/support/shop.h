/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* support/shop - a tiny shop for tests: a catalog whose masses, prices and promotions are easy to reckon with by hand. */
#pragma once

#include "base/catalog/catalog.h"
#include "tests/support/support.h"

/* milk 1030 g 1.19; oats 505 g 2.49; beans 410 g 0.89; beans_hot 412 g 0.99; tea 62 g 3.49; cocoa 250 g 2.99 (member 2.49);
 * bananas by weight 1.99/kg; apples by weight 2.49/kg. Promotions: beans, beans_hot 3 for 2; tea 20 %; oats 50 % for members. */
struct shop { struct catalog *catalog; struct trundle_product milk, oats, beans, beans_hot, tea, cocoa, bananas, apples; };

/* Noon of 2026-06-01. */
#define SHOP_WALL_NS INT64_C(1780315200000000000)

struct shop shop_open(void);
void shop_close(struct shop *s);
