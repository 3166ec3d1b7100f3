/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle see classify: which class a photo shows, by a gallery with labels; and how often that is right when the list says. */
#include "cmd/cart/see.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include "base/std/json.h"
#include "cart/see/jpeg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 5, SIDE_MAX = 8192, ECE_BINS = 15 };

struct label { long fine, coarse; };

struct classifier {
    struct see_gallery *gallery;
    struct label *label;           /* by gallery place */
    struct see_jpeg jpeg;
    struct see_scratch *scratch;
    float *score;
    double *p;                     /* of gallery places */
};

struct guess { long id; double p; };

struct tally { size_t n, fine_1, fine_5, coarse_1, coarse_5, sure_n; double *top_p; uint8_t *top_right; };

static enum trundle_status read_labels(struct classifier *c, const char *path, struct trundle_error *err)
{
    struct bytes b = { 0 };
    char *line, *next;
    size_t number = 0;
    enum trundle_status status = TRUNDLE_OK;

    TRY(file_read(path, 16 << 20, &b, err));
    for (size_t i = 0; i < see_gallery_n(c->gallery); i++)
        c->label[i].fine = c->label[i].coarse = -1;
    for (line = (char *)b.data; line && status == TRUNDLE_OK; line = next) {
        char name[TRUNDLE_PRODUCT_TEXT];
        struct trundle_product product;
        struct label label;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (number++ == 0 || !*line)
            continue;
        if (sscanf(line, "%23[^,],%ld,%ld", name, &label.fine, &label.coarse) != 3 || trundle_product_parse(name, &product) != TRUNDLE_OK) {
            status = error_set(err, TRUNDLE_BAD_INPUT, path, "product,fine,coarse", "line %zu is no label", number);
            break;
        }
        for (size_t i = 0; i < see_gallery_n(c->gallery); i++)
            if (see_gallery_product(c->gallery, i).key == product.key)
                c->label[i] = label;
    }
    for (size_t i = 0; i < see_gallery_n(c->gallery) && status == TRUNDLE_OK; i++)
        if (c->label[i].fine < 0)
            status = error_set(err, TRUNDLE_BAD_INPUT, path, "labels.csv belongs to gallery.bin", "a product of the gallery has no label");
    bytes_done(&b);
    return status;
}

static enum trundle_status load(struct classifier *c, const char *dir, struct trundle_error *err)
{
    struct bytes b = { 0 };
    char path[SEE_PATH];
    size_t n;
    enum trundle_status status;

    (void)snprintf(path, sizeof path, "%s/gallery.bin", dir);
    TRY(file_read(path, 64 << 20, &b, err));
    status = see_gallery_parse(b.data, b.n, path, &c->gallery, err);
    bytes_done(&b);
    TRY(status);
    n = see_gallery_n(c->gallery);
    c->label = calloc(n + 1, sizeof *c->label);
    c->score = calloc(n + 1, sizeof *c->score);
    c->p = calloc(n + 1, sizeof *c->p);
    c->scratch = see_scratch_new();
    if (!c->label || !c->score || !c->p || !c->scratch || !see_jpeg_init(&c->jpeg))
        return error_set(err, TRUNDLE_NO_MEMORY, dir, NULL, "no memory");
    (void)snprintf(path, sizeof path, "%s/labels.csv", dir);
    return read_labels(c, path, err);
}

static enum trundle_status look(struct classifier *c, const char *path, struct trundle_error *err)
{
    struct bytes b = { 0 };
    uint8_t *rgb = NULL;
    float embedding[SEE_EMBEDDING];
    double top = -INFINITY, sum = 0;
    int w, h;
    enum trundle_status status;

    TRY(file_read(path, SEE_JPEG_LIMIT, &b, err));
    status = error_set(err, TRUNDLE_BAD_INPUT, path, NULL, "is no JPEG, or shows too little");
    if (!see_jpeg_size(&c->jpeg, b.data, b.n, SIDE_MAX, &w, &h))
        goto out;
    rgb = malloc((size_t)w * (size_t)h * 3);
    if (!rgb) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for %d x %d pixels", w, h);
        goto out;
    }
    if (!see_jpeg_rgb(&c->jpeg, b.data, b.n, w, h, rgb) ||
        !see_describe(&(struct see_picture){ rgb, w, h, 3 * w, NULL }, c->scratch, embedding))
        goto out;
    see_gallery_scores(c->gallery, embedding, c->score);
    for (size_t i = 0; i < see_gallery_n(c->gallery); i++)
        top = (double)c->score[i] > top ? (double)c->score[i] : top;
    for (size_t i = 0; i < see_gallery_n(c->gallery); i++)
        sum += c->p[i] = exp(((double)c->score[i] - top) / see_gallery_temperature(c->gallery));
    for (size_t i = 0; i < see_gallery_n(c->gallery); i++)
        c->p[i] /= sum;
    status = TRUNDLE_OK;
out:
    bytes_done(&b);
    free(rgb);
    return status;
}

/* Adds p to its class and keeps the five best; a class is the sum of its gallery places. */
static void best_classes(const struct classifier *c, bool coarse, struct guess out[TOP])
{
    for (int k = 0; k < TOP; k++)
        out[k] = (struct guess){ -1, -1 };
    for (size_t i = 0; i < see_gallery_n(c->gallery); i++) {
        long id = coarse ? c->label[i].coarse : c->label[i].fine;
        double p = 0;
        int at = TOP;
        bool first = true;

        for (size_t j = 0; j < see_gallery_n(c->gallery); j++)
            if ((coarse ? c->label[j].coarse : c->label[j].fine) == id) {
                first = first && j >= i;
                p += c->p[j];
            }
        if (!first)
            continue;
        while (at > 0 && p > out[at - 1].p)
            at--;
        if (at < TOP) {
            memmove(out + at + 1, out + at, (size_t)(TOP - 1 - at) * sizeof *out);
            out[at] = (struct guess){ id, p };
        }
    }
}

static json_t *guesses(const struct guess g[TOP])
{
    json_t *list = json_array();

    for (int k = 0; k < TOP && g[k].id >= 0; k++)
        (void)json_array_append_new(list, json_pack("{s:I,s:f}", "id", (json_int_t)g[k].id, "p", g[k].p));
    return list;
}

static void count(struct tally *t, const struct see_listed *row, const struct guess fine[TOP], const struct guess coarse[TOP])
{
    t->top_p[t->n] = fine[0].p;
    t->top_right[t->n] = fine[0].id == row->fine;
    t->n++;
    t->fine_1 += fine[0].id == row->fine;
    t->coarse_1 += coarse[0].id == row->coarse;
    for (int k = 0; k < TOP; k++) {
        t->fine_5 += fine[k].id == row->fine;
        t->coarse_5 += coarse[k].id == row->coarse;
    }
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Expected calibration error of the top class in 15 bins of equal mass. */
static double calibration_error(const struct tally *t)
{
    struct pair { double p, right; } *pair = calloc(t->n + 1, sizeof *pair);
    double error = 0;

    if (!pair)
        return NAN;
    for (size_t i = 0; i < t->n; i++)
        pair[i] = (struct pair){ t->top_p[i], t->top_right[i] };
    qsort(pair, t->n, sizeof *pair, by_number);
    for (size_t b = 0; b < ECE_BINS; b++) {
        double p = 0, right = 0;

        for (size_t i = b * t->n / ECE_BINS; i < (b + 1) * t->n / ECE_BINS; i++) {
            p += pair[i].p;
            right += pair[i].right;
        }
        error += fabs(p - right) / (double)t->n;
    }
    free(pair);
    return error;
}

static void summary(const struct tally *t)
{
    double n = (double)t->n;

    if (t->n)
        fprintf(stderr, "n %zu: fine top-1 %.4f top-5 %.4f, coarse top-1 %.4f top-5 %.4f, ECE %.4f\n", t->n, (double)t->fine_1 / n,
                (double)t->fine_5 / n, (double)t->coarse_1 / n, (double)t->coarse_5 / n, calibration_error(t));
}

static void print_text(const char *file, const struct guess fine[TOP])
{
    printf("%s", file);
    for (int k = 0; k < TOP && fine[k].id >= 0; k++)
        printf("  %ld %.3f", fine[k].id, fine[k].p);
    putchar('\n');
}

static void print_json(const char *file, const struct guess fine[TOP], const struct guess coarse[TOP])
{
    json_t *line = json_pack("{s:s,s:o,s:o}", "file", file, "fine", guesses(fine), "coarse", guesses(coarse));

    if (line)
        (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(line);
}

int see_classify_main(int argc, char **argv)
{
    const char *model = NULL;
    bool json = false;
    const struct option_row rows[] = {
        { "model", "DIR", OPTION_TEXT, &model, "gallery.bin and labels.csv (models/grocery)" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object a line" },
        { 0 } };
    struct classifier c = { 0 };
    struct see_list list = { 0 };
    struct tally tally = { 0 };
    struct trundle_error err = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    int first, code;
    bool bad = false;

    if (!option_parse(argc, argv, "trundle see classify LIST --model DIR [--json]",
                      "names what each photo shows; LIST has a path (relative to it) a line, and the truth for the figures on stderr", rows, &first, &code))
        return code;
    if (argc - first != 1 || !model) {
        fprintf(stderr, "trundle see classify: give one list and --model\n");
        return EXIT_USAGE;
    }
    TRY_GOTO(status, load(&c, model, &err), out);
    TRY_GOTO(status, see_list_read(argv[first], &list, &err), out);
    tally.top_p = calloc(list.n + 1, sizeof *tally.top_p);
    tally.top_right = calloc(list.n + 1, sizeof *tally.top_right);
    if (!tally.top_p || !tally.top_right) {
        status = error_set(&err, TRUNDLE_NO_MEMORY, argv[first], NULL, "no memory");
        goto out;
    }
    for (size_t i = 0; i < list.n; i++) {
        struct guess fine[TOP], coarse[TOP];
        char path[SEE_PATH];

        see_list_path(argv[first], list.row[i].file, path);
        if (look(&c, path, &err) != TRUNDLE_OK) {
            (void)option_fail("see classify", &err);
            bad = true;
            continue;
        }
        best_classes(&c, false, fine);
        best_classes(&c, true, coarse);
        if (json)
            print_json(list.row[i].file, fine, coarse);
        else
            print_text(list.row[i].file, fine);
        if (list.row[i].fine >= 0)
            count(&tally, &list.row[i], fine, coarse);
    }
    summary(&tally);
out:
    see_list_done(&list);
    see_gallery_free(c.gallery);
    see_scratch_free(c.scratch);
    see_jpeg_done(&c.jpeg);
    free(c.label);
    free(c.score);
    free(c.p);
    free(tally.top_p);
    free(tally.top_right);
    return status != TRUNDLE_OK ? option_fail("see classify", &err) : bad ? EXIT_INPUT : EXIT_OK;
}
