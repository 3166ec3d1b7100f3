/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* passphrase - where the commands get the passphrase of a key file: a file, a descriptor, else the terminal, without echo. */
#pragma once

#include "base/bundle/trust.h"
#include "cmd/option.h"

struct passphrase {
    const char *file;                      /* its first line; nobody but its owner may read it */
    long long   fd;                        /* -1: none; read once, to the end of a line */
    char        kept[TRUST_PASSPHRASE];    /* of the descriptor, for the next key */
    bool        has;
};
#define PASSPHRASE_NONE { .file = NULL, .fd = -1 }
#define PASSPHRASE_ROWS(p) \
    { "passphrase-file", "FILE", OPTION_TEXT, &(p).file, "what unlocks a key that has a passphrase (its first line); else it is asked for on the terminal" }, \
    { "passphrase-fd", "N", OPTION_LONG, &(p).fd, "or a descriptor to read it from" }

/* A trust_passphrase; `user` is a struct passphrase. */
trust_passphrase passphrase_ask;
/* For a key that is to be locked: from the terminal twice, the same. */
TRUNDLE_MUST_USE enum trundle_status passphrase_new(struct passphrase *p, const char *path, char out[TRUST_PASSPHRASE], struct trundle_error *err);
bool passphrase_given(const struct passphrase *p);     /* by an option */
void passphrase_wipe(struct passphrase *p);
