/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A bundle is made of a model directory, and signed. */
#include "base/bundle/inside.h"
#include "base/std/hash.h"
#include "base/std/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source { char *path /* inside the bundle */, *file /* on disk */; int64_t bytes; char sha256[HASH_SHA256_TEXT]; };
struct sources { struct source *item; size_t n, room; int64_t bytes; };

static void sources_done(struct sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->item[i].path);
        free(s->item[i].file);
    }
    free(s->item);
}

static char *joined(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 2;
    char *text = malloc(n);

    if (text)
        (void)snprintf(text, n, "%s/%s", a, b);
    return text;
}

/* Reads a file in pieces; `use` may be NULL. */
static enum trundle_status walk_source(struct source *s, bundle_piece *use, void *user, char out_sha256[HASH_SHA256_TEXT], struct trundle_error *err)
{
    crypto_hash_sha256_state state;
    uint8_t piece[BUNDLE_PIECE], digest[32];
    enum trundle_status status = TRUNDLE_OK;
    int64_t total = 0;
    int fd = open(s->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = 0;

    if (fd < 0)
        return error_set(err, TRUNDLE_IO, s->file, NULL, "cannot open: %s", strerror(errno));
    (void)crypto_hash_sha256_init(&state);
    while (status == TRUNDLE_OK && (got = read(fd, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = error_set(err, TRUNDLE_IO, s->file, NULL, "cannot read: %s", strerror(errno));
            break;
        }
        (void)crypto_hash_sha256_update(&state, piece, (size_t)got);
        total += got;
        if (use)
            status = use(user, piece, (size_t)got, err);
    }
    (void)close(fd);
    TRY(status);
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(out_sha256, HASH_SHA256_TEXT, digest, sizeof digest);
    s->bytes = total;
    return TRUNDLE_OK;
}

static enum trundle_status collect(struct sources *s, const char *dir, const char *inside, int depth, struct trundle_error *err);

static enum trundle_status collect_one(struct sources *s, const char *dir, const char *inside, const char *name, int depth, struct trundle_error *err)
{
    struct source item = { .path = joined(inside, name), .file = joined(dir, name) };
    enum trundle_status status = TRUNDLE_OK;
    struct stat st;

    if (!item.path || !item.file) {
        status = error_set(err, TRUNDLE_NO_MEMORY, dir, NULL, "no memory for its list");
    } else if (lstat(item.file, &st) != 0) {
        status = error_set(err, TRUNDLE_IO, item.file, NULL, "cannot look at it: %s", strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        status = collect(s, item.file, item.path, depth + 1, err);
    } else if (!S_ISREG(st.st_mode)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, item.file, "put the file itself there", "is no regular file; links and devices are not taken");
    } else if (!manifest_path_ok(item.path)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, item.file, "letters, digits and -_.+@=,; at most three folders deep", "has a name that a bundle does not take");
    } else if (!list_grow((void **)&s->item, sizeof *s->item, s->n, &s->room)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, dir, NULL, "no memory for its list");
    } else if (s->n == BUNDLE_FILES_MAX) {
        status = error_set(err, TRUNDLE_TOO_LARGE, dir, NULL, "over %d files", BUNDLE_FILES_MAX);
    } else if ((status = walk_source(&item, NULL, NULL, item.sha256, err)) == TRUNDLE_OK) {
        s->bytes += item.bytes;
        if (s->bytes > BUNDLE_BYTES_MAX) {
            status = error_set(err, TRUNDLE_TOO_LARGE, dir, NULL, "over %lld bytes", (long long)BUNDLE_BYTES_MAX);
        } else {
            s->item[s->n++] = item;
            item.path = item.file = NULL;
        }
    }
    free(item.path);
    free(item.file);
    return status;
}

static enum trundle_status collect(struct sources *s, const char *dir, const char *inside, int depth, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;
    struct dirent *entry;
    DIR *folder = depth > 4 ? NULL : opendir(dir);

    if (depth > 4)
        return error_set(err, TRUNDLE_TOO_LARGE, dir, NULL, "folders are nested too deep");
    if (!folder)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, dir, "name a model directory", "cannot open the folder: %s", strerror(errno));
    while (status == TRUNDLE_OK && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            status = collect_one(s, dir, inside, entry->d_name, depth, err);
    (void)closedir(folder);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct source *)a)->path, ((const struct source *)b)->path);
}

static json_t *manifest_json(const struct bundle_plan *plan, const struct sources *s)
{
    json_t *files = json_array(), *hardware = json_array();

    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(files, json_pack("{s:s,s:I,s:s}", "path", s->item[i].path, "bytes", (json_int_t)s->item[i].bytes, "sha256", s->item[i].sha256));
    for (size_t i = 0; i < plan->hardware_n; i++)
        json_array_append_new(hardware, json_string(plan->hardware[i]));
    return json_pack("{s:i,s:s,s:I,s:I,s:o,s:{s:s},s:o,s:s,s:s?,s:O?,s:O?}", "version", 1, "name", plan->name, "serial", (json_int_t)plan->serial, "made_ns",
                     (json_int_t)plan->made_ns, "hardware", hardware, "needs", "trundle", plan->needs ? plan->needs : TRUNDLE_VERSION, "files", files, "card",
                     "model/card.md", "catalog", plan->catalog_sha256, "calibration", plan->calibration, "gate", plan->gate);
}

static enum trundle_status write_parts(const struct bytes *manifest, struct sources *s, struct bundle_to_file *to, struct trundle_error *err)
{
    struct bytes none = { .n = 2 };
    uint8_t head[BUNDLE_HEAD];
    char sha256[HASH_SHA256_TEXT];

    bundle_head(manifest, &none, head);
    TRY(disk_write(to->fd, head, sizeof head, to->path, err));
    TRY(disk_write(to->fd, manifest->data, manifest->n, to->path, err));
    TRY(disk_write(to->fd, "[]", 2, to->path, err));
    for (size_t i = 0; i < s->n; i++) {
        TRY(walk_source(&s->item[i], bundle_into_file, to, sha256, err));
        if (strcmp(sha256, s->item[i].sha256) != 0)
            return error_set(err, TRUNDLE_CONFLICT, s->item[i].file, "build again when nobody writes there", "changed while the bundle was built");
    }
    return TRUNDLE_OK;
}

/* `write` fills a temporary file, which then takes its place. */
static enum trundle_status put_in_place(const char *path, enum trundle_status (*write_it)(void *, struct bundle_to_file *, struct trundle_error *), void *user,
                                        struct trundle_error *err)
{
    char temporary[DISK_PATH];
    struct bundle_to_file to = { temporary, -1 };
    enum trundle_status status;

    TRY(disk_path(temporary, sizeof temporary, err, "%s.new", path));
    (void)unlink(temporary);                /* left by a power cut */
    TRY(disk_create(temporary, 0644, &to.fd, err));
    status = write_it(user, &to, err);
    if (status != TRUNDLE_OK)
        (void)close(to.fd);
    else
        status = disk_close(to.fd, temporary, err);
    if (status == TRUNDLE_OK)
        status = disk_place(temporary, path, err);
    if (status != TRUNDLE_OK)
        (void)unlink(temporary);
    return status;
}

struct built { struct bytes manifest; struct sources sources; };

static enum trundle_status write_built(void *user, struct bundle_to_file *to, struct trundle_error *err)
{
    struct built *w = user;

    return write_parts(&w->manifest, &w->sources, to, err);
}

enum trundle_status bundle_build(const struct bundle_plan *plan, const char *path, struct trundle_error *err)
{
    struct built w = { .sources = { .n = 0 } };
    struct manifest m = { .root = NULL };
    enum bundle_refusal why;
    json_t *root = NULL;
    char *text = NULL;
    enum trundle_status status;

    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, path, NULL, "libsodium does not start");
    TRY_GOTO(status, collect(&w.sources, plan->model_dir, "model", 1, err), out);
    if (w.sources.n)
        qsort(w.sources.item, w.sources.n, sizeof *w.sources.item, by_path);
    root = manifest_json(plan, &w.sources);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (!text || bytes_append(&w.manifest, text, strlen(text)) != TRUNDLE_OK) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for the manifest, or a text that is not UTF-8");
        goto out;
    }
    TRY_GOTO(status, manifest_parse(w.manifest.data, w.manifest.n, "manifest", &m, &why, err), out);      /* what we would refuse is not built */
    status = put_in_place(path, write_built, &w, err);
out:
    manifest_done(&m);
    free(text);
    json_decref(root);
    bytes_done(&w.manifest);
    sources_done(&w.sources);
    return status;
}

struct resigned { struct bundle *b; struct bytes signatures; };

static enum trundle_status write_resigned(void *user, struct bundle_to_file *to, struct trundle_error *err)
{
    struct resigned *r = user;
    uint8_t head[BUNDLE_HEAD];

    bundle_head(&r->b->manifest_text, &r->signatures, head);
    TRY(disk_write(to->fd, head, sizeof head, to->path, err));
    TRY(disk_write(to->fd, r->b->manifest_text.data, r->b->manifest_text.n, to->path, err));
    TRY(disk_write(to->fd, r->signatures.data, r->signatures.n, to->path, err));
    for (size_t i = 0; i < r->b->m.files_n; i++)
        TRY(bundle_walk(r->b, &r->b->m.file[i], bundle_into_file, to, NULL, err));
    return TRUNDLE_OK;
}

enum trundle_status bundle_sign(const char *path, const struct trust_key *key, struct trundle_error *err)
{
    struct resigned r = { .b = NULL };
    json_t *list = NULL;
    char *dump = NULL, sha256[HASH_SHA256_TEXT];
    enum trundle_status status;
    size_t i = 0;

    TRY(bundle_open(path, &r.b, NULL, err));
    TRY_GOTO(status, bundle_check_content(r.b, sha256, NULL, err), out);
    while (i < r.b->signatures_n && strcmp(r.b->signature[i].key, key->id) != 0)
        i++;
    if (i == BUNDLE_SIGNATURES_MAX) {
        status = error_set(err, TRUNDLE_FULL, path, NULL, "holds %d signatures already", BUNDLE_SIGNATURES_MAX);
        goto out;
    }
    trust_sign(key, TRUST_BUNDLE, r.b->digest, &r.b->signature[i]);
    list = bundle_signatures_json(r.b->signature, i == r.b->signatures_n ? i + 1 : r.b->signatures_n);
    dump = list ? json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    status = dump ? bytes_append(&r.signatures, dump, strlen(dump)) : TRUNDLE_NO_MEMORY;
    if (status != TRUNDLE_OK)
        (void)error_set(err, status, path, NULL, "no memory for its signatures");
    else
        status = put_in_place(path, write_resigned, &r, err);
out:
    free(dump);
    json_decref(list);
    bytes_done(&r.signatures);
    bundle_close(r.b);
    return status;
}
