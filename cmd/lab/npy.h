/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * npy - arrays in NumPy's .npy files (format 1.0 to 3.0, little-endian, C order; types f4 f8 u1 i1 i4 i8), to feed and read nets from any
 * language. Source of the format: NumPy Enhancement Proposal 1.
 */
#pragma once

#include "base/net/graph.h"

struct npy {
    enum net_type    type;         /* f8 is read as F32 */
    struct net_shape shape;
    void            *data;         /* owned: free() */
};
TRUNDLE_MUST_USE enum trundle_status npy_read(const char *path, struct npy *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status npy_write(const char *path, enum net_type type, const struct net_shape *shape, const void *data, struct trundle_error *err);
