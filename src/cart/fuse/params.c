/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/fuse/params.h"

#include "base/std/json.h"

#include <string.h>

/* models/baseline, embedded. */
extern const unsigned char embed_fuse_json[], embed_costs_json[];
extern const size_t embed_fuse_json_n, embed_costs_json_n;

struct field { const char *name; double least, most; size_t offset; };

#define X(field, least, most, text) { #field, least, most, offsetof(struct fuse_params, HALF.field) },
#define HALF prior
static const struct field priors[] = { FUSE_PRIOR_FIELDS(X) { NULL, 0, 0, 0 } };
#undef HALF
#define HALF cost
static const struct field costs[] = { FUSE_COST_FIELDS(X) { NULL, 0, 0, 0 } };
#undef HALF
#undef X

static enum trundle_status parse_half(const void *text, size_t n, const char *where, const struct field *fields, struct fuse_params *p,
                                      struct trundle_error *err)
{
    enum trundle_status status;
    const char *key;
    json_t *root, *value;
    struct json_at at;

    TRY(json_parse(text, n, where, &root, err));
    at = json_at_root(root, where);
    status = json_is_object(root) ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be an object {...}");
    for (const struct field *f = fields; status == TRUNDLE_OK && f->name; f++)
        status = json_take_number(&at, f->name, f->least, f->most, (double *)(void *)((char *)p + f->offset), err);
    if (status == TRUNDLE_OK) {
        json_object_foreach(root, key, value) {
            const struct field *f = fields;

            while (f->name && strcmp(f->name, key) != 0)
                f++;
            if (!f->name && strcmp(key, "about") != 0)
                status = error_set(err, TRUNDLE_BAD_INPUT, where, "the fields are listed in docs/fusion.md", "has no field '%.60s'", key);
        }
    }
    json_decref(root);
    return status;
}

enum trundle_status fuse_params_parse(const void *fuse_json, size_t fuse_n, const void *costs_json, size_t costs_n,
                                      struct fuse_params *out, struct trundle_error *err)
{
    struct fuse_params p;

    if (!fuse_n) {
        fuse_json = embed_fuse_json;
        fuse_n = embed_fuse_json_n;
    }
    if (!costs_n) {
        costs_json = embed_costs_json;
        costs_n = embed_costs_json_n;
    }
    TRY(parse_half(fuse_json, fuse_n, "fuse.json", priors, &p, err));
    TRY(parse_half(costs_json, costs_n, "costs.json", costs, &p, err));
    *out = p;
    return TRUNDLE_OK;
}
