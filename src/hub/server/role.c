/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Names of roles, to bits and back. */
#include "hub/server/route.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; unsigned bit; } roles[] = {
    { "labeller", LABELLER }, { "engineer", ENGINEER }, { "operator", OPERATOR }, { "auditor", AUDITOR }, { "admin", ADMIN },
};

static unsigned one(const char *name, size_t n)
{
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (strlen(roles[i].name) == n && strncmp(roles[i].name, name, n) == 0)
            return roles[i].bit;
    return 0;
}

unsigned role_reach(unsigned bits)
{
    return bits & ADMIN ? (unsigned)PEOPLE : bits;
}

unsigned role_parse(const char *names)
{
    unsigned all = 0;

    for (;;) {
        size_t n = strcspn(names, ",");
        unsigned bit = one(names, n);

        if (!bit)
            return 0;
        all |= bit;
        if (!names[n])
            return all;
        names += n + 1;
    }
}

const char *role_text(unsigned bits, char out[ROLE_TEXT])
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (bits & roles[i].bit)
            n += (size_t)snprintf(out + n, ROLE_TEXT - n, "%s%s", n ? "," : "", roles[i].name);
    return out;
}

json_t *role_list(unsigned bits)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < COUNT_OF(roles); i++)
        if (bits & roles[i].bit)
            (void)json_array_append_new(list, json_string(roles[i].name));
    return list;
}

void role_rows(json_t *rows)
{
    json_t *row;
    size_t i;

    json_array_foreach (rows, i, row)
        (void)json_object_set_new(row, "roles", role_list((unsigned)json_integer_value(json_object_get(row, "roles"))));
}

enum trundle_status role_take(const struct json_at *at, const char *key, unsigned *out, struct trundle_error *err)
{
    json_t *list = json_object_get(at->value, key), *item;
    unsigned all = 0, bit;
    size_t i;

    json_array_foreach (list, i, item) {
        bit = json_is_string(item) ? one(json_string_value(item), json_string_length(item)) : 0;
        if (!bit)
            return error_set(err, TRUNDLE_BAD_INPUT, key, "labeller, engineer, operator, auditor, admin", "there is no role of that name");
        all |= bit;
    }
    if (!all)
        return error_set(err, TRUNDLE_BAD_INPUT, key, "labeller, engineer, operator, auditor, admin", "a list of at least one role");
    *out = all;
    return TRUNDLE_OK;
}
