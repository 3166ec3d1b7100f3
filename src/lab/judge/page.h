/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * judge/page - a report as one self-contained HTML page: figures, slices, look-alikes, the worst moments with their pictures.
 *
 *     TRY(judge_page_new(&page, err));
 *     config.notes = true; config.each = ...judge_page_add(page, result)...
 *     TRY(judge_page_json(page, &report, &about, &json));
 *     TRY(judge_page_html(&json, &html));
 *     judge_page_free(page);
 *
 * All that the page shows is in the JSON, which stands in it as data; web/report holds the page itself. Nothing in it is fetched from
 * anywhere, and no text from a trip or a catalog is ever markup. Bounds below keep it to a few megabytes. No I/O here.
 */
#pragma once

#include "lab/judge/judge.h"

enum { JUDGE_PAGE_MOMENTS = 24, JUDGE_PAGE_PAIRS = 24, JUDGE_PAGE_TRIPS = 12, JUDGE_PAGE_PICTURE_BYTES = 4 << 20 };

struct judge_page;

/* All borrowed; NULL: not said. */
struct judge_page_about {
    const char *command, *system, *build, *made;   /* what was typed; which cart; version; a date */
    const char *suite;                             /* trips were made for it, so that they are made again to be looked at */
};

TRUNDLE_MUST_USE enum trundle_status judge_page_new(struct judge_page **out, struct trundle_error *err);
/* Takes what the page needs of one trip. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status judge_page_add(struct judge_page *page, const struct judge_result *result);
/* Appends. NO_MEMORY. */
TRUNDLE_MUST_USE enum trundle_status judge_page_json(const struct judge_page *page, const struct judge_report *report, const struct judge_page_about *about,
                                                     struct bytes *out);
TRUNDLE_MUST_USE enum trundle_status judge_page_html(const struct bytes *json, struct bytes *out);
void judge_page_free(struct judge_page *page);
