/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Looks of items, drawn from a stream of their own; rich products go to the rich makers, plain ones to model.h. */
#include "lab/sim/look.h"

#include "lab/sim/model_inner.h"
#include "lab/sim/print_inner.h"
#include "lab/sim/store_inner.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>

static struct sim_look whole(const struct sim_product *p, uint64_t seed, int pieces, double scale, double mass_g)
{
    return (struct sim_look){ .seed = seed, .pieces = pieces, .scale = scale, .mass_g = mass_g, .gloss = p->gloss, .clear = p->clear };
}

/* The film around pieces. */
static void bag(const struct sim_store *store, const struct sim_product *p, struct sim_look *look)
{
    look->bagged = true;
    look->film_gloss = (float)fmin(1, .5 * store->suite->look.gloss);
    look->film_clear = (float)(.78 * store->suite->look.clear);
    look->cents = sim_product_cents(store, p, look->mass_g, false);
}

struct sim_look sim_look_enrol(const struct sim_store *store, size_t product, int k)
{
    const struct sim_product *p = &store->product[product];
    uint64_t seed = hash64(&k, sizeof k, hash64(&p->key.key, sizeof p->key.key, store_seed(store)));
    struct sim_look look = whole(p, seed, p->produce ? (int)p->produce->pieces.lo : 1, 1, p->mass_g);
    struct rng r = rng_seed(seed, "look/enrol");

    if (!p->rich)
        return look;
    look.old_print = rng_unit(&r) < store->suite->look.enrol_old_share && p->redesign;
    look.piece_spread = p->produce ? store->suite->look.piece_spread : 0;
    look.ripeness_sd = store->suite->look.ripeness_sd;
    return look;
}

struct sim_look sim_look_item(const struct sim_store *store, size_t product, uint64_t seed, int pieces, double scale, double mass_g)
{
    const struct sim_suite *suite = store->suite;
    const struct sim_product *p = &store->product[product];
    struct sim_look look = whole(p, seed, pieces, scale, mass_g);
    struct rng r = rng_seed(seed, "look/item");
    double old = rng_unit(&r), worn = rng_unit(&r), bagged = rng_unit(&r);

    if (!p->rich)
        return look;
    look.old_print = p->redesign && old < suite->look.old_share;
    look.deform = suite->look.deform * rng_exponential(&r, .6);
    look.deform = fmin(look.deform, 2 * suite->look.deform);
    look.wear = worn < suite->look.wear_share && !p->produce ? suite->look.wear * rng_range(&r, .3, 1.7) : 0;
    look.ripeness_sd = suite->look.ripeness_sd;
    look.ripeness = suite->look.ripeness_sd * rng_normal(&r);
    look.piece_spread = suite->look.piece_spread;
    if (p->produce && pieces > 1 && bagged < suite->look.bag_share)
        bag(store, p, &look);
    return look;
}

bool sim_look_shares(const struct sim_product *p, const struct sim_look *a, const struct sim_look *b)
{
    return !p->rich || (a->old_print == b->old_print && a->wear <= 0 && b->wear <= 0 && !a->bagged && !b->bagged);
}

enum trundle_status sim_look_model(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out)
{
    if (!p->rich)
        return sim_model_item(p, look->pieces, look->scale, out);
    return p->produce ? model_produce(p, look, out) : model_pack(p, look, out);
}

enum trundle_status sim_look_film(const struct sim_product *p, const struct sim_look *look, struct sim_mesh *out)
{
    return look->bagged ? model_film_of(p, look, out) : TRUNDLE_BAD_ARG;
}

enum trundle_status sim_look_print(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out)
{
    if (!p->rich)
        return sim_print_product(p, out);
    return p->produce ? print_produce(p, look, out, NULL) : print_rich(p, look, out, NULL);
}

enum trundle_status sim_look_print_code(const struct sim_product *p, const struct sim_look *look, struct sim_texture *out,
                                        struct sim_code_place *out_place)
{
    struct sim_code_place place = { 0 };
    struct sim_texture t = { 0 };

    if (!p->rich)
        return TRUNDLE_UNSUPPORTED;
    if (p->produce && !look->bagged)
        return TRUNDLE_NOT_FOUND;
    TRY(p->produce ? print_produce(p, look, &t, &place) : print_rich(p, look, &t, &place));
    if (!place.modules) {
        sim_texture_done(&t);
        return TRUNDLE_NOT_FOUND;
    }
    *out = t;
    *out_place = place;
    return TRUNDLE_OK;
}

const char *sim_look_code_text(const struct sim_product *p, const struct sim_look *look, char out[64])
{
    char digits[16], *to = out;

    if (!p->produce) {
        (void)snprintf(out, 64, "%s", sim_product_code(p, digits));
        return out;
    }
    print_sticker_text(p, look, out);
    for (const char *from = out; *from; from++)
        if (*from != '[' && *from != ']')
            *to++ = *from;
    *to = 0;
    return out;
}
