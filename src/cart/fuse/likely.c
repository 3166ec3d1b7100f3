/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * What each sense says of an explanation: ln p(observation | explanation) - ln p(observation | nothing, or any product), in nats.
 * No priors of what shoppers do; those are in explain.c.
 */
#include "cart/fuse/inner.h"

#include <math.h>

#define MASS_LEAST_G 2.0
#define MASS_MOST_G  10000.0
#define LN_SQRT_2PI  0.918938533204672741780

static double ln_bg(double mass_g)
{
    double m = fabs(mass_g);

    m = m < MASS_LEAST_G ? MASS_LEAST_G : m > MASS_MOST_G ? MASS_MOST_G : m;
    return -log(m * log(MASS_MOST_G / MASS_LEAST_G));
}

static double ln_normal(double x, double mean, double variance)
{
    double d = x - mean;

    return -0.5 * d * d / variance - 0.5 * log(variance) - LN_SQRT_2PI;
}

static double ln_sum(double a, double b)
{
    double hi = a > b ? a : b, lo = a > b ? b : a;

    return hi + log1p(exp(lo - hi));
}

/* (1 - w) N + w bg, against bg. */
double likely_mixture(const struct fuse *f, double mass_g, double mean_g, double variance)
{
    double w = f->p.prior.mass_wild, bg = ln_bg(mass_g);

    return ln_sum(log1p(-w) + ln_normal(mass_g, mean_g, variance) - bg, log(w));
}

/* ln of the chance that the scale reports nothing for this mass: ln (w + (1 - w) Phi((miss - m) / sd)). w is as good as 0 where no code
 * vouches for the item: the cameras alone see too many things that are not there. */
double likely_missed(const struct fuse *f, double mass_g, bool coded)
{
    double z = (f->p.prior.miss_g - mass_g) / f->p.prior.miss_sd_g;
    double phi = 0.5 * erfc(-z * 0.70710678118654752440), w = coded ? f->p.prior.miss_wild : 1e-9;

    return log(w + (1 - w) * phi);
}

double likely_step_variance(const struct fuse *f, const struct entry *e)
{
    return e->sd_g * e->sd_g + f->p.prior.mass_floor_g * f->p.prior.mass_floor_g;
}

double likely_own_sd(const struct fuse *f, const struct catalog_product *p)
{
    return isfinite(p->mass_sd_g) && p->mass_sd_g > 0 ? p->mass_sd_g : f->p.prior.mass_unknown_sd * p->mass_g;
}

double likely_mass(const struct fuse *f, const struct entry *e, const struct catalog_product *p, double weight_g, bool coded)
{
    bool labelled = isfinite(weight_g), known = p && !p->by_weight && isfinite(p->mass_g);

    if (!e->weighed) {
        if (f->scale_blind)
            return 0;
        return likely_missed(f, labelled ? weight_g : known ? p->mass_g : 200, coded);
    }
    if (e->mass_g <= 0)
        return log(f->p.prior.mass_wild);
    if (labelled)
        return likely_mixture(f, e->mass_g, weight_g, likely_step_variance(f, e) + 1e-4 * weight_g * weight_g);
    if (known)
        return likely_mixture(f, e->mass_g, p->mass_g, likely_step_variance(f, e) + likely_own_sd(f, p) * likely_own_sd(f, p));
    return 0;
}

/* Two masses in one step; of produce beside a packed item any plausible rest will do. */
double likely_pair_mass(const struct fuse *f, const struct entry *e, const struct catalog_product *a, const struct catalog_product *b)
{
    double variance;

    if (!e->weighed)
        return f->scale_blind ? 0 : likely_missed(f, 400, false);
    if (e->mass_g <= 0)
        return log(f->p.prior.mass_wild);
    if (a->by_weight || b->by_weight || !isfinite(a->mass_g) || !isfinite(b->mass_g)) {
        double rest = e->mass_g - (a->by_weight || !isfinite(a->mass_g) ? 0 : a->mass_g) - (b->by_weight || !isfinite(b->mass_g) ? 0 : b->mass_g);

        return rest > MASS_LEAST_G ? ln_bg(rest) - ln_bg(e->mass_g) : log(f->p.prior.mass_wild);
    }
    variance = likely_step_variance(f, e) + likely_own_sd(f, a) * likely_own_sd(f, a) + likely_own_sd(f, b) * likely_own_sd(f, b);
    return likely_mixture(f, e->mass_g, a->mass_g + b->mass_g, variance);
}

double likely_many_mass(const struct fuse *f, const struct entry *e, const struct catalog_product *p, int32_t n)
{
    if (!e->weighed)
        return f->scale_blind ? 0 : likely_missed(f, 200.0 * n, false);
    if (e->mass_g <= 0)
        return log(f->p.prior.mass_wild);
    if (!isfinite(p->mass_g))
        return log(0.3);
    return likely_mixture(f, e->mass_g, n * p->mass_g, likely_step_variance(f, e) + n * likely_own_sd(f, p) * likely_own_sd(f, p));
}

static double limited(const struct fuse *f, double llr)
{
    double limit = f->p.prior.see_limit;

    return llr > limit ? limit : llr < -limit ? -limit : llr;
}

/* ln((1 - w) e^llr + w): a share w of sightings says nothing about the product. */
static double not_wild(const struct fuse *f, double llr)
{
    double w = f->p.prior.see_wild;

    return ln_sum(log1p(-w) + limited(f, llr), log(w));
}

/* Product llr of one sighting; one that is not among the best scores below the worst of them, and below even. */
static double sight_product(const struct fuse *f, const struct sight *s, struct trundle_product p)
{
    double floor_llr = 0;

    if (!s->n)
        return 0;
    if (!p.key)
        return limited(f, (double)s->llr_unknown);
    for (uint8_t i = 0; i < s->n; i++) {
        if (same_product(s->product[i].product, p))
            return not_wild(f, (double)s->product[i].llr);
        if ((double)s->product[i].llr < floor_llr)
            floor_llr = (double)s->product[i].llr;
    }
    return not_wild(f, floor_llr - 1);
}

static double region_llr(const struct fuse *f, const struct sight *s, struct trundle_product p, bool put)
{
    return limited(f, (double)(put ? s->llr_put : s->llr_take)) + sight_product(f, s, p);
}

bool likely_new(const struct sight *s)
{
    return s->llr_put > s->llr_take && s->n;
}

/* Regions of one camera in which something new lies. */
int likely_new_regions(const struct entry *e, int camera)
{
    int n = 0;

    for (uint8_t i = 0; i < e->sights_n; i++)
        n += e->sight[i].sensor == camera && likely_new(&e->sight[i]);
    return n;
}

/* What the cameras add to "this product was put (taken)": of each camera the region that fits best; a second new region would
 * have to be a part of the same thing. */
double likely_sight_afresh(const struct fuse *f, const struct entry *e, struct trundle_product p, bool put)
{
    double sum = 0;

    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++) {
        double best = -HUGE_VAL;

        for (uint8_t i = 0; i < e->sights_n; i++)
            if (e->sight[i].sensor == camera)
                best = fmax(best, region_llr(f, &e->sight[i], p, put));
        if (best > -HUGE_VAL)
            sum += f->p.prior.see_weight * (best + (put && likely_new_regions(e, camera) > 1 ? log(f->p.prior.see_split) : 0));
    }
    return sum;
}

/* The same of two products put at once: of each camera the two regions that fit them best, or the one that fits either. */
double likely_sight_pair(const struct fuse *f, const struct entry *e, struct trundle_product a, struct trundle_product b)
{
    double sum = 0;

    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++) {
        double best = -HUGE_VAL;
        bool two = likely_new_regions(e, camera) > 1;

        for (uint8_t i = 0; i < e->sights_n; i++) {
            if (e->sight[i].sensor != camera)
                continue;
            if (!two)
                best = fmax(best, fmax(region_llr(f, &e->sight[i], a, true), region_llr(f, &e->sight[i], b, true)));
            for (uint8_t j = 0; two && j < e->sights_n; j++)
                if (j != i && e->sight[j].sensor == camera && likely_new(&e->sight[i]) && likely_new(&e->sight[j]))
                    best = fmax(best, limited(f, (double)e->sight[i].llr_put) + sight_product(f, &e->sight[i], a) +
                                          sight_product(f, &e->sight[j], b));
        }
        if (best > -HUGE_VAL)
            sum += f->p.prior.see_weight * best;
    }
    return sum;
}

/* The same, remembered for the entry that is being explained: hypotheses ask again and again. */
struct memory { int n; struct { uint64_t key; bool put; double llr; } row[160]; };

double likely_sight(const struct fuse *f, const struct entry *e, struct trundle_product p, bool put)
{
    struct memory *m = f->memory;

    if (!e->sights_n)
        return 0;
    for (int i = 0; i < m->n; i++)
        if (m->row[i].key == p.key && m->row[i].put == put)
            return m->row[i].llr;
    if (m->n == (int)COUNT_OF(m->row))
        return likely_sight_afresh(f, e, p, put);
    m->row[m->n].key = p.key;
    m->row[m->n].put = put;
    return m->row[m->n++].llr = likely_sight_afresh(f, e, p, put);
}

size_t likely_memory_bytes(void)
{
    return sizeof(struct memory);
}

double likely_nothing(const struct fuse *f, const struct entry *e)
{
    double bump = log(f->p.prior.nothing) + ln_sum(0, (double)e->llr_bump);
    double move = log(f->p.prior.move) + (e->weighed ? (double)e->llr_move : 0);
    double seen = 0;

    for (uint8_t i = 0; i < e->sights_n; i++)
        if ((double)e->sight[i].llr_move > seen)
            seen = (double)e->sight[i].llr_move;
    return ln_sum(bump, move + f->p.prior.see_weight * limited(f, seen));
}

/* What the shopper said about it. */
double likely_answer(const struct fuse *f, const struct entry *e, const struct fuse_key *k)
{
    double right = log(f->p.prior.answer_right), wrong = log(1 - f->p.prior.answer_right + 1e-9), sum = 0;

    for (uint8_t i = 0; i < e->answers_n; i++) {
        const struct answer *a = &e->answer[i];
        bool is_product = k->kind == TRUNDLE_EVENT_PUT && same_product(k->a, a->product) && !k->b.key &&
                          (!a->count || k->count == a->count);
        bool agrees = a->option == TRUNDLE_OPTION_PRODUCT ? is_product
                      : a->option == TRUNDLE_OPTION_NOTHING ? k->kind != TRUNDLE_EVENT_PUT
                                                            : !same_product(k->a, a->product);

        /* a word said twice is not twice the proof, yet a later one outweighs an earlier, and a number that was set is meant */
        sum += (agrees ? right : wrong) * (i + 1 == e->answers_n ? 2 : 1) * (a->count ? 3 : 1);
    }
    return sum;
}

void likely_forget(struct fuse *f)
{
    f->memory->n = 0;
}

int32_t likely_said_count(const struct entry *e, struct trundle_product p)
{
    int32_t count = 0;

    for (uint8_t i = 0; i < e->answers_n; i++)
        if (e->answer[i].option == TRUNDLE_OPTION_PRODUCT && same_product(e->answer[i].product, p))
            count = e->answer[i].count;
    return count;
}
