/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Two lists of results, paired, pooled and judged (compare.h). */
#include "lab/judge/compare.h"

#include "lab/judge/stats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const judge_verdict_text[4] = { "not enough data", "same", "win", "loss" };

struct paired { const struct judge_result **a, **b; size_t n, *cluster, clusters, *scope; };

void judge_comparison_done(struct judge_comparison *c)
{
    free(c->scope);
    *c = (struct judge_comparison){ .trips = 0 };
}

/* 1.96 for the test at 5 %, 0.84 for the chance of 80 % to see it. */
double judge_trips_needed(size_t trips, double sd, double margin)
{
    return (double)trips * pow(sd * 2.8015852 / margin, 2);
}

static int by_seed(const void *a, const void *b)
{
    int64_t x = (*(const struct judge_result *const *)a)->seed, y = (*(const struct judge_result *const *)b)->seed;

    return (x > y) - (x < y);
}

static const struct judge_result **sorted(const struct judge_saved *s)
{
    const struct judge_result **list = malloc((s->n + 1) * sizeof *list);

    for (size_t i = 0; list && i < s->n; i++)
        list[i] = &s->result[i];
    if (list && s->n)
        qsort(list, s->n, sizeof *list, by_seed);
    return list;
}

static void name_some(char *out, size_t size, const char *who, size_t *named, int64_t seed)
{
    size_t at = strlen(out);

    if ((*named)++ < 3 && at < size)
        (void)snprintf(out + at, size - at, "%s%" PRId64 " only in %s", at ? ", " : "", seed, who);
}

/* Walks both by seed. */
static enum trundle_status pair(const struct judge_saved *a, const struct judge_saved *b, bool common, struct paired *p, size_t left_out[2], struct trundle_error *err)
{
    size_t i = 0, j = 0, na = 0, nb = 0;
    char some[200] = "";

    while (i < a->n || j < b->n) {
        if (j == b->n || (i < a->n && p->a[i]->seed < p->b[j]->seed)) {
            name_some(some, sizeof some, "A", &na, p->a[i++]->seed);
        } else if (i == a->n || p->b[j]->seed < p->a[i]->seed) {
            name_some(some, sizeof some, "B", &nb, p->b[j++]->seed);
        } else {
            p->a[p->n] = p->a[i++];
            p->b[p->n++] = p->b[j++];
        }
    }
    left_out[0] = na;
    left_out[1] = nb;
    if (!p->n)
        return error_set(err, TRUNDLE_BAD_INPUT, "compare", "score both on the same seeds", "A and B have no trip in common");
    if (!common && na + nb)
        return error_set(err, TRUNDLE_BAD_INPUT, "compare", "--common compares what both have", "%zu trips are not in both: %s%s", na + nb, some, na + nb > 3 ? ", ..." : "");
    return TRUNDLE_OK;
}

static double margin_of(size_t key, double points, size_t trips)
{
    const struct judge_key_row *row = &judge_key_rows[key];

    return row->kind == JUDGE_COUNT ? row->margin * (double)trips : row->kind == JUDGE_SHARE && points > 0 ? points / 100 : row->margin;
}

static enum judge_verdict verdict_of(const struct judge_compared *c, int better, size_t clusters)
{
    if (!isfinite(c->difference) || !isfinite(c->lo) || clusters < JUDGE_STORES_LEAST)
        return JUDGE_NOT_ENOUGH;
    if (c->lo > -c->margin && c->hi < c->margin)
        return JUDGE_SAME;
    if (c->p_adjusted < 0.05 && (c->lo > 0 || c->hi < 0))
        return (c->lo > 0) == (better > 0) ? JUDGE_WIN : JUDGE_LOST;
    return JUDGE_NOT_ENOUGH;
}

static enum trundle_status compare_scope(const struct paired *p, const char *slice, enum judge_mode mode, const struct judge_compare_options *o,
                                         struct judge_comparison_scope *out)
{
    struct judge_pool a = { 0 }, b = { 0 };
    struct judge_difference d[JUDGE_KEY_COUNT];
    size_t clusters = judge_scope(p->a, p->b, p->n, p->cluster, p->clusters, slice, mode, p->scope);
    enum trundle_status status;

    TRY_GOTO(status, judge_pool_make(p->a, p->n, p->cluster, p->scope, clusters, slice, mode, &a), out);
    TRY_GOTO(status, judge_pool_make(p->b, p->n, p->cluster, p->scope, clusters, slice, mode, &b), out);
    TRY_GOTO(status, judge_pool_compare(&a, &b, o->seed ? o->seed : JUDGE_RESAMPLE_SEED, d), out);
    out->clusters = clusters;
    out->trips = a.trips > b.trips ? a.trips : b.trips;
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        struct judge_compared *c = &out->key[mode][k];
        double margin = margin_of(k, o->points, out->trips);

        *c = (struct judge_compared){ .a = d[k].a, .b = d[k].b, .difference = d[k].difference, .lo = d[k].lo, .hi = d[k].hi, .p = d[k].p, .p_adjusted = d[k].p,
                                      .margin = margin, .n = d[k].n, .n_most = d[k].n_most, .sd = d[k].sd, .trips_needed = (double)NAN };
        if (d[k].sd > 0)
            c->trips_needed = ceil(fmax(judge_trips_needed(out->trips, d[k].sd, margin), (double)(out->trips * JUDGE_STORES_LEAST) / (double)clusters));
    }
out:
    judge_pool_done(&a);
    judge_pool_done(&b);
    return status;
}

static enum trundle_status adjust(struct judge_comparison *c)
{
    double *p = malloc((c->scopes_n + 1) * sizeof *p);
    enum trundle_status status = p ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;

    for (int mode = 0; status == TRUNDLE_OK && mode < JUDGE_MODES; mode++)
        for (size_t k = 0; status == TRUNDLE_OK && c->has[mode] && k < JUDGE_KEY_COUNT; k++) {
            for (size_t i = 1; i < c->scopes_n; i++)
                p[i - 1] = c->scope[i].key[mode][k].p;
            status = judge_holm(p, c->scopes_n - 1);
            for (size_t i = 0; i < c->scopes_n; i++) {
                struct judge_compared *x = &c->scope[i].key[mode][k];

                if (i)
                    x->p_adjusted = p[i - 1];
                x->verdict = verdict_of(x, judge_key_rows[k].better, c->scope[i].clusters);
            }
        }
    free(p);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct judge_comparison_scope *)a)->name, ((const struct judge_comparison_scope *)b)->name);
}

/* Slices that either has, after the whole. */
static enum trundle_status name_scopes(const struct paired *p, struct judge_comparison *c)
{
    size_t room = 1;

    c->scope = calloc(room, sizeof *c->scope);
    if (!c->scope)
        return TRUNDLE_NO_MEMORY;
    c->scopes_n = 1;
    for (size_t i = 0; i < 2 * p->n; i++) {
        const struct judge_result *r = i < p->n ? p->a[i] : p->b[i - p->n];

        for (size_t k = 0; k < r->slices_n; k++) {
            size_t j = 1;

            while (j < c->scopes_n && strcmp(c->scope[j].name, r->slice[k].name) != 0)
                j++;
            if (j < c->scopes_n)
                continue;
            if (c->scopes_n == room) {
                struct judge_comparison_scope *more = realloc(c->scope, 2 * room * sizeof *more);

                if (!more)
                    return TRUNDLE_NO_MEMORY;
                c->scope = more;
                room *= 2;
            }
            c->scope[c->scopes_n] = (struct judge_comparison_scope){ .trips = 0 };
            (void)snprintf(c->scope[c->scopes_n++].name, JUDGE_SLICE_NAME, "%s", r->slice[k].name);
        }
    }
    qsort(c->scope, c->scopes_n, sizeof *c->scope, by_name);       /* "" is first */
    return TRUNDLE_OK;
}

enum trundle_status judge_compare(const struct judge_saved *a, const struct judge_saved *b, const struct judge_compare_options *options,
                                  struct judge_comparison *out, struct trundle_error *err)
{
    struct judge_comparison c = { .has = { true, true } };
    struct paired p = { .a = sorted(a), .b = sorted(b), .cluster = calloc(a->n + 1, sizeof *p.cluster), .scope = calloc(a->n + 1, sizeof *p.scope) };
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!p.a || !p.b || !p.cluster || !p.scope)
        goto out;
    TRY_GOTO(status, pair(a, b, options->common, &p, c.left_out, err), said);
    c.trips = p.n;
    for (size_t i = 0; i < p.n; i++)
        c.has[JUDGE_AIDED] = c.has[JUDGE_AIDED] && p.a[i]->has_aided && p.b[i]->has_aided;
    for (int side = 0; side < 2; side++) {
        memcpy(c.suite[side], (side ? b : a)->suite, sizeof c.suite[side]);
        memcpy(c.system[side], (side ? b : a)->system, sizeof c.system[side]);
    }
    p.clusters = judge_clusters(p.a, p.n, p.cluster, &c.stores);
    c.by_store = c.stores > 1;
    TRY_GOTO(status, name_scopes(&p, &c), out);
    for (size_t i = 0; i < c.scopes_n; i++)
        for (int mode = 0; mode < JUDGE_MODES; mode++)
            if (c.has[mode])
                TRY_GOTO(status, compare_scope(&p, i ? c.scope[i].name : NULL, (enum judge_mode)mode, options, &c.scope[i]), out);
    status = adjust(&c);
out:
    if (status != TRUNDLE_OK)
        (void)error_set(err, status, "compare", NULL, "no memory to compare %zu with %zu trips", a->n, b->n);
said:
    free(p.a);
    free(p.b);
    free(p.cluster);
    free(p.scope);
    if (status != TRUNDLE_OK)
        judge_comparison_done(&c);
    else
        *out = c;
    return status;
}
