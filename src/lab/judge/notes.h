/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/notes - what went wrong in one trip, event by event, with pictures around it; what a report shows and a score does not hold.
 *
 *     struct judge_notes notes = { 0 };
 *     TRY(judge_notes_find(&truth, &prediction, catalog, &notes, err));
 *     TRY(judge_notes_look(path, store_dir, &notes, err));         // frames and looks from the trip and the store's folder
 *     judge_notes_done(&notes);
 *
 * Mistakes follow the judge's own matching: pairs that agree in all are right; of the rest those that agree but for the product are
 * *wrong*; what is left is *missed* or *phantom*. Memory: the lists are owned; judge_notes_done takes a zeroed value.
 */
#pragma once

#include "lab/judge/score.h"

enum { JUDGE_NOTES_MAX = 64, JUDGE_NOTES_SHOWN = 2, JUDGE_NOTES_LOOKED = 16, JUDGE_SHOTS_MAX = 4 * JUDGE_NOTES_SHOWN + 2 * JUDGE_NOTES_LOOKED, JUDGE_BINS = 10, JUDGE_NOTE_NAME = 64, JUDGE_SHOT_BYTES = 1 << 20 };

enum judge_mistake { JUDGE_MISSED = 0, JUDGE_PHANTOM = 1, JUDGE_WRONG = 2, JUDGE_MISTAKES = 3 };

struct judge_note {
    int64_t t_ns;                          /* of the true event; of a phantom the predicted one */
    enum judge_mistake mistake;
    enum trundle_event_kind kind;          /* put or take */
    struct trundle_product truth, taken;   /* of a phantom `truth`, of a missed one `taken` is unknown */
    char     truth_name[JUDGE_NOTE_NAME], taken_name[JUDGE_NOTE_NAME];   /* by the catalog; empty: not there */
    uint64_t slices;                       /* bits, as of the trip's slice names */
    int64_t  cents;                        /* what is wrongly charged or left out: the dearer of the two; -1 not known */
    bool     scanned;
};

enum judge_shot_kind { JUDGE_SHOT_BEFORE = 0, JUDGE_SHOT_AFTER = 1, JUDGE_SHOT_TRUTH = 2, JUDGE_SHOT_TAKEN = 3 };

/* A picture: a frame before or after the moment, or the enrolled look of a product. */
struct judge_shot {
    uint32_t note;                         /* of judge_notes.note */
    enum judge_shot_kind kind;
    uint8_t  camera;
    int64_t  t_ns;
    uint8_t *jpeg;                         /* owned */
    size_t   jpeg_n;
};

/* Predicted puts by the probability that the cart gave. */
struct judge_bin { uint64_t n, right; double p; };

struct judge_notes {
    char     path[256];                    /* of the trip's file, as it was named */
    struct judge_note *note;               /* owned; the dearest first */
    size_t   notes_n;                      /* at most JUDGE_NOTES_MAX */
    uint64_t mistakes[JUDGE_MISTAKES];     /* all of them */
    struct judge_shot *shot;               /* owned */
    size_t   shots_n;
    struct judge_event *event;             /* owned; the prediction */
    size_t   events_n;
    struct judge_bin bin[JUDGE_BINS];      /* [i / 10, (i + 1) / 10), the last one closed */
};

TRUNDLE_MUST_USE enum trundle_status judge_notes_find(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct catalog *catalog,
                                                      struct judge_notes *out, struct trundle_error *err);
/* Adds pictures: to the first JUDGE_NOTES_SHOWN notes, of up to two cameras, the last frame 1.2 s before and the first 0.8 s after; to them
 * and to wrong names, JUDGE_NOTES_LOOKED in all, the first enrolment picture of both products below store_dir (NULL: none). What is not there is left out. */
TRUNDLE_MUST_USE enum trundle_status judge_notes_look(const char *trip_path, const char *store_dir, struct judge_notes *notes, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status judge_notes_keep(const struct judge_prediction *prediction, struct judge_notes *out, struct trundle_error *err);
void judge_notes_done(struct judge_notes *notes);

/* As bytes of this build and back, for workers. Parsing moves *at on; false: cut, or over the limits; *out is then empty. */
TRUNDLE_MUST_USE enum trundle_status judge_notes_print(const struct judge_notes *notes, struct bytes *out);
bool judge_notes_parse(const uint8_t **at, size_t *left, struct judge_notes *out);
