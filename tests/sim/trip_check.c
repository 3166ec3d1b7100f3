/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The check of trip_check.h. */
#include "tests/sim/trip_check.h"

#include "base/trip/trip.h"
#include "cart/calib/cart_file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <trundle.pb-c.h>

enum { ITEMS = 128 };

struct checking {
    struct trip_check out;
    enum trip_mutant mutant;
    struct cart_file cart;
    bool inside[ITEMS];
    uint64_t product[ITEMS];
    double mass_g[ITEMS];
    double sum_g, steady_g;                /* of the last half second */
    double other_g;                        /* what hangs or leans on the basket to the end and is no item */
    int64_t other_until_ns;
    unsigned steady_n;
    int64_t last_log_ns, end_ns;
    uint32_t last_sequence;
    bool has_basket;
};

TRUNDLE_PRINTF(3, 4) static void expect(struct checking *c, bool holds, const char *what, ...)
{
    va_list args;

    if (holds)
        return;
    va_start(args, what);
    if (!c->out.problems++)
        (void)vsnprintf(c->out.first, sizeof c->out.first, what, args);
    va_end(args);
}

/* Other hands, things and kerbs keep the scale from coming to rest. */
static bool others_at_once(const Trundle__V1__TruthEvent *e)
{
    bool found = false;

    for (size_t i = 0; i < e->n_slices; i++)
        found = found || !strcmp(e->slices[i], "rolling") || !strcmp(e->slices[i], "overlapping") || !strcmp(e->slices[i], "double") || !strncmp(e->slices[i], "shrink_", 7) ||
                !strncmp(e->slices[i], "twin_", 5);
    return found;
}

static void check_event(struct checking *c, const Trundle__V1__TruthEvent *e, int64_t log_ns)
{
    uint32_t i = e->item;
    int64_t release_ns = e->t_release_ns;
    uint64_t product = e->product;

    c->out.events++;
    if (c->mutant == MUTANT_DROP_EVENT && c->out.events == 2)
        return;
    if (c->mutant == MUTANT_SWAP_PRODUCT && c->out.events == 2)
        product ^= 3;
    if (c->mutant == MUTANT_SHIFT_TIME && c->out.events == 1)
        release_ns += 2000000000;
    expect(c, i > 0 && i < ITEMS && e->count == 1 && e->mass_g > 0, "event %u: item %u, %g g", e->id, i, e->mass_g);
    if (i == 0 || i >= ITEMS)
        return;
    if (e->kind == TRUNDLE_EVENT_PUT) {
        expect(c, !c->inside[i], "event %u puts item %u, which is inside", e->id, i);
        expect(c, e->t_cross_ns <= release_ns && release_ns <= e->t_settle_ns, "event %u: cross, release, settle out of order", e->id);
        expect(c, e->t_settle_ns - release_ns < (others_at_once(e) ? INT64_C(15000000000) : INT64_C(6000000000)), "event %u takes long to settle", e->id);
        c->inside[i] = true;
        c->product[i] = product;
        c->mass_g[i] = e->mass_g;
    } else {
        expect(c, c->inside[i] && c->product[i] == product && c->mass_g[i] == e->mass_g, "event %u is about item %u, which is not inside", e->id, i);
        expect(c, e->t_lift_ns > 0, "event %u has no lift", e->id);
        if (e->kind == TRUNDLE_EVENT_TAKE) {
            expect(c, e->t_lift_ns <= e->t_cross_ns, "event %u: lift after crossing", e->id);
            c->inside[i] = false;
        }
    }
    expect(c, log_ns >= e->t_settle_ns && log_ns >= release_ns && log_ns >= e->t_cross_ns, "event %u is told before it ended", e->id);
    for (size_t k = 0; k < e->n_boxes; k++) {
        const Trundle__V1__Box *b = e->boxes[k];
        const struct cart_camera *camera = &c->cart.camera[b->camera & 3];

        c->out.boxes++;
        expect(c, b->camera < c->cart.cameras_n && b->x_px >= 0 && b->y_px >= 0 && b->w_px >= 1 && b->h_px >= 1 &&
               b->x_px + b->w_px <= (float)camera->width_px && b->y_px + b->h_px <= (float)camera->height_px && b->visible > 0 && b->visible <= 1,
               "event %u: box %zu is outside of its picture", e->id, k);
    }
}

static void check_basket(struct checking *c, const Trundle__V1__TruthBasket *b)
{
    unsigned inside = 0;

    c->has_basket = true;
    for (int i = 0; i < ITEMS; i++)
        inside += c->inside[i];
    expect(c, inside == b->n_items, "%u items were put and not taken, the basket has %zu", inside, b->n_items);
    for (size_t k = 0; k < b->n_items; k++) {
        const Trundle__V1__TruthItem *item = b->items[k];
        uint32_t i = item->item;
        double g = item->mass_g + (c->mutant == MUTANT_HEAVY_ITEM && k == 0 ? 25 : 0);

        expect(c, i < ITEMS && c->inside[i] && c->product[i] == item->product, "the basket has item %u, which is not inside", i);
        c->out.basket_g += g;
    }
}

static void check_cell(struct checking *c, const struct trundle_message *m)
{
    c->sum_g = 0;
    for (int k = 0; k < m->cell.n; k++)
        c->sum_g += c->cart.cells.cell[k].gain_g * ((double)m->cell.raw[k] - c->cart.cells.cell[k].offset);
    c->steady_g += .03 * (c->sum_g - c->steady_g);       /* about 0.4 s */
    c->steady_n++;
}

/* Of those that are told together the last time: a bag that still hangs is told with the trip's end. */
static void check_cause(struct checking *c, const Trundle__V1__TruthCause *cause)
{
    expect(c, cause->n_cell_g == 0 || cause->n_cell_g == 4, "cause %s loads %zu cells", cause->name, cause->n_cell_g);
    if (cause->t1_ns > c->other_until_ns)
        c->other_g = 0;
    c->other_until_ns = cause->t1_ns;
    for (size_t k = 0; k < cause->n_cell_g; k++)
        c->other_g += (double)cause->cell_g[k];
}

static void check_truth(struct checking *c, const struct trundle_message *m)
{
    Trundle__V1__Truth *t = trundle__v1__truth__unpack(NULL, m->truth.bytes_n, m->truth.bytes);

    expect(c, t != NULL, "a truth message cannot be read");
    if (t && t->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT)
        check_event(c, t->event, m->log_ns);
    else if (t && t->what_case == TRUNDLE__V1__TRUTH__WHAT_BASKET)
        check_basket(c, t->basket);
    else if (t && t->what_case == TRUNDLE__V1__TRUTH__WHAT_CAUSE)
        check_cause(c, t->cause);
    trundle__v1__truth__free_unpacked(t, NULL);
}

enum trundle_status trip_check(const char *path, enum trip_mutant mutant, struct trip_check *out, struct trundle_error *err)
{
    struct checking c = { .mutant = mutant, .last_log_ns = INT64_MIN };
    struct trip_reader *r = NULL;
    struct bytes cart = { 0 };
    struct trundle_message m;
    enum trundle_status status;
    double other_g;

    TRY_GOTO(status, trip_open(path, &r, err), out);
    TRY_GOTO(status, trip_attachment(r, TRIP_CART_JSON, &cart, err), out);
    TRY_GOTO(status, cart_file_parse(cart.data, cart.n, TRIP_CART_JSON, &c.cart, err), out);
    while ((status = trip_next(r, &m, err)) == TRUNDLE_OK) {
        expect(&c, m.log_ns >= c.last_log_ns && m.sequence == c.last_sequence + 1 && m.sensed_ns <= m.log_ns, "message %u: log order", m.sequence);
        c.last_log_ns = m.log_ns;
        c.last_sequence = m.sequence;
        if (m.channel == TRUNDLE_CELL)
            check_cell(&c, &m);
        else if (m.channel == TRUNDLE_TRUTH)
            check_truth(&c, &m);
        c.out.frames += m.channel == TRUNDLE_CAM;
        c.out.codes += m.channel == TRUNDLE_CODE;
    }
    if (status != TRUNDLE_END)
        goto out;
    status = TRUNDLE_OK;
    c.out.scale_g = c.steady_g;
    expect(&c, c.has_basket, "no basket at the end");
    other_g = c.last_log_ns - c.other_until_ns < INT64_C(1500000000) ? c.other_g : 0;
    expect(&c, fabs(c.steady_g - c.out.basket_g - other_g) < 6 + .002 * c.out.basket_g + .05 * fabs(other_g), "%.1f g in the basket and %.1f g beside it, %.1f g on the scale",
           c.out.basket_g, other_g, c.steady_g);
    *out = c.out;
out:
    bytes_done(&cart);
    trip_free(r);
    return status;
}
