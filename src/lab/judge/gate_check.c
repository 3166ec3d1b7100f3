/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Rules against figures and comparisons; what is found, as text and JSON. */
#include "lab/judge/gate.h"

#include "base/std/list.h"
#include "lab/judge/inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const op_text[] = { ">=", "<=", ">", "<" };

void judge_gate_verdict_done(struct judge_gate_verdict *v)
{
    free(v->finding);
    *v = (struct judge_gate_verdict){ .held = false };
}

static struct judge_gate_finding *add(struct judge_gate_verdict *v, size_t rule)
{
    if (!list_grow((void **)&v->finding, sizeof *v->finding, v->n, &v->room))
        return NULL;
    v->finding[v->n] = (struct judge_gate_finding){ .rule = rule, .enough = true, .by = (double)NAN };
    return &v->finding[v->n++];
}

static const struct judge_values *values_of(const struct judge_report *report, const struct judge_gate_rule *rule)
{
    if (rule->where != JUDGE_GATE_SLICE)
        return &report->all;
    for (size_t i = 0; i < report->slices_n; i++)
        if (!strcmp(report->slice[i].name, rule->slice))
            return &report->slice[i].values;
    return NULL;
}

static bool holds(enum judge_gate_op op, double x, double limit)
{
    return op == JUDGE_AT_LEAST ? x >= limit : op == JUDGE_AT_MOST ? x <= limit : op == JUDGE_ABOVE ? x > limit : x < limit;
}

static void check_figure(const struct judge_gate_rule *rule, const struct judge_report *report, struct judge_gate_finding *f)
{
    const struct judge_values *values = values_of(report, rule);
    const struct judge_value *v = values && values->has[rule->mode] ? &values->key[rule->mode][rule->key] : NULL;
    bool least = rule->op == JUDGE_AT_LEAST || rule->op == JUDGE_ABOVE;
    double x;

    if (!v || !isfinite(v->value) || (rule->confident && !isfinite(v->lo))) {
        f->enough = false;
        if (!values)
            (void)snprintf(f->why, sizeof f->why, "not enough data: no trip is in slice %s", rule->slice);
        else if (!v)
            (void)snprintf(f->why, sizeof f->why, "not enough data: there are no aided figures");
        else if (!isfinite(v->value))
            (void)snprintf(f->why, sizeof f->why, "not enough data: n is %" PRIu64 ", at least %" PRIu64 " is needed", v->n,
                           judge_key_rows[rule->key].least > 1 ? judge_key_rows[rule->key].least : 1);
        else
            (void)snprintf(f->why, sizeof f->why, "not enough data: %.6g has no interval, of one store and one trip", v->value);
        return;
    }
    x = !rule->confident ? v->value : least ? v->lo : v->hi;
    f->held = holds(rule->op, x, rule->limit);
    if (!f->held)
        f->by = fabs(rule->limit - x);
    if (isfinite(v->lo))
        (void)snprintf(f->why, sizeof f->why, "%.6g [%.6g, %.6g], n %" PRIu64, v->value, v->lo, v->hi, v->n);
    else
        (void)snprintf(f->why, sizeof f->why, "%.6g, n %" PRIu64, v->value, v->n);
    if (f->held)
        return;
    /* the figure itself would do, only its interval is too wide */
    f->enough = !(rule->confident && holds(rule->op, v->value, rule->limit));
    (void)snprintf(f->why + strlen(f->why), sizeof f->why - strlen(f->why), f->enough ? ": off by %.4g" : ": not enough data, the interval is off by %.4g", f->by);
}

/* One figure in one place; true when a finding was needed. */
static bool check_compared(const struct judge_gate_rule *rule, size_t key, const struct judge_comparison_scope *s, struct judge_gate_finding *f)
{
    const struct judge_compared *c = &s->key[rule->mode][key];
    double least = judge_key_rows[key].better > 0 ? c->lo : -c->hi, most = judge_key_rows[key].better > 0 ? c->hi : -c->lo;
    const char *place = *s->name ? s->name : "all";

    if (!c->n_most)
        return false;                      /* nothing of it on either side: nothing to be worse at */
    f->held = isfinite(least) && s->clusters >= JUDGE_STORES_LEAST && least >= -rule->limit;
    if (f->held)
        return false;
    f->enough = isfinite(most) && s->clusters >= JUDGE_STORES_LEAST && most < -rule->limit;
    f->by = isfinite(least) ? -rule->limit - least : (double)NAN;
    (void)snprintf(f->why, sizeof f->why, "%s of %s: %.4g against %.4g, difference %+.4g [%+.4g, %+.4g]: %s", judge_key_rows[key].name, place, c->b, c->a, c->difference,
                   c->lo, c->hi, f->enough ? "worse" : s->clusters < JUDGE_STORES_LEAST ? "not enough data, too few stores" : "not enough data");
    if (!f->enough && isfinite(c->sd))
        (void)snprintf(f->why + strlen(f->why), sizeof f->why - strlen(f->why), ", about %.3g trips would do",
                       ceil(judge_trips_needed(s->trips, c->sd, fmax(rule->limit, 1e-9))));
    return true;
}

static enum trundle_status check_compare(const struct judge_gate_rule *rule, size_t index, const struct judge_comparison *c, struct judge_gate_verdict *v)
{
    static const size_t both[] = { JUDGE_basket_accuracy, JUDGE_event_f1 };
    size_t one[] = { rule->key }, keys = rule->key == JUDGE_KEY_COUNT ? 2 : 1, failed = 0, looked = 0;
    struct judge_gate_finding *f;

    for (size_t i = 0; i < c->scopes_n && c->has[rule->mode]; i++) {
        const struct judge_comparison_scope *s = &c->scope[i];

        if (rule->where == JUDGE_GATE_ALL ? i > 0 : rule->where == JUDGE_GATE_SLICE ? strcmp(s->name, rule->slice) != 0 : i && s->trips < rule->slice_trips)
            continue;
        for (size_t k = 0; k < keys; k++) {
            looked++;
            f = add(v, index);
            if (!f)
                return TRUNDLE_NO_MEMORY;
            if (check_compared(rule, keys == 2 ? both[k] : one[k], s, f))
                failed++;
            else
                v->n--;
        }
    }
    if (failed)
        return TRUNDLE_OK;
    f = add(v, index);
    if (!f)
        return TRUNDLE_NO_MEMORY;
    f->held = f->enough = looked > 0;
    if (looked)
        (void)snprintf(f->why, sizeof f->why, "%zu comparisons on %zu trips", looked, c->trips);
    else
        (void)snprintf(f->why, sizeof f->why, "not enough data: %s", c->has[rule->mode] ? "no trip is in that slice" : "there are no aided figures");
    return TRUNDLE_OK;
}

static enum trundle_status compare_with(const struct judge_gate_rule *rule, const struct judge_saved *now, const struct judge_gate_options *o,
                                        struct judge_comparison *out, struct trundle_error *err)
{
    struct judge_saved then = { .n = 0 };
    struct judge_compare_options options = { .common = o->common };
    char path[2 * JUDGE_GATE_FILE + 512];
    enum trundle_status status;

    (void)snprintf(path, sizeof path, "%s%s%s", rule->file[0] == '/' || !o->folder ? "" : o->folder, rule->file[0] == '/' || !o->folder ? "" : "/", rule->file);
    TRY(judge_saved_read(path, &then, err));
    status = judge_compare(&then, now, &options, out, err);
    judge_saved_done(&then);
    return status;
}

enum trundle_status judge_gate_check(const struct judge_gate *gate, const struct judge_report *report, const struct judge_saved *results,
                                     const struct judge_gate_options *options, struct judge_gate_verdict *out, struct trundle_error *err)
{
    struct judge_gate_verdict v = { .held = true };
    struct judge_comparison c = { .trips = 0 };
    const char *compared = NULL;
    enum trundle_status status = TRUNDLE_OK;

    for (size_t i = 0; i < gate->n && status == TRUNDLE_OK; i++) {
        const struct judge_gate_rule *rule = &gate->rule[i];
        struct judge_gate_finding *f;

        if (!rule->compares) {
            f = add(&v, i);
            status = f ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, "gate", NULL, "no memory for findings");
            if (f)
                check_figure(rule, report, f);
            continue;
        }
        if (!compared || strcmp(compared, rule->file) != 0) {
            judge_comparison_done(&c);
            compared = NULL;
            TRY_GOTO(status, compare_with(rule, results, options, &c, err), out);
            compared = rule->file;
        }
        if (check_compare(rule, i, &c, &v) != TRUNDLE_OK)
            status = error_set(err, TRUNDLE_NO_MEMORY, "gate", NULL, "no memory for findings");
    }
out:
    judge_comparison_done(&c);
    for (size_t i = 0; i < v.n; i++)
        v.held = v.held && v.finding[i].held;
    if (status != TRUNDLE_OK)
        judge_gate_verdict_done(&v);
    else
        *out = v;
    return status;
}

enum trundle_status judge_gate_text(const struct judge_gate *gate, const struct judge_gate_verdict *v, struct bytes *out)
{
    size_t failed = 0, last = SIZE_MAX;

    for (size_t i = 0; i < v->n; i++) {
        const struct judge_gate_finding *f = &v->finding[i];

        if (!f->held && f->rule != last) {
            failed++;
            last = f->rule;
        }
        TRY(bytes_print(out, "%s line %zu: %s\n         %s\n", f->held ? "held    " : f->enough ? "FAILED  " : "NO DATA ", gate->rule[f->rule].line, gate->rule[f->rule].text,
                        f->why));
    }
    return bytes_print(out, "gate: %zu of %zu statements hold\n", gate->n - failed, gate->n);
}

enum trundle_status judge_gate_json(const struct judge_gate *gate, const struct judge_gate_verdict *v, struct bytes *out)
{
    TRY(bytes_print(out, "{\"held\":%s,\"findings\":[", v->held ? "true" : "false"));
    for (size_t i = 0; i < v->n; i++) {
        const struct judge_gate_finding *f = &v->finding[i];
        const struct judge_gate_rule *rule = &gate->rule[f->rule];

        TRY(bytes_print(out, "%s{\"line\":%zu,\"statement\":", i ? "," : "", rule->line));
        TRY(judge_print_text(rule->text, out));
        TRY(bytes_print(out, ",\"held\":%s,\"enough_data\":%s,", f->held ? "true" : "false", f->enough ? "true" : "false"));
        if (!rule->compares)
            TRY(bytes_print(out, "\"operator\":\"%s\",", op_text[rule->op]));
        TRY(bytes_print(out, "\"limit\":%.9g,\"by\":", rule->limit));
        TRY(isfinite(f->by) ? bytes_print(out, "%.9g", f->by) : bytes_print(out, "null"));
        TRY(bytes_print(out, ",\"why\":"));
        TRY(judge_print_text(f->why, out));
        TRY(bytes_print(out, "}"));
    }
    return bytes_print(out, "]}\n");
}
