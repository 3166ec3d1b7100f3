/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "base/std/hash.h"

#include <sodium.h>
#include <zlib.h>

const char *hash_sha256(const void *bytes, size_t n, char out[HASH_SHA256_TEXT])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256(digest, bytes, n);
    return sodium_bin2hex(out, HASH_SHA256_TEXT, digest, sizeof digest);
}

uint32_t hash_crc32(uint32_t crc, const void *bytes, size_t n)
{
    return (uint32_t)crc32_z(crc, bytes, n);
}

uint64_t hash64(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = seed ? seed : UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}
