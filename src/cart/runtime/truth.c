/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/truth.h"

#include "base/std/time.h"
#include "trundle.pb-c.h"

#include <math.h>
#include <stdlib.h>

void truth_view_add(struct truth_view *t, const uint8_t *bytes, size_t n)
{
    Trundle__V1__Truth *m = trundle__v1__truth__unpack(NULL, n, bytes);

    if (!m)
        return;
    if (m->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT && m->event->kind == TRUNDLE_EVENT_PUT && t->puts_n < TRUTH_EVENTS) {
        t->put[t->puts_n].release_ns = m->event->t_release_ns;
        t->put[t->puts_n++].settle_ns = m->event->t_settle_ns;
    } else if (m->what_case == TRUNDLE__V1__TRUTH__WHAT_BASKET) {
        t->has_basket = true;
        t->items_n = 0;
        for (size_t i = 0; i < m->basket->n_items && t->items_n < TRUTH_EVENTS; i++) {
            const Trundle__V1__TruthItem *item = m->basket->items[i];

            t->item[t->items_n].product = (struct trundle_product){ .key = item->product };
            t->item[t->items_n].mass_g = item->mass_g;
            t->item[t->items_n++].by_weight = item->by_weight;
        }
    }
    trundle__v1__truth__free_unpacked(m, NULL);
}

bool truth_view_settle(const struct truth_view *t, int64_t t_event_ns, int64_t *out_settle_ns)
{
    int64_t best = NS_PER_S + 1;

    for (size_t i = 0; i < t->puts_n; i++) {
        int64_t dt = t->put[i].release_ns - t_event_ns;

        dt = dt < 0 ? -dt : dt;
        if (dt < best) {
            best = dt;
            *out_settle_ns = t->put[i].settle_ns;
        }
    }
    return best <= NS_PER_S;
}

int64_t truth_view_total(const struct truth_view *t, const struct basket *like, int64_t now_ns)
{
    struct basket *b = malloc(sizeof *b);
    int64_t total;
    uint32_t line;

    if (!b)
        return -1;
    basket_init(b, like->catalog, like->e_mg, like->start_wall_ns);
    b->member = like->member;
    for (size_t i = 0; i < t->items_n; i++) {
        struct basket_item item = { .product = t->item[i].product, .count = 1, .event = (uint32_t)i + 1, .t_ns = now_ns };

        if (t->item[i].by_weight)
            item.weight_mg = basket_weight_mg(b, t->item[i].mass_g);
        (void)(basket_add(b, &item, &line) == TRUNDLE_OK);
    }
    total = basket_totals(b).total_cents;
    free(b);
    return total;
}

void truth_view_compare(const struct truth_view *t, const struct basket *b, int *out_right, int *out_missing, int *out_phantom)
{
    bool used[TRUTH_EVENTS] = { false };
    int right = 0, shown = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct basket_line *line = &b->line[i];

        shown += line->item.count;
        for (int32_t k = 0; k < line->item.count; k++) {
            for (size_t j = 0; j < t->items_n; j++) {
                double off = fabs((double)line->item.weight_mg / 1000 - t->item[j].mass_g);

                if (used[j] || t->item[j].product.key != line->item.product.key ||
                    (line->by_weight && off > fmax(2 * (double)b->e_mg / 1000, 0.01 * t->item[j].mass_g)))
                    continue;
                used[j] = true;
                right++;
                break;
            }
        }
    }
    *out_right = right;
    *out_missing = (int)t->items_n - right;
    *out_phantom = shown - right;
}
