/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/lights - what a store adds to a scene: its lamps and windows, what stands around the cart, how the camera takes the picture; and how
 * light changes from place to place in the store.
 *
 *     const struct sim_render_ops *ops = sim_engine(store->suite);
 *     world_scene(world, t, &scene);
 *     sim_lights_dress(store, &scene);
 *     ops->render(renderer, &scene, &view);
 *     sim_lights_at(store, x_m, y_m, gain);                  // for the developer
 */
#pragma once

#include "lab/sim/render.h"
#include "lab/sim/store.h"

const struct sim_render_ops *sim_engine(const struct sim_suite *suite);
/* Lamps, windows and surroundings of a store; a function of the store alone, so that what was lit stays lit. */
void sim_lights_of(const struct sim_store *store, struct sim_light *out_light, struct sim_backdrop *out_backdrop);
/* The same into a scene, with the shutter. */
void sim_lights_dress(const struct sim_store *store, struct sim_scene *scene);
/* Velocities of what moves, from the scene `dt_s` before. A solid that was not there before stands still. */
void sim_lights_velocity(const struct sim_scene *before, double dt_s, struct sim_scene *scene);
/* Gain of red, green, blue where the cart is: aisles, freezers, windows. */
void sim_lights_at(const struct sim_store *store, double x_m, double y_m, double out_gain[3]);
/* The gain that brings what the mask keeps (NULL: all) to mid-grey, within a third and three times. */
double sim_lights_meter(const struct sim_view *view, const uint8_t *mask, const double gain[3]);
