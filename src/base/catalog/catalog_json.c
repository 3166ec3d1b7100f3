/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The catalog's canonical JSON: rows in sealed order, keys sorted, numbers with all their digits, what is not known left out. */
#include "base/catalog/table.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

enum { JSON_VERSION = 1, TEXT_MAX = 64 };

static const char *const inside_names[] = { "none", "price", "weight" };
static const char *const kind_names[] = { "", "n_for_m", "percent" };

static void put(json_t *o, const char *key, json_t *value)
{
    (void)json_object_set_new(o, key, value);      /* a NULL value or no memory shows in the dump or the reading back */
}

static void put_number(json_t *o, const char *key, double x)
{
    if (!isnan(x))
        put(o, key, json_real(x));
}

static void put_text(json_t *o, const char *key, const char *text)
{
    if (*text)
        put(o, key, json_string(text));
}

static void put_key(json_t *o, struct trundle_product p)
{
    char text[TRUNDLE_PRODUCT_TEXT];

    put(o, "product", json_string(trundle_product_text(p, text)));
}

static void put_validity(json_t *o, bool member, int64_t from_ns, int64_t until_ns)
{
    if (member)
        put(o, "member", json_true());
    if (from_ns != INT64_MIN)
        put(o, "from_ns", json_integer(from_ns));
    if (until_ns != INT64_MAX)
        put(o, "until_ns", json_integer(until_ns));
}

static json_t *product_json(const struct catalog_product *p)
{
    json_t *o = json_object();

    put_key(o, p->key);
    put_text(o, "name", p->name);
    put_text(o, "brand", p->brand);
    put_text(o, "category", p->category);
    if (p->by_weight)
        put(o, "by_weight", json_true());
    put_number(o, "mass_g", p->mass_g);
    put_number(o, "mass_sd_g", p->mass_sd_g);
    put_number(o, "pack_quantity", p->pack_quantity);
    put_text(o, "pack_unit", p->pack_unit);
    if (p->tax_bp)
        put(o, "tax_bp", json_integer(p->tax_bp));
    put_number(o, "popularity", p->popularity);
    put_text(o, "zone", p->zone);
    put_number(o, "x_m", p->zone_x_m);
    put_number(o, "y_m", p->zone_y_m);
    return o;
}

static json_t *price_json(const struct catalog_price_row *p)
{
    json_t *o = json_object();

    put_key(o, p->key);
    put(o, "cents", json_integer(p->cents));
    put_validity(o, p->member, p->from_ns, p->until_ns);
    return o;
}

static json_t *promotion_json(const struct catalog_promotion *p, json_t *products)
{
    json_t *o = json_object();

    put(o, "id", json_string(p->id));
    put_text(o, "name", p->name);
    put(o, "kind", json_string(kind_names[p->kind]));
    if (p->kind == CATALOG_N_FOR_M) {
        put(o, "n", json_integer(p->n));
        put(o, "m", json_integer(p->m));
    } else {
        put(o, "percent_bp", json_integer(p->percent_bp));
    }
    put_validity(o, p->member, p->from_ns, p->until_ns);
    put(o, "products", products);
    return o;
}

static json_t *prefixes_json(const struct catalog *c)
{
    json_t *all = json_object();

    for (int i = 0; i < CATALOG_PREFIXES; i++) {
        const struct catalog_prefix *p = &c->prefix[i];
        char name[16];
        json_t *o;

        if (p->inside == CATALOG_INSIDE_NONE)
            continue;
        (void)snprintf(name, sizeof name, "%02d", i);
        o = json_object();
        put(o, "inside", json_string(inside_names[p->inside]));
        put(o, "item_digits", json_integer(p->item_digits));
        put(o, "value_digits", json_integer(p->value_digits));
        put(o, "value_check", json_boolean(p->value_check));
        put(all, name, o);
    }
    return all;
}

static int add_bytes(const char *text, size_t n, void *user)
{
    return bytes_append(user, text, n) == TRUNDLE_OK ? 0 : -1;
}

/* Dumps one value behind `before`. */
static enum trundle_status dump(struct bytes *b, const char *before, json_t *value)
{
    enum trundle_status status = value ? bytes_append(b, before, strlen(before)) : TRUNDLE_NO_MEMORY;

    if (status == TRUNDLE_OK && json_dump_callback(value, add_bytes, b, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY))
        status = TRUNDLE_NO_MEMORY;
    json_decref(value);
    return status;
}

static bool wanted(const struct catalog *c, const bool *chosen, struct trundle_product key)
{
    long i = catalog_index(c, key);

    return !chosen || (i >= 0 && chosen[i]);
}

/* Rows are dumped one by one, so that 200,000 products need no tree of them. */
static enum trundle_status write_all(const struct catalog *c, const bool *chosen, struct bytes *b)
{
    const char *before = "\n";

    TRY(bytes_print(b, "{\"version\":%d,\"currency\":\"%s\",\"digits\":%d", JSON_VERSION, c->currency, c->digits));
    TRY(dump(b, ",\"prefixes\":", prefixes_json(c)));
    TRY(bytes_print(b, ",\n\"products\":["));
    for (size_t i = 0; i < c->products_n; i++) {
        if (chosen && !chosen[i])
            continue;
        TRY(dump(b, before, product_json(&c->products[i])));
        before = ",\n";
    }
    TRY(bytes_print(b, "],\n\"prices\":["));
    before = "\n";
    for (size_t i = 0; i < c->prices_n; i++) {
        if (!wanted(c, chosen, c->prices[i].key))
            continue;
        TRY(dump(b, before, price_json(&c->prices[i])));
        before = ",\n";
    }
    TRY(bytes_print(b, "],\n\"promotions\":["));
    before = "\n";
    for (size_t i = 0; i < c->promotions_n; i++) {
        const struct trundle_product *keys = catalog_promotion_products(c, &c->promotions[i]);
        json_t *list = json_array();

        for (size_t k = 0; k < c->promotions[i].products_n; k++) {
            char text[TRUNDLE_PRODUCT_TEXT];

            if (wanted(c, chosen, keys[k]))
                (void)json_array_append_new(list, json_string(trundle_product_text(keys[k], text)));
        }
        if (chosen && !json_array_size(list)) {
            json_decref(list);
            continue;
        }
        TRY(dump(b, before, promotion_json(&c->promotions[i], list)));
        before = ",\n";
    }
    return bytes_print(b, "]}\n");
}

enum trundle_status catalog_to_json(const struct catalog *c, const struct trundle_product *keys, size_t n, struct bytes *out)
{
    enum trundle_status status;
    struct bytes b = { 0 };
    bool *chosen = NULL;

    if (keys) {
        chosen = calloc(c->products_n + 1, sizeof *chosen);
        if (!chosen)
            return TRUNDLE_NO_MEMORY;
        for (size_t i = 0; i < n; i++) {
            long at = catalog_index(c, keys[i]);

            if (at >= 0)
                chosen[at] = true;
        }
    }
    status = write_all(c, chosen, &b);
    if (status == TRUNDLE_OK)
        status = bytes_append(out, b.data, b.n);
    bytes_done(&b);
    free(chosen);
    return status;
}

static enum trundle_status take_text(const struct json_at *at, const char *key, char *out, size_t size, struct trundle_error *err)
{
    if (!json_has(at, key)) {
        out[0] = '\0';
        return TRUNDLE_OK;
    }
    return json_take_text(at, key, out, size, err);
}

static enum trundle_status take_number(const struct json_at *at, const char *key, double lo, double hi, double absent, double *out, struct trundle_error *err)
{
    *out = absent;
    return json_has(at, key) ? json_take_number(at, key, lo, hi, out, err) : TRUNDLE_OK;
}

static enum trundle_status take_integer(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int64_t absent, int64_t *out, struct trundle_error *err)
{
    *out = absent;
    return json_has(at, key) ? json_take_integer(at, key, lo, hi, out, err) : TRUNDLE_OK;
}

static enum trundle_status take_bool(const struct json_at *at, const char *key, bool *out, struct trundle_error *err)
{
    *out = false;
    return json_has(at, key) ? json_take_bool(at, key, out, err) : TRUNDLE_OK;
}

static enum trundle_status parse_key(const char *text, const char *where, struct trundle_product *out, struct trundle_error *err)
{
    if (trundle_product_parse(text, out) != TRUNDLE_OK || !out->key)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "gtin:<14 digits> or plu:<4-5 digits>", "'%.60s' names no product", text);
    return TRUNDLE_OK;
}

static enum trundle_status take_key(const struct json_at *at, struct trundle_product *out, struct trundle_error *err)
{
    char text[TEXT_MAX];

    TRY(json_take_text(at, "product", text, sizeof text, err));
    return parse_key(text, at->where, out, err);
}

/* Every key of an object must be one of the names: a typing error is no silent default. */
static enum trundle_status only(const struct json_at *at, const char *const *names, size_t n, struct trundle_error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object {...}");
    json_object_foreach(at->value, key, value) {
        size_t i = 0;

        (void)value;
        while (i < n && strcmp(names[i], key) != 0)
            i++;
        if (i == n)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "unknown field '%.60s'", key);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_prefix(const struct json_at *at, const char *name, struct catalog *c, struct trundle_error *err)
{
    static const char *const names[] = { "inside", "item_digits", "value_digits", "value_check" };
    struct catalog_prefix p = { 0 };
    struct json_at one;
    int64_t item, value;
    char inside[16];
    int number;

    TRY(json_take_object(at, name, &one, err));
    TRY(only(&one, names, COUNT_OF(names), err));
    if (strlen(name) != 2 || name[0] < '0' || name[0] > '2' || name[1] < '0' || name[1] > '9' || (name[0] == '0' && name[1] != '2') ||
        name[0] == '1')
        return error_set(err, TRUNDLE_BAD_INPUT, one.where, "02 and 20 to 29 are free for retailers", "'%.20s' is no prefix of restricted circulation", name);
    number = (name[0] - '0') * 10 + name[1] - '0';
    TRY(json_take_text(&one, "inside", inside, sizeof inside, err));
    p.inside = !strcmp(inside, "price") ? CATALOG_INSIDE_PRICE : CATALOG_INSIDE_WEIGHT;
    if (p.inside == CATALOG_INSIDE_WEIGHT && strcmp(inside, "weight") != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "inside must be \"price\" or \"weight\", is \"%s\"", inside);
    TRY(json_take_integer(&one, "item_digits", 4, 5, &item, err));
    TRY(json_take_integer(&one, "value_digits", 4, 5, &value, err));
    TRY(take_bool(&one, "value_check", &p.value_check, err));
    if (2 + item + value + p.value_check + 1 != 13)
        return error_set(err, TRUNDLE_BAD_INPUT, one.where, "2 + item_digits + value_digits + (1 with value_check) + 1 is 13", "the digits do not fill 13");
    p.item_digits = (uint8_t)item;
    p.value_digits = (uint8_t)value;
    c->prefix[number] = p;
    return TRUNDLE_OK;
}

enum trundle_status catalog_take_retailer(const struct json_at *at, struct catalog *c, struct trundle_error *err)
{
    struct json_at prefixes;
    char currency[4] = "";
    int64_t digits;

    TRY(take_text(at, "currency", currency, sizeof currency, err));
    if (*currency) {
        if (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "three capital letters, as EUR", "'%s' is no currency", currency);
        memcpy(c->currency, currency, 4);
    }
    TRY(take_integer(at, "digits", 0, 4, 2, &digits, err));
    c->digits = (int)digits;
    if (json_has(at, "prefixes")) {
        const char *name;
        json_t *value;

        TRY(json_take_object(at, "prefixes", &prefixes, err));
        json_object_foreach(prefixes.value, name, value) {
            (void)value;
            TRY(take_prefix(&prefixes, name, c, err));
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_validity(const struct json_at *at, bool *member, int64_t *from_ns, int64_t *until_ns, struct trundle_error *err)
{
    TRY(take_bool(at, "member", member, err));
    TRY(take_integer(at, "from_ns", INT64_MIN, INT64_MAX, INT64_MIN, from_ns, err));
    TRY(take_integer(at, "until_ns", INT64_MIN, INT64_MAX, INT64_MAX, until_ns, err));
    if (*from_ns >= *until_ns)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "ends before it begins");
    return TRUNDLE_OK;
}

static enum trundle_status take_product(const struct json_at *at, struct catalog *c, struct trundle_error *err)
{
    static const char *const names[] = { "product", "name", "brand", "category", "by_weight", "mass_g", "mass_sd_g", "pack_quantity",
                                         "pack_unit", "tax_bp", "popularity", "zone", "x_m", "y_m" };
    struct catalog_product p = { 0 };
    int64_t tax;

    TRY(only(at, names, COUNT_OF(names), err));
    TRY(take_key(at, &p.key, err));
    TRY(take_text(at, "name", p.name, sizeof p.name, err));
    TRY(take_text(at, "brand", p.brand, sizeof p.brand, err));
    TRY(take_text(at, "category", p.category, sizeof p.category, err));
    TRY(take_bool(at, "by_weight", &p.by_weight, err));
    TRY(take_number(at, "mass_g", 0, 1e6, (double)NAN, &p.mass_g, err));
    TRY(take_number(at, "mass_sd_g", 0, 1e6, (double)NAN, &p.mass_sd_g, err));
    TRY(take_number(at, "pack_quantity", 0, 1e9, (double)NAN, &p.pack_quantity, err));
    TRY(take_text(at, "pack_unit", p.pack_unit, sizeof p.pack_unit, err));
    if (*p.pack_unit && strcmp(p.pack_unit, "ml") != 0 && strcmp(p.pack_unit, "g") != 0 && strcmp(p.pack_unit, "each") != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "pack_unit must be \"ml\", \"g\" or \"each\"");
    TRY(take_integer(at, "tax_bp", 0, 10000, 0, &tax, err));
    p.tax_bp = (int32_t)tax;
    TRY(take_number(at, "popularity", 1e-12, 1e12, 1, &p.popularity, err));
    TRY(take_text(at, "zone", p.zone, sizeof p.zone, err));
    TRY(take_number(at, "x_m", -1e4, 1e4, (double)NAN, &p.zone_x_m, err));
    TRY(take_number(at, "y_m", -1e4, 1e4, (double)NAN, &p.zone_y_m, err));
    if (catalog_add_product(c, &p) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_TOO_LARGE, at->where, NULL, "too many products, limit %d", CATALOG_PRODUCTS_MAX);
    return TRUNDLE_OK;
}

static enum trundle_status take_price(const struct json_at *at, struct catalog *c, struct trundle_error *err)
{
    static const char *const names[] = { "product", "cents", "member", "from_ns", "until_ns" };
    struct catalog_price_row p = { 0 };

    TRY(only(at, names, COUNT_OF(names), err));
    TRY(take_key(at, &p.key, err));
    TRY(json_take_integer(at, "cents", 0, INT64_C(1000000000000), &p.cents, err));
    TRY(take_validity(at, &p.member, &p.from_ns, &p.until_ns, err));
    if (catalog_add_price(c, &p) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_TOO_LARGE, at->where, NULL, "too many prices, limit %d", CATALOG_PRICES_MAX);
    return TRUNDLE_OK;
}

static enum trundle_status take_promotion(const struct json_at *at, struct catalog *c, struct trundle_error *err)
{
    static const char *const names[] = { "id", "name", "kind", "n", "m", "percent_bp", "member", "from_ns", "until_ns", "products" };
    struct catalog_promotion p = { 0 };
    struct trundle_product *keys = NULL;
    enum trundle_status status;
    struct json_at list, one;
    int64_t n = 0, m = 0, percent = 0;
    char kind[16];
    size_t count;

    TRY(only(at, names, COUNT_OF(names), err));
    TRY(json_take_text(at, "id", p.id, sizeof p.id, err));
    TRY(take_text(at, "name", p.name, sizeof p.name, err));
    TRY(json_take_text(at, "kind", kind, sizeof kind, err));
    if (!strcmp(kind, kind_names[CATALOG_N_FOR_M])) {
        p.kind = CATALOG_N_FOR_M;
        TRY(json_take_integer(at, "n", 2, 1000, &n, err));
        TRY(json_take_integer(at, "m", 1, n - 1, &m, err));
    } else if (!strcmp(kind, kind_names[CATALOG_PERCENT])) {
        p.kind = CATALOG_PERCENT;
        TRY(json_take_integer(at, "percent_bp", 1, 10000, &percent, err));
    } else {
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "kind must be \"n_for_m\" or \"percent\", is \"%s\"", kind);
    }
    p.n = (int32_t)n;
    p.m = (int32_t)m;
    p.percent_bp = (int32_t)percent;
    TRY(take_validity(at, &p.member, &p.from_ns, &p.until_ns, err));
    TRY(json_take_array(at, "products", 0, CATALOG_PRODUCTS_MAX, &list, err));
    count = json_length(&list);
    keys = calloc(count + 1, sizeof *keys);
    if (!keys)
        return error_set(err, TRUNDLE_NO_MEMORY, at->where, NULL, "no memory for %zu products", count);
    for (size_t i = 0; i < count; i++) {
        TRY_GOTO(status, json_element(&list, i, &one, err), out);
        status = json_is_string(one.value) ? parse_key(json_string_value(one.value), one.where, &keys[i], err)
                                           : error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "must be a text");
        if (status != TRUNDLE_OK)
            goto out;
    }
    status = catalog_add_promotion(c, &p, keys, count);
    if (status != TRUNDLE_OK)
        (void)error_set(err, status, at->where, NULL, "too many promotions");
out:
    free(keys);
    return status;
}

static enum trundle_status take_rows(const struct json_at *root, const char *name, size_t most, struct catalog *c,
                                     enum trundle_status (*take)(const struct json_at *, struct catalog *, struct trundle_error *), struct trundle_error *err)
{
    struct json_at list, one;

    TRY(json_take_array(root, name, 0, most, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &one, err));
        TRY(take(&one, c, err));
    }
    return TRUNDLE_OK;
}

enum trundle_status catalog_from_json(const void *bytes, size_t n, const char *where, struct catalog **out, struct trundle_error *err)
{
    static const char *const names[] = { "version", "currency", "digits", "prefixes", "products", "prices", "promotions" };
    enum trundle_status status;
    struct catalog *c = NULL;
    struct json_at at;
    json_t *root = NULL;
    int64_t version;

    TRY(json_parse(bytes, n, where, &root, err));
    at = json_at_root(root, where);
    TRY_GOTO(status, only(&at, names, COUNT_OF(names), err), out);
    TRY_GOTO(status, json_take_integer(&at, "version", 1, INT32_MAX, &version, err), out);
    if (version > JSON_VERSION) {
        status = error_set(err, TRUNDLE_UNSUPPORTED, where, "use a newer Trundle", "catalog JSON version %lld, this one reads %d", (long long)version, JSON_VERSION);
        goto out;
    }
    c = catalog_new();
    if (!c) {
        status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a catalog");
        goto out;
    }
    TRY_GOTO(status, catalog_take_retailer(&at, c, err), out);
    TRY_GOTO(status, take_rows(&at, "products", CATALOG_PRODUCTS_MAX, c, take_product, err), out);
    TRY_GOTO(status, take_rows(&at, "prices", CATALOG_PRICES_MAX, c, take_price, err), out);
    TRY_GOTO(status, take_rows(&at, "promotions", CATALOG_PROMOTIONS_MAX, c, take_promotion, err), out);
    TRY_GOTO(status, catalog_seal(c, where, err), out);
    *out = c;
    c = NULL;
out:
    catalog_free(c);
    json_decref(root);
    return status;
}
