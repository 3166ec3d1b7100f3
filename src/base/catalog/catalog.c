/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The catalog in memory: filling, sealing, looking up. */
#include "base/catalog/table.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct catalog *catalog_new(void)
{
    struct catalog *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    memcpy(c->currency, "EUR", 4);
    c->digits = 2;
    return c;
}

void catalog_free(struct catalog *c)
{
    if (!c)
        return;
    free(c->products);
    free(c->prices);
    free(c->promotions);
    free(c->promotion_products);
    free(c->price_first);
    free(c);
}

/* Room for one more of `size` bytes behind *n of them. */
static enum trundle_status grow(void **array, size_t size, size_t n, size_t *capacity, size_t limit)
{
    size_t want = *capacity ? *capacity * 2 : 64;
    void *more;

    if (n >= limit)
        return TRUNDLE_TOO_LARGE;
    if (n < *capacity)
        return TRUNDLE_OK;
    more = realloc(*array, want * size);
    if (!more)
        return TRUNDLE_NO_MEMORY;
    *array = more;
    *capacity = want;
    return TRUNDLE_OK;
}

enum trundle_status catalog_add_product(struct catalog *c, const struct catalog_product *p)
{
    void *array = c->products;

    TRY(grow(&array, sizeof *p, c->products_n, &c->products_capacity, CATALOG_PRODUCTS_MAX));
    c->products = array;
    c->products[c->products_n++] = *p;
    return TRUNDLE_OK;
}

enum trundle_status catalog_add_price(struct catalog *c, const struct catalog_price_row *p)
{
    void *array = c->prices;

    TRY(grow(&array, sizeof *p, c->prices_n, &c->prices_capacity, CATALOG_PRICES_MAX));
    c->prices = array;
    c->prices[c->prices_n++] = *p;
    return TRUNDLE_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct trundle_product *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

enum trundle_status catalog_add_promotion(struct catalog *c, const struct catalog_promotion *p, const struct trundle_product *products, size_t n)
{
    size_t first = c->promotion_products_n;
    void *array = c->promotions;

    TRY(grow(&array, sizeof *p, c->promotions_n, &c->promotions_capacity, CATALOG_PROMOTIONS_MAX));
    c->promotions = array;
    for (size_t i = 0; i < n; i++) {
        array = c->promotion_products;
        TRY(grow(&array, sizeof *products, c->promotion_products_n, &c->promotion_products_capacity, CATALOG_PROMOTION_PRODUCTS_MAX));
        c->promotion_products = array;
        c->promotion_products[c->promotion_products_n++] = products[i];
    }
    if (n)
        qsort(c->promotion_products + first, n, sizeof *products, by_key);
    c->promotions[c->promotions_n] = *p;
    c->promotions[c->promotions_n].products_first = (uint32_t)first;
    c->promotions[c->promotions_n++].products_n = (uint32_t)n;
    return TRUNDLE_OK;
}

static int order(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_product(const void *a, const void *b)
{
    const struct catalog_product *x = a, *y = b;

    return by_key(&x->key, &y->key);
}

/* All fields take part, so that equal rows are the only ties and the order is one. */
static int by_price(const void *a, const void *b)
{
    const struct catalog_price_row *x = a, *y = b;
    int way = by_key(&x->key, &y->key);

    way = way ? way : order(x->from_ns, y->from_ns);
    way = way ? way : order(x->until_ns, y->until_ns);
    way = way ? way : (int)x->member - (int)y->member;
    return way ? way : order(x->cents, y->cents);
}

static int by_id(const void *a, const void *b)
{
    const struct catalog_promotion *x = a, *y = b;

    return strcmp(x->id, y->id);
}

enum trundle_status catalog_seal(struct catalog *c, const char *where, struct trundle_error *err)
{
    char text[TRUNDLE_PRODUCT_TEXT];
    struct bytes json = { 0 };
    enum trundle_status status;
    size_t at = 0;

    if (c->products_n)
        qsort(c->products, c->products_n, sizeof *c->products, by_product);
    if (c->prices_n)
        qsort(c->prices, c->prices_n, sizeof *c->prices, by_price);
    if (c->promotions_n)
        qsort(c->promotions, c->promotions_n, sizeof *c->promotions, by_id);
    for (size_t i = 1; i < c->products_n; i++)
        if (c->products[i].key.key == c->products[i - 1].key.key)
            return error_set(err, TRUNDLE_CONFLICT, where, NULL, "product %s is there twice", trundle_product_text(c->products[i].key, text));
    for (size_t i = 1; i < c->promotions_n; i++)
        if (!strcmp(c->promotions[i].id, c->promotions[i - 1].id))
            return error_set(err, TRUNDLE_CONFLICT, where, NULL, "promotion '%s' is there twice", c->promotions[i].id);
    for (size_t i = 0; i < c->promotion_products_n; i++)
        if (!catalog_find(c, c->promotion_products[i]))
            return error_set(err, TRUNDLE_CONFLICT, where, NULL, "a promotion names %s, which is no product here",
                             trundle_product_text(c->promotion_products[i], text));
    free(c->price_first);
    c->price_first = calloc(c->products_n + 1, sizeof *c->price_first);
    if (!c->price_first)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %zu products", c->products_n);
    for (size_t i = 0; i < c->products_n; i++) {
        c->price_first[i] = (uint32_t)at;
        while (at < c->prices_n && c->prices[at].key.key == c->products[i].key.key)
            at++;
        c->price_first[i + 1] = (uint32_t)at;
        if (at < c->prices_n && c->prices[at].key.key < c->products[i].key.key)
            break;
    }
    if (at < c->prices_n)
        return error_set(err, TRUNDLE_CONFLICT, where, NULL, "a price names %s, which is no product here",
                         trundle_product_text(c->prices[at].key, text));
    status = catalog_to_json(c, NULL, 0, &json);
    if (status == TRUNDLE_OK)
        (void)hash_sha256(json.data, json.n, c->hash);
    else
        (void)error_set(err, status, where, NULL, "no memory for the catalog's text form");
    bytes_done(&json);
    return status;
}

size_t catalog_n(const struct catalog *c)
{
    return c->products_n;
}

const struct catalog_product *catalog_at(const struct catalog *c, size_t i)
{
    return c->products + i;
}

long catalog_index(const struct catalog *c, struct trundle_product key)
{
    size_t lo = 0, hi = c->products_n;

    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;

        if (c->products[middle].key.key < key.key)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < c->products_n && c->products[lo].key.key == key.key ? (long)lo : -1;
}

const struct catalog_product *catalog_find(const struct catalog *c, struct trundle_product key)
{
    long i = catalog_index(c, key);

    return i < 0 ? NULL : c->products + i;
}

enum trundle_status catalog_price(const struct catalog *c, struct trundle_product key, int64_t wall_ns, bool member, int64_t *out_cents)
{
    long i = catalog_index(c, key);
    int64_t best = -1;

    if (i < 0)
        return TRUNDLE_NOT_FOUND;
    for (size_t k = c->price_first[i]; k < c->price_first[i + 1]; k++) {
        const struct catalog_price_row *row = c->prices + k;

        if (row->from_ns <= wall_ns && wall_ns < row->until_ns && (member || !row->member) && (best < 0 || row->cents < best))
            best = row->cents;
    }
    if (best < 0)
        return TRUNDLE_NOT_FOUND;
    *out_cents = best;
    return TRUNDLE_OK;
}

size_t catalog_promotions_n(const struct catalog *c)
{
    return c->promotions_n;
}

const struct catalog_promotion *catalog_promotion_at(const struct catalog *c, size_t i)
{
    return c->promotions + i;
}

const struct trundle_product *catalog_promotion_products(const struct catalog *c, const struct catalog_promotion *p)
{
    return c->promotion_products + p->products_first;
}

const char *catalog_currency(const struct catalog *c)
{
    return c->currency;
}

int catalog_currency_digits(const struct catalog *c)
{
    return c->digits;
}

const struct catalog_prefix *catalog_prefix(const struct catalog *c, int prefix)
{
    static const struct catalog_prefix none;

    return prefix >= 0 && prefix < CATALOG_PREFIXES ? &c->prefix[prefix] : &none;
}

const char *catalog_hash(const struct catalog *c)
{
    return c->hash;
}
