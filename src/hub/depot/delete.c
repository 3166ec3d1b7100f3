/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Deletion that follows lineage. First one transaction: the clip's row says deleted, its labels go, datasets get versions without it, what was made of it is marked,
 * and a row says that the blob must go, with the receipt to be. Then the file goes, then the receipt is signed and filed (filed.h). A power cut in between is finished at the next start.
 * The same once more, by receipts, when the database is older than they are.
 */
#include "hub/depot/filed.h"

#include "base/std/list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the files ---- */

static enum trundle_status held(struct db *db, const char *sha256, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM depot_blob WHERE sha256 = ? LIMIT 1", "t", sha256));
    status = db_step(s, err);
    db_free(s);
    *out = status == TRUNDLE_OK;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

struct doom { char sha256[DEPOT_SHA]; char *receipt, *text; };      /* as it is to be, and signed */

static enum trundle_status receipt_there(struct db *db, const char *sha256, bool *out, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, "SELECT 1 FROM depot_receipt WHERE sha256 = ?", "t", sha256));
    status = db_step(s, err);
    db_free(s);
    *out = status == TRUNDLE_OK;
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* The blob goes; then its receipt is signed, unless one was. */
static enum trundle_status doom_blob(struct db *db, struct depot_dooms *dooms, struct doom *x, struct bytes *lines, struct trundle_error *err)
{
    enum trundle_status status;
    char path[DISK_PATH];
    bool still = false, there = false;

    TRY(held(db, x->sha256, &still, err));
    if (!still) {
        TRY(depot_blob_path(dooms->d, x->sha256, path, err));
        dooms->removed += disk_there(path, NULL);
        status = disk_remove(path, err);
        TRY(status);
    }
    if (!x->receipt[0])
        return TRUNDLE_OK;
    TRY(receipt_there(db, x->sha256, &there, err));
    if (there)
        return TRUNDLE_OK;
    TRY(depot_receipt_sign(dooms->d, x->receipt, &x->text, err));
    return depot_filed_line(x->text, lines, err);
}

static enum trundle_status doom_row(struct db *db, const struct doom *x, struct trundle_error *err)
{
    if (x->text)
        TRY(db_do(db, err, "INSERT OR IGNORE INTO depot_receipt(sha256, text) VALUES(?,?)", "tt", x->sha256, x->text));
    return db_do(db, err, "DELETE FROM depot_doomed WHERE sha256 = ?", "t", x->sha256);
}

enum trundle_status depot_doom_run(struct db *db, void *user, struct trundle_error *err)
{
    struct depot_dooms *dooms = user;
    struct doom *list = NULL;
    struct bytes lines = { 0 };
    struct db_statement *s = NULL;
    enum trundle_status status;
    size_t n = 0, room = 0;

    TRY(db_prepare(db, "SELECT sha256, receipt FROM depot_doomed LIMIT 10000", &s, err));
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        if (!list_grow((void **)&list, sizeof *list, n, &room) || !(list[n].receipt = strdup(db_text(s, 1)))) {
            status = error_set(err, TRUNDLE_NO_MEMORY, "deletion", NULL, "no memory for %zu receipts", n + 1);
            break;
        }
        list[n].text = NULL;
        (void)snprintf(list[n++].sha256, DEPOT_SHA, "%s", db_text(s, 0));
    }
    db_free(s);
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
    for (size_t i = 0; i < n && status == TRUNDLE_OK; i++)
        status = doom_blob(db, dooms, &list[i], &lines, err);
    if (status == TRUNDLE_OK)
        status = depot_filed_add(dooms->d, db, &lines, err);
    for (size_t i = 0; i < n; i++) {
        if (status == TRUNDLE_OK)
            status = doom_row(db, &list[i], err);
        free(list[i].receipt);
        free(list[i].text);
    }
    free(list);
    bytes_done(&lines);
    return status;
}

/* ---- the rows ---- */

struct deletion {
    struct depot      *d;
    const char *const *sha256;
    size_t             n;
    const char        *who, *why;
    int64_t            now_ns;
    json_t            *receipts;           /* array, one for each clip; null where nothing was left to do */
    json_t            *reduced;            /* name -> new id */
    const char       **gone;               /* names of what goes, as datasets have them: up to two of each; in the receipts */
    size_t             gone_n;
};

static enum trundle_status rows_into(struct db *db, json_t *array, const char *sql, int64_t id, const char *first, const char *second, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_query(db, &s, err, sql, "i", id));
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        if (json_array_append_new(array, json_pack("{s:s,s:s}", first, db_text(s, 0), second, db_text(s, 1))) != 0) {
            status = error_set(err, TRUNDLE_NO_MEMORY, "deletion", NULL, "no memory for a receipt");
            break;
        }
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

/* What was made of the node: datasets are marked reduced, all else tainted; both are listed in the receipt. */
static enum trundle_status follow(struct db *db, struct deletion *x, const char *kind, const char *ref, const char *sha256, json_t *receipt, struct trundle_error *err)
{
    json_t *datasets = json_object_get(receipt, "datasets"), *tainted = json_object_get(receipt, "tainted"), *set;
    struct db_statement *s = NULL;
    enum trundle_status status;
    int64_t node = 0;
    size_t i;

    x->gone[x->gone_n++] = ref;
    status = depot_node_find(db, kind, ref, &node, err);
    if (status == TRUNDLE_NOT_FOUND)
        return TRUNDLE_OK;
    TRY(status);
    TRY(rows_into(db, datasets, "SELECT s.name, n.ref FROM depot_edge e JOIN depot_dataset s ON s.node = e.child JOIN depot_node n ON n.id = s.node WHERE e.parent = ? ORDER BY s.name, s.version",
                  node, "name", "was", err));
    TRY(rows_into(db, tainted, DEPOT_WALK_ON "SELECT n.kind, n.ref FROM walk w JOIN depot_node n ON n.id = w.node WHERE w.depth > 0 AND n.kind <> 'dataset' GROUP BY n.id ORDER BY n.id",
                  node, "kind", "ref", err));
    TRY(db_query(db, &s, err, DEPOT_WALK_ON "INSERT OR IGNORE INTO depot_taint(node, clip, since_ns) SELECT DISTINCT w.node, ?2, ?3 FROM walk w JOIN depot_node n ON n.id = w.node"
                    " WHERE w.depth > 0 AND n.kind <> 'dataset'", "iti", node, sha256, x->now_ns));
    status = db_run(s, err);
    db_free(s);
    TRY(status);
    json_array_foreach(datasets, i, set) {
        const char *name = json_string_value(json_object_get(set, "name")), *was = json_string_value(json_object_get(set, "was"));

        TRY(db_query(db, &s, err, "SELECT n.ref FROM depot_dataset s JOIN depot_node n ON n.id = s.node WHERE s.name = ? ORDER BY s.version DESC LIMIT 1", "t", name));
        status = db_step(s, err);
        if (status == TRUNDLE_OK && strcmp(db_text(s, 0), was) == 0 && json_object_set_new(x->reduced, name, json_null()) != 0)
            status = error_set(err, TRUNDLE_NO_MEMORY, name, NULL, "no memory for a receipt");
        db_free(s);
        TRY(status);
    }
    return db_do(db, err, "UPDATE depot_dataset SET reduced = 1 WHERE node IN (SELECT child FROM depot_edge WHERE parent = ?)", "i", node);
}

static enum trundle_status clip_rows(struct db *db, struct deletion *x, const char *sha256, struct trundle_error *err)
{
    enum trundle_status status;
    char ref[2 * DEPOT_NAME + 2];
    struct depot_clip c;
    json_t *receipt;

    TRY(depot_clip_find(db, sha256, &c, err));
    if (c.state == DEPOT_CLIP_DELETED)
        return json_array_append_new(x->receipts, json_null()) == 0 ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for a receipt");
    TRY(db_do(db, err, "UPDATE depot_clip SET state = 2, content = '' WHERE sha256 = ?", "t", sha256));
    TRY(db_do(db, err, "DELETE FROM depot_label WHERE clip = ?", "t", sha256));
    receipt = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:b,s:s,s:s,s:I,s:I,s:[],s:[],s:s}", "clip", sha256, "cart", c.cart, "trip", c.trip, "purpose", c.purpose, "bytes", (json_int_t)c.bytes,
                        "t0_ns", (json_int_t)llround(c.t0_s * 1e9), "t1_ns", (json_int_t)llround(c.t1_s * 1e9), "was_here", c.state == DEPOT_CLIP_HERE, "who", x->who, "why", x->why,
                        "at_ns", (json_int_t)x->now_ns, "labels", (json_int_t)db_changes(db), "datasets", "tainted", "backups",
                        "copies in backups made before at_ns are not removed by this");
    if (!receipt || json_array_append_new(x->receipts, receipt) != 0)
        return error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for a receipt");
    TRY(follow(db, x, "clip", json_string_value(json_object_get(receipt, "clip")), sha256, receipt, err));
    if (c.whole) {
        (void)snprintf(ref, sizeof ref, "%s/%s", c.cart, c.trip);
        if (json_object_set_new(receipt, "whole", json_string(ref)) != 0)
            return error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for a receipt");
        TRY(follow(db, x, "trip", json_string_value(json_object_get(receipt, "whole")), sha256, receipt, err));
    }
    TRY(db_do(db, err, "DELETE FROM depot_blob WHERE sha256 = ? AND owner = 'clip'", "t", sha256));      /* others hold what is theirs */
    status = depot_access_in(db, &(struct depot_access){ x->who, "delete", c.whole ? "trip" : "clip", c.whole ? ref : sha256, x->why }, x->now_ns, err);
    return status;
}

static enum trundle_status reduce(struct db *db, struct deletion *x, struct trundle_error *err)
{
    char id[DEPOT_SHA];
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(x->reduced, next, name, value) {
        TRY(depot_dataset_reduce(x->d, db, name, x->gone, x->gone_n, x->now_ns, id, err));
        if (json_object_set_new(x->reduced, name, json_string(id)) != 0)
            return error_set(err, TRUNDLE_NO_MEMORY, name, NULL, "no memory for a receipt");
    }
    return TRUNDLE_OK;
}

enum { LIST_MOST = 20000 };

/* A receipt that is longer than one may be (receipt.c) would be none when it is read again. How many there were is said; the rows have them all. */
static bool list_cut(json_t *receipt, const char *list, const char *number)
{
    json_t *rows = json_object_get(receipt, list);
    size_t n = json_array_size(rows);

    if (n <= LIST_MOST)
        return true;
    for (size_t i = n; i > LIST_MOST; i--)
        (void)json_array_remove(rows, i - 1);
    return json_object_set_new(receipt, number, json_integer((json_int_t)n)) == 0;
}

/* After the rows of every clip: datasets without them, and what waits for the files to go. */
static enum trundle_status finish(struct db *db, struct deletion *x, struct trundle_error *err)
{
    enum trundle_status status;
    json_t *receipt, *set;
    size_t i, k;

    TRY(reduce(db, x, err));
    json_array_foreach(x->receipts, i, receipt) {
        const char *sha256 = json_string_value(json_object_get(receipt, "clip"));
        char *text;

        json_array_foreach(json_object_get(receipt, "datasets"), k, set) {
            json_t *now = json_object_get(x->reduced, json_string_value(json_object_get(set, "name")));

            (void)json_object_set(set, "now", now ? now : json_null());
        }
        if (json_is_null(receipt))
            continue;
        if (!list_cut(receipt, "datasets", "datasets_n") || !list_cut(receipt, "tainted", "tainted_n"))
            return error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for a receipt");
        text = json_dumps(receipt, JSON_SORT_KEYS | JSON_COMPACT);
        status = text ? depot_doom(db, sha256, text, err) : error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for a receipt");
        free(text);
        TRY(status);
    }
    return TRUNDLE_OK;
}

static enum trundle_status delete_job(struct db *db, void *user, struct trundle_error *err)
{
    struct deletion *x = user;

    (void)json_array_clear(x->receipts);
    (void)json_object_clear(x->reduced);
    x->gone_n = 0;
    for (size_t i = 0; i < x->n; i++)
        TRY(clip_rows(db, x, x->sha256[i], err));
    return finish(db, x, err);
}

enum trundle_status depot_delete_clips(struct depot *d, const char *const *sha256, size_t n, const char *who, const char *why, int64_t now_ns, struct trundle_error *err)
{
    struct deletion x = { d, sha256, n, who, why, now_ns, json_array(), json_object(), calloc(n, 2 * sizeof *x.gone), 0 };
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    char path[DISK_PATH];

    if (!x.receipts || !x.reduced || !x.gone)
        (void)error_set(err, status, "deletion", NULL, "no memory for receipts");
    else
        status = depot_write(d, delete_job, &x, err);
    json_decref(x.receipts);
    json_decref(x.reduced);
    free(x.gone);
    TRY(status);
    for (size_t i = 0; i < n; i++) {                   /* an upload that is under way ends here: its next piece is refused */
        TRY(depot_part_path(d, sha256[i], path, err));
        (void)pthread_mutex_lock(depot_stripe(d, sha256[i]));
        status = disk_remove(path, err);
        (void)pthread_mutex_unlock(depot_stripe(d, sha256[i]));
        TRY(status);
    }
    return depot_write(d, depot_doom_run, &(struct depot_dooms){ d, 0 }, err);
}

enum trundle_status depot_clip_delete(struct depot *d, const char *sha256, const char *who, const char *why, int64_t now_ns, struct bytes *out_receipt, struct trundle_error *err)
{
    TRY(depot_sha_check(sha256, "clip", err));
    if (!depot_printable(who, DEPOT_TEXT) || strnlen(why, DEPOT_TEXT) == DEPOT_TEXT)
        return error_set(err, TRUNDLE_BAD_INPUT, "deletion", NULL, "needs who (printable ASCII) and why, up to %d bytes each", DEPOT_TEXT - 1);
    TRY(depot_delete_clips(d, &sha256, 1, who, why, now_ns, err));
    return depot_receipt_get(d, sha256, out_receipt, err);
}

enum trundle_status depot_receipt_get(struct depot *d, const char *sha256, struct bytes *out_receipt, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT text FROM depot_receipt WHERE sha256 = ?", "t", sha256), out);
    status = db_step(s, err);
    if (status == TRUNDLE_OK)
        status = bytes_print(out_receipt, "%s", db_text(s, 0)) == TRUNDLE_OK ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for its receipt");
    else if (status == TRUNDLE_END)
        status = error_set(err, TRUNDLE_NOT_FOUND, sha256, NULL, "no such clip was deleted");
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}

/* ---- once more ---- */

static const char *field(const json_t *receipt, const char *key)
{
    const char *text = json_string_value(json_object_get(receipt, key));

    return text ? text : "";
}

static double seconds(const json_t *receipt, const char *key)
{
    return (double)json_integer_value(json_object_get(receipt, key)) / 1e9;
}

/* A clip that is not here any more, or never was, is known as deleted: it is not taken when somebody announces it or hands it in. */
static enum trundle_status tombstone(struct db *db, const json_t *receipt, const char *sha256, struct trundle_error *err)
{
    int64_t at_ns = (int64_t)json_integer_value(json_object_get(receipt, "at_ns"));

    return db_do(db, err, "INSERT OR IGNORE INTO depot_clip(sha256, cart, trip, trigger, purpose, bytes, keep_days, t0_s, t1_s, worth, decision, state, announced_ns, here_ns, expires_ns, whole)"
                     " VALUES(?1,?2,?3,'',?4,?5,0,?6,?7,NULL,-1,2,?8,0,?8,?9)", "ttttinnii", sha256, field(receipt, "cart"), field(receipt, "trip"), field(receipt, "purpose"),
                     (int64_t)json_integer_value(json_object_get(receipt, "bytes")), seconds(receipt, "t0_ns"), seconds(receipt, "t1_ns"), at_ns,
                     (int64_t)(json_object_get(receipt, "whole") != NULL));
}

/* The file that a trip has here under another hash: it was sealed anew when it was handed in after the restore. */
static enum trundle_status other_file(struct db *db, const json_t *receipt, const char *sha256, char out[DEPOT_SHA], struct trundle_error *err)
{
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY(db_do(db, err, "UPDATE depot_trip SET file = ? WHERE cart = ? AND trip = ? AND file = ''", "ttt", sha256, field(receipt, "cart"), field(receipt, "trip")));
    TRY(db_query(db, &s, err, "SELECT sha256 FROM depot_clip WHERE cart = ? AND trip = ? AND whole = 1 AND state <> 2 AND sha256 <> ?", "ttt", field(receipt, "cart"),
                    field(receipt, "trip"), sha256));
    status = db_step(s, err);
    out[0] = '\0';
    if (status == TRUNDLE_OK)
        (void)snprintf(out, DEPOT_SHA, "%s", db_text(s, 0));
    db_free(s);
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

#define AGAIN "again, by its receipt: "

static enum trundle_status one_again(struct db *db, struct deletion *x, const json_t *doc, json_t *kept, int64_t *again, struct trundle_error *err)
{
    const json_t *receipt = json_object_get(doc, "receipt");
    const char *sha256 = field(receipt, "clip");
    const char *said = field(receipt, "why");
    char *text, why[DEPOT_TEXT + sizeof AGAIN], other[DEPOT_SHA] = "";
    enum trundle_status status;
    struct depot_clip c;
    size_t n = json_array_size(x->receipts);

    TRY(depot_sha_check(sha256, "receipt.clip", err));
    text = json_dumps(doc, JSON_SORT_KEYS | JSON_INDENT(1));
    status = text ? db_do(db, err, "INSERT OR IGNORE INTO depot_receipt(sha256, text) VALUES(?,?)", "tt", sha256, text) : error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory");
    free(text);
    TRY(status);
    if (strncmp(said, AGAIN, strlen(AGAIN)) == 0)      /* said once: it must fit, and a text that is cut may end in half a character */
        said += strlen(AGAIN);
    (void)snprintf(why, sizeof why, AGAIN "%s", said);
    x->who = field(receipt, "who");
    x->why = why;
    x->now_ns = (int64_t)json_integer_value(json_object_get(receipt, "at_ns"));
    status = depot_clip_find(db, sha256, &c, err);
    if (status == TRUNDLE_NOT_FOUND) {
        TRY(tombstone(db, receipt, sha256, err));
    } else {
        TRY(status);
        TRY(clip_rows(db, x, sha256, err));
        if (c.state != DEPOT_CLIP_DELETED) {           /* its receipt is that of the file: no other is signed */
            TRY(depot_doom(db, sha256, NULL, err));
            ++*again;
        }
        if (json_array_append(kept, json_array_get(x->receipts, n)) != 0 || json_array_set_new(x->receipts, n, json_null()) != 0)
            return error_set(err, TRUNDLE_NO_MEMORY, sha256, NULL, "no memory for a receipt");
    }
    if (!json_object_get(receipt, "whole"))
        return TRUNDLE_OK;
    TRY(other_file(db, receipt, sha256, other, err));
    if (!other[0])
        return TRUNDLE_OK;
    ++*again;
    return clip_rows(db, x, other, err);
}

enum trundle_status depot_delete_again(struct depot *d, struct db *db, const json_t *docs, int64_t *again, struct trundle_error *err)
{
    struct deletion x = { d, NULL, json_array_size(docs), "", "", 0, json_array(), json_object(), calloc(json_array_size(docs) + 1, 4 * sizeof *x.gone), 0 };
    enum trundle_status status = TRUNDLE_OK;
    json_t *kept = json_array(), *doc;
    size_t i;

    if (!x.receipts || !x.reduced || !x.gone || !kept)
        status = error_set(err, TRUNDLE_NO_MEMORY, "deletion", NULL, "no memory for receipts");
    for (i = 0; status == TRUNDLE_OK && (doc = json_array_get(docs, i)); i++)
        status = one_again(db, &x, doc, kept, again, err);
    if (status == TRUNDLE_OK)
        status = finish(db, &x, err);
    json_decref(x.receipts);
    json_decref(x.reduced);
    json_decref(kept);
    free(x.gone);
    return status;
}
