/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The manifest of a bundle: taken apart, every name, count and size checked before anything else looks at it. */
#include "base/bundle/inside.h"
#include "base/std/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PART_MAX = 100, PARTS_MAX = 5 };

bool bundle_name_ok(const char *name)
{
    return text_is_name(name);
}

static bool part_ok(const char *part, size_t n)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+@=,";

    return n > 0 && n <= PART_MAX && part[0] != '.' && strspn(part, allowed) >= n;
}

bool manifest_path_ok(const char *path)
{
    int parts = 0;

    if (strlen(path) >= BUNDLE_PATH || (strncmp(path, "model/", 6) != 0 && strncmp(path, "catalog/", 8) != 0))
        return false;
    for (const char *at = path;; at++) {
        size_t n = strcspn(at, "/");

        if (!part_ok(at, n) || ++parts > PARTS_MAX)
            return false;
        at += n;
        if (!*at)
            return parts >= 2;
    }
}

static enum trundle_status refuse(enum bundle_refusal *why, enum bundle_refusal reason, enum trundle_status status)
{
    *why = reason;
    return status;
}

static enum trundle_status take_file(const struct json_at *at, struct manifest *m, size_t i, enum bundle_refusal *why, struct trundle_error *err)
{
    static const char *const known[] = { "path", "bytes", "sha256", NULL };
    struct manifest_file *f = &m->file[i];
    struct json_at path, sha;

    TRY(bundle_known_keys(at, known, err));
    TRY(bundle_needed(json_take(at, "path", &path, err), err));
    TRY(bundle_needed(json_take(at, "sha256", &sha, err), err));
    TRY(bundle_needed(json_take_integer(at, "bytes", 0, INT64_MAX, &f->bytes, err), err));
    if (!json_is_string(path.value) || !manifest_path_ok(json_string_value(path.value)))
        return refuse(why, BUNDLE_FILE_NAME, error_set(err, TRUNDLE_BAD_INPUT, path.where, "model/NAME, of letters, digits and -_.+@=, with at most four folders",
                                                       "\"%.80s\" is no name of a file in a bundle", json_is_string(path.value) ? json_string_value(path.value) : ""));
    if (!json_is_string(sha.value) || !text_is_hex(json_string_value(sha.value), 64))
        return error_set(err, TRUNDLE_BAD_INPUT, sha.where, NULL, "must be 64 hex digits, lower case");
    f->path = json_string_value(path.value);
    f->sha256 = json_string_value(sha.value);
    if (f->bytes > BUNDLE_BYTES_MAX - m->content_bytes)
        return refuse(why, BUNDLE_TOO_MUCH, error_set(err, TRUNDLE_TOO_LARGE, at->where, NULL, "the files together have over %lld bytes", (long long)BUNDLE_BYTES_MAX));
    f->at = m->content_bytes;
    m->content_bytes += f->bytes;
    return TRUNDLE_OK;
}

static int by_path(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two files of one name (also where a file system does not tell a from A), or a file where another one has a folder. */
static const char *find_clash(const char **path, size_t n)
{
    char folder[BUNDLE_PATH];
    const char *key = folder;

    qsort(path, n, sizeof *path, by_path);
    for (size_t i = 0; i < n; i++) {
        if (i && !strcasecmp(path[i], path[i - 1]))
            return path[i];
        for (const char *slash = strchr(path[i], '/'); slash; slash = strchr(slash + 1, '/')) {
            (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path[i]), path[i]);
            if (bsearch(&key, path, n, sizeof *path, by_path))
                return path[i];
        }
    }
    return NULL;
}

static enum trundle_status take_files(const struct json_at *at, struct manifest *m, enum bundle_refusal *why, struct trundle_error *err)
{
    struct json_at list, file;
    const char **path;
    const char *clash;
    size_t n;

    TRY(bundle_needed(json_take(at, "files", &list, err), err));
    n = json_length(&list);
    if (!json_is_array(list.value) || n == 0)
        return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "must be a list of files");
    if (n > BUNDLE_FILES_MAX)
        return refuse(why, BUNDLE_TOO_MUCH, error_set(err, TRUNDLE_TOO_LARGE, list.where, NULL, "%zu files, limit %d", n, BUNDLE_FILES_MAX));
    m->file = calloc(n, sizeof *m->file);
    path = calloc(n, sizeof *path);
    if (!m->file || !path) {
        free(path);
        return error_set(err, TRUNDLE_NO_MEMORY, list.where, NULL, "no memory for %zu files", n);
    }
    m->files_n = n;
    for (size_t i = 0; i < n; i++) {
        enum trundle_status status = json_element(&list, i, &file, err);

        if (status == TRUNDLE_OK)
            status = json_is_object(file.value) ? take_file(&file, m, i, why, err) : error_set(err, TRUNDLE_BAD_INPUT, file.where, NULL, "must be an object");
        if (status != TRUNDLE_OK) {
            free(path);
            return status;
        }
        path[i] = m->file[i].path;
    }
    clash = find_clash(path, n);
    free(path);
    if (clash)
        return refuse(why, BUNDLE_FILE_NAME, error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "\"%.100s\" is there twice, or is a file and a folder", clash));
    return TRUNDLE_OK;
}

static enum trundle_status take_hardware(const struct json_at *at, struct manifest *m, enum bundle_refusal *why, struct trundle_error *err)
{
    struct json_at list, name;
    size_t n;

    TRY(bundle_needed(json_take(at, "hardware", &list, err), err));
    n = json_length(&list);
    if (!json_is_array(list.value) || n == 0)
        return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "must be a list of names of hardware");
    if (n > BUNDLE_HARDWARE_MAX)
        return refuse(why, BUNDLE_TOO_MUCH, error_set(err, TRUNDLE_TOO_LARGE, list.where, NULL, "%zu kinds, limit %d", n, BUNDLE_HARDWARE_MAX));
    for (size_t i = 0; i < n; i++) {
        TRY(json_element(&list, i, &name, err));
        if (!json_is_string(name.value) || !bundle_name_ok(json_string_value(name.value)))
            return error_set(err, TRUNDLE_BAD_INPUT, name.where, NULL, "a name has 1 to 40 of a-z 0-9 - _ . and begins with a letter or digit");
        m->hardware[i] = json_string_value(name.value);
    }
    m->hardware_n = n;
    return TRUNDLE_OK;
}

static enum trundle_status take_needs(const struct json_at *at, struct manifest *m, struct trundle_error *err)
{
    struct json_at needs;
    const char *key;
    json_t *value;
    int order;

    TRY(bundle_needed(json_take_object(at, "needs", &needs, err), err));
    json_object_foreach(needs.value, key, value)
    {
        if (!json_is_string(value) || !manifest_version_compare(json_string_value(value), "0", &order))
            return error_set(err, TRUNDLE_BAD_INPUT, needs.where, NULL, "\"%.40s\" must be a version such as \"0.1.0\"", key);
        if (!strcmp(key, "trundle"))
            m->needs = json_string_value(value);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_optional(const struct json_at *at, struct manifest *m, struct trundle_error *err)
{
    static const char *const objects[] = { "calibration", "gate" };
    json_t *catalog = json_object_get(at->value, "catalog"), *value;

    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        value = json_object_get(at->value, objects[i]);
        if (value && !json_is_null(value) && !json_is_object(value))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s must be an object or null", objects[i]);
    }
    m->catalog = "";
    if (catalog && !json_is_null(catalog)) {
        if (!json_is_string(catalog) || !text_is_hex(json_string_value(catalog), 64))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "catalog must be 64 hex digits or null");
        m->catalog = json_string_value(catalog);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_all(const struct json_at *at, struct manifest *m, enum bundle_refusal *why, struct trundle_error *err)
{
    static const char *const known[] = { "version", "name", "serial", "made_ns", "hardware", "needs", "files", "card", "catalog", "calibration", "gate", NULL };
    struct json_at name, card;
    int64_t version;

    TRY(bundle_needed(json_take_integer(at, "version", 1, 1, &version, err), err));
    TRY(bundle_known_keys(at, known, err));
    TRY(bundle_needed(json_take(at, "name", &name, err), err));
    if (!json_is_string(name.value) || !bundle_name_ok(json_string_value(name.value)))
        return error_set(err, TRUNDLE_BAD_INPUT, name.where, NULL, "a name has 1 to 40 of a-z 0-9 - _ . and begins with a letter or digit");
    m->name = json_string_value(name.value);
    TRY(bundle_needed(json_take_integer(at, "serial", 1, INT64_C(1) << 53, &m->serial, err), err));
    TRY(bundle_needed(json_take_integer(at, "made_ns", 0, INT64_MAX, &m->made_ns, err), err));
    TRY(take_hardware(at, m, why, err));
    TRY(take_needs(at, m, err));
    TRY(take_files(at, m, why, err));
    TRY(take_optional(at, m, err));
    TRY(bundle_needed(json_take(at, "card", &card, err), err));
    m->card = json_is_string(card.value) ? json_string_value(card.value) : "";
    for (size_t i = 0; i < m->files_n; i++)
        if (!strcmp(m->file[i].path, m->card))
            return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_INPUT, card.where, "the model's card.md", "is none of the files");
}

enum trundle_status manifest_parse(const void *bytes, size_t n, const char *where, struct manifest *out, enum bundle_refusal *why, struct trundle_error *err)
{
    struct manifest m = { .needs = "" };
    struct json_at at;
    enum trundle_status status;

    *why = BUNDLE_MANIFEST;
    TRY(json_parse(bytes, n, where, &m.root, err));
    at = json_at_root(m.root, where);
    status = json_is_object(m.root) ? take_all(&at, &m, why, err) : error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be an object");
    if (status != TRUNDLE_OK) {
        manifest_done(&m);
        return status;
    }
    *why = BUNDLE_NONE;
    *out = m;
    return TRUNDLE_OK;
}

void manifest_done(struct manifest *m)
{
    json_decref(m->root);
    free(m->file);
    *m = (struct manifest){ .root = NULL };
}

enum bundle_refusal manifest_verdict(const struct manifest *m, char *what, size_t size)
{
    json_t *gate = json_object_get(m->root, "gate"), *findings = json_object_get(gate, "findings"), *finding;
    size_t i;

    if (!json_is_object(gate)) {
        (void)snprintf(what, size, "there is no verdict of a gate");
        return BUNDLE_NO_VERDICT;
    }
    if (!json_is_boolean(json_object_get(gate, "held")) || !json_is_array(findings) || json_array_size(findings) == 0) {
        (void)snprintf(what, size, "the verdict has no findings: nothing was judged");
        return BUNDLE_NO_VERDICT;
    }
    json_array_foreach(findings, i, finding)
    {
        if (json_is_true(json_object_get(finding, "held")))
            continue;
        finding = json_object_get(finding, "statement");
        (void)snprintf(what, size, "statement %zu does not hold%s%.120s", i + 1, finding ? ": " : "", finding && json_is_string(finding) ? json_string_value(finding) : "");
        return BUNDLE_FAILED_VERDICT;
    }
    if (!json_is_true(json_object_get(gate, "held"))) {
        (void)snprintf(what, size, "the gate did not hold");
        return BUNDLE_FAILED_VERDICT;
    }
    return BUNDLE_NONE;
}

static bool version_parts(const char *text, long part[3])
{
    for (int i = 0; i < 3; i++) {
        char *end;

        part[i] = 0;
        if (i && !*text)
            continue;
        if (i && *text++ != '.')
            return false;
        if (*text < '0' || *text > '9')
            return false;
        part[i] = strtol(text, &end, 10);
        if (end - text > 6)
            return false;
        text = end;
    }
    return *text == '\0';
}

bool manifest_version_compare(const char *a, const char *b, int *out)
{
    long x[3], y[3];

    if (!version_parts(a, x) || !version_parts(b, y))
        return false;
    *out = 0;
    for (int i = 0; i < 3 && *out == 0; i++)
        *out = (x[i] > y[i]) - (x[i] < y[i]);
    return true;
}
