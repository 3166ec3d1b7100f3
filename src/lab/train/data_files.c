/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Data from a folder with a folder per class, and from a list file: "path, fine[, coarse]" with whole numbers, one picture a line. */
#include "base/std/csv.h"
#include "lab/train/data_inner.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { LIST_BYTES = 256 << 20 };

bool data_picture_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    return name[0] != '.' && dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

static int visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void names_free(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static enum trundle_status list_folder(const char *path, struct dirent ***out, int *out_n, struct trundle_error *err)
{
    *out_n = scandir(path, out, visible, by_name);
    if (*out_n >= 0)
        return TRUNDLE_OK;
    *out_n = 0;
    *out = NULL;
    return error_set(err, errno == ENOENT || errno == ENOTDIR ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, "paths in a recipe are relative to --data or $TRUNDLE_DATA",
                     "%s", strerror(errno));
}

static enum trundle_status read_class(struct data_set *set, const char *root, const char *name, int32_t label, struct trundle_error *err)
{
    char folder[RECIPE_PATH], path[RECIPE_PATH], relative[RECIPE_PATH];
    enum trundle_status status;
    struct data_entry *e;
    struct dirent **files;
    int n;

    TRY(data_join(root, name, folder, err));
    TRY(list_folder(folder, &files, &n, err));
    status = data_name_class(set, label, name, err);
    for (int i = 0; i < n && status == TRUNDLE_OK; i++) {
        if (!data_picture_name(files[i]->d_name))
            continue;
        TRY_GOTO(status, data_join(folder, files[i]->d_name, path, err), out);
        TRY_GOTO(status, data_join(name, files[i]->d_name, relative, err), out);
        TRY_GOTO(status, data_add(set, relative, path, &e, err), out);
        e->item.label = label;
    }
out:
    names_free(files, n);
    return status;
}

enum trundle_status data_read_folder(struct data_set *set, const char *folder, struct trundle_error *err)
{
    char root[RECIPE_PATH], path[RECIPE_PATH];
    enum trundle_status status = TRUNDLE_OK;
    struct dirent **names;
    int32_t label = 0;
    int n;

    TRY(data_join(folder, set->config.path, root, err));
    TRY(list_folder(root, &names, &n, err));
    for (int i = 0; i < n; i++) {
        struct stat st;

        TRY_GOTO(status, data_join(root, names[i]->d_name, path, err), out);
        if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        TRY_GOTO(status, read_class(set, root, names[i]->d_name, label++, err), out);
    }
out:
    names_free(names, n);
    return status;
}

/* --- lists --- */

static const char *trimmed(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static bool whole_number(const char *text, int32_t *out)
{
    char *end;
    long v;

    text = trimmed(text);
    errno = 0;
    v = strtol(text, &end, 10);
    if (end == text || *trimmed(end) || errno || v < 0 || v >= DATA_CLASSES_MAX)
        return false;
    *out = (int32_t)v;
    return true;
}

static enum trundle_status list_row(struct data_set *set, const struct csv *csv, const char *root, struct trundle_error *err)
{
    char path[RECIPE_PATH], at[CSV_AT_TEXT];
    int32_t label, coarse = -1;
    struct data_entry *e;

    if (csv->fields_n < 2 || csv->fields_n > 3)
        return error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, 0, at), NULL, "%zu columns; a line is: path, class[, coarse class]", csv->fields_n);
    if (!whole_number(csv->field[1].text, &label))
        return error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, 1, at), NULL, "class '%.40s' is not a whole number from 0 to %d", csv->field[1].text, DATA_CLASSES_MAX - 1);
    if (csv->fields_n == 3 && !whole_number(csv->field[2].text, &coarse))
        return error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, 2, at), NULL, "coarse class '%.40s' is not a whole number from 0 to %d", csv->field[2].text, DATA_CLASSES_MAX - 1);
    TRY(data_join(root, trimmed(csv->field[0].text), path, err));
    TRY(data_add(set, trimmed(csv->field[0].text), path, &e, err));
    e->item.label = label;
    e->item.coarse = coarse;
    return TRUNDLE_OK;
}

static void parent_of(const char *path, char out[RECIPE_PATH])
{
    const char *slash = strrchr(path, '/');

    (void)snprintf(out, RECIPE_PATH, "%.*s", slash > path ? (int)(slash - path) : 1, slash ? path : ".");
}

enum trundle_status data_read_list(struct data_set *set, const char *folder, struct trundle_error *err)
{
    char path[RECIPE_PATH], root[RECIPE_PATH];
    struct csv *csv = malloc(sizeof *csv);
    enum trundle_status status;
    struct bytes b = { 0 };

    if (!csv)
        return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory for a list");
    TRY_GOTO(status, data_join(folder, set->config.path, path, err), out);
    parent_of(path, root);
    if (set->config.pictures[0])
        TRY_GOTO(status, data_join(folder, set->config.pictures, root, err), out);
    TRY_GOTO(status, file_read(path, LIST_BYTES, &b, err), out);
    csv_init(csv, b.data, b.n, path);
    while ((status = csv_row(csv, err)) == TRUNDLE_OK)
        TRY_GOTO(status, list_row(set, csv, root, err), out);
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    bytes_done(&b);
    free(csv);
    return status;
}

/* Rows "name, number, ..."; the first may be a header. */
enum trundle_status data_read_names(struct data_set *set, const char *path, struct trundle_error *err)
{
    struct csv *csv = malloc(sizeof *csv);
    enum trundle_status status;
    struct bytes b = { 0 };
    char at[CSV_AT_TEXT];
    bool first = true;
    int32_t label;

    if (!csv)
        return error_set(err, TRUNDLE_NO_MEMORY, "data", NULL, "no memory for names");
    TRY_GOTO(status, file_read(path, LIST_BYTES, &b, err), out);
    csv_init(csv, b.data, b.n, path);
    while ((status = csv_row(csv, err)) == TRUNDLE_OK) {
        if (csv->fields_n >= 2 && whole_number(csv->field[1].text, &label)) {
            TRY_GOTO(status, data_name_class(set, label, trimmed(csv->field[0].text), err), out);
        } else if (!first) {
            status = error_set(err, TRUNDLE_BAD_INPUT, csv_at(csv, 1, at), NULL, "a row of names is: name, class");
            goto out;
        }
        first = false;
    }
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
out:
    bytes_done(&b);
    free(csv);
    return status;
}
