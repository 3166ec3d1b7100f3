/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a COCO truth, as results, as a mask: refused with an error, or something that can be scored. */
#include "lab/judge/coco.h"
#include "lab/sim/rle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void score(const struct coco_set *set)
{
    struct coco_figures f;
    struct trundle_error err;

    if (coco_score(set, &f, &err) != TRUNDLE_OK)
        abort();
    for (int k = 0; k < COCO_FIGURE_COUNT; k++)
        if (isfinite(f.figure[k]) && (f.figure[k] < 0 || f.figure[k] > 1 + 1e-9))
            abort();
    coco_figures_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char truth[] = "{\"images\":[{\"id\":1}],\"categories\":[{\"id\":1}],\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":[1,2,30,40],\"area\":1200}]}";
    static const char found[] = "[{\"image_id\":1,\"category_id\":1,\"bbox\":[1,2,30,40],\"score\":0.5}]";
    struct coco_set set = { 0 };
    struct rle mask;
    struct trundle_error err = { 0 };

    if (coco_parse_truth(data, n, "fuzz", &set, &err) == TRUNDLE_OK) {
        if (coco_parse_found(found, strlen(found), "found", &set, &err) == TRUNDLE_OK)
            score(&set);
        coco_set_done(&set);
    } else if (set.image || !err.where[0] || !err.what[0]) {
        abort();
    }
    if (coco_parse_truth(truth, strlen(truth), "truth", &set, &err) != TRUNDLE_OK)
        abort();
    if (coco_parse_found(data, n, "fuzz", &set, &err) == TRUNDLE_OK)
        score(&set);
    coco_set_done(&set);
    if (rle_parse((const char *)data, n, 5, 6, &mask, &err) == TRUNDLE_OK) {
        uint8_t rows[30];
        size_t inside = 0;

        rle_decode(&mask, rows);
        for (size_t i = 0; i < sizeof rows; i++)
            inside += rows[i];
        if (inside != rle_area(&mask))
            abort();
        rle_done(&mask);
    }
    return 0;
}
