/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * catalog - products, prices and their validity, pack sizes, promotions, planogram; read-only while a trip runs.
 *
 *     struct catalog *c;
 *     TRY(catalog_open("store/catalog.sqlite", &c, err));
 *     const struct catalog_product *p = catalog_find(c, key);
 *     if (p && catalog_price(c, key, wall_ns, member, &cents) == TRUNDLE_OK) ...
 *     catalog_free(c);
 *
 * In memory a catalog is one immutable table in key order; the look-ups here do no I/O and allocate nothing, so the brain
 * may use them. Import from CSV and the SQLite file are in import.h and store.h of this room.
 * Threads: an opened catalog may be read by any number of threads.
 */
#pragma once

#include "base/std/bytes.h"

#include <stdbool.h>
#include <trundle/product.h>

enum { CATALOG_NAME = 96, CATALOG_SHORT = 48, CATALOG_PRODUCTS_MAX = 200000 };

struct catalog_product {
    struct trundle_product key;
    char     name[CATALOG_NAME];        /* UTF-8, what the receipt prints */
    char     brand[CATALOG_SHORT];
    char     category[CATALOG_SHORT];   /* taxonomy path with '/', e.g. "dairy/milk" */
    bool     by_weight;                 /* sold by mass; price per kg */
    double   mass_g, mass_sd_g;         /* of one item, packing included, unit to unit; NAN not known. By weight: of one piece */
    double   pack_quantity;             /* content: 330 */
    char     pack_unit[8];              /* "ml" "g" "each"; quantity is normalised to these three */
    int32_t  tax_bp;                    /* basis points contained in the price: 700 is 7 % */
    double   popularity;                /* relative frequency of purchase, > 0; 1 when not given */
    char     zone[CATALOG_SHORT];       /* planogram zone; empty when not placed */
    double   zone_x_m, zone_y_m;        /* store frame; NAN when not placed */
};

struct catalog_price_row {
    struct trundle_product key;
    int64_t from_ns, until_ns;          /* Unix ns, [from, until); INT64_MIN / INT64_MAX when open */
    int64_t cents;                      /* per item, or per kg when by weight; >= 0 */
    bool    member;                     /* holds for members only */
};

enum catalog_promotion_kind { CATALOG_N_FOR_M = 1, CATALOG_PERCENT = 2 };

/* n for m: of every n items of the group the cheapest n - m are free. percent: off each item of the group. */
struct catalog_promotion {
    char    id[CATALOG_SHORT];
    char    name[CATALOG_NAME];
    enum catalog_promotion_kind kind;
    int32_t n, m;                       /* n for m */
    int32_t percent_bp;                 /* percent, basis points */
    bool    member;
    int64_t from_ns, until_ns;
    uint32_t products_first, products_n;   /* slice of catalog_promotion_products() */
};

struct catalog;

size_t catalog_n(const struct catalog *c);
/* i < catalog_n, in key order. */
const struct catalog_product *catalog_at(const struct catalog *c, size_t i);
/* NULL when absent. */
const struct catalog_product *catalog_find(const struct catalog *c, struct trundle_product key);
/* Index of a product in key order, or -1. */
long catalog_index(const struct catalog *c, struct trundle_product key);

/* The price valid at wall_ns: the lowest of those that hold (a member also sees the others). NOT_FOUND: none is valid. */
TRUNDLE_MUST_USE enum trundle_status catalog_price(const struct catalog *c, struct trundle_product key, int64_t wall_ns, bool member, int64_t *out_cents);

size_t catalog_promotions_n(const struct catalog *c);
const struct catalog_promotion *catalog_promotion_at(const struct catalog *c, size_t i);
const struct trundle_product *catalog_promotion_products(const struct catalog *c, const struct catalog_promotion *p);

/* ISO 4217 code of all prices, and the number of digits behind the point (EUR 2). */
const char *catalog_currency(const struct catalog *c);
int         catalog_currency_digits(const struct catalog *c);

/* Restricted circulation: which two-digit EAN-13 prefixes carry a price or a weight inside, per retailer. */
enum catalog_inside { CATALOG_INSIDE_NONE = 0, CATALOG_INSIDE_PRICE = 1, CATALOG_INSIDE_WEIGHT = 2 };
struct catalog_prefix {
    enum catalog_inside inside;
    uint8_t item_digits;                /* digits after the prefix that name the item (its PLU), 4 or 5 */
    uint8_t value_digits;               /* then price in cents or weight in g, 4 or 5 */
    bool    value_check;                /* a check digit stands before the value */
};
/* `prefix` 20..29 or 2 (02). */
const struct catalog_prefix *catalog_prefix(const struct catalog *c, int prefix);

/* Canonical JSON of the whole catalog (keys NULL) or of the named products with everything that concerns them; the same
 * catalog gives the same bytes. `catalog_from_json` reads both. What trips embed, and what libtrundle is given. */
TRUNDLE_MUST_USE enum trundle_status catalog_to_json(const struct catalog *c, const struct trundle_product *keys, size_t n, struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status catalog_from_json(const void *bytes, size_t n, const char *where, struct catalog **out, struct trundle_error *err);
/* sha256 (hex) of the canonical JSON of the whole catalog: the catalog's identity in trip heads. Static in the catalog. */
const char *catalog_hash(const struct catalog *c);
void catalog_free(struct catalog *c);
