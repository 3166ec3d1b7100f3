/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Photos as inputs of `trundle net run`, by what the model says of itself ("about": mean, sd, classes; docs/recipes.md). */
#pragma once

#include "base/net/graph.h"

/* .jpg .jpeg .png */
bool net_picture_named(const char *path);
/* The middle of the photo, scaled, normalised by `about` (else v / 255), into an f32 input [1, H, W, 3]. */
TRUNDLE_MUST_USE enum trundle_status net_picture_fill(const char *path, const char *about, const struct net_tensor *t, float *to, struct trundle_error *err);
/* Prints the five likeliest classes of an f32 output with as many elements as `about` names classes; false: it is none. */
bool net_picture_classes(const char *about, const struct net_tensor *t, const float *out);
