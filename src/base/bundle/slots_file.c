/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* slots.json: read, checked, printed (slots.h). */
#include "base/bundle/slots_inside.h"
#include "base/std/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_text[] = { [SLOTS_EMPTY] = "empty", [SLOTS_TRIAL] = "trial", [SLOTS_GOOD] = "good", [SLOTS_LEFT] = "left" };

const char *slots_state_text(enum slots_state state)
{
    return (int)state >= 0 && (size_t)state < COUNT_OF(state_text) ? state_text[state] : "?";
}

static enum trundle_status take_sha(const struct json_at *at, const char *key, char out[65], struct trundle_error *err)
{
    TRY(json_take_text(at, key, out, 65, err));
    return !out[0] || text_is_hex(out, 64) ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s must be 64 hex digits", key);
}

static enum trundle_status take_slot(const struct json_at *at, struct slots_slot *out, struct trundle_error *err)
{
    char text[16];

    TRY(json_take_text(at, "state", text, sizeof text, err));
    while ((size_t)out->state < COUNT_OF(state_text) && strcmp(state_text[out->state], text) != 0)
        out->state++;
    if ((size_t)out->state == COUNT_OF(state_text))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "no state \"%s\"", text);
    TRY(json_take_text(at, "name", out->name, sizeof out->name, err));
    TRY(take_sha(at, "sha256", out->sha256, err));
    TRY(take_sha(at, "manifest_sha256", out->manifest_sha256, err));
    TRY(json_take_integer(at, "serial", 0, INT64_MAX, &out->serial, err));
    return json_take_integer(at, "installed_ns", INT64_MIN, INT64_MAX, &out->installed_ns, err);
}

static enum trundle_status take_left(const struct json_at *at, struct slots *out, struct trundle_error *err)
{
    struct json_at list, item;

    TRY(json_take_array(at, "left", 0, SLOTS_LEFT_MAX, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &item, err));
        if (!json_is_string(item.value) || !text_is_hex(json_string_value(item.value), 64))
            return error_set(err, TRUNDLE_BAD_INPUT, item.where, NULL, "must be 64 hex digits");
        memcpy(out->left[i], json_string_value(item.value), 65);
    }
    out->left_n = json_length(&list);
    return TRUNDLE_OK;
}

static enum trundle_status take_all(const struct json_at *at, struct slots *out, struct trundle_error *err)
{
    struct json_at slot;
    char running[8];
    int64_t n;

    TRY(json_take_integer(at, "version", 1, 1, &n, err));
    TRY(json_take_text(at, "running", running, sizeof running, err));
    out->running = !strcmp(running, "a") ? 0 : !strcmp(running, "b") ? 1 : -1;
    TRY(json_take_integer(at, "starts", 0, 1000, &n, err));
    out->starts = (int)n;
    TRY(json_take_integer(at, "floor", 0, INT64_MAX, &out->floor, err));
    TRY(take_sha(at, "floor_sha256", out->floor_sha256, err));
    TRY(json_take_text(at, "why", out->why, sizeof out->why, err));
    TRY(json_take_object(at, "a", &slot, err));
    TRY(take_slot(&slot, &out->slot[0], err));
    TRY(json_take_object(at, "b", &slot, err));
    TRY(take_slot(&slot, &out->slot[1], err));
    if (out->running >= 0 && out->slot[out->running].state != SLOTS_TRIAL && out->slot[out->running].state != SLOTS_GOOD)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "slot %s is to run and is %s", running, slots_state_text(out->slot[out->running].state));
    return take_left(at, out, err);
}

void slots_derive(struct slots *s)
{
    s->fallback = s->running >= 0 && s->slot[1 - s->running].state == SLOTS_GOOD ? 1 - s->running : -1;
}

enum trundle_status slots_parse(const void *bytes, size_t n, const char *where, struct slots *out, struct trundle_error *err)
{
    struct slots s = { .running = -1 };
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status = json_parse(bytes, n, where, &root, err);

    if (status == TRUNDLE_OK) {
        at = json_at_root(root, where);
        status = take_all(&at, &s, err);
    }
    json_decref(root);
    if (status != TRUNDLE_OK) {
        if (err) {
            err->status = TRUNDLE_CORRUPT;
            (void)snprintf(err->hint, sizeof err->hint, "remove it: the cart then runs the built-in model until a bundle is installed");
        }
        return TRUNDLE_CORRUPT;
    }
    slots_derive(&s);
    *out = s;
    return TRUNDLE_OK;
}

static json_t *slot_json(const struct slots_slot *s)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "state", slots_state_text(s->state), "name", s->name, "sha256", s->sha256, "manifest_sha256", s->manifest_sha256, "serial",
                     (json_int_t)s->serial, "installed_ns", (json_int_t)s->installed_ns);
}

enum trundle_status slots_json(const struct slots *s, struct bytes *out)
{
    json_t *left = json_array(), *root;
    enum trundle_status status;
    char *text;

    for (size_t i = 0; i < s->left_n; i++)
        json_array_append_new(left, json_string(s->left[i]));
    root = json_pack("{s:i,s:s,s:i,s:I,s:s,s:s,s:o,s:o,s:o}", "version", 1, "running", s->running == 0 ? "a" : s->running == 1 ? "b" : "none", "starts", s->starts, "floor",
                     (json_int_t)s->floor, "floor_sha256", s->floor_sha256, "why", s->why, "a", slot_json(&s->slot[0]), "b", slot_json(&s->slot[1]), "left", left);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    status = text ? bytes_append(out, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}
