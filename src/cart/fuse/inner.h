/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* fuse/inner - what the files of this room share: entries, hypotheses, and who does what with them. Not for others. */
#pragma once

#include "cart/fuse/fuse.h"

enum { CODE_BITS = 64, LIFTED_MAX = 3, CANDIDATES_MAX = 16 };

/* A sighting as one camera reported it. */
struct sight {
    uint8_t  sensor;
    uint32_t id;
    int64_t  t0_ns, t1_ns, seen_ns;
    float    llr_put, llr_take, llr_move, llr_unknown;
    uint8_t  n;
    struct trundle_likelihood product[TRUNDLE_EVIDENCE_PRODUCTS];
};

struct answer { enum trundle_touch_option option; struct trundle_product product; int32_t count; };

enum entry_kind { ENTRY_EVENT = 1, ENTRY_CODE = 2 };

/* Something that happened in the window. */
struct entry {
    enum entry_kind kind;
    int64_t t_ns, t_end_ns;                 /* event: departure and arrival; code: when it was read */

    /* code */
    struct trundle_product product;
    double   weight_g;
    uint32_t sequence;
    uint8_t  bit;                           /* in hypothesis.codes_used */
    bool     typed;
    bool     told_alone;                    /* it has an event of its own */
    bool     spoken_for;                    /* the shopper spoke of the event that used it: unused, it surprises nobody */
    float    used_p;                        /* probability that a put used it */

    /* event */
    uint32_t id;
    bool     weighed;                       /* else seen alone, or */
    uint32_t alone;                         /* no sense stirred: made of the code of this sequence; 0 no */
    double   mass_g, sd_g;
    float    llr_put, llr_take, llr_move, llr_bump;
    uint32_t weigh_id;
    int64_t  event_ns;                      /* best guess of when it happened */
    int64_t  made_ns;                       /* log time at which it became an event */
    uint8_t  sights_n, answers_n, candidates_n;
    struct trundle_product candidate[CANDIDATES_MAX];   /* worth a look under every hypothesis; none: not looked up since it changed */
    struct sight  sight[FUSE_SIGHTS];
    struct answer answer[FUSE_ANSWERS];
    /* what is shown for it, and asked */
    struct fuse_key shown;
    float    shown_p;
    bool     asked, rescan_asked, question_open;
    uint32_t code_when_asked;               /* newest code that explained it when the shopper was last asked */
    float    told_p;                        /* probability of the best key when a belief was last reported; -1 never */
    uint8_t  keys_n;
    struct fuse_belief key[FUSE_KEYS];      /* posterior, most probable first */
};

struct item { uint32_t event; struct trundle_product product; float mass_g, sd_g; };

struct explanation {
    struct fuse_key key;
    uint32_t code_a, code_b;                /* sequences of the codes used; 0 none */
    uint8_t  returns;                       /* puts back lifted[returns - 1]; 0 no */
};

/* What a take took out a moment ago. */
struct lifted { struct item item; int64_t t_ns; int entry; };   /* entry: of the take in the window; -1 it has left it */

/* One way in which everything could have been. */
struct hypothesis {
    double   logp;
    uint64_t codes_used;
    uint16_t items_n;
    struct item item[FUSE_ITEMS_MAX];
    uint8_t  lifted_n;
    struct lifted lifted[LIFTED_MAX];
    struct explanation why[FUSE_ENTRIES];   /* of entry i of the window */
};

struct memory;

struct fuse {
    const struct catalog *catalog;
    struct fuse_params p;
    int cameras;
    int64_t now_ns;
    bool dirty, scale_blind;
    char zone[CATALOG_SHORT];
    double popularity_sum;                  /* over the catalog */
    float basket_p;                         /* of the best hypothesis */
    double frozen_missing;                  /* expected items inside and not on a line, of events that left the window */
    struct memory *memory;                  /* likely.c's; owned */
    double *prior;                          /* ln share of each product among unscanned puts; owned, catalog_n */
    uint32_t next_event;
    uint8_t next_bit;

    size_t entries_n;
    struct entry entry[FUSE_ENTRIES];
    size_t waiting_n;                       /* sightings that no event has taken yet */
    struct sight waiting[FUSE_SIGHTS];

    size_t base_n, beam_n;
    struct hypothesis base[FUSE_HYPOTHESES], beam[FUSE_HYPOTHESES], next[FUSE_HYPOTHESES];

    size_t frozen_n, lines_n;
    struct fuse_line frozen[FUSE_LINES_MAX], lines[FUSE_LINES_MAX];

    size_t action_head, action_n;
    struct fuse_action action[64];
};

static inline bool same_product(struct trundle_product a, struct trundle_product b)
{
    return a.key == b.key;
}

/* explain.c: extends the n hypotheses in f->beam by explanations of entry i; afterwards f->beam holds the best. */
void explain_entry(struct fuse *f, size_t i);
/* Makes the posterior of every event in the window from f->beam. */
void explain_posterior(struct fuse *f);
/* likely.c: what the senses say, in nats. */
/* ln p(step mass | product put) - ln p(step mass | any). weight_g: from a label, NAN none. coded: a code says so. */
double likely_mass(const struct fuse *f, const struct entry *e, const struct catalog_product *p, double weight_g, bool coded);
/* Of n items of one product in one step; of two products. */
double likely_many_mass(const struct fuse *f, const struct entry *e, const struct catalog_product *p, int32_t n);
double likely_pair_mass(const struct fuse *f, const struct entry *e, const struct catalog_product *a, const struct catalog_product *b);
/* Of a known mass, with the variance of item and step: robust, a share `mass_wild` may be anything. */
double likely_mixture(const struct fuse *f, double mass_g, double mean_g, double variance);
double likely_missed(const struct fuse *f, double mass_g, bool coded);
double likely_step_variance(const struct fuse *f, const struct entry *e);
double likely_own_sd(const struct fuse *f, const struct catalog_product *p);
/* What the cameras add to "this product was put (taken)"; remembered until likely_forget(). */
double likely_sight(const struct fuse *f, const struct entry *e, struct trundle_product p, bool put);
double likely_sight_afresh(const struct fuse *f, const struct entry *e, struct trundle_product p, bool put);
double likely_sight_pair(const struct fuse *f, const struct entry *e, struct trundle_product a, struct trundle_product b);
/* Something new lies there; how many such regions a camera saw. */
bool likely_new(const struct sight *s);
int  likely_new_regions(const struct entry *e, int camera);
/* ln of all ways to be nothing: a bump, a hand alone, a move inside. */
double likely_nothing(const struct fuse *f, const struct entry *e);
/* What the shopper said about it. */
double likely_answer(const struct fuse *f, const struct entry *e, const struct fuse_key *k);
/* The code that an event without a sense was made of; NULL: it has gone from the window. */
const struct entry *entry_of_code(const struct fuse *f, uint32_t sequence);
/* How many of this product the shopper said they were; 0 nothing. */
int32_t likely_said_count(const struct entry *e, struct trundle_product p);
void   likely_forget(struct fuse *f);
size_t likely_memory_bytes(void);

/* Items that a key puts in. */
static inline int key_items(const struct fuse_key *k)
{
    return k->kind == TRUNDLE_EVENT_PUT ? (k->b.key ? 2 : k->count) : 0;
}

/* decide.c: compares what is shown with what is believed and queues actions. */
void decide(struct fuse *f);
/* Makes the lines anew and queues their showing; `e` is what changed. */
struct fuse_action *decide_show(struct fuse *f, const struct entry *e);
/* Applies what is shown for an event to lines. */
size_t decide_apply(const struct fuse *f, const struct entry *e, struct fuse_line *lines, size_t n);
