/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * catalog/store - catalog.sqlite: a catalog as tables, read whole into memory at start.
 *
 *     TRY(catalog_save(catalog, "store/catalog.sqlite", err));
 *     TRY(catalog_open("store/catalog.sqlite", &catalog, err));
 *
 * The file carries a schema version and the catalog's hash; opening checks both.
 */
#pragma once

#include "base/catalog/catalog.h"

enum { CATALOG_SCHEMA_VERSION = 1 };

/* Writes a fresh file beside `path` and renames it, so that a reader sees the old or the new one whole. */
TRUNDLE_MUST_USE enum trundle_status catalog_save(const struct catalog *c, const char *path, struct trundle_error *err);
/* NOT_FOUND, CORRUPT (no database, content does not match its hash), UNSUPPORTED (a newer schema). */
TRUNDLE_MUST_USE enum trundle_status catalog_open(const char *path, struct catalog **out, struct trundle_error *err);
