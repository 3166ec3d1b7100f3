/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trip_make OUT.mcap N lz4|zstd|none whole|killed - a sample trip for tests of programs; "corpus FOLDER" writes the seeds
 * of the fuzz targets (tests/fuzz/mcap, tests/fuzz/codec).
 */
#include "base/trip/codec.h"
#include "tests/support/support.h"
#include "trip_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const compressions[] = { "lz4", "zstd", "none" };

static void corpus(void **state)
{
    const char *folder = *state;
    struct codec *c = NULL;
    struct bytes b = { 0 };
    struct trundle_error err;
    uint8_t scratch[SAMPLE_SCRATCH];
    char path[1200];

    sample_channels = 3;
    for (int i = 0; i < 3; i++) {
        struct trip_writer_config config = { (enum trip_compression)i, 400, 250000000 };

        (void)snprintf(path, sizeof path, "%s/mcap/%s.mcap", folder, compressions[i]);
        sample_trip(path, 1, 6, &config, i != 1);
    }
    support_ok(codec_new(&c, &err), &err);
    sample_channels = TRUNDLE_CHANNEL_COUNT - 1;
    for (size_t i = 0; i < sample_channels; i++) {
        struct trundle_message m = sample_trip_message(1, i, scratch);
        uint8_t first = (uint8_t)m.channel;
        struct bytes all = { 0 };

        support_ok(codec_encode(c, &m, 0, &b, &err), &err);
        assert_int_equal(bytes_append(&all, &first, 1), TRUNDLE_OK);
        assert_int_equal(bytes_append(&all, b.data, b.n), TRUNDLE_OK);
        (void)snprintf(path, sizeof path, "%s/codec/%u", folder, first);
        support_ok(file_write(path, all.data, all.n, &err), &err);
        bytes_done(&all);
    }
    bytes_done(&b);
    codec_free(c);
}

static char **arguments;

static void one_trip(void **state)
{
    struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;

    (void)state;
    config.compression = !strcmp(arguments[3], "zstd") ? TRIP_ZSTD : !strcmp(arguments[3], "none") ? TRIP_NONE : TRIP_LZ4;
    sample_trip(arguments[1], 1, (size_t)strtoul(arguments[2], NULL, 10), &config, !strcmp(arguments[4], "whole"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest make[] = { cmocka_unit_test(one_trip) }, seeds[] = { cmocka_unit_test_prestate(corpus, argc > 2 ? argv[2] : NULL) };

    arguments = argv;
    if (argc == 3 && !strcmp(argv[1], "corpus"))
        return support_run(seeds);
    if (argc != 5) {
        fprintf(stderr, "trip_make OUT.mcap N lz4|zstd|none whole|killed\n");
        return 2;
    }
    return support_run(make);
}
