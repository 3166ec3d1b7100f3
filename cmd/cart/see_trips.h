/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Trips with truth run through see: every look, and what it really was. For `trundle see score` and `trundle see fit`. */
#pragma once

#include "cart/see/see.h"
#include "cmd/cart/see.h"

/* One piece of evidence. */
struct see_record {
    uint32_t trip;                 /* which of the trips given */
    uint8_t  camera;
    struct trundle_evidence evidence;
    struct see_look look;
    bool     twin;                 /* the second report of a region that was reported both ways */
    enum trundle_event_kind kind;  /* what it was */
    long     event;                /* place in events, -1 none */
    long     place;                /* of the true product in the gallery, -1 when absent or nothing */
    size_t   products;
    float   *score;                /* owned; of every product of the gallery, when embedded */
};

struct see_happened { enum trundle_event_kind kind; struct trundle_product product; uint32_t trip; int64_t t0_ns, t1_ns, end_ns; };

struct see_trips {
    struct see_record *record;
    size_t records_n, records_capacity;
    struct see_happened *event;
    size_t events_n, events_capacity;
    /* CPU of see_push, by what the frame met: the gate shut, or something going on. */
    uint64_t shut_frames, open_frames;
    double   shut_cpu_s, open_cpu_s, trip_s;
    size_t   cameras;              /* summed over trips */
    uint64_t bad_frames;
};

/* The gallery of a trip is FOLDER/stores/<store>/gallery.bin, else made from FOLDER/stores/<store>/enrol. */
TRUNDLE_MUST_USE enum trundle_status see_trips_add(struct see_trips *t, const char *path, const struct see_model *model, struct trundle_error *err);
void see_trips_done(struct see_trips *t);
int see_score_main(int argc, char **argv);
int see_fit_main(int argc, char **argv);
