/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/manifest - a small JSON file, rewritten whole. */
#include "base/net/manifest.h"
#include "base/std/hash.h"
#include "base/std/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)2 << 30)

static enum trundle_status path_in(const char *dir, const char *file, char path[PATH_MAX], struct trundle_error *err)
{
    if (!file[0] || file[0] == '.' || strchr(file, '/'))
        return error_set(err, TRUNDLE_BAD_INPUT, dir, "names of files in this folder", "\"%.60s\" is no plain file name", file);
    if (snprintf(path, PATH_MAX, "%s/%s", dir, file) >= PATH_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, dir, NULL, "the path is too long");
    return TRUNDLE_OK;
}

static enum trundle_status hash_of(const char *dir, const char *file, char out[HASH_SHA256_TEXT], struct trundle_error *err)
{
    char path[PATH_MAX];
    struct bytes b = { 0 };
    TRY(path_in(dir, file, path, err));
    TRY(file_read(path, FILE_LIMIT, &b, err));
    hash_sha256(b.data, b.n, out);
    bytes_done(&b);
    return TRUNDLE_OK;
}

static enum trundle_status load(const char *dir, json_t **out, struct trundle_error *err)
{
    char path[PATH_MAX];
    json_t *root = NULL;
    int64_t version = 0;
    TRY(path_in(dir, "manifest.json", path, err));
    TRY(json_parse_file(path, &root, err));
    struct json_at at = json_at_root(root, path);
    enum trundle_status status = json_take_integer(&at, "version", 1, 1, &version, err);
    struct json_at files;
    if (status == TRUNDLE_OK)
        status = json_take_object(&at, "files", &files, err);
    if (status == TRUNDLE_NOT_FOUND) {             /* a field, not the file */
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    if (status != TRUNDLE_OK)
        json_decref(root);
    else
        *out = root;
    return status;
}

static enum trundle_status store(const char *dir, const json_t *root, struct trundle_error *err)
{
    char path[PATH_MAX];
    TRY(path_in(dir, "manifest.json", path, err));
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory left");
    enum trundle_status status = file_write(path, text, strlen(text), err);
    free(text);
    return status;
}

enum trundle_status net_manifest_write(const char *dir, const char *name, const char *const *file, int n, struct trundle_error *err)
{
    json_t *root = json_object(), *files = json_object(), *kernels = json_object(), *old = NULL;
    enum trundle_status status = TRUNDLE_OK;
    if (!root || !files || !kernels)
        status = error_set(err, TRUNDLE_NO_MEMORY, dir, NULL, "no memory left");
    if (status == TRUNDLE_OK && load(dir, &old, NULL) != TRUNDLE_OK)
        old = NULL;
    for (int i = 0; i < n && status == TRUNDLE_OK; i++) {
        char hash[HASH_SHA256_TEXT];
        status = hash_of(dir, file[i], hash, err);
        if (status != TRUNDLE_OK)
            break;
        json_object_set_new(files, file[i], json_string(hash));
        const char *before = json_string_value(json_object_get(json_object_get(old, "files"), file[i]));
        json_t *plan = json_object_get(json_object_get(old, "kernels"), file[i]);
        if (plan && before && strcmp(before, hash) == 0)
            json_object_set(kernels, file[i], plan);
    }
    if (status == TRUNDLE_OK) {
        json_object_set_new(root, "version", json_integer(1));
        json_object_set_new(root, "name", json_string(name));
        json_object_set(root, "files", files);
        json_object_set(root, "kernels", kernels);
        status = store(dir, root, err);
    }
    json_decref(old);
    json_decref(kernels);
    json_decref(files);
    json_decref(root);
    return status;
}

enum trundle_status net_manifest_check(const char *dir, struct trundle_error *err)
{
    json_t *root = NULL, *value;
    const char *file;
    enum trundle_status status = load(dir, &root, err);
    if (status != TRUNDLE_OK)
        return status;
    json_object_foreach(json_object_get(root, "files"), file, value)
    {
        char hash[HASH_SHA256_TEXT];
        const char *told = json_string_value(value);
        if ((status = hash_of(dir, file, hash, err)) != TRUNDLE_OK)
            break;
        if (!told || strcmp(told, hash) != 0) {
            char where[PATH_MAX];
            (void)snprintf(where, sizeof where, "%.200s/%.100s", dir, file);
            status = error_set(err, TRUNDLE_CORRUPT, where, "copy the model again", "its sha256 is %.16s..., the manifest says %.16s...", hash, told ? told : "nothing");
            break;
        }
    }
    json_decref(root);
    return status;
}

enum trundle_status net_manifest_plan(const char *dir, const char *file, struct bytes *out_json, struct trundle_error *err)
{
    json_t *root = NULL;
    TRY(load(dir, &root, err));
    json_t *plan = json_object_get(json_object_get(root, "kernels"), file);
    char *text = plan ? json_dumps(plan, JSON_COMPACT) : NULL;
    enum trundle_status status = text ? bytes_append(out_json, text, strlen(text) + 1)
                                      : error_set(err, TRUNDLE_NOT_FOUND, dir, "trundle net tune makes one", "no kernels were chosen for %.80s", file);
    if (text)
        out_json->n--;                             /* the NUL behind it is not counted */
    free(text);
    json_decref(root);
    return status;
}

enum trundle_status net_manifest_set_plan(const char *dir, const char *file, const char *plan_json, size_t n, struct trundle_error *err)
{
    json_t *root = NULL, *plan = NULL;
    TRY(json_parse(plan_json, n, "plan", &plan, err));
    enum trundle_status status = load(dir, &root, err);
    if (status == TRUNDLE_NOT_FOUND) {
        status = net_manifest_write(dir, file, &file, 1, err);
        if (status == TRUNDLE_OK)
            status = load(dir, &root, err);
    }
    if (status == TRUNDLE_OK) {
        json_t *kernels = json_object_get(root, "kernels");
        if (!json_is_object(kernels)) {
            json_object_set_new(root, "kernels", json_object());
            kernels = json_object_get(root, "kernels");
        }
        json_object_set(kernels, file, plan);
        status = store(dir, root, err);
    }
    json_decref(root);
    json_decref(plan);
    return status;
}
