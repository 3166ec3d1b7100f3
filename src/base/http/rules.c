/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Who may ask: plain text in, yes or no out. */
#include "base/http/http.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* Host without its port into `out`: "[::1]:80" gives "::1". */
static bool host_name(const char *host, char *out, size_t size)
{
    const char *end, *port;
    size_t n;

    if (host[0] == '[') {
        host++;
        end = strchr(host, ']');
        if (!end)
            return false;
        port = end + 1;
    } else {
        end = host + strcspn(host, ":");
        port = end;
    }
    if (*port && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1)))
        return false;
    n = (size_t)(end - host);
    if (!n || n >= size)
        return false;
    memcpy(out, host, n);
    out[n] = '\0';
    return true;
}

/* A name can be made to point here by whoever owns it (DNS rebinding); an address can't. */
bool http_host_allowed(const char *host, const char *const *hosts, size_t hosts_n)
{
    unsigned char address[16];
    char name[128];

    if (!host || !host_name(host, name, sizeof name))
        return false;
    if (strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return true;
    for (size_t i = 0; i < hosts_n; i++)
        if (strcasecmp(name, hosts[i]) == 0)
            return true;
    return false;
}

/* Programs that are not browsers send no Origin, and can't be tricked by a page. */
bool http_origin_allowed(const char *origin, const char *host)
{
    const char *rest;

    if (!origin)
        return true;
    if (!host)
        return false;
    if (strncmp(origin, "http://", 7) == 0)
        rest = origin + 7;
    else if (strncmp(origin, "https://", 8) == 0)
        rest = origin + 8;
    else
        return false;
    return strcasecmp(rest, host) == 0;
}
