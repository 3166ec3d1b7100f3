/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle see score: what see makes of trips with truth, per camera: found, direction, product, calibration, cost. */
#include "cmd/cart/see_trips.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include "base/std/time.h"
#include "cart/see/see_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 15 };

struct score {
    size_t chances, seen, in_or_out, directed, known, top1, top5, regions_of_nothing, empty_of_event, empty_of_nothing;
    double llr_sum;                /* of the true products */
    struct pair { double p, right; } *pair;
    size_t pairs_n;
};

static int by_p(const void *a, const void *b)
{
    double x = ((const struct pair *)a)->p, y = ((const struct pair *)b)->p;

    return x < y ? -1 : x > y;
}

static double calibration_error(struct pair *pair, size_t n)
{
    double error = 0;

    qsort(pair, n, sizeof *pair, by_p);
    for (size_t b = 0; b < BINS; b++) {
        double off = 0;

        for (size_t i = b * n / BINS; i < (b + 1) * n / BINS; i++)
            off += pair[i].p - pair[i].right;
        error += fabs(off) / (double)n;
    }
    return error;
}

static bool said_put(const struct trundle_evidence *e)
{
    return e->llr_put >= e->llr_take;
}

/* The ratio that the evidence gives a product; those it does not list have at most the last one's. */
static double llr_of(const struct trundle_evidence *e, struct trundle_product product)
{
    for (uint8_t i = 0; i < e->products_n; i++)
        if (e->products[i].product.key == product.key)
            return (double)e->products[i].llr;
    return (double)e->products[e->products_n - 1].llr;
}

static void add_products(struct score *s, const struct see_trips *t, const struct see_record *r)
{
    size_t rank = 0;

    if (r->place < 0 || !r->evidence.products_n)
        return;
    /* Evidence says ln(p / (1 / n)); with even priors the product's probability is exp(llr) / n. */
    s->pair[s->pairs_n] = (struct pair){ exp((double)r->evidence.products[0].llr) / (double)r->products, 0 };
    for (size_t i = 0; i < r->products; i++)
        rank += r->score[i] > r->score[r->place];
    s->pair[s->pairs_n++].right = rank == 0 ? 1 : 0;
    s->known++;
    s->llr_sum += llr_of(&r->evidence, t->event[r->event].product);
    s->top1 += rank == 0;
    s->top5 += rank < 5;
}

static void add_event(struct score *s, const struct see_trips *t, long event, uint8_t camera)
{
    const struct see_record *best = NULL;
    enum trundle_event_kind kind = t->event[event].kind;

    /* The best of its regions that has the right direction counts for the product. */
    for (size_t i = 0; i < t->records_n; i++) {
        const struct see_record *r = &t->record[i];

        if (r->event != event || r->camera != camera || !(r->look.box_px[2] > 0))
            continue;
        if (!best || (said_put(&r->evidence) == (kind == TRUNDLE_EVENT_PUT) && said_put(&best->evidence) != (kind == TRUNDLE_EVENT_PUT)))
            best = r;
    }
    s->chances++;
    if (!best)
        return;
    s->seen++;
    if (kind == TRUNDLE_EVENT_MOVE)
        return;
    s->in_or_out++;
    s->directed += said_put(&best->evidence) == (kind == TRUNDLE_EVENT_PUT);
    if (said_put(&best->evidence) == (kind == TRUNDLE_EVENT_PUT))
        add_products(s, t, best);
}

static void print_score(const struct see_trips *t, struct score *s)
{
    size_t trips = t->events_n ? t->event[t->events_n - 1].trip + 1u : 0;
    double idle = t->shut_frames ? t->shut_cpu_s / (double)t->shut_frames : 0, busy = t->open_frames ? t->open_cpu_s / (double)t->open_frames : 0;

    printf("{\"simulated\":true,\"trips\":%zu,\"camera_events\":%zu,\"seen\":%.4f,\"direction\":%.4f,\"top1\":%.4f,\"top5\":%.4f,\"known_n\":%zu,"
           "\"ece\":%.4f,\"llr_of_truth\":%.3f,\"regions_of_nothing_per_camera_min\":%.3f,\"empty_of_event\":%zu,\"empty_of_nothing\":%zu,"
           "\"idle_ms_per_frame\":%.4f,\"idle_core_percent_at_15_fps\":%.3f,\"busy_ms_per_frame\":%.4f,\"idle_frames\":%llu,\"busy_frames\":%llu,"
           "\"bad_frames\":%llu}\n",
           trips, s->chances, (double)s->seen / (double)(s->chances ? s->chances : 1), (double)s->directed / (double)(s->in_or_out ? s->in_or_out : 1),
           (double)s->top1 / (double)(s->known ? s->known : 1), (double)s->top5 / (double)(s->known ? s->known : 1), s->known,
           s->pairs_n ? calibration_error(s->pair, s->pairs_n) : 0.0, s->llr_sum / (double)(s->known ? s->known : 1), (double)s->regions_of_nothing / (t->trip_s * 2 / 60), s->empty_of_event,
           s->empty_of_nothing, 1e3 * idle, 1500 * idle, 1e3 * busy, (unsigned long long)t->shut_frames, (unsigned long long)t->open_frames,
           (unsigned long long)t->bad_frames);
}

static void dump(const struct see_trips *t)
{
    for (size_t i = 0; i < t->records_n; i++) {
        const struct see_record *r = &t->record[i];

        printf("%u cam%u %6.2f-%6.2f truth %d box %3.0f %3.0f %3.0f %3.0f put %5.1f take %5.1f move %5.1f |", r->trip, r->camera, ns_s(r->evidence.t0_ns),
               ns_s(r->evidence.t1_ns), (int)r->kind, (double)r->look.box_px[0], (double)r->look.box_px[1], (double)r->look.box_px[2],
               (double)r->look.box_px[3], (double)r->evidence.llr_put, (double)r->evidence.llr_take, (double)r->evidence.llr_move);
        for (int f = 0; f < SEE_FEATURES; f++)
            printf(" %.2f", r->look.feature[f]);
        if (r->place >= 0 && r->score) {
            size_t rank = 0;

            for (size_t k = 0; k < r->products; k++)
                rank += r->score[k] > r->score[r->place];
            printf(" rank %zu llr %.2f", rank, (double)r->evidence.products[0].llr);
        }
        putchar('\n');
    }
    for (size_t i = 0; i < t->events_n; i++)
        printf("%u truth %d %.2f-%.2f\n", t->event[i].trip, (int)t->event[i].kind, ns_s(t->event[i].t0_ns), ns_s(t->event[i].t1_ns));
}

int see_score_main(int argc, char **argv)
{
    const char *model_path = NULL;
    bool all = false;
    const struct option_row rows[] = {
        { "model", "FILE", OPTION_TEXT, &model_path, "see.json (default: the built-in baseline)" },
        { "all", NULL, OPTION_FLAG, &all, "print every look and every event too" },
        { 0 } };
    struct see_model model;
    struct see_trips trips = { 0 };
    struct score s = { 0 };
    struct bytes b = { 0 };
    struct trundle_error err = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    int first, code;

    if (!option_parse(argc, argv, "trundle see score TRIP... [--model see.json]",
                      "how well the camera sense does on trips with truth, each camera alone; one JSON line", rows, &first, &code))
        return code;
    if (first == argc) {
        fprintf(stderr, "trundle see score: give trips\n");
        return EXIT_USAGE;
    }
    TRY_GOTO(status, see_model_default(&model, &err), out);
    if (model_path) {
        TRY_GOTO(status, file_read(model_path, 1 << 20, &b, &err), out);
        TRY_GOTO(status, see_model_parse(b.data, b.n, model_path, &model, &err), out);
    }
    for (int i = first; i < argc; i++)
        TRY_GOTO(status, see_trips_add(&trips, argv[i], &model, &err), out);
    s.pair = calloc(TRUNDLE_CAMERAS_MAX * trips.events_n + 1, sizeof *s.pair);
    if (!s.pair) {
        status = error_set(&err, TRUNDLE_NO_MEMORY, "see score", NULL, "no memory");
        goto out;
    }
    for (size_t e = 0; e < trips.events_n; e++)
        for (uint8_t c = 0; c < 2; c++)
            add_event(&s, &trips, (long)e, c);
    for (size_t i = 0; i < trips.records_n; i++) {
        bool region = trips.record[i].look.box_px[2] > 0;

        s.regions_of_nothing += region && trips.record[i].event < 0 && !trips.record[i].twin;
        s.empty_of_event += !region && trips.record[i].event >= 0;
        s.empty_of_nothing += !region && trips.record[i].event < 0;
    }
    if (all)
        dump(&trips);
    print_score(&trips, &s);
out:
    bytes_done(&b);
    free(s.pair);
    see_trips_done(&trips);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("see score", &err);
}
