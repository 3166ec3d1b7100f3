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

enum { BY_MASS = 10, CODES_MAX = 4, MIXED_MAX = 12 };

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
static uint8_t candidates_of(const struct fuse *f, const struct entry *e, struct trundle_product *out)
{
    struct candidate top[BY_MASS];
    uint8_t n = 0;
    int top_n = 0;
    size_t products = catalog_n(f->catalog);

#define ADD(key_)                                                     \
    do {                                                              \
        bool there_ = !(key_).key || !catalog_find(f->catalog, key_); \
        for (int k_ = 0; k_ < n; k_++)                                \
            there_ = there_ || same_product(out[k_], key_);           \
        if (!there_ && n < CANDIDATES_MAX)                            \
            out[n++] = (key_);                                        \
    } while (0)
    for (uint8_t i = 0; i < e->answers_n; i++)
        ADD(e->answer[i].product);
    for (size_t i = 0; i < products; i++) {
        const struct catalog_product *p = catalog_at(f->catalog, i);
        double llr = likely_mass(f, e, p, (double)NAN, false) + likely_sight_afresh(f, e, p->key, true) + f->prior[i];
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
    double base, single;

    base = h->logp + log(f->p.prior.put) + (double)e->llr_put + likely_sight(f, e, product, true);
    if (code) {
        base += log(f->p.prior.scanned) - log(codes_n) + code_term(f, e, code);
        why.code_a = code->sequence;
    } else {
        base += ln_unscanned(f, product) + (codes_n ? log(1 - f->p.prior.scanned) : 0);
    }
    single = base + likely_mass(f, e, p, code ? code->weight_g : (double)NAN, code != NULL);
    choose(c, single + likely_answer(f, e, &why.key), parent, &why);
    if (p && !p->by_weight) {
        const struct entry *second = code ? code_for(f, h, e, product, code) : NULL;
        int32_t said = likely_said_count(e, product);

        why.key.count = 2;
        why.code_b = second ? second->sequence : 0;
        choose(c, base + log(second ? 0.5 : f->p.prior.twice) + likely_many_mass(f, e, p, 2) + likely_answer(f, e, &why.key), parent, &why);
        why.key.count = said;
        why.code_b = 0;
        if (said > 2)
            choose(c, base + log(0.5) + likely_many_mass(f, e, p, said) + likely_answer(f, e, &why.key), parent, &why);
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
    score = h->logp + log(f->p.prior.put) + log(code_a && code_b ? f->p.prior.pair_coded : f->p.prior.pair) + (double)e->llr_put + likely_pair_mass(f, e, pa, pb);
    score += likely_sight_pair(f, e, a, b);
    score += code_a ? log(f->p.prior.scanned) - log(codes_n) + code_term(f, e, code_a) : ln_unscanned(f, a) + (codes_n ? log(1 - f->p.prior.scanned) : 0);
    score += code_b ? log(f->p.prior.scanned) - log(codes_n) + code_term(f, e, code_b) : ln_unscanned(f, b) + (codes_n ? log(1 - f->p.prior.scanned) : 0);
    why.code_a = code_a ? code_a->sequence : 0;
    why.code_b = code_b ? code_b->sequence : 0;
    choose(c, score + likely_answer(f, e, &why.key), parent, &why);
}

/* Something that is inside came out. Of several items of one product the one whose mass fits best stands for all. */
static void take_any(const struct fuse *f, struct choices *c, size_t parent, const struct entry *e)
{
    const struct hypothesis *h = &f->beam[parent];

    for (uint16_t i = 0; i < h->items_n; i++) {
        const struct item *it = &h->item[i];
        struct explanation why = { .key = { .kind = TRUNDLE_EVENT_TAKE, .a = it->product, .count = 1, .ref = it->event } };
        double score = h->logp + log(f->p.prior.take) + (double)e->llr_take + likely_sight(f, e, it->product, false) - log(h->items_n);

        if (e->weighed) {
            double variance = likely_step_variance(f, e) + (double)it->sd_g * (double)it->sd_g;

            if (e->mass_g >= 0)
                score += log(f->p.prior.mass_wild);
            else if (isfinite(it->mass_g))
                score += likely_mixture(f, -e->mass_g, (double)it->mass_g, variance);
        } else if (!f->scale_blind) {
            score += likely_missed(f, isfinite(it->mass_g) ? (double)it->mass_g : 200, false);
        }
        choose(c, score + likely_answer(f, e, &why.key), parent, &why);
    }
}

/* Appends the two best products of every new region, each once. */
static int seen_products(const struct entry *e, struct trundle_product *list, int n)
{
    for (uint8_t i = 0; i < e->sights_n; i++) {
        for (uint8_t k = 0; likely_new(&e->sight[i]) && k < 2 && k < e->sight[i].n && n < MIXED_MAX; k++) {
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
        score += likely_sight(f, e, l->item.product, true);
        score += likely_mixture(f, e->mass_g, (double)l->item.mass_g, likely_step_variance(f, e) + (double)l->item.sd_g * (double)l->item.sd_g);
        choose(c, score + likely_answer(f, e, &why.key), parent, &why);
    }
}

const struct entry *entry_of_code(const struct fuse *f, uint32_t sequence)
{
    for (size_t i = 0; sequence && i < f->entries_n; i++)
        if (f->entry[i].kind == ENTRY_CODE && f->entry[i].sequence == sequence)
            return &f->entry[i];
    return NULL;
}

/* An event that no sense felt, and nobody spoke of, is a put of what its code names, or nothing: no other explanation has anything to go by. What a scan
 * for nothing costs is in unused_codes(). */
static void explain_alone(const struct fuse *f, size_t i, struct choices *c)
{
    const struct entry *e = &f->entry[i], *own = entry_of_code(f, e->alone);

    for (size_t parent = 0; parent < f->beam_n; parent++) {
        const struct hypothesis *h = &f->beam[parent];
        struct explanation why = { .key = { .kind = TRUNDLE_EVENT_NOTHING } };
        const struct catalog_product *p;
        double score;

        choose(c, h->logp, parent, &why);
        if (!own || (h->codes_used >> own->bit & 1))
            continue;
        p = catalog_find(f->catalog, own->product);
        why.key = (struct fuse_key){ .kind = TRUNDLE_EVENT_PUT, .a = own->product, .count = 1 };
        why.code_a = own->sequence;
        score = log(f->p.prior.put) + log(f->p.prior.scanned) + code_term(f, e, own) + likely_mass(f, e, p, own->weight_g, true);
        choose(c, h->logp + score, parent, &why);
    }
}

static void explain_event(struct fuse *f, size_t i, struct choices *c)
{
    const struct entry *e = &f->entry[i];
    const struct trundle_product *candidate = e->candidate;
    bool two_seen = false;
    int n;

    if (!e->candidates_n)
        f->entry[i].candidates_n = candidates_of(f, e, f->entry[i].candidate);
    n = e->candidates_n;

    likely_forget(f);
    for (int camera = 0; camera < TRUNDLE_CAMERAS_MAX; camera++)
        two_seen = two_seen || likely_new_regions(e, camera) > 1;

    for (size_t parent = 0; parent < f->beam_n; parent++) {
        const struct hypothesis *h = &f->beam[parent];
        struct explanation nothing = { .key = { .kind = TRUNDLE_EVENT_NOTHING } };
        struct trundle_product code[CODES_MAX], mixed[MIXED_MAX];
        int codes_n = free_codes(f, h, e, code, CODES_MAX), mixed_n = 0;

        choose(c, h->logp + likely_nothing(f, e) + likely_answer(f, e, &nothing.key), parent, &nothing);
        for (int k = 0; k < codes_n; k++)
            put_one(f, c, parent, e, code[k], codes_n);
        for (int k = 0; k < n; k++) {
            bool coded = false;

            for (int j = 0; j < codes_n; j++)
                coded = coded || same_product(code[j], candidate[k]);
            if (!coded)
                put_one(f, c, parent, e, candidate[k], codes_n);
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
            add_item(h, e->id, k->a, a->by_weight ? (double)NAN : a->mass_g, a->by_weight ? 0 : likely_own_sd(f, a));
            add_item(h, e->id + 1, k->b, b->by_weight ? (double)NAN : b->mass_g, b->by_weight ? 0 : likely_own_sd(f, b));
        } else if (k->count > 1 && a) {
            for (int32_t n = 0; n < k->count; n++)
                add_item(h, e->id, k->a, known ? e->mass_g / k->count : a->mass_g,
                         known ? hypot(e->sd_g, likely_own_sd(f, a)) / sqrt(k->count) : likely_own_sd(f, a));
        } else {
            add_item(h, e->id, k->a, known ? e->mass_g : a && !a->by_weight ? a->mass_g : (double)NAN,
                     known ? e->sd_g : a && !a->by_weight && isfinite(a->mass_g) ? likely_own_sd(f, a) : 0);
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
    if (e->alone && !e->answers_n && !e->weighed && !e->sights_n)
        explain_alone(f, i, &c);
    else
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
        double age = ns_s(f->now_ns - c->t_ns) / f->p.prior.code_alone_s;

        if (c->kind == ENTRY_CODE && !c->spoken_for && !(h->codes_used >> c->bit & 1))
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
        e->used_p = 0;
        for (size_t k = 0; e->kind == ENTRY_CODE && k < f->beam_n; k++)
            if (f->beam[k].codes_used >> e->bit & 1)
                e->used_p += (float)(weight[k] / sum);
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
