/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* An answer to GET /api/v1/orders: keyring, fetch, install, leave, refuse. */
#include "cart/runtime/orders_inner.h"

#include "base/std/disk.h"
#include "base/std/json.h"
#include "base/std/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <trundle/trundle.h>
#include <unistd.h>

enum { PATH = 1400, REFUSED_BYTES = 4096, KEYRINGS_MAX = 1000 };
#define REFUSED_FILE "refused.json"

struct take {
    const char *dir;
    struct uplink_call *call;
    struct orders_place place;
    struct orders_order order;
    struct slots slots;
    int64_t trust;                         /* serial of the keyring, 0 none */
};

/* `key` is null or absent, or a sha256. */
static enum trundle_status take_sha(const struct json_at *at, const char *key, char out[65], struct trundle_error *err)
{
    char text[65] = "";

    if (json_has(at, key) && !json_is_null(json_object_get(at->value, key))) {
        TRY(json_take_text(at, key, text, sizeof text, err));
        if (!text_is_hex(text, 64))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "is this a hub?", "%s is no sha256", key);
    }
    memcpy(out, text, sizeof text);
    return TRUNDLE_OK;
}

enum trundle_status orders_parse(const void *answer, size_t n, struct orders_order *out, struct trundle_error *err)
{
    struct orders_order o = { .bytes = 0 };
    struct json_at at, bundle;
    json_t *root = NULL;
    enum trundle_status status;

    TRY(json_parse(answer, n, "orders", &root, err));
    at = json_at_root(root, "orders");
    TRY_GOTO(status, take_sha(&at, "leave", o.leave, err), out);
    if (json_has(&at, "trust"))
        TRY_GOTO(status, json_take_integer(&at, "trust", 0, INT64_MAX, &o.trust, err), out);
    if (!json_is_null(json_object_get(root, "bundle"))) {
        TRY_GOTO(status, json_take_object(&at, "bundle", &bundle, err), out);
        TRY_GOTO(status, take_sha(&bundle, "sha256", o.sha256, err), out);
        TRY_GOTO(status, json_take_text(&bundle, "name", o.name, sizeof o.name, err), out);
        TRY_GOTO(status, json_take_integer(&bundle, "bytes", 1, BUNDLE_BYTES_MAX + BUNDLE_MANIFEST_MAX + BUNDLE_SIGNATURES_BYTES_MAX + 16, &o.bytes, err), out);
        TRY_GOTO(status, json_take_integer(&bundle, "serial", 1, INT64_MAX, &o.serial, err), out);
        if (!bundle_name_ok(o.name) || !o.sha256[0]) {
            status = error_set(err, TRUNDLE_BAD_INPUT, "orders.bundle", "is this a hub?", "has no name, or no sha256");
            goto out;
        }
    }
    *out = o;
out:
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND)
        status = error_set(err, TRUNDLE_BAD_INPUT, "orders", "is this a hub?", "a field is missing");
    return status;
}

/* ---- the keyring ---- */

static enum trundle_status know_trust(struct take *t, struct trundle_error *err)
{
    struct trust *trust = NULL;
    enum trundle_status status = slots_trust(&t->place.slots, &trust, err);

    t->trust = status == TRUNDLE_OK ? trust_serial(trust) : 0;
    trust_free(trust);
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

/* Every keyring since ours, oldest first: a cart that was away for long follows step by step. */
static enum trundle_status follow_trust(struct take *t, struct trundle_error *err)
{
    struct uplink_reply reply = { .status = 0 };
    struct json_at at, rows, row;
    json_t *root = NULL;
    enum trundle_status status;
    char path[64];

    (void)snprintf(path, sizeof path, "/api/v1/trust?after=%lld", (long long)t->trust);
    TRY_GOTO(status, uplink_request(t->call, "GET", path, NULL, 0, &reply, err), out);
    TRY_GOTO(status, uplink_reply_error(&reply, "trust", err), out);
    TRY_GOTO(status, json_parse(reply.body.data, reply.body.n, "trust", &root, err), out);
    at = json_at_root(root, "trust");
    TRY_GOTO(status, json_take_array(&at, "rows", 0, KEYRINGS_MAX, &rows, err), out);
    for (size_t i = 0; i < json_array_size(rows.value); i++) {
        TRY_GOTO(status, json_element(&rows, i, &row, err), out);
        if (!json_is_string(row.value)) {
            status = error_set(err, TRUNDLE_BAD_INPUT, row.where, "is this a hub?", "is no keyring");
            goto out;
        }
        TRY_GOTO(status, slots_trust_put(&t->place.slots, json_string_value(row.value), json_string_length(row.value), err), out);
    }
    status = know_trust(t, err);
out:
    json_decref(root);
    uplink_reply_done(&reply);
    if (status == TRUNDLE_NOT_FOUND)
        status = error_set(err, TRUNDLE_BAD_INPUT, "trust", "is this a hub?", "rows are missing");
    return status;
}

/* ---- what is not taken ---- */

static void refused_path(const struct take *t, char out[PATH])
{
    (void)snprintf(out, PATH, "%s/fetch/" REFUSED_FILE, t->dir);
}

/* A file that cannot be read only costs a fetch. */
static bool was_refused(const struct take *t)
{
    struct bytes file = { 0 };
    struct json_at at;
    json_t *root = NULL;
    char path[PATH], sha256[65], version[32];
    int64_t trust;
    bool same = false;

    refused_path(t, path);
    if (file_read(path, REFUSED_BYTES, &file, NULL) == TRUNDLE_OK && json_parse(file.data, file.n, path, &root, NULL) == TRUNDLE_OK) {
        at = json_at_root(root, path);
        same = json_take_text(&at, "sha256", sha256, sizeof sha256, NULL) == TRUNDLE_OK && !strcmp(sha256, t->order.sha256) &&
               json_take_text(&at, "version", version, sizeof version, NULL) == TRUNDLE_OK && !strcmp(version, trundle_version()) &&
               json_take_integer(&at, "trust", 0, INT64_MAX, &trust, NULL) == TRUNDLE_OK && trust == t->trust;
    }
    json_decref(root);
    bytes_done(&file);
    return same;
}

/* Said first, noted then: a kill between the two says it twice, which changes nothing. */
static enum trundle_status refuse(struct take *t, const char *why, struct orders_result *out, struct trundle_error *err)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:I}", "sha256", t->order.sha256, "why", why, "version", trundle_version(), "trust", (json_int_t)t->trust);
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    enum trundle_status status = TRUNDLE_OK;
    char path[PATH];

    json_decref(root);
    refused_path(t, path);
    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    out->done = ORDERS_REFUSED;
    (void)snprintf(out->why, sizeof out->why, "%.159s", why);
    status = orders_say_refused(t->dir, &t->slots, t->order.sha256, out->why, err);
    if (status == TRUNDLE_OK)
        status = file_write(path, text, strlen(text), err);
    free(text);
    return status;
}

/* ---- fetching ---- */

/* What was under way for another order. */
static void clean(const struct take *t, const char *keep)
{
    char folder[PATH], path[PATH];
    struct dirent *entry;
    DIR *dir;

    (void)snprintf(folder, sizeof folder, "%s/fetch", t->dir);
    dir = opendir(folder);
    while (dir && (entry = readdir(dir)))
        if (text_is_hex(entry->d_name, 64) && strcmp(entry->d_name, keep) != 0 && (size_t)snprintf(path, sizeof path, "%.1300s/%s", folder, entry->d_name) < sizeof path)
            (void)unlink(path);
    if (dir)
        (void)closedir(dir);
}

static enum trundle_status fetch_rest(struct take *t, int fd, const char *path, int64_t have, struct trundle_error *err)
{
    struct uplink_reply reply = { .status = 0 };
    enum trundle_status status = TRUNDLE_OK;
    char from[128];

    (void)snprintf(from, sizeof from, "/api/v1/bundles/%s", t->order.sha256);
    if (have < t->order.bytes) {
        status = uplink_fetch(t->call, from, fd, have, t->order.bytes, &have, &reply, err);
        if (status == TRUNDLE_UNSUPPORTED && ftruncate(fd, 0) != 0)      /* the next time from the start */
            status = error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
        if (status == TRUNDLE_OK)
            status = uplink_reply_error(&reply, "bundle", err);
        if (status == TRUNDLE_OK && have < t->order.bytes)
            status = error_set(err, TRUNDLE_DEVICE, path, "it goes on from there", "%lld of %lld bytes came", (long long)have, (long long)t->order.bytes);
    }
    uplink_reply_done(&reply);
    return status;
}

/* The whole bundle at `path`, its hash the one that was ordered. */
static enum trundle_status fetch(struct take *t, char path[PATH], struct trundle_error *err)
{
    enum trundle_status status;
    struct stat about;
    char sha256[65];
    int fd;

    (void)snprintf(path, PATH, "%s/fetch", t->dir);
    TRY(folder_make(path, err));
    clean(t, t->order.sha256);
    (void)snprintf(path, PATH, "%s/fetch/%s", t->dir, t->order.sha256);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &about) != 0 || (about.st_size > t->order.bytes && ftruncate(fd, 0) != 0)) {
        status = error_set(err, TRUNDLE_IO, path, NULL, "%s", strerror(errno));
        goto out;
    }
    TRY_GOTO(status, fetch_rest(t, fd, path, about.st_size > t->order.bytes ? 0 : about.st_size, err), out);
    TRY_GOTO(status, disk_hash(path, sha256, NULL, err), out);
    if (strcmp(sha256, t->order.sha256) != 0) {
        (void)unlink(path);
        status = error_set(err, TRUNDLE_CORRUPT, path, "it is fetched anew", "what came has the sha256 %.16s...", sha256);
    } else {
        status = disk_sync(fd, path, err);
    }
out:
    if (fd >= 0)
        (void)close(fd);
    return status;
}

static enum trundle_status fetch_and_install(struct take *t, struct orders_result *out, struct trundle_error *err)
{
    enum bundle_refusal why = BUNDLE_UNREADABLE;
    struct trundle_error said;
    enum trundle_status status;
    char path[PATH], text[160];

    if (was_refused(t))
        return TRUNDLE_OK;
    TRY(fetch(t, path, err));
    TRY(orders_say_fetched(t->dir, t->order.sha256, err));
    status = slots_install(&t->place.slots, path, &t->slots, &why, &said);
    if (status == TRUNDLE_OK) {
        out->done = ORDERS_INSTALLED;
        (void)unlink(path);
        return orders_report(t->dir, &t->slots, err);
    }
    if (why == BUNDLE_NONE || why == BUNDLE_UNREADABLE || why == BUNDLE_BUSY) {      /* a full disk, or not now: the file stays, the next order tries again */
        if (err)
            *err = said;
        return status;
    }
    (void)unlink(path);
    (void)snprintf(text, sizeof text, "refused (%s): %.120s", bundle_refusal_text(why), said.what);
    return refuse(t, text, out, err);
}

static enum trundle_status roll_back(struct take *t, struct orders_result *out, struct trundle_error *err)
{
    const struct slots_slot *running = &t->slots.slot[t->slots.running];
    bool called = !strcmp(t->order.leave, running->sha256);

    out->done = ORDERS_LEFT;
    memcpy(out->sha256, running->sha256, sizeof out->sha256);
    memcpy(out->name, running->name, sizeof out->name);
    (void)snprintf(out->why, sizeof out->why, called ? "the hub called it back" : "the hub orders %.40s instead", t->order.name);
    TRY(slots_rollback(&t->place.slots, out->why, &t->slots, err));
    return orders_report(t->dir, &t->slots, err);
}

/* It had a newer one. What it left itself the hub has been told. */
static enum trundle_status cannot(struct take *t, struct orders_result *out, struct trundle_error *err)
{
    char why[160], folder[PATH];

    for (size_t i = 0; i < t->slots.left_n; i++)
        if (!strcmp(t->slots.left[i], t->order.sha256))
            return TRUNDLE_OK;
    if (was_refused(t))
        return TRUNDLE_OK;
    (void)snprintf(folder, sizeof folder, "%s/fetch", t->dir);
    TRY(folder_make(folder, err));
    (void)snprintf(why, sizeof why, "refused (older): serial %lld, and this cart had %lld", (long long)t->order.serial, (long long)t->slots.floor);
    return refuse(t, why, out, err);
}

enum trundle_status orders_take(const char *dir, struct uplink_call *call, const struct bytes *answer, struct orders_result *out, struct trundle_error *err)
{
    struct orders_result result = { .done = ORDERS_NOTHING };
    struct take t = { .dir = dir, .call = call };
    enum trundle_status status = TRUNDLE_OK;

    TRY(orders_parse(answer->data, answer->n, &t.order, err));
    TRY(orders_place(dir, NULL, &t.place, err));
    if (t.order.sha256[0] || t.order.trust)
        TRY(orders_pin(dir, &t.place, err));
    TRY(know_trust(&t, err));
    if (t.order.trust > t.trust)
        TRY(follow_trust(&t, err));
    TRY(slots_read(&t.place.slots, &t.slots, err));
    memcpy(result.sha256, t.order.sha256, sizeof result.sha256);
    memcpy(result.name, t.order.name, sizeof result.name);
    switch (slots_next(&t.slots, t.order.sha256, t.order.serial, t.order.leave)) {
    case SLOTS_STAY:
        break;
    case SLOTS_FETCH:
        status = fetch_and_install(&t, &result, err);
        break;
    case SLOTS_ROLL_BACK:
        if (t.slots.running >= 0)
            status = roll_back(&t, &result, err);
        break;
    case SLOTS_CANNOT:
        status = cannot(&t, &result, err);
        break;
    }
    if (status == TRUNDLE_OK)
        *out = result;
    return status;
}
