/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* judge/coco, mot, curve and sim/rle: small cases by hand, each bent until its figure says no, and the reference numbers. */
#include "base/std/json.h"
#include "base/std/rng.h"
#include "lab/judge/coco.h"
#include "lab/judge/curve.h"
#include "lab/judge/mot.h"
#include "lab/sim/rle.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two pictures, two classes, three true boxes; what is found is all of it. */
struct scene { struct coco_box truth[8], found[8]; struct coco_set set; int64_t image[2]; struct coco_category category[2]; };

static struct coco_box box_of(size_t image, size_t category, double x, double side, double score)
{
    return (struct coco_box){ .image = image, .category = category, .x = x, .y = 10, .w = side, .h = side, .area = side * side, .score = score };
}

static void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    s->image[0] = 1;
    s->image[1] = 2;
    s->category[0].id = 1;
    s->category[1].id = 2;
    s->truth[0] = box_of(0, 0, 10, 50, 0);
    s->truth[1] = box_of(0, 0, 100, 20, 0);
    s->truth[2] = box_of(1, 1, 50, 100, 0);
    for (int i = 0; i < 3; i++) {
        s->found[i] = s->truth[i];
        s->found[i].score = 0.9 - 0.1 * i;
    }
    s->set = (struct coco_set){ .image = s->image, .images_n = 2, .category = s->category, .categories_n = 2, .truth = s->truth, .found = s->found, .truth_n = 3, .found_n = 3 };
}

static double coco_of(const struct scene *s, enum coco_figure figure)
{
    struct coco_figures f;
    struct trundle_error err = { 0 };
    double x;

    support_ok(coco_score(&s->set, &f, &err), &err);
    x = f.figure[figure];
    coco_figures_done(&f);
    return x;
}

static void found_boxes_have_full_marks(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s);
    for (int k = 0; k < COCO_FIGURE_COUNT; k++)
        if (k != COCO_AR1)
            assert_near(coco_of(&s, (enum coco_figure)k), 1, 1e-9);
    assert_near(coco_of(&s, COCO_AR1), 0.75, 1e-9);        /* one box a picture: half of class 1, all of class 2 */
}

static void bent_boxes_cost_marks(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s);
    s.set.found_n = 2;                                     /* dropped: class 2 has nothing */
    assert_near(coco_of(&s, COCO_AP), 0.5, 1e-9);
    assert_near(coco_of(&s, COCO_APl), 0, 1e-9);
    scene_init(&s);
    s.found[1].category = 1;                               /* swapped class: half of class 1, 51 of 101 points; class 2 has a miss above its hit */
    assert_near(coco_of(&s, COCO_AR100), 0.75, 1e-9);
    assert_near(coco_of(&s, COCO_AP50), (51.0 / 101 + 0.5) / 2, 1e-9);
    scene_init(&s);
    s.found[3] = box_of(0, 0, 300, 40, 0.95);              /* added, and surest: precision 1/2, 2/3 after it */
    s.set.found_n = 4;
    assert_near(coco_of(&s, COCO_AP50), (2.0 / 3 + 1) / 2, 1e-9);
    assert_near(coco_of(&s, COCO_AR100), 1, 1e-9);
    scene_init(&s);
    s.found[2].x += 20;                                    /* shifted: overlap 80 / 120 is 2/3, four of ten thresholds */
    assert_near(coco_of(&s, COCO_AP), (1 + 0.4) / 2, 1e-9);
    assert_near(coco_of(&s, COCO_AP75), 0.5, 1e-9);
    scene_init(&s);
    s.found[3] = s.found[0];                               /* the same thing twice: once is enough */
    s.found[3].score = 0.85;
    s.set.found_n = 4;
    assert_near(coco_of(&s, COCO_AP50), ((51 + 50 * 2.0 / 3) / 101 + 1) / 2, 1e-9);
    scene_init(&s);
    s.found[3] = s.found[2];                               /* the surer one chooses first, wherever it stands: overlap 2/3 at 0.9, all of it at 0.7 */
    s.found[3].x += 20;
    s.found[3].score = 0.9;
    s.set.found_n = 4;
    assert_near(coco_of(&s, COCO_AP50), 1, 1e-9);
    assert_near(coco_of(&s, COCO_AP75), (1 + 0.5) / 2, 1e-9);
    scene_init(&s);
    s.found[2].image = 0;                                  /* in another picture */
    assert_near(coco_of(&s, COCO_AR100), 0.5, 1e-9);
}

/* Found: one of two. The other is ignored, as the file says. */
static void a_file_says_what_is_ignored(void **state)
{
    static const char found[] = "[{\"image_id\":1,\"category_id\":1,\"bbox\":[1,2,30,40],\"score\":0.5}]";

    (void)state;
    for (int ignore = 0; ignore < 3; ignore++) {
        struct coco_set set = { 0 };
        struct coco_figures f;
        struct trundle_error err = { 0 };
        char truth[600];
        int n = snprintf(truth, sizeof truth, "{\"images\":[{\"id\":1}],\"categories\":[{\"id\":1}],\"annotations\":["
                         "{\"image_id\":1,\"category_id\":1,\"bbox\":[1,2,30,40],\"area\":1200},"
                         "{\"image_id\":1,\"category_id\":1,\"bbox\":[60,60,8,8],\"area\":64,\"iscrowd\":0,\"ignore\":%d}]}", ignore);

        if (ignore == 2) {
            assert_int_equal(coco_parse_truth(truth, (size_t)n, "gt", &set, &err), TRUNDLE_BAD_INPUT);
            assert_non_null(strstr(err.where, "ignore"));
            continue;
        }
        support_ok(coco_parse_truth(truth, (size_t)n, "gt", &set, &err), &err);
        support_ok(coco_parse_found(found, sizeof found - 1, "dt", &set, &err), &err);
        support_ok(coco_score(&set, &f, &err), &err);
        assert_near(f.figure[COCO_AR100], ignore ? 1 : .5, 1e-12);
        coco_figures_done(&f);
        coco_set_done(&set);
    }
}

static void crowds_and_ignored_boxes_neither_help_nor_hurt(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s);
    s.truth[2].crowd = true;                               /* class 2 has nothing that counts */
    s.found[3] = box_of(1, 1, 60, 30, 0.99);               /* within the crowd, twice */
    s.found[4] = box_of(1, 1, 90, 30, 0.98);
    s.set.found_n = 5;
    assert_near(coco_of(&s, COCO_AP), 1, 1e-9);
    assert_true(isnan(coco_of(&s, COCO_APl)));
    s.truth[3] = box_of(1, 1, 400, 60, 0);                 /* now it has, and the two in the crowd still cost nothing */
    s.found[5] = s.truth[3];
    s.found[5].score = 0.1;
    s.set.truth_n = 4;
    s.set.found_n = 6;
    assert_near(coco_of(&s, COCO_AP), 1, 1e-9);
    s.truth[2].crowd = false;
    s.truth[2].ignore = true;                              /* no crowd takes but one */
    assert_true(coco_of(&s, COCO_AP) < 0.9);
}

static void at_most_a_hundred_boxes_count(void **state)
{
    struct scene s;
    struct coco_box many[128];

    (void)state;
    scene_init(&s);
    for (int i = 0; i < 101; i++)
        many[i] = box_of(1, 1, 500, 10, 0.9);
    many[100] = s.found[2];
    many[100].score = 0.5;                                 /* the right one is the 101st */
    s.set.found = many;
    s.set.found_n = 101;
    s.set.truth = s.truth + 2;
    s.set.truth_n = 1;
    assert_near(coco_of(&s, COCO_AR100), 0, 1e-9);
    many[99] = many[100];
    assert_near(coco_of(&s, COCO_AR100), 1, 1e-9);
    assert_near(coco_of(&s, COCO_AR10), 0, 1e-9);
    assert_near(coco_of(&s, COCO_AP), 1.0 / 100, 1e-9);
}

static struct coco_set read_set(const char *truth, const char *found)
{
    struct coco_set set = { 0 };
    struct trundle_error err = { 0 };

    support_ok(coco_parse_truth(truth, strlen(truth), "gt.json", &set, &err), &err);
    support_ok(coco_parse_found(found, strlen(found), "dt.json", &set, &err), &err);
    return set;
}

#define HEAD "{\"images\":[{\"id\":7},{\"id\":3}],\"categories\":[{\"id\":1,\"name\":\"tin\"}],\"annotations\":"

static void coco_files_are_read(void **state)
{
    struct coco_set set = read_set(HEAD "[{\"id\":1,\"image_id\":7,\"category_id\":1,\"bbox\":[1,2,3,4],\"area\":11,\"iscrowd\":1,\"more\":[]}]}",
                                   "[{\"image_id\":3,\"category_id\":1,\"bbox\":[1,2,3,4.5],\"score\":0.25}]");

    (void)state;
    assert_int_equal(set.images_n, 2);
    assert_int_equal(set.image[0], 3);
    assert_string_equal(set.category[0].name, "tin");
    assert_true(set.truth[0].crowd && set.truth[0].image == 1);
    assert_near(set.truth[0].area, 11, 0);
    assert_near(set.found[0].area, 13.5, 0);
    assert_int_equal(set.found[0].image, 0);
    coco_set_done(&set);
}

static void bad_coco_files_are_refused(void **state)
{
    static const struct { const char *text, *where, *what; } truths[] = {
        { "{", "gt.json, line 1", "not JSON" },
        { "[]", "gt.json", "not an object" },
        { "{\"images\":[{\"id\":1},{\"id\":1}],\"categories\":[{\"id\":1}],\"annotations\":[]}", "images", "id 1 comes twice" },
        { "{\"images\":[{\"id\":1}],\"annotations\":[]}", "categories", "" },
        { HEAD "[{\"image_id\":4,\"category_id\":1,\"bbox\":[1,2,3,4],\"area\":1}]}", "annotations[0]", "image_id 4 is of no image" },
        { HEAD "[{\"image_id\":7,\"category_id\":9,\"bbox\":[1,2,3,4],\"area\":1}]}", "annotations[0]", "category_id 9" },
        { HEAD "[{\"image_id\":7,\"category_id\":1,\"bbox\":[1,2,-3,4],\"area\":1}]}", "annotations[0]", "no box" },
        { HEAD "[{\"image_id\":7,\"category_id\":1,\"bbox\":[1,2,3],\"area\":1}]}", "annotations[0]", "" },
        { HEAD "[{\"image_id\":7,\"category_id\":1,\"bbox\":[1,2,3,4]}]}", "annotations[0]", "" },
        { HEAD "[{\"image_id\":7,\"category_id\":1,\"bbox\":[1,2,3,4],\"area\":1,\"iscrowd\":2}]}", "annotations[0]", "" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(truths); i++) {
        struct coco_set set = { 0 };
        struct trundle_error err = { 0 };

        assert_int_equal(coco_parse_truth(truths[i].text, strlen(truths[i].text), "gt.json", &set, &err), TRUNDLE_BAD_INPUT);
        if (!strstr(err.where, truths[i].where) || !strstr(err.what, truths[i].what))
            fail_msg("case %zu: %s: %s", i, err.where, err.what);
        assert_true(*err.hint && !set.image);
    }
}

/* Two things over ten frames, followed perfectly. */
static void two_tracks(struct mot_tracks *t)
{
    struct trundle_error err = { 0 };

    for (int frame = 1; frame <= 10; frame++)
        for (int id = 1; id <= 2; id++)
            support_ok(mot_add(t, &(struct mot_box){ .frame = frame, .id = id, .x = 100 * id + frame, .y = 50, .w = 40, .h = 40 }, &err), &err);
}

static struct mot_figures mot_of(const struct mot_tracks *truth, const struct mot_tracks *found)
{
    struct mot_figures f;
    struct trundle_error err = { 0 };

    support_ok(mot_score(truth, found, &f, &err), &err);
    return f;
}

static void followed_tracks_have_full_marks(void **state)
{
    static const enum mot_figure full[] = { MOT_HOTA, MOT_DetA, MOT_AssA, MOT_LocA, MOT_MOTA, MOT_MOTP, MOT_IDF1 };
    struct mot_tracks truth = { 0 }, found = { 0 };
    struct mot_figures f;

    (void)state;
    two_tracks(&truth);
    two_tracks(&found);
    for (size_t i = 0; i < found.n; i++)
        found.box[i].id += 40;                             /* names do not matter */
    f = mot_of(&truth, &found);
    for (size_t i = 0; i < COUNT_OF(full); i++)
        assert_near(f.figure[full[i]], 1, 1e-12);
    assert_near(f.figure[MOT_IDSW], 0, 0);
    assert_near(f.figure[MOT_MT], 2, 0);
    mot_tracks_done(&truth);
    mot_tracks_done(&found);
}

static void bent_tracks_cost_marks(void **state)
{
    struct mot_tracks truth = { 0 }, found = { 0 };
    struct mot_figures f;

    (void)state;
    two_tracks(&truth);
    two_tracks(&found);
    found.n--;                                             /* dropped: one of 20 */
    f = mot_of(&truth, &found);
    assert_near(f.figure[MOT_MOTA], 0.95, 1e-12);
    assert_near(f.figure[MOT_DetA], 0.95, 1e-12);
    assert_near(f.figure[MOT_IDF1], 19 / 19.5, 1e-12);
    found.n = 0;
    two_tracks(&found);
    for (size_t i = 0; i < found.n; i++)                   /* ids swapped after half of it */
        if (found.box[i].frame > 5)
            found.box[i].id = 3 - found.box[i].id;
    f = mot_of(&truth, &found);
    assert_near(f.figure[MOT_IDSW], 2, 0);
    assert_near(f.figure[MOT_DetA], 1, 1e-12);
    assert_near(f.figure[MOT_AssA], 5.0 / 15, 1e-12);      /* each pair: 5 frames together of 10 + 10 - 5 */
    assert_near(f.figure[MOT_HOTA], sqrt(5.0 / 15), 1e-12);
    assert_near(f.figure[MOT_IDF1], 0.5, 1e-12);
    assert_near(f.figure[MOT_MOTA], 0.9, 1e-12);
    found.n = 0;
    two_tracks(&found);
    for (size_t i = 0; i < found.n; i++)                   /* shifted by half a box: an overlap of 1/3 */
        found.box[i].y += 20;
    f = mot_of(&truth, &found);
    assert_near(f.figure[MOT_CLR_TP], 0, 0);
    assert_near(f.figure[MOT_DetA], 6.0 / 19, 1e-12);      /* at .05 to .30 */
    assert_near(f.figure[MOT_MOTA], -1, 1e-12);
    assert_near(f.figure[MOT_IDF1], 0, 1e-12);
    found.n = 0;
    two_tracks(&found);
    for (size_t i = 0; i < found.n; i++)                   /* who follows a thing goes on, though another fits better: no switch */
        if (found.box[i].frame > 1)
            found.box[i].y += 8;
    for (int frame = 2; frame <= 10; frame++)
        support_ok(mot_add(&found, &(struct mot_box){ .frame = frame, .id = 9, .x = 100 + frame, .y = 50, .w = 40, .h = 40 }, NULL), NULL);
    f = mot_of(&truth, &found);
    assert_near(f.figure[MOT_IDSW], 0, 0);
    assert_near(f.figure[MOT_CLR_FP], 9, 0);
    found.n = 0;
    two_tracks(&found);
    for (size_t i = 0; i < found.n; i++)                   /* lost for a while */
        if (found.box[i].id == 1 && found.box[i].frame >= 4 && found.box[i].frame <= 6)
            found.box[i].x += 1000;
    f = mot_of(&truth, &found);
    assert_near(f.figure[MOT_Frag], 1, 0);
    assert_near(f.figure[MOT_IDSW], 0, 0);
    assert_near(f.figure[MOT_CLR_FP], 3, 0);
    mot_tracks_done(&truth);
    mot_tracks_done(&found);
}

static double best_total(const double *gain, size_t n, size_t m, size_t row, unsigned used)
{
    double best;

    if (row == n)
        return 0;
    best = best_total(gain, n, m, row + 1, used);
    for (size_t j = 0; j < m; j++)
        if (!(used >> j & 1))
            best = fmax(best, gain[row * m + j] + best_total(gain, n, m, row + 1, used | 1u << j));
    return best;
}

static void assignments_are_the_best(void **state)
{
    struct rng r = rng_seed(support_seed(), "judge/assign");

    (void)state;
    for (int round = 0; round < 500; round++) {
        size_t n = 1 + rng_below(&r, 5), m = 1 + rng_below(&r, 6), column[8];
        double gain[48], total = 0;
        unsigned used = 0;

        for (size_t i = 0; i < n * m; i++)
            gain[i] = rng_below(&r, 3) ? rng_unit(&r) : (double)rng_below(&r, 2);
        support_ok(mot_assign(n, m, gain, column), NULL);
        for (size_t i = 0; i < n; i++) {
            if (column[i] == SIZE_MAX)
                continue;
            assert_true(column[i] < m && !(used >> column[i] & 1));
            used |= 1u << column[i];
            total += gain[i * m + column[i]];
        }
        assert_near(total, best_total(gain, n, m, 0, 0), 1e-9);
    }
}

static void mot_files_are_read_or_refused(void **state)
{
    static const struct { const char *text, *where, *what; } bad[] = {
        { "1,1,0,0,5\n", "t.txt, line 1", "5 fields" }, { "1,1,0,0,5,5,1\n1,2,0,0,x,5,1\n", "t.txt, line 2", "field 5, w" },
        { "0,1,0,0,5,5\n", "line 1", "frame 0" }, { "1,1.5,0,0,5,5\n", "line 1", "id 1.5" }, { "1,1,0,0,-5,5\n", "line 1", "no box" },
        { "1,1,nan,0,5,5\n", "line 1", "field 3, x" }, { "1,1,0,0,5,5\n2,1,0,0,5,5\n1,1,3,3,5,5\n", "t.txt", "line 3: id 1 is in frame 1 already, line 1" },
        { "1,1,0,0,5,5,1,1,1,1,1,1,1\n", "line 1", "more than 12" }, { "1,1,0,0,5,1e999\n", "line 1", "field 6" } };
    const char *good = "1,7,0,0,5,5,1,-1,-1,-1\r\n\n2,7,1.5,0,5,5,0,-1,-1,-1\n2,8,-1,0,5,5\n";
    struct mot_tracks t = { 0 };
    struct trundle_error err = { 0 };

    (void)state;
    support_ok(mot_parse(good, strlen(good), "t.txt", &t, &err), &err);
    assert_int_equal(t.n, 2);                              /* confidence 0 is left out */
    assert_int_equal(t.box[1].id, 8);
    mot_tracks_done(&t);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err = (struct trundle_error){ 0 };
        assert_int_equal(mot_parse(bad[i].text, strlen(bad[i].text), "t.txt", &t, &err), TRUNDLE_BAD_INPUT);
        if (!strstr(err.where, bad[i].where) || !strstr(err.what, bad[i].what))
            fail_msg("case %zu: %s: %s", i, err.where, err.what);
        assert_null(t.box);
    }
}

static void masks_go_there_and_back(void **state)
{
    static const uint8_t rows[30] = { 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    struct rng r = rng_seed(support_seed(), "judge/rle");
    struct rle mask = { 0 }, back;
    struct bytes text = { 0 };
    struct trundle_error err = { 0 };
    double box[4];

    (void)state;
    support_ok(rle_encode(&mask, rows, 5, 6), NULL);       /* the reference's own example */
    support_ok(rle_print(&mask, &text), NULL);
    assert_int_equal(text.n, 6);
    assert_memory_equal(text.data, "7330:N", 6);
    assert_int_equal(rle_area(&mask), 7);
    rle_box(&mask, box);
    assert_near(box[0] + 10 * box[1] + 100 * box[2] + 1000 * box[3], 1 + 10 + 400 + 5000, 0);
    bytes_done(&text);
    for (int round = 0; round < 300; round++) {
        uint8_t a[400], b[400], again[400];
        uint32_t w = 1 + rng_below(&r, 20), h = 1 + rng_below(&r, 20), run = 1 + rng_below(&r, 40);
        struct rle other = { 0 };
        size_t both = 0, either = 0, in_a = 0;
        uint32_t x0 = w, x1 = 0, y0 = h, y1 = 0;

        for (uint32_t i = 0; i < w * h; i++) {
            a[i] = rng_below(&r, run) ? i && a[i - 1] : (uint8_t)rng_below(&r, 2);
            b[i] = (uint8_t)rng_below(&r, 2);
            both += a[i] && b[i];
            either += a[i] || b[i];
            in_a += a[i];
            if (a[i]) {
                x0 = i % w < x0 ? i % w : x0;
                x1 = i % w > x1 ? i % w : x1;
                y0 = i / w < y0 ? i / w : y0;
                y1 = i / w;
            }
        }
        support_ok(rle_encode(&mask, a, w, h), NULL);
        support_ok(rle_encode(&other, b, w, h), NULL);
        support_ok(rle_print(&mask, &text), NULL);
        support_ok(rle_parse((const char *)text.data, text.n, w, h, &back, &err), &err);
        rle_decode(&back, again);
        assert_memory_equal(a, again, w * h);
        assert_int_equal(rle_area(&back), in_a);
        rle_box(&back, box);
        assert_true(in_a ? box[0] == x0 && box[1] == y0 && box[2] == x1 - x0 + 1 && box[3] == y1 - y0 + 1 : box[2] == 0 && box[3] == 0);
        assert_near(rle_iou(&mask, &other, false), either ? (double)both / (double)either : 0, 1e-12);
        assert_near(rle_iou(&mask, &other, true), in_a ? (double)both / (double)in_a : 0, 1e-12);
        assert_int_equal(rle_parse((const char *)text.data, text.n, w, h + 1, &back, &err) == TRUNDLE_OK, false);
        rle_done(&back);
        rle_done(&other);
        bytes_done(&text);
    }
    rle_done(&mask);
    assert_int_equal(rle_parse("7330:N\x7f", 7, 5, 6, &back, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(rle_parse("oooooooooo", 10, 5, 6, &back, &err), TRUNDLE_BAD_INPUT);
}

static void probabilities_are_judged(void **state)
{
    static const double p[5] = { .25, .25, .55, .75, .75 }, score[6] = { .1, .4, .35, .8, .35, .9 };
    static const bool right[5] = { false, false, true, true, true }, known[6] = { false, false, true, true, false, true };
    double x, y;

    (void)state;
    support_ok(curve_ece(p, right, 5, 2, CURVE_EQUAL_WIDTH, &x), NULL);
    assert_near(x, .29, 1e-12);                            /* the reference */
    support_ok(curve_ece(p, right, 5, 5, CURVE_EQUAL_MASS, &x), NULL);
    assert_near(x, (.25 + .25 + .45 + .25 + .25) / 5, 1e-12);
    support_ok(curve_ece(p, (const bool[5]){ true, false, true, true, true }, 5, 2, CURVE_EQUAL_WIDTH, &y), NULL);
    assert_near(y, .1 + .19, 1e-12);                       /* |.5 - .25| 2/5 + .19 */
    for (int i = 0; i < 2; i++) {                          /* equal p, two bins: which of them are in which does not matter */
        support_ok(curve_ece((const double[4]){ .5, .5, .5, .5 }, i ? (const bool[4]){ true, true, false, false } : (const bool[4]){ true, false, true, false }, 4, 2,
                             CURVE_EQUAL_MASS, &x), NULL);
        assert_near(x, 0, 1e-12);
    }
    support_ok(curve_auroc(score, known, 6, &x), NULL);
    assert_near(x, (1 + 0.5 + 3 + 3) / 9, 1e-12);          /* .35 is above .1, ties once, below .4 */
    support_ok(curve_auroc(score, (const bool[6]){ 0 }, 6, &x), NULL);
    assert_true(isnan(x));
    assert_true(curve_top(score, 6, 5, 1) && !curve_top(score, 6, 3, 1) && curve_top(score, 6, 3, 2) && !curve_top(score, 6, 2, 3));
}

static void figures_equal_the_reference(void **state)
{
    struct bytes a = { 0 }, b = { 0 };
    struct coco_set set = { 0 };
    struct coco_figures coco;
    struct mot_tracks truth = { 0 }, found = { 0 };
    struct mot_figures mot;
    struct trundle_error err = { 0 };
    json_t *root = NULL, *wanted;

    (void)state;
    support_ok(json_parse_file(support_data("../vectors/expected.json"), &root, &err), &err);
    wanted = json_object_get(root, "coco_bbox");
    support_ok(file_read(support_data("../vectors/coco_gt.json"), 1 << 24, &a, &err), &err);
    support_ok(file_read(support_data("../vectors/coco_dt.json"), 1 << 24, &b, &err), &err);
    support_ok(coco_parse_truth(a.data, a.n, "coco_gt.json", &set, &err), &err);
    support_ok(coco_parse_found(b.data, b.n, "coco_dt.json", &set, &err), &err);
    support_ok(coco_score(&set, &coco, &err), &err);
    for (int k = 0; k < COCO_FIGURE_COUNT; k++)
        assert_near(coco.figure[k], json_number_value(json_object_get(wanted, coco_figure_names[k])), 1e-6);
    for (size_t c = 0; c < coco.classes_n; c++) {
        char id[24];

        (void)snprintf(id, sizeof id, "%lld", (long long)set.category[c].id);
        assert_near(coco.class_ap[c], json_number_value(json_object_get(json_object_get(wanted, "per_class_AP"), id)), 1e-6);
    }
    coco_figures_done(&coco);
    coco_set_done(&set);
    bytes_done(&a);
    bytes_done(&b);
    wanted = json_object_get(json_object_get(root, "trackeval"), "synthetic_mot");
    support_ok(file_read(support_data("../vectors/mot_gt.txt"), 1 << 24, &a, &err), &err);
    support_ok(file_read(support_data("../vectors/mot_test.txt"), 1 << 24, &b, &err), &err);
    support_ok(mot_parse(a.data, a.n, "mot_gt.txt", &truth, &err), &err);
    support_ok(mot_parse(b.data, b.n, "mot_test.txt", &found, &err), &err);
    mot = mot_of(&truth, &found);
    for (int k = 0; k < MOT_FIGURE_COUNT; k++) {
        json_t *value = json_object_get(wanted, k == MOT_HOTA0 ? "HOTA(0)" : mot_figure_names[k]);

        assert_non_null(value);
        assert_near(mot.figure[k], json_number_value(value), 1e-6);
    }
    mot_tracks_done(&truth);
    mot_tracks_done(&found);
    bytes_done(&a);
    bytes_done(&b);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_boxes_have_full_marks), cmocka_unit_test(bent_boxes_cost_marks), cmocka_unit_test(crowds_and_ignored_boxes_neither_help_nor_hurt), cmocka_unit_test(a_file_says_what_is_ignored),
        cmocka_unit_test(at_most_a_hundred_boxes_count), cmocka_unit_test(coco_files_are_read), cmocka_unit_test(bad_coco_files_are_refused),
        cmocka_unit_test(followed_tracks_have_full_marks), cmocka_unit_test(bent_tracks_cost_marks), cmocka_unit_test(assignments_are_the_best),
        cmocka_unit_test(mot_files_are_read_or_refused), cmocka_unit_test(masks_go_there_and_back), cmocka_unit_test(probabilities_are_judged),
        cmocka_unit_test(figures_equal_the_reference) };

    return support_run(tests);
}
