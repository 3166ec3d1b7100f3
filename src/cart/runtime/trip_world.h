/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/trip_world - finds and loads what a recorded trip needs to be driven through the cart again.
 *
 *     struct trip_world w;
 *     struct trundle_setup setup;
 *     TRY(trip_world_load("out/17.mcap", reader, &(struct trip_world_options){ 0 }, &w, err));
 *     trip_world_setup(&w, &setup);          // borrows from w until trundle_open has returned
 *     trip_world_done(&w);
 *
 * The cart file is the one attached to the trip. The catalog is the directory named by the caller, else stores/<store>/ beside
 * the trip, and must have the sha256 that the trip's head names. The gallery is built from enrol/<product>/<k>.jpg there (':'
 * of the product written '-') and kept as enrol/gallery.bin under a key over all it was made of; when the folder cannot be
 * written to, it is built each time. Threads: separate worlds are independent, also between processes.
 */
#pragma once

#include "base/catalog/catalog.h"
#include "base/trip/trip.h"

#include <trundle/trundle.h>

enum { TRIP_WORLD_PICTURE_BYTES = 4 << 20, TRIP_WORLD_PATH = 4096 };

struct trip_world_options {
    const char *catalog_dir;               /* NULL: beside the trip */
    const char *costs_path, *fuse_path;    /* NULL: the built-in tables */
    bool no_gallery;                       /* leave sight out */
};

/* Owns everything in it. */
struct trip_world {
    struct bytes cart_json, catalog_json, gallery, costs_json, fuse_json;
    struct catalog *catalog;
    int64_t start_wall_ns;
    char    dir[TRIP_WORLD_PATH];          /* the catalog directory that was taken */
};

/* NOT_FOUND: no catalog directory where one was looked for. CONFLICT: its hash is not the trip's. Both say where, what and how
 * to mend it. A store without enrolment pictures has an empty gallery. The reader is borrowed, and read from its attachments only. */
TRUNDLE_MUST_USE enum trundle_status trip_world_load(const char *trip_path, struct trip_reader *reader, const struct trip_world_options *options,
                                                     struct trip_world *out, struct trundle_error *err);
void trip_world_setup(const struct trip_world *w, struct trundle_setup *out);
void trip_world_done(struct trip_world *w);

/* The gallery of one folder of enrolment pictures, from its cache when that fits. Empty when there are none. */
TRUNDLE_MUST_USE enum trundle_status trip_world_gallery(const char *enrol_dir, struct bytes *out, struct trundle_error *err);
