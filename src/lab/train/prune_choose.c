/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Greedy: again and again the handful of units of one space that costs least importance for the nanoseconds it saves. */
#include "lab/train/prune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct choose {
    const struct net_graph *g;
    const struct prune_groups *p;
    const struct prune_table *table;
    const double *importance;
    bool *gone;
    int  *order, *begin;           /* units of each space, least important first */
    int  *next;                    /* [spaces] how many of them are gone */
};

static int by_importance(const void *a, const void *b)
{
    const double *x = *(const double *const *)a, *y = *(const double *const *)b;

    return *x < *y ? -1 : *x > *y ? 1 : x < y ? -1 : x > y;
}

/* What goes at once: kernels have tiles of 8 channels and more, so smaller bites of large spaces save nothing. */
static int bite(int units)
{
    return units >= 32 ? 8 : units >= 16 ? 4 : units >= 8 ? 2 : 1;
}

static int least_of(const struct prune_goal *goal, int units)
{
    double share = goal->least > 0 ? goal->least : 0.125;
    int n = (int)ceil(share * units);

    return n > bite(units) ? n : bite(units) < units ? bite(units) : units;
}

static enum trundle_status sort(struct choose *c, struct trundle_error *err)
{
    const struct prune_groups *p = c->p;
    const double **pointer = malloc(((size_t)p->n + 1) * sizeof *pointer);
    int at = 0;

    if (!pointer)
        return error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
    for (int u = 0; u < p->n; u++)
        pointer[u] = &c->importance[u];
    qsort(pointer, (size_t)p->n, sizeof *pointer, by_importance);
    for (int s = 0; s < p->spaces_n; s++) {
        c->begin[s] = at;
        for (int pass = 0; pass < 2; pass++)                       /* what is gone already stands first */
            for (int i = 0; i < p->n; i++) {
                int u = (int)(pointer[i] - c->importance);

                if (p->space[u] == s && c->gone[u] == (pass == 0)) {
                    c->order[at++] = u;
                    c->next[s] += pass == 0;
                }
            }
    }
    c->begin[p->spaces_n] = at;
    free(pointer);
    return TRUNDLE_OK;
}

static void flip(struct choose *c, int space, int n, bool gone)
{
    for (int i = 0; i < n; i++)
        c->gone[c->order[c->begin[space] + c->next[space] + i]] = gone;
}

/* Which space's next bite is cheapest; -1: none may give more. */
static int cheapest(struct choose *c, const struct prune_goal *goal, int left, int *out_n)
{
    double now = c->table ? prune_net_ns(c->table, c->g, c->p, c->gone) : 0, best = HUGE_VAL;
    int at = -1;

    for (int s = 0; s < c->p->spaces_n; s++) {
        int units = c->p->spaces_units[s], kept = units - c->next[s], n = bite(units);
        double lost = 0, saved = n, cost;

        if (kept % n)
            n = kept % n;                                          /* back to whole bites */
        n = n > left ? left : n;
        if (kept - n < least_of(goal, units))
            continue;
        for (int i = 0; i < n; i++)
            lost += c->importance[c->order[c->begin[s] + c->next[s] + i]];
        if (c->table) {
            flip(c, s, n, true);
            saved = fmax(now - prune_net_ns(c->table, c->g, c->p, c->gone), 1e-4 * now);   /* below that it is noise */
            flip(c, s, n, false);
        }
        cost = lost / saved;
        if (cost < best) {
            best = cost;
            at = s;
            *out_n = n;
        }
    }
    return at;
}

enum trundle_status prune_choose(const struct net_graph *g, const struct prune_groups *p, const struct prune_table *table, const double *importance,
                                 const struct prune_goal *goal, bool *gone, struct trundle_error *err)
{
    size_t n = (size_t)p->n + 1, spaces = (size_t)p->spaces_n + 2;
    struct choose c = { g, p, table, importance, calloc(n, 1), calloc(n, sizeof(int)), calloc(spaces, sizeof(int)), calloc(spaces, sizeof(int)) };
    enum trundle_status status = TRUNDLE_OK;
    int kept = p->n, wanted = goal->keep > 0 ? (int)ceil(goal->keep * p->n) : 0;

    if (!c.gone || !c.order || !c.begin || !c.next) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "prune", NULL, "no memory left");
        goto out;
    }
    if (!(goal->keep >= 0 && goal->keep <= 1) || !(goal->target_ns >= 0) || (goal->keep == 0 && goal->target_ns == 0) || (goal->target_ns > 0 && !table) ||
        !(goal->least >= 0 && goal->least <= 1)) {
        status = error_set(err, TRUNDLE_BAD_ARG, "prune: goal", "keep in (0, 1], or a target time with a table", "keep %g, target %g ns, least %g", goal->keep,
                           goal->target_ns, goal->least);
        goto out;
    }
    memcpy(c.gone, gone, (size_t)p->n);
    for (int u = 0; u < p->n; u++)
        kept -= c.gone[u];
    TRY_GOTO(status, sort(&c, err), out);
    for (;;) {
        double ns = table ? prune_net_ns(table, g, p, c.gone) : 0;
        int take = 0, space;

        if ((goal->keep == 0 || kept <= wanted) && (goal->target_ns == 0 || ns <= goal->target_ns))
            break;
        space = cheapest(&c, goal, goal->target_ns == 0 && kept > wanted ? kept - wanted : p->n, &take);
        if (space < 0) {
            status = error_set(err, TRUNDLE_BAD_INPUT, "prune", "ask for less, or for another network", "no more can go: %d of %d units and %.3f ms are left", kept, p->n,
                               ns * 1e-6);
            goto out;
        }
        flip(&c, space, take, true);
        c.next[space] += take;
        kept -= take;
    }
    memcpy(gone, c.gone, (size_t)p->n);
out:
    free(c.gone);
    free(c.order);
    free(c.begin);
    free(c.next);
    return status;
}
