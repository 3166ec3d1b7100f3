/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* CSV rows to a sealed catalog. Each file has one function per row; a bad row is reported at its cell and left out. */
#include "base/catalog/import.h"

#include "base/catalog/store.h"
#include "base/catalog/table.h"
#include "base/std/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 12, MASS_LIMIT_G = 100000 };

/* Where a row stood, for problems that show only when all rows are read. */
struct place { uint32_t line, column; };

/* Where in the catalog a product stands while it is not sorted yet: open addressing, at most half full. */
struct known { struct trundle_product *key; uint32_t *at; size_t n, capacity; };      /* owned */

struct reading {
    struct csv csv;
    const char *const *names;          /* of the columns */
    int index[COLUMNS_MAX];
    struct catalog *c;
    struct known known;
    struct place *price_place;         /* owned; of each price */
    size_t price_place_capacity;
    struct catalog_import *import;
    struct trundle_error *err;         /* of the running row */
};

static const char *cell(const struct reading *r, int column)
{
    int i = r->index[column];

    return i >= 0 && (size_t)i < r->csv.fields_n ? r->csv.field[i].text : "";
}

/* Refuses the row at a cell: file, line, column, value, reason. */
static enum trundle_status bad(struct reading *r, int column, const char *reason, const char *hint)
{
    char at[CSV_AT_TEXT], where[CSV_AT_TEXT + 32];
    int i = r->index[column];

    (void)snprintf(where, sizeof where, "%s (%s)", csv_at(&r->csv, i >= 0 ? (size_t)i : r->csv.fields_n, at), r->names[column]);
    return error_set(r->err, TRUNDLE_BAD_INPUT, where, hint, "'%.80s' %s", cell(r, column), reason);
}

static size_t slot_of(const struct known *k, struct trundle_product key)
{
    size_t i = (size_t)((key.key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) % k->capacity;

    while (k->key[i].key && k->key[i].key != key.key)
        i = (i + 1) % k->capacity;
    return i;
}

static void known_done(struct known *k)
{
    free(k->key);
    free(k->at);
}

static struct catalog_product *find(struct reading *r, struct trundle_product key)
{
    size_t i;

    if (!r->known.capacity)
        return NULL;
    i = slot_of(&r->known, key);
    return r->known.key[i].key ? &r->c->products[r->known.at[i]] : NULL;
}

static void known_put(struct known *k, struct trundle_product key, uint32_t at)
{
    size_t i = slot_of(k, key);

    k->key[i] = key;
    k->at[i] = at;
    k->n++;
}

static enum trundle_status remember(struct reading *r, struct trundle_product key)
{
    struct known *k = &r->known;

    if (2 * (k->n + 1) > k->capacity) {
        struct known more = { .capacity = k->capacity ? 2 * k->capacity : 1024 };

        more.key = calloc(more.capacity, sizeof *more.key);
        more.at = calloc(more.capacity, sizeof *more.at);
        if (!more.key || !more.at) {
            known_done(&more);
            return TRUNDLE_NO_MEMORY;
        }
        for (size_t i = 0; i < k->capacity; i++)
            if (k->key[i].key)
                known_put(&more, k->key[i], k->at[i]);
        known_done(k);
        *k = more;
    }
    known_put(k, key, (uint32_t)(r->c->products_n - 1));
    return TRUNDLE_OK;
}

static enum trundle_status take_text(struct reading *r, int column, char *out, size_t size)
{
    const char *text = cell(r, column);

    if (strlen(text) >= size)
        return bad(r, column, size == CATALOG_NAME ? "is over 95 bytes" : "is over 47 bytes", "shorten it");
    if (strpbrk(text, "\r\n\t"))
        return bad(r, column, "has a line end or tab inside", NULL);
    memcpy(out, text, strlen(text) + 1);
    return TRUNDLE_OK;
}

static enum trundle_status take_bool(struct reading *r, int column, bool *out)
{
    const char *text = cell(r, column);

    if (!*text || !strcmp(text, "0") || !strcmp(text, "false") || !strcmp(text, "no"))
        *out = false;
    else if (!strcmp(text, "1") || !strcmp(text, "true") || !strcmp(text, "yes"))
        *out = true;
    else
        return bad(r, column, "is not yes or no", "1 true yes, 0 false no, or empty for no");
    return TRUNDLE_OK;
}

static enum trundle_status take_number(struct reading *r, int column, double lo, double hi, double empty, double *out, const char *range)
{
    const char *text = cell(r, column);

    if (!*text) {
        *out = empty;
        return TRUNDLE_OK;
    }
    if (!csv_number(text, out))
        return bad(r, column, "is not a finite number", "decimal point, no unit: 182.5");
    return *out >= lo && *out <= hi ? TRUNDLE_OK : bad(r, column, range, NULL);
}

/* "7%" or "7" or "5.5 %", in basis points. */
static enum trundle_status take_percent(struct reading *r, int column, int32_t least, int32_t *out)
{
    const char *text = cell(r, column);
    char digits[16];
    size_t n = strlen(text);
    int64_t bp = 0;

    while (n && (text[n - 1] == '%' || text[n - 1] == ' '))
        n--;
    if (n >= sizeof digits)
        return bad(r, column, "is not a percentage", "as 7% or 5.5%");
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (n && catalog_money_parse(digits, 2, &bp) != TRUNDLE_OK)
        return bad(r, column, "is not a percentage", "as 7% or 5.5%");
    if (bp < least || bp > 10000)
        return bad(r, column, "is not between 0 and 100 %", NULL);
    *out = (int32_t)bp;
    return TRUNDLE_OK;
}

static enum trundle_status take_key(struct reading *r, int column, struct trundle_product *out)
{
    const char *text = cell(r, column);

    if (!*text)
        return bad(r, column, "names no product", NULL);
    if (catalog_product_parse(text, out) == TRUNDLE_OK)
        return TRUNDLE_OK;
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) >= 8 && strlen(text) <= 14)
        return bad(r, column, "is no GTIN: wrong length or check digit", "8, 12, 13 or 14 digits; a spreadsheet may have cut leading zeros");
    return bad(r, column, "is no product", "gtin:<14 digits>, plu:<4-5 digits>, or the digits alone");
}

static enum trundle_status take_validity(struct reading *r, int from, int until, int64_t *from_ns, int64_t *until_ns)
{
    static const char hint[] = "2026-01-31 or 2026-01-31T08:00Z; empty for open";

    *from_ns = INT64_MIN;
    *until_ns = INT64_MAX;
    if (*cell(r, from) && catalog_time_parse(cell(r, from), from_ns) != TRUNDLE_OK)
        return bad(r, from, "is no date", hint);
    if (*cell(r, until) && catalog_time_parse(cell(r, until), until_ns) != TRUNDLE_OK)
        return bad(r, until, "is no date", hint);
    return *from_ns < *until_ns ? TRUNDLE_OK : bad(r, until, "is not after valid_from", "valid_until is the first instant at which it no longer holds");
}

enum { P_PRODUCT, P_NAME, P_BRAND, P_CATEGORY, P_BY_WEIGHT, P_MASS, P_MASS_SD, P_PACK, P_TAX, P_POPULARITY, P_COLUMNS };
static const char *const product_columns[] = { "product", "name", "brand", "category", "by_weight", "mass_g", "mass_sd_g", "pack", "tax", "popularity" };

static enum trundle_status product_row(struct reading *r)
{
    struct catalog_product p = { .pack_quantity = (double)NAN, .zone_x_m = (double)NAN, .zone_y_m = (double)NAN };
    enum trundle_status status;

    TRY(take_key(r, P_PRODUCT, &p.key));
    if (find(r, p.key))
        return bad(r, P_PRODUCT, "is there twice", "the first row holds");
    TRY(take_text(r, P_NAME, p.name, sizeof p.name));
    if (!p.name[strspn(p.name, " ")])
        return bad(r, P_NAME, "is no name", "the receipt prints it");
    TRY(take_text(r, P_BRAND, p.brand, sizeof p.brand));
    TRY(take_text(r, P_CATEGORY, p.category, sizeof p.category));
    TRY(take_bool(r, P_BY_WEIGHT, &p.by_weight));
    TRY(take_number(r, P_MASS, 1e-3, MASS_LIMIT_G, (double)NAN, &p.mass_g, "is not between 0 and 100,000 g"));
    TRY(take_number(r, P_MASS_SD, 0, MASS_LIMIT_G, (double)NAN, &p.mass_sd_g, "is not between 0 and 100,000 g"));
    if (!isnan(p.mass_sd_g) && isnan(p.mass_g))
        return bad(r, P_MASS_SD, "is a spread without mass_g", NULL);
    if (*cell(r, P_PACK) && catalog_pack_parse(cell(r, P_PACK), &p.pack_quantity, p.pack_unit) != TRUNDLE_OK)
        return bad(r, P_PACK, "is no pack size", "as 330 ml, 6 x 330 ml, 1.5 L, 22 LB, 12 CT; empty when not known");
    TRY(take_percent(r, P_TAX, 0, &p.tax_bp));
    TRY(take_number(r, P_POPULARITY, 1e-12, 1e12, 1, &p.popularity, "is not over 0"));
    status = catalog_add_product(r->c, &p);
    return status == TRUNDLE_OK ? remember(r, p.key) : status;
}

enum { R_PRODUCT, R_PRICE, R_UNIT, R_FROM, R_UNTIL, R_MEMBER, R_COLUMNS };
static const char *const price_columns[] = { "product", "price", "unit", "valid_from", "valid_until", "member" };

/* Price per unit of mass to price per kg, rounded half up: grams as an exact decimal fraction of a kg. */
static const struct { const char *name; int64_t micrograms; } mass_units[] = {
    { "kg", 1000000000 }, { "g", 1000000 }, { "100g", 100000000 }, { "100 g", 100000000 }, { "lb", 453592370 },
};

static enum trundle_status price_row(struct reading *r)
{
    struct catalog_price_row p;
    const struct catalog_product *product;
    const char *unit = cell(r, R_UNIT), *price = cell(r, R_PRICE);
    char lower[8] = "";
    bool each;
    struct place *places;

    TRY(take_key(r, R_PRODUCT, &p.key));
    product = find(r, p.key);
    if (!product)
        return bad(r, R_PRODUCT, "is not in products.csv", NULL);
    if (catalog_money_parse(price, r->c->digits, &p.cents) != TRUNDLE_OK) {
        if (*price == '-')
            return bad(r, R_PRICE, "is negative", NULL);
        return bad(r, R_PRICE, strchr(price, ',') ? "has a decimal comma" : "is no price",
                   "digits and a decimal point, no currency sign, no more decimals than the currency has, at most 100000");
    }
    for (size_t i = 0; i < sizeof lower - 1 && unit[i]; i++)
        lower[i] = (char)(unit[i] >= 'A' && unit[i] <= 'Z' ? unit[i] - 'A' + 'a' : unit[i]);
    each = !*unit ? !product->by_weight : !strcmp(lower, "each");
    if (each && product->by_weight)
        return bad(r, R_UNIT, "prices each a product that is sold by weight", "kg, 100g, g or lb");
    if (!each) {
        size_t i = 0;

        while (i < COUNT_OF(mass_units) && strcmp(*unit ? lower : "kg", mass_units[i].name) != 0)
            i++;
        if (i == COUNT_OF(mass_units) || strlen(unit) >= sizeof lower)
            return bad(r, R_UNIT, "is no unit of sale", "each, kg, 100g, g or lb");
        if (!product->by_weight)
            return bad(r, R_UNIT, "prices by weight a product that is sold each", "each, or by_weight in products.csv");
        p.cents = (p.cents * 1000000000 + mass_units[i].micrograms / 2) / mass_units[i].micrograms;
    }
    TRY(take_validity(r, R_FROM, R_UNTIL, &p.from_ns, &p.until_ns));
    TRY(take_bool(r, R_MEMBER, &p.member));
    TRY(catalog_add_price(r->c, &p));
    if (r->c->prices_n > r->price_place_capacity) {
        places = realloc(r->price_place, r->c->prices_capacity * sizeof *places);
        if (!places)
            return TRUNDLE_NO_MEMORY;
        r->price_place = places;
        r->price_place_capacity = r->c->prices_capacity;
    }
    r->price_place[r->c->prices_n - 1] = (struct place){ r->csv.field[0].line, r->csv.field[r->index[R_PRICE]].column };
    return TRUNDLE_OK;
}

enum { O_ID, O_NAME, O_KIND, O_PRODUCTS, O_N, O_M, O_PERCENT, O_MEMBER, O_FROM, O_UNTIL, O_COLUMNS };
static const char *const promotion_columns[] = { "id", "name", "kind", "products", "n", "m", "percent", "member", "valid_from", "valid_until" };

static enum trundle_status promotion_products(struct reading *r, const struct catalog_promotion *p)
{
    const char *text = cell(r, O_PRODUCTS);
    struct trundle_product *keys = calloc(strlen(text) / 4 + 1, sizeof *keys);
    enum trundle_status status = TRUNDLE_OK;
    size_t n = 0;

    if (!keys)
        return TRUNDLE_NO_MEMORY;
    while (*(text += strspn(text, " "))) {
        char one[TRUNDLE_PRODUCT_TEXT];
        size_t length = strcspn(text, " ");

        (void)snprintf(one, sizeof one, "%.*s", (int)(length < sizeof one ? length : 0), text);
        text += length;
        if (catalog_product_parse(one, &keys[n]) != TRUNDLE_OK || !find(r, keys[n])) {
            char reason[96];

            (void)snprintf(reason, sizeof reason, "names '%s', which is not in products.csv", one);
            status = bad(r, O_PRODUCTS, reason, NULL);
            goto out;
        }
        for (size_t i = 0; i < n; i++)
            if (keys[i].key == keys[n].key) {
                status = bad(r, O_PRODUCTS, "names a product twice", NULL);
                goto out;
            }
        n++;
    }
    status = n ? catalog_add_promotion(r->c, p, keys, n) : bad(r, O_PRODUCTS, "names no product", "keys separated by spaces");
out:
    free(keys);
    return status;
}

static enum trundle_status promotion_row(struct reading *r)
{
    struct catalog_promotion p = { 0 };
    double n, m;

    TRY(take_text(r, O_ID, p.id, sizeof p.id));
    if (!*p.id)
        return bad(r, O_ID, "is no id", NULL);
    for (size_t i = 0; i < r->c->promotions_n; i++)
        if (!strcmp(r->c->promotions[i].id, p.id))
            return bad(r, O_ID, "is there twice", "the first row holds");
    TRY(take_text(r, O_NAME, p.name, sizeof p.name));
    if (!strcmp(cell(r, O_KIND), "n_for_m")) {
        p.kind = CATALOG_N_FOR_M;
        TRY(take_number(r, O_N, 2, 1000, 0, &n, "is not between 2 and 1000"));
        TRY(take_number(r, O_M, 1, 999, 0, &m, "is not between 1 and 999"));
        if (n < 2 || n != floor(n))
            return bad(r, O_N, "is no whole number from 2", NULL);
        if (m < 1 || m != floor(m) || m >= n)
            return bad(r, O_M, "is no whole number from 1 to n - 1", "3 for 2 is n 3, m 2");
        p.n = (int32_t)n;
        p.m = (int32_t)m;
    } else if (!strcmp(cell(r, O_KIND), "percent")) {
        p.kind = CATALOG_PERCENT;
        TRY(take_percent(r, O_PERCENT, 1, &p.percent_bp));
    } else {
        return bad(r, O_KIND, "is no kind of promotion", "n_for_m or percent");
    }
    TRY(take_bool(r, O_MEMBER, &p.member));
    TRY(take_validity(r, O_FROM, O_UNTIL, &p.from_ns, &p.until_ns));
    return promotion_products(r, &p);
}

enum { G_PRODUCT, G_ZONE, G_X, G_Y, G_COLUMNS };
static const char *const planogram_columns[] = { "product", "zone", "x_m", "y_m" };

static enum trundle_status planogram_row(struct reading *r)
{
    struct catalog_product *p;
    struct trundle_product key;
    char zone[CATALOG_SHORT];
    double x, y;

    TRY(take_key(r, G_PRODUCT, &key));
    p = find(r, key);
    if (!p)
        return bad(r, G_PRODUCT, "is not in products.csv", NULL);
    if (*p->zone)
        return bad(r, G_PRODUCT, "is placed twice", "the first row holds");
    TRY(take_text(r, G_ZONE, zone, sizeof zone));
    if (!*zone)
        return bad(r, G_ZONE, "is no zone", NULL);
    TRY(take_number(r, G_X, -1e4, 1e4, (double)NAN, &x, "is not within 10 km"));
    TRY(take_number(r, G_Y, -1e4, 1e4, (double)NAN, &y, "is not within 10 km"));
    if (isnan(x) != isnan(y))
        return bad(r, isnan(x) ? G_X : G_Y, "is missing beside the other coordinate", NULL);
    memcpy(p->zone, zone, sizeof zone);
    p->zone_x_m = x;
    p->zone_y_m = y;
    return TRUNDLE_OK;
}

/* A bad row: to the caller's ear and past it, or out. True goes on. */
static bool passes(struct reading *r, enum trundle_status status, const struct trundle_error *problem)
{
    if (status == TRUNDLE_NO_MEMORY || r->import->strict)
        return false;
    r->import->skipped++;
    if (r->import->on_problem)
        r->import->on_problem(r->import->user, problem);
    return true;
}

static enum trundle_status read_file(struct reading *r, const char *file, const void *bytes, size_t n, const char *const *names, size_t names_n,
                                     size_t required, enum trundle_status (*row)(struct reading *), struct trundle_error *err)
{
    struct trundle_error problem;
    enum trundle_status status;
    size_t columns;

    r->names = names;
    csv_init(&r->csv, bytes, n, file);
    TRY(csv_header(&r->csv, names, names_n, required, r->index, err));
    columns = r->csv.fields_n;
    r->err = &problem;
    while ((status = csv_row(&r->csv, &problem)) != TRUNDLE_END) {
        r->import->rows++;
        if (status == TRUNDLE_OK && r->csv.fields_n != columns) {
            char at[CSV_AT_TEXT];

            status = error_set(&problem, TRUNDLE_BAD_INPUT, csv_at(&r->csv, columns, at), "a comma inside a value needs quotes around it",
                               "%zu fields, the header has %zu", r->csv.fields_n, columns);
        } else if (status == TRUNDLE_OK) {
            status = row(r);
            if (status == TRUNDLE_NO_MEMORY || status == TRUNDLE_TOO_LARGE) {
                char at[CSV_AT_TEXT];

                (void)error_set(&problem, status, csv_at(&r->csv, 0, at), NULL, status == TRUNDLE_NO_MEMORY ? "no memory" : "more rows than a catalog holds");
            }
        }
        if (status != TRUNDLE_OK && !passes(r, status, &problem)) {
            if (err)
                *err = problem;
            return status;
        }
    }
    return TRUNDLE_OK;
}

/* Prices of equal rank (for members or not; open at both, one or no end) must not hold at the same time. */
struct ranked { const struct catalog_price_row *row; struct place place; int rank; };

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    const struct catalog_price_row *p = x->row, *q = y->row;

    if (p->key.key != q->key.key)
        return p->key.key < q->key.key ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (p->from_ns != q->from_ns)
        return p->from_ns < q->from_ns ? -1 : 1;
    return x->place.line < y->place.line ? -1 : x->place.line > y->place.line;
}

static enum trundle_status drop_overlaps(struct reading *r, struct trundle_error *err)
{
    struct catalog *c = r->c;
    enum trundle_status status = TRUNDLE_OK;
    struct ranked *ranked = calloc(c->prices_n + 1, sizeof *ranked);
    bool *drop = calloc(c->prices_n + 1, sizeof *drop);
    size_t kept = 0, last = 0;

    if (!ranked || !drop) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "prices.csv", NULL, "no memory for %zu prices", c->prices_n);
        goto out;
    }
    for (size_t i = 0; i < c->prices_n; i++) {
        const struct catalog_price_row *p = &c->prices[i];

        ranked[i] = (struct ranked){ p, r->price_place[i], p->member * 3 + (p->from_ns == INT64_MIN) + (p->until_ns == INT64_MAX) };
    }
    if (c->prices_n)
        qsort(ranked, c->prices_n, sizeof *ranked, by_rank);
    for (size_t i = 1; i < c->prices_n; i++) {
        struct ranked *a = &ranked[last], *b = &ranked[i], *later, *first;
        char where[96], text[TRUNDLE_PRODUCT_TEXT];
        struct trundle_error problem;

        if (a->row->key.key != b->row->key.key || a->rank != b->rank || b->row->from_ns >= a->row->until_ns) {
            last = i;
            continue;
        }
        later = a->place.line > b->place.line ? a : b;
        first = later == a ? b : a;
        last = later == a ? i : last;
        drop[later->row - c->prices] = true;
        (void)snprintf(where, sizeof where, "prices.csv, line %u, column %u (price)", later->place.line, later->place.column);
        (void)error_set(&problem, TRUNDLE_CONFLICT, where, "close one with valid_until, or remove it",
                        "a price of %s that holds at the same time as the one in line %u", trundle_product_text(later->row->key, text), first->place.line);
        if (!passes(r, TRUNDLE_CONFLICT, &problem)) {
            if (err)
                *err = problem;
            status = TRUNDLE_CONFLICT;
            goto out;
        }
    }
    for (size_t i = 0; i < c->prices_n; i++)
        if (!drop[i])
            c->prices[kept++] = c->prices[i];
    c->prices_n = kept;
out:
    free(ranked);
    free(drop);
    return status;
}

static enum trundle_status read_retailer(struct catalog *c, const void *bytes, size_t n, struct trundle_error *err)
{
    static const char *const names[] = { "currency", "digits", "prefixes" };
    enum trundle_status status;
    json_t *root, *value;
    struct json_at at;
    const char *key;

    TRY(json_parse(bytes, n, "retailer.json", &root, err));
    at = json_at_root(root, "retailer.json");
    status = json_is_object(root) ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, "retailer.json", NULL, "must be an object {...}");
    json_object_foreach(root, key, value) {
        size_t i = 0;

        (void)value;
        while (i < COUNT_OF(names) && strcmp(names[i], key) != 0)
            i++;
        if (i == COUNT_OF(names)) {
            status = error_set(err, TRUNDLE_BAD_INPUT, "retailer.json", "currency, digits, prefixes", "unknown field '%.60s'", key);
            break;
        }
    }
    if (status == TRUNDLE_OK)
        status = catalog_take_retailer(&at, c, err);
    json_decref(root);
    return status;
}

enum trundle_status catalog_import_texts(const struct catalog_texts *texts, struct catalog_import *import, struct catalog **out, struct trundle_error *err)
{
    struct reading *r = calloc(1, sizeof *r);
    enum trundle_status status;

    if (!r)
        return error_set(err, TRUNDLE_NO_MEMORY, "catalog", NULL, "no memory for an import");
    r->import = import;
    import->rows = import->skipped = 0;
    r->c = catalog_new();
    if (!r->c) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "catalog", NULL, "no memory for a catalog");
        goto out;
    }
    if (texts->retailer.n)
        TRY_GOTO(status, read_retailer(r->c, texts->retailer.bytes, texts->retailer.n, err), out);
    TRY_GOTO(status, read_file(r, "products.csv", texts->products.bytes, texts->products.n, product_columns, P_COLUMNS, 2, product_row, err), out);
    if (texts->prices.n)
        TRY_GOTO(status, read_file(r, "prices.csv", texts->prices.bytes, texts->prices.n, price_columns, R_COLUMNS, 2, price_row, err), out);
    TRY_GOTO(status, drop_overlaps(r, err), out);
    if (texts->promotions.n)
        TRY_GOTO(status, read_file(r, "promotions.csv", texts->promotions.bytes, texts->promotions.n, promotion_columns, O_COLUMNS, 4, promotion_row, err), out);
    if (texts->planogram.n)
        TRY_GOTO(status, read_file(r, "planogram.csv", texts->planogram.bytes, texts->planogram.n, planogram_columns, G_COLUMNS, 2, planogram_row, err), out);
    TRY_GOTO(status, catalog_seal(r->c, "catalog", err), out);
    *out = r->c;
    r->c = NULL;
out:
    catalog_free(r->c);
    known_done(&r->known);
    free(r->price_place);
    free(r);
    return status;
}
