/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/hands - the shopper's hands and arms of one trip: size, skin, gloves, sleeves, rings; how they hold what they carry.
 *
 *     struct hands *hands;
 *     TRY(hands_new(suite, &cart->basket, seed, skin, sleeve, &hands));
 *     hands_place(hands, 0, p, &scene);         // after the items: appends an arm and a hand
 *     hands_free(hands);
 *
 * Plain suites have one hand for all, in the colours given.
 */
#pragma once

#include "lab/sim/scene.h"
#include "lab/sim/suite.h"

struct hands;

/* Colours 0..255 are those of plain suites. `suite` and `basket` are borrowed. */
TRUNDLE_MUST_USE enum trundle_status hands_new(const struct sim_suite *suite, const struct cart_basket *basket, uint64_t seed, const double skin[3],
                                               const double sleeve[3], struct hands **out);
/* `which` 0 comes over the left rim, 1 over the right one; p: where the script has it, m. Grips the item nearest to it, if one is near. */
void hands_place(const struct hands *hands, int which, const double p[3], struct sim_scene *scene);
void hands_free(struct hands *hands);
