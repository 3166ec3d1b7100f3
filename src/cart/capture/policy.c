/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Defaults, then what the text says otherwise. */
#include "cart/capture/policy.h"

#include "base/std/json.h"
#include "base/std/text.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct field { const char *name; double least, most; size_t offset; bool whole; };

#define NUMBER(name, least, most) { #name, least, most, offsetof(struct capture_policy, name), false }
#define WHOLE(name, least, most)  { #name, least, most, offsetof(struct capture_policy, name), true }
static const struct field fields[] = {
    NUMBER(before_s, 0, 60),
    NUMBER(after_s, 0, 60),
    NUMBER(longest_s, 0, 120),
    NUMBER(rest_s, 0, 3600),
    WHOLE(bytes_per_day, 0, 1e12),
    WHOLE(store_bytes, 0, 1e12),
    WHOLE(link_bps, 1000, 1e11),
    WHOLE(carts, 1, 100000),
};

static const struct { const char *name, *purpose, *when; int keep_days; double worth; } builtin[] = {
    { "corrected", "improve", "corrected", 90, 10 },
    { "disagree", "improve", "disagree", 90, 8 },
    { "audit", "audit", "audit", 30, 10 },
    { "unsure", "improve", "(add or change or remove or ask or rescan) and p < 0.8", 90, 4 },
    { "fault", "improve", "decision and fault and p < 0.9", 30, 3 },
    { "seen", "improve", "add and motion and code and random(0.05)", 90, 1 },
    { "sample", "measure", "decision and random(0.01)", 365, 5 },
};

void policy_default(struct capture_policy *out)
{
    memset(out, 0, sizeof *out);
    out->before_s = 6;
    out->after_s = 3;
    out->longest_s = 20;
    out->rest_s = 8;
    out->bytes_per_day = 200000000;
    out->store_bytes = 2000000000;
    out->link_bps = 10000000;
    out->carts = 50;
    for (size_t i = 0; i < COUNT_OF(builtin); i++) {
        struct policy_trigger *t = &out->trigger[out->triggers_n++];
        enum trundle_status status = trigger_parse(builtin[i].when, builtin[i].name, &t->when, NULL);

        assert(status == TRUNDLE_OK);
        (void)status;
        (void)snprintf(t->name, sizeof t->name, "%s", builtin[i].name);
        (void)snprintf(t->purpose, sizeof t->purpose, "%s", builtin[i].purpose);
        t->keep_days = builtin[i].keep_days;
        t->worth = builtin[i].worth;
    }
}

/* A name of docs/hub.md. */
static enum trundle_status take_name(const struct json_at *at, const char *key, char out[POLICY_NAME], struct trundle_error *err)
{
    TRY(json_take_text(at, key, out, POLICY_NAME, err));
    if (!text_is_name(out))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "letters a-z, digits, - _ . and a letter or digit first, 40 at most", "%s '%.50s' is no name", key, out);
    return TRUNDLE_OK;
}

static enum trundle_status only(const struct json_at *at, const char *const *names, size_t n, struct trundle_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(at->value, key, value) {
        size_t i = 0;

        while (i < n && strcmp(names[i], key) != 0)
            i++;
        if (i == n)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "the fields are those of capture/policy.h", "has no field '%.60s'", key);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_trigger(const struct json_at *list, size_t i, struct policy_trigger *out, struct trundle_error *err)
{
    static const char *const names[] = { "name", "when", "purpose", "keep_days", "worth" };
    char when[4 * TRIGGER_TEXT], where[sizeof list->where + 16];
    struct policy_trigger t = { .worth = 1 };
    int64_t days = 90;
    struct json_at at;

    TRY(json_element(list, i, &at, err));
    if (!json_is_object(at.value))
        return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "must be an object {...}");
    TRY(only(&at, names, COUNT_OF(names), err));
    TRY(take_name(&at, "name", t.name, err));
    TRY(take_name(&at, "purpose", t.purpose, err));
    if (json_has(&at, "keep_days"))
        TRY(json_take_integer(&at, "keep_days", 1, 3650, &days, err));
    if (json_has(&at, "worth"))
        TRY(json_take_number(&at, "worth", 0, 1000, &t.worth, err));
    t.keep_days = (int)days;
    TRY(json_take_text(&at, "when", when, sizeof when, err));
    (void)snprintf(where, sizeof where, "%s.when", at.where);
    TRY(trigger_parse(when, where, &t.when, err));
    *out = t;
    return TRUNDLE_OK;
}

static enum trundle_status take(const struct json_at *at, struct capture_policy *p, struct trundle_error *err)
{
    const char *names[COUNT_OF(fields) + 2] = { "triggers", "unchecked_cameras" };
    struct json_at list;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object {...}");
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        names[i + 2] = fields[i].name;
    TRY(only(at, names, COUNT_OF(names), err));
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        char *to = (char *)p + fields[i].offset;
        double number;
        int64_t whole;

        if (!json_has(at, fields[i].name))
            continue;
        if (fields[i].whole) {
            TRY(json_take_integer(at, fields[i].name, (int64_t)fields[i].least, (int64_t)fields[i].most, &whole, err));
            memcpy(to, &whole, sizeof whole);
        } else {
            TRY(json_take_number(at, fields[i].name, fields[i].least, fields[i].most, &number, err));
            memcpy(to, &number, sizeof number);
        }
    }
    if (json_has(at, "unchecked_cameras"))
        TRY(json_take_bool(at, "unchecked_cameras", &p->unchecked_cameras, err));
    if (p->longest_s < p->before_s + p->after_s)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "make longest_s before_s + after_s or more", "longest_s %g is shorter than before_s %g and after_s %g",
                         p->longest_s, p->before_s, p->after_s);
    if (!json_has(at, "triggers"))
        return TRUNDLE_OK;
    TRY(json_take_array(at, "triggers", 0, POLICY_TRIGGERS, &list, err));
    p->triggers_n = 0;
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(take_trigger(&list, i, &p->trigger[i], err));
        for (size_t k = 0; k < i; k++)
            if (!strcmp(p->trigger[k].name, p->trigger[i].name))
                return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "two triggers are named '%s'", p->trigger[i].name);
        p->triggers_n = i + 1;
    }
    return TRUNDLE_OK;
}

static enum trundle_status error_again(struct trundle_error *err)
{
    if (err)
        err->status = TRUNDLE_BAD_INPUT;
    return TRUNDLE_BAD_INPUT;
}

enum trundle_status policy_parse(const void *bytes, size_t n, const char *where, struct capture_policy *out, struct trundle_error *err)
{
    struct capture_policy *p = malloc(sizeof *p);
    enum trundle_status status;
    struct json_at at;
    json_t *root = NULL;

    if (!p)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory");
    TRY_GOTO(status, json_parse(bytes, n, where, &root, err), out);
    policy_default(p);
    at = json_at_root(root, where);
    status = take(&at, p, err);
    if (status == TRUNDLE_OK)
        *out = *p;
    else if (status == TRUNDLE_NOT_FOUND)      /* a field that must be there; to the caller that is no absent policy */
        status = error_again(err);
out:
    json_decref(root);
    free(p);
    return status;
}

enum trundle_status policy_print(const struct capture_policy *p, struct bytes *out)
{
    json_t *root = json_object(), *list = json_array();
    enum trundle_status status;
    char *text;

    for (size_t i = 0; i < p->triggers_n; i++) {
        const struct policy_trigger *t = &p->trigger[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:f}", "name", t->name, "when", t->when.text, "purpose", t->purpose, "keep_days", t->keep_days,
                                              "worth", t->worth));
    }
    json_object_set_new(root, "triggers", list);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *from = (const char *)p + fields[i].offset;
        double number;
        int64_t whole;

        memcpy(&number, from, sizeof number);
        memcpy(&whole, from, sizeof whole);
        json_object_set_new(root, fields[i].name, fields[i].whole ? json_integer(whole) : json_real(number));
    }
    json_object_set_new(root, "unchecked_cameras", json_boolean(p->unchecked_cameras));
    text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    status = text ? bytes_append(out, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}

int64_t policy_share_bps(const struct capture_policy *policy)
{
    return policy->link_bps / policy->carts;
}
