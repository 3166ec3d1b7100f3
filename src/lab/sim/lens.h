/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/lens - a camera's lens (OpenCV model) for triangles that reach far out of the picture: a polynomial that shrinks folds over there, and what
 * is beside the camera would come back into the picture. From where its slope falls under `LEAST`, it goes on straight.
 */
#pragma once

#include "cart/calib/cart_file.h"

#include <math.h>

struct sim_lens { float fx, fy, cx, cy, k1, k2, k3, p1, p2, edge, edge_to, slope; };    /* edge: radius from which it is straight; INFINITY never */

static inline struct sim_lens sim_lens_make(const struct cart_camera *c)
{
    static const float LEAST = .3f;
    struct sim_lens l = { (float)c->fx_px, (float)c->fy_px, (float)c->cx_px, (float)c->cy_px, (float)c->distortion[0], (float)c->distortion[1],
                          (float)c->distortion[4], (float)c->distortion[2], (float)c->distortion[3], INFINITY, 0, 1 };

    for (float radius = 0; radius < 40 && isinf(l.edge); radius += .02f) {
        float s = radius * radius, slope = 1 + s * (3 * l.k1 + s * (5 * l.k2 + s * 7 * l.k3));

        if (slope < LEAST) {
            l.edge = radius;
            l.edge_to = radius * (1 + s * (l.k1 + s * (l.k2 + s * l.k3)));
            l.slope = fmaxf(slope, .1f);
        }
    }
    return l;
}

/* Direction (x, y, 1) to pixels. */
static inline void sim_lens_project(const struct sim_lens *l, float x, float y, float *out_x, float *out_y)
{
    float s = x * x + y * y, radial;

    if (s > l->edge * l->edge) {
        float radius = sqrtf(s);

        radial = (l->edge_to + (radius - l->edge) * l->slope) / radius;
        *out_x = l->fx * x * radial + l->cx;
        *out_y = l->fy * y * radial + l->cy;
        return;
    }
    radial = 1 + s * (l->k1 + s * (l->k2 + s * l->k3));
    *out_x = l->fx * (x * radial + 2 * l->p1 * x * y + l->p2 * (s + 2 * x * x)) + l->cx;
    *out_y = l->fy * (y * radial + l->p1 * (s + 2 * y * y) + 2 * l->p2 * x * y) + l->cy;
}
