/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/world - a plan's bodies: meshes and textures of what it uses, and the scene at any time.
 *
 *     struct world *w;
 *     TRY(world_new(plan, &w, err));
 *     world_scene(w, t_s, &scene);
 *     world_free(w);
 *
 * Item i of the plan has id i + 1.
 */
#pragma once

#include "lab/sim/plan.h"
#include "lab/sim/scene.h"

struct world;

TRUNDLE_MUST_USE enum trundle_status world_new(const struct plan *plan, struct world **out, struct trundle_error *err);
/* Pointers in *out live as long as the world. */
void world_scene(struct world *w, double t, struct sim_scene *out);
void world_free(struct world *w);
