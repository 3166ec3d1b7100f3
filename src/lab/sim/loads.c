/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The script's loads on the cells. */
#include "lab/sim/loads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

void loads_share(const struct sim_store *store, double x, double y, double out[4])
{
    const struct cart_cell *c = store->true_cells.cell;
    double fx = (x - c[0].x_m) / (c[1].x_m - c[0].x_m), fy = (y - c[0].y_m) / (c[2].y_m - c[0].y_m);

    out[0] = (1 - fx) * (1 - fy);
    out[1] = fx * (1 - fy);
    out[2] = (1 - fx) * fy;
    out[3] = fx * fy;
}

static int by_start(const void *a, const void *b)
{
    const struct plan_load *x = a, *y = b;

    return (x->t0 > y->t0) - (x->t0 < y->t0);
}

void loads_init(struct loads *l, const struct plan *plan)
{
    memset(l, 0, sizeof *l);
    l->plan = plan;
    l->n = plan->loads_n;
    memcpy(l->load, plan->load, l->n * sizeof *l->load);
    qsort(l->load, l->n, sizeof *l->load, by_start);
}

/* Adds what moving bodies press. */
static void forces_at(struct loads *l, double t, double out[4])
{
    const struct plan *plan = l->plan;
    double share[4];

    while (l->next_force < plan->forces_n && plan->force[l->next_force].t <= t)
        l->next_force++;
    if (l->next_force == 0 || plan->force[l->next_force - 1].g == 0)
        return;
    loads_share(plan->store, plan->force[l->next_force - 1].x_m, plan->force[l->next_force - 1].y_m, share);
    for (int k = 0; k < 4; k++)
        out[k] += plan->force[l->next_force - 1].g * share[k];
}

void loads_at(struct loads *l, double t, double out[4])
{
    size_t kept = 0;

    while (l->next < l->n && l->load[l->next].t0 <= t)
        l->active[l->active_n++] = l->next++;
    for (int k = 0; k < 4; k++)
        out[k] = l->base[k];
    for (size_t i = 0; i < l->active_n; i++) {
        const struct plan_load *load = &l->load[l->active[i]];
        double f = load->t1 > load->t0 ? fmin(1, (t - load->t0) / (load->t1 - load->t0)) : 1, share[4], g;

        loads_share(l->plan->store, load->x, load->y, share);
        g = load->g * (load->pulse ? (f < 1 ? sin(PI * f) : 0) : f * f * (3 - 2 * f));
        for (int k = 0; k < 4; k++)
            out[k] += g * share[k];
        if (f < 1)
            l->active[kept++] = l->active[i];
        else
            for (int k = 0; k < 4 && !load->pulse; k++)
                l->base[k] += load->g * share[k];
    }
    l->active_n = kept;
    forces_at(l, t, out);
}

void loads_settle(const struct plan *plan, const double *clean, size_t n, double hz, double *out_settle)
{
    double sd = 2 * plan->store->true_cells.cell[0].sd_g;      /* of the sum of four */
    size_t window = (size_t)ceil(.2 * hz);

    for (size_t e = 0; e < plan->events_n; e++) {
        double from = plan->event[e].t_load;

        out_settle[e] = NAN;
        if (!(from == from))
            continue;
        for (size_t i = (size_t)ceil(from * hz), held = 0; i < n; i++) {
            held = fabs(clean[i] - plan_static_g(plan, (double)i / hz)) <= sd ? held + 1 : 0;
            if (held > window) {
                out_settle[e] = fmax(from, (double)(i - window) / hz);
                break;
            }
        }
        if (!(out_settle[e] == out_settle[e]))
            out_settle[e] = from + .5;
    }
}
