/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The console: each file of web/hub with its path and type. web/hub/meson.build makes the same names. */
#include "hub/server/page.h"
#include "base/std/status.h"

#define FILES(F) \
    F(index, "/", "text/html; charset=utf-8")              \
    F(script, "/console.js", "text/javascript; charset=utf-8") \
    F(style, "/console.css", "text/css; charset=utf-8")    \
    F(icon, "/icon.svg", "image/svg+xml")

#define DECLARE(name, path, type)                \
    extern const unsigned char embed_hub_##name[]; \
    extern const size_t embed_hub_##name##_n;
FILES(DECLARE)

const struct http_file server_page[] = {
#define ROW(name, path, type) { path, type, embed_hub_##name, &embed_hub_##name##_n },
    FILES(ROW)
};
const size_t server_page_n = COUNT_OF(server_page);
