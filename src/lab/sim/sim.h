/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim - shopping trips that never happened, with their truth: a store, a cart, a shopper, samples and frames in a trip file.
 *
 *     struct sim_suite *suite;
 *     TRY(sim_suite_load("smoke", &suite, err));
 *     TRY(sim_trips_make(suite, 1, 20, "out", &(struct sim_options)SIM_OPTIONS_DEFAULT, err));   // out/1.mcap ... out/20.mcap
 *     sim_suite_free(suite);
 *
 * Every constant of the simulated world stands in the suite file (suites/NAME.json, docs/simulator.md). The same suite and
 * seed give the same bytes, whatever the number of jobs; the picture of the world at any time is a `struct sim_scene`
 * (scene.h), which a renderer turns into pixels (render.h). Simulated results say so: the head names the suite.
 *
 * Seeds and stores: trip i of (seed, trips) has seed + i and the file OUT/<seed>.mcap; its store is floor(seed / 5), and
 * OUT/stores/<id>/ holds that store's catalog directory, cart.json and enrolment pictures.
 * Threads: a loaded suite is read-only and may be shared, but one thread of a process makes trips at a time (body.h says why).
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <trundle/product.h>

struct sim_suite;                          /* suite.h has its content */

struct sim_options {
    int  jobs;                             /* processes, 1..64 (1: this one); trips are shared out among them */
    bool pictures;                         /* false: no frames and no enrolment pictures (quick tests of scale and brain) */
    void (*progress)(void *user, size_t done, size_t total);   /* may be NULL; called from the calling thread only */
    void *user;
};
#define SIM_OPTIONS_DEFAULT { .jobs = 1, .pictures = true }

enum { SIM_TRIPS_PER_STORE = 5, SIM_TRIPS_MAX = 100000, SIM_JOBS_MAX = 64 };

/* A name without '/' and '.' is looked up as NAME.json in $TRUNDLE_SUITES, else in suites/ of the current folder; `smoke` is also
 * built in. Anything else is a path. BAD_INPUT names the field and its range. The caller owns *out. */
TRUNDLE_MUST_USE enum trundle_status sim_suite_load(const char *name_or_path, struct sim_suite **out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status sim_suite_parse(const void *bytes, size_t n, const char *where, struct sim_suite **out, struct trundle_error *err);
/* Photos for the fronts of packs, as the field look.textures; before the suite is shared. BAD_INPUT: no such folder. */
TRUNDLE_MUST_USE enum trundle_status sim_suite_textures(struct sim_suite *suite, const char *folder, struct trundle_error *err);
void sim_suite_free(struct sim_suite *suite);
const char *sim_suite_name(const struct sim_suite *suite);

/* All fields as a Markdown table, with what each of the suites says. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status sim_suite_fields_print(const struct sim_suite *const *suites, size_t n, struct bytes *out);

/* floor(seed / 5), of negative seeds too. */
int64_t sim_store_of(int64_t seed);

/* Writes a store's folder: products.csv prices.csv promotions.csv planogram.csv retailer.json, cart.json, and (pictures)
 * enrol/<product, ':' replaced by '-'>/<k>.jpg. Makes out_dir; files that exist are replaced by equal ones. */
TRUNDLE_MUST_USE enum trundle_status sim_store_make(const struct sim_suite *suite, int64_t store_id, const char *out_dir, bool pictures,
                                                    struct trundle_error *err);

/* What a made trip holds, for reports and tests. */
struct sim_trip_report {
    uint32_t puts, takes, moves, causes, scans, frames, messages;
    int64_t  end_ns;
    double   basket_g;                     /* true mass inside at the end */
};

/* Writes one trip to `path` (CONFLICT when it exists); a failed call leaves no file. `out_report` may be NULL. The file needs
 * no store folder beside it: cart file and catalog are attached. */
TRUNDLE_MUST_USE enum trundle_status sim_trip_make(const struct sim_suite *suite, int64_t seed, const char *path, const struct sim_options *options,
                                                   struct sim_trip_report *out_report, struct trundle_error *err);

/* Trips seed .. seed + trips - 1 into out_dir/<seed>.mcap, and their stores into out_dir/stores/<id>/. */
TRUNDLE_MUST_USE enum trundle_status sim_trips_make(const struct sim_suite *suite, int64_t seed, size_t trips, const char *out_dir,
                                                    const struct sim_options *options, struct trundle_error *err);

/* A contact sheet (PNG) to look at. `what`: "enrol", pictures of the store's products; "trip", frames of every camera at
 * even times, or around the events when there are more moments than tiles. */
struct sim_shot_options {
    const char *engine;                    /* "raster", "trace"; NULL or empty: what the suite says */
    int zoom;                              /* 1 to 4: frames so many times larger; 0 is 1 */
    bool bare;                             /* without the cart's mask */
};
TRUNDLE_MUST_USE enum trundle_status sim_shot_make(const struct sim_suite *suite, int64_t seed, const char *what, const struct sim_shot_options *options,
                                                   const char *path, struct trundle_error *err);   /* options may be NULL */
