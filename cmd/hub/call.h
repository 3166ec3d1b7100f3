/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * call - requests of a command to a hub's API, by libcurl.
 *
 *     struct call call = { .hub = "https://hub:8443", .token = token, .pin = NULL };
 *     json_t *answer = NULL;
 *     TRY(call_json(&call, "GET", "/api/v1/rollouts/7", NULL, &answer, err));
 *
 * An answer of 400 and up is an error with the hub's own words. No redirects are followed: the token goes to that hub and no other.
 */
#pragma once

#include "base/std/json.h"

enum { CALL_ANSWER_MAX = 16 << 20, CALL_PART = 1 << 20 };

struct call { const char *hub, *token, *pin; };

/* Options that every command to a hub has: --hub, --token-file and $TRUNDLE_HUB, $TRUNDLE_TOKEN. BAD_ARG: one is missing. `token` holds what is read; 0 on failure. */
TRUNDLE_MUST_USE enum trundle_status call_settle(struct call *call, const char *token_file, char token[256], struct trundle_error *err);
/* `body` NULL: none. */
TRUNDLE_MUST_USE enum trundle_status call_json(const struct call *call, const char *method, const char *path, const json_t *body, json_t **out, struct trundle_error *err);
/* Bytes as application/octet-stream. */
TRUNDLE_MUST_USE enum trundle_status call_bytes(const struct call *call, const char *method, const char *path, const void *data, size_t n, json_t **out, struct trundle_error *err);
