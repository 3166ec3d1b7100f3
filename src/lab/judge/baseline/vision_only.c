/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* vision-only: what the cameras report as a put or a take is one, of the product that looks most like it. No cells, no codes. */
#include "lab/judge/baseline/inner.h"

#include "base/catalog/catalog.h"
#include "base/std/time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PUT_LLR, TAKE_LLR, NAME_LLR, MERGE_S, SHARE, FIELDS_N };

static const struct judge_baseline_field fields[FIELDS_N] = {
    { "put_llr", "a put is believed from this log-likelihood ratio on", -50, 50, { -2, 0, 2, 4, 6 }, 5 },
    { "take_llr", "a take is believed from this log-likelihood ratio on", -50, 50, { 0, 2, 4, 6, 9 }, 5 },
    { "name_llr", "a product is named from this log-likelihood ratio on; else it is unknown", -50, 50, { -50, 0, 1, 2, 3 }, 5 },
    { "merge_s", "reports of two cameras within this are one event", 0, 10, { 0.3, 0.7, 1.2, 2 }, 4 },
    { "share", "of the time from first to last motion, after which the hand lets go", 0, 1, { 0.25, 0.5, 0.7, 0.85, 1 }, 5 },
};

enum { GROUPS = 16, VIEWS = 8 };

/* Reports of one event. */
struct group {
    enum trundle_event_kind kind;
    int64_t t_ns, closes_ns;
    unsigned cameras;                          /* a bit each */
    struct trundle_evidence view[VIEWS];
    size_t views_n;
};

struct own { struct group group[GROUPS]; size_t groups_n; };

static double seen_as(const struct group *g, struct trundle_product product)
{
    double sum = 0;

    for (size_t v = 0; v < g->views_n; v++) {
        const struct trundle_evidence *e = &g->view[v];
        double llr = e->products_n ? (double)e->products[e->products_n - 1].llr : 0;

        for (uint8_t i = 0; i < e->products_n; i++)
            if (e->products[i].product.key == product.key)
                llr = (double)e->products[i].llr;
        sum += llr;
    }
    return sum;
}

static void put(struct baseline *b, const struct group *g)
{
    struct trundle_product best = { 0 };
    const struct catalog_product *c;
    double most = b->p[NAME_LLR];

    for (size_t v = 0; v < g->views_n; v++)
        for (uint8_t i = 0; i < g->view[v].products_n; i++) {
            double llr = seen_as(g, g->view[v].products[i].product);

            if (llr > most) {
                most = llr;
                best = g->view[v].products[i].product;
            }
        }
    c = catalog_find(b->catalog, best);
    /* Produce has a weight that no camera knows: the usual one. */
    (void)baseline_add(b, best, g->t_ns, (double)NAN, c && c->by_weight && c->mass_g > 0 ? c->mass_g : 0, false);
}

static void take(struct baseline *b, const struct group *g)
{
    struct baseline_line *best = NULL;
    double most = 0;

    for (size_t i = b->lines_n; i--;) {
        double llr = b->line[i].inside ? seen_as(g, b->line[i].product) : 0;

        if (b->line[i].inside && (!best || llr > most)) {
            best = &b->line[i];
            most = llr;
        }
    }
    if (best)
        baseline_remove(b, best, g->t_ns);
}

static void close_group(struct baseline *b, size_t i)
{
    struct own *o = b->own;
    struct group g = o->group[i];

    memmove(&o->group[i], &o->group[i + 1], (--o->groups_n - i) * sizeof o->group[0]);
    if (g.kind == TRUNDLE_EVENT_PUT)
        put(b, &g);
    else
        take(b, &g);
}

static void evidence(struct baseline *b, const struct trundle_evidence *e)
{
    struct own *o = b->own;
    bool is_take = e->llr_take > e->llr_put;
    int64_t t_ns = e->t0_ns + (int64_t)(b->p[SHARE] * (double)(e->t1_ns - e->t0_ns));
    struct group *g = NULL;

    if (e->sense != TRUNDLE_SENSE_SEE || e->stage != TRUNDLE_STAGE_FINAL)
        return;
    if ((double)(is_take ? e->llr_take : e->llr_put) < (is_take ? b->p[TAKE_LLR] : b->p[PUT_LLR]) || e->llr_move > fmaxf(e->llr_put, e->llr_take))
        return;
    for (size_t i = 0; i < o->groups_n && !g; i++) {
        struct group *at = &o->group[i];
        int64_t dt = at->t_ns - t_ns;

        if ((at->kind == TRUNDLE_EVENT_TAKE) == is_take && !(at->cameras >> e->sensor & 1u) && llabs(dt) <= S_NS(b->p[MERGE_S]) && at->views_n < VIEWS)
            g = at;
    }
    if (!g) {
        if (o->groups_n == GROUPS)
            close_group(b, 0);
        g = &o->group[o->groups_n++];
        *g = (struct group){ .kind = is_take ? TRUNDLE_EVENT_TAKE : TRUNDLE_EVENT_PUT, .t_ns = t_ns, .closes_ns = b->now_ns + S_NS(b->p[MERGE_S]) + MS_NS(300) };
    }
    g->cameras |= 1u << e->sensor;
    g->view[g->views_n++] = *e;
}

static void tick(struct baseline *b)
{
    const struct own *o = b->own;

    while (o->groups_n && b->now_ns >= o->group[0].closes_ns)
        close_group(b, 0);
}

const struct baseline_kind baseline_vision_only = { .name = "vision-only", .field = fields, .fields_n = FIELDS_N, .see = true, .own_bytes = sizeof(struct own),
                                                    .evidence = evidence, .tick = tick };
