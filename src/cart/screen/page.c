/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Which file of web/cart is served at which address. */
#include "cart/screen/page.h"
#include "base/std/status.h"

#define JAVASCRIPT "text/javascript; charset=utf-8"

/* F(name, address, type): embed_cart_NAME comes from tools/embed.sh. */
#define FILES(F)                                          \
    F(index, "/", "text/html; charset=utf-8")             \
    F(style, "/cart.css", "text/css; charset=utf-8")      \
    F(main, "/cart.js", JAVASCRIPT)                       \
    F(link, "/link.js", JAVASCRIPT)                       \
    F(draw, "/draw.js", JAVASCRIPT)                       \
    F(view, "/view.js", JAVASCRIPT)                       \
    F(sheet, "/sheet.js", JAVASCRIPT)                     \
    F(qr, "/qr.js", JAVASCRIPT)                           \
    F(en, "/text/en.js", JAVASCRIPT)                      \
    F(es, "/text/es.js", JAVASCRIPT)                      \
    F(icon, "/icon.svg", "image/svg+xml")

#define DECLARE(name, path, type)                 \
    extern const unsigned char embed_cart_##name[]; \
    extern const size_t embed_cart_##name##_n;
FILES(DECLARE)

const struct http_file screen_page[] = {
#define ROW(name, path, type) { path, type, embed_cart_##name, &embed_cart_##name##_n },
    FILES(ROW)
};
const size_t screen_page_n = COUNT_OF(screen_page);
