/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* scan-only: a line per code or pick. The scale says when the item came, and weighs produce; what is not scanned does not exist. */
#include "lab/judge/baseline/inner.h"

#include "base/std/time.h"

#include <math.h>

enum { DELAY_S, BEFORE_S, AFTER_S, PICK_S, FIELDS_N };

static const struct judge_baseline_field fields[FIELDS_N] = {
    { "delay_s", "a scan without a weight step near it: the item is put down this much later", -2, 5, { 1.0, 1.5, 2.0, 2.5 }, 4 },
    { "before_s", "a scan reaches forward to a weight step this many seconds later", 0, 30, { 2, 3, 4, 6, 8 }, 5 },
    { "after_s", "a scan that no step followed reaches back this many seconds", 0, 30, { 0, 1.5, 3, 5 }, 4 },
    { "pick_s", "a pick reaches forward to a weight step this many seconds later", 0, 60, { 4, 6, 10, 20 }, 4 },
};

enum { STEPS = 32, WAITING = 32 };

struct own {
    struct { int64_t t_ns; bool used; } step[STEPS];       /* puts by the scale; a ring */
    size_t steps_n;
    struct { size_t line; int64_t t_ns; bool on; } waiting[WAITING];   /* scanned lines without a step; a ring */
    size_t waiting_n;
};

static void code(struct baseline *b, struct trundle_product product, double weight_g)
{
    struct own *o = b->own;
    size_t at = b->lines_n;

    if (baseline_add(b, product, b->sensed_ns + S_NS(b->p[DELAY_S]), (double)NAN, isfinite(weight_g) ? weight_g : 0, true)) {
        size_t i = o->waiting_n++ % WAITING;

        o->waiting[i].line = at;
        o->waiting[i].t_ns = b->sensed_ns;
        o->waiting[i].on = true;
    }
}

static void pick(struct baseline *b, struct trundle_product product)
{
    baseline_note_code(b, product, true);
}

static void at_time(struct baseline *b, size_t line, int64_t t_ns)
{
    b->line[line].t_ns = t_ns;
    baseline_change(b, &b->line[line]);
}

static void evidence(struct baseline *b, const struct trundle_evidence *e)
{
    struct own *o = b->own;
    struct baseline_code *picked;
    int64_t t_ns;

    if (e->sense != TRUNDLE_SENSE_WEIGH || e->stage != TRUNDLE_STAGE_FINAL || !(e->mass_g > 0) || e->llr_bump > e->llr_put)
        return;
    t_ns = baseline_step_ns(e);
    picked = baseline_recent_code(b, t_ns - S_NS(b->p[PICK_S]), t_ns, NULL);
    if (picked) {
        picked->used = true;
        (void)baseline_add(b, picked->product, t_ns, e->mass_g, e->mass_g, true);
        return;
    }
    for (size_t i = 0; i < WAITING; i++)       /* the oldest scan that it can be */
        if (o->waiting[(o->waiting_n + i) % WAITING].on) {
            size_t k = (o->waiting_n + i) % WAITING;

            if (t_ns < o->waiting[k].t_ns || t_ns > o->waiting[k].t_ns + S_NS(b->p[BEFORE_S]))
                continue;
            o->waiting[k].on = false;
            at_time(b, o->waiting[k].line, t_ns);
            return;
        }
    o->step[o->steps_n % STEPS].t_ns = t_ns;
    o->step[o->steps_n++ % STEPS].used = false;
}

/* A scan that no step followed in time may have come after its item. */
static void tick(struct baseline *b)
{
    struct own *o = b->own;

    for (size_t i = 0; i < WAITING; i++) {
        size_t n = o->steps_n < STEPS ? o->steps_n : STEPS;

        if (!o->waiting[i].on || b->now_ns < o->waiting[i].t_ns + S_NS(b->p[BEFORE_S]) + S_NS(2))
            continue;
        o->waiting[i].on = false;
        for (size_t k = 1; k <= n; k++) {
            size_t s = (o->steps_n - k) % STEPS;

            if (o->step[s].used || o->step[s].t_ns > o->waiting[i].t_ns || o->step[s].t_ns < o->waiting[i].t_ns - S_NS(b->p[AFTER_S]))
                continue;
            o->step[s].used = true;
            at_time(b, o->waiting[i].line, o->step[s].t_ns);
            break;
        }
    }
}

const struct baseline_kind baseline_scan_only = { .name = "scan-only", .field = fields, .fields_n = FIELDS_N, .weigh = true, .own_bytes = sizeof(struct own),
                                                  .evidence = evidence, .code = code, .pick = pick, .tick = tick };
