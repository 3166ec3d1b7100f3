/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The container where the conformance set is silent: order across chunks, unknown records, lies about sizes, limits. */
#include "base/trip/mcap.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *file_of(const char *name)
{
    static const char *folder;
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];

    if (!folder)
        folder = support_scratch();
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    (void)unlink(path);
    return path;
}

static struct mcap_record message(uint64_t time, uint32_t sequence)
{
    struct mcap_record r = { .op = MCAP_MESSAGE };

    r.message.channel_id = 7;
    r.message.log_time = time;
    r.message.sequence = sequence;
    r.message.data = mcap_text("payload");
    return r;
}

static struct mcap_writer *writer(const char *path, size_t chunk_bytes)
{
    struct mcap_writer_config config = { MCAP_LZ4, chunk_bytes, 0, "", "" };
    struct mcap_record channel = { .op = MCAP_CHANNEL, .channel = { 7, 0, mcap_text("t"), mcap_text("e"), { NULL, 0 } } };
    struct mcap_writer *w = NULL;
    struct trundle_error err;

    support_ok(mcap_create(path, &config, &w, &err), &err);
    support_ok(mcap_add_channel(w, &channel, &err), &err);
    support_ok(mcap_add_channel(w, &channel, &err), &err);              /* the same again is fine */
    channel.channel.topic = mcap_text("other");
    assert_int_equal(mcap_add_channel(w, &channel, &err), TRUNDLE_CONFLICT);
    return w;
}

/* Messages far out of order, chunks that overlap: given in order all the same, from any time on. */
static void order(void **state)
{
    const char *path = file_of("order.mcap");
    struct mcap_writer *w = writer(path, 300);
    struct mcap_file *f = NULL;
    struct mcap_record r;
    struct trundle_error err;
    uint64_t last = 0;
    uint32_t sequence = 0;
    size_t n = 0;

    (void)state;
    for (uint32_t i = 0; i < 500; i++) {
        struct mcap_record m = message((uint64_t)(i * 37 % 500) / 2 + (i % 10 ? 0 : 40), i * 7919 % 1000);

        support_ok(mcap_write(w, &m, &err), &err);
    }
    support_ok(mcap_finish(w, &err), &err);
    support_ok(mcap_file_open(path, NULL, &f, &err), &err);
    assert_true(mcap_file_content(f)->chunks_n > 50);
    for (; mcap_file_next(f, &r, &err) == TRUNDLE_OK; n++) {
        assert_true(r.message.log_time > last || (r.message.log_time == last && r.message.sequence >= sequence));
        last = r.message.log_time;
        sequence = r.message.sequence;
        assert_true(mcap_is(r.message.data, "payload"));
    }
    assert_int_equal(n, 500);
    for (uint64_t t = 0; t < 320; t += 13) {
        size_t after = 0, want = 0;

        for (uint32_t i = 0; i < 500; i++)
            want += (uint64_t)(i * 37 % 500) / 2 + (i % 10 ? 0 : 40) >= t;
        mcap_file_seek(f, t);
        while (mcap_file_next(f, &r, &err) == TRUNDLE_OK)
            after++;
        assert_int_equal(after, want);
    }
    mcap_file_free(f);
}

/* A file of these records: magic, header, `records`, data end, footer, magic. */
static void put_records(const char *path, const struct mcap_record *records, size_t n, const void *raw, size_t raw_n)
{
    static const uint8_t magic[8] = { 0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n' };
    struct mcap_record header = { .op = MCAP_HEADER }, end = { .op = MCAP_DATA_END }, footer = { .op = MCAP_FOOTER };
    struct bytes b = { 0 };
    struct trundle_error err;

    assert_int_equal(bytes_append(&b, magic, sizeof magic), TRUNDLE_OK);
    support_ok(mcap_append(&b, &header, &err), &err);
    for (size_t i = 0; i < n; i++)
        support_ok(mcap_append(&b, &records[i], &err), &err);
    assert_int_equal(bytes_append(&b, raw, raw_n), TRUNDLE_OK);
    support_ok(mcap_append(&b, &end, &err), &err);
    support_ok(mcap_append(&b, &footer, &err), &err);
    assert_int_equal(bytes_append(&b, magic, sizeof magic), TRUNDLE_OK);
    support_ok(file_write(path, b.data, b.n, &err), &err);
    bytes_done(&b);
}

static enum trundle_status stream_all(const char *path, size_t *out_n, struct trundle_error *err)
{
    struct mcap_stream *s = NULL;
    struct mcap_record r;
    enum trundle_status status;

    *out_n = 0;
    support_ok(mcap_stream_open(path, NULL, &s, err), err);
    while ((status = mcap_stream_next(s, &r, err)) == TRUNDLE_OK)
        ++*out_n;
    if (status != TRUNDLE_END)
        assert_int_equal(mcap_stream_next(s, &r, err), status);         /* an error stays */
    mcap_stream_free(s);
    return status;
}

static void unknown_records(void **state)
{
    static const uint8_t unknown[] = { 0x80, 3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c', 0x20, 0, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t zero[9] = { 0 };
    const char *path = file_of("unknown.mcap");
    struct mcap_record m = message(5, 1);
    struct trundle_error err;
    size_t n;

    (void)state;
    put_records(path, &m, 1, unknown, sizeof unknown);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_END);
    assert_int_equal(n, 4);                                 /* header, message, data end, footer */
    put_records(path, &m, 1, zero, sizeof zero);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_CORRUPT);
}

/* Lengths that lie must cost an error and no memory. */
static void lies(void **state)
{
    static const uint8_t huge[] = { MCAP_ATTACHMENT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };
    static const uint8_t large[] = { MCAP_ATTACHMENT, 0, 0, 0, 3, 0, 0, 0, 0 };     /* 48 MiB of a file of 100 bytes */
    const char *path = file_of("lies.mcap");
    struct mcap_record chunk = { .op = MCAP_CHUNK };
    struct trundle_error err;
    struct rusage before, after;
    size_t n;

    (void)state;
    (void)getrusage(RUSAGE_SELF, &before);
    put_records(path, NULL, 0, huge, sizeof huge);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_TOO_LARGE);
    put_records(path, NULL, 0, large, sizeof large);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_TRUNCATED);
    chunk.chunk.compression = mcap_text("zstd");
    chunk.chunk.records = mcap_text("not zstd");
    chunk.chunk.uncompressed_size = UINT64_MAX;
    put_records(path, &chunk, 1, NULL, 0);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_TOO_LARGE);
    chunk.chunk.uncompressed_size = (uint64_t)60 << 20;
    put_records(path, &chunk, 1, NULL, 0);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_CORRUPT);
    chunk.chunk.uncompressed_size = 100;
    put_records(path, &chunk, 1, NULL, 0);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_CORRUPT);
    chunk.chunk.compression = mcap_text("bz2");
    put_records(path, &chunk, 1, NULL, 0);
    assert_int_equal(stream_all(path, &n, &err), TRUNDLE_UNSUPPORTED);
    (void)getrusage(RUSAGE_SELF, &after);
#if !defined(__SANITIZE_ADDRESS__)
    assert_true(after.ru_maxrss - before.ru_maxrss < 8 << 10);          /* KiB */
#endif
}

/* More overlap than may be open at once is refused, not swallowed. */
static void overlap_limit(void **state)
{
    const struct mcap_limits limits = { 1 << 20, 1 << 20, 4000, 1 << 20 };
    const char *path = file_of("overlap.mcap");
    struct mcap_writer *w = writer(path, 300);
    struct mcap_file *f = NULL;
    struct mcap_record r;
    struct trundle_error err;
    enum trundle_status status;

    (void)state;
    for (uint32_t i = 0; i < 400; i++) {
        struct mcap_record m = message(i % 4 * 1000, i);

        support_ok(mcap_write(w, &m, &err), &err);
    }
    support_ok(mcap_finish(w, &err), &err);
    support_ok(mcap_file_open(path, &limits, &f, &err), &err);
    while ((status = mcap_file_next(f, &r, &err)) == TRUNDLE_OK) {}
    assert_int_equal(status, TRUNDLE_TOO_LARGE);
    mcap_file_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(order), cmocka_unit_test(unknown_records), cmocka_unit_test(lies), cmocka_unit_test(overlap_limit) };

    return support_run(tests);
}
