/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/file - a graph in a .net file: hashed, versioned, to be mapped into memory and run from there. docs/net.md draws it.
 *
 *     struct net_file *file = NULL;
 *     TRY(net_file_open("models/x/x.net", &file, err));       // maps it; constants are borrowed from the map
 *     ... net_plan_new(net_file_graph(file), ...)
 *     net_file_close(file);
 *
 * Layout, little-endian: "TRNDNET" 0x01 | u32 bytes of the header | u32 0 | sha256 of all behind it, in hex (64) | header, JSON,
 * padded with zeros to 64 | constants, each at a multiple of 64 | 64 zeros. Version 1; a reader refuses what it does not know.
 *
 * Files are hostile: nothing is believed before the hash is right, and everything is checked after it (a hash proves that a
 * file is whole, not that it is friendly). Limits: 2 GiB, a header of 64 MiB, the limits of graph.h.
 * Lifetime: the file owns the graph. Threads: an open file may be read by many.
 */
#pragma once

#include "base/net/graph.h"
#include "base/std/bytes.h"
#include "base/std/hash.h"

struct net_file;

TRUNDLE_MUST_USE enum trundle_status net_file_open(const char *path, struct net_file **out, struct trundle_error *err);
/* From memory, which stays the caller's and must be 64-byte aligned for the fast kernels; `where` names it in errors. */
TRUNDLE_MUST_USE enum trundle_status net_file_parse(const void *bytes, size_t n, const char *where, struct net_file **out, struct trundle_error *err);
void net_file_close(struct net_file *file);                          /* takes NULL */
const struct net_graph *net_file_graph(const struct net_file *file); /* not yet inferred */
/* What the maker said of it, a JSON object ("{}" when nothing): made by, labels, preprocessing. */
const char *net_file_about(const struct net_file *file);
const char *net_file_sha256(const struct net_file *file);            /* hex; of all behind the hash */

/* Appends the file's bytes. `about`: a JSON object or NULL. The same graph gives the same bytes. */
TRUNDLE_MUST_USE enum trundle_status net_file_encode(const struct net_graph *g, const char *about, struct bytes *out, struct trundle_error *err);
/* Encodes and writes, whole or not at all. */
TRUNDLE_MUST_USE enum trundle_status net_file_save(const struct net_graph *g, const char *about, const char *path, struct trundle_error *err);
