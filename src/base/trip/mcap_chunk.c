/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What is inside a chunk: lz4 frames, zstd, or as it is; sizes bounded and the CRC checked. */
#include "base/trip/mcap.h"

#include "base/std/hash.h"

#include <lz4frame.h>
#include <stdlib.h>
#include <zstd.h>

/* Each state is made when it is first needed. */
struct mcap_codec {
    LZ4F_cctx *lz4_out;
    LZ4F_dctx *lz4_in;
    ZSTD_CCtx *zstd_out;
    ZSTD_DCtx *zstd_in;
};

const char *mcap_compression_name(enum mcap_compression c)
{
    static const char *const names[MCAP_COMPRESSION_COUNT] = { [MCAP_LZ4] = "lz4", [MCAP_ZSTD] = "zstd", [MCAP_NONE] = "" };

    return (unsigned)c < MCAP_COMPRESSION_COUNT ? names[c] : "";
}

enum trundle_status mcap_codec_new(struct mcap_codec **out, struct trundle_error *err)
{
    struct mcap_codec *c = calloc(1, sizeof *c);

    if (!c)
        return error_set(err, TRUNDLE_NO_MEMORY, NULL, NULL, "no memory for compression");
    *out = c;
    return TRUNDLE_OK;
}

void mcap_codec_free(struct mcap_codec *c)
{
    if (!c)
        return;
    (void)LZ4F_freeCompressionContext(c->lz4_out);
    (void)LZ4F_freeDecompressionContext(c->lz4_in);
    (void)ZSTD_freeCCtx(c->zstd_out);
    (void)ZSTD_freeDCtx(c->zstd_in);
    free(c);
}

static enum trundle_status compress_lz4(struct mcap_codec *c, const void *data, size_t n, struct bytes *out)
{
    LZ4F_preferences_t how = { .frameInfo = { .blockSizeID = LZ4F_max256KB, .contentSize = n } };
    size_t got;

    if (!c->lz4_out && LZ4F_isError(LZ4F_createCompressionContext(&c->lz4_out, LZ4F_VERSION)))
        return TRUNDLE_NO_MEMORY;
    TRY(bytes_reserve(out, LZ4F_compressBound(n, &how) + LZ4F_HEADER_SIZE_MAX));
    got = LZ4F_compressBegin(c->lz4_out, out->data, out->capacity, &how);
    if (LZ4F_isError(got))
        return TRUNDLE_NO_MEMORY;
    out->n = got;
    got = LZ4F_compressUpdate(c->lz4_out, out->data + out->n, out->capacity - out->n, data, n, NULL);
    if (LZ4F_isError(got))
        return TRUNDLE_NO_MEMORY;
    out->n += got;
    got = LZ4F_compressEnd(c->lz4_out, out->data + out->n, out->capacity - out->n, NULL);
    if (LZ4F_isError(got))
        return TRUNDLE_NO_MEMORY;
    out->n += got;
    return TRUNDLE_OK;
}

enum trundle_status mcap_compress(struct mcap_codec *c, enum mcap_compression how, const void *data, size_t n, struct bytes *out, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;

    out->n = 0;
    if (how == MCAP_NONE) {
        status = bytes_append(out, data, n);
    } else if (how == MCAP_LZ4) {
        status = compress_lz4(c, data, n, out);
    } else {
        if (!c->zstd_out)
            c->zstd_out = ZSTD_createCCtx();
        status = c->zstd_out ? bytes_reserve(out, ZSTD_compressBound(n)) : TRUNDLE_NO_MEMORY;
        if (status == TRUNDLE_OK) {
            size_t got = ZSTD_compressCCtx(c->zstd_out, out->data, out->capacity, data, n, 3);

            if (ZSTD_isError(got))
                status = TRUNDLE_NO_MEMORY;
            else
                out->n = got;
        }
    }
    return status == TRUNDLE_OK ? status : error_set(err, status, NULL, NULL, "cannot compress a chunk of %zu bytes", n);
}

/* Exactly n bytes, from one or more frames. False when the data is broken or gives another size. */
static bool decompress_lz4(struct mcap_codec *c, struct mcap_view in, uint8_t *data, size_t n)
{
    size_t made = 0, used = 0, hint = 1;

    LZ4F_resetDecompressionContext(c->lz4_in);
    while (used < in.n) {
        size_t room = n - made, eaten = in.n - used;

        hint = LZ4F_decompress(c->lz4_in, data + made, &room, in.data + used, &eaten, NULL);
        if (LZ4F_isError(hint) || (!room && !eaten))
            return false;
        made += room;
        used += eaten;
    }
    return made == n && hint == 0;
}

enum trundle_status mcap_decompress(struct mcap_codec *c, const struct mcap_record *r, size_t limit, struct bytes *out, struct trundle_error *err)
{
    size_t n = (size_t)r->chunk.uncompressed_size;
    struct mcap_view in = r->chunk.records;
    bool right, lz4 = mcap_is(r->chunk.compression, "lz4"), zstd = mcap_is(r->chunk.compression, "zstd");
    uint32_t crc;

    out->n = 0;
    if (r->chunk.uncompressed_size > limit)
        return error_set(err, TRUNDLE_TOO_LARGE, NULL, NULL, "chunk says that it holds %llu bytes, the limit is %zu",
                         (unsigned long long)r->chunk.uncompressed_size, limit);
    /* No sane encoder passes these ratios (lz4 255:1 by its format); a lie costs no memory. */
    if (!mcap_is(r->chunk.compression, "") && n / 4096 > in.n * 16 + 16)
        return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "chunk says that %zu bytes hold %zu", in.n, n);
    if (mcap_is(r->chunk.compression, "") && n != in.n)
        return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "chunk says %zu bytes and holds %zu", n, in.n);
    if (bytes_reserve(out, n ? n : 1) != TRUNDLE_OK || (zstd && !c->zstd_in && !(c->zstd_in = ZSTD_createDCtx())) ||
        (lz4 && !c->lz4_in && LZ4F_isError(LZ4F_createDecompressionContext(&c->lz4_in, LZ4F_VERSION))))
        return error_set(err, TRUNDLE_NO_MEMORY, NULL, NULL, "no memory for a chunk of %zu bytes", n);
    if (mcap_is(r->chunk.compression, "")) {
        right = bytes_append(out, in.data, in.n) == TRUNDLE_OK;
    } else if (lz4) {
        right = decompress_lz4(c, in, out->data, n);
    } else if (zstd) {
        size_t got = ZSTD_decompressDCtx(c->zstd_in, out->data, n, in.data, in.n);

        right = !ZSTD_isError(got) && got == n;
    } else {
        return error_set(err, TRUNDLE_UNSUPPORTED, NULL, NULL, "chunk compression '%.*s' is not lz4, zstd or none",
                         (int)(r->chunk.compression.n < 32 ? r->chunk.compression.n : 32), (const char *)r->chunk.compression.data);
    }
    if (!right)
        return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "compressed chunk of %zu bytes is broken", in.n);
    crc = hash_crc32(0, out->data, n);
    if (r->chunk.crc && crc != r->chunk.crc)
        return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "chunk CRC is %08x, content gives %08x", r->chunk.crc, crc);
    out->n = n;
    return TRUNDLE_OK;
}
