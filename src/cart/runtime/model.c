/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/model.h"

#include "base/std/disk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TABLE_BYTES = 1 << 20, FILE_BYTES = 256 << 20, PATH = 2048 };

static enum trundle_status take_table(const char *dir, const char *name, struct bytes *out, struct trundle_error *err)
{
    char path[PATH];
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/%s", dir, name));
    status = file_read(path, TABLE_BYTES, out, err);
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

static int plain(const struct dirent *entry)
{
    return entry->d_name[0] != '.';        /* as a bundle takes them */
}

static enum trundle_status add_line(const char *dir, const char *name, struct bytes *lines, struct trundle_error *err)
{
    char path[PATH], sum[HASH_SHA256_TEXT];
    struct bytes file = { 0 };
    struct stat about;
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s/%s", dir, name));
    if (stat(path, &about) != 0)
        return error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
    if (!S_ISREG(about.st_mode))
        return TRUNDLE_OK;
    TRY(file_read(path, FILE_BYTES, &file, err));
    status = bytes_print(lines, "%s  %s\n", hash_sha256(file.data, file.n, sum), name);
    bytes_done(&file);
    return status == TRUNDLE_OK ? status : error_set(err, status, dir, NULL, "no memory");
}

static enum trundle_status hash_dir(const char *dir, char out[HASH_SHA256_TEXT], struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct bytes lines = { 0 };
    struct dirent **entry = NULL;
    int n = scandir(dir, &entry, plain, NULL);

    if (n < 0)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, dir, "a model directory, such as models/baseline", "%s", strerror(errno));
    for (int i = 1; i < n; i++)            /* by bytes: not by what the locale thinks */
        for (int k = i; k > 0 && strcmp(entry[k - 1]->d_name, entry[k]->d_name) > 0; k--) {
            struct dirent *other = entry[k];

            entry[k] = entry[k - 1];
            entry[k - 1] = other;
        }
    for (int i = 0; i < n; i++) {
        if (status == TRUNDLE_OK)
            status = add_line(dir, entry[i]->d_name, &lines, err);
        free(entry[i]);
    }
    free(entry);
    if (status == TRUNDLE_OK)
        (void)hash_sha256(lines.data, lines.n, out);
    bytes_done(&lines);
    return status;
}

enum trundle_status model_load(const char *dir, struct model *out, struct trundle_error *err)
{
    struct model m = { .sha256 = "" };
    enum trundle_status status = TRUNDLE_OK;

    if (!dir || !*dir) {
        *out = m;
        return TRUNDLE_OK;
    }
    TRY(hash_dir(dir, m.sha256, err));
    TRY_GOTO(status, take_table(dir, "fuse.json", &m.fuse_json, err), out);
    TRY_GOTO(status, take_table(dir, "costs.json", &m.costs_json, err), out);
    TRY_GOTO(status, take_table(dir, "see.json", &m.see_json, err), out);
    if (!m.fuse_json.n && !m.costs_json.n && !m.see_json.n) {
        status = error_set(err, TRUNDLE_BAD_INPUT, dir, "a model directory, such as models/baseline", "holds no fuse.json, costs.json or see.json");
        goto out;
    }
    if (m.costs_json.n)
        (void)hash_sha256(m.costs_json.data, m.costs_json.n, m.costs_sha256);
    *out = m;
    return TRUNDLE_OK;
out:
    model_done(&m);
    return status;
}

static struct trundle_text text_of(const struct bytes *b)
{
    return (struct trundle_text){ (const char *)b->data, b->n };
}

void model_setup(const struct model *m, struct trundle_setup *setup)
{
    setup->fuse_json = text_of(&m->fuse_json);
    setup->costs_json = text_of(&m->costs_json);
    setup->see_json = text_of(&m->see_json);
}

void model_head(const struct model *m, struct trip_head *head)
{
    memcpy(head->model_sha256, m->sha256, sizeof m->sha256);
    memcpy(head->costs_sha256, m->costs_sha256, sizeof m->costs_sha256);
}

void model_done(struct model *m)
{
    bytes_done(&m->fuse_json);
    bytes_done(&m->costs_json);
    bytes_done(&m->see_json);
    *m = (struct model){ .sha256 = "" };
}
