/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Which route is a path? Plain text in, a row of the table out. */
#include "base/http/inside.h"

#include <string.h>

static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
static const char *const allowed[] = { "GET, HEAD", "POST", "PUT", "DELETE" };

/* Does `path` fit the pattern? Variable parts are copied behind each other into `parts`. */
static bool fits(const char *pattern, const char *path, char *parts, size_t size, struct http_request *request)
{
    const char *whole = pattern;
    size_t found = 0, n;

    request->rest = "";
    for (size_t i = 0; i < HTTP_PARTS; i++)
        request->part[i] = "";
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern != *path)
                return false;
            pattern++;
            path++;
            if (!*pattern && pattern[-1] == '/' && pattern - whole > 1 && *path) {
                request->rest = path;
                return true;
            }
            continue;
        }
        pattern += strcspn(pattern, "}");
        pattern += *pattern == '}';
        n = strcspn(path, "/");
        if (!n || found == HTTP_PARTS || n >= size)
            return false;
        memcpy(parts, path, n);
        parts[n] = '\0';
        request->part[found++] = parts;
        parts += n + 1;
        size -= n + 1;
        path += n;
    }
    return !*path;
}

const struct http_route *route_find(const struct http_config *config, const char *method, const char *path, char *parts, size_t size,
                                    struct http_request *request, char out_allow[HTTP_ALLOW])
{
    bool takes[COUNT_OF(methods)] = { false };

    out_allow[0] = '\0';
    for (size_t i = 0; i < config->routes_n; i++) {
        const struct http_route *route = &config->routes[i];

        if (!fits(route->path, path, parts, size, request))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        for (size_t m = 0; m < COUNT_OF(methods); m++)
            takes[m] = takes[m] || strcmp(route->method, methods[m]) == 0;
    }
    for (size_t m = 0; m < COUNT_OF(methods); m++)
        if (takes[m]) {
            if (out_allow[0])
                (void)strcat(out_allow, ", ");
            (void)strcat(out_allow, allowed[m]);
        }
    return NULL;
}

long route_file(const struct http_config *config, const char *path)
{
    for (size_t i = 0; i < config->files_n; i++)
        if (strcmp(config->files[i].path, path) == 0)
            return (long)i;
    return -1;
}
