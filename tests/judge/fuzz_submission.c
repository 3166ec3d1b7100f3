/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a submission: refused with an error, or events that can be scored. */
#include "lab/judge/submission.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct judge_submission *s = NULL;
    struct trundle_error err;

    if (judge_submission_parse(data, n, "fuzz", &s, &err) != TRUNDLE_OK)
        return s || !err.where[0] || !err.what[0] ? abort(), 0 : 0;
    for (size_t i = 0; i < judge_submission_trips(s); i++) {
        struct judge_prediction p = { .events_n = 0 };
        struct judge_truth truth = { .e_g = 5 };
        struct judge_tally tally;

        if (judge_submission_of(s, judge_submission_trip(s, i, NULL), &p, &err) != TRUNDLE_OK || p.items_n + p.removals_n > p.events_n)
            abort();
        if (judge_score(&truth, &p, NULL, &tally, NULL, &err) != TRUNDLE_OK)
            abort();
        judge_tally_done(&tally);
        judge_prediction_done(&p);
    }
    judge_submission_free(s);
    return 0;
}
