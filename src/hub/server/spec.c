/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Fields of a request as the route table writes them ("name:name roles?:roles"): checked, described, logged. */
#include "base/std/text.h"
#include "hub/server/route.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 1000 };

struct field { char name[40], type[16]; bool optional; };

/* The next field; false at the end. The tables are ours: what does not parse is a bug that the tests see. */
static bool next_field(const char **at, struct field *out)
{
    const char *s = *at + strspn(*at, " "), *colon = strchr(s, ':');
    size_t n, type;

    if (!*s || !colon)
        return false;
    n = (size_t)(colon - s);
    type = strcspn(colon + 1, " ");
    out->optional = n && s[n - 1] == '?';
    n -= out->optional;
    if (n >= sizeof out->name || type >= sizeof out->type)
        return false;
    memcpy(out->name, s, n);
    out->name[n] = '\0';
    memcpy(out->type, colon + 1, type);
    out->type[type] = '\0';
    *at = colon + 1 + type;
    return true;
}

static const struct kind {
    const char *name, *json, *format, *hint;
} kinds[] = {
    { "text", "string", NULL, "a text of at most 1000 bytes" }, { "name", "string", NULL, "1 to 40 of a-z 0-9 - _ . , a letter or digit first" },
    { "secret", "string", "password", "a text" },               { "sha256", "string", NULL, "64 hex digits" },
    { "roles", "array", NULL, "a list of roles" },              { "integer", "integer", "int64", "a whole number" },
    { "time", "integer", "int64", "Unix time in ns" },          { "number", "number", NULL, "a number" },
    { "bool", "boolean", NULL, "true or false" },               { "object", "object", NULL, "an object {...}" },
    { "array", "array", NULL, "a list [...]" },                 { "any", NULL, NULL, "anything" },
};

static const struct kind *kind_of(const char *type)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].name, type) == 0)
            return &kinds[i];
    return NULL;
}

static bool fits(const struct field *f, const json_t *v)
{
    const char *s = json_string_value(v);

    if (strcmp(f->type, "text") == 0 || strcmp(f->type, "secret") == 0)
        return s && json_string_length(v) <= TEXT_MAX_BYTES && strlen(s) == json_string_length(v);
    if (strcmp(f->type, "name") == 0)
        return s && text_is_name(s);
    if (strcmp(f->type, "sha256") == 0)
        return s && text_is_hex(s, 64);
    if (strcmp(f->type, "integer") == 0 || strcmp(f->type, "time") == 0)
        return json_is_integer(v);
    if (strcmp(f->type, "number") == 0)
        return json_is_number(v);
    if (strcmp(f->type, "bool") == 0)
        return json_is_boolean(v);
    if (strcmp(f->type, "object") == 0)
        return json_is_object(v);
    if (strcmp(f->type, "array") == 0 || strcmp(f->type, "roles") == 0)
        return json_is_array(v);
    return true;
}

static bool find(const char *fields, const char *name, struct field *out)
{
    while (next_field(&fields, out))
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}

enum trundle_status spec_check(const char *fields, json_t *object, struct trundle_error *err)
{
    const char *at = fields, *key;
    struct field f;
    json_t *value;

    if (!json_is_object(object))
        return error_set(err, TRUNDLE_BAD_INPUT, "body", fields, "must be an object {...}");
    json_object_foreach (object, key, value)
        if (!find(fields, key, &f))
            return error_set(err, TRUNDLE_BAD_INPUT, "body", *fields ? fields : "it takes no fields", "%.60s does not belong here", key);
    while (next_field(&at, &f)) {
        value = json_object_get(object, f.name);
        if (!value || (f.optional && json_is_null(value))) {
            if (!f.optional)
                return error_set(err, TRUNDLE_BAD_INPUT, f.name, fields, "is missing");
            continue;
        }
        if (!fits(&f, value))
            return error_set(err, TRUNDLE_BAD_INPUT, f.name, NULL, "must be %s", kind_of(f.type) ? kind_of(f.type)->hint : f.type);
    }
    return TRUNDLE_OK;
}

void spec_log(const char *fields, json_t *object, char *out, size_t size)
{
    json_t *shown = json_object(), *value;
    const char *key;
    struct field f;
    char *text = NULL;

    json_object_foreach (object, key, value)
        if (shown && find(fields, key, &f) && strcmp(f.type, "secret") != 0)
            (void)json_object_set(shown, key, value);
    if (shown && json_object_size(shown))
        text = json_dumps(shown, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    (void)snprintf(out, size, "%s", text ? text : "");
    free(text);
    json_decref(shown);
}

static json_t *schema_of(const struct field *f)
{
    const struct kind *k = kind_of(f->type);
    json_t *schema = json_object();

    if (!schema || !k || !k->json)
        return schema;
    (void)json_object_set_new(schema, "type", json_string(k->json));
    if (k->format)
        (void)json_object_set_new(schema, "format", json_string(k->format));
    if (strcmp(f->type, "name") == 0)
        (void)json_object_set_new(schema, "pattern", json_string("^[a-z0-9][a-z0-9._-]{0,39}$"));
    if (strcmp(f->type, "sha256") == 0)
        (void)json_object_set_new(schema, "pattern", json_string("^[0-9a-f]{64}$"));
    if (strcmp(f->type, "text") == 0 || strcmp(f->type, "secret") == 0)
        (void)json_object_set_new(schema, "maxLength", json_integer(TEXT_MAX_BYTES));
    if (strcmp(f->type, "roles") == 0)
        (void)json_object_set_new(schema, "items", json_pack("{s:s, s:[s, s, s, s, s]}", "type", "string", "enum", "labeller", "engineer", "operator", "auditor",
                                                             "admin"));
    return schema;
}

json_t *spec_schema(const char *fields)
{
    json_t *properties = json_object(), *required = json_array(), *schema;
    struct field f;

    while (properties && required && next_field(&fields, &f)) {
        (void)json_object_set_new(properties, f.name, schema_of(&f));
        if (!f.optional)
            (void)json_array_append_new(required, json_string(f.name));
    }
    schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
    if (schema && json_array_size(required))
        (void)json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

json_t *spec_parameters(const char *path, const char *query, bool list)
{
    json_t *all = json_array();
    const char *fields[2] = { list ? "limit?:integer after?:text q?:text" : "", query ? query : "" };
    struct field f;

    while (all && (path = strchr(path, '{')) != NULL) {
        size_t n = strcspn(++path, "}");

        (void)json_array_append_new(all, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", path, n, "in", "path", "required", 1, "schema", "type", "string"));
    }
    for (size_t i = 0; all && i < 2; i++)
        while (next_field(&fields[i], &f))
            (void)json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:o}", "name", f.name, "in", "query", "required", (int)!f.optional, "schema", schema_of(&f)));
    return all;
}
