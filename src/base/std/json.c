/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Typed, named access to JSON. */
#include "base/std/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { JSON_LIMIT = 64 << 20 };

enum trundle_status json_parse(const void *bytes, size_t n, const char *where, json_t **out_root, struct trundle_error *err)
{
    json_error_t e;
    json_t *root;
    char at[200];

    if (n > JSON_LIMIT)
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "JSON of %zu bytes, limit %d", n, JSON_LIMIT);
    root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &e);
    if (!root) {
        (void)snprintf(at, sizeof at, "%.120s, line %d, column %d", where, e.line, e.column);
        return error_set(err, TRUNDLE_BAD_INPUT, at, NULL, "not JSON: %s", e.text);
    }
    *out_root = root;
    return TRUNDLE_OK;
}

enum trundle_status json_parse_file(const char *path, json_t **out_root, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, JSON_LIMIT, &b, err);

    if (status == TRUNDLE_OK)
        status = json_parse(b.data, b.n, path, out_root, err);
    bytes_done(&b);
    return status;
}

struct json_at json_at_root(json_t *root, const char *where)
{
    struct json_at at = { .value = root };

    (void)snprintf(at.where, sizeof at.where, "%s:", where);
    return at;
}

static void path_of(const struct json_at *at, const char *key, char *out, size_t size)
{
    size_t n = strlen(at->where);

    (void)snprintf(out, size, "%s%s%s", at->where, n && at->where[n - 1] == ':' ? " " : ".", key);
}

static enum trundle_status bad(const struct json_at *at, const char *key, enum trundle_status status, struct trundle_error *err,
                               const char *what)
{
    char where[sizeof at->where + 64];

    path_of(at, key, where, sizeof where);
    return error_set(err, status, where, NULL, "%s", what);
}

enum trundle_status json_take(const struct json_at *at, const char *key, struct json_at *out, struct trundle_error *err)
{
    json_t *value = json_object_get(at->value, key);
    struct json_at found = { .value = value };

    if (!value || json_is_null(value))
        return bad(at, key, TRUNDLE_NOT_FOUND, err, "is missing");
    path_of(at, key, found.where, sizeof found.where);
    *out = found;
    return TRUNDLE_OK;
}

enum trundle_status json_take_object(const struct json_at *at, const char *key, struct json_at *out, struct trundle_error *err)
{
    struct json_at found;

    TRY(json_take(at, key, &found, err));
    if (!json_is_object(found.value))
        return bad(at, key, TRUNDLE_BAD_INPUT, err, "must be an object {...}");
    *out = found;
    return TRUNDLE_OK;
}

enum trundle_status json_take_array(const struct json_at *at, const char *key, size_t least, size_t most, struct json_at *out,
                                    struct trundle_error *err)
{
    struct json_at found;
    size_t n;

    TRY(json_take(at, key, &found, err));
    if (!json_is_array(found.value))
        return bad(at, key, TRUNDLE_BAD_INPUT, err, "must be an array [...]");
    n = json_array_size(found.value);
    if (n < least || n > most)
        return error_set(err, TRUNDLE_BAD_INPUT, found.where, NULL, "has %zu elements, allowed are %zu to %zu", n, least, most);
    *out = found;
    return TRUNDLE_OK;
}

enum trundle_status json_element(const struct json_at *at, size_t i, struct json_at *out, struct trundle_error *err)
{
    struct json_at found = { .value = json_array_get(at->value, i) };

    if (!found.value)
        return error_set(err, TRUNDLE_NOT_FOUND, at->where, NULL, "has no element %zu", i);
    (void)snprintf(found.where, sizeof found.where, "%.140s[%zu]", at->where, i);
    *out = found;
    return TRUNDLE_OK;
}

size_t json_length(const struct json_at *at)
{
    return json_array_size(at->value);
}

enum trundle_status json_take_number(const struct json_at *at, const char *key, double lo, double hi, double *out,
                                     struct trundle_error *err)
{
    struct json_at found;
    double x;

    TRY(json_take(at, key, &found, err));
    if (!json_is_number(found.value))
        return bad(at, key, TRUNDLE_BAD_INPUT, err, "must be a number");
    x = json_number_value(found.value);
    if (!isfinite(x) || x < lo || x > hi)
        return error_set(err, TRUNDLE_BAD_INPUT, found.where, NULL, "is %g, allowed are %g to %g", x, lo, hi);
    *out = x;
    return TRUNDLE_OK;
}

enum trundle_status json_take_integer(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int64_t *out,
                                      struct trundle_error *err)
{
    struct json_at found;
    int64_t x;

    TRY(json_take(at, key, &found, err));
    if (!json_is_integer(found.value))
        return bad(at, key, TRUNDLE_BAD_INPUT, err, "must be a whole number");
    x = json_integer_value(found.value);
    if (x < lo || x > hi)
        return error_set(err, TRUNDLE_BAD_INPUT, found.where, NULL, "is %lld, allowed are %lld to %lld", (long long)x,
                         (long long)lo, (long long)hi);
    *out = x;
    return TRUNDLE_OK;
}

enum trundle_status json_take_bool(const struct json_at *at, const char *key, bool *out, struct trundle_error *err)
{
    struct json_at found;

    TRY(json_take(at, key, &found, err));
    if (!json_is_boolean(found.value))
        return bad(at, key, TRUNDLE_BAD_INPUT, err, "must be true or false");
    *out = json_is_true(found.value);
    return TRUNDLE_OK;
}

enum trundle_status json_take_text(const struct json_at *at, const char *key, char *out, size_t size, struct trundle_error *err)
{
    struct json_at found;
    size_t n;

    TRY(json_take(at, key, &found, err));
    if (!json_is_string(found.value))
        return bad(at, key, TRUNDLE_BAD_INPUT, err, "must be a text \"...\"");
    n = json_string_length(found.value);
    if (n >= size)
        return error_set(err, TRUNDLE_TOO_LARGE, found.where, NULL, "has %zu bytes, at most %zu fit", n, size - 1);
    memcpy(out, json_string_value(found.value), n + 1);
    return TRUNDLE_OK;
}

enum trundle_status json_take_numbers(const struct json_at *at, const char *key, double *out, size_t n, struct trundle_error *err)
{
    struct json_at list;

    TRY(json_take_array(at, key, n, n, &list, err));
    for (size_t i = 0; i < n; i++) {
        json_t *value = json_array_get(list.value, i);

        if (!json_is_number(value) || !isfinite(json_number_value(value)))
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "element %zu must be a number", i);
    }
    for (size_t i = 0; i < n; i++)
        out[i] = json_number_value(json_array_get(list.value, i));
    return TRUNDLE_OK;
}

bool json_has(const struct json_at *at, const char *key)
{
    json_t *value = json_object_get(at->value, key);

    return value && !json_is_null(value);
}
