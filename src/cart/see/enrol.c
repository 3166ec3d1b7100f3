/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Enrolment: pictures to embeddings, embeddings to a gallery. Runs once, so it may allocate and take its time. */
#include "cart/see/gallery_table.h"
#include "cart/see/jpeg.h"
#include "cart/see/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 4096, HOLD_OUT = 5, HOLD_OUT_LEAST = 5 };

static int by_key(const void *a, const void *b)
{
    uint64_t x = ((const struct trundle_product *)a)->key, y = ((const struct trundle_product *)b)->key;

    return x < y ? -1 : x > y;
}

/* The distinct products in key order, and for each row the place of its own. Returns their number. */
static size_t index_products(const struct trundle_product *products, size_t n, struct trundle_product *out_keys, uint32_t *out_index)
{
    size_t distinct = 0;

    memcpy(out_keys, products, n * sizeof *products);
    qsort(out_keys, n, sizeof *out_keys, by_key);
    for (size_t i = 0; i < n; i++)
        if (!i || out_keys[i].key != out_keys[distinct - 1].key)
            out_keys[distinct++] = out_keys[i];
    for (size_t i = 0; i < n; i++) {
        const struct trundle_product *at = bsearch(&products[i], out_keys, distinct, sizeof *out_keys, by_key);

        out_index[i] = (uint32_t)(at - out_keys);
    }
    return distinct;
}

/* Temperature from the last fifth of the rows of each product (neighbours in a list look alike), scored by a gallery that has not
 * seen them. Left at 1 when the products have too few rows for that. */
static enum trundle_status fit_temperature(const float *rows, const uint32_t *index, size_t n, size_t classes, double ridge, float *out,
                                           struct trundle_error *err)
{
    float *known = NULL, *scores = NULL, *vectors = NULL, *offsets = NULL;
    uint32_t *known_index = NULL, *test_index = NULL, *seen = NULL, *rows_of = NULL;
    size_t known_n = 0, test_n = 0;
    enum trundle_status status = TRUNDLE_OK;

    if (n < HOLD_OUT_LEAST * classes)
        return TRUNDLE_OK;
    known = malloc(n * SEE_EMBEDDING * sizeof *known);
    scores = malloc((n / HOLD_OUT + 1) * classes * sizeof *scores);
    vectors = malloc(classes * SEE_EMBEDDING * sizeof *vectors);
    offsets = malloc(classes * sizeof *offsets);
    known_index = malloc(n * sizeof *known_index);
    test_index = malloc(n * sizeof *test_index);
    seen = calloc(classes, sizeof *seen);
    rows_of = calloc(classes, sizeof *rows_of);
    if (!known || !scores || !vectors || !offsets || !known_index || !test_index || !seen || !rows_of) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "gallery", NULL, "no memory to fit the temperature");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        rows_of[index[i]]++;
    for (size_t i = 0; i < n; i++)
        if (++seen[index[i]] <= rows_of[index[i]] - rows_of[index[i]] / HOLD_OUT) {
            memcpy(known + known_n * SEE_EMBEDDING, rows + i * SEE_EMBEDDING, SEE_EMBEDDING * sizeof *rows);
            known_index[known_n++] = index[i];
        }
    TRY_GOTO(status, learn_scores(known, known_index, known_n, classes, ridge, vectors, offsets, err), out);
    memset(seen, 0, classes * sizeof *seen);
    for (size_t i = 0; i < n; i++)
        if (++seen[index[i]] > rows_of[index[i]] - rows_of[index[i]] / HOLD_OUT) {
            for (size_t c = 0; c < classes; c++) {
                double sum = (double)offsets[c];

                for (size_t d = 0; d < SEE_EMBEDDING; d++)
                    sum += (double)vectors[c * SEE_EMBEDDING + d] * (double)rows[i * SEE_EMBEDDING + d];
                scores[test_n * classes + c] = (float)sum;
            }
            test_index[test_n++] = index[i];
        }
    if (test_n)
        *out = (float)learn_temperature(scores, test_index, test_n, classes);
out:
    free(known);
    free(scores);
    free(vectors);
    free(offsets);
    free(known_index);
    free(test_index);
    free(seen);
    free(rows_of);
    return status;
}

enum trundle_status see_gallery_from_embeddings(const struct trundle_product *products, const float *embeddings, size_t n, double ridge,
                                                struct see_gallery **out, struct trundle_error *err)
{
    struct see_gallery *g = NULL;
    struct trundle_product *keys = NULL;
    uint32_t *index = NULL;
    float *vectors = NULL, *offsets = NULL;
    size_t classes = 0;
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (!(ridge > 0))
        return error_set(err, TRUNDLE_BAD_ARG, "gallery", NULL, "ridge must be over 0");
    if (n > (size_t)SEE_GALLERY_PICTURES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "gallery", NULL, "%zu embeddings, limit %d", n, SEE_GALLERY_PICTURES_MAX);
    keys = calloc(n + 1, sizeof *keys);
    index = calloc(n + 1, sizeof *index);
    if (!keys || !index)
        goto out;
    if (n)
        classes = index_products(products, n, keys, index);
    if (classes > SEE_GALLERY_PRODUCTS_MAX) {
        status = error_set(err, TRUNDLE_TOO_LARGE, "gallery", NULL, "%zu products, limit %d", classes, SEE_GALLERY_PRODUCTS_MAX);
        goto out;
    }
    vectors = calloc(classes + 1, SEE_EMBEDDING * sizeof *vectors);
    offsets = calloc(classes + 1, sizeof *offsets);
    g = gallery_new(classes);
    if (!vectors || !offsets || !g)
        goto out;
    if (n) {
        TRY_GOTO(status, fit_temperature(embeddings, index, n, classes, ridge, &g->temperature, err), out);
        TRY_GOTO(status, learn_scores(embeddings, index, n, classes, ridge, vectors, offsets, err), out);
    }
    for (size_t c = 0; c < classes; c++)
        gallery_set(g, c, keys[c], vectors + c * SEE_EMBEDDING, offsets[c]);
    g->pictures = (uint32_t)n;
    g->ridge = (float)ridge;
    *out = g;
    g = NULL;
    status = TRUNDLE_OK;
out:
    if (status == TRUNDLE_NO_MEMORY)
        (void)error_set(err, status, "gallery", NULL, "no memory for %zu embeddings", n);
    free(keys);
    free(index);
    free(vectors);
    free(offsets);
    see_gallery_free(g);
    return status;
}

/* The thing before a plain background: what differs from the mean colour of the border. All of it when that leaves little. */
static void mask_plain(const uint8_t *rgb, int w, int h, uint8_t *mask)
{
    long sum[3] = { 0 }, n = 0;
    size_t kept = 0, pixels = (size_t)w * (size_t)h;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x += y == 0 || y == h - 1 || w == 1 ? 1 : w - 1) {
            for (int c = 0; c < 3; c++)
                sum[c] += rgb[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)c];
            n++;
        }
    for (size_t i = 0; i < pixels; i++) {
        int off = 0;

        for (int c = 0; c < 3; c++)
            off += abs((int)rgb[3 * i + (size_t)c] - (int)(sum[c] / n));
        mask[i] = off > 36;
        kept += mask[i];
    }
    if (kept < pixels / 20)
        memset(mask, 1, pixels);
}

struct reader {
    struct see_jpeg jpeg;
    struct see_scratch *scratch;
    uint8_t *rgb, *mask;           /* owned; as large as the largest picture so far */
    size_t pixels;
};

static enum trundle_status make_room(struct reader *r, size_t pixels)
{
    uint8_t *rgb, *mask;

    if (pixels <= r->pixels)
        return TRUNDLE_OK;
    rgb = realloc(r->rgb, 3 * pixels);
    if (!rgb)
        return TRUNDLE_NO_MEMORY;
    r->rgb = rgb;
    mask = realloc(r->mask, pixels);
    if (!mask)
        return TRUNDLE_NO_MEMORY;
    r->mask = mask;
    r->pixels = pixels;
    return TRUNDLE_OK;
}

static enum trundle_status read_picture(struct reader *r, const struct see_enrol *row, enum see_background background, float *out)
{
    struct see_picture picture = { 0 };

    if (!see_jpeg_size(&r->jpeg, row->jpeg, row->jpeg_bytes, SIDE_MAX, &picture.w, &picture.h))
        return TRUNDLE_BAD_INPUT;
    TRY(make_room(r, (size_t)picture.w * (size_t)picture.h));
    if (!see_jpeg_rgb(&r->jpeg, row->jpeg, row->jpeg_bytes, picture.w, picture.h, r->rgb))
        return TRUNDLE_BAD_INPUT;
    picture.rgb = r->rgb;
    picture.stride = 3 * picture.w;
    if (background == SEE_BACKGROUND_PLAIN) {
        mask_plain(r->rgb, picture.w, picture.h, r->mask);
        picture.mask = r->mask;
    }
    return see_describe(&picture, r->scratch, out) ? TRUNDLE_OK : TRUNDLE_BAD_INPUT;
}

enum trundle_status see_gallery_from_pictures(const struct see_enrol *rows, size_t n, const struct see_gallery_config *config,
                                              struct see_gallery **out, struct trundle_error *err)
{
    struct reader r = { 0 };
    struct trundle_product *products = NULL;
    float *embeddings = NULL;
    enum trundle_status status = TRUNDLE_NO_MEMORY;

    if (n > SEE_GALLERY_PICTURES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "gallery", NULL, "%zu pictures, limit %d", n, SEE_GALLERY_PICTURES_MAX);
    products = calloc(n + 1, sizeof *products);
    embeddings = calloc(n + 1, SEE_EMBEDDING * sizeof *embeddings);
    r.scratch = see_scratch_new();
    if (!products || !embeddings || !r.scratch || !see_jpeg_init(&r.jpeg)) {
        (void)error_set(err, status, "gallery", NULL, "no memory for %zu pictures", n);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        char where[32];

        (void)snprintf(where, sizeof where, "picture %zu", i);
        if (!rows[i].product.key) {
            status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "has no product");
            goto out;
        }
        products[i] = rows[i].product;
        status = read_picture(&r, &rows[i], config->background, embeddings + i * SEE_EMBEDDING);
        if (status != TRUNDLE_OK) {
            (void)error_set(err, status, where, NULL, status == TRUNDLE_NO_MEMORY ? "no memory" : "is no JPEG, or shows too little");
            goto out;
        }
    }
    status = see_gallery_from_embeddings(products, embeddings, n, config->ridge, out, err);
out:
    free(products);
    free(embeddings);
    see_scratch_free(r.scratch);
    see_jpeg_done(&r.jpeg);
    free(r.rgb);
    free(r.mask);
    return status;
}
