/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Photos of the user's for the fronts of packs: which file belongs to which product. */
#include "lab/sim/store_inner.h"

#include "base/std/hash.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PHOTOS_MAX = 20000 };

static bool is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && dot != name && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum trundle_status list(struct sim_store *store, DIR *folder, const char *path)
{
    const struct dirent *entry;

    while ((entry = readdir(folder)) && store->photos_n < PHOTOS_MAX) {
        size_t n = strlen(path) + strlen(entry->d_name) + 2;
        char **more;

        if (!is_picture(entry->d_name))
            continue;
        more = realloc(store->photo, (store->photos_n + 1) * sizeof *more);
        if (!more)
            return TRUNDLE_NO_MEMORY;
        store->photo = more;
        more[store->photos_n] = malloc(n);
        if (!more[store->photos_n])
            return TRUNDLE_NO_MEMORY;
        (void)snprintf(more[store->photos_n++], n, "%s/%s", path, entry->d_name);
    }
    return TRUNDLE_OK;
}

/* A file whose name without folder and ending is the product's key, ':' written '-'. */
static const char *named(const struct sim_store *store, const struct sim_product *p)
{
    char key[TRUNDLE_PRODUCT_TEXT];
    size_t n;

    n = strlen(trundle_product_text(p->key, key));
    *strchr(key, ':') = '-';
    for (size_t i = 0; i < store->photos_n; i++) {
        const char *name = strrchr(store->photo[i], '/') + 1;

        if (!strncmp(name, key, n) && name[n] == '.')
            return store->photo[i];
    }
    return NULL;
}

enum trundle_status store_find_photos(struct sim_store *store, struct trundle_error *err)
{
    const char *path = store->suite->look.textures;
    enum trundle_status status;
    DIR *folder;

    if (!*path)
        return TRUNDLE_OK;
    folder = opendir(path);
    if (!folder)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "look.textures names a folder of JPEG or PNG files", "cannot be opened: %s", strerror(errno));
    status = list(store, folder, path);
    (void)closedir(folder);
    if (status != TRUNDLE_OK)
        return error_set(err, status, path, NULL, "no memory for its list");
    if (!store->photos_n)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "look.textures names a folder of JPEG or PNG files", "has no JPEG or PNG file");
    qsort(store->photo, store->photos_n, sizeof *store->photo, by_name);
    for (size_t i = 0; i < store->products_n; i++) {
        struct sim_product *p = &store->product[i];

        if (p->produce)
            continue;
        p->photo = named(store, p);
        if (!p->photo)
            p->photo = store->photo[hash64(&p->key.key, sizeof p->key.key, 0) % store->photos_n];
    }
    return TRUNDLE_OK;
}
