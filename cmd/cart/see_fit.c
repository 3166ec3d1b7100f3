/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle see fit: the numbers of see.json from trips with truth. Kinds by multinomial logistic regression, its class shares
 * taken off again (a ratio against nothing, not a posterior); temperature and outlier share by likelihood on a grid; `unknown`
 * by logistic regression of looks with their product against the same looks without it.
 */
#include "cmd/cart/see_trips.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include "cart/see/see_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 4000, N = SEE_FEATURES + 1 };

static void softmax(const double w[SEE_KINDS][N], const double x[N], double p[SEE_KINDS])
{
    double top = 0, sum = 0;

    for (int k = 0; k < SEE_KINDS; k++) {
        p[k] = 0;
        for (int f = 0; f < N; f++)
            p[k] += w[k][f] * x[f];
        top = p[k] > top ? p[k] : top;
    }
    for (int k = 0; k < SEE_KINDS; k++)
        sum += p[k] = exp(p[k] - top);
    for (int k = 0; k < SEE_KINDS; k++)
        p[k] /= sum;
}

static void take_features(const struct see_record *r, double x[N])
{
    memcpy(x, r->look.feature, sizeof r->look.feature);
    x[N - 1] = 1;
}

/* Regions of an episode only: those without a difference have no features. */
static bool is_region(const struct see_record *r)
{
    return r->look.box_px[2] > 0 && !r->twin;
}

static void fit_kinds(const struct see_trips *t, struct see_model *m)
{
    double w[SEE_KINDS][N] = { { 0 } }, count[SEE_KINDS] = { 1, 1, 1, 1 }, total = 0;

    for (size_t i = 0; i < t->records_n; i++)
        if (is_region(&t->record[i])) {
            count[t->record[i].kind]++;
            total++;
        }
    /* Gradient descent with a little weight decay: a region type that never erred must not get endless confidence. */
    for (int step = 0; step < STEPS; step++) {
        double gradient[SEE_KINDS][N] = { { 0 } };

        for (size_t i = 0; i < t->records_n; i++) {
            double x[N], p[SEE_KINDS];

            if (!is_region(&t->record[i]))
                continue;
            take_features(&t->record[i], x);
            softmax(w, x, p);
            for (int k = 1; k < SEE_KINDS; k++)
                for (int f = 0; f < N; f++)
                    gradient[k][f] += (p[k] - (t->record[i].kind == (enum trundle_event_kind)k ? 1 : 0)) * x[f];
        }
        for (int k = 1; k < SEE_KINDS; k++)
            for (int f = 0; f < N; f++)
                w[k][f] -= 0.5 * (gradient[k][f] / (total + 1) + 0.0005 * w[k][f]);
    }
    for (int k = 1; k < SEE_KINDS; k++)
        w[k][N - 1] -= log(count[k] / count[0]);
    memcpy(m->kind, w, sizeof m->kind);
}

/* An episode without a difference: how much less often events leave none than non-events do. */
static void fit_empty(const struct see_trips *t, struct see_model *m)
{
    double empty[2] = { .5, .5 }, all[2] = { 1, 1 };

    for (size_t i = 0; i < t->records_n; i++) {
        int event = t->record[i].event >= 0;

        if (t->record[i].twin)
            continue;
        all[event]++;
        empty[event] += t->record[i].look.box_px[2] > 0 ? 0 : 1;
    }
    m->empty_llr = fmin(fmax(-log(empty[1] / all[1] / (empty[0] / all[0])), 0), m->kind_limit);
}

static bool names_product(const struct see_record *r)
{
    return r->place >= 0 && r->score && (r->kind == TRUNDLE_EVENT_PUT || r->kind == TRUNDLE_EVENT_TAKE) &&
           r->look.of_after == (r->kind == TRUNDLE_EVENT_PUT);
}

static double log_likelihood(const struct see_trips *t, double temperature, double outlier)
{
    double sum = 0;

    for (size_t i = 0; i < t->records_n; i++) {
        const struct see_record *r = &t->record[i];
        double top = -INFINITY, z = 0;

        if (!names_product(r))
            continue;
        for (size_t k = 0; k < r->products; k++)
            top = fmax(top, (double)r->score[k]);
        for (size_t k = 0; k < r->products; k++)
            z += exp(((double)r->score[k] - top) / temperature);
        sum += log((1 - outlier) * exp(((double)r->score[r->place] - top) / temperature) / z + outlier / (double)r->products);
    }
    return sum;
}

static void fit_products(const struct see_trips *t, struct see_model *m)
{
    double best = -INFINITY;

    for (int k = -20; k <= 60; k++)
        for (double outlier = 0.01; outlier < 0.6; outlier *= 1.4) {
            double temperature = exp(0.1 * (double)k), sum = log_likelihood(t, temperature, outlier);

            if (sum > best) {
                best = sum;
                m->temperature = temperature;
                m->outlier = outlier;
            }
        }
}

static void fit_unknown(const struct see_trips *t, struct see_model *m)
{
    double a = 0, b = 0;

    for (int step = 0; step < STEPS; step++) {
        double ga = 0, gb = 0, n = 1;

        for (size_t i = 0; i < t->records_n; i++) {
            const struct see_record *r = &t->record[i];
            double with = -INFINITY, without = -INFINITY;

            if (!names_product(r))
                continue;
            for (size_t k = 0; k < r->products; k++) {
                with = fmax(with, (double)r->score[k]);
                if ((long)k != r->place)
                    without = fmax(without, (double)r->score[k]);
            }
            for (int unknown = 0; unknown < 2; unknown++) {
                double x = (unknown ? without : with) / 100, off = 1 / (1 + exp(-(a + b * x))) - unknown;

                ga += off;
                gb += off * x;
                n++;
            }
        }
        a -= 2 * ga / n;
        b -= 2 * gb / n;
    }
    m->unknown[0] = a;
    m->unknown[1] = b / 100;
}

int see_fit_main(int argc, char **argv)
{
    const char *out_path = NULL, *source = "simulated development trips";
    const struct option_row rows[] = {
        { "out", "FILE", OPTION_TEXT, &out_path, "the see.json to write" },
        { "source", "TEXT", OPTION_TEXT, &source, "what it says about where its numbers come from" },
        { 0 } };
    struct see_model model;
    struct see_trips trips = { 0 };
    struct bytes b = { 0 };
    struct trundle_error err = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    int first, code;

    if (!option_parse(argc, argv, "trundle see fit TRIP... --out see.json", "fits the numbers that turn looks into likelihood ratios; development trips only",
                      rows, &first, &code))
        return code;
    if (first == argc || !out_path || strpbrk(source, "\"\\\n")) {
        fprintf(stderr, "trundle see fit: give trips and --out; --source without quotes\n");
        return EXIT_USAGE;
    }
    TRY_GOTO(status, see_model_default(&model, &err), out);
    for (int i = first; i < argc; i++)
        TRY_GOTO(status, see_trips_add(&trips, argv[i], &model, &err), out);
    if (!trips.records_n || !trips.events_n) {
        status = error_set(&err, TRUNDLE_BAD_INPUT, argv[first], "trundle sim makes trips with truth", "nothing to fit on");
        goto out;
    }
    fit_kinds(&trips, &model);
    fit_empty(&trips, &model);
    fit_products(&trips, &model);
    fit_unknown(&trips, &model);
    TRY_GOTO(status, see_model_print(&model, source, &b), out);
    TRY_GOTO(status, file_write(out_path, b.data, b.n, &err), out);
out:
    bytes_done(&b);
    see_trips_done(&trips);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("see fit", &err);
}
