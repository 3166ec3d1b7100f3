/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Nodes and edges: what was made of what, both ways. */
#include "hub/depot/inside.h"
#include "hub/depot/lineage.h"

#include "base/std/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARENTS_MAX = 64 };

enum trundle_status depot_node_find(struct db *db, const char *kind, const char *ref, int64_t *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT id FROM depot_node WHERE kind = ? AND ref = ?", "tt", kind, ref));
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        *out = db_integer(s, 0);
    db_free(s);
    return status == TRUNDLE_END ? error_set(err, TRUNDLE_NOT_FOUND, ref, NULL, "no such %.40s", kind) : status;
}

enum trundle_status depot_node_make(struct db *db, const char *kind, const char *ref, const char *body, int64_t now_ns, int64_t *out, struct trundle_error *err)
{
    TRY(db_do(db, err, "INSERT INTO depot_node(kind, ref, body, made_ns) VALUES(?,?,?,?)", "ttti", kind, ref, body, now_ns));
    return depot_node_find(db, kind, ref, out, err);
}

static enum trundle_status trip_there(struct db *db, const char *ref, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM depot_trip WHERE cart || '/' || trip = ?1 AND cart = substr(?1, 1, instr(?1, '/') - 1)", "t", ref));
    status = db_step(s, err);
    db_free(s);
    return status == TRUNDLE_END ? error_set(err, TRUNDLE_NOT_FOUND, ref, NULL, "no such trip") : status;
}

enum trundle_status depot_node_id(struct db *db, const char *kind, const char *ref, int64_t now_ns, int64_t *out, struct trundle_error *err)
{
    enum trundle_status status = depot_node_find(db, kind, ref, out, err);
    struct depot_clip c;

    if (status != TRUNDLE_NOT_FOUND)
        return status;
    if (strcmp(kind, "clip") == 0)
        TRY(depot_clip_find(db, ref, &c, err));
    else if (strcmp(kind, "trip") == 0)
        TRY(trip_there(db, ref, err));
    else
        return status;
    return depot_node_make(db, kind, ref, "{}", now_ns, out, err);
}

/* ---- adding ---- */

struct adding {
    const struct depot_node *node;
    int64_t                  now_ns;
};

static enum trundle_status edge_find(struct db *db, int64_t child, int64_t parent, const char *split, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM depot_edge WHERE child = ? AND parent = ? AND split = ?", "iit", child, parent, split));
    status = db_step(s, err);
    db_free(s);
    *out = status == TRUNDLE_OK;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static enum trundle_status same_node(struct db *db, const struct adding *a, int64_t id, struct trundle_error *err)
{
    const struct depot_node *node = a->node;
    struct db_statement *s = NULL;
    enum trundle_status status;
    int64_t edges = 0, parent = 0;
    bool same, there;

    TRY(db_query(db, &s, err, "SELECT body = ?2, (SELECT count(*) FROM depot_edge WHERE child = ?1) FROM depot_node WHERE id = ?1", "it", id, node->body));
    TRY_GOTO(status, db_step(s, err), out);
    same = db_integer(s, 0) != 0;
    edges = db_integer(s, 1);
    for (size_t i = 0; i < node->parents; i++) {
        TRY_GOTO(status, depot_node_id(db, node->parent[i].kind, node->parent[i].ref, a->now_ns, &parent, err), out);
        TRY_GOTO(status, edge_find(db, id, parent, node->parent[i].split ? node->parent[i].split : "", &there, err), out);
        same = same && there;
    }
    if (!same || edges != (int64_t)node->parents)
        status = error_set(err, TRUNDLE_CONFLICT, node->ref, "give it another name", "this %.40s is here with another body or other parents", node->kind);
out:
    db_free(s);
    return status;
}

static enum trundle_status add_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct adding *a = user;
    const struct depot_node *node = a->node;
    enum trundle_status status;
    int64_t id = 0, parent = 0;

    status = depot_node_find(db, node->kind, node->ref, &id, err);
    if (status == TRUNDLE_OK)
        return same_node(db, a, id, err);
    if (status != TRUNDLE_NOT_FOUND)
        return status;
    TRY(depot_node_make(db, node->kind, node->ref, node->body, a->now_ns, &id, err));
    for (size_t i = 0; i < node->parents; i++) {
        const struct depot_parent *p = &node->parent[i];

        TRY(depot_node_id(db, p->kind, p->ref, a->now_ns, &parent, err));
        TRY(db_do(db, err, "INSERT INTO depot_edge(child, parent, split) VALUES(?,?,?)", "iit", id, parent, p->split ? p->split : ""));
        TRY(db_do(db, err, "INSERT OR IGNORE INTO depot_taint(node, clip, since_ns) SELECT ?1, clip, ?3 FROM depot_taint WHERE node = ?2", "iii", id, parent, a->now_ns));
    }
    return TRUNDLE_OK;
}

static enum trundle_status ref_check(const char *kind, const char *ref, struct trundle_error *err)
{
    TRY(depot_name_check(kind, "kind of a node", err));
    if (!depot_printable(ref, DEPOT_REF) || strchr(ref, ' '))
        return error_set(err, TRUNDLE_BAD_INPUT, "name of a node", "1 to 127 bytes of printable ASCII without spaces", "'%.100s' is none", ref);
    return TRUNDLE_OK;
}

enum trundle_status depot_node_add(struct depot *d, const struct depot_node *node, int64_t now_ns, struct trundle_error *err)
{
    static const char *const own[] = { "clip", "trip", "dataset" };
    struct adding a = { node, now_ns };
    json_t *root = NULL;
    bool object;

    TRY(ref_check(node->kind, node->ref, err));
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (strcmp(node->kind, own[i]) == 0)
            return error_set(err, TRUNDLE_BAD_INPUT, node->ref, NULL, "a node of kind %s is made by the depot alone", own[i]);
    TRY(json_parse(node->body, strlen(node->body), node->ref, &root, err));
    object = json_is_object(root);
    json_decref(root);
    if (!object)
        return error_set(err, TRUNDLE_BAD_INPUT, node->ref, NULL, "its body must be an object {...}");
    if (node->parents > PARENTS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, node->ref, NULL, "%zu parents, limit %d", node->parents, PARENTS_MAX);
    for (size_t i = 0; i < node->parents; i++) {
        const struct depot_parent *p = &node->parent[i];

        TRY(ref_check(p->kind, p->ref, err));
        if (p->split && strcmp(p->kind, "dataset") != 0)
            return error_set(err, TRUNDLE_BAD_INPUT, p->ref, NULL, "a %.40s has no splits", p->kind);
        if (p->split)
            TRY(depot_name_check(p->split, "split", err));
        for (size_t k = 0; k < i; k++)
            if (strcmp(p->kind, node->parent[k].kind) == 0 && strcmp(p->ref, node->parent[k].ref) == 0 &&
                strcmp(p->split ? p->split : "", node->parent[k].split ? node->parent[k].split : "") == 0)
                return error_set(err, TRUNDLE_BAD_INPUT, p->ref, NULL, "parent %zu is parent %zu again", i + 1, k + 1);
    }
    return depot_write(d, add_job, &a, err);
}

/* ---- asking ---- */

struct span {
    char   trip[2 * DEPOT_NAME];
    double t0_s, t1_s;
};

struct spans {
    struct span *span;
    size_t       n, room;
};

static int by_trip_and_time(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int trip = strcmp(x->trip, y->trip);

    return trip ? trip : (x->t0_s > y->t0_s) - (x->t0_s < y->t0_s);
}

static double seconds_of(struct spans *list)
{
    double sum = 0, end = 0;

    if (list->n)
        qsort(list->span, list->n, sizeof *list->span, by_trip_and_time);
    for (size_t i = 0; i < list->n; i++) {
        const struct span *s = &list->span[i];

        if (i == 0 || strcmp(s->trip, s[-1].trip) != 0)
            end = s->t0_s;
        if (s->t1_s > end) {
            sum += s->t1_s - (s->t0_s > end ? s->t0_s : end);
            end = s->t1_s;
        }
    }
    return sum;
}

static enum trundle_status walk(struct db *db, int64_t id, enum depot_way way, depot_each_item *each, void *user, struct spans *spans, struct trundle_error *err)
{
#define REST "SELECT n.kind, n.ref, n.body, min(w.depth), coalesce(c.cart, t.cart), coalesce(c.trip, t.trip), coalesce(c.t0_s, 0.0), coalesce(c.t1_s, (t.ended_ns - t.started_ns) / 1e9), coalesce(c.state, f.state)," \
    " EXISTS(SELECT 1 FROM depot_taint x WHERE x.node = n.id) FROM walk w JOIN depot_node n ON n.id = w.node LEFT JOIN depot_clip c ON n.kind = 'clip' AND c.sha256 = n.ref" \
    " LEFT JOIN depot_trip t ON n.kind = 'trip' AND t.cart = substr(n.ref, 1, instr(n.ref, '/') - 1) AND t.trip = substr(n.ref, instr(n.ref, '/') + 1)" \
    " LEFT JOIN depot_clip f ON f.sha256 = t.file WHERE w.depth > 0 GROUP BY n.id ORDER BY min(w.depth), n.kind, n.ref"
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, way == DEPOT_BACK ? DEPOT_WALK_BACK REST : DEPOT_WALK_ON REST, "i", id));
#undef REST
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        const struct depot_lineage_item item = { db_text(s, 0), db_text(s, 1), db_text(s, 2), (int)db_integer(s, 3), db_text(s, 4), db_text(s, 5),
                                                 db_is_null(s, 7) ? 0 : db_number(s, 6), db_is_null(s, 7) ? 0 : db_number(s, 7),
                                                 db_integer(s, 8) == DEPOT_CLIP_DELETED, db_integer(s, 9) != 0 };

        each(user, &item);
        if (!item.trip[0])
            continue;
        if (!list_grow((void **)&spans->span, sizeof *spans->span, spans->n, &spans->room)) {
            status = error_set(err, TRUNDLE_NO_MEMORY, item.ref, NULL, "no memory for its lineage");
            break;
        }
        (void)snprintf(spans->span[spans->n].trip, sizeof spans->span[0].trip, "%.40s/%.40s", item.cart, item.trip);
        spans->span[spans->n].t0_s = item.t0_s;
        spans->span[spans->n++].t1_s = item.t1_s;
    }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

enum trundle_status depot_lineage(struct depot *d, const char *kind, const char *ref, enum depot_way way, depot_each_item *each, void *user, double *out_seconds,
                                  struct trundle_error *err)
{
    struct spans spans = { 0 };
    struct db *db = NULL;
    enum trundle_status status;
    struct depot_clip c;
    int64_t id = 0;

    TRY(depot_read_begin(d, &db, err));
    status = depot_node_find(db, kind, ref, &id, err);
    if (status == TRUNDLE_OK)
        status = walk(db, id, way, each, user, &spans, err);
    else if (status == TRUNDLE_NOT_FOUND && strcmp(kind, "clip") == 0)      /* one that nothing was made of */
        status = depot_clip_find(db, ref, &c, err);
    else if (status == TRUNDLE_NOT_FOUND && strcmp(kind, "trip") == 0)
        status = trip_there(db, ref, err);
    depot_read_end(d, db);
    if (status == TRUNDLE_OK && out_seconds)
        *out_seconds = seconds_of(&spans);
    free(spans.span);
    return status;
}
