/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a trip says of itself: events, faults, scenarios, causes, the basket at the end. */
#include "lab/sim/trip_inner.h"

#include "base/std/time.h"

#include <math.h>
#include <stdio.h>

static const float OCCLUDED = .25F;       /* less than this visible in every camera */

static int64_t time_ns(double t)
{
    return t == t ? S_NS(t) : 0;
}

enum trundle_status trip_write_truth(struct making *m, struct trundle_message *out, Trundle__V1__Truth *truth, struct bytes *scratch, struct trundle_error *err)
{
    scratch->n = 0;
    if (bytes_reserve(scratch, trundle__v1__truth__get_packed_size(truth)) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, "truth", NULL, "no memory");
    out->truth.bytes = scratch->data;
    out->truth.bytes_n = trundle__v1__truth__pack(truth, scratch->data);
    return trip_write(m->writer, out, err);
}

enum trundle_status trip_write_event(struct making *m, uint32_t index, struct trundle_message *out, struct bytes *scratch, struct trundle_error *err)
{
    static char occluded[] = "occluded", still[] = "still", packaged[] = "packaged", scanned[] = "scanned", unscanned[] = "unscanned";
    const struct plan_event *e = &m->plan->event[index];
    const struct plan_item *item = &m->plan->item[e->item];
    const struct sim_product *p = &m->store->product[item->product];
    const struct event_boxes *boxes = m->boxes ? &m->boxes[index] : NULL;
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;
    Trundle__V1__TruthEvent event = TRUNDLE__V1__TRUTH_EVENT__INIT;
    Trundle__V1__Box *box = m->box, **box_at = m->box_at;
    char *slices[PLAN_SLICES + 6], names[PLAN_SLICES + 1][40];
    bool heard = item->scanned && faults_fate(&m->faults, p->produce ? FAULT_AT_OTHER : FAULT_AT_CODE, 0, 0, item->t_scan) == FAULT_PASSES;
    float at[3] = { (float)e->at[0], (float)e->at[1], (float)e->at[2] };
    size_t slices_n = 0;

    for (int k = 0; k < PLAN_SLICES; k++)
        if (e->slices & 1U << k) {
            (void)snprintf(names[k], sizeof names[k], "%s", plan_slice_name[k]);
            slices[slices_n++] = names[k];
        }
    if (!(e->slices & PLAN_ROLLING))
        slices[slices_n++] = still;
    if (!(e->slices & PLAN_PRODUCE))
        slices[slices_n++] = packaged;
    slices[slices_n++] = heard ? scanned : unscanned;
    if (m->suite->bodies.model != SUITE_PLACED && boxes && boxes->lying && boxes->best < OCCLUDED)
        slices[slices_n++] = occluded;
    if (e->scenario) {
        const struct plan_scenario *scenario = &m->plan->scenario[e->scenario - 1];

        (void)snprintf(names[PLAN_SLICES], sizeof names[PLAN_SLICES], "%s_%s", scenario->twin ? "twin" : "shrink", plan_shrink_name[scenario->name]);
        slices[slices_n++] = names[PLAN_SLICES];
    }
    for (size_t i = 0; boxes && i < boxes->n; i++) {
        const struct sim_seen *seen = &boxes->box[i].seen;

        trundle__v1__box__init(&box[i]);
        box[i].camera = boxes->box[i].camera;
        box[i].frame_sequence = boxes->box[i].sequence;
        box[i].x_px = (float)seen->x0;
        box[i].y_px = (float)seen->y0;
        box[i].w_px = (float)(seen->x1 - seen->x0);
        box[i].h_px = (float)(seen->y1 - seen->y0);
        box[i].visible = fminf(1, (float)seen->visible_px / seen->whole_px);
        box_at[i] = &box[i];
    }
    event.id = index + 1;
    event.kind = (uint32_t)e->kind;
    event.product = p->key.key;
    event.item = (uint32_t)e->item + 1;
    event.count = 1;
    event.mass_g = item->mass_g;
    event.t_cross_ns = time_ns(e->t_cross);
    event.t_release_ns = time_ns(e->t_release);
    event.t_settle_ns = time_ns(m->signal.t_settle[index]);
    event.t_lift_ns = time_ns(e->t_lift);
    event.position_m = at;
    event.n_position_m = 3;
    event.scanned = e->kind == TRUNDLE_EVENT_PUT && heard;
    event.t_scan_ns = event.scanned ? time_ns(item->t_scan) : 0;
    event.slices = slices;
    event.n_slices = slices_n;
    event.boxes = box_at;
    event.n_boxes = boxes ? boxes->n : 0;
    event.by_weight = p->produce != NULL;
    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_EVENT;
    truth.event = &event;
    m->report.puts += e->kind == TRUNDLE_EVENT_PUT;
    m->report.takes += e->kind == TRUNDLE_EVENT_TAKE;
    m->report.moves += e->kind == TRUNDLE_EVENT_MOVE;
    return trip_write_truth(m, out, &truth, scratch, err);
}

enum trundle_status trip_write_fault(struct making *m, uint32_t index, struct trundle_message *out, struct bytes *scratch, struct trundle_error *err)
{
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;
    Trundle__V1__TruthFault fault = TRUNDLE__V1__TRUTH_FAULT__INIT;
    char name[SUITE_TEXT];

    (void)snprintf(name, sizeof name, "%s", index == 0 ? fault_name[m->faults.kind] : index == 1 ? "catalog_stale" : "catalog_missing");
    fault.name = name;
    fault.sensor = index == 0 ? m->faults.sensor : 0;
    fault.t0_ns = index == 0 ? S_NS(m->faults.t0) : 0;
    fault.t1_ns = index == 0 ? S_NS(m->faults.t1) : S_NS(m->plan->end_s);
    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_FAULT;
    truth.fault = &fault;
    return trip_write_truth(m, out, &truth, scratch, err);
}

enum trundle_status trip_write_scenario(struct making *m, uint32_t index, struct trundle_message *out, struct bytes *scratch, struct trundle_error *err)
{
    const struct plan_scenario *from = &m->plan->scenario[index];
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;
    Trundle__V1__TruthScenario scenario = TRUNDLE__V1__TRUTH_SCENARIO__INIT;
    uint32_t events[PLAN_EVENTS], items[PLAN_ITEMS];
    char name[SUITE_TEXT];

    for (size_t i = 0; i < from->events_n; i++)
        events[i] = (uint32_t)from->event[i] + 1;
    for (size_t i = 0; i < from->items_n; i++)
        items[i] = (uint32_t)from->item[i] + 1;
    (void)snprintf(name, sizeof name, "%s", plan_shrink_name[from->name]);
    scenario.name = name;
    scenario.twin = from->twin;
    scenario.t0_ns = S_NS(from->t0);
    scenario.t1_ns = S_NS(from->t1);
    scenario.events = events;
    scenario.n_events = from->events_n;
    scenario.items = items;
    scenario.n_items = from->items_n;
    scenario.value_cents = from->value_cents;
    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_SCENARIO;
    truth.scenario = &scenario;
    return trip_write_truth(m, out, &truth, scratch, err);
}

enum trundle_status trip_write_cause(struct making *m, const struct signal_cause *from, bool loads, struct trundle_message *out, struct bytes *scratch,
                                       struct trundle_error *err)
{
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;
    Trundle__V1__TruthCause cause;
    char name[SUITE_TEXT];
    float cell_g[4];

    trundle__v1__truth_cause__init(&cause);
    (void)snprintf(name, sizeof name, "%s", from->name);
    cause.name = name;
    cause.t0_ns = S_NS(from->t0);
    cause.t1_ns = S_NS(fmin(from->t1, m->plan->end_s));
    if (loads) {
        for (int k = 0; k < 4; k++)
            cell_g[k] = (float)from->cell_g[k];
        cause.cell_g = cell_g;
        cause.n_cell_g = 4;
        cause.peak_g = (float)from->peak_g;
    }
    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_CAUSE;
    truth.cause = &cause;
    m->report.causes++;
    return trip_write_truth(m, out, &truth, scratch, err);
}

enum trundle_status trip_write_basket(struct making *m, struct trundle_message *out, struct bytes *scratch, struct trundle_error *err)
{
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;
    Trundle__V1__TruthBasket basket = TRUNDLE__V1__TRUTH_BASKET__INIT;
    Trundle__V1__TruthItem item[PLAN_ITEMS], *item_at[PLAN_ITEMS];

    for (size_t i = 0; i < m->plan->items_n; i++) {
        const struct plan_item *from = &m->plan->item[i];
        const struct sim_product *p = &m->store->product[from->product];
        Trundle__V1__TruthItem *to = &item[basket.n_items];

        if (!from->inside)
            continue;
        trundle__v1__truth_item__init(to);
        to->item = (uint32_t)i + 1;
        to->product = p->key.key;
        to->mass_g = from->mass_g;
        to->by_weight = p->produce != NULL;
        to->price_cents = sim_product_cents(m->store, p, from->mass_g, m->plan->member);
        basket.total_cents += to->price_cents;
        m->report.basket_g += from->mass_g;
        item_at[basket.n_items++] = to;
    }
    basket.items = item_at;
    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_BASKET;
    truth.basket = &basket;
    return trip_write_truth(m, out, &truth, scratch, err);
}
