/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle eval coco | mot: figures of boxes and tracks in files. */
#include "cmd/lab/eval_boxes.h"

#include "base/std/bytes.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/judge/coco.h"
#include "lab/judge/mot.h"

#include <math.h>
#include <stdlib.h>

enum { FILE_BYTES = 256 << 20 };

static void number(double x, const char *after)
{
    if (isfinite(x))
        printf("%.12g%s", x, after);
    else
        printf("null%s", after);
}

static void show_coco(const struct coco_set *set, const struct coco_figures *f, bool json)
{
    if (json) {
        printf("{\"images\":%zu,\"truth\":%zu,\"found\":%zu", set->images_n, set->truth_n, set->found_n);
        for (int i = 0; i < COCO_FIGURE_COUNT; i++) {
            printf(",\"%s\":", coco_figure_names[i]);
            number(f->figure[i], "");
        }
        printf(",\"per_class_AP\":{");
        for (size_t c = 0; c < f->classes_n; c++) {
            printf("%s\"%lld\":", c ? "," : "", (long long)set->category[c].id);
            number(f->class_ap[c], "");
        }
        puts("}}");
        return;
    }
    printf("%zu pictures, %zu true and %zu found boxes\n", set->images_n, set->truth_n, set->found_n);
    for (int i = 0; i < COCO_FIGURE_COUNT; i++)
        printf("  %-8s %.4f\n", coco_figure_names[i], f->figure[i]);
    for (size_t c = 0; c < f->classes_n; c++)
        printf("  AP of class %lld %s %.4f\n", (long long)set->category[c].id, set->category[c].name, f->class_ap[c]);
}

static void show_mot(const struct mot_tracks *truth, const struct mot_tracks *found, const struct mot_figures *f, bool json)
{
    if (json) {
        printf("{\"truth\":%zu,\"found\":%zu", truth->n, found->n);
        for (int i = 0; i < MOT_FIGURE_COUNT; i++) {
            printf(",\"%s\":", mot_figure_names[i]);
            number(f->figure[i], "");
        }
        puts("}");
        return;
    }
    printf("%zu true and %zu found boxes\n", truth->n, found->n);
    for (int i = 0; i < MOT_FIGURE_COUNT; i++)
        printf("  %-8s %.6g\n", mot_figure_names[i], f->figure[i]);
}

/* Two files and --json. False: *out_code says why. */
static bool take_files(int argc, char **argv, const char *usage, const char *about, bool *out_json, struct bytes out[2], int *out_first, int *out_code)
{
    const struct option_row rows[] = { { "json", NULL, OPTION_FLAG, out_json, "one JSON object" }, { 0 } };
    struct trundle_error err = { .status = TRUNDLE_OK };

    if (!option_parse(argc, argv, usage, about, rows, out_first, out_code))
        return false;
    *out_code = EXIT_USAGE;
    if (argc - *out_first != 2) {
        fprintf(stderr, "trundle eval %s: takes two files, the truth and what was found\n", argv[0]);
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (file_read(argv[*out_first + i], FILE_BYTES, &out[i], &err) != TRUNDLE_OK) {
            *out_code = option_fail("eval", &err);
            return false;
        }
    return true;
}

int eval_coco(int argc, char **argv)
{
    struct bytes file[2] = { { 0 }, { 0 } };
    struct coco_set set = { 0 };
    struct coco_figures figures = { .classes_n = 0 };
    struct trundle_error err = { .status = TRUNDLE_OK };
    bool json = false;
    int first, code;

    if (!take_files(argc, argv, "trundle eval coco TRUTH.json FOUND.json", "AP and AR of boxes, as COCO scores them. Definitions: docs/evaluation.md.", &json, file,
                    &first, &code))
        goto out;
    if (coco_parse_truth(file[0].data, file[0].n, argv[first], &set, &err) != TRUNDLE_OK
        || coco_parse_found(file[1].data, file[1].n, argv[first + 1], &set, &err) != TRUNDLE_OK || coco_score(&set, &figures, &err) != TRUNDLE_OK) {
        code = option_fail("eval", &err);
        goto out;
    }
    show_coco(&set, &figures, json);
    code = EXIT_OK;
out:
    coco_figures_done(&figures);
    coco_set_done(&set);
    bytes_done(&file[0]);
    bytes_done(&file[1]);
    return code;
}

int eval_mot(int argc, char **argv)
{
    struct bytes file[2] = { { 0 }, { 0 } };
    struct mot_tracks truth = { 0 }, found = { 0 };
    struct mot_figures figures;
    struct trundle_error err = { .status = TRUNDLE_OK };
    bool json = false;
    int first, code;

    if (!take_files(argc, argv, "trundle eval mot TRUTH.txt FOUND.txt", "HOTA, MOTA, identity F1 and their parts of one sequence of tracks.\nDefinitions: docs/evaluation.md.",
                    &json, file, &first, &code))
        goto out;
    if (mot_parse(file[0].data, file[0].n, argv[first], &truth, &err) != TRUNDLE_OK || mot_parse(file[1].data, file[1].n, argv[first + 1], &found, &err) != TRUNDLE_OK
        || mot_score(&truth, &found, &figures, &err) != TRUNDLE_OK) {
        code = option_fail("eval", &err);
        goto out;
    }
    show_mot(&truth, &found, &figures, json);
    code = EXIT_OK;
out:
    mot_tracks_done(&truth);
    mot_tracks_done(&found);
    bytes_done(&file[0]);
    bytes_done(&file[1]);
    return code;
}
