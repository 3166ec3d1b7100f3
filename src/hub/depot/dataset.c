/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Datasets: manifests that never change, kept as blobs, with their members as edges. */
#include "hub/depot/inside.h"
#include "hub/depot/lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANIFEST_MAX = 64 << 20 };

struct member {
    const char *kind;                      /* "clip" or "trip" */
    char        ref[2 * DEPOT_NAME + 2], split[DEPOT_NAME];
};

struct manifest {
    char           name[DEPOT_NAME], parent[DEPOT_SHA], note[DEPOT_TEXT];
    struct member *member;                 /* owned */
    size_t         n;
};

static int by_ref(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->ref, ((const struct member *)b)->ref);
}

static enum trundle_status member_take(const struct json_at *at, struct member *out, struct trundle_error *err)
{
    char where[240];
    const char *slash;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object {...}");
    TRY(json_take_text(at, "split", out->split, sizeof out->split, err));
    (void)snprintf(where, sizeof where, "%s.split", at->where);
    TRY(depot_name_check(out->split, where, err));
    if (json_has(at, "trip")) {
        out->kind = "trip";
        TRY(json_take_text(at, "trip", out->ref, sizeof out->ref, err));
        slash = strchr(out->ref, '/');
        (void)snprintf(where, sizeof where, "%s.trip", at->where);
        return slash && slash - out->ref < DEPOT_NAME ? depot_trip_check(slash + 1, where, err) : error_set(err, TRUNDLE_BAD_INPUT, where, "CART/TRIP", "'%.80s' is no trip", out->ref);
    }
    out->kind = "clip";
    TRY(json_take_text(at, "sha256", out->ref, sizeof out->ref, err));
    (void)snprintf(where, sizeof where, "%s.sha256", at->where);
    return depot_sha_check(out->ref, where, err);
}

static enum trundle_status members_take(const struct json_at *root, struct manifest *m, struct trundle_error *err)
{
    struct json_at list, at;

    TRY(json_take_array(root, "members", 0, DEPOT_MEMBERS_MAX, &list, err));
    m->n = json_length(&list);
    m->member = calloc(m->n ? m->n : 1, sizeof *m->member);
    if (!m->member)
        return error_set(err, TRUNDLE_NO_MEMORY, root->where, NULL, "no memory for %zu members", m->n);
    for (size_t i = 0; i < m->n; i++) {
        TRY(json_element(&list, i, &at, err));
        TRY(member_take(&at, &m->member[i], err));
    }
    qsort(m->member, m->n, sizeof *m->member, by_ref);
    for (size_t i = 1; i < m->n; i++)
        if (strcmp(m->member[i].ref, m->member[i - 1].ref) == 0)
            return error_set(err, TRUNDLE_CONFLICT, list.where, "once, in one split", "%.100s is listed twice", m->member[i].ref);
    return TRUNDLE_OK;
}

static enum trundle_status parse(const void *text, size_t n, const char *where, struct manifest *out, struct trundle_error *err)
{
    struct manifest m = { .n = 0 };
    enum trundle_status status;
    json_t *root = NULL;
    struct json_at at;

    TRY(json_parse(text, n, where, &root, err));
    at = json_at_root(root, where);
    if (!json_is_object(root)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be an object {...}");
        goto out;
    }
    TRY_GOTO(status, json_take_text(&at, "name", m.name, sizeof m.name, err), out);
    TRY_GOTO(status, depot_name_check(m.name, "dataset: name", err), out);
    if (json_has(&at, "parent")) {
        TRY_GOTO(status, json_take_text(&at, "parent", m.parent, sizeof m.parent, err), out);
        TRY_GOTO(status, depot_sha_check(m.parent, "dataset: parent", err), out);
    }
    if (json_has(&at, "note"))
        TRY_GOTO(status, json_take_text(&at, "note", m.note, sizeof m.note, err), out);
    TRY_GOTO(status, members_take(&at, &m, err), out);
    *out = m;
    m.member = NULL;
out:
    if (status == TRUNDLE_NOT_FOUND) {
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    free(m.member);
    json_decref(root);
    return status;
}

/* One form for one content: keys in this order, members by name, a line each. */
static enum trundle_status print(const struct manifest *m, struct bytes *out, struct trundle_error *err)
{
    json_t *note = json_string(m->note);
    char *note_text = note ? json_dumps(note, JSON_ENCODE_ANY) : NULL;
    enum trundle_status status = note_text ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    if (status == TRUNDLE_OK)
        status = bytes_print(out, "{\"name\":\"%s\",\"parent\":%s%s%s,\"note\":%s,\"members\":[", m->name, m->parent[0] ? "\"" : "null", m->parent, m->parent[0] ? "\"" : "", note_text);
    for (size_t i = 0; i < m->n && status == TRUNDLE_OK; i++)
        status = bytes_print(out, "%s\n{\"%s\":\"%s\",\"split\":\"%s\"}", i ? "," : "", m->member[i].kind[0] == 't' ? "trip" : "sha256", m->member[i].ref, m->member[i].split);
    if (status == TRUNDLE_OK)
        status = bytes_print(out, "\n]}\n");
    free(note_text);
    json_decref(note);
    if (status == TRUNDLE_OK && out->n > MANIFEST_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, m->name, "make two of it", "a manifest of %zu bytes, limit %d", out->n, MANIFEST_MAX);
    return status == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, status, m->name, NULL, "no memory for its manifest");
}

#define COLUMNS "SELECT n.ref, s.name, s.version, s.parent, s.members, n.made_ns, s.reduced FROM depot_dataset s JOIN depot_node n ON n.id = s.node "

static void row(const struct db_statement *s, struct depot_dataset *out)
{
    struct depot_dataset set = { .version = db_integer(s, 2), .members = db_integer(s, 4), .made_ns = db_integer(s, 5), .reduced = db_integer(s, 6) != 0 };

    (void)snprintf(set.id, sizeof set.id, "%s", db_text(s, 0));
    (void)snprintf(set.name, sizeof set.name, "%s", db_text(s, 1));
    (void)snprintf(set.parent, sizeof set.parent, "%s", db_text(s, 3));
    *out = set;
}

static enum trundle_status find(struct db *db, const char *id_or_name, struct depot_dataset *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, COLUMNS "WHERE (n.kind = 'dataset' AND n.ref = ?1) OR s.name = ?1 ORDER BY n.ref = ?1 DESC, s.version DESC LIMIT 1", "t", id_or_name));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        row(s, out);
    db_free(s);
    return status == TRUNDLE_END ? error_set(err, TRUNDLE_NOT_FOUND, id_or_name, NULL, "no such dataset") : status;
}

/* Not by the trip's row: in a database that was set back it may have come after the receipt (delete.c, tombstone). */
static enum trundle_status trip_gone(struct db *db, const char *ref, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM depot_clip WHERE whole = 1 AND state = 2 AND cart = substr(?1, 1, instr(?1, '/') - 1)"
                    " AND trip = substr(?1, instr(?1, '/') + 1)", "t", ref));
    status = db_step(s, err);
    db_free(s);
    *out = status == TRUNDLE_OK;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status member_add(struct db *db, struct db_statement *edge, int64_t node, const struct member *m, int64_t now_ns, struct trundle_error *err)
{
    struct depot_clip c;
    int64_t id = 0;
    bool gone = false;

    TRY(depot_node_id(db, m->kind, m->ref, now_ns, &id, err));
    if (m->kind[0] == 't')
        TRY(trip_gone(db, m->ref, &gone, err));
    if (gone)
        return error_set(err, TRUNDLE_CONFLICT, m->ref, "leave it out", "this trip's file was deleted");
    if (m->kind[0] == 'c') {
        TRY(depot_clip_find(db, m->ref, &c, err));
        if (c.state != DEPOT_CLIP_HERE)
            return error_set(err, c.state == DEPOT_CLIP_DELETED ? TRUNDLE_CONFLICT : TRUNDLE_NOT_FOUND, m->ref, "leave it out", "this clip %s",
                             c.state == DEPOT_CLIP_DELETED ? "was deleted" : "is not here yet");
    }
    db_bind_integer(edge, 1, node);
    db_bind_integer(edge, 2, id);
    db_bind_text(edge, 3, m->split);
    return db_run(edge, err);
}

/* In a write. The manifest's blob is put here too: rare, and so it is never litter. */
static enum trundle_status keep(struct depot *d, struct db *db, const struct manifest *m, int64_t now_ns, struct depot_dataset *out, struct trundle_error *err)
{
    struct db_statement *edge = NULL;
    struct depot_dataset parent;
    struct bytes text = { 0 };
    enum trundle_status status;
    char id[DEPOT_SHA];
    int64_t node = 0;

    TRY_GOTO(status, print(m, &text, err), out);
    status = depot_node_find(db, "dataset", hash_sha256(text.data, text.n, id), &node, err);
    if (status != TRUNDLE_NOT_FOUND) {
        if (status == TRUNDLE_OK)
            status = find(db, id, out, err);
        goto out;
    }
    if (m->parent[0])
        TRY_GOTO(status, find(db, m->parent, &parent, err), out);
    TRY_GOTO(status, depot_node_make(db, "dataset", id, "{}", now_ns, &node, err), out);
    TRY_GOTO(status, db_do(db, err, "INSERT INTO depot_dataset(node, name, version, parent, members, reduced) SELECT ?1, ?2, 1 + coalesce(max(version), 0), ?3, ?4, 0"
                               " FROM depot_dataset WHERE name = ?2", "itti", node, m->name, m->parent, (int64_t)m->n), out);
    TRY_GOTO(status, db_prepare(db, "INSERT INTO depot_edge(child, parent, split) VALUES(?,?,?)", &edge, err), out);
    for (size_t i = 0; i < m->n; i++)
        TRY_GOTO(status, member_add(db, edge, node, &m->member[i], now_ns, err), out);
    TRY_GOTO(status, depot_blob_put(d, text.data, text.n, id, err), out);
    TRY_GOTO(status, depot_blob_name(d, db, id, "dataset", now_ns, err), out);
    status = find(db, id, out, err);
out:
    db_free(edge);
    bytes_done(&text);
    return status;
}

struct making {
    struct depot        *d;
    struct manifest      m;
    const char          *who;
    int64_t              now_ns;
    struct depot_dataset set;
};

static enum trundle_status make_job(struct db *db, void *user, struct trundle_error *err)
{
    struct making *k = user;

    TRY(keep(k->d, db, &k->m, k->now_ns, &k->set, err));
    return depot_access_in(db, &(struct depot_access){ k->who, "make", "dataset", k->set.id, k->m.name }, k->now_ns, err);
}

enum trundle_status depot_dataset_make(struct depot *d, const void *manifest, size_t n, const char *who, int64_t now_ns, struct depot_dataset *out, struct trundle_error *err)
{
    struct making k = { .d = d, .who = who, .now_ns = now_ns };
    enum trundle_status status;

    if (n > MANIFEST_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "dataset", "make two of it", "a manifest of %zu bytes, limit %d", n, MANIFEST_MAX);
    TRY(parse(manifest, n, "dataset", &k.m, err));
    if (k.m.n == 0)
        status = error_set(err, TRUNDLE_BAD_INPUT, "dataset: members", NULL, "there are none");
    else
        status = depot_write(d, make_job, &k, err);
    free(k.m.member);
    if (status == TRUNDLE_OK)
        *out = k.set;
    return status;
}

enum trundle_status depot_dataset_get(struct depot *d, const char *id_or_name, struct depot_dataset *out, struct trundle_error *err)
{
    enum trundle_status status;
    struct db *db = NULL;

    TRY(depot_read_begin(d, &db, err));
    status = find(db, id_or_name, out, err);
    depot_read_end(d, db);
    return status;
}

enum trundle_status depot_datasets(struct depot *d, const char *name, depot_each_dataset *each, void *user, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct depot_dataset set;
    enum trundle_status status;
    struct db *db = NULL;

    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, COLUMNS "WHERE ?1 IS NULL OR s.name = ?1 ORDER BY s.name, s.version DESC", "t", name), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        row(s, &set);
        each(user, &set);
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum trundle_status depot_dataset_reduce(struct depot *d, struct db *db, const char *name, const char *const *gone, size_t n, int64_t now_ns, char out_id[DEPOT_SHA],
                                         struct trundle_error *err)
{
    struct bytes text = { 0 };
    struct manifest m = { .n = 0 };
    struct depot_dataset old, set;
    const char **sorted = NULL;
    enum trundle_status status;
    size_t kept = 0;

    TRY(find(db, name, &old, err));
    TRY(depot_blob_get(d, old.id, MANIFEST_MAX, &text, err));
    TRY_GOTO(status, parse(text.data, text.n, old.id, &m, err), out);
    sorted = calloc(n, sizeof *sorted);
    if (!sorted) {
        status = error_set(err, TRUNDLE_NO_MEMORY, name, NULL, "no memory for %zu names", n);
        goto out;
    }
    memcpy(sorted, gone, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, text_order);
    for (size_t i = 0; i < m.n; i++) {
        const char *ref = m.member[i].ref;

        if (!bsearch(&ref, sorted, n, sizeof *sorted, text_order))
            m.member[kept++] = m.member[i];
    }
    (void)snprintf(m.note, sizeof m.note, "version %lld without %zu deleted members", (long long)old.version, m.n - kept);
    (void)snprintf(m.parent, sizeof m.parent, "%s", old.id);
    m.n = kept;
    TRY_GOTO(status, keep(d, db, &m, now_ns, &set, err), out);
    memcpy(out_id, set.id, sizeof set.id);
out:
    free(sorted);
    free(m.member);
    bytes_done(&text);
    return status;
}
