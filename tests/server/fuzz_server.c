/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * What comes in from outside, behind the door: a body of records ('i': parsed, stored, seen by watch and ship), a request's fields ('f', and which route), a
 * cart's headers are plain texts that test_server_cart tries. A hub that refuses a body must not have any of it.
 */
#include "base/std/json.h"
#include "base/std/time.h"
#include "hub/depot/depot.h"
#include "hub/server/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct server *hub;
static char folder[512];

static enum trundle_status put_cart(struct db *db, void *user, struct trundle_error *err)
{
    (void)user;
    return db_exec(db, "INSERT INTO server_cart(name, store, key, hardware, joined_ns, off_ns) VALUES('c', 's', x'00', 'h', 1, 0)", err);
}

static void stop(void)
{
    char command[600];

    server_stop(hub);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    (void)!system(command);
}

static void open_hub(void)
{
    const char *tmp = getenv("TMPDIR");
    char dir[600];
    struct trundle_error err;

    (void)snprintf(folder, sizeof folder, "%s/trundle-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        abort();
    (void)snprintf(dir, sizeof dir, "%s/hub", folder);
    if (server_start(&(struct server_config){ .dir = dir, .address = "127.0.0.1:0", .threads = 1, .fast_passwords = true }, &hub, &err) != TRUNDLE_OK ||
        depot_write(hub->depot, put_cart, NULL, &err) != TRUNDLE_OK)
        abort();
    hub->config.dir = folder;              /* the name above ends with this function */
    (void)atexit(stop);
}

static int64_t rows(void)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    struct trundle_error err;
    int64_t n;

    if (depot_read_begin(hub->depot, &db, &err) != TRUNDLE_OK || db_prepare(db, "SELECT count(*) FROM depot_record", &s, &err) != TRUNDLE_OK || db_step(s, &err) != TRUNDLE_OK)
        abort();
    n = db_integer(s, 0);
    db_free(s);
    depot_read_end(hub->depot, db);
    return n;
}

static void records(const uint8_t *data, size_t n)
{
    struct depot_batch *batch = NULL;
    struct depot_count count = { 0, 0 };
    struct trundle_error err;
    int64_t before;

    if (depot_batch_parse(data, n, &batch, &err) != TRUNDLE_OK)
        return;
    if (!hub)
        open_hub();
    before = rows();
    if (depot_ingest(hub->depot, "c", batch, clock_wall_ns(), &count, &err) != TRUNDLE_OK) {
        if (!err.what[0] || rows() != before)
            abort();                       /* no reason, or a part of it */
    } else if (rows() != before + count.accepted || count.accepted + count.repeated != (int64_t)depot_batch_count(batch)) {
        abort();
    }
    depot_batch_free(batch);
}

static void fields(const uint8_t *data, size_t n)
{
    const struct server_route *row[SERVER_ROUTES_MAX];
    size_t routes = server_routes(row, SERVER_ROUTES_MAX);
    const char *takes = row[data[0] % routes]->takes;
    json_t *root = NULL;
    struct trundle_error err;
    char text[DEPOT_TEXT];

    if (!takes || json_parse(data + 1, n - 1, "body", &root, &err) != TRUNDLE_OK)
        return;
    if (spec_check(takes, root, &err) == TRUNDLE_OK) {
        spec_log(takes, root, text, sizeof text);
        if (strlen(text) >= sizeof text)
            abort();
    } else if (!err.what[0]) {
        abort();
    }
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 1 && data[0] == 'i')
        records(data + 1, n - 1);
    else if (n > 2 && data[0] == 'f')
        fields(data + 1, n - 1);
    return 0;
}
