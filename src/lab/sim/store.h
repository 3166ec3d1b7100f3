/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * sim/store - one invented store: brands, products, packs, prices, promotions, places, and its cart.
 *
 *     struct sim_store *store;
 *     TRY(sim_store_new(suite, 3, &store, err));
 *     const struct sim_product *p = &store->product[sim_store_pick(store, &rng)];
 *     sim_store_free(store);
 *
 * Everything follows from (suite, store id). Immutable once made; may be shared by threads.
 */
#pragma once

#include "lab/sim/suite.h"

#include "base/std/rng.h"
#include "cart/calib/cart_file.h"

struct sim_product {
    struct trundle_product key;
    char     name[96], brand[SUITE_TEXT];
    const struct suite_category *category; /* NULL for produce */
    const struct suite_produce *produce;   /* NULL for packaged products */
    enum suite_pack pack;
    bool     upca;
    double   quantity;                     /* of a multipack: of each piece */
    int      count;                        /* pieces of a multipack, else 1 */
    enum suite_pack piece;                 /* what they are: SUITE_CAN, SUITE_CLEAR_BOTTLE or SUITE_GLASS; else as pack */
    uint32_t family;                       /* of one brand and category, told apart by flavour, colour or size; from 1 on, 0 of produce */
    bool     text_only;                    /* members of the family differ in the flavour's text only */
    bool     redesign;                     /* on sale in an old and a new print */
    bool     rich;                         /* shaped and printed by the rich code; look.h */
    uint64_t art;                          /* seed of the family's design */
    float    gloss, clear;                 /* sim_solid; of the pack as a whole */
    const char *photo;                     /* file for its front, or NULL; owned by the store */
    const char *word, *flavour;
    double   mass_g, mass_sd_g;            /* of one item; of one piece of produce */
    double   size_m[3];                    /* bounding box, upright; of one piece */
    int64_t  cents, member_cents;          /* per item or per kg; member 0: none */
    bool     unlisted;                     /* on the shelf, not in the catalog */
    int64_t  listed_cents;                 /* what the catalog says it costs: an old price, or `cents` */
    double   popularity;                   /* sums to 1 over the store */
    uint8_t  base[3], accent[3], ink[3], strip[3];   /* colours of the print */
    uint32_t layout;                       /* of the brand: where the name stands, which motif */
    char     zone[SUITE_TEXT];
    double   zone_x_m, zone_y_m;
};

struct sim_promotion { bool n_for_m, member; int n, m, percent; size_t first, products_n; char name[SUITE_TEXT * 2]; };

struct sim_store {
    const struct sim_suite *suite;         /* borrowed */
    int64_t id;
    size_t products_n;                     /* packaged first, then produce */
    struct sim_product product[SUITE_PRODUCTS_MAX + SUITE_PRODUCE];
    size_t promotions_n;
    struct sim_promotion promotion[128];   /* over product[first..first+products_n-1] */
    struct cart_file cart;                 /* what the cart file says */
    struct cart_cells true_cells;          /* what the cells really do */
    struct cart_camera true_camera[TRUNDLE_CAMERAS_MAX];   /* where the cameras really are */
    double resonance_hz, damping, roughness_ms2, tint[3];
    float odds[SUITE_CATEGORIES + 1][SUITE_CATEGORIES + 1];    /* of category i in a basket with category k; the last is produce */
    size_t photos_n;
    char **photo;                          /* owned */
    bool catalog_stale, catalog_missing;   /* some products have listed_cents != cents; are unlisted */
};

TRUNDLE_MUST_USE enum trundle_status sim_store_new(const struct sim_suite *suite, int64_t id, struct sim_store **out, struct trundle_error *err);
void sim_store_free(struct sim_store *store);

/* A product by popularity. */
size_t sim_store_pick(const struct sim_store *store, struct rng *rng);
/* A product by popularity and by what is in the basket already (places in store->product, n may be 0): aggregate pair odds. */
size_t sim_store_pick_next(const struct sim_store *store, struct rng *rng, const size_t *basket, size_t n);
/* Another product of the same family: what differs is flavour text, colour or size. Produce has none. */
bool sim_product_sibling(const struct sim_store *store, size_t i, size_t j);
/* How many siblings of product i are on sale. */
size_t sim_store_siblings(const struct sim_store *store, size_t i);
/* Mass of a fresh item (of one piece of produce), g: normal, cut at 3.5 sd. */
double sim_product_mass(const struct sim_product *p, struct rng *rng);
/* Cents of an item: per item, or by weight rounded to the scale interval, half up. Promotions are not in it. */
int64_t sim_product_cents(const struct sim_store *store, const struct sim_product *p, double mass_g, bool member);
/* Digits of the code as a scanner says them: 13 (EAN-13) or 12 (UPC-A), and the NUL. Packaged products only. */
const char *sim_product_code(const struct sim_product *p, char out[16]);

/* Unix time at which a trip starts; a store's prices and promotions are dated around its own trips. */
double sim_wall_s(const struct sim_suite *suite, int64_t seed);

/* The five catalog files; folder exists. */
TRUNDLE_MUST_USE enum trundle_status sim_store_write_catalog(const struct sim_store *store, const char *folder, struct trundle_error *err);
/* The same through the importer of base/catalog, without touching a disk: what a trip embeds. */
struct catalog;
TRUNDLE_MUST_USE enum trundle_status sim_store_catalog(const struct sim_store *store, struct catalog **out, struct trundle_error *err);
