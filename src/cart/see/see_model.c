/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* see.json, read and written. */
#include "cart/see/see_model.h"

#include "base/std/json.h"

#define NAME(name, text) #name,
static const char *const feature_name[SEE_FEATURES + 1] = { SEE_FEATURE_ROWS(NAME) "constant" };
static const char *const kind_name[SEE_KINDS] = { "nothing", "put", "take", "move" };

extern const unsigned char embed_see_json[];
extern const size_t embed_see_json_n;

enum trundle_status see_model_default(struct see_model *out, struct trundle_error *err)
{
    return see_model_parse(embed_see_json, embed_see_json_n, "built-in see.json", out, err);
}

enum trundle_status see_model_parse(const void *bytes, size_t n, const char *where, struct see_model *out, struct trundle_error *err)
{
    json_t *root = NULL;
    struct see_model m = { 0 };
    struct json_at at, kinds, kind;
    int64_t version;
    enum trundle_status status;

    TRY(json_parse(bytes, n, where, &root, err));
    at = json_at_root(root, where);
    TRY_GOTO(status, json_take_integer(&at, "version", 1, 1, &version, err), out);
    TRY_GOTO(status, json_take_number(&at, "kind_limit", 0, 50, &m.kind_limit, err), out);
    TRY_GOTO(status, json_take_number(&at, "empty_llr", 0, 50, &m.empty_llr, err), out);
    TRY_GOTO(status, json_take_number(&at, "temperature", 1e-3, 1e6, &m.temperature, err), out);
    TRY_GOTO(status, json_take_number(&at, "outlier", 1e-6, 1, &m.outlier, err), out);
    TRY_GOTO(status, json_take_numbers(&at, "unknown", m.unknown, 2, err), out);
    TRY_GOTO(status, json_take_number(&at, "unknown_limit", 0, 50, &m.unknown_limit, err), out);
    TRY_GOTO(status, json_take_object(&at, "kind", &kinds, err), out);
    for (int k = 1; k < SEE_KINDS; k++) {
        TRY_GOTO(status, json_take_object(&kinds, kind_name[k], &kind, err), out);
        for (int f = 0; f <= SEE_FEATURES; f++)
            TRY_GOTO(status, json_take_number(&kind, feature_name[f], -1000, 1000, &m.kind[k][f], err), out);
    }
    *out = m;
out:
    json_decref(root);
    return status;
}

enum trundle_status see_model_print(const struct see_model *m, const char *source, struct bytes *out)
{
    TRY(bytes_print(out, "{\"version\": 1, \"source\": \"%s\",\n", source));
    TRY(bytes_print(out, " \"kind_limit\": %.6g, \"empty_llr\": %.6g, \"temperature\": %.6g, \"outlier\": %.6g,\n", m->kind_limit, m->empty_llr,
                    m->temperature, m->outlier));
    TRY(bytes_print(out, " \"unknown\": [%.6g, %.6g], \"unknown_limit\": %.6g,\n \"kind\": {\n", m->unknown[0], m->unknown[1], m->unknown_limit));
    for (int k = 1; k < SEE_KINDS; k++) {
        TRY(bytes_print(out, "  \"%s\": {", kind_name[k]));
        for (int f = 0; f <= SEE_FEATURES; f++)
            TRY(bytes_print(out, "%s\"%s\": %.6g", f ? ", " : "", feature_name[f], m->kind[k][f]));
        TRY(bytes_print(out, "}%s\n", k + 1 < SEE_KINDS ? "," : ""));
    }
    return bytes_print(out, "}}\n");
}
