/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/baseline/inner - what the baselines share: numbers, senses, recent codes, and a list of lines. Not for other rooms.
 */
#pragma once

#include "cart/calib/cart_file.h"
#include "cart/see/see.h"
#include "cart/weigh/weigh.h"
#include "lab/judge/baseline/baseline.h"

#include <stdbool.h>

enum { BASELINE_LINES = 512, BASELINE_CODES = 64 };

struct baseline;

struct baseline_kind {
    const char *name;
    const struct judge_baseline_field *field;
    size_t fields_n;
    bool weigh, see;                       /* runs the cart's senses: the scale's, the cameras' */
    size_t own_bytes;                      /* zeroed memory behind baseline->own */
    enum trundle_status (*open)(struct baseline *b, struct trundle_error *err);           /* may be NULL */
    void (*close)(struct baseline *b);                                                    /* may be NULL */
    void (*sample)(struct baseline *b, const struct trundle_message *m);                  /* own senses; may be NULL */
    void (*evidence)(struct baseline *b, const struct trundle_evidence *e);
    void (*code)(struct baseline *b, struct trundle_product product, double weight_g);    /* NAN: none; may be NULL */
    void (*pick)(struct baseline *b, struct trundle_product product);                     /* weigh flow; may be NULL */
    void (*tick)(struct baseline *b);                                                     /* ten times a second; may be NULL */
};
extern const struct baseline_kind baseline_scan_only, baseline_weight_only, baseline_shelf_rule, baseline_vision_only, baseline_frame_by_frame;

struct baseline_line {
    uint32_t id, event;
    struct trundle_product product;
    int64_t t_ns;
    double  mass_g;                        /* as measured; NAN not known */
    double  weight_g;                      /* by weight; else 0 */
    bool    inside, coded;                 /* coded: a scan or a pick named it */
};

struct baseline_code { struct trundle_product product; int64_t t_ns; bool picked, used; };

struct baseline {
    const struct baseline_kind *kind;
    double p[JUDGE_BASELINE_FIELDS];
    struct cart_file cart;
    struct catalog *catalog;               /* owned */
    struct see_gallery *gallery;           /* owned; NULL: none */
    struct weigh weigh;
    struct see *see[TRUNDLE_CAMERAS_MAX];  /* owned; NULL: none */
    int64_t wall_ns, now_ns, sensed_ns;    /* log and sensed time of the message at hand */
    char zone[TRUNDLE_ZONE_TEXT];          /* where the cart is; empty: not known */
    struct baseline_line line[BASELINE_LINES];
    size_t lines_n;
    struct baseline_code code[BASELINE_CODES];   /* a ring, the newest at (codes_n - 1) % BASELINE_CODES */
    size_t codes_n;
    uint32_t next_decision, next_evidence;
    struct trundle_message *out;           /* owned; waiting for poll */
    size_t out_n, out_at, out_room;
    bool failed;                           /* no memory for a message */
    void *own;                             /* owned; of the kind */
};

/* A line appears. weight_g > 0: by weight, put on the list in whole scale intervals. NULL: the list is full. */
struct baseline_line *baseline_add(struct baseline *b, struct trundle_product product, int64_t t_ns, double mass_g, double weight_g, bool coded);
/* Tells what changed in a line. */
void baseline_change(struct baseline *b, const struct baseline_line *line);
void baseline_remove(struct baseline *b, struct baseline_line *line, int64_t t_ns);
/* Evidence from the baseline's own senses, for the judge's second run. */
void baseline_say(struct baseline *b, struct trundle_evidence *e);

/* When a weight step happened: soon after a quick one began, in the middle of a slow one. */
int64_t baseline_step_ns(const struct trundle_evidence *e);
/* Of one item, by the catalog. False: sold by weight, or the mass is not known. */
bool baseline_mass(const struct baseline *b, struct trundle_product product, double *out_mean_g, double *out_sd_g);
void baseline_note_code(struct baseline *b, struct trundle_product product, bool picked);
/* The newest code that is not used and was read in [from, until]. NULL: none. Walks on from `after` when it is not NULL. */
struct baseline_code *baseline_recent_code(struct baseline *b, int64_t from_ns, int64_t until_ns, const struct baseline_code *after);
