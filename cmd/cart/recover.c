/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle recover FILE - copies what is whole of a damaged trip into a proper one, and says what was kept and lost. */
#include "base/std/json.h"
#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <inttypes.h>
#include <string.h>

/* "trip.mcap" gives "trip.recovered.mcap". False when it does not fit. */
static bool default_name(const char *path, char *out, size_t size)
{
    size_t n = strlen(path), stem = n > 5 && !strcmp(path + n - 5, ".mcap") ? n - 5 : n;
    int length = snprintf(out, size, "%.*s.recovered.mcap", (int)stem, path);

    return length > 0 && (size_t)length < size;
}

int verb_recover(int argc, char **argv)
{
    bool json = false;
    const char *out_path = NULL;
    const struct option_row rows[] = { { "out", "FILE", OPTION_TEXT, &out_path, "where to (FILE.recovered.mcap); never overwritten" },
                                       { "json", NULL, OPTION_FLAG, &json, "one JSON object on one line" }, { 0 } };
    struct trip_recovery done = { 0 };
    struct trundle_error err = { .status = TRUNDLE_OK };
    char name[4096];
    static char long_form[] = "--out";
    int first, code = EXIT_OK;

    for (int i = 1; i < argc; i++)             /* the short form that everyone types */
        if (!strcmp(argv[i], "-o"))
            argv[i] = long_form;
    if (!option_parse(argc, argv, "trundle recover FILE", "Copies what is whole of a damaged trip into a proper one.", rows, &first, &code))
        return code;
    if (argc - first != 1 || (!out_path && !default_name(argv[first], name, sizeof name))) {
        fprintf(stderr, "trundle recover: one FILE is needed (trundle recover --help)\n");
        return EXIT_USAGE;
    }
    if (!out_path)
        out_path = name;
    if (trip_recover(argv[first], out_path, &done, &err) != TRUNDLE_OK)
        return option_fail("recover", &err);
    if (json) {
        json_t *root = json_pack("{s:s,s:s,s:I,s:I,s:I,s:f}", "file", argv[first], "out", out_path, "chunks", (json_int_t)done.chunks, "messages",
                                 (json_int_t)done.messages, "bytes_lost", (json_int_t)done.bytes_lost, "last_t_s", ns_s(done.last_log_ns));

        if (json_dumpf(root, stdout, JSON_COMPACT) == 0)
            (void)putchar('\n');
        json_decref(root);
    } else {
        printf("%s: kept %" PRIu64 " messages in %" PRIu64 " chunks, up to t = %.3f s; lost the last %" PRIu64 " bytes\n", out_path, done.messages, done.chunks,
               ns_s(done.last_log_ns), done.bytes_lost);
    }
    return EXIT_OK;
}
