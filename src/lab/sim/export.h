/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/export - the truth of frames in the forms that other tools read: COCO, MOTChallenge.
 *
 *     struct sim_export *e;
 *     TRY(sim_export_new("out", &e, err));
 *     TRY(sim_export_trip(e, "trips/17.mcap", err));              // as many as there are
 *     TRY(sim_export_finish(e, err));                             // out/coco.json; frees
 *
 * Writes OUT/<seed>-cam<c>/img1/000001.jpg ..., gt/gt.txt and seqinfo.ini, the layout of MOTChallenge, and OUT/coco.json over all
 * pictures (`area` is that of the box). Categories are products; a person is category `person`. In COCO an object under 12 px or less than 25 % visible
 * is `ignore` (as in docs/metrics.md), and has `iscrowd` 0; in gt.txt its confidence is 0.
 */
#pragma once

#include "base/std/status.h"

struct sim_export;

TRUNDLE_MUST_USE enum trundle_status sim_export_new(const char *out_dir, struct sim_export **out, struct trundle_error *err);
/* BAD_INPUT: the trip has frames and no truth of them (suite field truth.frames). CONFLICT: it was exported before. */
TRUNDLE_MUST_USE enum trundle_status sim_export_trip(struct sim_export *e, const char *path, struct trundle_error *err);
/* Frees in any case. */
TRUNDLE_MUST_USE enum trundle_status sim_export_finish(struct sim_export *e, struct trundle_error *err);
void sim_export_abandon(struct sim_export *e);             /* NULL is fine */
