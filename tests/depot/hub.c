/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* hub.h */
#include "tests/depot/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *hub_path(void)
{
    static char path[8][4096];
    static const char *scratch;
    static int at;

    if (!scratch)
        scratch = support_scratch();
    at++;
    (void)snprintf(path[at % 8], sizeof path[0], "%s/hub%d", scratch, at);
    return path[at % 8];
}

struct depot *hub_open(const char *path)
{
    struct trundle_error err;
    struct depot *d = NULL;

    support_ok(depot_open(path, DEPOT_CREATE, NULL, &d, &err), &err);
    return d;
}

enum trundle_status hub_try(struct depot *d, const char *cart, const char *lines, struct trundle_error *err)
{
    struct depot_count count = { -1, -1 };
    struct depot_batch *batch = NULL;
    enum trundle_status status = depot_batch_parse(lines, strlen(lines), &batch, err);

    if (status == TRUNDLE_OK)
        status = depot_ingest(d, cart, batch, T0, &count, err);
    assert_true(status == TRUNDLE_OK || count.accepted == -1);
    depot_batch_free(batch);
    return status;
}

struct depot_count hub_say(struct depot *d, const char *cart, const char *lines)
{
    struct depot_count count = { -1, -1 };
    struct depot_batch *batch = NULL;
    struct trundle_error err;

    support_ok(depot_batch_parse(lines, strlen(lines), &batch, &err), &err);
    support_ok(depot_ingest(d, cart, batch, T0, &count, &err), &err);
    depot_batch_free(batch);
    return count;
}

struct bytes hub_sealed(const struct depot *d, const char *cart, const char *trip, double t0_s, double t1_s, int64_t keep_days, size_t n, char sha256[DEPOT_SHA])
{
    struct seal_header header = { .trigger = "corrected", .purpose = "label", .keep_days = keep_days, .t0_s = t0_s, .t1_s = t1_s };
    struct seal_writer *w = NULL;
    struct trundle_error err;
    struct bytes out = { 0 };
    uint8_t *content = calloc(1, n + 1);

    assert_non_null(content);
    memset(content, 'c', n);
    (void)snprintf(header.cart, sizeof header.cart, "%s", cart);
    (void)snprintf(header.trip, sizeof header.trip, "%s", trip);
    support_ok(seal_write_memory(depot_seal_key(d)->public_key, &header, &out, &w, &err), &err);
    support_ok(seal_write_add(w, content, n, &err), &err);
    support_ok(seal_write_finish(w, &err), &err);
    seal_write_free(w);
    free(content);
    (void)hash_sha256(out.data, out.n, sha256);
    return out;
}

const char *hub_clip(struct depot *d, const char *cart, const char *trip, int64_t sequence, double t0_s, double t1_s, int64_t keep_days, size_t n)
{
    static char sha256[16][DEPOT_SHA];
    static int at;
    char line[1000];
    struct trundle_error err;
    struct bytes sealed;
    int64_t have = 0;

    at = (at + 1) % 16;
    sealed = hub_sealed(d, cart, trip, t0_s, t1_s, keep_days, n, sha256[at]);
    (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%lld,\"t_ns\":%lld,\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"%s\",\"trigger\":\"corrected\","
                   "\"purpose\":\"label\",\"keep_days\":%lld,\"t0_s\":%.17g,\"t1_s\":%.17g,\"worth\":0.5,\"decision\":3}}", (long long)sequence, (long long)T0, sha256[at], sealed.n, trip,
                   (long long)keep_days, t0_s, t1_s);
    assert_int_equal(hub_say(d, cart, line).accepted, 1);
    support_ok(depot_clip_put(d, cart, sha256[at], 0, (int64_t)sealed.n, sealed.data, sealed.n, T0, &have, &err), &err);
    assert_int_equal(have, sealed.n);
    bytes_done(&sealed);
    return sha256[at];
}

int64_t hub_number(struct depot *d, const char *sql)
{
    struct db_statement *s = NULL;
    struct trundle_error err;
    struct db *db = NULL;
    int64_t n;

    support_ok(depot_read_begin(d, &db, &err), &err);
    support_ok(db_prepare(db, sql, &s, &err), &err);
    support_ok(db_step(s, &err), &err);
    n = db_integer(s, 0);
    db_free(s);
    depot_read_end(d, db);
    return n;
}

bool hub_blob_there(const struct depot *d, const char *sha256)
{
    char path[5000];

    (void)snprintf(path, sizeof path, "%s/blob/%.2s/%s", depot_folder(d), sha256, sha256);
    return access(path, F_OK) == 0;
}
