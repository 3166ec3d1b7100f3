/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle/make - what tests of bundles start from: two root and two signing keys, a keyring, a model directory, bundles of it.
 *
 *     struct make m;
 *     make_init(&m);                                                  // in the scratch folder
 *     const char *path = make_bundle(&m, .serial = 17, .sign = 1);
 */
#pragma once

#include "base/bundle/bundle.h"
#include "tests/support/support.h"

struct make {
    struct trust_key root[2], signing[2], stranger;
    struct trust    *trust;            /* serial 1: root 0, signing 0 and 1, threshold 1 */
    struct bytes     trust_text;
    char             model[512];       /* fuse.json, sub/net.bin, card.md */
    int              made;
};

struct make_plan {
    int64_t serial;                    /* 0: 1 */
    const char *name, *hardware, *needs, *gate;      /* NULL: "b<serial>", "lab", this version, a verdict that held; gate "": none */
    int     sign;                      /* 0 nobody, 1 signing key 0, 2 both, 3 signing key 1, 4 a stranger, 5 root key 0 */
};

/* One scratch folder for the whole program. */
const char *make_scratch(void);
void make_init(struct make *m);
void make_done(struct make *m);
/* Path of a new bundle file; static storage, 16 deep. */
const char *make_bundle_of(struct make *m, const struct make_plan *plan);
#define make_bundle(m, ...) make_bundle_of((m), &(struct make_plan){ __VA_ARGS__ })
/* A keyring with this plan changed from the first one; caller frees the text. */
void make_trust(const struct trust_plan *plan, const struct trust_key *root, size_t n, struct bytes *out);
struct trust_plan make_trust_plan(const struct make *m);
/* Writes a text file. */
void make_file(const char *path, const char *text);
