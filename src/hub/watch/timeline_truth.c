/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What really happened in a trip, and where its decisions went wrong, as the judge sees it (lab/judge). */
#include "base/std/status.h"
#include "base/std/time.h"
#include "hub/watch/timeline_inside.h"
#include "lab/judge/notes.h"

#include <stdlib.h>

struct timeline_truth { struct judge_truth truth; struct judge_ledger *ledger; bool bad_ledger; };

enum trundle_status timeline_truth_new(int64_t start_wall_ns, double e_g, struct timeline_truth **out, struct trundle_error *err)
{
    struct timeline_truth *t = calloc(1, sizeof *t);
    enum trundle_status status;

    if (!t)
        return error_set(err, TRUNDLE_NO_MEMORY, "timeline", NULL, "no memory");
    t->truth.start_wall_ns = start_wall_ns;
    t->truth.e_g = e_g;
    status = judge_ledger_new(&t->ledger, err);
    if (status != TRUNDLE_OK) {
        free(t);
        return status;
    }
    *out = t;
    return TRUNDLE_OK;
}

void timeline_truth_free(struct timeline_truth *t)
{
    if (!t)
        return;
    judge_truth_done(&t->truth);
    judge_ledger_free(t->ledger);
    free(t);
}

void timeline_truth_add(struct timeline_truth *t, const uint8_t *bytes, size_t n)
{
    (void)!judge_truth_add(&t->truth, bytes, n, NULL);
}

void timeline_truth_decision(struct timeline_truth *t, const struct trundle_decision *d)
{
    t->bad_ledger |= judge_ledger_add(t->ledger, d, NULL) != TRUNDLE_OK;
}

static json_t *events(const struct judge_truth *truth, const struct catalog *catalog, json_t *root)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < truth->events_n; i++) {
        const struct judge_event *e = &truth->event[i];
        json_t *one = json_pack("{s:f,s:s,s:o,s:b}", "t_s", ns_s(e->t_ns), "kind", timeline_event_kind(e->kind), "product", timeline_product(root, catalog, e->product), "scanned", e->scanned);

        if (e->by_weight && one)
            (void)json_object_set_new(one, "mass_g", json_real(e->weight_g));
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *scenarios(const struct judge_truth *truth)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < truth->scenarios_n; i++) {
        const struct judge_scenario *s = &truth->scenario[i];
        const char *name = "";

        for (size_t k = 0; k < truth->slices_n; k++)
            if (s->slice & UINT64_C(1) << k)
                name = truth->slice[k];
        if (json_array_append_new(list, json_pack("{s:f,s:f,s:s,s:b}", "t0_s", ns_s(s->t0_ns), "t1_s", ns_s(s->t1_ns), "name", name, "twin", s->twin)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static int by_time(const void *a, const void *b)
{
    const struct judge_note *x = a, *y = b;

    return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

static json_t *errors(struct judge_notes *notes, const struct catalog *catalog, json_t *root)
{
    static const char *const mistake[JUDGE_MISTAKES] = { "missed", "phantom", "wrong" };
    json_t *list = json_array();

    if (notes->notes_n)
        qsort(notes->note, notes->notes_n, sizeof *notes->note, by_time);
    for (size_t i = 0; list && i < notes->notes_n; i++) {
        const struct judge_note *n = &notes->note[i];
        json_t *one = json_pack("{s:f,s:s,s:s}", "t_s", ns_s(n->t_ns), "mistake", mistake[n->mistake], "kind", timeline_event_kind(n->kind));
        json_t *truth = n->mistake == JUDGE_PHANTOM ? json_null() : timeline_product(root, catalog, n->truth);
        json_t *taken = n->mistake == JUDGE_MISSED ? json_null() : timeline_product(root, catalog, n->taken);

        if (json_object_set_new(one, "truth", truth) | json_object_set_new(one, "taken", taken) |
            json_object_set_new(one, "cents", n->cents < 0 ? json_null() : json_integer(n->cents)) | json_array_append_new(list, one)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

enum trundle_status timeline_truth_print(struct timeline_truth *t, const struct catalog *catalog, json_t *root, struct trundle_error *err)
{
    struct judge_prediction prediction = { 0 };
    struct judge_notes notes = { 0 };
    json_t *truth = json_null(), *wrong = json_null();
    enum trundle_status status = TRUNDLE_OK;

    if (judge_truth_finish(&t->truth, NULL) == TRUNDLE_OK) {
        truth = json_pack("{s:o,s:o}", "events", events(&t->truth, catalog, root), "scenarios", scenarios(&t->truth));
        if (!t->bad_ledger) {
            TRY_GOTO(status, judge_ledger_read(t->ledger, &prediction, err), out);
            TRY_GOTO(status, judge_notes_find(&t->truth, &prediction, catalog, &notes, err), out);
            wrong = errors(&notes, catalog, root);
        }
    }
out:
    judge_prediction_done(&prediction);
    judge_notes_done(&notes);
    if (json_object_set_new(root, "truth", truth) | json_object_set_new(root, "errors", wrong) && status == TRUNDLE_OK)
        status = error_set(err, TRUNDLE_NO_MEMORY, "timeline", NULL, "no memory");
    return status;
}
