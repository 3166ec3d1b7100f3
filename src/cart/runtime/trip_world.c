/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a recorded trip needs to be driven again: its cart file, the catalog it names, a gallery of the store's products. */
#include "cart/runtime/trip_world.h"

#include "base/catalog/import.h"
#include "base/std/hash.h"
#include "base/std/status.h"
#include "cart/see/gallery.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME = 256, TABLE_BYTES = 1 << 20, CACHE_BYTES = 64 << 20, PROBE_PICTURES = 4 };

static const char cache_format[] = "trundle gallery cache 1\n";

/* A store name comes from the trip file: one plain folder name, or nothing. */
static bool plain_name(const char *name)
{
    return *name && *name != '.' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(name);
}

static enum trundle_status catalog_place(const char *trip_path, const struct trip_head *head, const struct trip_world_options *options,
                                         char out[TRIP_WORLD_PATH], struct trundle_error *err)
{
    const char *slash = strrchr(trip_path, '/');
    int n;

    if (options->catalog_dir)
        n = snprintf(out, TRIP_WORLD_PATH, "%s", options->catalog_dir);
    else if (!plain_name(head->store))
        return error_set(err, TRUNDLE_NOT_FOUND, trip_path, "--catalog DIR names the catalog",
                         "the trip's head names no store ('%.40s') whose catalog could lie beside it", head->store);
    else
        n = snprintf(out, TRIP_WORLD_PATH, "%.*sstores/%s", slash ? (int)(slash - trip_path) + 1 : 0, trip_path, head->store);
    if (n < 0 || n >= TRIP_WORLD_PATH)
        return error_set(err, TRUNDLE_TOO_LARGE, trip_path, NULL, "the path of its catalog is too long");
    return TRUNDLE_OK;
}

static enum trundle_status load_catalog(const char *trip_path, const struct trip_head *head, const char *dir, struct trip_world *w,
                                        struct trundle_error *err)
{
    enum trundle_status status = catalog_load_dir(dir, NULL, &w->catalog, err);

    if (status == TRUNDLE_NOT_FOUND)
        return error_set(err, status, dir, "--catalog DIR names the catalog the trip was made with",
                         "no catalog here, and the trip cannot be replayed without (%.80s)", trip_path);
    TRY(status);
    if (*head->catalog_sha256 && strcmp(head->catalog_sha256, catalog_hash(w->catalog)) != 0)
        return error_set(err, TRUNDLE_CONFLICT, dir, "--catalog DIR names the catalog the trip was made with",
                         "the catalog here is %.16s..., %.80s needs %.16s...", catalog_hash(w->catalog), trip_path, head->catalog_sha256);
    return catalog_to_json(w->catalog, NULL, 0, &w->catalog_json);
}

enum trundle_status trip_world_load(const char *trip_path, struct trip_reader *reader, const struct trip_world_options *options,
                                    struct trip_world *out, struct trundle_error *err)
{
    const struct trip_head *head = trip_head(reader);
    struct trip_world w = { .start_wall_ns = head->start_wall_ns };
    char enrol[TRIP_WORLD_PATH + 16];
    enum trundle_status status;

    status = trip_attachment(reader, TRIP_CART_JSON, &w.cart_json, err);
    if (status != TRUNDLE_OK) {
        error_within(err, "%s", trip_path);
        goto out;
    }
    TRY_GOTO(status, catalog_place(trip_path, head, options, w.dir, err), out);
    TRY_GOTO(status, load_catalog(trip_path, head, w.dir, &w, err), out);
    (void)snprintf(enrol, sizeof enrol, "%s/enrol", w.dir);
    if (!options->no_gallery)
        TRY_GOTO(status, trip_world_gallery(enrol, &w.gallery, err), out);
    if (options->costs_path)
        TRY_GOTO(status, file_read(options->costs_path, TABLE_BYTES, &w.costs_json, err), out);
    if (options->fuse_path)
        TRY_GOTO(status, file_read(options->fuse_path, TABLE_BYTES, &w.fuse_json, err), out);
    *out = w;
    return TRUNDLE_OK;
out:
    trip_world_done(&w);
    return status;
}

static struct trundle_text text_of(const struct bytes *b)
{
    return (struct trundle_text){ (const char *)b->data, b->n };
}

void trip_world_setup(const struct trip_world *w, struct trundle_setup *out)
{
    *out = (struct trundle_setup){ .cart_json = text_of(&w->cart_json), .catalog_json = text_of(&w->catalog_json), .gallery = text_of(&w->gallery),
                                   .costs_json = text_of(&w->costs_json), .fuse_json = text_of(&w->fuse_json), .start_wall_ns = w->start_wall_ns };
}

void trip_world_done(struct trip_world *w)
{
    bytes_done(&w->cart_json);
    bytes_done(&w->catalog_json);
    bytes_done(&w->gallery);
    bytes_done(&w->costs_json);
    bytes_done(&w->fuse_json);
    catalog_free(w->catalog);
    *w = (struct trip_world){ 0 };
}

/* Enrolment pictures in memory, in order of product folder and file name. */
struct picture { char path[NAME]; struct trundle_product product; struct bytes jpeg; };
struct album { struct picture *picture; size_t n, room; };

static void album_done(struct album *a)
{
    for (size_t i = 0; i < a->n; i++)
        bytes_done(&a->picture[i].jpeg);
    free(a->picture);
}

static enum trundle_status album_add(struct album *a, const char *folder, const char *file, struct trundle_product product, struct trundle_error *err)
{
    struct picture p = { .product = product };

    if (a->n == SEE_GALLERY_PICTURES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, folder, NULL, "more than %d enrolment pictures", SEE_GALLERY_PICTURES_MAX);
    if ((size_t)snprintf(p.path, sizeof p.path, "%s/%s", folder, file) >= sizeof p.path)
        return error_set(err, TRUNDLE_TOO_LARGE, folder, NULL, "the name of a picture is too long: %.80s", file);
    if (a->n == a->room) {
        size_t room = a->room ? 2 * a->room : 256;
        struct picture *more = realloc(a->picture, room * sizeof *more);

        if (!more)
            return error_set(err, TRUNDLE_NO_MEMORY, folder, NULL, "no memory for %zu pictures", room);
        a->picture = more;
        a->room = room;
    }
    a->picture[a->n++] = p;
    return TRUNDLE_OK;
}

static bool ends_in_jpg(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && (!strcmp(name + n - 4, ".jpg") || (n > 5 && !strcmp(name + n - 5, ".jpeg")));
}

/* "gtin-04011200296908" names a product; other folders are none of ours. */
static bool product_of(const char *folder, struct trundle_product *out)
{
    char text[TRUNDLE_PRODUCT_TEXT];
    char *dash;

    if (strlen(folder) >= sizeof text)
        return false;
    (void)snprintf(text, sizeof text, "%s", folder);
    dash = strchr(text, '-');
    if (!dash)
        return false;
    *dash = ':';
    return trundle_product_parse(text, out) == TRUNDLE_OK && out->key;
}

static enum trundle_status list_product(const char *enrol_dir, const char *folder, struct trundle_product product, struct album *a, struct trundle_error *err)
{
    char path[TRIP_WORLD_PATH + NAME];
    enum trundle_status status = TRUNDLE_OK;
    struct dirent *entry;
    DIR *d;

    (void)snprintf(path, sizeof path, "%s/%s", enrol_dir, folder);
    d = opendir(path);
    if (!d)
        return error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
    while (status == TRUNDLE_OK && (entry = readdir(d)))
        if (entry->d_name[0] != '.' && ends_in_jpg(entry->d_name))
            status = album_add(a, folder, entry->d_name, product, err);
    (void)closedir(d);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct picture *)a)->path, ((const struct picture *)b)->path);
}

static enum trundle_status album_read(const char *enrol_dir, struct album *a, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct trundle_product product;
    struct dirent *entry;
    DIR *d = opendir(enrol_dir);

    if (!d)
        return errno == ENOENT ? TRUNDLE_OK : error_set(err, TRUNDLE_IO, enrol_dir, NULL, "%s", strerror(errno));
    while (status == TRUNDLE_OK && (entry = readdir(d)))
        if (product_of(entry->d_name, &product))
            status = list_product(enrol_dir, entry->d_name, product, a, err);
    (void)closedir(d);
    TRY(status);
    if (a->n)
        qsort(a->picture, a->n, sizeof *a->picture, by_path);
    for (size_t i = 0; i < a->n; i++) {
        char path[TRIP_WORLD_PATH + NAME];

        (void)snprintf(path, sizeof path, "%s/%s", enrol_dir, a->picture[i].path);
        TRY(file_read(path, TRIP_WORLD_PICTURE_BYTES, &a->picture[i].jpeg, err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status build(const struct album *a, size_t n, const char *enrol_dir, struct bytes *out, struct trundle_error *err)
{
    struct see_gallery_config config = SEE_GALLERY_CONFIG_DEFAULT;
    struct see_enrol *rows = calloc(n + 1, sizeof *rows);
    struct see_gallery *gallery = NULL;
    enum trundle_status status;
    size_t row;

    if (!rows)
        return error_set(err, TRUNDLE_NO_MEMORY, enrol_dir, NULL, "no memory for %zu pictures", n);
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct see_enrol){ a->picture[i].product, a->picture[i].jpeg.data, a->picture[i].jpeg.n };
    status = see_gallery_from_pictures(rows, n, &config, &gallery, err);
    if (status == TRUNDLE_OK)
        status = see_gallery_print(gallery, out);
    else if (err && sscanf(err->where, "picture %zu", &row) == 1 && row < n)
        (void)snprintf(err->where, sizeof err->where, "%.120s/%.130s", enrol_dir, a->picture[row].path);
    else
        error_within(err, "%s", enrol_dir);
    see_gallery_free(gallery);
    free(rows);
    return status;
}

/* sha256 over all pictures and their names, and over a gallery of the first few: a changed embedding never meets an old cache. */
static enum trundle_status key_of(const struct album *a, const char *enrol_dir, char out[HASH_SHA256_TEXT], struct trundle_error *err)
{
    struct bytes all = { 0 };
    enum trundle_status status;

    TRY_GOTO(status, bytes_print(&all, "%s", cache_format), out);
    for (size_t i = 0; i < a->n; i++) {
        char sum[HASH_SHA256_TEXT];

        TRY_GOTO(status, bytes_print(&all, "%s %s\n", hash_sha256(a->picture[i].jpeg.data, a->picture[i].jpeg.n, sum), a->picture[i].path), out);
    }
    TRY_GOTO(status, build(a, a->n < PROBE_PICTURES ? a->n : PROBE_PICTURES, enrol_dir, &all, err), out);
    (void)hash_sha256(all.data, all.n, out);
out:
    bytes_done(&all);
    return status;
}

/* The blob of a cache file with this key that is whole; false: build it. */
static bool cached(const char *path, const char *key, struct bytes *out)
{
    size_t head = strlen(cache_format) + HASH_SHA256_TEXT;
    struct bytes file = { 0 };
    struct see_gallery *gallery = NULL;
    bool ok;

    ok = file_read(path, CACHE_BYTES, &file, NULL) == TRUNDLE_OK && file.n > head && !memcmp(file.data, cache_format, strlen(cache_format))
      && !memcmp(file.data + strlen(cache_format), key, HASH_SHA256_TEXT - 1)
      && see_gallery_parse(file.data + head, file.n - head, path, &gallery, NULL) == TRUNDLE_OK
      && bytes_append(out, file.data + head, file.n - head) == TRUNDLE_OK;
    see_gallery_free(gallery);
    bytes_done(&file);
    return ok;
}

enum trundle_status trip_world_gallery(const char *enrol_dir, struct bytes *out, struct trundle_error *err)
{
    struct album album = { 0 };
    struct bytes blob = { 0 }, file = { 0 };
    char key[HASH_SHA256_TEXT], path[TRIP_WORLD_PATH + NAME];
    enum trundle_status status;

    TRY_GOTO(status, album_read(enrol_dir, &album, err), out);
    if (!album.n)
        goto out;
    TRY_GOTO(status, key_of(&album, enrol_dir, key, err), out);
    (void)snprintf(path, sizeof path, "%s/gallery.bin", enrol_dir);
    if (!cached(path, key, &blob)) {
        TRY_GOTO(status, build(&album, album.n, enrol_dir, &blob, err), out);
        TRY_GOTO(status, bytes_print(&file, "%s%s\n", cache_format, key), out);
        TRY_GOTO(status, bytes_append(&file, blob.data, blob.n), out);
        if (file_write(path, file.data, file.n, NULL) != TRUNDLE_OK)
            (void)unlink(path);    /* a folder that cannot be written to costs only time */
    }
    *out = blob;
    blob = (struct bytes){ 0 };
out:
    album_done(&album);
    bytes_done(&blob);
    bytes_done(&file);
    return status;
}
