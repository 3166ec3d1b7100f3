/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A store as the files that a retailer would hand over. */
#include "lab/sim/store.h"

#include "base/catalog/import.h"

#include <stdio.h>
#include <time.h>

enum { PRODUCTS, PRICES, PROMOTIONS, PLANOGRAM, RETAILER, FILES };
static const char *const file_name[FILES] = { "products.csv", "prices.csv", "promotions.csv", "planogram.csv", "retailer.json" };

static enum trundle_status print_products(const struct sim_store *store, struct bytes *b)
{
    char key[TRUNDLE_PRODUCT_TEXT];

    TRY(bytes_print(b, "product,name,brand,category,by_weight,mass_g,mass_sd_g,pack,tax,popularity\n"));
    for (size_t i = 0; i < store->products_n; i++) {
        const struct sim_product *p = &store->product[i];

        if (p->unlisted)
            continue;
        TRY(bytes_print(b, "%s,%s,%s,%s,%d,%.2f,%.2f,", trundle_product_text(p->key, key), p->name, p->brand,
                        p->category ? p->category->name : "produce", p->produce != NULL, p->mass_g, p->mass_sd_g));
        if (p->category)
            TRY(p->count > 1 ? bytes_print(b, "%d x %g %s,%g%%", p->count, p->quantity, p->category->unit, (double)p->category->tax_bp / 100)
                             : bytes_print(b, "%g %s,%g%%", p->quantity, p->category->unit, (double)p->category->tax_bp / 100));
        else
            TRY(bytes_print(b, ",7%%"));
        TRY(bytes_print(b, ",%.8f\n", p->popularity * (double)store->products_n));
    }
    return TRUNDLE_OK;
}

static const char *date(const struct sim_store *store, double days, char out[16])
{
    time_t t = (time_t)(sim_wall_s(store->suite, store->id * SIM_TRIPS_PER_STORE) + 86400 * days);
    struct tm tm;

    (void)gmtime_r(&t, &tm);
    (void)strftime(out, 16, "%Y-%m-%d", &tm);
    return out;
}

static enum trundle_status print_price(struct bytes *b, const struct sim_product *p, int64_t cents, const char *from, const char *until, bool member)
{
    char key[TRUNDLE_PRODUCT_TEXT];

    return bytes_print(b, "%s,%lld.%02lld,%s,%s,%s,%d\n", trundle_product_text(p->key, key), (long long)cents / 100, (long long)cents % 100,
                       p->produce ? "kg" : "each", from, until, member);
}

/* Every eighth product had another price until a month ago. */
static enum trundle_status print_prices(const struct sim_store *store, struct bytes *b)
{
    char day[16];

    (void)date(store, -30, day);
    TRY(bytes_print(b, "product,price,unit,valid_from,valid_until,member\n"));
    for (size_t i = 0; i < store->products_n; i++) {
        const struct sim_product *p = &store->product[i];

        if (p->unlisted)
            continue;
        if (i % 8 == 3)
            TRY(print_price(b, p, p->listed_cents + 10, "", day, false));
        TRY(print_price(b, p, p->listed_cents, i % 8 == 3 ? day : "", "", false));
        if (p->member_cents)
            TRY(print_price(b, p, p->member_cents, "", "", true));
    }
    return TRUNDLE_OK;
}

static enum trundle_status print_promotions(const struct sim_store *store, struct bytes *b)
{
    char key[TRUNDLE_PRODUCT_TEXT], from[16], until[16];

    (void)date(store, -7, from);
    (void)date(store, 28, until);
    TRY(bytes_print(b, "id,name,kind,n,m,percent,member,valid_from,valid_until,products\n"));
    for (size_t i = 0; i < store->promotions_n; i++) {
        const struct sim_promotion *p = &store->promotion[i];
        size_t listed = 0;

        for (size_t k = 0; k < p->products_n; k++)
            listed += !store->product[p->first + k].unlisted;
        if (!listed)
            continue;
        TRY(bytes_print(b, "p%zu,%s,%s,", i + 1, p->name, p->n_for_m ? "n_for_m" : "percent"));
        if (p->n_for_m)
            TRY(bytes_print(b, "%d,%d,,", p->n, p->m));
        else
            TRY(bytes_print(b, ",,%d,", p->percent));
        TRY(bytes_print(b, "%d,%s,%s,", p->member, from, until));
        listed = 0;
        for (size_t k = 0; k < p->products_n; k++)
            if (!store->product[p->first + k].unlisted)
                TRY(bytes_print(b, "%s%s", listed++ ? " " : "", trundle_product_text(store->product[p->first + k].key, key)));
        TRY(bytes_print(b, "\n"));
    }
    return TRUNDLE_OK;
}

static enum trundle_status print_planogram(const struct sim_store *store, struct bytes *b)
{
    char key[TRUNDLE_PRODUCT_TEXT];

    TRY(bytes_print(b, "product,zone,x_m,y_m\n"));
    for (size_t i = 0; i < store->products_n; i++)
        if (!store->product[i].unlisted)
            TRY(bytes_print(b, "%s,%s,%.2f,%.2f\n", trundle_product_text(store->product[i].key, key), store->product[i].zone,
                            store->product[i].zone_x_m, store->product[i].zone_y_m));
    return TRUNDLE_OK;
}

static enum trundle_status print_files(const struct sim_store *store, struct bytes file[FILES], struct trundle_error *err)
{
    enum trundle_status status = print_products(store, &file[PRODUCTS]);

    if (status == TRUNDLE_OK)
        status = print_prices(store, &file[PRICES]);
    if (status == TRUNDLE_OK)
        status = print_promotions(store, &file[PROMOTIONS]);
    if (status == TRUNDLE_OK)
        status = print_planogram(store, &file[PLANOGRAM]);
    if (status == TRUNDLE_OK)
        status = bytes_print(&file[RETAILER], "{\"currency\":\"EUR\",\"digits\":2,\"prefixes\":{}}\n");
    return status == TRUNDLE_OK ? status : error_set(err, status, "store", NULL, "no memory for its catalog");
}

enum trundle_status sim_store_write_catalog(const struct sim_store *store, const char *folder, struct trundle_error *err)
{
    struct bytes file[FILES] = { { 0 } };
    enum trundle_status status = print_files(store, file, err);
    char path[4096];

    for (int i = 0; i < FILES && status == TRUNDLE_OK; i++) {
        (void)snprintf(path, sizeof path, "%.4000s/%s", folder, file_name[i]);
        status = file_write(path, file[i].data, file[i].n, err);
    }
    for (int i = 0; i < FILES; i++)
        bytes_done(&file[i]);
    return status;
}

enum trundle_status sim_store_catalog(const struct sim_store *store, struct catalog **out, struct trundle_error *err)
{
    struct bytes file[FILES] = { { 0 } };
    struct catalog_import import = { .strict = true };
    enum trundle_status status = print_files(store, file, err);

    if (status == TRUNDLE_OK) {
        const struct catalog_texts texts = { { file[PRODUCTS].data, file[PRODUCTS].n }, { file[PRICES].data, file[PRICES].n },
                                             { file[PROMOTIONS].data, file[PROMOTIONS].n }, { file[PLANOGRAM].data, file[PLANOGRAM].n },
                                             { file[RETAILER].data, file[RETAILER].n } };

        status = catalog_import_texts(&texts, &import, out, err);
    }
    for (int i = 0; i < FILES; i++)
        bytes_done(&file[i]);
    return status;
}
