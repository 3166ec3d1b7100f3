/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * catalog/import - a catalog from the CSV files of a retailer; every bad row is reported with file, line, column, value, reason.
 *
 *     struct catalog_import import = { .on_problem = print, .user = stderr };
 *     TRY(catalog_import_dir("store/", &import, &catalog, err));
 *     printf("%zu rows, %zu skipped\n", import.rows, import.skipped);
 *
 * Files and columns (first row names them, any order, unknown ones refused; *: must be there):
 *   products.csv*   product* name* brand category by_weight mass_g mass_sd_g pack tax popularity
 *   prices.csv      product* price* unit valid_from valid_until member
 *   promotions.csv  id* name* kind* n m percent member valid_from valid_until products*
 *   planogram.csv   product* zone* x_m y_m
 *   retailer.json   {"currency":"EUR","digits":2,"prefixes":{"02":{"inside":"price","item_digits":5,"value_digits":4,"value_check":true}}}
 * docs/catalog.md says what each may hold. Threads: none; the functions with a folder read files, the others do no I/O.
 */
#pragma once

#include "base/catalog/catalog.h"

struct catalog_import {
    bool strict;                                       /* in: the first bad row ends the import with its error */
    void (*on_problem)(void *user, const struct trundle_error *problem);   /* in: may be NULL; called per bad row */
    void *user;
    size_t rows, skipped;                              /* out: data rows seen, rows left out */
};

/* The content of the files; n 0 is an absent file (products must be there). Borrowed. */
struct catalog_texts { struct { const void *bytes; size_t n; } products, prices, promotions, planogram, retailer; };

/* BAD_INPUT...: a header, retailer.json, or (strict) the first bad row. Without strict a bad row is reported, counted, skipped. */
TRUNDLE_MUST_USE enum trundle_status catalog_import_texts(const struct catalog_texts *texts, struct catalog_import *import,
                                                          struct catalog **out, struct trundle_error *err);
/* NOT_FOUND: no products.csv in the folder. */
TRUNDLE_MUST_USE enum trundle_status catalog_import_dir(const char *dir, struct catalog_import *import, struct catalog **out, struct trundle_error *err);
/* dir/catalog.sqlite when it is there, else the CSV files, bad rows skipped. `import` may be NULL. */
TRUNDLE_MUST_USE enum trundle_status catalog_load_dir(const char *dir, struct catalog_import *import, struct catalog **out, struct trundle_error *err);

/* "gtin:..", "plu:..", 8, 12, 13 or 14 digits with a check digit that holds, or a PLU of 4-5 digits. */
TRUNDLE_MUST_USE enum trundle_status catalog_product_parse(const char *text, struct trundle_product *out);
/* "330 ml", "6 x 330 ml", "1.5 L", "22 LB", "12/12 OZ", "1 DZ": quantity in "ml", "g" or "each". Ounces are of mass unless "fl oz";
 * lengths, areas and words without a number are no contents. NIST Handbook 44, appendix C, for the factors. */
TRUNDLE_MUST_USE enum trundle_status catalog_pack_parse(const char *text, double *out_quantity, char out_unit[8]);
/* "2026-01-31", "2026-01-31T08:00[:00](Z|+01:00)"; a date alone is midnight UTC. Unix ns; years 1970-2200. */
TRUNDLE_MUST_USE enum trundle_status catalog_time_parse(const char *text, int64_t *out_ns);
/* "1.99" with at most `digits` digits behind the point, not negative, at most 100,000 units. */
TRUNDLE_MUST_USE enum trundle_status catalog_money_parse(const char *text, int digits, int64_t *out_cents);

/* Calls back with what is lawful but unlikely to be wanted at wall_ns: no price now, a price of 0, no mass, a promotion without
 * products, a price that ends within a week. Returns how many. */
size_t catalog_check(const struct catalog *c, int64_t wall_ns, void (*on_problem)(void *user, const struct trundle_error *problem), void *user);
