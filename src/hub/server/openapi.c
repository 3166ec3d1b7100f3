/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The route table as an OpenAPI 3.1 document. */
#include "hub/server/route.h"

#include <string.h>

static const char *const codes[][2] = {
    { "400", "what was sent does not mean what it should" }, { "401", "not signed in, or the signature is not right" }, { "403", "not allowed to this role" },
    { "404", "not there" },                                  { "409", "the state does not allow it" },             { "413", "too large" },
    { "415", "another content type is needed" },             { "422", "well formed, but not supported" },         { "429", "too often; Retry-After says when" },
    { "503", "not now" },
};

static json_t *error_ref(void)
{
    return json_pack("{s:{s:{s:s}}}", "application/json", "schema", "$ref", "#/components/schemas/Error");
}

static json_t *answer_of(const struct server_route *row)
{
    const char *gives = row->gives;
    json_t *schema;

    if (row->answer)
        return json_pack("{s:s, s:{s:{}}}", "description", "the content", "content", row->answer);
    if (!gives)
        return NULL;
    if (gives[0] == '[') {
        char fields[600];
        size_t n = strlen(gives);

        if (n < 2 || n - 2 >= sizeof fields)
            return NULL;
        memcpy(fields, gives + 1, n - 2);
        fields[n - 2] = '\0';
        schema = json_pack("{s:s, s:[s, s], s:{s:{s:s, s:o}, s:{}}}", "type", "object", "required", "rows", "next", "properties", "rows", "type", "array", "items",
                           spec_schema(fields), "next");
    } else {
        schema = spec_schema(gives);
    }
    return json_pack("{s:s, s:{s:{s:o}}}", "description", "done", "content", "application/json", "schema", schema);
}

static json_t *security_of(const struct server_route *row)
{
    json_t *list = json_array();

    if (list && row->who & PEOPLE) {
        (void)json_array_append_new(list, json_pack("{s:[]}", "session"));
        (void)json_array_append_new(list, json_pack("{s:[]}", "token"));
    }
    if (list && row->who & CART)
        (void)json_array_append_new(list, json_pack("{s:[], s:[], s:[]}", "cart", "cartTime", "cartSignature"));
    return list;
}

static json_t *operation(const struct server_route *row)
{
    json_t *answers = json_object(), *good = answer_of(row), *op, *roles = role_list(row->who);

    if (!answers || !roles)
        goto out;
    if (row->who & CART)
        (void)json_array_append_new(roles, json_string("cart"));
    if (row->who & ANYONE)
        (void)json_array_append_new(roles, json_string("anyone"));
    if (good)
        (void)json_object_set(answers, "200", good);
    else
        (void)json_object_set_new(answers, "204", json_pack("{s:s}", "description", "done"));
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        (void)json_object_set_new(answers, codes[i][0], json_pack("{s:s, s:o}", "description", codes[i][1], "content", error_ref()));
out:
    json_decref(good);
    op = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "operationId", row->id, "summary", row->text, "parameters",
                   spec_parameters(row->path, row->query, row->gives && row->gives[0] == '['), "responses", answers, "security", security_of(row), "x-roles", roles);
    if (op && row->body)
        (void)json_object_set_new(op, "requestBody", json_pack("{s:b, s:{s:{}}}", "required", 1, "content", row->body));
    else if (op && row->takes)
        (void)json_object_set_new(op, "requestBody", json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema", spec_schema(row->takes)));
    return op;
}

static const char *lower(const char *method)
{
    return method[0] == 'G' ? "get" : method[0] == 'D' ? "delete" : method[1] == 'O' ? "post" : "put";
}

enum trundle_status openapi_json(json_t **out, struct trundle_error *err)
{
    const struct server_route *row[SERVER_ROUTES_MAX];
    size_t n = server_routes(row, SERVER_ROUTES_MAX);
    json_t *paths = json_object(), *document;

    for (size_t i = 0; paths && i < n; i++) {
        json_t *path = json_object_get(paths, row[i]->path);

        if (!path && json_object_set_new(paths, row[i]->path, json_object()) == 0)
            path = json_object_get(paths, row[i]->path);
        (void)json_object_set_new(path, lower(row[i]->method), operation(row[i]));
    }
    document = json_pack("{s:s, s:{s:s, s:s, s:{s:s, s:s}}, s:o, s:{s:{s:{s:s, s:[s, s, s], s:{s:{s:s}, s:{s:s}, s:{s:s}}}}, "
                         "s:{s:{s:s, s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}}",
                         "openapi", "3.1.0", "info", "title", "Trundle hub", "version", TRUNDLE_VERSION, "license", "name", "Apache-2.0", "identifier", "Apache-2.0",
                         "paths", paths, "components", "schemas", "Error", "type", "object", "required", "where", "what", "hint", "properties", "where", "type", "string",
                         "what", "type", "string", "hint", "type", "string", "securitySchemes", "session", "type", "apiKey", "in", "cookie", "name", "__Host-trundle",
                         "token", "type", "http", "scheme", "bearer", "cart", "type", "apiKey", "in", "header", "name", "Trundle-Cart", "cartTime", "type", "apiKey", "in",
                         "header", "name", "Trundle-Time", "cartSignature", "type", "apiKey", "in", "header", "name", "Trundle-Signature");
    if (!document)
        return error_set(err, TRUNDLE_NO_MEMORY, "openapi", NULL, "no memory");
    *out = document;
    return TRUNDLE_OK;
}
