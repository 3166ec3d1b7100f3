/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/people - those around a cart who must not be in its pictures: a child in the seat over the rear wall, who leans and reaches; who
 * pushes, bent over the handle; somebody who leans on the rim from the side. Only for identities (sim/privacy): suites do not use them.
 *
 *     TRY(people_new(&cart->basket, seed, lean_m, &people));
 *     people_camera(people, lens);                       // once a camera: where it really stands
 *     people_add(people, t_s, texture, &scene);          // SIM_PERSON_ID; the child's hand and forearm SIM_HAND_ID
 *     people_free(people);
 *
 * Below the height of the cameras they stay on their side of the rim (calib/mask.h says how wide it is), as the seat and the walls hold them, and
 * a body that meets a camera's housing is pushed off by it; above they lean over. `lean_m` more than 0 moves the child into the basket by so much, which no mask can hide: the mutant of whoever counts.
 */
#pragma once

#include "lab/sim/scene.h"

#include "base/std/status.h"

enum { SIM_PERSON_ID = 251 };

struct people;

TRUNDLE_MUST_USE enum trundle_status people_new(const struct cart_basket *basket, uint64_t seed, double lean_m, struct people **out);
/* Where a lens is, m, basket axes; TRUNDLE_CAMERAS_MAX of them at most. */
void people_camera(struct people *p, const double lens[3]);
void people_add(const struct people *p, double t_s, const struct sim_texture *texture, struct sim_scene *scene);
void people_free(struct people *p);
