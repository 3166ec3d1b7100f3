/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The public face: senses and brain in one value, one thread, no I/O. */
#include <trundle/trundle.h>

#include "base/std/bytes.h"
#include "cart/brain/brain.h"
#include "cart/brain/senses.h"
#include "cart/see/gallery.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING = 16 };

struct trundle {
    struct catalog *catalog;
    struct see_gallery *gallery;
    struct senses *senses;
    struct brain *brain;
    int64_t now_ns;                             /* log time of the last message */
    size_t n;                                   /* evidence made and not yet polled */
    struct trundle_message evidence[WAITING];
};

void trundle_close(struct trundle *t)
{
    if (!t)
        return;
    brain_free(t->brain);
    senses_free(t->senses);
    see_gallery_free(t->gallery);
    catalog_free(t->catalog);
    free(t);
}

enum trundle_status trundle_open(const struct trundle_setup *setup, struct trundle **out_cart, struct trundle_error *err)
{
    struct cart_file cart;
    struct brain_setup brain = { .cart = &cart };
    enum trundle_status status;
    struct trundle *t;

    if (!setup || !out_cart)
        return error_set(err, TRUNDLE_BAD_ARG, "trundle_open", NULL, "NULL argument");
    if (!setup->cart_json.n || !setup->catalog_json.n)
        return error_set(err, TRUNDLE_BAD_INPUT, setup->cart_json.n ? "catalog.json" : "cart.json", NULL, "is empty");
    t = calloc(1, sizeof *t);
    if (!t)
        return error_set(err, TRUNDLE_NO_MEMORY, "trundle_open", NULL, "no memory");
    TRY_GOTO(status, cart_file_parse(setup->cart_json.bytes, setup->cart_json.n, "cart.json", &cart, err), out);
    TRY_GOTO(status, catalog_from_json(setup->catalog_json.bytes, setup->catalog_json.n, "catalog.json", &t->catalog, err), out);
    if (setup->gallery.n)
        TRY_GOTO(status, see_gallery_parse(setup->gallery.bytes, setup->gallery.n, "gallery", &t->gallery, err), out);
    TRY_GOTO(status, senses_new(&cart, t->gallery, &setup->see_json, &t->senses, err), out);
    brain.catalog = t->catalog;
    brain.start_wall_ns = setup->start_wall_ns;
    brain.costs_json = setup->costs_json.bytes;
    brain.costs_n = setup->costs_json.n;
    brain.fuse_json = setup->fuse_json.bytes;
    brain.fuse_n = setup->fuse_json.n;
    TRY_GOTO(status, brain_new(&brain, &t->brain, err), out);
    *out_cart = t;
    t = NULL;
out:
    trundle_close(t);
    return status;
}

enum trundle_status trundle_push(struct trundle *t, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_message made = { .channel = TRUNDLE_EVIDENCE };
    int lane;

    if (!t || !m)
        return error_set(err, TRUNDLE_BAD_ARG, "trundle_push", NULL, "NULL argument");
    if (m->log_ns < t->now_ns)
        return error_set(err, TRUNDLE_BAD_ARG, "trundle_push", "push in log order", "message at %lld ns after one at %lld ns", (long long)m->log_ns,
                         (long long)t->now_ns);
    if (t->n > WAITING / 2 || brain_full(t->brain))
        return error_set(err, TRUNDLE_FULL, "trundle_push", "poll first", "what came out before was not taken");
    t->now_ns = m->log_ns;
    lane = senses_lane(m);
    if (lane < 0)
        return brain_push(t->brain, m, err);
    senses_push(t->senses, m);
    while (t->n < WAITING && !brain_full(t->brain) && senses_poll(t->senses, lane, &made.evidence) == TRUNDLE_OK) {
        made.sensor = made.evidence.sensor;
        made.sensed_ns = made.evidence.t1_ns;
        made.log_ns = m->log_ns;
        TRY(brain_push(t->brain, &made, err));
        t->evidence[t->n++] = made;
    }
    return TRUNDLE_OK;
}

enum trundle_status trundle_poll(struct trundle *t, struct trundle_message *out)
{
    if (t->n) {
        *out = t->evidence[0];
        memmove(&t->evidence[0], &t->evidence[1], --t->n * sizeof t->evidence[0]);
        return TRUNDLE_OK;
    }
    return brain_poll(t->brain, out);
}

static enum trundle_status receipt(const struct trundle *t, enum trundle_status (*print)(const struct basket *, struct bytes *), char *out,
                                   size_t size, size_t *out_n)
{
    struct bytes b = { 0 };
    enum trundle_status status = print(brain_basket(t->brain), &b);

    if (status == TRUNDLE_OK) {
        *out_n = b.n;
        if (b.n < size) {
            if (b.n)
                memcpy(out, b.data, b.n);
            out[b.n] = '\0';
        } else {
            status = TRUNDLE_TOO_LARGE;
        }
    }
    bytes_done(&b);
    return status;
}

enum trundle_status trundle_receipt_text(const struct trundle *t, char *out, size_t size, size_t *out_n)
{
    return receipt(t, basket_receipt_text, out, size, out_n);
}

enum trundle_status trundle_receipt_json(const struct trundle *t, char *out, size_t size, size_t *out_n)
{
    return receipt(t, basket_receipt_json, out, size, out_n);
}

const char *trundle_version(void)
{
    return TRUNDLE_VERSION;
}
