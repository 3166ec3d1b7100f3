/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* sim/code_mesh - where on a thing its printed code lies: from a place on the sheet to points and axes of the mesh. */
#pragma once

#include "lab/sim/look.h"

enum { CODE_MESH_COLUMNS = 9, CODE_MESH_ROWS = 3, CODE_MESH_POINTS = CODE_MESH_COLUMNS * CODE_MESH_ROWS };

struct code_mesh {
    float  middle[3], end[2][3];           /* m, of the mesh: middle; where the first bar begins, where the last ends, half way up the bars */
    double right[3], down[3], out[3];      /* unit, square to each other: along the code, along its bars, off the surface */
    double wide_m, tall_m;                 /* straight, from end to end */
    double bent_deg;                       /* between the normals at its ends */
    float  point[CODE_MESH_POINTS][3], normal[CODE_MESH_POINTS][3];   /* all over it */
};

/* The first triangle that carries each place. NOT_FOUND: no triangle does, or the code is no wider than a point. */
TRUNDLE_MUST_USE enum trundle_status code_mesh_find(const struct sim_mesh *mesh, const struct sim_code_place *place, struct code_mesh *out);
