/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The manifest of a backup: printed and read. Its form is in keep.h. */
#include "hub/depot/filed.h"
#include "hub/depot/keep_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "# trundle hub backup "
#define TAIL "# end "
enum { LINE_HASH = DEPOT_SHA - 1 };

static enum trundle_status no_memory(enum trundle_status status, struct trundle_error *err)
{
    return status == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, status, "MANIFEST", NULL, "no memory for it");
}

enum trundle_status manifest_begin(struct bytes *m, int64_t made_ns, const char *access_head, struct trundle_error *err)
{
    return no_memory(bytes_print(m, HEAD "2 made_ns %lld access %s\n", (long long)made_ns, access_head), err);
}

enum trundle_status manifest_line(struct bytes *m, const char *sha256, const char *path, struct trundle_error *err)
{
    return no_memory(bytes_print(m, "%s  %s\n", sha256, path), err);
}

enum trundle_status manifest_end(struct bytes *m, int64_t files, struct trundle_error *err)
{
    char sha256[DEPOT_SHA];

    return no_memory(bytes_print(m, TAIL "%lld %s\n", (long long)files, hash_sha256(m->data, m->n, sha256)), err);
}

/* hub.sqlite, secret.json, receipts.jsonl (from version 2 on), or blob/ab/abcd... with the hash that the line gives. Nothing else comes out of a backup. */
static bool path_fine(const char *path, const char *sha256)
{
    char want[16 + DEPOT_SHA];

    if (strcmp(path, "hub.sqlite") == 0 || strcmp(path, "secret.json") == 0 || strcmp(path, DEPOT_RECEIPTS) == 0)
        return true;
    (void)snprintf(want, sizeof want, "blob/%.2s/%s", sha256, sha256);
    return strcmp(path, want) == 0;
}

static enum trundle_status head_check(const char *line, struct trundle_error *err)
{
    long version;

    if (strncmp(line, HEAD, strlen(HEAD)) != 0)
        return error_set(err, TRUNDLE_CORRUPT, "MANIFEST, line 1", NULL, "is no manifest of a hub's backup");
    version = strtol(line + strlen(HEAD), NULL, 10);
    if (version < 1 || version > 2)
        return error_set(err, TRUNDLE_UNSUPPORTED, "MANIFEST, line 1", "use the program that wrote it, or a newer one", "version %ld of a backup", version);
    return TRUNDLE_OK;
}

/* The end comes first: a manifest without it is half, whatever the lines say. */
static enum trundle_status end_check(const char *text, size_t n, size_t *out_lines_end, int64_t *out_files, struct trundle_error *err)
{
    char sha256[DEPOT_SHA], line[160];
    size_t begin = n;
    char *rest;
    long long files;

    while (begin > 0 && (begin == n || text[begin - 1] != '\n'))
        begin--;
    if (n == 0 || text[n - 1] != '\n' || n - begin >= sizeof line || n - begin < strlen(TAIL) || strncmp(text + begin, TAIL, strlen(TAIL)) != 0)
        return error_set(err, TRUNDLE_TRUNCATED, "MANIFEST", "it is half a backup: make another", "has no end");
    memcpy(line, text + begin, n - begin - 1);
    line[n - begin - 1] = '\0';
    files = strtoll(line + strlen(TAIL), &rest, 10);
    if (*rest != ' ' || strcmp(rest + 1, hash_sha256(text, begin, sha256)) != 0)
        return error_set(err, TRUNDLE_CORRUPT, "MANIFEST", "use another backup", "its last line does not fit to the others: it was changed");
    *out_lines_end = begin;
    *out_files = files;
    return TRUNDLE_OK;
}

enum trundle_status depot_manifest_parse(const char *text, size_t n, depot_each_file *each, void *user, struct trundle_error *err)
{
    char line[256], sha256[DEPOT_SHA], where[40], before[256] = "";
    size_t end = 0;
    int64_t files = 0, want = 0;
    int number = 0;

    TRY(end_check(text, n, &end, &want, err));
    for (size_t at = 0; at < end; number++) {
        const char *newline = memchr(text + at, '\n', end - at);
        size_t length = (size_t)(newline - (text + at));          /* the lines end with one: end_check found the last */

        (void)snprintf(where, sizeof where, "MANIFEST, line %d", number + 1);
        if (length >= sizeof line || memchr(text + at, '\0', length))
            return error_set(err, TRUNDLE_CORRUPT, where, NULL, "is no line of a manifest");
        memcpy(line, text + at, length);
        line[length] = '\0';
        at += length + 1;
        if (number == 0) {
            TRY(head_check(line, err));
            continue;
        }
        if (length <= LINE_HASH + 2 || line[LINE_HASH] != ' ' || line[LINE_HASH + 1] != ' ')
            return error_set(err, TRUNDLE_CORRUPT, where, NULL, "must be a hash, two spaces and a path");
        memcpy(sha256, line, LINE_HASH);
        sha256[LINE_HASH] = '\0';
        if (depot_sha_check(sha256, where, err) != TRUNDLE_OK || !path_fine(line + LINE_HASH + 2, sha256))
            return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "'%.100s' is no file of a hub", line + LINE_HASH + 2);
        if (strcmp(before, line + LINE_HASH + 2) >= 0)
            return error_set(err, TRUNDLE_CORRUPT, where, NULL, "is listed twice or out of order");
        (void)snprintf(before, sizeof before, "%s", line + LINE_HASH + 2);
        TRY(each(user, line + LINE_HASH + 2, sha256, err));
        files++;
    }
    if (number == 0)
        return error_set(err, TRUNDLE_CORRUPT, "MANIFEST", NULL, "has no first line");
    if (files != want)
        return error_set(err, TRUNDLE_CORRUPT, "MANIFEST", NULL, "lists %lld files, its end says %lld", (long long)files, (long long)want);
    return TRUNDLE_OK;
}
