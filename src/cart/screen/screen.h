/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * screen - the touchscreen's server: the page (web/cart), the state it shows, pictures, and what the shopper touches.
 *
 *     struct screen_config config = { .address = "127.0.0.1:8480", .user = runtime, .touch = on_touch, .picture = on_picture };
 *     TRY(screen_start(&config, &screen, err));
 *     TRY(screen_publish(screen, state_json, n));        -- the state of docs/touchscreen.md, whenever it changes
 *     puts(screen_url(screen));
 *     screen_stop(screen);
 *
 * It decides nothing: the state comes from the runtime, touches go to the runtime. A touch is checked here for its form
 * (known kind, the fields it needs, ranges, check digits), never for its sense.
 * Threads: screen_publish from any thread. The callbacks run on the server's thread, one at a time, and must not wait.
 */
#pragma once

#include "base/std/bytes.h"

#include <trundle/message.h>

struct screen;                             /* owned by who started it */

enum { SCREEN_TOUCH_BYTES_MAX = 4096, SCREEN_STATE_BYTES_MAX = 1 << 20, SCREEN_COUNT_MAX = 999, SCREEN_QUERY_MAX = 64 };

/* Callbacks append to `out` (taken over by the server) and return OK, or fill `err`: NOT_FOUND gives the browser a 404, for
 * which the page has a drawing of its own. Each may be NULL: never anything there. */
struct screen_config {
    const char *address;                   /* "IP:PORT", port 0 any free one; default "127.0.0.1:8480" */
    void *user;                            /* borrowed, given to the callbacks */

    /* A product's picture. *out_type: static text, "image/jpeg" unless set. */
    enum trundle_status (*picture)(void *user, struct trundle_product product, struct bytes *out, const char **out_type, struct trundle_error *err);
    /* The masked picture of the moment a line came about. */
    enum trundle_status (*moment)(void *user, uint32_t line, struct bytes *out, const char **out_type, struct trundle_error *err);
    /* JSON {"items":[{"product","name","picture","unit_price_cents","unit"}]}: the produce of the picker when `query` is empty, else at
     * most 12 products whose name, PLU or GTIN has it. `query` is at most SCREEN_QUERY_MAX bytes of any content. */
    enum trundle_status (*find)(void *user, const char *query, struct bytes *out, struct trundle_error *err);
    /* A touch, well formed. FULL when it can't be taken now (the page says so and offers it again). */
    enum trundle_status (*touch)(void *user, const struct trundle_touch *touch, struct trundle_error *err);
};

/* DEVICE: the port is in use (err names it). BAD_ARG: address. */
TRUNDLE_MUST_USE enum trundle_status screen_start(const struct screen_config *config, struct screen **out_screen, struct trundle_error *err);
/* Copies; sends to all clients, and to every new one until the next call. TOO_LARGE over SCREEN_STATE_BYTES_MAX, NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status screen_publish(struct screen *screen, const char *state_json, size_t n);
/* "http://127.0.0.1:8480". Borrowed. */
const char *screen_url(const struct screen *screen);
/* Pages connected now. */
size_t screen_clients(const struct screen *screen);
/* NULL is fine. */
void screen_stop(struct screen *screen);

/* What POST /touch takes (docs/touchscreen.md). BAD_INPUT names the field. */
TRUNDLE_MUST_USE enum trundle_status screen_touch_parse(const void *json, size_t n, struct trundle_touch *out_touch, struct trundle_error *err);
/* "gtin-04011200296908", "plu-4011" (a product's key in an address) to the product; NOT_FOUND when it is none. */
TRUNDLE_MUST_USE enum trundle_status screen_key_parse(const char *key, struct trundle_product *out_product, struct trundle_error *err);
