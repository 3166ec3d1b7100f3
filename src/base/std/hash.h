/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * std/hash - sha256 for what must be trusted (libsodium), CRC-32 for what must be whole (zlib), and a fast 64-bit hash
 * (FNV-1a) for tables and seeds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HASH_SHA256_TEXT = 65 };       /* 64 hex digits and the NUL */

/* Lower-case hex of the sha256 of n bytes. Returns out. */
const char *hash_sha256(const void *bytes, size_t n, char out[HASH_SHA256_TEXT]);

/* CRC-32 (ISO-HDLC, as in zlib and MCAP). Start with crc 0 and feed pieces in order. */
uint32_t hash_crc32(uint32_t crc, const void *bytes, size_t n);

/* FNV-1a; `seed` 0 starts, an earlier result goes on. */
uint64_t hash64(const void *bytes, size_t n, uint64_t seed);
