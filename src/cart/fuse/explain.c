/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Explanations: which ones an entry can have under a hypothesis, what each scores, and the K best of all. The candidate
 * products of an event are the codes near it, what the cameras and answers name, and those whose mass fits best.
 */
#include "cart/fuse/inner.h"

#include "base/std/time.h"

#include <math.h>
#include <string.h>

enum { BY_MASS = 10, CANDIDATES_MAX = 64, CODES_MAX = 4, MIXED_MAX = 12 };

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
static double ln_mixture(const struct fuse *f, double mass_g, double mean_g, double variance)
{
    double w = f->p.prior.mass_wild, bg = ln_bg(mass_g);

    return ln_sum(log1p(-w) + ln_normal(mass_g, mean_g, variance) - bg, log(w));
}

/* ln of the chance that the scale reports nothing for this mass: ln Phi((miss - m) / sd), with the Gaussian tail bounded. */
static double ln_missed(const struct fuse *f, double mass_g)
{
    double z = (f->p.prior.miss_g - mass_g) / f->p.prior.miss_sd_g;
    double phi = 0.5 * erfc(-z * 0.70710678118654752440);

    return phi > 1e-9 ? log(phi) : log(1e-9);
}

static double step_variance(const struct fuse *f, const struct entry *e)
{
    return e->sd_g * e->sd_g + f->p.prior.mass_floor_g * f->p.prior.mass_floor_g;
}

static double own_sd(const struct fuse *f, const struct catalog_product *p)
{
    return isfinite(p->mass_sd_g) && p->mass_sd_g > 0 ? p->mass_sd_g : f->p.prior.mass_unknown_sd * p->mass_g;
}

double explain_mass_llr(const struct fuse *f, const struct entry *e, const struct catalog_product *p, double weight_g)
{
    bool labelled = isfinite(weight_g), known = p && !p->by_weight && isfinite(p->mass_g);

    if (!e->weighed) {
        if (f->scale_blind)
            return 0;
        return ln_missed(f, labelled ? weight_g : known ? p->mass_g : 200);
    }
    if (e->mass_g <= 0)
        return log(f->p.prior.mass_wild);
    if (labelled)
        return ln_mixture(f, e->mass_g, weight_g, step_variance(f, e) + 1e-4 * weight_g * weight_g);
    if (known)
        return ln_mixture(f, e->mass_g, p->mass_g, step_variance(f, e) + own_sd(f, p) * own_sd(f, p));
    return 0;
}

/* Two masses in one step; of produce beside a packed item any plausible rest will do. */
static double pair_mass_llr(const struct fuse *f, const struct entry *e, const struct catalog_product *a, const struct catalog_product *b)
{
    double variance;

    if (!e->weighed)
        return f->scale_blind ? 0 : ln_missed(f, 400);
    if (e->mass_g <= 0)
        return log(f->p.prior.mass_wild);
    if (a->by_weight || b->by_weight || !isfinite(a->mass_g) || !isfinite(b->mass_g)) {
        double rest = e->mass_g - (a->by_weight || !isfinite(a->mass_g) ? 0 : a->mass_g) - (b->by_weight || !isfinite(b->mass_g) ? 0 : b->mass_g);

        return rest > MASS_LEAST_G ? ln_bg(rest) - ln_bg(e->mass_g) : log(f->p.prior.mass_wild);
    }
    variance = step_variance(f, e) + own_sd(f, a) * own_sd(f, a) + own_sd(f, b) * own_sd(f, b);
    return ln_mixture(f, e->mass_g, a->mass_g + b->mass_g, variance);
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

static bool looks_put(const struct sight *s)
{
    return s->llr_put > s->llr_take && s->n;
}

/* Regions of one camera in which something new lies. */
static int new_regions(const struct entry *e, int camera)
{
    int n = 0;

    for (uint8_t i = 0; i < e->sights_n; i++)
        n += e->sight[i].sensor == camera && looks_put(&e->sight[i]);
    return n;
}

/* What the cameras add to "this product was put (taken)": of each camera the region that fits best; a second new region would
 * have to be a part of the same thing. */
static double sight_llr_of(const struct fuse *f, const struct entry *e, struct trundle_product p, bool put)
{
    double sum = 0;

    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++) {
        double best = -HUGE_VAL;

        for (uint8_t i = 0; i < e->sights_n; i++)
            if (e->sight[i].sensor == camera)
                best = fmax(best, region_llr(f, &e->sight[i], p, put));
        if (best > -HUGE_VAL)
            sum += f->p.prior.see_weight * (best + (put && new_regions(e, camera) > 1 ? log(f->p.prior.see_split) : 0));
    }
    return sum;
}

/* The same of two products put at once: of each camera the two regions that fit them best, or the one that fits either. */
static double sight_pair_llr(const struct fuse *f, const struct entry *e, struct trundle_product a, struct trundle_product b)
{
    double sum = 0;

    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++) {
        double best = -HUGE_VAL;
        bool two = new_regions(e, camera) > 1;

        for (uint8_t i = 0; i < e->sights_n; i++) {
            if (e->sight[i].sensor != camera)
                continue;
            if (!two)
                best = fmax(best, fmax(region_llr(f, &e->sight[i], a, true), region_llr(f, &e->sight[i], b, true)));
            for (uint8_t j = 0; two && j < e->sights_n; j++)
                if (j != i && e->sight[j].sensor == camera && looks_put(&e->sight[i]) && looks_put(&e->sight[j]))
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

static double sight_llr(const struct fuse *f, const struct entry *e, struct trundle_product p, bool put)
{
    struct memory *m = f->memory;

    if (!e->sights_n)
        return 0;
    for (int i = 0; i < m->n; i++)
        if (m->row[i].key == p.key && m->row[i].put == put)
            return m->row[i].llr;
    if (m->n == (int)COUNT_OF(m->row))
        return sight_llr_of(f, e, p, put);
    m->row[m->n].key = p.key;
    m->row[m->n].put = put;
    return m->row[m->n++].llr = sight_llr_of(f, e, p, put);
}

size_t explain_memory_bytes(void)
{
    return sizeof(struct memory);
}

static double nothing_score(const struct fuse *f, const struct entry *e)
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
static double answer_llr(const struct fuse *f, const struct entry *e, const struct fuse_key *k)
{
    double right = log(f->p.prior.answer_right), wrong = log(1 - f->p.prior.answer_right + 1e-9), sum = 0;

    for (uint8_t i = 0; i < e->answers_n; i++) {
        const struct answer *a = &e->answer[i];
        bool is_product = k->kind == TRUNDLE_EVENT_PUT && same_product(k->a, a->product) && !k->b.key &&
                          (!a->count || k->count == a->count);
        bool agrees = a->option == TRUNDLE_OPTION_PRODUCT ? is_product
                      : a->option == TRUNDLE_OPTION_NOTHING ? k->kind != TRUNDLE_EVENT_PUT
                                                            : !same_product(k->a, a->product);

        /* a word said twice is not twice the proof, yet a later one outweighs an earlier */
        sum += (agrees ? right : wrong) * (i + 1 == e->answers_n ? 2 : 1);
    }
    return sum;
}

static const struct entry *code_for(const struct fuse *f, const struct hypothesis *h, const struct entry *e, struct trundle_product p,
                                    const struct entry *but)
{
    const struct entry *best = NULL;
    int64_t best_dt = 0;

    for (size_t i = 0; i < f->entries_n; i++) {
        const struct entry *c = &f->entry[i];
        int64_t dt = c->t_ns - e->t_ns;

        if (c->kind != ENTRY_CODE || c == but || !same_product(c->product, p) || (h->codes_used >> c->bit & 1) ||
            dt < -S_NS(f->p.prior.code_before_s) || dt > S_NS(f->p.prior.code_after_s))
            continue;
        dt = dt < 0 ? -dt : dt;
        if (!best || dt < best_dt) {
            best = c;
            best_dt = dt;
        }
    }
    return best;
}

/* Distinct products with a free code near the event. */
static int free_codes(const struct fuse *f, const struct hypothesis *h, const struct entry *e, struct trundle_product *out, int most)
{
    int n = 0;

    for (size_t i = 0; i < f->entries_n && n < most; i++) {
        const struct entry *c = &f->entry[i];
        bool listed = false;

        if (c->kind != ENTRY_CODE || !code_for(f, h, e, c->product, NULL))
            continue;
        for (int k = 0; k < n; k++)
            listed = listed || same_product(out[k], c->product);
        if (!listed)
            out[n++] = c->product;
    }
    return n;
}

static double ln_unscanned(const struct fuse *f, struct trundle_product p)
{
    long i = catalog_index(f->catalog, p);

    return i < 0 ? log(f->p.prior.unknown) : f->prior[i];
}

/* A code used: how well its place in time fits, scanned before or after. */
static double code_term(const struct fuse *f, const struct entry *e, const struct entry *code)
{
    bool late = code->t_ns > e->t_ns;
    double share = late ? f->p.prior.code_late : 1 - f->p.prior.code_late;
    double reach_s = late ? f->p.prior.code_after_s : f->p.prior.code_before_s;
    double dt_s = fabs(ns_s(code->t_ns - e->t_ns));

    return log(share) - 2 * dt_s / reach_s;
}

struct choice { double score; size_t parent; struct explanation why; };

struct choices { size_t n; struct choice best[FUSE_HYPOTHESES]; };

/* Keeps the K best, in order; equal scores keep the one that came first. */
static void choose(struct choices *c, double score, size_t parent, const struct explanation *why)
{
    size_t i;

    if (!(score > -1e300) || (c->n == FUSE_HYPOTHESES && score <= c->best[c->n - 1].score))
        return;
    if (c->n < FUSE_HYPOTHESES)
        c->n++;
    for (i = c->n - 1; i > 0 && c->best[i - 1].score < score; i--)
        c->best[i] = c->best[i - 1];
    c->best[i] = (struct choice){ .score = score, .parent = parent, .why = *why };
}

struct candidate { struct trundle_product product; double llr; };

/* Products worth a look under every hypothesis: by sight, answer and mass. */
static int candidates_of(const struct fuse *f, const struct entry *e, struct candidate *out)
{
    struct candidate top[BY_MASS];
    int n = 0, top_n = 0;
    size_t products = catalog_n(f->catalog);

#define ADD(key_)                                                     \
    do {                                                              \
        bool there_ = !(key_).key || !catalog_find(f->catalog, key_); \
        for (int k_ = 0; k_ < n; k_++)                                \
            there_ = there_ || same_product(out[k_].product, key_);   \
        if (!there_ && n < CANDIDATES_MAX)                            \
            out[n++].product = (key_);                                \
    } while (0)
    for (uint8_t i = 0; i < e->answers_n; i++)
        ADD(e->answer[i].product);
    for (size_t i = 0; i < products; i++) {
        const struct catalog_product *p = catalog_at(f->catalog, i);
        double llr = explain_mass_llr(f, e, p, (double)NAN) + sight_llr_of(f, e, p->key, true) + f->prior[i];
        int k;

        if (top_n == BY_MASS && llr <= top[top_n - 1].llr)
            continue;
        if (top_n < BY_MASS)
            top_n++;
        for (k = top_n - 1; k > 0 && top[k - 1].llr < llr; k--)
            top[k] = top[k - 1];
        top[k] = (struct candidate){ p->key, llr };
    }
    for (int i = 0; i < top_n; i++)
        ADD(top[i].product);
#undef ADD
    return n;
}

static void put_one(const struct fuse *f, struct choices *c, size_t parent, const struct entry *e, struct trundle_product product, int codes_n)
{
    const struct hypothesis *h = &f->beam[parent];
    const struct catalog_product *p = catalog_find(f->catalog, product);
    const struct entry *code = code_for(f, h, e, product, NULL);
    struct explanation why = { .key = { .kind = TRUNDLE_EVENT_PUT, .a = product, .count = 1 } };
    double base, single, twice;

    base = h->logp + log(f->p.prior.put) + (double)e->llr_put + sight_llr(f, e, product, true);
    if (code) {
        base += log(f->p.prior.scanned) - log(codes_n) + code_term(f, e, code);
        why.code_a = code->sequence;
    } else {
        base += ln_unscanned(f, product) + (codes_n ? log(1 - f->p.prior.scanned) : 0);
    }
    single = base + explain_mass_llr(f, e, p, code ? code->weight_g : (double)NAN);
    choose(c, single + answer_llr(f, e, &why.key), parent, &why);
    if (p && !p->by_weight) {
        const struct entry *second = code ? code_for(f, h, e, product, code) : NULL;

        why.key.count = 2;
        why.code_b = second ? second->sequence : 0;
        twice = base + log(second ? 0.5 : f->p.prior.twice) + pair_mass_llr(f, e, p, p);
        choose(c, twice + answer_llr(f, e, &why.key), parent, &why);
    }
}

static void put_pair(const struct fuse *f, struct choices *c, size_t parent, const struct entry *e, struct trundle_product a,
                     struct trundle_product b, int codes_n)
{
    const struct hypothesis *h = &f->beam[parent];
    const struct catalog_product *pa = catalog_find(f->catalog, a), *pb = catalog_find(f->catalog, b);
    const struct entry *code_a = code_for(f, h, e, a, NULL), *code_b = code_for(f, h, e, b, NULL);
    struct explanation why = { .key = { .kind = TRUNDLE_EVENT_PUT, .a = a, .b = b, .count = 1 } };
    double score;

    if (!pa || !pb)
        return;
    if (b.key < a.key) {                     /* one pair, one key */
        put_pair(f, c, parent, e, b, a, codes_n);
        return;
    }
    score = h->logp + log(f->p.prior.put) + log(code_a && code_b ? f->p.prior.pair_coded : f->p.prior.pair) + (double)e->llr_put + pair_mass_llr(f, e, pa, pb);
    score += sight_pair_llr(f, e, a, b);
    score += code_a ? log(f->p.prior.scanned) - log(codes_n) + code_term(f, e, code_a) : ln_unscanned(f, a) + (codes_n ? log(1 - f->p.prior.scanned) : 0);
    score += code_b ? log(f->p.prior.scanned) - log(codes_n) + code_term(f, e, code_b) : ln_unscanned(f, b) + (codes_n ? log(1 - f->p.prior.scanned) : 0);
    why.code_a = code_a ? code_a->sequence : 0;
    why.code_b = code_b ? code_b->sequence : 0;
    choose(c, score + answer_llr(f, e, &why.key), parent, &why);
}

/* Something that is inside came out. Of several items of one product the one whose mass fits best stands for all. */
static void take_any(const struct fuse *f, struct choices *c, size_t parent, const struct entry *e)
{
    const struct hypothesis *h = &f->beam[parent];

    for (uint16_t i = 0; i < h->items_n; i++) {
        const struct item *it = &h->item[i];
        struct explanation why = { .key = { .kind = TRUNDLE_EVENT_TAKE, .a = it->product, .count = 1, .ref = it->event } };
        double score = h->logp + log(f->p.prior.take) + (double)e->llr_take + sight_llr(f, e, it->product, false) - log(h->items_n);

        if (e->weighed) {
            double variance = step_variance(f, e) + (double)it->sd_g * (double)it->sd_g;

            if (e->mass_g >= 0)
                score += log(f->p.prior.mass_wild);
            else if (isfinite(it->mass_g))
                score += ln_mixture(f, -e->mass_g, (double)it->mass_g, variance);
        } else if (!f->scale_blind) {
            score += ln_missed(f, isfinite(it->mass_g) ? (double)it->mass_g : 200);
        }
        choose(c, score + answer_llr(f, e, &why.key), parent, &why);
    }
}

/* Appends the two best products of every new region, each once. */
static int seen_products(const struct entry *e, struct trundle_product *list, int n)
{
    for (uint8_t i = 0; i < e->sights_n; i++) {
        for (uint8_t k = 0; looks_put(&e->sight[i]) && k < 2 && k < e->sight[i].n && n < MIXED_MAX; k++) {
            struct trundle_product p = e->sight[i].product[k].product;
            bool listed = !p.key;

            for (int j = 0; j < n; j++)
                listed = listed || same_product(list[j], p);
            if (!listed)
                list[n++] = p;
        }
    }
    return n;
}

/* What was lifted a moment ago is put down again: it was only moved, and both events are nothing. */
static void move_back(const struct fuse *f, struct choices *c, size_t parent, size_t i)
{
    const struct hypothesis *h = &f->beam[parent];
    const struct entry *e = &f->entry[i];

    for (uint8_t k = 0; k < h->lifted_n; k++) {
        const struct lifted *l = &h->lifted[k];
        struct explanation why = { .key = { .kind = TRUNDLE_EVENT_NOTHING }, .returns = (uint8_t)(k + 1) };
        double dt_s = ns_s(e->t_ns - l->t_ns), score;

        if (!e->weighed || e->mass_g <= 0 || dt_s < -0.5 || dt_s > 5 * f->p.prior.move_s || !isfinite(l->item.mass_g))
            continue;
        score = h->logp + log(f->p.prior.returns) + (double)e->llr_put - fmax(dt_s, 0) / f->p.prior.move_s;
        score += sight_llr(f, e, l->item.product, true);
        score += ln_mixture(f, e->mass_g, (double)l->item.mass_g, step_variance(f, e) + (double)l->item.sd_g * (double)l->item.sd_g);
        choose(c, score + answer_llr(f, e, &why.key), parent, &why);
    }
}

static void explain_event(struct fuse *f, size_t i, struct choices *c)
{
    const struct entry *e = &f->entry[i];
    struct candidate candidate[CANDIDATES_MAX];
    int n = candidates_of(f, e, candidate);
    bool two_seen = false;

    f->memory->n = 0;
    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++)
        two_seen = two_seen || new_regions(e, camera) > 1;

    for (size_t parent = 0; parent < f->beam_n; parent++) {
        const struct hypothesis *h = &f->beam[parent];
        struct explanation nothing = { .key = { .kind = TRUNDLE_EVENT_NOTHING } };
        struct trundle_product code[CODES_MAX], mixed[MIXED_MAX];
        int codes_n = free_codes(f, h, e, code, CODES_MAX), mixed_n = 0;

        choose(c, h->logp + nothing_score(f, e) + answer_llr(f, e, &nothing.key), parent, &nothing);
        for (int k = 0; k < codes_n; k++)
            put_one(f, c, parent, e, code[k], codes_n);
        for (int k = 0; k < n; k++) {
            bool coded = false;

            for (int j = 0; j < codes_n; j++)
                coded = coded || same_product(code[j], candidate[k].product);
            if (!coded)
                put_one(f, c, parent, e, candidate[k].product, codes_n);
        }
        put_one(f, c, parent, e, (struct trundle_product){ 0 }, codes_n);
        /* pairs: of codes, of a code and what is seen, and of what is seen when two things are */
        for (int k = 0; k < codes_n; k++)
            mixed[mixed_n++] = code[k];
        mixed_n = seen_products(e, mixed, mixed_n);
        for (int a = 0; a < (two_seen ? mixed_n : codes_n); a++)
            for (int b = a + 1; b < mixed_n; b++)
                if (!same_product(mixed[a], mixed[b]))
                    put_pair(f, c, parent, e, mixed[a], mixed[b], codes_n);
        take_any(f, c, parent, e);
        move_back(f, c, parent, i);
    }
}

static void add_item(struct hypothesis *h, uint32_t event, struct trundle_product p, double mass_g, double sd_g)
{
    if (h->items_n < FUSE_ITEMS_MAX)
        h->item[h->items_n++] = (struct item){ event, p, (float)mass_g, (float)sd_g };
}

static void use_code(const struct fuse *f, struct hypothesis *h, uint32_t sequence)
{
    for (size_t i = 0; sequence && i < f->entries_n; i++)
        if (f->entry[i].kind == ENTRY_CODE && f->entry[i].sequence == sequence)
            h->codes_used |= UINT64_C(1) << f->entry[i].bit;
}

/* Carries out the explanation of entry i: what is inside afterwards. */
static void carry_out(const struct fuse *f, struct hypothesis *h, size_t entry, const struct explanation *why)
{
    const struct entry *e = &f->entry[entry];
    const struct fuse_key *k = &why->key;

    if (why->returns) {
        struct lifted *l = &h->lifted[why->returns - 1];

        if (h->items_n < FUSE_ITEMS_MAX)
            h->item[h->items_n++] = l->item;
        if (l->entry >= 0)
            h->why[l->entry].key = (struct fuse_key){ .kind = TRUNDLE_EVENT_NOTHING };
        *l = h->lifted[--h->lifted_n];
        return;
    }

    use_code(f, h, why->code_a);
    use_code(f, h, why->code_b);
    if (k->kind == TRUNDLE_EVENT_PUT) {
        const struct catalog_product *a = catalog_find(f->catalog, k->a), *b = catalog_find(f->catalog, k->b);
        bool known = e->weighed && e->mass_g > 0;

        if (k->b.key && a && b) {
            add_item(h, e->id, k->a, a->by_weight ? (double)NAN : a->mass_g, a->by_weight ? 0 : own_sd(f, a));
            add_item(h, e->id + 1, k->b, b->by_weight ? (double)NAN : b->mass_g, b->by_weight ? 0 : own_sd(f, b));
        } else if (k->count == 2 && a) {
            for (int n = 0; n < 2; n++)
                add_item(h, e->id, k->a, known ? e->mass_g / 2 : a->mass_g, known ? hypot(e->sd_g, own_sd(f, a)) / 1.4142135623730951 : own_sd(f, a));
        } else {
            add_item(h, e->id, k->a, known ? e->mass_g : a && !a->by_weight ? a->mass_g : (double)NAN,
                     known ? e->sd_g : a && !a->by_weight && isfinite(a->mass_g) ? own_sd(f, a) : 0);
        }
    } else if (k->kind == TRUNDLE_EVENT_TAKE) {
        for (uint16_t i = 0; i < h->items_n; i++) {
            if (h->item[i].event == k->ref && same_product(h->item[i].product, k->a)) {
                if (h->lifted_n == LIFTED_MAX) {
                    memmove(&h->lifted[0], &h->lifted[1], (LIFTED_MAX - 1) * sizeof h->lifted[0]);
                    h->lifted_n--;
                }
                h->lifted[h->lifted_n++] = (struct lifted){ h->item[i], e->t_end_ns, (int)entry };
                memmove(&h->item[i], &h->item[i + 1], (size_t)(h->items_n - i - 1) * sizeof h->item[0]);
                h->items_n--;
                return;
            }
        }
    }
}

void explain_entry(struct fuse *f, size_t i)
{
    const struct entry *e = &f->entry[i];
    struct choices c = { .n = 0 };

    if (e->kind != ENTRY_EVENT)
        return;
    explain_event(f, i, &c);
    for (size_t k = 0; k < c.n; k++) {
        f->next[k] = f->beam[c.best[k].parent];
        f->next[k].logp = c.best[k].score;
        f->next[k].why[i] = c.best[k].why;
        carry_out(f, &f->next[k], i, &c.best[k].why);
    }
    for (size_t k = 0; k < c.n; k++)
        f->beam[k] = f->next[k];
    f->beam_n = c.n;
}

static bool same_key(const struct fuse_key *a, const struct fuse_key *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == TRUNDLE_EVENT_PUT)
        return same_product(a->a, b->a) && same_product(a->b, b->b) && a->count == b->count;
    return a->kind == TRUNDLE_EVENT_NOTHING || same_product(a->a, b->a);
}

/* A code that no put used was scanned for nothing: the more so the longer ago. */
static double unused_codes(const struct fuse *f, const struct hypothesis *h)
{
    double sum = 0;

    for (size_t i = 0; i < f->entries_n; i++) {
        const struct entry *c = &f->entry[i];
        double age = ns_s(f->now_ns - c->t_ns) / f->p.prior.code_before_s;

        if (c->kind == ENTRY_CODE && !(h->codes_used >> c->bit & 1))
            sum += log(f->p.prior.code_unused) * (age < 0 ? 0 : age > 1 ? 1 : age);
    }
    return sum;
}

void explain_posterior(struct fuse *f)
{
    double weight[FUSE_HYPOTHESES], best = -HUGE_VAL, sum = 0;

    for (size_t k = 0; k < f->beam_n; k++) {
        weight[k] = f->beam[k].logp + unused_codes(f, &f->beam[k]);
        if (weight[k] > best)
            best = weight[k];
    }
    for (size_t k = 0; k < f->beam_n; k++)
        sum += weight[k] = exp(weight[k] - best);
    f->basket_p = f->beam_n ? (float)(1 / sum) : 1;
    for (size_t i = 0; i < f->entries_n; i++) {
        struct entry *e = &f->entry[i];

        e->keys_n = 0;
        for (size_t k = 0; e->kind == ENTRY_EVENT && k < f->beam_n; k++) {
            const struct explanation *why = &f->beam[k].why[i];
            uint8_t j = 0;

            while (j < e->keys_n && !same_key(&e->key[j].key, &why->key))
                j++;
            if (j == FUSE_KEYS)
                continue;
            if (j == e->keys_n)
                e->key[e->keys_n++] = (struct fuse_belief){ .key = why->key, .code_a = why->code_a, .code_b = why->code_b };
            e->key[j].p += (float)(weight[k] / sum);
        }
        for (uint8_t a = 1; a < e->keys_n; a++) {
            struct fuse_belief moved = e->key[a];
            uint8_t b = a;

            for (; b > 0 && e->key[b - 1].p < moved.p; b--)
                e->key[b] = e->key[b - 1];
            e->key[b] = moved;
        }
    }
}
