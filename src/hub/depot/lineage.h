/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * depot/lineage - what was made of what: clips and trips in datasets, datasets in runs, runs to models, models to metrics; and deletion, which follows it.
 *
 *     TRY(depot_dataset_make(d, manifest, n, "ada", now_ns, &set, err));
 *     const struct depot_parent parents[] = { { "dataset", set.id, "train" } };
 *     TRY(depot_node_add(d, &(struct depot_node){ .kind = "run", .ref = "run-12", .body = "{}", .parent = parents, .parents = 1 }, now_ns, err));
 *     ... model of run, metric of model and of the dataset's "test" ...
 *     TRY(depot_lineage(d, "metric", "m1/step_recall", DEPOT_BACK, each, user, &seconds, err));   // trips and seconds that the figure stands on
 *
 * A node is (kind, ref). Kinds: clip, trip (ref CART/TRIP), dataset (ref: sha256 of its manifest) are made by the depot; run, model, metric, report, bundle and whatever else
 * by its users. Nodes and edges are added, never changed. An edge to a dataset may name a split: then only members of that split are behind it, both ways.
 * A dataset's manifest is a blob, up to 64 MiB:
 *
 *     {"name":"fruit","parent":"SHA256 of an older version" (optional),"note":"..." (optional),
 *      "members":[{"sha256":"...","split":"train"},{"trip":"CART/TRIP","split":"test"},...]}
 */
#pragma once

#include "hub/depot/depot.h"

enum {
    DEPOT_REF = 128,                       /* with the NUL: printable ASCII without space */
    DEPOT_MEMBERS_MAX = 400000
};

struct depot_dataset {
    char    id[DEPOT_SHA];                 /* sha256 of the manifest as it is kept */
    char    name[DEPOT_NAME];
    int64_t version;                       /* of that name, from 1 */
    char    parent[DEPOT_SHA];             /* "" none */
    int64_t members, made_ns;
    bool    reduced;                       /* a member was deleted since: see the version after it */
};
/* The manifest is kept in one fixed form (members sorted), so the same content is the same dataset: then *out is what was there. BAD_INPUT names the field; NOT_FOUND a member
 * or parent that is not here; CONFLICT a member that was deleted or is listed twice. */
TRUNDLE_MUST_USE enum trundle_status depot_dataset_make(struct depot *d, const void *manifest, size_t n, const char *who, int64_t now_ns, struct depot_dataset *out,
                                                        struct trundle_error *err);
/* By id, or by name: its newest version. */
TRUNDLE_MUST_USE enum trundle_status depot_dataset_get(struct depot *d, const char *id_or_name, struct depot_dataset *out, struct trundle_error *err);
typedef void depot_each_dataset(void *user, const struct depot_dataset *dataset);
TRUNDLE_MUST_USE enum trundle_status depot_datasets(struct depot *d, const char *name, depot_each_dataset *each, void *user, struct trundle_error *err);

struct depot_parent {
    const char *kind, *ref;
    const char *split;                     /* of a dataset; NULL: all of it */
};
struct depot_node {
    const char *kind, *ref;
    const char *body;                      /* JSON object: parameters, value of the metric, ... */
    const struct depot_parent *parent;
    size_t      parents;                   /* up to 64 */
};
/* The same node with the same body and parents again is fine; with others CONFLICT. NOT_FOUND names a parent that is not there. */
TRUNDLE_MUST_USE enum trundle_status depot_node_add(struct depot *d, const struct depot_node *node, int64_t now_ns, struct trundle_error *err);

enum depot_way {
    DEPOT_BACK,                            /* all that it was made of */
    DEPOT_ON                               /* all that was made of it */
};
struct depot_lineage_item {
    const char *kind, *ref, *body;
    int         depth;                     /* fewest steps from where it began, from 1 */
    const char *cart, *trip;               /* of clips and trips, else "" */
    double      t0_s, t1_s;                /* of clips: seconds of the trip; of trips: from 0 to their end */
    bool        deleted;                   /* the content of the clip, or the trip's file, is gone */
    bool        tainted;                   /* made of something that was deleted since */
};
typedef void depot_each_item(void *user, const struct depot_lineage_item *item);
/* *out_seconds (may be NULL): cart time behind the clips and trips that were given, what overlaps counted once. NOT_FOUND: no such node. */
TRUNDLE_MUST_USE enum trundle_status depot_lineage(struct depot *d, const char *kind, const char *ref, enum depot_way way, depot_each_item *each, void *user,
                                                   double *out_seconds, struct trundle_error *err);

/* ---- deletion ---- */

/* The content of a clip, or of a trip's file (of the trip as a member of datasets too), is removed for ever, with its labels; every dataset whose newest version held it gets a new version without it, all versions that held it are marked
 * reduced, all nodes that were made of it are marked tainted. *out_receipt: owned, JSON, signed by the hub. A clip that was only announced can be deleted too.
 * Twice gives the same receipt. NOT_FOUND. Copies in backups made before are not touched: the receipt says so. */
TRUNDLE_MUST_USE enum trundle_status depot_clip_delete(struct depot *d, const char *sha256, const char *who, const char *why, int64_t now_ns, struct bytes *out_receipt,
                                                       struct trundle_error *err);
/* The receipt of a clip that was deleted. */
TRUNDLE_MUST_USE enum trundle_status depot_receipt_get(struct depot *d, const char *sha256, struct bytes *out_receipt, struct trundle_error *err);
/* Whether the holder of that key signed exactly this. BAD_INPUT: no receipt. CORRUPT: it was changed, or another key signed it. */
TRUNDLE_MUST_USE enum trundle_status depot_receipt_verify(const void *receipt, size_t n, const uint8_t sign_public_key[DEPOT_SIGN_PUBLIC], struct trundle_error *err);

struct depot_swept {
    int64_t clips, blobs, parts;           /* clips and trip files whose time was over; blobs nobody held; uploads that stood still for 7 days */
    int64_t lapsed;                        /* announcements of which no byte came for DEPOT_AWAIT_DAYS: forgotten, their cart may announce them again */
};
/* Retention: deletes what is past its keep_days, at most `limit` clips a call (each as above, who "retention"); forgets what was announced and does not come, so that it takes no room.
 * Call it every few minutes. */
TRUNDLE_MUST_USE enum trundle_status depot_sweep(struct depot *d, int64_t now_ns, int limit, struct depot_swept *out, struct trundle_error *err);
