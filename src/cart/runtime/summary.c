/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/summary.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double median(const struct replay_summary *s)
{
    int n = s->latencies_n;

    return n ? (s->latency_s[(n - 1) / 2] + s->latency_s[n / 2]) / 2 : 0;
}

enum trundle_status summary_text(const struct replay_summary *s, struct bytes *out)
{
    TRY(bytes_append(out, s->receipt_text.data, s->receipt_text.n));
    TRY(bytes_print(out, "\n"));
    if (s->has_truth)
        TRY(bytes_print(out, "truth (simulated): %d of %d items right, %d wrong or missing, %d too many; total %.2f, true %.2f\n", s->right,
                        s->true_items, s->wrong_or_missing, s->phantom, (double)s->total_cents / 100, (double)s->true_total_cents / 100));
    if (s->latencies_n)
        TRY(bytes_print(out, "line latency, from settled to shown: median %.0f ms, worst %.0f ms, n %d\n", 1000 * median(s),
                        1000 * s->latency_s[s->latencies_n - 1], s->latencies_n));
    return bytes_print(out, "cost: %.2f s of CPU for %.1f s of trip (%.1f %% of one core), %llu decisions, %llu pieces of evidence\n", s->cpu_s, s->trip_s,
                       s->trip_s > 0 ? 100 * s->cpu_s / s->trip_s : 0, (unsigned long long)s->counts.decisions, (unsigned long long)s->counts.evidence);
}

static enum trundle_status append_json(json_t *o, struct bytes *out)
{
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    enum trundle_status status = text ? bytes_append(out, text, strlen(text)) : TRUNDLE_NO_MEMORY;

    free(text);
    json_decref(o);
    return status == TRUNDLE_OK ? bytes_append(out, "\n", 1) : status;
}

enum trundle_status summary_json(const struct replay_summary *s, struct bytes *out)
{
    json_t *receipt = json_loadb((const char *)s->receipt_json.data, s->receipt_json.n, 0, NULL);
    json_t *truth = s->has_truth ? json_pack("{s:i, s:i, s:i, s:i, s:I}", "items", s->true_items, "right", s->right, "wrong_or_missing",
                                             s->wrong_or_missing, "phantom", s->phantom, "total_cents", (json_int_t)s->true_total_cents)
                                 : json_null();
    json_t *latency = s->latencies_n ? json_pack("{s:f, s:f, s:i}", "median_s", median(s), "worst_s", s->latency_s[s->latencies_n - 1], "n", s->latencies_n)
                                     : json_null();

    return append_json(json_pack("{s:s, s:o, s:o, s:o, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I}", "kind", "summary", "receipt", receipt ? receipt : json_null(),
                                 "truth", truth, "line_latency", latency, "trip_s", s->trip_s, "wall_s", s->wall_s, "cpu_s", s->cpu_s, "inputs",
                                 (json_int_t)s->counts.inputs, "evidence", (json_int_t)s->counts.evidence, "decisions", (json_int_t)s->counts.decisions,
                                 "bad_inputs", (json_int_t)s->counts.bad_inputs, "recovered_inputs", (json_int_t)s->counts.recovered_inputs),
                       out);
}

static json_t *finite(float x)
{
    return isfinite(x) ? json_real((double)x) : json_null();
}

enum trundle_status summary_decision_json(const struct trundle_message *m, struct bytes *out)
{
    static const char *const kinds[] = { "?", "add", "change", "remove", "ask", "rescan", "withdraw", "phase", "price", "audit", "weighing" };
    static const char *const events[] = { "nothing", "put", "take", "move" };
    const struct trundle_decision *d = &m->decision;
    char key[TRUNDLE_PRODUCT_TEXT];
    json_t *options = json_array();

    for (uint8_t i = 0; i < d->options_n; i++)
        json_array_append_new(options, json_pack("{s:s, s:o}", "product", trundle_product_text(d->options[i].product, key), "p", finite(d->options[i].p)));
    return append_json(json_pack("{s:s, s:I, s:f, s:f, s:I, s:s, s:I, s:I, s:s, s:i, s:f, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "kind",
                                 kinds[d->kind <= TRUNDLE_DECIDE_WEIGHING ? d->kind : 0], "id", (json_int_t)d->id, "t_s", (double)d->t_ns * 1e-9, "t_event_s",
                                 (double)d->t_event_ns * 1e-9, "event", (json_int_t)d->event, "event_kind", events[d->event_kind & 3], "line",
                                 (json_int_t)d->line, "question", (json_int_t)d->question, "product", trundle_product_text(d->product, key), "count",
                                 (int)d->count, "weight_g", (double)d->weight_mg / 1000, "line_cents", (json_int_t)d->line_cents, "total_cents",
                                 (json_int_t)d->total_cents, "p", finite(d->p), "cost", finite(d->cost), "cost_next", finite(d->cost_next), "mass_g",
                                 finite(d->mass_g), "code_sequence", (json_int_t)d->code_sequence, "options", options),
                       out);
}
