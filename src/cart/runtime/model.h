/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/model - the model directory that a cart runs: fuse.json, costs.json, see.json of a bundle's slot, or of any folder.
 *
 *     TRY(model_load("/var/lib/trundle/slots/a/model", &model, err));
 *     model_setup(&model, &setup);           // borrows from model until trundle_open has returned
 *     model_head(&model, &head);             // the trip says what it was decided with
 *     model_done(&model);
 *
 * A table that the folder lacks is the built-in one. A zeroed model is all built in.
 */
#pragma once

#include "base/std/bytes.h"
#include "base/std/hash.h"
#include "base/trip/trip.h"

#include <trundle/trundle.h>

struct model {
    struct bytes fuse_json, costs_json, see_json;
    char sha256[HASH_SHA256_TEXT];         /* of the lines "SHA256  NAME" of its regular files, by name, as sha256sum prints them; "" built in */
    char costs_sha256[HASH_SHA256_TEXT];   /* "" built in */
};

/* dir NULL or "": built in. NOT_FOUND: no such folder. BAD_INPUT: it holds none of the three tables. */
TRUNDLE_MUST_USE enum trundle_status model_load(const char *dir, struct model *out, struct trundle_error *err);
void model_setup(const struct model *m, struct trundle_setup *setup);
void model_head(const struct model *m, struct trip_head *head);
void model_done(struct model *m);
