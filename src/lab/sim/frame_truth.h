/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/frame_truth - what one frame shows, object by object: visible box, visible mask, share visible, pose.
 *
 *     struct frame_truth *t;
 *     TRY(frame_truth_new(320, 240, &t));
 *     if (frame_truth_read(t, &sim_raster, renderer, &view, mask, &scene, plan, &frame)) ...   // frame lives until the next call
 *     frame_truth_free(t);
 *
 * Masks are COCO's: runs down the columns, zeros first, counts packed as text. One per camera.
 */
#pragma once

#include "lab/sim/plan.h"
#include "lab/sim/render.h"

#include "trundle.pb-c.h"

struct frame_truth;

TRUNDLE_MUST_USE enum trundle_status frame_truth_new(int w, int h, struct frame_truth **out);
/* False: nothing differs from the frame before, or no memory was left to tell it (frame_truth_short). */
bool frame_truth_read(struct frame_truth *t, const struct sim_render_ops *ops, const struct sim_renderer *renderer, const struct sim_view *view,
                      const uint8_t *mask, const struct sim_scene *scene, const struct plan *plan, Trundle__V1__TruthFrame *out);
bool frame_truth_short(const struct frame_truth *t);
void frame_truth_free(struct frame_truth *t);
