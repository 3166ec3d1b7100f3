/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/tally.h"

#include "base/std/time.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

void tally_init(struct tally *t)
{
    memset(t, 0, sizeof *t);
    t->last_scan_ns = INT64_MIN;
    for (size_t i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        t->last_frame_ns[i] = INT64_MIN;
}

/* Welford. */
void tally_input_add(struct tally_input *i, double x)
{
    double from;

    if (!isfinite(x))
        return;
    from = x - i->mean;
    i->n++;
    i->mean += from / i->n;
    i->m2 += from * (x - i->mean);
}

void tally_message(struct tally *t, const struct trundle_message *m)
{
    if (m->channel == TRUNDLE_EVIDENCE) {
        if (m->evidence.sense == TRUNDLE_SENSE_WEIGH && m->evidence.stage == TRUNDLE_STAGE_FINAL)
            tally_input_add(&t->step_mass_g, fabs(m->evidence.mass_g));
        t->faults += m->evidence.faults != 0;
        t->fault_bits |= m->evidence.faults;
    } else if (m->channel == TRUNDLE_CODE) {
        if (t->last_scan_ns != INT64_MIN)
            tally_input_add(&t->scan_gap_s, ns_s(m->log_ns - t->last_scan_ns));
        t->last_scan_ns = m->log_ns;
    }
}

void tally_decision(struct tally *t, const struct trundle_decision *d, bool corrected)
{
    t->decisions++;
    t->asked += d->kind == TRUNDLE_DECIDE_ASK || d->kind == TRUNDLE_DECIDE_RESCAN;
    t->corrected += corrected;
}

bool tally_wants_frame(struct tally *t, const struct trundle_message *m)
{
    if (m->channel != TRUNDLE_CAM || m->sensor >= TRUNDLE_CAMERAS_MAX ||
        (t->last_frame_ns[m->sensor] != INT64_MIN && m->log_ns - t->last_frame_ns[m->sensor] < TALLY_FRAME_S * NS_PER_S))
        return false;
    t->last_frame_ns[m->sensor] = m->log_ns;
    return true;
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *input(const struct tally_input *i)
{
    return json_pack("{s:o, s:o, s:I}", "mean", number(i->n > 0 ? i->mean : (double)NAN), "sd", number(i->n > 1 ? sqrt(i->m2 / (i->n - 1)) : (double)NAN), "n",
                     (json_int_t)i->n);
}

static char *text(json_t *root)
{
    char *out = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(root);
    return out;
}

char *tally_trip_json(const struct tally *t, const struct tally_trip *a)
{
    struct basket_totals totals = basket_totals(a->basket);
    uint32_t bins[TALLY_BINS] = { 0 };
    json_t *belief = json_array();

    for (size_t i = 0; i < a->basket->n; i++) {
        double p = (double)a->basket->line[i].why.p;
        int bin = isfinite(p) ? (int)(p * TALLY_BINS) : 0;

        bins[bin < 0 ? 0 : bin >= TALLY_BINS ? TALLY_BINS - 1 : bin]++;
    }
    for (size_t i = 0; i < TALLY_BINS; i++)
        json_array_append_new(belief, json_integer(bins[i]));
    return text(json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:I, s:b, s:o, s:i, s:o, s:{s:o, s:o, s:o}}", "trip", a->trip, "store", a->store, "bundle", a->bundle,
                          "started_ns", (json_int_t)a->started_ns, "ended_ns", (json_int_t)a->ended_ns, "items", (int)totals.items, "asked", (int)t->asked, "corrected",
                          (int)t->corrected, "total_cents", (json_int_t)totals.total_cents, "paid", (int)a->paid, "line_p99_ms", number(a->line_p99_ms), "faults",
                          (int)t->faults, "belief", belief, "inputs", "step_mass_g", input(&t->step_mass_g), "brightness", input(&t->brightness), "scan_gap_s",
                          input(&t->scan_gap_s)));
}

char *tally_decision_json(const char *trip, const struct trundle_decision *d, bool corrected)
{
    static const char *const kinds[] = { "?", "add", "change", "remove", "ask", "rescan", "withdraw", "phase", "price", "audit", "weighing" };
    char key[TRUNDLE_PRODUCT_TEXT];

    return text(json_pack("{s:s, s:I, s:s, s:f, s:s, s:i, s:I, s:o, s:o, s:I, s:I, s:I, s:b}", "trip", trip, "decision", (json_int_t)d->id, "kind",
                          kinds[(unsigned)d->kind <= TRUNDLE_DECIDE_WEIGHING ? d->kind : 0], "t_s", ns_s(d->t_ns), "product", trundle_product_text(d->product, key), "count",
                          (int)d->count, "weight_mg", (json_int_t)d->weight_mg, "p", number((double)d->p), "cost", number((double)d->cost), "total_cents",
                          (json_int_t)d->total_cents, "question", (json_int_t)d->question, "event", (json_int_t)d->event, "corrected", (int)corrected));
}

char *tally_health_json(const struct tally_health *h)
{
    json_t *cameras = json_array(), *cells = json_array();

    for (uint8_t i = 0; i < h->cameras_n; i++)
        json_array_append_new(cameras, json_string(h->camera[i]));
    for (uint8_t i = 0; i < h->cells_n; i++)
        json_array_append_new(cells, json_string(h->cell[i]));
    return text(json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:s, s:s}", "uptime_s", number(h->uptime_s), "load", number(h->load), "temperature_c",
                          number(h->temperature_c), "battery", number(h->battery), "disk_free_bytes", (json_int_t)h->disk_free_bytes, "cameras", cameras, "cells", cells,
                          "outbox_bytes", (json_int_t)h->outbox_bytes, "bundle", h->bundle, "slot", h->slot));
}
