/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * message - what goes into a cart's brain and what comes out, as plain C values.
 *
 *     struct trundle_message m = { .channel = TRUNDLE_CELL, .sensed_ns = t, .log_ns = t, .sequence = n++ };
 *     m.cell = (struct trundle_cell){ .n = 4, .raw = { 1200, 1300, 1250, 1275 } };
 *     status = trundle_push(cart, &m, &err);
 *
 * These structs are what trips keep (as protobuf, proto/trundle/v1/trundle.proto), what senses make and what the brain
 * decides: one set of types through the whole house. All are plain values without owned memory; the single pointer, a
 * frame's JPEG, is borrowed for the duration of the call. Lengths are metres, masses grams, times int64 ns since the
 * start of the trip, money integer minor units ("cents"). NAN says "not known" in any floating-point field.
 */
#ifndef TRUNDLE_MESSAGE_H
#define TRUNDLE_MESSAGE_H

#include "product.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TRUNDLE_CELLS_MAX    = 4,
    TRUNDLE_CAMERAS_MAX  = 4,
    TRUNDLE_EVIDENCE_PRODUCTS = 16,
    TRUNDLE_EVIDENCE_REFS     = 4,
    TRUNDLE_OPTIONS_MAX  = 3,      /* products a question may name */
    TRUNDLE_DECISION_EVIDENCE = 8,
    TRUNDLE_BELIEF_MAX   = 16,
    TRUNDLE_CODE_TEXT    = 256,
    TRUNDLE_ZONE_TEXT    = 32
};

/* Stable: stored in trips. */
enum trundle_channel {
    TRUNDLE_CELL = 1,      /* /cell           struct trundle_cell */
    TRUNDLE_IMU = 2,       /* /imu            struct trundle_imu */
    TRUNDLE_CAM = 3,       /* /cam/N          struct trundle_frame; N = sensor */
    TRUNDLE_CODE = 4,      /* /code           struct trundle_code */
    TRUNDLE_LOC = 5,       /* /loc            struct trundle_loc */
    TRUNDLE_TOUCH = 6,     /* /touch          struct trundle_touch */
    TRUNDLE_TICK = 7,      /* /tick           nothing but its time; 10 Hz */
    TRUNDLE_EVIDENCE = 8,  /* /evidence       struct trundle_evidence */
    TRUNDLE_BELIEF = 9,    /* /belief         struct trundle_belief */
    TRUNDLE_DECISION = 10, /* /decision       struct trundle_decision */
    TRUNDLE_TRUTH = 11,    /* /truth          kept as protobuf (lab only) */
    TRUNDLE_DROP = 12,     /* /drop           struct trundle_drop: a sample that was sensed and not consumed */
    TRUNDLE_CHANNEL_COUNT
};

enum { TRUNDLE_CELL_NONE = INT32_MIN };    /* the converter gave nothing for this cell */

/* One reading of all load cells, sensed at the same instant. Converter counts; gains and offsets are in the cart file. */
struct trundle_cell {
    uint8_t n;                             /* 1..TRUNDLE_CELLS_MAX */
    int32_t raw[TRUNDLE_CELLS_MAX];
};

/* Basket frame; gravity included (a cart at rest on level ground reads 0, 0, +9.81). NAN where there is no sensor. */
struct trundle_imu {
    float accel_ms2[3];
    float gyro_rads[3];
};

/* A masked camera picture: baseline JPEG. `jpeg` is borrowed. */
struct trundle_frame {
    const uint8_t *jpeg;
    size_t jpeg_bytes;
};

enum trundle_code_source { TRUNDLE_CODE_SCANNER = 0, TRUNDLE_CODE_CAMERA = 1, TRUNDLE_CODE_TYPED = 2 };

enum trundle_symbology {
    TRUNDLE_SYM_UNKNOWN = 0, TRUNDLE_SYM_EAN13 = 1, TRUNDLE_SYM_EAN8 = 2, TRUNDLE_SYM_UPCA = 3, TRUNDLE_SYM_UPCE = 4,
    TRUNDLE_SYM_DATABAR = 5, TRUNDLE_SYM_DATABAR_EXPANDED = 6, TRUNDLE_SYM_CODE128 = 7, TRUNDLE_SYM_QR = 8, TRUNDLE_SYM_OTHER = 9
};

/* What a scanner said, as it said it (GS1 separators kept); meaning is read by `scan`. */
struct trundle_code {
    enum trundle_code_source source;
    enum trundle_symbology symbology;
    uint16_t text_bytes;                   /* without the NUL; the text may hold control characters such as GS (0x1d) */
    char text[TRUNDLE_CODE_TEXT];
};

struct trundle_loc {
    double x_m, y_m;                       /* store frame */
    float  sd_m;
    char   zone[TRUNDLE_ZONE_TEXT];        /* planogram zone, may be empty */
};

enum trundle_touch_kind {
    TRUNDLE_TOUCH_ANSWER = 1,     /* to question `ref`: `product`, or option NOTHING / ELSE */
    TRUNDLE_TOUCH_WRONG = 2,      /* "that's wrong" on line `ref` */
    TRUNDLE_TOUCH_REMOVE = 3,     /* the shopper takes line `ref` off the list */
    TRUNDLE_TOUCH_COUNT_SET = 4,  /* line `ref` has `count` items */
    TRUNDLE_TOUCH_PLU = 5,        /* weigh flow: `product` is about to be put down */
    TRUNDLE_TOUCH_PLU_CANCEL = 6,
    TRUNDLE_TOUCH_PAY = 7,        /* freeze the total */
    TRUNDLE_TOUCH_RESUME = 8,     /* back to shopping */
    TRUNDLE_TOUCH_PAID = 9,       /* the till confirmed */
    TRUNDLE_TOUCH_HELP = 10,
    TRUNDLE_TOUCH_STAFF = 11,     /* staff mode on (`count` 1) or off (0) */
    TRUNDLE_TOUCH_MEMBER = 12     /* member prices on (`count` 1) or off (0) */
};

enum trundle_touch_option { TRUNDLE_OPTION_PRODUCT = 0, TRUNDLE_OPTION_NOTHING = 1, TRUNDLE_OPTION_ELSE = 2 };

struct trundle_touch {
    enum trundle_touch_kind kind;
    uint32_t ref;                          /* question or line id; 0 none */
    enum trundle_touch_option option;
    struct trundle_product product;
    int32_t count;
};

struct trundle_drop {
    enum trundle_channel channel;          /* the sensor is the message's `sensor` */
    uint32_t count;                        /* samples dropped since the last drop message of this sensor */
};

enum trundle_sense { TRUNDLE_SENSE_WEIGH = 1, TRUNDLE_SENSE_SEE = 2, TRUNDLE_SENSE_SCAN = 3 };

enum trundle_stage {
    TRUNDLE_STAGE_FIRST = 0,               /* an early report; the FINAL one carries the same id */
    TRUNDLE_STAGE_FINAL = 1
};

/* Faults a sense knows of, as bits. */
enum { TRUNDLE_FAULT_CELL_DEAD = 1, TRUNDLE_FAULT_CELL_STUCK = 2, TRUNDLE_FAULT_CELL_SATURATED = 4,
       TRUNDLE_FAULT_CAMERA_DARK = 8, TRUNDLE_FAULT_CAMERA_MOVED = 16, TRUNDLE_FAULT_FRAMES_LOST = 32 };

struct trundle_likelihood { struct trundle_product product; float llr; };
struct trundle_sample_ref { enum trundle_channel channel; uint8_t sensor; uint32_t first_sequence, last_sequence; };

/* What one sense saw happen, as log-likelihood ratios against "nothing happened": ln p(obs | X) - ln p(obs | nothing).
 * Product ratios are against the background of all products. Never a posterior: priors live in `fuse`, once. */
struct trundle_evidence {
    uint32_t id;                           /* per sense and sensor, from 1 */
    enum trundle_sense sense;
    uint8_t sensor;
    enum trundle_stage stage;
    int64_t t0_ns, t1_ns;                  /* first and last instant of what was seen */
    float llr_put, llr_take, llr_move, llr_bump;
    double mass_g, mass_sd_g;              /* signed: > 0 put, < 0 take; NAN when the sense has no mass */
    float position_m[3];                   /* basket frame; NAN when not known */
    float position_cov_m2[6];              /* xx xy xz yy yz zz */
    uint8_t products_n;
    struct trundle_likelihood products[TRUNDLE_EVIDENCE_PRODUCTS];  /* best first */
    float llr_unknown;                     /* of `?`: a product that the gallery does not hold */
    uint8_t refs_n;
    struct trundle_sample_ref refs[TRUNDLE_EVIDENCE_REFS];
    uint32_t faults;
};

enum trundle_event_kind { TRUNDLE_EVENT_NOTHING = 0, TRUNDLE_EVENT_PUT = 1, TRUNDLE_EVENT_TAKE = 2, TRUNDLE_EVENT_MOVE = 3 };

struct trundle_alternative { enum trundle_event_kind kind; struct trundle_product product; int32_t count; float p; };

/* What fuse believed about one event after the last message that touched it. */
struct trundle_belief {
    uint32_t event;
    uint8_t alternatives_n;
    struct trundle_alternative alternatives[TRUNDLE_BELIEF_MAX];   /* most probable first; p sums to <= 1 */
    float basket_p;                        /* of the most probable basket */
};

enum trundle_decision_kind {
    TRUNDLE_DECIDE_ADD = 1,                /* a line appears */
    TRUNDLE_DECIDE_CHANGE = 2,             /* a line gets another product, count or weight */
    TRUNDLE_DECIDE_REMOVE = 3,             /* a line goes */
    TRUNDLE_DECIDE_ASK = 4,                /* a question with options; never blocks */
    TRUNDLE_DECIDE_RESCAN = 5,             /* "please scan this one" */
    TRUNDLE_DECIDE_WITHDRAW = 6,           /* question `question` is settled */
    TRUNDLE_DECIDE_PHASE = 7,              /* `phase` changed */
    TRUNDLE_DECIDE_PRICE = 8,              /* promotions, member or price validity changed the totals; no line came or went */
    TRUNDLE_DECIDE_AUDIT = 9,              /* marks the trip for a look; never shown to the shopper */
    TRUNDLE_DECIDE_WEIGHING = 10           /* weigh flow: product picked (count 1) or ended (count 0) */
};

enum trundle_phase { TRUNDLE_PHASE_SHOPPING = 0, TRUNDLE_PHASE_PAYING = 1, TRUNDLE_PHASE_PAID = 2, TRUNDLE_PHASE_STAFF = 3 };

/* One decision, with what made it. Totals are those after the decision. */
struct trundle_decision {
    uint32_t id;                           /* from 1, no gaps */
    enum trundle_decision_kind kind;
    int64_t t_ns;                          /* log time of the message that made it */
    int64_t t_event_ns;                    /* when what it is about happened: of a put the release, of a take the crossing */
    uint32_t event, line, question;        /* 0 none */
    enum trundle_event_kind event_kind;
    struct trundle_product product;
    int32_t count;                         /* items; 1 for a line by weight */
    int64_t weight_mg;                     /* by weight: a whole number of scale intervals; else 0 */
    int64_t line_cents;                    /* price of the line, promotions of its own included */
    int64_t total_cents, savings_cents, tax_cents;
    enum trundle_phase phase;
    float p;                               /* probability of what the decision assumes */
    float cost, cost_next;                 /* expected cost of this action, and of the best other one (cost table units) */
    float mass_g, mass_sd_g;               /* of the event; NAN unknown */
    uint32_t code_sequence;                /* the /code message used; 0 none */
    uint8_t evidence_n;
    struct { enum trundle_sense sense; uint8_t sensor; uint32_t id; } evidence[TRUNDLE_DECISION_EVIDENCE];
    uint8_t options_n;
    struct trundle_alternative options[TRUNDLE_OPTIONS_MAX];
};

/* One message on one channel. */
struct trundle_message {
    enum trundle_channel channel;
    uint8_t sensor;                        /* which camera (the N of /cam/N), scale or scanner */
    int64_t sensed_ns;                     /* when it happened (MCAP publish_time) */
    int64_t log_ns;                        /* when the core consumed it; non-decreasing */
    uint32_t sequence;                     /* one counter for the whole trip, from 1; settles ties of log_ns */
    union {
        struct trundle_cell cell;
        struct trundle_imu imu;
        struct trundle_frame frame;
        struct trundle_code code;
        struct trundle_loc loc;
        struct trundle_touch touch;
        struct trundle_drop drop;
        struct trundle_evidence evidence;
        struct trundle_belief belief;
        struct trundle_decision decision;
        struct { const uint8_t *bytes; size_t bytes_n; } truth;   /* borrowed, protobuf trundle.v1.Truth */
    };
};

#ifdef __cplusplus
}
#endif
#endif
