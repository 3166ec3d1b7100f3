/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/mot - tracks against tracks: HOTA with its parts, CLEAR (MOTA, MOTP, switches, breaks) and identity F1.
 *
 *     struct mot_tracks truth = { 0 }, found = { 0 };
 *     struct mot_figures f;
 *     TRY(mot_parse(bytes, n, "gt.txt", &truth, err));
 *     TRY(mot_parse(more, m, "tracks.txt", &found, err));
 *     TRY(mot_score(&truth, &found, &f, err));
 *
 * The figures of one sequence as TrackEval gives them for MOTChallenge's 2-D boxes without its own preparation of classes: true
 * boxes with confidence 0 do not count; HOTA: Luiten et al., IJCV 129 (2021), over 19 overlaps .05 to .95; CLEAR: Bernardin,
 * Stiefelhagen, EURASIP JIVP 2008, and identity: Ristani et al., ECCV 2016, at an overlap of .5.
 * No I/O, no clock; one thread per value.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOT_BOXES_MAX = 4000000, MOT_FRAME_BOXES_MAX = 1000, MOT_TRACKS_MAX = 4000 };

struct mot_box { int64_t frame, id; double x, y, w, h; };

struct mot_tracks { struct mot_box *box; size_t n, room; };     /* owned */
void mot_tracks_done(struct mot_tracks *tracks);
/* NO_MEMORY, TOO_LARGE. */
TRUNDLE_MUST_USE enum trundle_status mot_add(struct mot_tracks *tracks, const struct mot_box *box, struct trundle_error *err);

/* Lines `frame,id,x,y,w,h[,confidence[,...]]`, frames from 1; what follows the confidence is numbers and passes. A line with
 * confidence 0 is left out. BAD_INPUT names file, line and field; an id twice in a frame too. *out must be empty. */
TRUNDLE_MUST_USE enum trundle_status mot_parse(const void *bytes, size_t n, const char *where, struct mot_tracks *out, struct trundle_error *err);

#define MOT_FIGURES(F) F(HOTA) F(DetA) F(AssA) F(DetRe) F(DetPr) F(AssRe) F(AssPr) F(LocA) F(HOTA0) F(MOTA) F(MOTP) F(CLR_TP) F(CLR_FN) F(CLR_FP) \
    F(IDSW) F(MT) F(PT) F(ML) F(Frag) F(IDF1) F(IDR) F(IDP) F(IDTP) F(IDFN) F(IDFP)
#define MOT_ENUM(name) MOT_##name,
enum mot_figure { MOT_FIGURES(MOT_ENUM) MOT_FIGURE_COUNT };
#undef MOT_ENUM
extern const char *const mot_figure_names[MOT_FIGURE_COUNT];
struct mot_figures { double figure[MOT_FIGURE_COUNT]; };

/* BAD_INPUT: an id twice in one frame. TOO_LARGE, NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status mot_score(const struct mot_tracks *truth, const struct mot_tracks *found, struct mot_figures *out, struct trundle_error *err);

/* Assigns n rows to m columns, at most one each, for the greatest total of gain (by row, >= 0): out_column[row], SIZE_MAX for
 * none when n > m. Kuhn's Hungarian method with potentials, O(n^2 m). NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status mot_assign(size_t n, size_t m, const double *gain, size_t *out_column);
