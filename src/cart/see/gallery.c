/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The gallery: its table, its blob, its scores. Enrolment from pictures is enrol.c. */
#include "cart/see/gallery_table.h"

#include "base/std/hash.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 32, ROW_BYTES = 16, HASH_BYTES = crypto_hash_sha256_BYTES };
static const char magic[8] = { 'T', 'R', 'U', 'N', 'G', 'A', 'L', '1' };

struct see_gallery *gallery_new(size_t n)
{
    struct see_gallery *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->n = n;
    g->temperature = 1;
    g->row = calloc(n ? n : 1, sizeof *g->row);
    g->vector = calloc(n ? n : 1, SEE_EMBEDDING);
    if (!g->row || !g->vector) {
        see_gallery_free(g);
        return NULL;
    }
    return g;
}

void see_gallery_free(struct see_gallery *g)
{
    if (!g)
        return;
    free(g->row);
    free(g->vector);
    free(g);
}

size_t see_gallery_n(const struct see_gallery *g)
{
    return g ? g->n : 0;
}

struct trundle_product see_gallery_product(const struct see_gallery *g, size_t i)
{
    return g->row[i].product;
}

double see_gallery_temperature(const struct see_gallery *g)
{
    return (double)g->temperature;
}

void see_gallery_scores(const struct see_gallery *g, const float embedding[SEE_EMBEDDING], float *scores)
{
    for (size_t i = 0; i < g->n; i++) {
        const int8_t *v = g->vector + i * SEE_EMBEDDING;
        float part[4] = { 0 };

        for (int d = 0; d < SEE_EMBEDDING; d += 4)
            for (int k = 0; k < 4; k++)
                part[k] += embedding[d + k] * (float)v[d + k];
        scores[i] = g->row[i].offset + g->row[i].scale * ((part[0] + part[1]) + (part[2] + part[3]));
    }
}

void gallery_set(struct see_gallery *g, size_t i, struct trundle_product product, const float vector[SEE_EMBEDDING], float offset)
{
    float top = 1e-12f;

    for (int d = 0; d < SEE_EMBEDDING; d++)
        top = fabsf(vector[d]) > top ? fabsf(vector[d]) : top;
    g->row[i] = (struct gallery_row){ product, offset, top / 127.0f };
    for (int d = 0; d < SEE_EMBEDDING; d++)
        g->vector[i * SEE_EMBEDDING + (size_t)d] = (int8_t)lrintf(vector[d] / top * 127.0f);
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_f32(uint8_t *p, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_u32(p, bits);
}

static float get_f32(const uint8_t *p)
{
    uint32_t bits = get_u32(p);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

enum trundle_status see_gallery_print(const struct see_gallery *g, struct bytes *out)
{
    size_t from = out->n, total = HEAD_BYTES + g->n * (ROW_BYTES + SEE_EMBEDDING) + HASH_BYTES;
    uint8_t *p;

    TRY(bytes_reserve(out, total));
    p = out->data + from;
    memcpy(p, magic, sizeof magic);
    put_u32(p + 8, 1);
    put_u32(p + 12, (uint32_t)g->n);
    put_u32(p + 16, SEE_EMBEDDING);
    put_u32(p + 20, g->pictures);
    put_f32(p + 24, g->temperature);
    put_f32(p + 28, g->ridge);
    p += HEAD_BYTES;
    for (size_t i = 0; i < g->n; i++, p += ROW_BYTES) {
        put_u32(p, (uint32_t)g->row[i].product.key);
        put_u32(p + 4, (uint32_t)(g->row[i].product.key >> 32));
        put_f32(p + 8, g->row[i].offset);
        put_f32(p + 12, g->row[i].scale);
    }
    memcpy(p, g->vector, g->n * SEE_EMBEDDING);
    (void)crypto_hash_sha256(p + g->n * SEE_EMBEDDING, out->data + from, total - HASH_BYTES);
    out->n += total;
    return TRUNDLE_OK;
}

/* A key that trundle_product_parse would have made. */
static bool is_product(struct trundle_product p)
{
    char text[TRUNDLE_PRODUCT_TEXT];
    struct trundle_product again;

    return p.key && trundle_product_parse(trundle_product_text(p, text), &again) == TRUNDLE_OK && again.key == p.key;
}

static enum trundle_status check_head(const uint8_t *b, size_t n, const char *where, struct trundle_error *err)
{
    uint32_t products;

    if (n < HEAD_BYTES + HASH_BYTES)
        return error_set(err, TRUNDLE_TRUNCATED, where, NULL, "%zu bytes are no gallery", n);
    if (memcmp(b, magic, sizeof magic) != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, where, "trundle see enrol makes one", "does not start with TRUNGAL1");
    if (get_u32(b + 8) != 1)
        return error_set(err, TRUNDLE_UNSUPPORTED, where, "enrol again", "gallery version %u, known is 1", get_u32(b + 8));
    if (get_u32(b + 16) != SEE_EMBEDDING)
        return error_set(err, TRUNDLE_UNSUPPORTED, where, "enrol again", "embeddings of %u numbers, known are %d", get_u32(b + 16), SEE_EMBEDDING);
    products = get_u32(b + 12);
    if (products > SEE_GALLERY_PRODUCTS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "%u products, limit %d", products, SEE_GALLERY_PRODUCTS_MAX);
    if (n != HEAD_BYTES + (size_t)products * (ROW_BYTES + SEE_EMBEDDING) + HASH_BYTES)
        return error_set(err, TRUNDLE_TRUNCATED, where, NULL, "%zu bytes do not fit %u products", n, products);
    return TRUNDLE_OK;
}

enum trundle_status see_gallery_parse(const void *bytes, size_t n, const char *where, struct see_gallery **out, struct trundle_error *err)
{
    const uint8_t *b = bytes, *p;
    uint8_t hash[HASH_BYTES];
    struct see_gallery *g;
    enum trundle_status status;

    TRY(check_head(b, n, where, err));
    (void)crypto_hash_sha256(hash, b, n - HASH_BYTES);
    if (memcmp(hash, b + n - HASH_BYTES, HASH_BYTES) != 0)
        return error_set(err, TRUNDLE_CORRUPT, where, "copy it again", "its sha256 does not hold");
    g = gallery_new(get_u32(b + 12));
    if (!g)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %u products", get_u32(b + 12));
    g->pictures = get_u32(b + 20);
    g->temperature = get_f32(b + 24);
    g->ridge = get_f32(b + 28);
    status = TRUNDLE_BAD_INPUT;
    if (!(g->temperature >= 1e-6f && g->temperature <= 1e6f) || !(g->ridge >= 0 && g->ridge <= 1e9f)) {
        (void)error_set(err, status, where, NULL, "temperature or ridge out of range");
        goto out;
    }
    p = b + HEAD_BYTES;
    for (size_t i = 0; i < g->n; i++, p += ROW_BYTES) {
        struct gallery_row *row = &g->row[i];

        row->product.key = (uint64_t)get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
        row->offset = get_f32(p + 8);
        row->scale = get_f32(p + 12);
        if (!is_product(row->product) || (i && row->product.key <= g->row[i - 1].product.key) || !(fabsf(row->offset) <= 1e9f) ||
            !(row->scale >= 0 && row->scale <= 1e9f)) {
            (void)error_set(err, status, where, NULL, "row %zu: key out of order, or numbers out of range", i);
            goto out;
        }
    }
    memcpy(g->vector, p, g->n * SEE_EMBEDDING);
    *out = g;
    return TRUNDLE_OK;
out:
    see_gallery_free(g);
    return status;
}
