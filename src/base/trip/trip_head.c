/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The head of a trip as text pairs, and back. */
#include "base/trip/trip_head.h"

#include "base/std/hash.h"
#include "base/std/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUMBER, TEXT, HASH };

static const struct { const char *key; size_t at; enum kind kind; } fields[] = {
    { "schema_version", offsetof(struct trip_head, schema_version), NUMBER },
    { "build", offsetof(struct trip_head, build), TEXT },
    { "kernel_plan", offsetof(struct trip_head, kernel_plan), TEXT },
    { "suite", offsetof(struct trip_head, suite), TEXT },
    { "store", offsetof(struct trip_head, store), TEXT },
    { "seed", offsetof(struct trip_head, seed), NUMBER },
    { "start_wall_ns", offsetof(struct trip_head, start_wall_ns), NUMBER },
    { "cart_sha256", offsetof(struct trip_head, cart_sha256), HASH },
    { "catalog_sha256", offsetof(struct trip_head, catalog_sha256), HASH },
    { "model_sha256", offsetof(struct trip_head, model_sha256), HASH },
    { "costs_sha256", offsetof(struct trip_head, costs_sha256), HASH },
    { "planogram_sha256", offsetof(struct trip_head, planogram_sha256), HASH },
};

static bool is_hash(const char *text)
{
    return !*text || text_is_hex(text, 64);
}

enum trundle_status trip_head_check(const struct trip_head *head, struct trundle_error *err)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *text = (const char *)head + fields[i].at;

        if (fields[i].kind == NUMBER)
            continue;
        if (!memchr(text, 0, fields[i].kind == TEXT ? TRIP_TEXT : 65) || (fields[i].kind == HASH && !is_hash(text)))
            return error_set(err, TRUNDLE_BAD_ARG, "trip head", NULL, "%s is not a %s", fields[i].key, fields[i].kind == TEXT ? "text" : "sha256");
    }
    if (head->schema_version != TRIP_SCHEMA_VERSION)
        return error_set(err, TRUNDLE_UNSUPPORTED, "trip head", "a newer trundle reads it", "schema version is %lld, this is %d", (long long)head->schema_version,
                         TRIP_SCHEMA_VERSION);
    if (head->start_wall_ns < 0)
        return error_set(err, TRUNDLE_BAD_ARG, "trip head", NULL, "start_wall_ns is %lld, before 1970", (long long)head->start_wall_ns);
    return TRUNDLE_OK;
}

const char *trip_head_field(const struct trip_head *head, size_t i, const char **out_key, bool *out_number, char text[32])
{
    const char *at;
    int64_t number;

    if (i >= COUNT_OF(fields))
        return NULL;
    at = (const char *)head + fields[i].at;
    *out_key = fields[i].key;
    *out_number = fields[i].kind == NUMBER;
    if (fields[i].kind != NUMBER)
        return at;
    memcpy(&number, at, sizeof number);
    (void)snprintf(text, 32, "%lld", (long long)number);
    return text;
}

enum trundle_status trip_head_to_pairs(const struct trip_head *head, struct bytes *pairs, struct trundle_error *err)
{
    size_t start = pairs->n;
    enum trundle_status status = TRUNDLE_OK;
    const char *key, *value;
    char text[32];
    bool number;

    for (size_t i = 0; status == TRUNDLE_OK && (value = trip_head_field(head, i, &key, &number, text)); i++)
        status = mcap_add_text_pair(pairs, key, value);
    if (status == TRUNDLE_OK) {
        (void)snprintf(text, sizeof text, "%08x", hash_crc32(0, pairs->data + start, pairs->n - start));
        status = mcap_add_text_pair(pairs, "crc32", text);
    }
    return status == TRUNDLE_OK ? status : error_set(err, status, "trip head", NULL, "no memory for the head");
}

static enum trundle_status take_field(size_t i, struct mcap_view value, struct trip_head *head, struct trundle_error *err)
{
    char *at = (char *)head + fields[i].at, text[TRIP_TEXT], *end;
    size_t size = fields[i].kind == TEXT ? TRIP_TEXT : fields[i].kind == HASH ? 65 : 24;
    int64_t number;

    if (value.n >= size || (value.n && memchr(value.data, 0, value.n)))
        return error_set(err, TRUNDLE_BAD_INPUT, "trip head", NULL, "%s is too long", fields[i].key);
    if (value.n)
        memcpy(text, value.data, value.n);
    text[value.n] = 0;
    if (fields[i].kind != NUMBER) {
        memcpy(at, text, value.n + 1);
        return TRUNDLE_OK;
    }
    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return error_set(err, TRUNDLE_BAD_INPUT, "trip head", NULL, "%s is '%s', not a number", fields[i].key, text);
    memcpy(at, &number, sizeof number);
    return TRUNDLE_OK;
}

enum trundle_status trip_head_from_pairs(struct mcap_view pairs, struct trip_head *out, struct trundle_error *err)
{
    struct trip_head head = { 0 };
    struct mcap_view key, value;
    bool checked = false;
    size_t at = 0, before = 0;
    char crc[16];

    while (mcap_text_pair_next(pairs, &at, &key, &value)) {
        (void)snprintf(crc, sizeof crc, "%08x", hash_crc32(0, pairs.data, before));
        if (mcap_is(key, "crc32") && !mcap_is(value, crc))
            return error_set(err, TRUNDLE_CORRUPT, "trip head", "trundle recover keeps the rest only when the head is right", "its CRC is wrong");
        checked |= mcap_is(key, "crc32");
        for (size_t i = 0; i < COUNT_OF(fields); i++)
            if (mcap_is(key, fields[i].key))
                TRY(take_field(i, value, &head, err));
        before = at;
    }
    if (!checked)
        return error_set(err, TRUNDLE_CORRUPT, "trip head", NULL, "it has no CRC");
    if (trip_head_check(&head, err) != TRUNDLE_OK) {
        if (err && err->status == TRUNDLE_BAD_ARG)
            err->status = TRUNDLE_BAD_INPUT;
        return head.schema_version > TRIP_SCHEMA_VERSION ? TRUNDLE_UNSUPPORTED : TRUNDLE_BAD_INPUT;
    }
    *out = head;
    return TRUNDLE_OK;
}
