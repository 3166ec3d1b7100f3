/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/cart - a store's cart: basket, two cameras on the rim, four cells; what its file says and what is true. */
#pragma once

#include "lab/sim/store.h"

/* Fills store->cart, true_cells and the properties of floor and light. */
void sim_cart_make(struct sim_store *store, struct rng *r);
