/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* List files and folders of pictures for `trundle see`. */
#include "cmd/cart/see.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_LIMIT = 64 << 20, NAME_LIMIT = 256 };

void see_list_path(const char *list_path, const char *file, char out[SEE_PATH])
{
    const char *slash = strrchr(list_path, '/');

    if (file[0] == '/' || !slash)
        (void)snprintf(out, SEE_PATH, "%s", file);
    else
        (void)snprintf(out, SEE_PATH, "%.*s/%s", (int)(slash - list_path), list_path, file);
}

static void trim(char *text)
{
    size_t n = strlen(text), lead = strspn(text, " \t");

    while (n > lead && strchr(" \t\r", text[n - 1]))
        n--;
    memmove(text, text + lead, n - lead);
    text[n - lead] = '\0';
}

static long whole_number(const char *text)
{
    char *end;
    long v = text ? strtol(text, &end, 10) : -1;

    return text && end != text ? v : -1;
}

enum trundle_status see_list_read(const char *path, struct see_list *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    struct see_list list = { 0 };
    size_t lines = 1, number = 0;
    char *line, *next;
    enum trundle_status status;

    TRY(file_read(path, LIST_LIMIT, &b, err));
    for (size_t i = 0; i < b.n; i++)
        lines += b.data[i] == '\n';
    list.row = calloc(lines, sizeof *list.row);
    if (!list.row) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for %zu lines", lines);
        goto out;
    }
    for (line = (char *)b.data; line; line = next) {
        struct see_listed *row = &list.row[list.n];
        char *fine, *coarse = NULL;

        number++;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        fine = strchr(line, ',');
        if (fine) {
            *fine++ = '\0';
            coarse = strchr(fine, ',');
            if (coarse)
                coarse++;
        }
        trim(line);
        if (!*line)
            continue;
        if (strlen(line) >= SEE_PATH) {
            status = error_set(err, TRUNDLE_TOO_LARGE, path, NULL, "line %zu: a path of %zu bytes, limit %d", number, strlen(line), SEE_PATH - 1);
            goto out;
        }
        (void)snprintf(row->file, sizeof row->file, "%s", line);
        row->fine = whole_number(fine);
        row->coarse = whole_number(coarse);
        list.n++;
    }
    *out = list;
    list.row = NULL;
    status = TRUNDLE_OK;
out:
    free(list.row);
    bytes_done(&b);
    return status;
}

void see_list_done(struct see_list *list)
{
    free(list->row);
    *list = (struct see_list){ 0 };
}

enum trundle_status see_pictures_add(struct see_pictures *p, struct trundle_product product, const char *path, struct trundle_error *err)
{
    struct bytes b = { 0 };

    if (p->n == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 64;
        struct see_enrol *row = realloc(p->row, capacity * sizeof *row);
        struct bytes *file;

        if (row)
            p->row = row;
        file = row ? realloc(p->file, capacity * sizeof *file) : NULL;
        if (!file)
            return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for %zu pictures", capacity);
        p->file = file;
        p->capacity = capacity;
    }
    TRY(file_read(path, SEE_JPEG_LIMIT, &b, err));
    p->file[p->n] = b;
    p->row[p->n++] = (struct see_enrol){ product, b.data, b.n };
    return TRUNDLE_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The names in a folder that do not start with a dot, sorted; malloc'd. */
static enum trundle_status folder_names(const char *path, char (**out)[NAME_LIMIT], size_t *out_n, struct trundle_error *err)
{
    DIR *folder = opendir(path);
    char (*names)[NAME_LIMIT] = NULL;
    size_t n = 0, capacity = 0;
    struct dirent *entry;

    if (!folder)
        return error_set(err, TRUNDLE_NOT_FOUND, path, NULL, "no such folder");
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= NAME_LIMIT)
            continue;
        if (n == capacity) {
            char (*more)[NAME_LIMIT] = realloc(names, (capacity ? 2 * capacity : 64) * sizeof *names);

            if (!more) {
                free(names);
                (void)closedir(folder);
                return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for its names");
            }
            names = more;
            capacity = capacity ? 2 * capacity : 64;
        }
        (void)snprintf(names[n++], NAME_LIMIT, "%s", entry->d_name);
    }
    (void)closedir(folder);
    if (n)
        qsort(names, n, sizeof *names, by_text);
    *out = names;
    *out_n = n;
    return TRUNDLE_OK;
}

/* DIR/plu-4011: the pictures of one product. */
static enum trundle_status add_product(struct see_pictures *p, const char *dir, const char *name, struct trundle_error *err)
{
    char key[NAME_LIMIT], path[SEE_PATH], picture[SEE_PATH + NAME_LIMIT + 1], (*names)[NAME_LIMIT] = NULL;
    struct trundle_product product;
    size_t n = 0;
    char *dash;
    enum trundle_status status = TRUNDLE_OK;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)snprintf(key, sizeof key, "%s", name);
    dash = strchr(key, '-');
    if (dash)
        *dash = ':';
    if (trundle_product_parse(key, &product) != TRUNDLE_OK || !product.key)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "folders are named gtin-<14 digits> or plu-<4-5 digits>", "its name is no product");
    TRY(folder_names(path, &names, &n, err));
    for (size_t i = 0; i < n && status == TRUNDLE_OK; i++) {
        const char *dot = strrchr(names[i], '.');

        if (!dot || (strcmp(dot, ".jpg") != 0 && strcmp(dot, ".jpeg") != 0))
            continue;
        (void)snprintf(picture, sizeof picture, "%s/%s", path, names[i]);
        status = see_pictures_add(p, product, picture, err);
    }
    free(names);
    return status;
}

enum trundle_status see_pictures_folder(struct see_pictures *p, const char *dir, struct trundle_error *err)
{
    char (*names)[NAME_LIMIT] = NULL;
    size_t n = 0;
    enum trundle_status status;

    TRY(folder_names(dir, &names, &n, err));
    status = n ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, dir, NULL, "holds no product folders");
    for (size_t i = 0; i < n && status == TRUNDLE_OK; i++)
        if (strcmp(names[i], "gallery.bin") != 0)        /* what a replay keeps there of the same pictures */
            status = add_product(p, dir, names[i], err);
    free(names);
    return status;
}

void see_pictures_done(struct see_pictures *p)
{
    for (size_t i = 0; i < p->n; i++)
        bytes_done(&p->file[i]);
    free(p->file);
    free(p->row);
    *p = (struct see_pictures){ 0 };
}
