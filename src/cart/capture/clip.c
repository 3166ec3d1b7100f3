/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Facts around a decision, spans around moments, and the budget. */
#include "cart/capture/clip.h"

#include "base/std/hash.h"
#include "base/std/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RECENT_NS    (3 * NS_PER_S)        /* of code, motion and fault */
#define CORRECTED_NS (NS_PER_S)            /* decisions that a contradicting touch causes come at once */
#define LONG_AGO     (INT64_MIN / 2)

enum { DISAGREE_NATS = 2 };

void clip_watch_init(struct clip_watch *w, const struct capture_policy *policy, const char *trip)
{
    memset(w, 0, sizeof *w);
    w->policy = policy;
    (void)snprintf(w->trip, sizeof w->trip, "%s", trip);
    w->trip_hash = hash64(w->trip, strlen(w->trip), 0);
    w->code_ns = w->motion_ns = w->corrected_ns = w->fault_ns = w->taken_ns = LONG_AGO;
}

static void note_evidence(struct clip_watch *w, const struct trundle_evidence *e, int64_t t_ns)
{
    struct clip_seen *s;

    if (e->faults)
        w->fault_ns = t_ns;
    if (e->sense != TRUNDLE_SENSE_SEE)
        return;
    if (e->llr_put > 0 || e->llr_take > 0)
        w->motion_ns = t_ns;
    if (!e->products_n)
        return;
    s = &w->seen[w->seen_next++ % CLIP_RECENT];
    s->id = e->id;
    s->sensor = e->sensor;
    s->products_n = e->products_n;
    memcpy(s->product, e->products, sizeof s->product);
}

static void note_touch(struct clip_watch *w, const struct trundle_touch *t, int64_t t_ns)
{
    bool otherwise = t->kind == TRUNDLE_TOUCH_WRONG || t->kind == TRUNDLE_TOUCH_REMOVE || t->kind == TRUNDLE_TOUCH_COUNT_SET;

    for (size_t i = 0; t->kind == TRUNDLE_TOUCH_ANSWER && i < CLIP_RECENT; i++)
        if (w->asked[i].question && w->asked[i].question == t->ref)
            otherwise = t->option != TRUNDLE_OPTION_PRODUCT || t->product.key != w->asked[i].best.key;
    if (otherwise)
        w->corrected_ns = t_ns;
}

bool clip_corrected(const struct clip_watch *w, const struct trundle_decision *d)
{
    return d->kind != TRUNDLE_DECIDE_PHASE && d->kind != TRUNDLE_DECIDE_WEIGHING && d->kind != TRUNDLE_DECIDE_PRICE && d->t_ns >= w->corrected_ns &&
           d->t_ns - w->corrected_ns <= CORRECTED_NS;
}

/* The cameras' evidence for this decision names another product than the code, by DISAGREE_NATS. */
static bool disagree(const struct clip_watch *w, const struct trundle_decision *d)
{
    if (!d->code_sequence || !d->product.key)
        return false;
    for (uint8_t i = 0; i < d->evidence_n; i++) {
        if (d->evidence[i].sense != TRUNDLE_SENSE_SEE)
            continue;
        for (size_t k = 0; k < CLIP_RECENT; k++) {
            const struct clip_seen *s = &w->seen[k];
            float of_code;

            if (!s->products_n || s->id != d->evidence[i].id || s->sensor != d->evidence[i].sensor)
                continue;
            of_code = s->product[s->products_n - 1].llr;
            for (uint8_t j = 0; j < s->products_n; j++)
                if (s->product[j].product.key == d->product.key)
                    of_code = s->product[j].llr;
            if (s->product[0].product.key != d->product.key && s->product[0].llr - of_code >= (float)DISAGREE_NATS)
                return true;
        }
    }
    return false;
}

static double known(float x)
{
    return (double)x;
}

static void decision_facts(const struct clip_watch *w, const struct trundle_decision *d, double *v)
{
    bool about_an_item = d->kind != TRUNDLE_DECIDE_PHASE && d->kind != TRUNDLE_DECIDE_PRICE && d->kind != TRUNDLE_DECIDE_WEIGHING && d->kind != TRUNDLE_DECIDE_WITHDRAW;

    v[TRIGGER_DECISION] = 1;
    if (d->kind >= TRUNDLE_DECIDE_ADD && d->kind <= TRUNDLE_DECIDE_WEIGHING)
        v[TRIGGER_ADD + (d->kind - TRUNDLE_DECIDE_ADD)] = 1;
    if (about_an_item) {
        v[TRIGGER_P] = known(d->p);
        v[TRIGGER_COST] = known(d->cost);
        v[TRIGGER_COST_NEXT] = known(d->cost_next);
        v[TRIGGER_COUNT] = d->count;
        v[TRIGGER_WEIGHT_G] = (double)d->weight_mg / 1000;
        v[TRIGGER_MASS_G] = known(d->mass_g);
        v[TRIGGER_CENTS] = (double)d->line_cents;
        for (size_t i = 0; i < CLIP_RECENT; i++)
            if (w->belief[i].event && w->belief[i].event == d->event)
                v[TRIGGER_SECOND] = known(w->belief[i].second);
    }
    v[TRIGGER_CORRECTED] = clip_corrected(w, d);
    v[TRIGGER_DISAGREE] = disagree(w, d);
}

void clip_facts(const struct clip_watch *w, const struct trundle_message *m, struct trigger_facts *out)
{
    uint64_t key[2];

    for (size_t i = 0; i < TRIGGER_FACTS; i++)
        out->value[i] = i < TRIGGER_DECISION ? (double)NAN : 0;
    if (m->channel == TRUNDLE_DECISION) {
        decision_facts(w, &m->decision, out->value);
        key[0] = m->decision.id;
    } else {
        out->value[TRIGGER_BELIEF] = 1;
        if (m->belief.alternatives_n > 0)
            out->value[TRIGGER_P] = known(m->belief.alternatives[0].p);
        if (m->belief.alternatives_n > 1)
            out->value[TRIGGER_SECOND] = known(m->belief.alternatives[1].p);
        key[0] = (UINT64_C(1) << 32) | m->belief.event;
    }
    out->value[TRIGGER_CODE] = m->log_ns - w->code_ns <= RECENT_NS;
    out->value[TRIGGER_MOTION] = m->log_ns - w->motion_ns <= RECENT_NS;
    out->value[TRIGGER_FAULT] = m->log_ns - w->fault_ns <= RECENT_NS;
    key[1] = w->trip_hash;
    out->draw = hash64(key, sizeof key, 0);
}

static double doubt(double p)
{
    return isnan(p) ? 0.5 : p < 0 ? 1 : p > 1 ? 0 : 1 - p;
}

double clip_worth(const struct policy_trigger *trigger, double p, uint32_t kept_today)
{
    return trigger->worth * (0.5 + doubt(p)) / (1 + (double)kept_today / 8);
}

static double moment_worth(const struct clip_watch *w, const struct clip_want *c)
{
    return clip_worth(&w->policy->trigger[c->trigger], c->p, 0);
}

static void want(struct clip_watch *w, struct clip_want c)
{
    const int64_t longest = S_NS(w->policy->longest_s);

    w->moments++;
    if (c.t0_ns <= w->taken_ns)
        c.t0_ns = w->taken_ns + 1;
    for (size_t i = 0; i < w->open_n; i++) {
        struct clip_want *o = &w->open[i];
        int64_t t0 = c.t0_ns < o->t0_ns ? c.t0_ns : o->t0_ns, t1 = c.t1_ns > o->t1_ns ? c.t1_ns : o->t1_ns;

        if (c.t0_ns > o->t1_ns || c.t1_ns < o->t0_ns)
            continue;
        if (t1 - t0 <= longest) {
            if (moment_worth(w, &c) > moment_worth(w, o)) {
                o->t_ns = c.t_ns;
                o->decision = c.decision;
                o->event = c.event;
                o->p = c.p;
                o->trigger = c.trigger;
            }
            o->t0_ns = t0;
            o->t1_ns = t1;
            o->moments++;
            return;
        }
        c.t0_ns = o->t1_ns + 1;
    }
    if (c.t0_ns > c.t1_ns)
        return;
    if (w->open_n == CLIP_OPEN) {
        w->refused++;
        return;
    }
    c.moments = 1;
    w->open[w->open_n++] = c;
}

/* A belief is renewed with every sample that touches its event: its trigger then rests for it. */
static bool rests(struct clip_watch *w, uint32_t event, size_t trigger, int64_t t_ns)
{
    for (size_t i = 0; i < CLIP_RECENT; i++)
        if (w->rest[i].used && w->rest[i].event == event && w->rest[i].trigger == trigger && t_ns - w->rest[i].t_ns < S_NS(w->policy->rest_s))
            return true;
    w->rest[w->rest_next].event = event;
    w->rest[w->rest_next].trigger = (uint8_t)trigger;
    w->rest[w->rest_next].t_ns = t_ns;
    w->rest[w->rest_next].used = true;
    w->rest_next = (w->rest_next + 1) % CLIP_RECENT;
    return false;
}

static bool look(struct clip_watch *w, const struct trundle_message *m)
{
    const struct capture_policy *policy = w->policy;
    bool decision = m->channel == TRUNDLE_DECISION, fired = false;
    struct trigger_facts facts;
    struct clip_want c = { .t_ns = m->log_ns, .decision = decision ? m->decision.id : 0, .event = decision ? m->decision.event : m->belief.event };
    int64_t first = m->log_ns;

    clip_facts(w, m, &facts);
    c.p = facts.value[TRIGGER_P];
    for (size_t i = 0; i < policy->triggers_n; i++) {
        if (!trigger_fires(&policy->trigger[i].when, &facts) || (!decision && rests(w, m->belief.event, i, m->log_ns)))
            continue;
        if (!fired || policy->trigger[i].worth > policy->trigger[c.trigger].worth)
            c.trigger = i;
        fired = true;
    }
    if (!fired)
        return false;
    if (decision && m->decision.t_event_ns > 0 && m->decision.t_event_ns < first)
        first = m->decision.t_event_ns;
    c.t1_ns = m->log_ns + S_NS(policy->after_s);
    c.t0_ns = first - S_NS(policy->before_s);
    if (c.t1_ns - c.t0_ns > S_NS(policy->longest_s))
        c.t0_ns = c.t1_ns - S_NS(policy->longest_s);
    want(w, c);
    return true;
}

bool clip_watch(struct clip_watch *w, const struct trundle_message *m)
{
    bool fired = false;

    switch (m->channel) {
    case TRUNDLE_CODE:
        w->code_ns = m->log_ns;
        break;
    case TRUNDLE_EVIDENCE:
        note_evidence(w, &m->evidence, m->log_ns);
        break;
    case TRUNDLE_TOUCH:
        note_touch(w, &m->touch, m->log_ns);
        break;
    case TRUNDLE_BELIEF:
        w->belief[w->belief_next % CLIP_RECENT].event = m->belief.event;
        w->belief[w->belief_next % CLIP_RECENT].second = m->belief.alternatives_n > 1 ? m->belief.alternatives[1].p : 0;
        fired = look(w, m);
        w->belief_next++;
        break;
    case TRUNDLE_DECISION:
        if (m->decision.kind == TRUNDLE_DECIDE_ASK && m->decision.options_n) {
            w->asked[w->asked_next % CLIP_RECENT].question = m->decision.question;
            w->asked[w->asked_next % CLIP_RECENT].best = m->decision.options[0].product;
            w->asked_next++;
        }
        fired = look(w, m);
        break;
    default:
        break;
    }
    return fired;
}

enum trundle_status clip_due(struct clip_watch *w, int64_t now_ns, struct clip_want *out)
{
    for (size_t i = 0; i < w->open_n; i++) {
        if (w->open[i].t1_ns >= now_ns && now_ns != INT64_MAX)
            continue;
        *out = w->open[i];
        if (out->t1_ns > w->taken_ns)
            w->taken_ns = out->t1_ns;
        memmove(&w->open[i], &w->open[i + 1], (w->open_n - i - 1) * sizeof w->open[0]);
        w->open_n--;
        return TRUNDLE_OK;
    }
    return TRUNDLE_AGAIN;
}

/* Drops the least worth among those that `day` allows (day < 0: any) until `bytes` is at most `most`. */
static size_t drop_down(const struct clip_kept *clip, size_t n, int64_t day, int64_t bytes, int64_t most, bool *drop)
{
    size_t gone = 0;

    while (bytes > most) {
        size_t least = n;

        for (size_t i = 0; i < n; i++) {
            if (drop[i] || clip[i].bound || (day >= 0 && clip[i].day != day))
                continue;
            if (least == n || clip[i].worth < clip[least].worth || (!(clip[i].worth > clip[least].worth) && clip[i].id < clip[least].id))
                least = i;
        }
        if (least == n)
            break;
        drop[least] = true;
        bytes -= clip[least].bytes;
        gone++;
    }
    return gone;
}

size_t clip_budget(const struct capture_policy *policy, const struct clip_kept *clip, size_t n, bool *out_drop)
{
    int64_t all = 0;
    size_t gone = 0;

    memset(out_drop, 0, n * sizeof *out_drop);
    for (size_t i = 0; i < n; i++) {
        int64_t bytes = 0;
        bool first = true;

        for (size_t k = 0; k < i && first; k++)
            first = clip[k].day != clip[i].day;
        if (!first)
            continue;
        for (size_t k = i; k < n; k++)
            bytes += clip[k].day == clip[i].day ? clip[k].bytes : 0;
        gone += drop_down(clip, n, clip[i].day, bytes, policy->bytes_per_day, out_drop);
    }
    for (size_t i = 0; i < n; i++)
        all += out_drop[i] || clip[i].sent ? 0 : clip[i].bytes;
    return gone + drop_down(clip, n, -1, all, policy->store_bytes, out_drop);
}
