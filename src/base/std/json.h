/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/json - jansson with our errors: parse strictly, then take typed fields that are checked and named in errors.
 *
 *     json_t *root = NULL;
 *     TRY(json_parse(bytes, n, "cart.json", &root, err));
 *     struct json_at at = { root, "cart.json" };
 *     TRY_GOTO(status, json_take_number(&at, "e_g", 0.1, 1000, &e_g, err), out);
 *
 * A missing, mistyped or out-of-range field gives BAD_INPUT with `where` "cart.json: scale.e_g" and the allowed range.
 * The caller owns the root (json_decref); everything taken from it is borrowed.
 */
#pragma once

#include "base/std/bytes.h"

#include <jansson.h>
#include <stdbool.h>

struct json_at {
    json_t *value;         /* borrowed */
    char    where[160];    /* file and path so far */
};

/* Rejects duplicate keys, trailing text and anything over 64 MiB. */
TRUNDLE_MUST_USE enum trundle_status json_parse(const void *bytes, size_t n, const char *where, json_t **out_root, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status json_parse_file(const char *path, json_t **out_root, struct trundle_error *err);
struct json_at json_at_root(json_t *root, const char *where);

/* NOT_FOUND when the key is absent (the caller may have a default; `err` says so), BAD_INPUT when it is not an object/array. */
TRUNDLE_MUST_USE enum trundle_status json_take(const struct json_at *at, const char *key, struct json_at *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status json_take_object(const struct json_at *at, const char *key, struct json_at *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status json_take_array(const struct json_at *at, const char *key, size_t least, size_t most, struct json_at *out, struct trundle_error *err);
/* Element i of an array. */
TRUNDLE_MUST_USE enum trundle_status json_element(const struct json_at *at, size_t i, struct json_at *out, struct trundle_error *err);
size_t json_length(const struct json_at *at);

TRUNDLE_MUST_USE enum trundle_status json_take_number(const struct json_at *at, const char *key, double lo, double hi, double *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status json_take_integer(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int64_t *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status json_take_bool(const struct json_at *at, const char *key, bool *out, struct trundle_error *err);
/* Copies; TOO_LARGE when it does not fit with its NUL. */
TRUNDLE_MUST_USE enum trundle_status json_take_text(const struct json_at *at, const char *key, char *out, size_t size, struct trundle_error *err);
/* Exactly n finite numbers. */
TRUNDLE_MUST_USE enum trundle_status json_take_numbers(const struct json_at *at, const char *key, double *out, size_t n, struct trundle_error *err);
bool json_has(const struct json_at *at, const char *key);
