/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What people and catalogs say: products by version, labels of clips. Rows are added, never changed. */
#include "hub/depot/inside.h"

#include <math.h>
#include <string.h>

static enum trundle_status object_check(const char *body, const char *where, struct trundle_error *err)
{
    json_t *root = NULL;
    bool object;

    TRY(json_parse(body, strlen(body), where, &root, err));
    object = json_is_object(root);
    json_decref(root);
    return object ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "must be an object {...}");
}

static enum trundle_status code_check(const char *code, bool unknown, const char *where, struct trundle_error *err)
{
    size_t n = strlen(code), digits = n > 5 ? strspn(code + 5, "0123456789") : 0, plu = n > 4 ? strspn(code + 4, "0123456789") : 0;

    if ((unknown && strcmp(code, "?") == 0) || (strncmp(code, "gtin:", 5) == 0 && digits == 14 && n == 19) || (strncmp(code, "plu:", 4) == 0 && (plu == 4 || plu == 5) && n == 4 + plu))
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_INPUT, where, "gtin: and 14 digits, or plu: and 4 or 5", "'%.40s' is no product", code);
}

struct product {
    const char *code, *body;
    int64_t     now_ns;
};

static enum trundle_status product_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct product *p = user;

    return db_do(db, err, "INSERT INTO depot_product(code, since_ns, body) SELECT ?1, max(?2, coalesce((SELECT max(since_ns) + 1 FROM depot_product WHERE code = ?1), ?2)), ?3"
                     " WHERE ?3 IS NOT (SELECT body FROM depot_product WHERE code = ?1 ORDER BY since_ns DESC LIMIT 1)", "tit", p->code, p->now_ns, p->body);
}

enum trundle_status depot_product_put(struct depot *d, const char *code, const char *body, int64_t now_ns, struct trundle_error *err)
{
    struct product p = { code, body, now_ns };

    TRY(code_check(code, false, "product", err));
    TRY(object_check(body, code, err));
    return depot_write(d, product_job, &p, err);
}

struct labelling {
    const struct depot_label *label;
    int64_t                   now_ns, id;
};

static enum trundle_status label_job(struct db *db, void *user, struct trundle_error *err)
{
    struct labelling *l = user;
    const struct depot_label *b = l->label;
    struct db_statement *s = NULL;
    struct depot_clip c;
    enum trundle_status status;

    TRY(depot_clip_find(db, b->clip, &c, err));
    if (c.state != DEPOT_CLIP_HERE)
        return error_set(err, TRUNDLE_NOT_FOUND, b->clip, NULL, "the clip is not here");
    TRY(db_query(db, &s, err, "INSERT INTO depot_label(clip, task, product, t0_s, t1_s, body, who, made_ns) VALUES(?,?,?,?,?,?,?,?) RETURNING id", "tttnntti", b->clip, b->task,
                    b->product, b->t0_s, b->t1_s, b->body, b->who, l->now_ns));
    TRY_GOTO(status, db_step(s, err), out);
    l->id = db_integer(s, 0);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}

enum trundle_status depot_label_add(struct depot *d, const struct depot_label *label, int64_t now_ns, int64_t *out_id, struct trundle_error *err)
{
    struct labelling l = { label, now_ns, 0 };

    TRY(depot_sha_check(label->clip, "label.clip", err));
    TRY(depot_name_check(label->task, "label.task", err));
    TRY(code_check(label->product, true, "label.product", err));
    TRY(object_check(label->body, "label.body", err));
    if (!depot_printable(label->who, DEPOT_TEXT))
        return error_set(err, TRUNDLE_BAD_INPUT, "label.who", NULL, "says nobody");
    if (!(fabs(label->t0_s) <= 1e7 && fabs(label->t1_s) <= 1e7) || label->t0_s > label->t1_s)
        return error_set(err, TRUNDLE_BAD_INPUT, "label", NULL, "from %g s to %g s is no span of time", label->t0_s, label->t1_s);
    TRY(depot_write(d, label_job, &l, err));
    *out_id = l.id;
    return TRUNDLE_OK;
}

enum trundle_status depot_products(struct depot *d, const char *code, const char *after, int limit, depot_each_product *each, void *user, struct trundle_error *err)
{
    static const char newest[] = "SELECT code, since_ns, body FROM depot_product p WHERE code > ?1 AND since_ns = (SELECT max(since_ns) FROM depot_product WHERE code = p.code)"
                                 " ORDER BY code LIMIT ?2";
    static const char versions[] = "SELECT code, since_ns, body FROM depot_product WHERE code = ?1 ORDER BY since_ns DESC LIMIT ?2";
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;

    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, code ? versions : newest, "ti", code ? code : after, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        each(user, &(struct depot_product){ db_text(s, 0), db_text(s, 2), db_integer(s, 1) });
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}

enum trundle_status depot_labels(struct depot *d, const char *clip, int64_t after, int limit, depot_each_label *each, void *user, struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;

    TRY(depot_sha_check(clip, "clip", err));
    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT id, clip, task, product, t0_s, t1_s, body, who, made_ns FROM depot_label WHERE clip = ?1 AND id > ?2 ORDER BY id LIMIT ?3", "tii",
                                 clip, after, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK)
        each(user, db_integer(s, 0), db_integer(s, 8),
             &(struct depot_label){ .clip = db_text(s, 1), .task = db_text(s, 2), .product = db_text(s, 3), .t0_s = db_number(s, 4), .t1_s = db_number(s, 5), .body = db_text(s, 6), .who = db_text(s, 7) });
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}
