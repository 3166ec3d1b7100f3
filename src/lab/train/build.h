/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* train/build - the two halves of train_new: layers from a graph (build.c); stages, chunks and memory for them (place.c). */
#pragma once

#include "lab/train/inside.h"

TRUNDLE_MUST_USE enum trundle_status train_build(struct train *t, const struct net_graph *graph, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status train_place(struct train *t, struct trundle_error *err);
