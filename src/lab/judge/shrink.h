/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/shrink - what a trip's flags and bill say about the scenarios that were played in it. Called by judge_score; not for other rooms.
 *
 * A flag is a re-scan prompt or an audit mark before the till confirmed. It is about a scenario when its event time is within
 * 1 s of one of the scenario's events (of the scenario's time where it names none); an audit that names no event is about the
 * whole trip. What is unpaid is what the bill lacks of the scenario's products, at most its value.
 */
#pragma once

#include "lab/judge/score.h"

struct judge_unpaid { struct trundle_product product; double cents; };

/* Adds the keys of scenarios and false alarms to the whole and to its slices (NULL: none). `worth`: the true basket, cents. */
void judge_score_shrink(const struct judge_truth *truth, const struct judge_prediction *prediction, const struct judge_unpaid *unpaid, size_t unpaid_n,
                        double worth, struct judge_tally *whole, struct judge_tally *slices);
