/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * capture/trigger - what is worth keeping, as a small expression over what the cart decided.
 *
 *     struct trigger t;
 *     TRY(trigger_parse("decision and p < 0.8 or corrected", "policy.json: triggers[0].when", &t, err));
 *     if (trigger_fires(&t, &facts))
 *         keep();
 *
 *     expression = and-expression { "or" and-expression }
 *     and-expression = not-expression { "and" not-expression }
 *     not-expression = [ "not" ] ( "(" expression ")" | value [ ( "<" | "<=" | ">" | ">=" | "=" | "!=" ) value ] )
 *     value = number | name | "random" "(" number ")"
 *
 * A name is a fact (trigger_name). A value that stands alone is true when it is not 0. A fact that is not known (NAN) makes
 * every comparison with it, and itself alone, false; `not` of that is true. random(q) is true for a share q of decisions,
 * the same ones whenever the trip is driven again.
 *
 * A parsed trigger is a plain value. Nothing allocates or asks the time.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRIGGER_TEXT = 256, TRIGGER_OPS = 64, TRIGGER_DEPTH = 16 };

enum trigger_fact {
    /* numbers */
    TRIGGER_P,              /* of what the decision assumes; of a belief, of its best alternative */
    TRIGGER_SECOND,         /* of the second alternative of that event */
    TRIGGER_COST, TRIGGER_COST_NEXT,
    TRIGGER_COUNT, TRIGGER_WEIGHT_G, TRIGGER_MASS_G, TRIGGER_CENTS,
    /* what it is: exactly one is true, and `decision` with every kind but belief */
    TRIGGER_DECISION, TRIGGER_BELIEF, TRIGGER_ADD, TRIGGER_CHANGE, TRIGGER_REMOVE, TRIGGER_ASK, TRIGGER_RESCAN, TRIGGER_WITHDRAW, TRIGGER_PHASE,
    TRIGGER_PRICE, TRIGGER_AUDIT, TRIGGER_WEIGHING,
    /* around it */
    TRIGGER_CORRECTED,      /* the shopper said otherwise: wrong, removed, another count, another answer than the likeliest */
    TRIGGER_DISAGREE,       /* a code names one product, the cameras another */
    TRIGGER_CODE,           /* a code was read in the last seconds */
    TRIGGER_MOTION,         /* a camera saw something cross the mouth of the basket in the last seconds */
    TRIGGER_FAULT,          /* a sense reported a fault with it */
    TRIGGER_FACTS
};

struct trigger_facts {
    double   value[TRIGGER_FACTS];         /* NAN: not known; yes and no are 1 and 0 */
    uint64_t draw;                         /* of random(): a hash of trip and decision */
};

struct trigger_op { uint8_t code, fact; double number; };

struct trigger {
    char     text[TRIGGER_TEXT];
    uint32_t ops_n;
    struct trigger_op op[TRIGGER_OPS];     /* postfix */
};

/* BAD_INPUT: err->where is `where` with the column, err->hint what could stand there. TOO_LARGE: over the limits above. */
TRUNDLE_MUST_USE enum trundle_status trigger_parse(const char *text, const char *where, struct trigger *out, struct trundle_error *err);
bool trigger_fires(const struct trigger *t, const struct trigger_facts *facts);
/* The word for a fact; NULL beyond the last. */
const char *trigger_name(enum trigger_fact fact);
