/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One-to-one matching: most pairs first, then least total cost. Exact, integer. */
#include "base/std/status.h"
#include "lab/judge/score.h"

#include <stdlib.h>

struct edge { size_t to; int64_t cost; };

struct graph {
    size_t n_a, n_b;
    struct edge *edge;         /* of a: edge[first[a]] .. edge[first[a + 1] - 1] */
    size_t *first;
    size_t *mate_a, *mate_b;   /* SIZE_MAX: free */
    int64_t *mate_cost;        /* of a's pair */
    int64_t *distance;         /* of a; INT64_MAX: not reached */
    size_t *before;            /* the a from which the path came */
    size_t *queue;             /* ring of n_a */
    bool   *queued;
};

static bool edges_of(struct graph *g, judge_cost_fn *cost, const void *user)
{
    size_t n = 0, room = 0;

    for (size_t a = 0; a < g->n_a; a++) {
        g->first[a] = n;
        for (size_t b = 0; b < g->n_b; b++) {
            int64_t c;

            if (!cost(user, a, b, &c))
                continue;
            if (n == room) {
                struct edge *more;

                room = room ? 2 * room : 256;
                more = realloc(g->edge, room * sizeof *more);
                if (!more)
                    return false;
                g->edge = more;
            }
            g->edge[n++] = (struct edge){ b, c };
        }
    }
    g->first[g->n_a] = n;
    return true;
}

/* Shortest alternating paths from all free a at once. Costs of pairs count backwards; there are no negative cycles as long as
 * the pairs so far are the cheapest of their number, which augmenting along shortest paths keeps true. */
static void distances(struct graph *g)
{
    size_t head = 0, count = 0;

    for (size_t a = 0; a < g->n_a; a++) {
        g->distance[a] = INT64_MAX;
        g->queued[a] = g->mate_a[a] == SIZE_MAX && g->first[a] < g->first[a + 1];
        if (g->queued[a]) {
            g->distance[a] = 0;
            g->queue[count++] = a;
        }
    }
    while (count) {
        size_t a = g->queue[head];

        head = (head + 1) % g->n_a;
        count--;
        g->queued[a] = false;
        for (size_t e = g->first[a]; e < g->first[a + 1]; e++) {
            size_t next = g->mate_b[g->edge[e].to];
            int64_t d;

            if (next == SIZE_MAX || next == a)
                continue;
            d = g->distance[a] + g->edge[e].cost - g->mate_cost[next];
            if (d >= g->distance[next])
                continue;
            g->distance[next] = d;
            g->before[next] = a;
            if (!g->queued[next]) {
                g->queued[next] = true;
                g->queue[(head + count++) % g->n_a] = next;
            }
        }
    }
}

static bool augment(struct graph *g)
{
    int64_t best = INT64_MAX, cost = 0;
    size_t a = SIZE_MAX, b = SIZE_MAX;

    distances(g);
    for (size_t i = 0; i < g->n_a; i++) {
        if (g->distance[i] == INT64_MAX)
            continue;
        for (size_t e = g->first[i]; e < g->first[i + 1]; e++) {
            if (g->mate_b[g->edge[e].to] != SIZE_MAX || g->distance[i] + g->edge[e].cost >= best)
                continue;
            best = g->distance[i] + g->edge[e].cost;
            a = i;
            b = g->edge[e].to;
            cost = g->edge[e].cost;
        }
    }
    if (a == SIZE_MAX)
        return false;
    for (;;) {                     /* a takes b; who had b's place before on the path takes a's old one */
        size_t old = g->mate_a[a];

        g->mate_a[a] = b;
        g->mate_b[b] = a;
        g->mate_cost[a] = cost;
        if (old == SIZE_MAX)
            return true;
        b = old;
        a = g->before[a];
        for (size_t e = g->first[a]; e < g->first[a + 1]; e++)
            if (g->edge[e].to == b)
                cost = g->edge[e].cost;
    }
}

enum trundle_status judge_match(size_t n_a, size_t n_b, judge_cost_fn *cost, const void *user, size_t *out_of_a)
{
    struct graph g = { .n_a = n_a, .n_b = n_b };
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    g.first = calloc(n_a + 1, sizeof *g.first);
    g.mate_a = calloc(n_a + 1, sizeof *g.mate_a);
    g.mate_b = calloc(n_b + 1, sizeof *g.mate_b);
    g.mate_cost = calloc(n_a + 1, sizeof *g.mate_cost);
    g.distance = calloc(n_a + 1, sizeof *g.distance);
    g.before = calloc(n_a + 1, sizeof *g.before);
    g.queue = calloc(n_a + 1, sizeof *g.queue);
    g.queued = calloc(n_a + 1, sizeof *g.queued);
    if (!g.first || !g.mate_a || !g.mate_b || !g.mate_cost || !g.distance || !g.before || !g.queue || !g.queued)
        goto out;
    for (size_t i = 0; i < n_a; i++)
        g.mate_a[i] = SIZE_MAX;
    for (size_t i = 0; i < n_b; i++)
        g.mate_b[i] = SIZE_MAX;
    if (!edges_of(&g, cost, user))
        goto out;
    while (augment(&g))
        ;
    for (size_t i = 0; i < n_a; i++)
        out_of_a[i] = g.mate_a[i];
    status = TRUNDLE_OK;
out:
    free(g.edge);
    free(g.first);
    free(g.mate_a);
    free(g.mate_b);
    free(g.mate_cost);
    free(g.distance);
    free(g.before);
    free(g.queue);
    free(g.queued);
    return status;
}
