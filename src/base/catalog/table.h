/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * catalog/table - inside of a catalog, for the files of this room only: whoever reads one from somewhere fills the arrays in any
 * order and seals it; from then on it is immutable.
 */
#pragma once

#include "base/catalog/catalog.h"
#include "base/std/json.h"

enum { CATALOG_PRICES_MAX = 2000000, CATALOG_PROMOTIONS_MAX = 20000, CATALOG_PROMOTION_PRODUCTS_MAX = 1000000, CATALOG_PREFIXES = 30 };

struct catalog {
    struct catalog_product *products;          size_t products_n, products_capacity;
    struct catalog_price_row *prices;          size_t prices_n, prices_capacity;
    struct catalog_promotion *promotions;      size_t promotions_n, promotions_capacity;
    struct trundle_product *promotion_products; size_t promotion_products_n, promotion_products_capacity;
    uint32_t *price_first;                     /* products_n + 1 entries once sealed */
    char currency[4];
    int  digits;
    struct catalog_prefix prefix[CATALOG_PREFIXES];
    char hash[65];
};

/* An empty catalog: EUR, two digits, no prefixes. NULL: no memory. */
struct catalog *catalog_new(void);
TRUNDLE_MUST_USE enum trundle_status catalog_add_product(struct catalog *c, const struct catalog_product *p);
TRUNDLE_MUST_USE enum trundle_status catalog_add_price(struct catalog *c, const struct catalog_price_row *p);
/* `products_first` and `products_n` are set here; the products are added in key order. */
TRUNDLE_MUST_USE enum trundle_status catalog_add_promotion(struct catalog *c, const struct catalog_promotion *p,
                                                           const struct trundle_product *products, size_t n);
/* Sorts, indexes, checks that keys are unique and known, hashes. CONFLICT, TOO_LARGE. */
TRUNDLE_MUST_USE enum trundle_status catalog_seal(struct catalog *c, const char *where, struct trundle_error *err);
/* Reads "currency", "digits", "prefixes" (each may be absent). */
TRUNDLE_MUST_USE enum trundle_status catalog_take_retailer(const struct json_at *at, struct catalog *c, struct trundle_error *err);
