/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * see/gallery - the products a cart can recognise, enrolled from one to a few pictures each.
 *
 *     struct see_enrol rows[] = { { milk, jpeg, n }, { milk, jpeg2, n2 }, { oats, jpeg3, n3 } };
 *     TRY(see_gallery_from_pictures(rows, 3, &(struct see_gallery_config)SEE_GALLERY_CONFIG_DEFAULT, &gallery, err));
 *     see_gallery_scores(gallery, embedding, scores);      // one for each of see_gallery_n products
 *     see_gallery_free(gallery);
 *
 * A product's vector is its mean embedding, whitened by the covariance of all pictures (linear discriminant with a shared
 * covariance: Fisher 1936; for many products Hariharan, Malik, Ramanan, ECCV 2012); its score is a dot product and an offset.
 * Only these aggregates are kept, never pictures. Threads: read-only once made; any number of readers.
 *
 * Blob (little endian): "TRUNGAL1", u32 version 1, u32 products N, u32 dimension D, u32 pictures enrolled, f32 temperature,
 * f32 ridge; N x { u64 key, f32 offset, f32 scale }; N x D int8 (vector = scale x int8); sha256 (32 bytes) of all before it.
 * Keys ascend. The file holds nothing else.
 */
#pragma once

#include "base/std/bytes.h"
#include "cart/see/describe.h"

#include <trundle/product.h>

enum { SEE_GALLERY_PRODUCTS_MAX = 4096, SEE_GALLERY_PICTURES_MAX = 6000 };

struct see_gallery;

/* One enrolment picture; rows of one product need not be neighbours. The JPEG is borrowed for the call. */
struct see_enrol {
    struct trundle_product product;
    const uint8_t *jpeg;
    size_t jpeg_bytes;
};

enum see_background {
    SEE_BACKGROUND_ANY = 0,        /* photos as they come: the whole picture counts, upright (describe.h without a mask) */
    SEE_BACKGROUND_PLAIN = 1       /* the thing stands before one colour: what differs from the border counts, any way up */
};

struct see_gallery_config {
    enum see_background background;
    double ridge;                  /* added to the covariance, as a share of its mean eigenvalue; > 0 */
};
#define SEE_GALLERY_CONFIG_DEFAULT { .background = SEE_BACKGROUND_PLAIN, .ridge = 0.5 }

/* BAD_INPUT names the row whose picture cannot be read (`err->where` "picture 17") or whose product is unknown; TOO_LARGE over the
 * limits; NO_MEMORY. n = 0 gives an empty gallery. */
TRUNDLE_MUST_USE enum trundle_status see_gallery_from_pictures(const struct see_enrol *rows, size_t n, const struct see_gallery_config *config,
                                                               struct see_gallery **out, struct trundle_error *err);
/* From embeddings that exist already: n rows of SEE_EMBEDDING floats. */
TRUNDLE_MUST_USE enum trundle_status see_gallery_from_embeddings(const struct trundle_product *products, const float *embeddings, size_t n,
                                                                 double ridge, struct see_gallery **out, struct trundle_error *err);
/* CORRUPT: hash; BAD_INPUT, TRUNCATED, UNSUPPORTED (version or dimension), TOO_LARGE: as they say. */
TRUNDLE_MUST_USE enum trundle_status see_gallery_parse(const void *bytes, size_t n, const char *where, struct see_gallery **out,
                                                       struct trundle_error *err);
/* Appends the blob to `out`. */
TRUNDLE_MUST_USE enum trundle_status see_gallery_print(const struct see_gallery *gallery, struct bytes *out);
void see_gallery_free(struct see_gallery *gallery);

size_t see_gallery_n(const struct see_gallery *gallery);                       /* 0 for NULL */
struct trundle_product see_gallery_product(const struct see_gallery *gallery, size_t i);   /* ascending keys */
/* Of whole photos like those enrolled: p ~ exp(score / temperature). The sense has its own in see.json: a basket is no studio. */
double see_gallery_temperature(const struct see_gallery *gallery);

/* The score of every product, in key order: scores has see_gallery_n places. */
void see_gallery_scores(const struct see_gallery *gallery, const float embedding[SEE_EMBEDDING], float *scores);
