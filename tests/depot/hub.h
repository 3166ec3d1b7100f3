/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A hub's folder for a test: opened, filled, looked at. */
#pragma once

#include "hub/depot/keep.h"
#include "hub/depot/lineage.h"
#include "tests/support/support.h"

#define T0 INT64_C(1780315200000000000)
#define DAY INT64_C(86400000000000)

/* The name of a folder that is not there yet; static storage, 8 deep. */
const char *hub_path(void);
struct depot *hub_open(const char *path);
/* One batch as text; fails the test unless it is taken. */
struct depot_count hub_say(struct depot *d, const char *cart, const char *lines);
enum trundle_status hub_try(struct depot *d, const char *cart, const char *lines, struct trundle_error *err);
/* Announces and sends a sealed clip of `n` bytes of content. Returns its sha256 (static storage, 16 deep). */
const char *hub_clip(struct depot *d, const char *cart, const char *trip, int64_t sequence, double t0_s, double t1_s, int64_t keep_days, size_t n);
/* Sealed bytes and their hash, as a cart has them. */
struct bytes hub_sealed(const struct depot *d, const char *cart, const char *trip, double t0_s, double t1_s, int64_t keep_days, size_t n, char sha256[DEPOT_SHA]);
int64_t hub_number(struct depot *d, const char *sql);        /* the first column of the first row */
bool hub_blob_there(const struct depot *d, const char *sha256);
