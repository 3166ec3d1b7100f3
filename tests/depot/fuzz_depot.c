/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What the depot reads from outside: batches of carts, manifests of backups and of datasets, receipts and files of them. The first byte says which. */
#include "hub/depot/filed.h"
#include "hub/depot/keep.h"
#include "hub/depot/lineage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum trundle_status listed(void *user, const char *path, const char *sha256, struct trundle_error *err)
{
    (void)user;
    (void)err;
    if (path[0] == '/' || strstr(path, "..") || strlen(sha256) != 64)
        abort();
    return TRUNDLE_OK;
}

static void batch(const char *text, size_t n)
{
    struct depot_batch *b = NULL;
    struct trundle_error err;

    if (depot_batch_parse(text, n, &b, &err) != TRUNDLE_OK)
        return;
    for (size_t i = 0; i < depot_batch_count(b); i++) {
        const struct depot_record *r = depot_batch_record(b, i);
        json_t *again = json_loads(r->body, JSON_REJECT_DUPLICATES, NULL);

        if (!json_is_object(again) || (r->json && !json_equal(again, r->json)) || (!r->json && strcmp(r->kind, "decision") != 0))
            abort();                                   /* what is stored is not what was checked */
        json_decref(again);
    }
    depot_batch_free(b);
}

static char scratch[200];
static struct depot *hub;

static void line_wrong(void *user, const char *where, const char *what)
{
    if (!strstr(where, ", line ") || !what[0])
        abort();
    ++*(int *)user;
}

static void hub_remove(void)
{
    char command[300];

    depot_close(hub);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    (void)!system(command);
}

static void hub_make(void)
{
    const char *tmp = getenv("TMPDIR");
    struct trundle_error err;
    char folder[240];

    if (hub)
        return;
    (void)snprintf(scratch, sizeof scratch, "%s/fuzz-XXXXXX", tmp && strlen(tmp) < 150 ? tmp : "/tmp");
    if (!mkdtemp(scratch))
        abort();
    (void)snprintf(folder, sizeof folder, "%s/hub", scratch);
    if (depot_open(folder, DEPOT_CREATE, NULL, &hub, &err) != TRUNDLE_OK)
        abort();
    (void)atexit(hub_remove);
}

/* No line that somebody else made is taken for this hub's. */
static void receipts(const char *text, size_t n)
{
    struct depot_taking taking = { .path = NULL };
    struct trundle_error err;
    char path[240];
    int wrong = 0;

    hub_make();
    (void)snprintf(path, sizeof path, "%s/lines", scratch);
    if (file_write(path, text, n, &err) != TRUNDLE_OK || depot_filed_look(path, depot_sign_key(hub), line_wrong, &wrong, &err) != TRUNDLE_OK)
        abort();
    taking.d = hub;
    taking.path = path;
    if (depot_write(hub, depot_filed_take, &taking, &err) == TRUNDLE_OK && n)
        abort();
}

/* An empty hub: whatever the manifest says, its members are not there. */
static void dataset(const char *text, size_t n)
{
    struct depot_dataset set;
    struct trundle_error err;

    hub_make();
    if (depot_dataset_make(hub, text, n, "fuzz", 1, &set, &err) == TRUNDLE_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t key[DEPOT_SIGN_PUBLIC] = { 7 };
    struct trundle_error err;
    const char *text;

    if (n == 0)
        return 0;
    text = (const char *)data + 1;
    n--;
    if (data[0] == 'b')
        batch(text, n);
    else if (data[0] == 'm')
        (void)!depot_manifest_parse(text, n, listed, NULL, &err);
    else if (data[0] == 'd')
        dataset(text, n);
    else if (data[0] == 'l')
        receipts(text, n);
    else
        (void)!depot_receipt_verify(text, n, key, &err);
    return 0;
}
