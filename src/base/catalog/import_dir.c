/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A catalog directory: its files into memory, then import.c. */
#include "base/catalog/import.h"
#include "base/catalog/store.h"
#include "base/std/disk.h"


enum { FILE_LIMIT = 256 << 20, FILES = 5 };

static const char *const file_names[FILES] = { "products.csv", "prices.csv", "promotions.csv", "planogram.csv", "retailer.json" };

enum trundle_status catalog_import_dir(const char *dir, struct catalog_import *import, struct catalog **out, struct trundle_error *err)
{
    struct bytes content[FILES] = { { 0 } };
    struct trundle_error own;
    struct catalog_texts texts;
    enum trundle_status status = TRUNDLE_OK;

    for (int i = 0; i < FILES; i++) {
        char path[4096];

        TRY_GOTO(status, disk_path(path, sizeof path, err, "%s/%s", dir, file_names[i]), out);
        status = file_read(path, FILE_LIMIT, &content[i], &own);
        if (status == TRUNDLE_NOT_FOUND && i > 0)
            status = TRUNDLE_OK;
        if (status != TRUNDLE_OK) {
            if (err)
                *err = own;
            goto out;
        }
    }
    texts.products.bytes = content[0].data, texts.products.n = content[0].n;
    texts.prices.bytes = content[1].data, texts.prices.n = content[1].n;
    texts.promotions.bytes = content[2].data, texts.promotions.n = content[2].n;
    texts.planogram.bytes = content[3].data, texts.planogram.n = content[3].n;
    texts.retailer.bytes = content[4].data, texts.retailer.n = content[4].n;
    status = catalog_import_texts(&texts, import, out, err);
out:
    for (int i = 0; i < FILES; i++)
        bytes_done(&content[i]);
    return status;
}

enum trundle_status catalog_load_dir(const char *dir, struct catalog_import *import, struct catalog **out, struct trundle_error *err)
{
    struct catalog_import quiet = { 0 };
    struct trundle_error own;
    enum trundle_status status;
    char path[4096];

    TRY(disk_path(path, sizeof path, err, "%s/catalog.sqlite", dir));
    status = catalog_open(path, out, &own);
    if (status == TRUNDLE_NOT_FOUND)
        return catalog_import_dir(dir, import ? import : &quiet, out, err);
    if (status != TRUNDLE_OK && err)
        *err = own;
    return status;
}
