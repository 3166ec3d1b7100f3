/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* catalog.sqlite: one table per kind of row. Written to a temporary name, checked by hash when read. */
#include "base/catalog/store.h"

#include "base/catalog/table.h"
#include "base/db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char schema[] =
    "CREATE TABLE catalog(hash TEXT NOT NULL, currency TEXT NOT NULL, digits INTEGER NOT NULL);"
    "CREATE TABLE prefix(prefix INTEGER PRIMARY KEY, inside INTEGER NOT NULL, item_digits INTEGER NOT NULL, value_digits INTEGER NOT NULL, value_check INTEGER NOT NULL);"
    "CREATE TABLE product(product TEXT PRIMARY KEY, name TEXT NOT NULL, brand TEXT NOT NULL, category TEXT NOT NULL, by_weight INTEGER NOT NULL,"
    " mass_g REAL, mass_sd_g REAL, pack_quantity REAL, pack_unit TEXT NOT NULL, tax_bp INTEGER NOT NULL, popularity REAL NOT NULL,"
    " zone TEXT NOT NULL, x_m REAL, y_m REAL) WITHOUT ROWID;"
    "CREATE TABLE price(product TEXT NOT NULL REFERENCES product, cents INTEGER NOT NULL, from_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL, member INTEGER NOT NULL);"
    "CREATE TABLE promotion(id TEXT PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL, n INTEGER NOT NULL, m INTEGER NOT NULL, percent_bp INTEGER NOT NULL,"
    " member INTEGER NOT NULL, from_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE promotion_product(id TEXT NOT NULL REFERENCES promotion, product TEXT NOT NULL REFERENCES product, PRIMARY KEY(id, product)) WITHOUT ROWID;";

static void bind_key(struct db_statement *s, int i, struct trundle_product key)
{
    char text[TRUNDLE_PRODUCT_TEXT];

    db_bind_text(s, i, trundle_product_text(key, text));
}

static enum trundle_status save_head(struct db *db, const struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "INSERT INTO catalog VALUES(?,?,?)", &s, err), out);
    db_bind_text(s, 1, c->hash);
    db_bind_text(s, 2, c->currency);
    db_bind_integer(s, 3, c->digits);
    TRY_GOTO(status, db_run(s, err), out);
    db_free(s);
    s = NULL;
    TRY_GOTO(status, db_prepare(db, "INSERT INTO prefix VALUES(?,?,?,?,?)", &s, err), out);
    for (int i = 0; i < CATALOG_PREFIXES; i++) {
        if (c->prefix[i].inside == CATALOG_INSIDE_NONE)
            continue;
        db_bind_integer(s, 1, i);
        db_bind_integer(s, 2, c->prefix[i].inside);
        db_bind_integer(s, 3, c->prefix[i].item_digits);
        db_bind_integer(s, 4, c->prefix[i].value_digits);
        db_bind_integer(s, 5, c->prefix[i].value_check);
        TRY_GOTO(status, db_run(s, err), out);
    }
out:
    db_free(s);
    return status;
}

static enum trundle_status save_products(struct db *db, const struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "INSERT INTO product VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &s, err), out);
    for (size_t i = 0; i < c->products_n; i++) {
        const struct catalog_product *p = &c->products[i];

        bind_key(s, 1, p->key);
        db_bind_text(s, 2, p->name);
        db_bind_text(s, 3, p->brand);
        db_bind_text(s, 4, p->category);
        db_bind_integer(s, 5, p->by_weight);
        db_bind_number(s, 6, p->mass_g);
        db_bind_number(s, 7, p->mass_sd_g);
        db_bind_number(s, 8, p->pack_quantity);
        db_bind_text(s, 9, p->pack_unit);
        db_bind_integer(s, 10, p->tax_bp);
        db_bind_number(s, 11, p->popularity);
        db_bind_text(s, 12, p->zone);
        db_bind_number(s, 13, p->zone_x_m);
        db_bind_number(s, 14, p->zone_y_m);
        TRY_GOTO(status, db_run(s, err), out);
    }
out:
    db_free(s);
    return status;
}

static enum trundle_status save_prices(struct db *db, const struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "INSERT INTO price VALUES(?,?,?,?,?)", &s, err), out);
    for (size_t i = 0; i < c->prices_n; i++) {
        bind_key(s, 1, c->prices[i].key);
        db_bind_integer(s, 2, c->prices[i].cents);
        db_bind_integer(s, 3, c->prices[i].from_ns);
        db_bind_integer(s, 4, c->prices[i].until_ns);
        db_bind_integer(s, 5, c->prices[i].member);
        TRY_GOTO(status, db_run(s, err), out);
    }
out:
    db_free(s);
    return status;
}

static enum trundle_status save_promotions(struct db *db, const struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL, *member = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "INSERT INTO promotion VALUES(?,?,?,?,?,?,?,?,?)", &s, err), out);
    TRY_GOTO(status, db_prepare(db, "INSERT INTO promotion_product VALUES(?,?)", &member, err), out);
    for (size_t i = 0; i < c->promotions_n; i++) {
        const struct catalog_promotion *p = &c->promotions[i];

        db_bind_text(s, 1, p->id);
        db_bind_text(s, 2, p->name);
        db_bind_integer(s, 3, p->kind);
        db_bind_integer(s, 4, p->n);
        db_bind_integer(s, 5, p->m);
        db_bind_integer(s, 6, p->percent_bp);
        db_bind_integer(s, 7, p->member);
        db_bind_integer(s, 8, p->from_ns);
        db_bind_integer(s, 9, p->until_ns);
        TRY_GOTO(status, db_run(s, err), out);
        for (size_t k = 0; k < p->products_n; k++) {
            db_bind_text(member, 1, p->id);
            bind_key(member, 2, catalog_promotion_products(c, p)[k]);
            TRY_GOTO(status, db_run(member, err), out);
        }
    }
out:
    db_free(s);
    db_free(member);
    return status;
}

enum trundle_status catalog_save(const struct catalog *c, const char *path, struct trundle_error *err)
{
    char temporary[4096];
    enum trundle_status status;
    struct db *db = NULL;

    if ((size_t)snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >= sizeof temporary)
        return error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "path is too long");
    (void)unlink(temporary);
    TRY_GOTO(status, db_open(temporary, DB_CREATE, &db, err), out);
    /* One plain file: a reader may have it on a read-only disk, where a write-ahead log cannot be. */
    TRY_GOTO(status, db_exec(db, "PRAGMA journal_mode=DELETE", err), out);
    TRY_GOTO(status, db_begin(db, err), out);
    TRY_GOTO(status, db_exec(db, schema, err), out);
    TRY_GOTO(status, save_head(db, c, err), out);
    TRY_GOTO(status, save_products(db, c, err), out);
    TRY_GOTO(status, save_prices(db, c, err), out);
    TRY_GOTO(status, save_promotions(db, c, err), out);
    TRY_GOTO(status, db_version_set(db, CATALOG_SCHEMA_VERSION, err), out);
    TRY_GOTO(status, db_commit(db, err), out);
    db_close(db);
    db = NULL;
    if (rename(temporary, path) != 0)
        status = error_set(err, TRUNDLE_IO, path, "check the folder and its permissions", "cannot rename into place");
out:
    db_close(db);
    if (status != TRUNDLE_OK)
        (void)unlink(temporary);
    return status;
}

static enum trundle_status broken(const char *path, const char *what, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_CORRUPT, path, "import it again: trundle catalog import DIR", "%s", what);
}

/* Texts are checked for length, everything else by the hash over the whole. */
static bool take_text(const struct db_statement *s, int column, char *out, size_t size)
{
    const char *text = db_text(s, column);

    if (strlen(text) >= size)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool take_key(const struct db_statement *s, int column, struct trundle_product *out)
{
    return trundle_product_parse(db_text(s, column), out) == TRUNDLE_OK && out->key;
}

static enum trundle_status open_head(struct db *db, const char *path, struct catalog *c, char hash[65], struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT hash, currency, digits FROM catalog", &s, err), out);
    TRY_GOTO(status, db_step(s, err), out);
    if (!take_text(s, 0, hash, 65) || !take_text(s, 1, c->currency, sizeof c->currency)) {
        status = broken(path, "its head is not readable", err);
        goto out;
    }
    c->digits = (int)db_integer(s, 2);
    db_free(s);
    s = NULL;
    TRY_GOTO(status, db_prepare(db, "SELECT prefix, inside, item_digits, value_digits, value_check FROM prefix", &s, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        int64_t i = db_integer(s, 0), inside = db_integer(s, 1);

        if (i < 0 || i >= CATALOG_PREFIXES || inside < CATALOG_INSIDE_PRICE || inside > CATALOG_INSIDE_WEIGHT) {
            status = broken(path, "a prefix is not readable", err);
            goto out;
        }
        c->prefix[i] = (struct catalog_prefix){ inside == CATALOG_INSIDE_PRICE ? CATALOG_INSIDE_PRICE : CATALOG_INSIDE_WEIGHT, (uint8_t)db_integer(s, 2),
                                                (uint8_t)db_integer(s, 3), db_integer(s, 4) != 0 };
    }
out:
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status open_products(struct db *db, const char *path, struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT product, name, brand, category, by_weight, mass_g, mass_sd_g, pack_quantity, pack_unit, tax_bp, popularity,"
                                    " zone, x_m, y_m FROM product", &s, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct catalog_product p = { .by_weight = db_integer(s, 4) != 0, .mass_g = db_number(s, 5), .mass_sd_g = db_number(s, 6),
                                     .pack_quantity = db_number(s, 7), .tax_bp = (int32_t)db_integer(s, 9), .popularity = db_number(s, 10),
                                     .zone_x_m = db_number(s, 12), .zone_y_m = db_number(s, 13) };

        if (!take_key(s, 0, &p.key) || !take_text(s, 1, p.name, sizeof p.name) || !take_text(s, 2, p.brand, sizeof p.brand) ||
            !take_text(s, 3, p.category, sizeof p.category) || !take_text(s, 8, p.pack_unit, sizeof p.pack_unit) ||
            !take_text(s, 11, p.zone, sizeof p.zone) || catalog_add_product(c, &p) != TRUNDLE_OK) {
            status = broken(path, "a product is not readable", err);
            goto out;
        }
    }
out:
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status open_prices(struct db *db, const char *path, struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "SELECT product, cents, from_ns, until_ns, member FROM price", &s, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct catalog_price_row p = { .cents = db_integer(s, 1), .from_ns = db_integer(s, 2), .until_ns = db_integer(s, 3), .member = db_integer(s, 4) != 0 };

        if (!take_key(s, 0, &p.key) || p.cents < 0 || catalog_add_price(c, &p) != TRUNDLE_OK) {
            status = broken(path, "a price is not readable", err);
            goto out;
        }
    }
out:
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status open_promotions(struct db *db, const char *path, struct catalog *c, struct trundle_error *err)
{
    struct db_statement *s = NULL, *member = NULL;
    struct trundle_product *keys = calloc(CATALOG_PRODUCTS_MAX, sizeof *keys);
    enum trundle_status status;

    if (!keys)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for promotions");
    TRY_GOTO(status, db_prepare(db, "SELECT id, name, kind, n, m, percent_bp, member, from_ns, until_ns FROM promotion", &s, err), out);
    TRY_GOTO(status, db_prepare(db, "SELECT product FROM promotion_product WHERE id = ?", &member, err), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        struct catalog_promotion p = { .kind = db_integer(s, 2) == CATALOG_PERCENT ? CATALOG_PERCENT : CATALOG_N_FOR_M, .n = (int32_t)db_integer(s, 3),
                                       .m = (int32_t)db_integer(s, 4), .percent_bp = (int32_t)db_integer(s, 5), .member = db_integer(s, 6) != 0,
                                       .from_ns = db_integer(s, 7), .until_ns = db_integer(s, 8) };
        bool readable = take_text(s, 0, p.id, sizeof p.id) && take_text(s, 1, p.name, sizeof p.name);
        size_t n = 0;

        db_bind_text(member, 1, p.id);
        while (readable && (status = db_step(member, err)) == TRUNDLE_OK)
            readable = n < CATALOG_PRODUCTS_MAX && take_key(member, 0, &keys[n++]);
        db_reset(member);
        if (readable && status != TRUNDLE_END)
            goto out;
        if (!readable || catalog_add_promotion(c, &p, keys, n) != TRUNDLE_OK) {
            status = broken(path, "a promotion is not readable", err);
            goto out;
        }
    }
out:
    db_free(s);
    db_free(member);
    free(keys);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

enum trundle_status catalog_open(const char *path, struct catalog **out, struct trundle_error *err)
{
    struct catalog *c = NULL;
    enum trundle_status status;
    struct db *db = NULL;
    char hash[65] = "";
    int64_t version;

    TRY_GOTO(status, db_open(path, DB_READ, &db, err), out);
    TRY_GOTO(status, db_version(db, &version, err), out);
    if (version != CATALOG_SCHEMA_VERSION) {
        status = error_set(err, TRUNDLE_UNSUPPORTED, path, "import it again: trundle catalog import DIR", "schema version %lld, this one reads %d",
                           (long long)version, CATALOG_SCHEMA_VERSION);
        goto out;
    }
    c = catalog_new();
    if (!c) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for a catalog");
        goto out;
    }
    TRY_GOTO(status, open_head(db, path, c, hash, err), out);
    TRY_GOTO(status, open_products(db, path, c, err), out);
    TRY_GOTO(status, open_prices(db, path, c, err), out);
    TRY_GOTO(status, open_promotions(db, path, c, err), out);
    TRY_GOTO(status, catalog_seal(c, path, err), out);
    if (strcmp(hash, c->hash) != 0) {
        status = broken(path, "its content does not match its hash", err);
        goto out;
    }
    *out = c;
    c = NULL;
out:
    catalog_free(c);
    db_close(db);
    if (status == TRUNDLE_BAD_ARG || status == TRUNDLE_END)      /* a statement met a table that is not ours */
        status = broken(path, "is no catalog", err);
    return status;
}
