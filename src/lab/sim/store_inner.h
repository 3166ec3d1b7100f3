/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/store_inner - what the makers of a store share. */
#pragma once

#include "lab/sim/store.h"

/* What everything of a store is drawn with. */
uint64_t store_seed(const struct sim_store *store);
/* Packaged products, with masses that lie as near to each other as the suite says; `r` is the stream of products. */
void store_make_packaged(struct sim_store *store, struct rng *r);
/* Photos for fronts out of look.textures: the one named as a product, else any. BAD_INPUT: the folder has none. */
TRUNDLE_MUST_USE enum trundle_status store_find_photos(struct sim_store *store, struct trundle_error *err);
