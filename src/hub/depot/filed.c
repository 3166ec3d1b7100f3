/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * DIR/receipts.jsonl: every receipt of a deletion, one a line, only added to. It lies beside the database, so that what was deleted stays deleted when the database is set back.
 *
 * The row depot_filed says how far the database knows the file: so many bytes, and a chain of hashes over their lines. At the start the chain is compared; lines beyond it (the database is
 * older than the file) are verified and done again; when it does not fit all lines are. Then what the rows have and the file lacks is added.
 */
#include "hub/depot/filed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 << 20, TOGETHER = 500, CHAIN = 32 };
#define MEND "trundle hub fsck names every such line; bring the file back from a backup, or move it away to write anew what the database knows"

/* ---- lines ---- */

struct lines {
    const char *path;                      /* borrowed */
    FILE       *file;                      /* NULL: none is there */
    char       *line;                      /* the one that was read, without its end */
    size_t      n;
    int64_t     at, next, number;          /* bytes: where it begins, where the one after it does */
    bool        torn;                      /* it has no end */
    uint8_t     chain[CHAIN];              /* of all up to and with it */
};

static void chain_on(uint8_t chain[CHAIN], const void *line, size_t n)
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, CHAIN);
    (void)crypto_generichash_update(&state, chain, CHAIN);
    (void)crypto_generichash_update(&state, line, n);
    (void)crypto_generichash_final(&state, chain, CHAIN);
}

static void lines_close(struct lines *l)
{
    if (l->file)
        (void)fclose(l->file);
    free(l->line);
    l->file = NULL;
    l->line = NULL;
}

static enum trundle_status lines_open(struct lines *l, const char *path, struct trundle_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *l = (struct lines){ .path = path, .line = calloc(1, LINE_MAX_BYTES + 2) };
    if (fd >= 0)
        l->file = fdopen(fd, "r");
    if (!l->line || (fd >= 0 && !l->file)) {
        if (fd >= 0 && !l->file)
            (void)close(fd);
        lines_close(l);
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to read it");
    }
    if (fd < 0 && errno != ENOENT) {
        enum trundle_status status = disk_error(err, path, "open");

        lines_close(l);
        return status;
    }
    return TRUNDLE_OK;
}

static enum trundle_status line_wrong(const struct lines *l, enum trundle_status status, const char *hint, const char *what, struct trundle_error *err)
{
    char where[240];

    (void)snprintf(where, sizeof where, "%.180s, line %lld", l->path, (long long)l->number);
    return error_set(err, status, where, hint, "%s", what);
}

/* Zeros to the end of the file: a file system that knew its new length, and not yet its bytes, when the power went. */
static bool zeros(const struct lines *l, size_t n, size_t got)
{
    for (size_t i = n; i < got; i++)
        if (l->line[i])
            return false;
    return got <= LINE_MAX_BYTES && feof(l->file);
}

/* END: no more. */
static enum trundle_status lines_next(struct lines *l, struct trundle_error *err)
{
    size_t n, got;

    if (!l->file || !fgets(l->line, LINE_MAX_BYTES + 2, l->file))
        return l->file && ferror(l->file) ? disk_error(err, l->path, "read") : TRUNDLE_END;
    n = strlen(l->line);
    l->at = l->next;
    l->next = (int64_t)ftello(l->file);
    l->number++;
    got = (size_t)(l->next - l->at);
    if ((got != n && !zeros(l, n, got)) || (n == LINE_MAX_BYTES + 1 && l->line[n - 1] != '\n'))
        return line_wrong(l, TRUNDLE_CORRUPT, MEND, n > LINE_MAX_BYTES ? "is too long to be a receipt" : "holds what no receipt does", err);
    chain_on(l->chain, l->line, n);
    l->torn = got != n || l->line[n - 1] != '\n';
    l->n = l->torn ? n : n - 1;
    l->line[l->n] = '\0';
    return TRUNDLE_OK;
}

/* Signed by this hub, and whole: then *out is the document, which the caller lets go. */
static enum trundle_status line_verify(const struct lines *l, const uint8_t key[DEPOT_SIGN_PUBLIC], json_t **out, struct trundle_error *err)
{
    struct trundle_error why = { 0 };
    enum trundle_status status = depot_receipt_verify(l->line, l->n, key, &why);

    if (status == TRUNDLE_OK)
        status = json_parse(l->line, l->n, "receipt", out, &why);
    return status == TRUNDLE_OK ? TRUNDLE_OK : line_wrong(l, status == TRUNDLE_NO_MEMORY ? status : TRUNDLE_CORRUPT, MEND, why.what, err);
}

enum trundle_status depot_filed_look(const char *path, const uint8_t key[DEPOT_SIGN_PUBLIC], depot_each_filed *each, void *user, struct trundle_error *err)
{
    enum trundle_status status;
    struct trundle_error why;
    struct lines l;

    TRY(lines_open(&l, path, err));
    while ((status = lines_next(&l, &why)) == TRUNDLE_OK || status == TRUNDLE_CORRUPT) {
        json_t *doc = NULL;

        if (status == TRUNDLE_OK && !l.torn)
            status = line_verify(&l, key, &doc, &why);
        if (status != TRUNDLE_OK)
            each(user, why.where, why.what);
        json_decref(doc);
    }
    lines_close(&l);
    if (status == TRUNDLE_END)
        return TRUNDLE_OK;
    return error_set(err, status, path, NULL, "%s", why.what);
}

/* ---- how far the database knows it ---- */

/* *out_bytes -1: nothing of it, not even that it is empty. */
static enum trundle_status mark_get(struct db *db, int64_t *out_bytes, uint8_t out_chain[CHAIN], struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;
    const void *chain;
    size_t n = 0;

    *out_bytes = -1;
    memset(out_chain, 0, CHAIN);
    TRY(db_prepare(db, "SELECT bytes, chain FROM depot_filed", &s, err));
    status = db_step(s, err);
    chain = status == TRUNDLE_OK ? db_blob(s, 1, &n) : NULL;
    if (chain && n == CHAIN) {
        *out_bytes = db_integer(s, 0);
        memcpy(out_chain, chain, CHAIN);
    }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status mark_set(struct db *db, int64_t bytes, const uint8_t chain[CHAIN], struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, "INSERT INTO depot_filed(id, bytes, chain) VALUES(1, ?, ?) ON CONFLICT(id) DO UPDATE SET bytes = excluded.bytes, chain = excluded.chain", &s, err));
    db_bind_integer(s, 1, bytes);
    db_bind_blob(s, 2, chain, CHAIN);
    status = db_run(s, err);
    db_free(s);
    return status;
}

static enum trundle_status path_of(const struct depot *d, char out[DISK_PATH], struct trundle_error *err)
{
    return disk_path(out, DISK_PATH, err, "%s/" DEPOT_RECEIPTS, d->folder);
}

/* Behind the bytes that the mark knows; the new mark. What was written of lines that fail is taken back. */
static enum trundle_status append(struct db *db, const char *path, int64_t bytes, uint8_t chain[CHAIN], const struct bytes *lines, struct trundle_error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum trundle_status status;

    if (fd < 0)
        return disk_error(err, path, "open");
    status = disk_write(fd, lines->data, lines->n, path, err);
    if (status == TRUNDLE_OK)
        status = disk_sync(fd, path, err);
    if (status != TRUNDLE_OK && ftruncate(fd, (off_t)bytes) != 0)
        (void)error_set(err, status, path, "make room on the disk", "cannot be written, nor cut to what it was");
    if (close(fd) != 0 && status == TRUNDLE_OK)
        status = disk_error(err, path, "close");
    if (status == TRUNDLE_OK && bytes == 0)
        status = disk_parent_sync(path, err);
    TRY(status);
    for (size_t at = 0; at < lines->n;) {
        size_t n = (size_t)((const uint8_t *)memchr(lines->data + at, '\n', lines->n - at) + 1 - (lines->data + at));

        chain_on(chain, lines->data + at, n);
        at += n;
    }
    return mark_set(db, bytes + (int64_t)lines->n, chain, err);
}

enum trundle_status depot_filed_line(const char *text, struct bytes *out, struct trundle_error *err)
{
    json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    char *line = doc ? json_dumps(doc, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
    enum trundle_status status = line ? bytes_print(out, "%s\n", line) : TRUNDLE_NO_MEMORY;

    free(line);
    json_decref(doc);
    return status == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, status, "receipt", NULL, "no memory for its line");
}

enum trundle_status depot_filed_add(struct depot *d, struct db *db, const struct bytes *lines, struct trundle_error *err)
{
    struct depot_filed f = { d, 0 };
    char path[DISK_PATH];
    uint8_t chain[CHAIN];
    int64_t bytes, there = 0;

    if (!lines->n)
        return TRUNDLE_OK;
    TRY(path_of(d, path, err));
    TRY(mark_get(db, &bytes, chain, err));
    if (!disk_there(path, &there))
        there = 0;
    if (there != bytes) {                  /* of a commit that failed, or somebody was at it */
        TRY(depot_filed_sync(db, &f, err));
        TRY(mark_get(db, &bytes, chain, err));
    }
    return append(db, path, bytes, chain, lines, err);
}

/* ---- the file and the rows, brought together ---- */

/* A few receipts at a time: verified, to be done again. */
struct gathered { json_t *docs; struct bytes lines; };

static enum trundle_status gather(struct gathered *g, const struct lines *l, json_t *doc, struct trundle_error *err)
{
    if (json_array_append_new(g->docs, doc) != 0 || bytes_append(&g->lines, l->line, l->n) != TRUNDLE_OK || bytes_append(&g->lines, "\n", 1) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, l->path, NULL, "no memory for its receipts");
    return TRUNDLE_OK;
}

static enum trundle_status gathered_run(struct gathered *g, struct depot_filed *f, struct db *db, struct trundle_error *err)
{
    TRY(depot_delete_again(f->d, db, g->docs, &f->again, err));
    (void)json_array_clear(g->docs);
    g->lines.n = 0;
    return TRUNDLE_OK;
}

/* A last line without its end: one that was being written when the power went, of a deletion that is still waiting for it and writes it again; or whole but for its end. */
static enum trundle_status tail_mend(struct lines *l, const uint8_t key[DEPOT_SIGN_PUBLIC], struct trundle_error *err)
{
    json_t *doc = json_loads(l->line, 0, NULL);
    enum trundle_status status = TRUNDLE_OK;
    int fd = open(l->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    bool whole = doc != NULL;

    json_decref(doc);
    doc = NULL;
    if (fd < 0)
        return disk_error(err, l->path, "open");
    if (whole) {
        status = line_verify(l, key, &doc, err);
        json_decref(doc);
    }
    if (status == TRUNDLE_OK && whole && pwrite(fd, "\n", 1, (off_t)(l->at + (int64_t)l->n)) != 1)
        status = disk_error(err, l->path, "mend the end");
    if (status == TRUNDLE_OK && ftruncate(fd, (off_t)(l->at + (whole ? (int64_t)l->n + 1 : 0))) != 0)
        status = disk_error(err, l->path, "mend the end");
    if (status == TRUNDLE_OK)
        status = disk_sync(fd, l->path, err);
    (void)close(fd);
    return status;
}

/* On to the end: every line that the mark does not know is verified and done again. */
static enum trundle_status lines_run(struct lines *l, struct depot_filed *f, struct db *db, struct db_statement *seen, struct trundle_error *err)
{
    struct gathered g = { json_array(), { 0 } };
    enum trundle_status status;

    if (!g.docs)
        return error_set(err, TRUNDLE_NO_MEMORY, l->path, NULL, "no memory for its receipts");
    while ((status = lines_next(l, err)) == TRUNDLE_OK && !l->torn) {
        json_t *doc = NULL;

        TRY_GOTO(status, line_verify(l, f->d->sign_public, &doc, err), out);
        if (seen)
            db_bind_text(seen, 1, json_string_value(json_object_get(json_object_get(doc, "receipt"), "clip")));
        TRY_GOTO(status, gather(&g, l, doc, err), out);
        if (seen)
            TRY_GOTO(status, db_run(seen, err), out);
        if (json_array_size(g.docs) == TOGETHER)
            TRY_GOTO(status, gathered_run(&g, f, db, err), out);
    }
    if (status == TRUNDLE_END)
        status = TRUNDLE_OK;
    if (status == TRUNDLE_OK)
        status = gathered_run(&g, f, db, err);
out:
    json_decref(g.docs);
    bytes_done(&g.lines);
    return status;
}

/* Receipts of rows that the file does not have: it is from before there was one, or it was moved away. */
static enum trundle_status missing(struct db *db, struct bytes *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_prepare(db, "SELECT text FROM depot_receipt WHERE sha256 NOT IN (SELECT sha256 FROM temp.depot_seen)", &s, err));
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        TRY_GOTO(status, depot_filed_line(db_text(s, 0), out, err), out);
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    return status;
}

static enum trundle_status known(struct lines *l, int64_t bytes, const uint8_t chain[CHAIN], bool *out, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;

    while (l->next < bytes && status == TRUNDLE_OK)
        status = lines_next(l, NULL);
    *out = l->next == bytes && sodium_memcmp(l->chain, chain, CHAIN) == 0;
    return status == TRUNDLE_IO ? disk_error(err, l->path, "read") : TRUNDLE_OK;
}

static enum trundle_status all_again(const char *path, struct depot_filed *f, struct db *db, struct lines *l, struct bytes *out_missing, struct trundle_error *err)
{
    struct db_statement *seen = NULL;
    enum trundle_status status;

    lines_close(l);
    TRY(lines_open(l, path, err));
    TRY(db_exec(db, "CREATE TEMP TABLE IF NOT EXISTS depot_seen(sha256 TEXT PRIMARY KEY) WITHOUT ROWID; DELETE FROM temp.depot_seen", err));
    TRY(db_prepare(db, "INSERT OR IGNORE INTO temp.depot_seen(sha256) VALUES(?)", &seen, err));
    status = lines_run(l, f, db, seen, err);
    db_free(seen);
    TRY(status);
    TRY(missing(db, out_missing, err));
    return db_exec(db, "DELETE FROM temp.depot_seen", err);
}

enum trundle_status depot_filed_sync(struct db *db, void *user, struct trundle_error *err)
{
    struct depot_filed *f = user;
    uint8_t chain[CHAIN];
    struct bytes lacks = { 0 };
    enum trundle_status status;
    char path[DISK_PATH];
    bool trusted = false;
    int64_t bytes;
    struct lines l;

    TRY(path_of(f->d, path, err));
    TRY(mark_get(db, &bytes, chain, err));
    TRY(lines_open(&l, path, err));
    TRY_GOTO(status, known(&l, bytes, chain, &trusted, err), out);
    if (trusted)
        TRY_GOTO(status, lines_run(&l, f, db, NULL, err), out);
    else
        TRY_GOTO(status, all_again(path, f, db, &l, &lacks, err), out);
    if (l.torn) {
        TRY_GOTO(status, tail_mend(&l, f->d->sign_public, err), out);
        lines_close(&l);
        bytes_done(&lacks);
        return depot_filed_sync(db, user, err);          /* once more, with an end */
    }
    if (l.next != bytes || !trusted)
        TRY_GOTO(status, mark_set(db, l.next, l.chain, err), out);
    if (lacks.n)
        status = append(db, path, l.next, l.chain, &lacks, err);
out:
    lines_close(&l);
    bytes_done(&lacks);
    return status;
}

/* ---- those of another file ---- */

/* Both begin with the same lines, as a rule: one hub wrote them. Leaves `l` at the first that differs; it is read. END: there is none. */
static enum trundle_status differs(struct lines *l, struct lines *own, struct trundle_error *err)
{
    enum trundle_status status;

    do {
        TRY(lines_next(l, err));
        status = lines_next(own, err);
    } while (status == TRUNDLE_OK && !l->torn && strcmp(l->line, own->line) == 0);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

enum trundle_status depot_filed_take(struct db *db, void *user, struct trundle_error *err)
{
    struct depot_taking *t = user;
    struct depot_filed f = { t->d, 0 };
    struct gathered g = { json_array(), { 0 } };
    struct lines l = { 0 }, own = { 0 };
    enum trundle_status status;
    char path[DISK_PATH];

    t->again = 0;
    TRY_GOTO(status, g.docs ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, t->path, NULL, "no memory for its receipts"), out);
    TRY_GOTO(status, path_of(t->d, path, err), out);
    TRY_GOTO(status, lines_open(&own, path, err), out);
    TRY_GOTO(status, lines_open(&l, t->path, err), out);
    if (!l.file) {
        status = error_set(err, TRUNDLE_NOT_FOUND, t->path, NULL, "there is no such file of receipts");
        goto out;
    }
    for (status = differs(&l, &own, err); status == TRUNDLE_OK; status = lines_next(&l, err)) {
        json_t *doc = NULL;

        if (l.torn) {
            status = line_wrong(&l, TRUNDLE_TRUNCATED, "open its hub once, which mends the end, or take the line out", "has no end", err);
            goto out;
        }
        TRY_GOTO(status, line_verify(&l, t->d->sign_public, &doc, err), out);
        TRY_GOTO(status, gather(&g, &l, doc, err), out);
        if (json_array_size(g.docs) < TOGETHER)
            continue;
        TRY_GOTO(status, depot_filed_add(t->d, db, &g.lines, err), out);
        TRY_GOTO(status, gathered_run(&g, &f, db, err), out);
    }
    if (status != TRUNDLE_END)
        goto out;
    TRY_GOTO(status, depot_filed_add(t->d, db, &g.lines, err), out);
    status = gathered_run(&g, &f, db, err);
    t->again = f.again;
out:
    lines_close(&l);
    lines_close(&own);
    json_decref(g.docs);
    bytes_done(&g.lines);
    return status;
}
