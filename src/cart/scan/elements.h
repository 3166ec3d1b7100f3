/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* scan/elements - GS1 element strings and Digital Link URIs, for gs1.c. `text` is NUL-terminated printable ASCII and GS. */
#pragma once

#include "cart/scan/gs1.h"

struct scan_item scan_item_empty(void);
TRUNDLE_MUST_USE enum trundle_status scan_elements(const char *text, const struct catalog *c, struct scan_item *item, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status scan_link(const char *text, const struct catalog *c, struct scan_item *item, struct trundle_error *err);
