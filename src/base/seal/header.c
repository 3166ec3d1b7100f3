/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The header of a sealed file: struct to JSON and back, with the same limits both ways. */
#include "base/seal/inside.h"

#include "base/std/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_DAYS_MAX = 36500 };
#define T_MAX_S 1e7

static enum trundle_status text_check(const char *text, const char *key, const char *where, enum trundle_status bad, struct trundle_error *err)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return error_set(err, bad, where, NULL, "%s has a byte that is not printable ASCII", key);
    if (n == 0)
        return error_set(err, bad, where, NULL, "%s is empty", key);
    return TRUNDLE_OK;
}

static enum trundle_status header_check(const struct seal_header *h, const char *where, enum trundle_status bad, struct trundle_error *err)
{
    const struct { const char *key, *text; } texts[] = { { "cart", h->cart }, { "trip", h->trip }, { "trigger", h->trigger }, { "purpose", h->purpose } };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!memchr(texts[i].text, '\0', SEAL_TEXT))
            return error_set(err, bad, where, NULL, "%s is over %d bytes", texts[i].key, SEAL_TEXT - 1);
        TRY(text_check(texts[i].text, texts[i].key, where, bad, err));
    }
    if (h->keep_days < 0 || h->keep_days > KEEP_DAYS_MAX)
        return error_set(err, bad, where, NULL, "keep_days is %lld, allowed are 0 to %d", (long long)h->keep_days, KEEP_DAYS_MAX);
    if (!(fabs(h->t0_s) <= T_MAX_S) || !(fabs(h->t1_s) <= T_MAX_S) || h->t0_s > h->t1_s)
        return error_set(err, bad, where, NULL, "from %g s to %g s is no span of time", h->t0_s, h->t1_s);
    return TRUNDLE_OK;
}

enum trundle_status seal_header_print(const struct seal_header *header, struct bytes *out, struct trundle_error *err)
{
    const char *where = "header of a sealed file";
    enum trundle_status status;
    json_t *extra = NULL, *root = NULL;
    char *text = NULL;

    TRY(header_check(header, where, TRUNDLE_BAD_ARG, err));
    if (header->extra) {
        status = json_parse(header->extra, strlen(header->extra), where, &extra, err);
        if (status != TRUNDLE_OK || !json_is_object(extra)) {
            status = error_set(err, TRUNDLE_BAD_ARG, where, NULL, "extra is not a JSON object");
            goto out;
        }
    }
    root = json_pack("{s:s,s:s,s:s,s:s,s:I,s:f,s:f,s:O*}", "cart", header->cart, "trip", header->trip, "trigger", header->trigger, "purpose", header->purpose,
                     "keep_days", (json_int_t)header->keep_days, "t0_s", header->t0_s, "t1_s", header->t1_s, "extra", extra);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (!text) {
        status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for it");
        goto out;
    }
    if (strlen(text) > SEAL_HEADER_MAX) {
        status = error_set(err, TRUNDLE_BAD_ARG, where, "leave something out of extra", "%zu bytes, limit %d", strlen(text), SEAL_HEADER_MAX);
        goto out;
    }
    status = bytes_append(out, text, strlen(text));
    if (status != TRUNDLE_OK)
        status = error_set(err, status, where, NULL, "no memory for it");
out:
    free(text);
    json_decref(root);
    json_decref(extra);
    return status;
}

enum trundle_status seal_header_parse(const void *text, size_t n, const char *where, struct seal_header *out, char **out_extra, struct trundle_error *err)
{
    struct seal_header h = { 0 };
    struct json_at at, extra;
    json_t *root = NULL;
    enum trundle_status status;
    char *kept = NULL;

    TRY(json_parse(text, n, where, &root, err));
    at = json_at_root(root, where);
    if (!json_is_object(root)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be an object {...}");
        goto out;
    }
    TRY_GOTO(status, json_take_text(&at, "cart", h.cart, sizeof h.cart, err), out);
    TRY_GOTO(status, json_take_text(&at, "trip", h.trip, sizeof h.trip, err), out);
    TRY_GOTO(status, json_take_text(&at, "trigger", h.trigger, sizeof h.trigger, err), out);
    TRY_GOTO(status, json_take_text(&at, "purpose", h.purpose, sizeof h.purpose, err), out);
    TRY_GOTO(status, json_take_integer(&at, "keep_days", 0, KEEP_DAYS_MAX, &h.keep_days, err), out);
    TRY_GOTO(status, json_take_number(&at, "t0_s", -T_MAX_S, T_MAX_S, &h.t0_s, err), out);
    TRY_GOTO(status, json_take_number(&at, "t1_s", -T_MAX_S, T_MAX_S, &h.t1_s, err), out);
    TRY_GOTO(status, header_check(&h, where, TRUNDLE_BAD_INPUT, err), out);
    if (json_has(&at, "extra")) {
        TRY_GOTO(status, json_take_object(&at, "extra", &extra, err), out);
        if (out_extra && !(kept = json_dumps(extra.value, JSON_COMPACT))) {
            status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for it");
            goto out;
        }
    }
    h.extra = kept;
    *out = h;
    if (out_extra)
        *out_extra = kept;
out:
    if (status == TRUNDLE_NOT_FOUND && err)
        err->status = TRUNDLE_BAD_INPUT;
    json_decref(root);
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_BAD_INPUT : status;
}
