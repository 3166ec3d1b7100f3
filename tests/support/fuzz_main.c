/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A fuzz target as an ordinary test: its corpus as it is, cut short, and with seeded mutations. TRUNDLE_FUZZ_ROUNDS says how many. */
#include "base/std/bytes.h"
#include "base/std/rng.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_exact(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);      /* exact size, so that a sanitizer sees one byte too many */

    if (!copy)
        return;
    if (n)
        memcpy(copy, data, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void mutate(struct rng *r, const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n + 8);
    size_t edits = 1 + rng_below(r, 6);

    if (!copy)
        return;
    if (n)
        memcpy(copy, data, n);
    for (size_t i = 0; i < edits && n; i++) {
        size_t at = rng_below(r, (uint32_t)n);

        switch (rng_below(r, 5)) {
        case 0: copy[at] ^= (uint8_t)(1u << rng_below(r, 8)); break;
        case 1: copy[at] = (uint8_t)rng_u64(r); break;
        case 2: copy[at] = rng_below(r, 2) ? 0xff : 0; break;
        case 3: n = at; break;
        default: memmove(copy + at, copy + rng_below(r, (uint32_t)n), n - at < 8 ? n - at : 8 < n - at ? 1 : 0); break;
        }
    }
    try_exact(copy, n);
    free(copy);
}

int main(int argc, char **argv)
{
    const char *rounds_text = getenv("TRUNDLE_FUZZ_ROUNDS");
    long rounds = rounds_text ? strtol(rounds_text, NULL, 10) : 300;
    struct rng r = rng_seed(1, "fuzz");
    size_t files = 0;
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    struct dirent *entry;

    try_exact((const uint8_t *)"", 0);
    while (folder && (entry = readdir(folder))) {
        char path[4096];
        struct bytes b = { 0 };

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (file_read(path, 16 << 20, &b, NULL) != TRUNDLE_OK)
            continue;
        files++;
        try_exact(b.data, b.n);
        for (long i = 0; i < rounds; i++)
            mutate(&r, b.data, b.n);
        bytes_done(&b);
    }
    if (folder)
        (void)closedir(folder);
    printf("1..1\n%s 1 - corpus of %zu files, %ld mutations each\n", files ? "ok" : "not ok", files, rounds);
    return 0;
}
