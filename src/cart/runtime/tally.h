/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/tally - what a trip's record says of the whole trip, counted as it goes, and the records as JSON (docs/hub.md).
 *
 *     tally_message(&t, &m);                       // every message of the trip
 *     char *body = tally_trip_json(&t, ...);       // free() it; NULL: no memory
 *
 * Inputs: step_mass_g, the settled steps of the scale (absolute); brightness, 0..255, of lit pixels, one frame every TALLY_FRAME_S per
 * camera; scan_gap_s, the seconds between codes. A plain value.
 */
#pragma once

#include "base/trip/trip.h"
#include "cart/basket/basket.h"

enum { TALLY_BINS = 10, TALLY_FRAME_S = 2 };

struct tally_input { double n, mean, m2; };

struct tally {
    struct tally_input step_mass_g, brightness, scan_gap_s;
    int64_t  last_scan_ns, last_frame_ns[TRUNDLE_CAMERAS_MAX];
    uint32_t asked, corrected, decisions, faults;      /* faults: evidence that carried one */
    uint32_t fault_bits;
};

void tally_init(struct tally *t);
void tally_input_add(struct tally_input *i, double x);
void tally_message(struct tally *t, const struct trundle_message *m);
void tally_decision(struct tally *t, const struct trundle_decision *d, bool corrected);
/* Whether this frame's brightness is to be measured; remembers that it was asked. */
bool tally_wants_frame(struct tally *t, const struct trundle_message *m);

struct tally_trip {
    const char *trip, *store, *bundle;
    int64_t started_ns, ended_ns;
    const struct basket *basket;
    bool    paid;
    double  line_p99_ms;                   /* NAN: not known */
};
char *tally_trip_json(const struct tally *t, const struct tally_trip *about);
char *tally_decision_json(const char *trip, const struct trundle_decision *d, bool corrected);

struct tally_health {
    double  uptime_s, load, temperature_c, battery;      /* NAN: not known */
    int64_t disk_free_bytes, outbox_bytes;
    const char *bundle, *slot;
    uint8_t cameras_n, cells_n;
    const char *camera[TRUNDLE_CAMERAS_MAX], *cell[TRUNDLE_CELLS_MAX];
};
char *tally_health_json(const struct tally_health *h);
