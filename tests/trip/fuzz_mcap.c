/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a trip: streamed, opened, opened as damaged, read to the end, sought in. Nothing may crash, hang or grow. */
#include "base/trip/mcap.h"
#include "base/trip/trip.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_trip(struct trip_reader *r)
{
    struct trundle_message m;
    struct bytes b = { 0 };
    int64_t last = INT64_MIN;

    for (size_t i = 0; i < 2; i++) {
        while (trip_next(r, &m, NULL) == TRUNDLE_OK) {
            if (m.log_ns < last)
                abort();                           /* out of order */
            last = m.log_ns;
        }
        last = 40000000;
        (void)!trip_seek(r, last, NULL);
    }
    (void)!trip_attachment(r, TRIP_CART_JSON, &b, NULL);
    bytes_done(&b);
    trip_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct mcap_limits limits = { 1 << 20, 1 << 20, 2 << 20, 1 << 20 };
    static char path[64];
    struct mcap_stream *s = NULL;
    struct mcap_file *f = NULL;
    struct trip_reader *r = NULL;
    struct mcap_record record;
    int fd;

    if (!path[0])
        (void)snprintf(path, sizeof path, "/tmp/trundle-fuzz-mcap-%ld", (long)getpid());
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    if (write(fd, data, n) == (ssize_t)n) {
        if (mcap_stream_open(path, &limits, &s, NULL) == TRUNDLE_OK)
            while (mcap_stream_next(s, &record, NULL) == TRUNDLE_OK) {}
        mcap_stream_free(s);
        if (mcap_file_open(path, &limits, &f, NULL) == TRUNDLE_OK)
            while (mcap_file_next(f, &record, NULL) == TRUNDLE_OK) {}
        mcap_file_free(f);
        if (trip_open(path, &r, NULL) == TRUNDLE_OK)
            read_trip(r);
        r = NULL;
        if (trip_open_damaged(path, &r, NULL) == TRUNDLE_OK)
            read_trip(r);
    }
    (void)close(fd);
    (void)unlink(path);
    return 0;
}
