/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* std/text - texts of a fixed shape that come from outside: names (docs/hub.md), hex, base64. No state; nothing is allocated. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1 to 40 of a-z 0-9 - _ . , a letter or digit first. */
bool text_is_name(const char *text);
/* Exactly so many hex digits, in lower case. A sha256 has 64. */
bool text_is_hex(const char *text, size_t digits);
/* base64 (with its =) of exactly n bytes, into out. False: it is not; what out holds then is nothing. */
bool text_base64(const char *text, uint8_t *out, size_t n);
