/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * weigh - load-cell samples to settled weight steps, on a cart that stands, rolls, bumps and is leaned on.
 *
 *     struct weigh w;
 *     TRY(weigh_init(&w, &cart.cells, &(struct weigh_config)WEIGH_CONFIG_DEFAULT, err));
 *     weigh_push(&w, &message);                         // every /cell and /imu message, in log order
 *     while (weigh_poll(&w, &evidence) == TRUNDLE_OK)
 *         use(&evidence);
 *
 * It knows no products: it hands on evidence of mass, its honest standard deviation, and the place on the floor.
 * How it works is in docs/weighing.md. In short: each cell has a reference level; how far means of 1, 2, 4 ... 128 samples stray
 * from the reference while nothing happens is learned, per state of motion, and is the only notion of noise. A stray beyond it is a departure;
 * a window as calm as that noise is an arrival; arrival at the old level was a bump, at another a step.
 *
 * Lifetime: a plain value of fixed size that may be copied; owns nothing, needs no `done`.
 * Threads: one at a time per value. No function allocates, blocks, prints or reads a clock; the same messages give the same bits.
 */
#pragma once

#include "cart/calib/cart_file.h"

#include <trundle/message.h>

enum {
    WEIGH_HISTORY = 512,                   /* samples looked back on */
    WEIGH_SCALES  = 8,                     /* means of 1, 2, 4 ... 128 samples */
    WEIGH_MOTIONS = 4,                     /* standing, rolling on smooth and on rough floor, kerbs */
    WEIGH_QUEUE   = 16                     /* evidence not yet polled; the oldest is dropped and counted */
};

struct weigh_config {
    double  least_g;                       /* smallest step looked for; smaller ones are followed as zero. Default 5 */
    double  zero_track_g_per_s;            /* fastest drift followed as zero; a slow take is faster. Default 0.25 */
    int64_t settle_ns;                     /* shortest calm that counts as settled. Default 200 ms */
    int64_t first_after_ns;                /* early FIRST report after a departure; 0 (default): none */
    double  sd_goal_g;                     /* settled and this sure, or sure to 2 % of the step: final at once. Default 3 */
    int64_t sure_ns;                       /* settled this long: final with whatever sd it has. Default 700 ms */
    double  max_g;                         /* capacity: above it `overloaded`; default 0: not known */
    double  floor_m[2];                    /* basket floor width and length; 0: not known. A load centred more than 10 cm
                                              outside is on the handle or the rim, and no step */
    uint8_t sensor;                        /* put into evidence. Default 0 */
};
#define WEIGH_CONFIG_DEFAULT { .least_g = 5, .zero_track_g_per_s = 0.25, .settle_ns = 200 * INT64_C(1000000), .sd_goal_g = 3, \
                               .sure_ns = 700 * INT64_C(1000000) }

/* For the screen: what lies on the scale now. */
struct weigh_live {
    double   mass_g;                       /* above the empty basket of the cart file */
    double   sd_g;                         /* of mass_g, noise only */
    bool     steady;                       /* settled: a by-weight line may be made of it */
    bool     overloaded;
    uint32_t faults;                       /* TRUNDLE_FAULT_CELL_* now */
};

/* Counters of what did not fit; monotonic. */
struct weigh_counts {
    uint64_t samples, imu;
    uint64_t late;                         /* not newer than the last: ignored */
    uint64_t jumps;                        /* gaps over 1 s, or the clock set back for good: history dropped, levels kept */
    uint64_t dead, saturated;              /* cell readings left out */
    uint64_t foreign;                      /* other channels, wrong cell counts, NAN accelerations: ignored */
    uint64_t bumps;                        /* departures that came back */
    uint64_t outside;                      /* steps centred outside the floor: the handle, the rim */
    uint64_t dropped;                      /* evidence nobody polled */
};

/* --- what is inside; only weigh's own files touch it --- */
struct weigh_sample {
    int64_t  t_ns;
    uint32_t sequence;
    uint8_t  live;                         /* a bit per cell */
    uint8_t  motion;
    float    e_g[TRUNDLE_CELLS_MAX];       /* above the reference, acceleration taken out; 0 when not live */
    float    sum_g;                        /* of all cells, dead ones inferred */
    float    accel_ms2;                    /* vertical, as it was taken out */
};

struct weigh_noise {                       /* of means of 2^k samples around the reference */
    double   v_g2[WEIGH_SCALES];
    uint32_t seen[WEIGH_SCALES];
};

/* A calm window at another level. */
struct weigh_window {
    uint32_t n;                            /* samples; 0: none */
    double   delta_g[TRUNDLE_CELLS_MAX], sum_g, sd_g;
    uint8_t  live;
    int64_t  t1_ns;
    uint32_t last_sequence;
};

struct weigh {
    struct cart_cells cells;
    struct weigh_config config;
    double   hz;                           /* of the samples in the ring */
    uint32_t every, settle_n, sure_n;      /* converter samples per ring sample; windows in ring samples */
    /* converter samples on their way into one ring sample */
    double   pile_g[TRUNDLE_CELLS_MAX];
    uint32_t pile_n[TRUNDLE_CELLS_MAX], piled;
    /* the cells */
    double   level_g[TRUNDLE_CELLS_MAX];
    uint8_t  level_known;                  /* a bit per cell */
    uint32_t level_n;                      /* samples the levels rest on */
    uint8_t  level_motion;                 /* how the cart moved meanwhile */
    uint32_t fresh_n[TRUNDLE_CELLS_MAX];   /* samples since a cell came back */
    uint32_t dead_n[TRUNDLE_CELLS_MAX], same_n[TRUNDLE_CELLS_MAX], others_n[TRUNDLE_CELLS_MAX];
    int32_t  last_raw[TRUNDLE_CELLS_MAX];
    uint32_t faults;
    double   cov_ea[TRUNDLE_CELLS_MAX], cov_aa;   /* of cells with vertical acceleration, while rolling */
    double   follow_g[TRUNDLE_CELLS_MAX], follow_accel, follow_off2;
    uint32_t follow_n;
    double   hidden_g;                     /* small steps that were followed as zero, leaking away */
    /* motion */
    double   accel_slow[3], accel_rms2, accel_rms2_slow, accel_peak2, accel_sum, accel_level, accel_home, accel_slow_sd;
    uint32_t accel_n, moving_start_n;      /* samples for which levels found on the move are still put right */
    int64_t  imu_ns;
    bool     imu_known;
    /* samples */
    struct weigh_sample ring[WEIGH_HISTORY];
    uint32_t head, held;                   /* next slot; usable samples behind it */
    int64_t  last_ns;
    bool     begun, levelled;
    uint32_t late_run;
    struct weigh_noise noise[WEIGH_MOTIONS];
    uint32_t quiet_n;                      /* samples since the last departure or arrival */
    /* a departure in progress */
    bool     away, first_sent;
    int64_t  away_ns;
    uint32_t away_n, away_sequence;
    struct weigh_window best;              /* the longest calm seen in this departure that is not yet sure enough */
    uint32_t since_best;                   /* samples after it */
    uint32_t next_id;
    /* out */
    struct trundle_evidence queue[WEIGH_QUEUE];
    uint32_t queue_at, queue_n;
    struct weigh_counts counts;
};

/* Starts on an empty or loaded basket: the first half second (at least 4 samples) fixes the level.
 * BAD_INPUT: no cells, a gain that is zero or not finite, coinciding cells, a config field out of range; `err` names it. */
TRUNDLE_MUST_USE enum trundle_status weigh_init(struct weigh *w, const struct cart_cells *cells, const struct weigh_config *config,
                                                struct trundle_error *err);
/* Takes a /cell or /imu message; its time is `sensed_ns`. Never fails: what does not fit is counted in `w->counts`. */
void weigh_push(struct weigh *w, const struct trundle_message *m);
/* The next evidence, oldest first. AGAIN: none; *out is untouched. FINAL evidence is a put or a take whose |mass_g| is at least
 * least_g and 5 sd - or, when a FIRST with that id went before, its withdrawal: mass near 0 and llr_bump above llr_put, llr_take. */
TRUNDLE_MUST_USE enum trundle_status weigh_poll(struct weigh *w, struct trundle_evidence *out);
void weigh_live(const struct weigh *w, struct weigh_live *out);

/* Produce by weight, as non-automatic weighing instruments do it: the load in whole scale intervals (nearest, halves up), or -1 when it may
 * not be used: not steady, overloaded, a faulty cell, sd over e/4 (so that noise rarely moves the result by an interval), or under 20 intervals (OIML R 76-1,
 * minimum capacity of class III). `mass_g` is of the step or the live load; negative masses count by their size. */
int64_t weigh_intervals(double mass_g, double sd_g, double e_g, bool steady, uint32_t faults);
