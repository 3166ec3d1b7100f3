/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Scenarios, twins and honest trips against flags and the bill (shrink.h). */
#include "lab/judge/shrink.h"

#include <math.h>

static bool near(int64_t a, int64_t b)
{
    int64_t d;

    return !__builtin_sub_overflow(a, b, &d) && d <= JUDGE_MATCH_NS && d >= -JUDGE_MATCH_NS;
}

static bool names(const struct judge_scenario *s, const struct judge_event *e)
{
    for (size_t i = 0; i < s->events_n; i++)
        if (e->id && s->event[i] == e->id)
            return true;
    return false;
}

static bool holds(const struct judge_scenario *s, const struct judge_event *e)
{
    for (size_t i = 0; i < s->items_n; i++)
        if (e->item && s->item[i] == e->item)
            return true;
    return names(s, e);
}

static bool points_at(const struct judge_truth *truth, const struct judge_scenario *s, const struct judge_flag *f)
{
    bool known = false;

    for (size_t i = 0; i < truth->events_n; i++) {
        if (!names(s, &truth->event[i]))
            continue;
        known = true;
        if (near(truth->event[i].t_ns, f->t_event_ns))
            return true;
    }
    return !known && ((f->t_event_ns >= s->t0_ns && f->t_event_ns <= s->t1_ns) || near(f->t_event_ns, s->t0_ns) || near(f->t_event_ns, s->t1_ns));
}

static double unpaid_of(const struct judge_truth *truth, const struct judge_scenario *s, const struct judge_unpaid *unpaid, size_t n)
{
    double cents = 0, all = 0;
    bool known = false;

    for (size_t k = 0; k < n; k++) {
        bool in = false;

        for (size_t i = 0; i < truth->events_n && !in; i++)
            in = truth->event[i].product.key == unpaid[k].product.key && holds(s, &truth->event[i]);
        cents += in ? unpaid[k].cents : 0;
        all += unpaid[k].cents;
    }
    for (size_t i = 0; i < truth->events_n; i++)
        known = known || holds(s, &truth->event[i]);
    return fmin(known ? cents : all, (double)s->value_cents);
}

/* What is counted in the whole, in a scenario's own slice, and in those slices that are of no scenario. */
struct place { const struct judge_truth *truth; struct judge_tally *whole, *slices; };

static bool counts_in(const struct place *p, size_t slice, uint64_t own)
{
    uint64_t bit = UINT64_C(1) << slice, of_scenarios = 0;

    for (size_t i = 0; i < p->truth->scenarios_n; i++)
        of_scenarios |= p->truth->scenario[i].slice;
    return bit & own || !(bit & of_scenarios);
}

static void add(struct judge_sum *sum, double num, double den, uint64_t n)
{
    sum->num += num;
    sum->den += den;
    sum->n += n;
}

static void count(const struct place *p, uint64_t own, enum judge_key key, double num, double den, uint64_t n)
{
    add(&p->whole->key[key], num, den, n);
    for (size_t i = 0; p->slices && i < p->truth->slices_n; i++)
        if (counts_in(p, i, own))
            add(&p->slices[i].key[key], num, den, n);
}

static void score_scenario(const struct place *p, const struct judge_prediction *prediction, const struct judge_scenario *s, double unpaid, bool audited)
{
    bool prompted = false, flagged = false;
    double left;

    for (size_t i = 0; i < prediction->flags_n; i++) {
        const struct judge_flag *f = &prediction->flag[i];
        bool about = f->whole_trip || points_at(p->truth, s, f);

        flagged = flagged || about;
        prompted = prompted || (about && !f->audit);
    }
    if (prediction->has_decisions)
        count(p, s->slice, JUDGE_scenario_recall, flagged, 1, 1);
    count(p, s->slice, JUDGE_scenario_stopped, flagged || unpaid < 0.5, 1, 1);
    left = unpaid * (prompted ? 1 - JUDGE_PROMPT_P : 1);
    count(p, s->slice, JUDGE_loss_left_pct, left, (double)s->value_cents, 1);
    count(p, s->slice, JUDGE_loss_left_bp, left, 0, 1);
    add(&p->whole->audit, audited ? left : 0, 0, 0);
    for (size_t i = 0; p->slices && i < p->truth->slices_n; i++)
        if (counts_in(p, i, s->slice))
            add(&p->slices[i].audit, audited ? left : 0, 0, 0);
}

static void score_twin(const struct place *p, const struct judge_prediction *prediction, const struct judge_scenario *s, bool honest)
{
    size_t alarms = 0;

    for (size_t i = 0; i < prediction->flags_n; i++)
        alarms += prediction->flag[i].whole_trip ? honest : points_at(p->truth, s, &prediction->flag[i]);
    count(p, s->slice, JUDGE_twin_alarms_per_100, (double)alarms, 1, 1);
}

void judge_score_shrink(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct judge_unpaid *unpaid, size_t unpaid_n,
                        double worth, struct judge_tally *whole, struct judge_tally *slices)
{
    struct place p = { truth, whole, slices };
    bool honest = true, audited = false;

    for (size_t i = 0; i < truth->scenarios_n; i++)
        honest = honest && truth->scenario[i].twin;
    for (size_t i = 0; i < prediction->flags_n; i++)
        audited = audited || prediction->flag[i].audit;
    for (size_t i = 0; i < truth->scenarios_n; i++) {
        const struct judge_scenario *s = &truth->scenario[i];

        if (!s->twin)
            score_scenario(&p, prediction, s, unpaid_of(truth, s, unpaid, unpaid_n), audited);
        else if (prediction->has_decisions)
            score_twin(&p, prediction, s, honest);
    }
    if (honest && prediction->has_decisions)
        add(&whole->key[JUDGE_false_alarms_per_100], (double)prediction->flags_n, 1, 1);      /* by trip: the slices get it with the others */
    add(&whole->audit, 0, audited, 1);
    add(&whole->key[JUDGE_loss_left_bp], 0, worth, 0);
    for (size_t i = 0; slices && i < truth->slices_n; i++) {
        add(&slices[i].audit, 0, audited, 1);
        add(&slices[i].key[JUDGE_loss_left_bp], 0, worth, 0);
    }
}
