/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * watch/timeline - a trip file as the JSON that the console's player draws, and single frames of it.
 *
 *     TRY(timeline_json("17.mcap", &json, err));             // GET /api/v1/trips/ID/timeline
 *     TRY(timeline_frame("17.mcap", 0, 412, &jpeg, err));          // GET /api/v1/trips/ID/frames/CAMERA/N.jpg
 *
 * Works on any trip of contracts.md, with truth or without. Reads nothing but the trip.
 *
 *     {"trip":{"store","suite","seed","build","start_ns","duration_s","whole"},
 *      "cells":{"t_s":[..],"g":[[..],[..],[..],[..]],"sum_g":[..]},       at most TIMELINE_POINTS, means over equal steps; null: the cell gave nothing.
 *                                                                         Grams by the trip's cart file, counts ("unit":"counts") without one
 *      "imu":{"t_s":[..],"jolt":[..]},                                    largest | |a| - 9.81 | of each step, m/s2
 *      "cameras":[{"camera":0,"t_s":[..]}],                               frame N of the camera is t_s[N]
 *      "codes":[{"t_s","source","symbology","text"}],
 *      "touches":[{"t_s","kind","ref","product","count"}],
 *      "beliefs":[{"t_s","event","basket_p","alternatives":[{"kind","product","count","p"}]}],
 *      "decisions":[{"t_s","t_event_s","id","kind","event","line","question","event_kind","product","count","weight_mg","line_cents","total_cents","p","cost",
 *                    "mass_g","options":[..]}],
 *      "faults":[{"t_s","sense","sensor","faults":[..]}], "drops":[{"t_s","channel","sensor","count"}],
 *      "truth":null|{"events":[{"t_s","kind","product","count","mass_g","scanned"}],"scenarios":[{"t0_s","t1_s","name","twin"}]},
 *      "errors":null|[{"t_s","mistake":"missed|phantom|wrong","kind","truth","taken","cents"}],      of the decisions against the truth, by time; null: no truth
 *      "names":{PRODUCT:name},
 *      "cut":[names of lists that were longer than TIMELINE_ITEMS]}
 */
#pragma once

#include "base/std/json.h"

#include <trundle/trundle.h>

enum { TIMELINE_POINTS = 4000, TIMELINE_ITEMS = 20000, TIMELINE_FRAMES = 100000 };

/* Another cart's mind on the same trip (GET ...timeline?model=BUNDLE): its beliefs, decisions and errors take the place of the recorded ones. It is
 * given the evidence, codes and touches in the trip, not the samples: what differs is fuse, costs and code, not the senses. For other senses, compare
 * with another recording of the trip (`trundle run TRIP --record`). Texts as in struct trundle_setup, borrowed; n 0: the built-in ones. */
struct timeline_mind { struct trundle_text fuse_json, costs_json; };

/* As recorded. NOT_FOUND, CORRUPT...: as trip_open. A trip without an end is read as far as it is whole ("whole": false). The caller decrefs. */
TRUNDLE_MUST_USE enum trundle_status timeline_json(const char *path, json_t **out, struct trundle_error *err);
/* With another mind. BAD_INPUT and friends: its texts; the trip has no cart file or catalog to open a cart with. */
TRUNDLE_MUST_USE enum trundle_status timeline_mind_json(const char *path, const struct timeline_mind *mind, json_t **out, struct trundle_error *err);
/* Frame n of a camera, from 0, as the trip holds it. NOT_FOUND: no such camera or frame. */
TRUNDLE_MUST_USE enum trundle_status timeline_frame(const char *path, unsigned camera, size_t n, struct bytes *out_jpeg, struct trundle_error *err);
