/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * basket/promotion - which savings a basket has. An item takes part in at most one promotion; again and again the promotion
 * with the largest saving over the items that are still free is given, ties to the one that stands first in the catalog.
 */
#pragma once

#include "cart/basket/basket.h"

/* Recomputes saving_cents and promotion of all lines. */
void promotion_apply(struct basket *b);
