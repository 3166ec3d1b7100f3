/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Run lengths of a mask (rle.h). */
#include "lab/sim/rle.h"

#include "base/std/list.h"

#include <stdlib.h>
#include <string.h>

void rle_init(struct rle *r, uint32_t w_px, uint32_t h_px)
{
    *r = (struct rle){ .w_px = w_px, .h_px = h_px };
}

void rle_done(struct rle *r)
{
    free(r->run);
    *r = (struct rle){ 0 };
}

static enum trundle_status add_run(struct rle *r, uint32_t length)
{
    if (!list_grow((void **)&r->run, sizeof *r->run, r->n, &r->room))
        return TRUNDLE_NO_MEMORY;
    r->run[r->n++] = length;
    r->pixels += length;
    return TRUNDLE_OK;
}

enum trundle_status rle_put(struct rle *r, bool inside)
{
    if (r->pixels >= (uint64_t)r->w_px * r->h_px)
        return TRUNDLE_FULL;
    if (!r->n)
        TRY(add_run(r, 0));
    if ((r->n & 1) == (inside ? 1u : 0u))          /* odd n: the last run is outside */
        return add_run(r, 1);
    r->run[r->n - 1]++;
    r->pixels++;
    return TRUNDLE_OK;
}

enum trundle_status rle_encode(struct rle *r, const uint8_t *rows, uint32_t w_px, uint32_t h_px)
{
    struct rle made;

    rle_init(&made, w_px, h_px);
    for (uint32_t x = 0; x < w_px; x++)
        for (uint32_t y = 0; y < h_px; y++)
            if (rle_put(&made, rows[(size_t)y * w_px + x] != 0) != TRUNDLE_OK) {
                rle_done(&made);
                return TRUNDLE_NO_MEMORY;
            }
    rle_done(r);
    *r = made;
    return TRUNDLE_OK;
}

void rle_decode(const struct rle *r, uint8_t *rows)
{
    uint64_t at = 0;

    memset(rows, 0, (size_t)r->w_px * r->h_px);
    for (size_t i = 0; i < r->n; i++)
        for (uint32_t k = 0; k < r->run[i]; k++, at++)
            if (i & 1)
                rows[(size_t)(at % r->h_px) * r->w_px + (size_t)(at / r->h_px)] = 1;
}

uint64_t rle_area(const struct rle *r)
{
    uint64_t area = 0;

    for (size_t i = 1; i < r->n; i += 2)
        area += r->run[i];
    return area;
}

void rle_box(const struct rle *r, double out_xywh[4])
{
    uint64_t at = 0, x0 = UINT64_MAX, x1 = 0, y0 = UINT64_MAX, y1 = 0;

    for (size_t i = 0; i < r->n; at += r->run[i++]) {
        uint64_t last = at + r->run[i] - 1, left, right, top, bottom;

        if (!(i & 1) || !r->run[i])
            continue;
        left = at / r->h_px;
        right = last / r->h_px;
        top = left == right ? at % r->h_px : 0;        /* a run round the bottom edge has pixels in the first and in the last row */
        bottom = left == right ? last % r->h_px : r->h_px - 1;
        x0 = left < x0 ? left : x0;
        x1 = right > x1 ? right : x1;
        y0 = top < y0 ? top : y0;
        y1 = bottom > y1 ? bottom : y1;
    }
    out_xywh[0] = out_xywh[1] = out_xywh[2] = out_xywh[3] = 0;
    if (x0 == UINT64_MAX)
        return;
    out_xywh[0] = (double)x0;
    out_xywh[1] = (double)y0;
    out_xywh[2] = (double)(x1 - x0 + 1);
    out_xywh[3] = (double)(y1 - y0 + 1);
}

double rle_iou(const struct rle *a, const struct rle *b, bool crowd)
{
    uint64_t both = 0, area_a = rle_area(a), area_b = rle_area(b), left_a = 0, left_b = 0, of;
    size_t i = 0, k = 0;

    if (a->w_px != b->w_px || a->h_px != b->h_px)
        return 0;
    for (;;) {
        uint64_t step;

        while (!left_a && i < a->n)
            left_a = a->run[i++];
        while (!left_b && k < b->n)
            left_b = b->run[k++];
        if (!left_a || !left_b)
            break;
        step = left_a < left_b ? left_a : left_b;
        if (!(i & 1) && !(k & 1))                      /* both in an odd run */
            both += step;
        left_a -= step;
        left_b -= step;
    }
    of = crowd ? area_a : area_a + area_b - both;
    return of ? (double)both / (double)of : 0;
}

enum trundle_status rle_print(const struct rle *r, struct bytes *out)
{
    return rle_print_runs(r->run, r->n, out);
}

enum trundle_status rle_print_runs(const uint32_t *run, size_t n, struct bytes *out)
{
    for (size_t i = 0; i < n; i++) {
        int64_t x = (int64_t)run[i] - (i > 2 ? (int64_t)run[i - 2] : 0);
        bool more = true;

        while (more) {
            unsigned c = (unsigned)(x & 0x1f);
            char letter;

            x >>= 5;
            more = c & 0x10 ? x != -1 : x != 0;
            letter = (char)((more ? c | 0x20 : c) + '0');
            TRY(bytes_append(out, &letter, 1));
        }
    }
    return TRUNDLE_OK;
}

static enum trundle_status parse_runs(const char *text, size_t n, struct rle *r, struct trundle_error *err)
{
    size_t at = 0;

    while (at < n) {
        uint64_t bits = 0;
        int64_t x;
        unsigned shift = 0, c;

        do {
            if (at == n || shift > 30)
                return error_set(err, TRUNDLE_BAD_INPUT, "counts", NULL, at == n ? "ends inside run %zu" : "run %zu has too many digits", r->n);
            c = (unsigned)(unsigned char)text[at] - '0';
            if (c > 0x3f)
                return error_set(err, TRUNDLE_BAD_INPUT, "counts", NULL, "character %zu is none of '0' to 'o'", at + 1);
            at++;
            bits |= (uint64_t)(c & 0x1f) << shift;
            shift += 5;
        } while (c & 0x20);
        x = c & 0x10 ? (int64_t)bits - ((int64_t)1 << shift) : (int64_t)bits;
        if (r->n > 2)
            x += r->run[r->n - 2];
        if (x < 0 || (uint64_t)x > (uint64_t)r->w_px * r->h_px - r->pixels)
            return error_set(err, TRUNDLE_BAD_INPUT, "counts", NULL, "run %zu of %lld pixels does not fit into %u x %u", r->n, (long long)x,
                             (unsigned)r->w_px, (unsigned)r->h_px);
        if (add_run(r, (uint32_t)x) != TRUNDLE_OK)
            return error_set(err, TRUNDLE_NO_MEMORY, "counts", NULL, "no memory for %zu runs", r->n);
    }
    if (r->pixels != (uint64_t)r->w_px * r->h_px)
        return error_set(err, TRUNDLE_BAD_INPUT, "counts", NULL, "%llu pixels, the picture has %llu", (unsigned long long)r->pixels,
                         (unsigned long long)r->w_px * r->h_px);
    return TRUNDLE_OK;
}

enum trundle_status rle_parse(const char *text, size_t n, uint32_t w_px, uint32_t h_px, struct rle *out, struct trundle_error *err)
{
    struct rle made;
    enum trundle_status status;

    if (w_px < 1 || h_px < 1 || w_px > RLE_SIDE_MAX || h_px > RLE_SIDE_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, "size", NULL, "%u x %u, sides are 1 to %d", (unsigned)w_px, (unsigned)h_px, RLE_SIDE_MAX);
    rle_init(&made, w_px, h_px);
    status = parse_runs(text, n, &made, err);
    if (status != TRUNDLE_OK) {
        rle_done(&made);
        return status;
    }
    *out = made;
    return TRUNDLE_OK;
}
