/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * runtime/view - what the touchscreen shows (docs/touchscreen.md), made from the brain, its decisions and the health of the
 * devices. It decides nothing, and knows no person.
 *
 *     view_init(&v, session);
 *     view_decision(&v, &message.decision);        // each one that was acknowledged
 *     TRY(view_print(&v, &json));                  // the state; v.seq has grown
 *
 * A plain value; the session is borrowed. One thread.
 */
#pragma once

#include "cart/runtime/session.h"

enum { VIEW_TOGETHER = 8 };

struct view {
    const struct session *session;
    uint64_t seq;
    /* the last thing that happened */
    char     kind[20];                       /* empty: nothing yet */
    uint32_t lines[VIEW_TOGETHER], lines_n;
    int64_t  t_ns, savings_cents;
    struct basket_line removed;              /* of which the basket knows no more */
    bool     is_removed;
    /* by-weight flow */
    struct trundle_product weighing;
    uint32_t weighed_line;
    int64_t  weighed_ns;
    double   weigh_start_g;
    bool     help;
    /* devices, set by their owner; simulated ones are fine */
    bool scanner_silent, camera_gone[TRUNDLE_CAMERAS_MAX], scale_gone, network_none;
    int  battery_pct;                        /* -1: not known */
    const char *token;                       /* payment token, borrowed; NULL none */
};

void view_init(struct view *v, const struct session *session);
void view_decision(struct view *v, const struct trundle_decision *d);
void view_touch(struct view *v, const struct trundle_touch *t);
/* Replaces the content of out. */
TRUNDLE_MUST_USE enum trundle_status view_print(struct view *v, struct bytes *out);
/* A short digest of what may change between decisions (weighing, health): publish again when it differs. */
uint64_t view_digest(const struct view *v);
/* {"items":[...]}: produce when query is empty, else up to 12 products whose name, PLU or GTIN has it. Appends. */
TRUNDLE_MUST_USE enum trundle_status view_find(const struct session *session, const char *query, struct bytes *out);
