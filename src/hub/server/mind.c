/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a bundle would have thought of a trip: its fuse parameters and costs, for the player. The bundle is verified again, as on a cart. */
#include "base/bundle/bundle.h"
#include "hub/server/inside.h"
#include "hub/ship/ship.h"

#include <stdio.h>
#include <string.h>

/* By sha256, or by name. */
static enum trundle_status find(struct db *db, const char *model, char out_sha256[DEPOT_SHA], struct trundle_error *err)
{
    json_t *rows = NULL, *row;
    size_t i;
    enum trundle_status status = ship_bundles_json(db, &rows, err);

    if (status != TRUNDLE_OK)
        return status;
    status = TRUNDLE_NOT_FOUND;
    json_array_foreach (rows, i, row) {
        const char *sha256 = json_string_value(json_object_get(row, "sha256")), *name = json_string_value(json_object_get(row, "name"));

        if (status != TRUNDLE_OK && sha256 && name && (strcmp(sha256, model) == 0 || strcmp(name, model) == 0)) {
            (void)snprintf(out_sha256, DEPOT_SHA, "%s", sha256);
            status = TRUNDLE_OK;
        }
    }
    json_decref(rows);
    return status == TRUNDLE_OK ? status : error_set(err, status, "model", "GET /api/v1/bundles lists them", "there is no bundle %.64s", model);
}

static enum trundle_status read_text(struct bundle *b, const char *path, struct bytes *out, struct trundle_error *err)
{
    enum trundle_status status = bundle_read(b, path, out, err);

    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;      /* the built-in ones */
}

enum trundle_status mind_open(struct server *s, const char *model, struct mind *out, struct trundle_error *err)
{
    char sha256[DEPOT_SHA], path[1200];
    struct bytes text = { 0 };
    struct trust *trust = NULL;
    struct bundle *b = NULL;
    struct mind mind = { 0 };
    struct db *db = NULL;
    enum bundle_refusal why;
    enum trundle_status status;

    TRY(depot_read_begin(s->depot, &db, err));
    status = find(db, model, sha256, err);
    if (status == TRUNDLE_OK)
        status = ship_trust_text(db, &text, err);
    depot_read_end(s->depot, db);
    if (status != TRUNDLE_OK)
        goto out;
    (void)snprintf(path, sizeof path, "%s/blob/%.2s/%s", depot_folder(s->depot), sha256, sha256);
    TRY_GOTO(status, trust_parse(text.data, text.n, "trust.json", &trust, err), out);
    TRY_GOTO(status, bundle_open(path, &b, &why, err), out);
    TRY_GOTO(status, bundle_verify(b, trust, &(struct bundle_want){ .hardware = NULL }, &why, err), out);
    TRY_GOTO(status, read_text(b, "model/fuse.json", &mind.fuse, err), out);
    TRY_GOTO(status, read_text(b, "model/costs.json", &mind.costs, err), out);
    *out = mind;
    mind = (struct mind){ 0 };
out:
    mind_done(&mind);
    bundle_close(b);
    trust_free(trust);
    bytes_done(&text);
    return status;
}

void mind_done(struct mind *mind)
{
    bytes_done(&mind->fuse);
    bytes_done(&mind->costs);
}
